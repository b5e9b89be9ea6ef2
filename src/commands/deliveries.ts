// /wa deliveries, the buttons under replies, and the shortcuts on messages: what didn't arrive, once more; what shouldn't have been sent, deleted.
import type { Answer } from '../domain/command.ts';
import { as, type DeliveryId, type MessageId } from '../domain/ids.ts';
import type { Button } from '../domain/post.ts';
import type { ListedDelivery } from '../store/listing.ts';
import type { Message } from '../store/message.ts';
import { isRefused, type Ask, type Parts, type Refused } from './ask.ts';
import { chatName, postAbout } from './find.ts';
import { counted, listed, say, timeOf } from './words.ts';

const PAGE = 8;
const LEDGER_MS = 7 * 24 * 60 * 60_000;
const FRESH_MS = 2 * 60_000;
const GAPS_SHOWN = 5;
/** The column holds numbers of at most so many digits. */
const ID = /^[1-9]\d{0,17}$/u;

export const deliveries = (parts: Parts, ask: Ask): Promise<Answer> => deliveryPage(parts, ask, undefined);

async function deliveryPage(parts: Parts, ask: Ask, before: DeliveryId | undefined): Promise<Answer> {
  const { store, offers } = parts;
  const place = before === undefined ? {} : { before };
  const rows = await store.read.deliveries.list({ states: ['failed', 'uncertain'], limit: PAGE + 1, ...place });
  const page = rows.slice(0, PAGE);
  const counts = await store.read.deliveries.counts();
  const waiting = counts.filter(({ state }) => state === 'queued' || state === 'sending');
  const count = waiting.reduce((sum, one) => sum + one.count, 0);
  const oldest = waiting.flatMap(({ oldestAt }) => oldestAt ?? []).toSorted((a, b) => a.getTime() - b.getTime())[0];
  const queue =
    oldest === undefined
      ? 'Nothing waits to be delivered.'
      : `${counted(count, 'delivery', 'deliveries')} wait to be made, the oldest since ${timeOf(oldest)}.`;
  const last = [queue, ...(before === undefined ? await ledgerLines(parts, ask) : [])].join('\n');
  if (page.length === 0) return say('Nothing failed, and everything is confirmed.', last);
  const items = await Promise.all(page.map((row, index) => lineOf(parts, ask, row, index + 1)));
  const buttons = page.flatMap(({ id }, index): Button[] => [
    { action: `retry:${id}`, label: `Resend ${index + 1}`, tone: 'normal' },
    { action: `give-up:${id}`, label: `Give up ${index + 1}`, tone: 'normal' },
  ]);
  const end = page.at(-1);
  if (rows.length > page.length && end !== undefined) {
    buttons.push(offers.button(ask, { label: 'More' }, (again, asked) => deliveryPage(again, asked, end.id)));
  }
  return listed('Failed or not confirmed', items, { last, buttons });
}

/** Received = mirrored + filtered; whatever is missing is named. What came just now is still on its way. */
async function ledgerLines({ store, clock }: Parts, ask: Ask): Promise<string[]> {
  const nowMs = clock.now().getTime();
  const span = { from: new Date(nowMs - LEDGER_MS), to: new Date(nowMs - FRESH_MS), scope: 'all' } as const;
  const { received, mirrored, filtered } = await store.read.figures.received(span);
  const gap = received - mirrored - filtered;
  const sum = `The ledger of the last 7 days: ${received} received = ${mirrored} mirrored + ${filtered} filtered`;
  if (gap === 0) return [`${sum}.`];
  const lines = [`${sum} + ${gap} missing:`];
  for (const { id, sentAt } of await store.read.figures.lost(span, GAPS_SHOWN)) {
    lines.push(`A message that was never recorded (its id at the messenger: ${id}), ${timeOf(sentAt)}`);
  }
  for (const id of await store.read.figures.gaps(span, GAPS_SHOWN)) {
    const message = await store.read.messages.find(id);
    const chat = message === undefined ? undefined : await store.read.listings.chat(message.chatId);
    if (message === undefined || chat === undefined) continue;
    lines.push(`A message (${message.kind}) of ${chatName(ask, chat)}, ${timeOf(message.sentAt)}`);
  }
  return lines;
}

async function lineOf({ store }: Parts, ask: Ask, row: ListedDelivery, place: number): Promise<string> {
  const chat = row.chatId === null ? undefined : await store.read.listings.chat(row.chatId);
  const what = taskWords(row.task.kind, chat === undefined ? undefined : chatName(ask, chat));
  const state = row.state === 'failed' ? 'failed' : 'not confirmed';
  const reason = row.reason === null ? '' : `: ${row.reason}`;
  return `${place}. ${what}, ${timeOf(row.createdAt)} — ${state}${reason}`;
}

/** `name`: the Chat's; undefined where it's about none. */
function taskWords(kind: ListedDelivery['task']['kind'], name: string | undefined): string {
  const chat = name ?? 'a chat that is gone';
  switch (kind) {
    case 'send':
      return `A reply to ${chat}`;
    case 'amend':
      return `An edit to ${chat}`;
    case 'revoke':
      return `A deletion for ${chat}`;
    case 'react':
      return `A reaction to ${chat}`;
    case 'read':
      return `Read marks for ${chat}`;
    case 'show':
      return `A post in the channel of ${chat}`;
    case 'reactions':
      return `Reactions in the channel of ${chat}`;
    case 'line':
      return `The line under a reply to ${chat}`;
    case 'card':
      return `A ticket’s card in the channel of ${chat}`;
    case 'describe':
      return `Name and topic of the channel of ${chat}`;
    case 'promote':
      return `A channel of its own for ${chat}`;
    case 'retire':
      return `Closing the former thread of ${chat}`;
    case 'invite':
      return 'The mail of an invitation';
    case 'digest':
      return 'The digest';
    case 'notice':
      return name === undefined ? 'A notice' : `A notice about ${name}`;
  }
}

/** The buttons of `/wa deliveries`. */
const onDelivery =
  (act: 'retry' | 'giveUp', done: string) =>
  async ({ bridge }: Parts, ask: Ask): Promise<Answer> => {
    if (!ID.test(ask.id)) return say('There is no such delivery.');
    const refusal = await bridge[act](as<DeliveryId>(ask.id), ask.by);
    return say(refusal?.refused ?? done);
  };
export const retry = onDelivery('retry', 'It is tried again.');
export const giveUp = onDelivery('giveUp', 'It is left as it is.');

/** The buttons under a reply. */
export const resume =
  (what: 'resend' | 'send' | 'cancel') =>
  async ({ bridge }: Parts, ask: Ask): Promise<Answer> =>
    say(await bridge.resume(ask.agent.id, as<MessageId>(ask.id), what));

/** The reply that a shortcut was used on, if the asker may act on its Chat. */
async function replyOf(parts: Parts, ask: Ask): Promise<Message | Refused> {
  const found = await postAbout(parts, ask);
  if (isRefused(found)) return found;
  const { message } = found;
  if (message === undefined) return { refused: 'This is no message of a WhatsApp chat.' };
  if (message.note) return { refused: 'This is a note: it never left the team.' };
  return message.direction === 'out'
    ? message
    : { refused: 'This was written by the customer; only replies of ours can be resent or deleted.' };
}

export async function resendPost(parts: Parts, ask: Ask): Promise<Answer> {
  const reply = await replyOf(parts, ask);
  return say(isRefused(reply) ? reply.refused : await parts.bridge.resume(ask.agent.id, reply.id, 'resend'));
}

/** Deletes a reply on WhatsApp; the post of somebody of the team stays where it was written. */
export async function deletePost(parts: Parts, ask: Ask): Promise<Answer> {
  const reply = await replyOf(parts, ask);
  if (isRefused(reply)) return say(reply.refused);
  const refused = await parts.bridge.takeBack(ask.agent.id, reply.id, ask.by);
  return say(refused?.refused ?? 'It is being deleted on WhatsApp.');
}
