// Tickets, who waits, figures and digests by command: pages, what is lost between two of them, cards' buttons, and what is no answer to give.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Answer } from '../../../src/domain/command.ts';
import {
  as,
  type ChannelId,
  type ChatId,
  type MessageId,
  type RemoteId,
  type UserId,
} from '../../../src/domain/ids.ts';
import { plain } from '../../../src/domain/text.ts';
import { newId } from '../../../src/store/db.ts';
import { openDesk, words, type Desk } from './desk.ts';

const MANY = 23;
const MINUTE_MS = 60_000;
let desk: Desk;
let ana: UserId;
let cleo: UserId;
let mine: ChatId;
let other: ChatId;

const command = (user: UserId, text: string, channel?: ChannelId): Promise<Answer> =>
  desk.ask(user, { text, ...(channel === undefined ? {} : { channel }) });

/** A message that was said so many minutes ago. */
async function said(chatId: ChatId, text: string, minutes: number, from: 'customer' | UserId): Promise<MessageId> {
  const { store } = desk.house;
  const at = new Date(desk.clock.now().getTime() - minutes * MINUTE_MS);
  const id = newId<MessageId>(at.getTime());
  const { accountId } = (await store.read.chats.find(chatId))!;
  const isOurs = from !== 'customer';
  const agent = isOurs ? await store.read.agents.byEmail(`${from}@acme.com`) : undefined;
  await store.read.messages.insert({
    id,
    accountId,
    chatId,
    direction: isOurs ? 'out' : 'in',
    source: isOurs ? 'platform' : 'contact',
    content: { kind: 'text', text: plain(text) },
    text,
    remoteId: as<RemoteId>(`remote-${id}`),
    author: isOurs ? 'us' : 'somebody',
    agentId: agent?.id ?? null,
    originWorkspaceId: isOurs ? desk.workspaceId : null,
    sentAt: at,
    receivedAt: at,
    ackedAt: isOurs ? at : null,
    ...(isOurs ? { state: 'sent' as const } : {}),
  });
  await store.transaction((tx) => tx.episodes.recount(chatId));
  return id;
}

/** All lines of a list, page by page. */
async function pages(user: UserId, first: Answer, found: RegExp): Promise<string[]> {
  const seen: string[] = [];
  for (let page = first; ; page = await desk.press(user, page, /^More$/)) {
    seen.push(...(words(page).match(found) ?? []));
    if (!(page.buttons ?? []).some(({ label }) => label === 'More')) return seen;
  }
}

beforeAll(async () => {
  desk = await openDesk();
  const { house } = desk;
  mine = await house.chat('Mia Müller');
  other = await house.chat('Leo');
  ana = await desk.admin('ana@acme.com');
  cleo = await desk.member('cleo@acme.com', mine);
  await command(ana, 'chats');
  await command(cleo, 'chats');
});

afterAll(() => desk.house.close());

test('pages through tickets, each once; a member’s pages hold theirs alone', async () => {
  for (let count = 1; count <= MANY; count += 1) {
    const chat = count % 2 === 0 ? '"Mia Müller"' : 'Leo';
    expect(words(await command(ana, `ticket open chat:${chat} This is number ${count}`))).toContain('is open.');
  }
  const all = await pages(ana, await command(ana, 'ticket list'), /#\d+ “This is number \d+”/gu);
  expect(all).toEqual(Array.from({ length: MANY }, (_, at) => `#${MANY - at} “This is number ${MANY - at}”`));
  const own = await pages(cleo, await command(cleo, 'ticket list'), /#\d+ /gu);
  expect(own).toHaveLength(Math.floor(MANY / 2));
  expect(words(await command(cleo, 'ticket take #2'))).toContain('is yours, and in progress.');
  expect(words(await command(ana, 'ticket list free'))).not.toContain('#2 ');
  expect(words(await command(cleo, 'ticket list mine'))).toMatch(/#2 .* — in progress · cleo@acme\.com · Mia Müller/);
});

test('a card’s button is answered in silence when it’s done, and with a sentence when it can’t be', async () => {
  const ticket = (await desk.house.store.read.tickets.byNumber(3))!;
  const pressed = (user: UserId, what: string, id: string = ticket.id) =>
    desk.ask(user, { via: 'button', action: `ticket:${what}:${id}` });
  expect(words(await pressed(cleo, 'take'))).toContain('You don’t have access to this chat');
  expect(words(await pressed(as<UserId>('stan'), 'take'))).toContain('Nobody invited you');
  expect(words(await pressed(ana, 'take'))).toBe('');
  expect(words(await pressed(ana, 'take'))).toBe('It is so already.');
  expect(words(await pressed(ana, 'close'))).toBe('');
  expect(words(await pressed(ana, 'take'))).toBe('#3 is closed. Reopen it first.');
  expect(words(await pressed(ana, 'dance'))).toContain('That was too long ago');
  expect(words(await pressed(ana, 'take', 'nonsense'))).toContain('That was too long ago');
});

test('pages through who waits, the longest first, and through the rows behind the figures', async () => {
  for (let count = 1; count <= MANY; count += 1) {
    const chatId = await desk.house.chat(`Customer ${String(count).padStart(2, '0')}`);
    await said(chatId, `Question ${count}`, 2 * count, 'customer');
  }
  const waiting = await command(ana, 'waiting');
  expect(words(waiting)).toContain(`${MANY} chats wait for an answer, the longest first`);
  const names = await pages(ana, waiting, /Customer \d\d — for \d+m \d\ds/gu);
  expect(names).toHaveLength(MANY);
  expect(names[0]).toBe('Customer 23 — for 46m 00s');
  expect(names.at(-1)).toBe('Customer 01 — for 2m 00s');
  await said(mine, 'Where is it?', 90, 'customer');
  for (let count = 1; count <= MANY; count += 1) await said(mine, `Answer ${count}`, 80 - count, ana);
  const figures = await command(ana, 'metrics 7d');
  expect(words(figures)).toContain(`Replies: ${MANY} — ana@acme.com ${MANY}`);
  expect(words(figures)).toContain(`Waiting now: ${MANY}, the longest for 46m 00s`);
  expect(words(figures)).toContain('First response: average 11m 00s, median 11m 00s, 9 in 10 within 11m 00s, of 1');
  const replies = await pages(ana, await desk.press(ana, figures, /^Replies$/), /“Answer \d+”/gu);
  expect(replies).toEqual(Array.from({ length: MANY }, (_, at) => `“Answer ${MANY - at}”`));
});

test('who loses a chat between two pages sees nothing of it on the next', async () => {
  const figures = await command(cleo, 'metrics 7d');
  const behind = await desk.press(cleo, figures, /^Replies$/);
  expect(words(behind)).toContain('“Answer 23”');
  await desk.house.access.apply(
    { kind: 'revoke', agents: ['cleo@acme.com'], chats: { chatIds: [mine] } },
    { kind: 'program', source: 'test' },
  );
  expect(words(await desk.press(cleo, behind, /^More$/))).toBe('There are no more.');
  expect(words(await desk.press(cleo, figures, /^Replies$/))).toBe('There are no more.');
  expect(words(await command(cleo, 'ticket list'))).toBe('There are no unresolved tickets.');
  expect(words(await command(cleo, 'metrics 7d'))).toContain('Replies: 0\n');
});

test('a period is local days of the digest’s time zone, else of the business hours’', async () => {
  const { store } = desk.house;
  const days = Array.from({ length: 7 }, () => [['09:00', '17:00']]);
  await store.read.settings.set('metrics', { businessHours: { timeZone: 'Pacific/Auckland', days } }, desk.clock.now());
  expect(words(await command(ana, 'metrics'))).toContain('(Pacific/Auckland): all chats');
  const channel = as<ChannelId>('C-team');
  expect(words(await command(ana, 'digest at 08:15 America/Lima names:yes', channel))).toContain(
    'in this channel every day at 08:15 (America/Lima). It names the chats that wait.',
  );
  expect(words(await command(ana, 'metrics'))).toContain('(America/Lima): all chats');
  expect(words(await command(ana, 'digest at 8:30'))).toContain(
    'in the channel that was chosen for it every day at 08:30',
  );
  expect(words(await command(ana, 'digest off'))).toContain('No more digests');
  expect(words(await command(ana, 'digest now'))).toBe('Ask in the channel where the digest is to be posted.');
  expect(words(await command(ana, 'digest here'))).toBe('Ask in the channel where the digest is to be posted.');
});

test('phone numbers in what people wrote are masked for members where the setting says so', async () => {
  const { store, access } = desk.house;
  await access.apply(
    { kind: 'grant', agents: ['cleo@acme.com'], chats: { chatIds: [mine] } },
    { kind: 'program', source: 'test' },
  );
  await command(ana, 'ticket open chat:"Mia Müller" Call +49 170 1234567');
  await store.read.settings.set('maskPhones', true, desk.clock.now());
  expect(words(await command(cleo, 'ticket list'))).toContain('Call +49 ••• •••••67');
  expect(words(await command(ana, 'ticket list'))).toContain('Call +49 170 1234567');
  await store.read.settings.set('maskPhones', false, desk.clock.now());
});

test('what is written after “ticket open” is the subject as it stands, “this” and all', async () => {
  const opened = await command(ana, 'ticket open chat:Leo priority:low This and this: “done”?');
  expect(words(opened)).toMatch(/#\d+ “This and this: “done”\?” is open\./);
  expect((await desk.house.store.read.tickets.list({ scope: new Set([other]) }, { limit: 1 }))[0]).toMatchObject({
    priority: 'low',
    subject: 'This and this: “done”?',
  });
});
