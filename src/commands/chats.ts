// /wa chats, mode, new: what somebody sees, how a chat is answered, and writing to a number first.
import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import type { Answer } from '../domain/command.ts';
import { as, type ChatId } from '../domain/ids.ts';
import type { Button } from '../domain/post.ts';
import type { Inline } from '../domain/text.ts';
import type { ChatMode } from '../store/chat.ts';
import type { ChatPlace, ListedChat, ListedMirror } from '../store/listing.ts';
import { isRefused, type Ask, type Parts } from './ask.ts';
import { chatName, findAccount, findChat } from './find.ts';
import { hintAt } from '../domain/nearest.ts';
import { listed, namesOf, quoted, say, timeOf, words } from './words.ts';

/** /wa promote: a Chat that is a private thread, for want of room, gets a channel of its own. */
export async function promote(parts: Parts, ask: Ask): Promise<Answer> {
  const found = await findChat(parts, ask, ask.options['chat']);
  if (isRefused(found)) return say(found.refused);
  const refusal = await parts.bridge.promote(found.id, ask.workspaceId, ask.by);
  const name = quoted(chatName(ask, found));
  if (refusal !== undefined) return say(`${name} stays where it is. ${refusal.refused}`);
  return say(`${name} gets a channel of its own. Its thread will say where it goes on, and stays readable.`);
}

const PAGE = 10;

export const chats = (parts: Parts, ask: Ask): Promise<Answer> => chatPage(parts, ask, undefined);

async function chatPage(parts: Parts, ask: Ask, after: ChatPlace | undefined): Promise<Answer> {
  const { store, access, offers } = parts;
  const { search } = ask.options;
  const scope = await access.scopeOf(ask.agent.id);
  const rows = await store.read.listings.chats({ search }, { scope, limit: PAGE + 1, after });
  const page = rows.slice(0, PAGE);
  if (page.length === 0) return say(await noneWords(parts, ask, search));
  const ids = page.map(({ id }) => id);
  const [mirrors, labels, left] = await Promise.all([
    store.read.listings.mirrors(ids),
    store.read.labels.ofChats(ids),
    access.leftChats(ask.agent.id),
  ]);
  const items = page.map((row) => {
    const here = (mirrors.get(row.id) ?? []).find(({ workspaceId }) => workspaceId === ask.workspaceId);
    return chatLine(ask, row, here, labels.get(row.id) ?? []);
  });
  const joins = page
    .filter(({ id }) => left.has(id))
    .map((row): Button => ({
      action: `join:${row.id}`,
      label: `Join ${chatName(ask, row)}`,
      tone: 'primary',
    }));
  const last = page.at(-1);
  const more =
    rows.length > page.length && last !== undefined
      ? [
          offers.button(ask, { label: 'More' }, (again, asked) =>
            chatPage(again, { ...asked, options: ask.options }, { at: last.lastMessageAt, id: last.id }),
          ),
        ]
      : [];
  const title = search === undefined ? 'The chats you see, the newest message first' : `Chats like ${quoted(search)}`;
  return listed(title, items, { buttons: [...joins, ...more] });
}

async function noneWords({ store, access }: Parts, ask: Ask, search: string | undefined): Promise<string> {
  const scope = await access.scopeOf(ask.agent.id);
  const all = await store.read.listings.chats({}, { scope, limit: 1_000 });
  if (all.length === 0) {
    return ask.agent.role === 'admin'
      ? 'There are no chats yet: the first message brings the first one.'
      : 'You see no chats yet. Ask an admin to grant you some.';
  }
  if (search === undefined) return 'That were all of them.';
  const hint = hintAt(
    search,
    all.map((row) => chatName(ask, row)),
  );
  return `There is no chat like ${quoted(search)} among those you see.${hint}`;
}

/** The channel that shows a Chat, to stand behind its name. */
export function channelWords(here: ListedMirror | undefined): Inline[] {
  if (here === undefined || here.channelName === null) return [words(' — no channel yet')];
  const name = `#${here.channelName}`;
  return [words(' — '), here.url === null ? words(name) : { kind: 'link', url: here.url, label: name }];
}

function chatLine(ask: Ask, row: ListedChat, here: ListedMirror | undefined, labels: readonly string[]): Inline[] {
  const notes = [
    ...(labels.length === 0 ? [] : [namesOf(labels)]),
    ...(row.mode === 'thread' ? [] : [modeWords(row.mode)]),
    ...(row.waitingSince === null ? [] : [`waits since ${timeOf(row.waitingSince)}`]),
  ];
  return [words(chatName(ask, row)), ...channelWords(here), ...notes.map((note) => words(` · ${note}`))];
}

function modeWords(chosen: ChatMode): string {
  switch (chosen) {
    case 'thread':
      return 'answered by replies in threads';
    case 'mention':
      return 'answered only where the bot is mentioned';
    case 'off':
      return 'read only';
    case 'never':
      return 'not mirrored';
  }
}

/** The Join button: back into a channel that was left by hand. */
export async function join({ access, store }: Parts, ask: Ask): Promise<Answer> {
  const row = await store.read.listings.chat(as<ChatId>(ask.id));
  if (row === undefined) return say('There is no such chat any more.');
  const decision = await access.rejoin(ask.agent.id, row.id);
  return say(decision.allowed ? `You are let into the channel of ${quoted(chatName(ask, row))}.` : decision.sentence);
}

const MODES: Readonly<Record<string, ChatMode>> = { thread: 'thread', mention: 'mention', off: 'off', never: 'never' };

export async function mode(parts: Parts, ask: Ask): Promise<Answer> {
  const { store, clock } = parts;
  const wanted = MODES[ask.options['mode'] ?? ''];
  const found = await findChat(parts, ask, ask.options['chat']);
  if (isRefused(found)) return say(found.refused);
  if (wanted === undefined) return say('There is no such mode.');
  await store.transaction(async (tx) => {
    const before = await tx.chats.find(found.id);
    await tx.chats.setMode(found.id, wanted);
    const detail = { from: before?.mode, to: wanted };
    await tx.audit.add({ ...ask.by, action: 'chat.mode', chatId: found.id, detail, at: clock.now() });
  });
  return say(`${quoted(chatName(ask, found))} is ${modeWords(wanted)} from now on.`);
}

export async function newChat(parts: Parts, ask: Ask): Promise<Answer> {
  const { phone: written = '', text = '', number } = ask.options;
  const phone = phoneOf(written);
  if (phone === undefined) return say(noPhoneWords(written));
  const account = number === undefined ? undefined : await findAccount(parts, number);
  if (isRefused(account)) return say(account.refused);
  const started = await parts.bridge.newChat(
    { agentId: ask.agent.id, accountId: account?.id, phone, text, workspaceId: ask.workspaceId },
    ask.by,
  );
  if (isRefused(started)) return say(started.refused);
  const row = await parts.store.read.listings.chat(started.chatId);
  const name = row === undefined ? 'the chat' : quoted(chatName(ask, row));
  return say(`It is being sent. The channel of ${name} shows it, and you are let in.`);
}

/** E.164, when it's a whole number with its country's code. */
export function phoneOf(written: string): string | undefined {
  const plain = written.trim().replace(/^00/u, '+');
  const parsed = plain.startsWith('+') ? parsePhoneNumberFromString(plain) : undefined;
  return parsed?.isPossible() === true ? parsed.number : undefined;
}

export const noPhoneWords = (written: string): string =>
  `${quoted(written)} is no phone number with its country’s code. Write it without blanks, like +491701234567.`;
