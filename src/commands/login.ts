// /wa login: a private one-time link to the admin web.
import type { Answer } from '../domain/command.ts';
import type { Ask, Parts } from './ask.ts';
import { say } from './words.ts';

export async function login({ access }: Parts, { agent }: Ask): Promise<Answer> {
  const url = await access.loginLink(agent.id);
  if (url === undefined) return say('There is no address of the admin web to lead you to.');
  const text = `Sign in to the admin web as ${agent.email} with this link. It is yours alone, works once, and ends in 10 minutes: `;
  const inlines = [
    { kind: 'text', text },
    { kind: 'link', url },
  ] as const;
  return { text: [{ kind: 'paragraph', inlines }] };
}
