// Answers that need a full house: many chats, pages, previews of bulk changes, offers that end, completion, and a platform that can't be asked.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Answer } from '../../../src/domain/command.ts';
import { BridgeError } from '../../../src/domain/errors.ts';
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

const CHATS = 30;
let desk: Desk;
let clock: Desk['clock'];
let house: Desk['house'];
let platform: Desk['platform'];
let workspaceId: Desk['workspaceId'];
let mirrored: { readonly chatId: ChatId; readonly channelId: ChannelId };
const ana = as<UserId>('ana');
const cleo = as<UserId>('cleo');

const ask: Desk['ask'] = (user, request) => desk.ask(user, request);
const press: Desk['press'] = (user, answer, label) => desk.press(user, answer, label);
const command = async (user: UserId, text: string): Promise<Answer> => ask(user, { text });

const complete = async (user: UserId, text: string, focused: string, written = ''): Promise<string[]> => {
  const answer = await ask(user, { via: 'autocomplete', text, focused, options: { [focused]: written } });
  return (answer.choices ?? []).map(({ label }) => label);
};

beforeAll(async () => {
  desk = await openDesk();
  ({ clock, house, platform, workspaceId } = desk);
  platform.add('stan', 'stan@elsewhere.com');
  await desk.admin('ana@acme.com');
  for (let count = 1; count <= CHATS; count += 1) await house.chat(`Customer ${String(count).padStart(2, '0')}`);
  const chatId = await house.chat('Mia Müller');
  mirrored = await house.mirror(chatId, workspaceId);
  await desk.member('cleo@acme.com', chatId);
});

beforeEach(() => {
  platform.fault = () => undefined;
});

afterAll(() => house.close());

test('pages through many chats, each once, until there are no more', async () => {
  const seen: string[] = [];
  let page = await command(ana, 'chats');
  for (;;) {
    seen.push(...(words(page).match(/Customer \d\d|Mia Müller/gu) ?? []));
    if (page.buttons === undefined) break;
    page = await press(ana, page, /^More$/);
  }
  expect(seen).toHaveLength(CHATS + 1);
  expect(new Set(seen).size).toBe(CHATS + 1);
});

test('a search goes on over its pages', async () => {
  const first = await command(ana, 'chats customer 1');
  expect(words(first)).toContain('Customer 1');
  expect(first.buttons).toBeUndefined();
  const all = await press(ana, await command(ana, 'chats customer'), /^More$/);
  expect(words(all)).toContain('Chats like “customer”');
  expect(words(all)).not.toContain('Mia');
});

test('shows a change for many before it is made, and makes it once', async () => {
  await command(ana, 'label create Big');
  const chats = Array.from({ length: CHATS }, (_, index) => `Customer ${String(index + 1).padStart(2, '0')}`).join(',');
  await command(ana, `label add Big chat:"${chats.replaceAll(',', '","')}"`);
  const preview = await command(ana, 'grant cleo@acme.com label:Big');
  expect(words(preview)).toContain(`cleo@acme.com will see ${CHATS} chats.`);
  expect(words(preview)).toContain('Nothing is changed yet.');
  const before = await command(cleo, 'chats');
  expect(before.buttons).toBeUndefined();
  expect(words(await press(ana, preview, /Do it/))).toContain('cleo@acme.com now sees every chat labelled “Big”.');
  expect(words(await press(ana, preview, /Do it/))).toContain('or was done already');
  expect((await command(cleo, 'chats')).buttons).toBeDefined();
  await house.access.apply({ kind: 'deleteLabel', labels: ['Big'] }, { kind: 'program', source: 'test' });
});

test('an offer ends with its time', async () => {
  const page = await command(ana, 'chats');
  await clock.advance(15 * 60_000 + 1);
  expect(words(await press(ana, page, /^More$/))).toContain('That was too long ago');
});

test('an offer is for the one it was made to, and for as long as they have the right', async () => {
  const listed = await command(ana, 'team cleo@acme.com');
  expect(words(await press(cleo, listed, /Make admin/))).toContain('or was done already');
  const other = await house.agent('eve@acme.com', 'admin');
  platform.add('eve', 'eve@acme.com');
  const eves = await command(as<UserId>('eve'), 'team cleo@acme.com');
  await house.access.apply(
    { kind: 'role', agents: [other.email], role: 'member' },
    { kind: 'program', source: 'test' },
  );
  expect(words(await press(as<UserId>('eve'), eves, /Make admin/))).toBe('Only admins may do this; ask one of them.');
});

test('a deactivated person is told so', async () => {
  const agent = await house.agent('gone@acme.com');
  platform.add('gone', 'gone@acme.com');
  await command(as<UserId>('gone'), 'chats');
  await house.access.apply({ kind: 'deactivate', agents: [agent.email] }, { kind: 'program', source: 'test' });
  expect(words(await command(as<UserId>('gone'), 'chats'))).toContain('Your access to Switchboard was ended');
});

test('the last admin can’t be demoted by a button', async () => {
  const listed = await command(ana, 'team ana@acme.com');
  const preview = await press(ana, listed, /Make member/);
  expect(words(preview)).toContain('ana@acme.com is the last admin');
  expect(words(await press(ana, preview, /Make member/))).toContain('ana@acme.com is the last admin');
  expect(words(await command(ana, 'team ana@acme.com'))).toContain('admin');
});

test('chooses the labels of a person in a form, and links somebody by an admin’s word', async () => {
  await command(ana, 'label create VIP');
  await command(ana, 'label create Berlin');
  const form = (await press(ana, await command(ana, 'team cleo@acme.com'), /Labels/)).form!;
  expect(form.fields[0]?.options?.map(({ value }) => value)).toEqual(['Berlin', 'VIP']);
  const saved = await ask(ana, { via: 'form', action: form.action, options: { labels: 'VIP,Berlin' } });
  expect(words(saved)).toContain('cleo@acme.com has the labels VIP and Berlin now.');
  const none = await ask(ana, { via: 'form', action: form.action });
  expect(words(none)).toContain('cleo@acme.com has no labels now.');

  await house.agent('far@acme.com');
  const link = (await press(ana, await command(ana, 'team far@acme.com'), /^Link$/)).form!;
  const wrong = await ask(ana, { via: 'form', action: link.action, options: { user: 'Far' } });
  expect(wrong.fieldErrors?.['user']).toContain('“Far” is no member ID.');
  platform.add('U777', '');
  const linked = await ask(ana, { via: 'form', action: link.action, options: { user: 'U777' } });
  expect(words(linked)).toContain('far@acme.com is linked here by your word.');
  expect(words(await press(ana, await command(ana, 'team far@acme.com'), /Unlink/))).toContain(
    'linked to that person no more',
  );
  expect(words(await ask(cleo, { via: 'form', action: form.action, options: { labels: 'VIP' } }))).toContain(
    'Only admins',
  );
});

test('completes what is being typed with what the typist may know of', async () => {
  expect(await complete(ana, 'grant', 'agents', 'ana@acme.com, cl')).toEqual(['ana@acme.com,cleo@acme.com']);
  expect(await complete(ana, 'access', 'chat', 'mia')).toEqual(['Mia Müller']);
  expect(await complete(ana, 'access', 'chat')).toHaveLength(25);
  expect(await complete(cleo, 'access', 'chat')).toEqual(['Mia Müller']);
  expect(await complete(ana, 'label add', 'labels', 'b')).toEqual(['Berlin']);
  expect(await complete(cleo, 'grant', 'agents')).toEqual([]);
  expect(await complete(as<UserId>('stan'), 'access', 'chat')).toEqual([]);
  expect(await complete(ana, 'nonsense', 'agents')).toEqual([]);
});

test('takes options that the platform parsed, a chat by its id among them', async () => {
  const { chatId, channelId } = mirrored;
  const given = await ask(ana, { text: 'explain', options: { agent: 'cleo@acme.com', chat: chatId } });
  expect(words(given)).toContain('cleo@acme.com sees “Mia Müller”: granted by');
  expect(words(await ask(cleo, { text: 'access', options: { chat: chatId } }))).toContain('Mia Müller: ');
  expect(words(await ask(cleo, { text: 'access', channel: channelId }))).toContain('Mia Müller: ');
  const [other] = await house.store.read.listings.chats({ search: 'Customer 07' }, { scope: 'all', limit: 1 });
  expect(words(await ask(cleo, { text: 'access', options: { chat: other!.id } }))).toContain('There is no chat like');
});

test('phone numbers are masked for members where the setting says so', async () => {
  const { store } = house;
  const chatId = await house.chat('+49 170 1234567');
  const member = (await store.read.agents.byEmail('cleo@acme.com'))!;
  await house.grant(member, chatId);
  await store.read.settings.set('maskPhones', true, clock.now());
  expect(words(await command(cleo, 'chats'))).toContain('+49 ••• •••••67');
  expect(words(await command(ana, 'chats +49'))).toContain('+49 170 1234567');
  expect(await complete(cleo, 'access', 'chat')).toContain('+49 ••• •••••67');
  await store.read.settings.set('maskPhones', false, clock.now());
});

test('lists what failed, with another try and an end, and names what is missing from the ledger', async () => {
  const { store } = house;
  const { chatId } = mirrored;
  const chat = (await store.read.chats.find(chatId))!;
  const at = new Date(clock.now().getTime() - 60 * 60_000);
  const content = { kind: 'text', text: plain('hello') } as const;
  const messageId = newId<MessageId>(at.getTime());
  await store.read.messages.insert({
    id: messageId,
    accountId: chat.accountId,
    chatId,
    direction: 'in',
    source: 'contact',
    content,
    text: 'hello',
    remoteId: as<RemoteId>('remote-1'),
    author: 'somebody',
    sentAt: at,
    receivedAt: at,
  });
  const lane = { target: `workspace:${workspaceId}`, class: 'live', of: chatId } as const;
  for (const userId of [ana, cleo]) {
    const notice = { kind: 'info', sentence: 'hello' } as const;
    await store.read.deliveries.enqueue(lane, { kind: 'notice', workspaceId, notice, userId }, { chatId }, at);
  }
  await store.query(`update delivery set state = 'failed', reason = 'The channel is gone.'`, []);
  const listed = await command(ana, 'deliveries');
  expect(words(listed)).toMatch(/1\. A notice about Mia Müller, .* — failed: The channel is gone\./);
  expect(words(listed)).toContain('1 received = 0 mirrored + 0 filtered + 1 missing');
  expect(words(listed)).toMatch(/A message \(text\) of Mia Müller, /);
  expect(words(await press(ana, listed, /Resend 1/))).toBe('It is tried again.');
  expect(words(await press(ana, listed, /Resend 1/))).toContain('Only a delivery that failed');
  expect(words(await press(ana, listed, /Give up 2/))).toBe('It is left as it is.');
  expect(words(await press(cleo, listed, /Resend 2/))).toContain('Only admins');
  await store.read.messages.posted(messageId, clock.now());
  const after = words(await command(ana, 'deliveries'));
  expect(after).toContain('Nothing failed, and everything is confirmed.');
  expect(after).toContain('1 received = 1 mirrored + 0 filtered.');
});

test('a platform that can’t be asked who somebody is becomes a sentence', async () => {
  platform.add('new', 'new@acme.com');
  platform.fault = () =>
    new BridgeError('unreachable', 'down', {
      sentence: 'The workspace doesn’t answer.',
      retry: 'later',
      certain: true,
    });
  expect(words(await command(as<UserId>('new'), 'chats'))).toBe('The workspace doesn’t answer.');
});

test('a fault of ours is told to the asker, and to whoever called', async () => {
  const asked = desk.commands.handle(workspaceId, {
    ref: { token: 'ref' },
    user: ana,
    via: 'button',
    action: 'join:not-an-id',
    text: '',
    options: {},
  });
  await expect(asked).rejects.toThrow('uuid');
  expect(words(desk.answers.at(-1)!)).toContain('Something went wrong on our side');
});

test('who may see a chat is listed in pages', async () => {
  for (let count = 1; count <= 25; count += 1) {
    await house.grant(await house.agent(`m${String(count).padStart(2, '0')}@acme.com`), mirrored.chatId);
  }
  const first = await command(ana, 'access Mia');
  expect(words(first)).toMatch(/ana@acme\.com — admin/);
  expect(words(first)).not.toContain('m25@acme.com');
  expect(words(await press(ana, first, /more$/))).toContain('m25@acme.com');
  const everybody = await press(ana, await command(ana, 'team'), /more$/);
  expect(words(everybody)).toContain('m25@acme.com');
});
