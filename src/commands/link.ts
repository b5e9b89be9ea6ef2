// /wa link: who somebody is here, and, where the platform doesn't know emails, a one-time link to prove it. For anyone.
import type { Answer } from '../domain/command.ts';
import type { UserId, WorkspaceId } from '../domain/ids.ts';
import { plain } from '../domain/text.ts';
import type { Agent } from '../store/agent.ts';
import type { CommandsParts } from './ask.ts';
import { deactivatedWords, strangerWords, say } from './words.ts';

/** Somebody who may be nobody of the team. */
export interface Asker {
  readonly workspaceId: WorkspaceId;
  readonly user: UserId;
  readonly agent: Agent | undefined;
}

export async function link({ access }: Pick<CommandsParts, 'access'>, asker: Asker): Promise<Answer> {
  const { workspaceId, user, agent } = asker;
  const url = await access.signInLink(workspaceId, user);
  if (url === undefined)
    return say(whoIs(agent), agent === undefined ? await otherWay(access, workspaceId) : undefined);
  const what =
    agent === undefined
      ? 'Prove who you are with this link. It is yours alone, works once, and ends in 10 minutes: '
      : 'To be somebody else here, prove it with this link. It works once, and ends in 10 minutes: ';
  const inlines = [
    { kind: 'text', text: what },
    { kind: 'link', url },
  ] as const;
  return { text: [...(agent === undefined ? [] : plain(whoIs(agent))), { kind: 'paragraph', inlines }] };
}

function whoIs(agent: Agent | undefined): string {
  if (agent === undefined) return strangerWords;
  if (agent.status === 'deactivated') return deactivatedWords;
  const role = agent.role === 'admin' ? 'an admin: you see every chat' : 'a member: /wa chats shows what you see';
  return `You are ${agent.email} here, ${role}.`;
}

const otherWay = async (access: CommandsParts['access'], workspaceId: WorkspaceId): Promise<string | undefined> =>
  access.knowsEmails(workspaceId) ? undefined : 'If you were invited: an admin can link you, with /wa team.';
