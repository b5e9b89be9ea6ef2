// How flow tests look at the simulated Slack: what a channel shows, word for word, and where.
import type { Channel, Message } from '../../simulators/slack/index.ts';
import { channelOf, said } from './crash.ts';
import type { Town } from './town.ts';

/** Generous: the machine may be busy; waits end as soon as the state is there. */
export const PATIENCE_MS = Number(process.env['PATIENCE_MS'] ?? 60_000);

function wordsIn(value: unknown): string {
  if (Array.isArray(value)) return value.map(wordsIn).join('');
  if (typeof value !== 'object' || value === null) return '';
  const { type, text, elements, url, name, unicode } = value as Record<string, unknown>;
  if (type === 'emoji') return typeof unicode === 'string' ? emojiOf(unicode) : `:${String(name)}:`;
  if (type === 'link') return `[${String(text ?? url)}](${String(url)})`;
  if (typeof text === 'string') return text;
  const inner = wordsIn(text) + wordsIn(elements);
  return String(type).startsWith('rich_text_') || type === 'context' || type === 'actions' ? `${inner}\n` : inner;
}

const emojiOf = (unicode: string): string =>
  String.fromCodePoint(...unicode.split('-').map((code) => Number.parseInt(code, 16)));

/** What a message shows, as plain words: its blocks one after the other. Links read `[label](address)`. */
export function shown(message: Message): string {
  return wordsIn(message.blocks ?? []).trim();
}

/** What a channel shows of people's words, in order, one text each. */
export function texts(channel: Channel | undefined): readonly string[] {
  return said(channel).map(shown);
}

/** The post that shows this text, once it's there. */
export async function postWith(town: Town, channelStart: string, text: string): Promise<Message> {
  return town.until(
    () => said(channelOf(town, channelStart)).find((message) => shown(message).includes(text)),
    `“${text}” in the channel of ${channelStart}`,
    PATIENCE_MS,
  );
}
