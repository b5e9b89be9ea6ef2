// A private thread beyond the budget of channels gets a channel of its own: the chat goes on there, for the same people, through a death in the middle.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Channel } from '../../simulators/discord/index.ts';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import { doorOf, type Asker } from './commands/doors.ts';
import { channelOf, channelWith, PATIENCE_MS, postWith, texts } from './desk.ts';
import { got } from './reply-stage.ts';
import { Town } from './town.ts';
import type { TownPerson } from './workspace.ts';

let town: Town;
let office: Phone;
let leo: Phone;
let ana: Asker;
let cleo: TownPerson;

const threadOf = (text: string): Channel | undefined =>
  town.discord.threads().find(({ messages }) => JSON.stringify(messages).includes(text));
const readersOf = (channel: Channel): readonly string[] => town.discord.readers(channel);
const textsIn = (channel: Channel): string => JSON.stringify(channel.messages.map(({ content }) => content));

async function access(action: 'add' | 'remove'): Promise<void> {
  const { body } = await town.api('GET', '/api/v1/chats?search=Leo');
  const [chat] = body['items'] as { id: string }[];
  const change = { chatIds: [chat?.id], agents: [cleo.email], action };
  expect((await town.api('POST', '/api/v1/chats/access', change)).status).toBe(200);
}

beforeAll(async () => {
  // Room for one chat; the next one becomes a private thread.
  town = await Town.build({ workspaces: ['discord'], env: { DISCORD_CHANNEL_BUDGET: '1' } });
  const door = doorOf(town);
  office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
  leo = town.whatsapp.createPhone({ number: '4915110000003', name: 'Leo' });
  ana = door.asker(town.desk.addPerson('Ana', 'ana@acme.test'));
  cleo = town.desk.addPerson('Cleo', 'cleo@acme.test');
  await town.start();
  await town.link(office);
  const mia = town.whatsapp.createPhone({ number: '4915110000002', name: 'Mia' });
  await mia.sendText(office, 'Hello from Mia');
  await postWith(town, 'mia', 'Hello from Mia');
  await town.api('POST', '/api/v1/agents/invitations', { emails: cleo.email, role: 'member' });
  await town.introduce();
});

afterAll(() => town.close());

test('an admin’s word moves a chat out of its thread, and nothing is lost, doubled or left open', async () => {
  await leo.sendText(office, 'before it moves');
  const thread = await town.until(() => threadOf('before it moves'), 'the private thread', PATIENCE_MS);
  await access('add');
  const mia = await channelWith(town, 'mia', [ana.person]);
  await town.until(() => readersOf(thread).includes(cleo.id), 'Cleo in the thread', PATIENCE_MS);
  expect(channelOf(town.desk, 'leo')).toBeUndefined();

  expect((await ana.give(mia, 'promote', { chat: 'Mia' })).text).toContain('a channel of its own already');
  // The answer to the opening is lost, and the program dies: another life finds the channel it had opened.
  const opening = town.desk.fail('openChannel', { kind: 'answer_lost' });
  expect((await ana.give(mia, 'promote', { chat: 'Leo' })).text).toContain('gets a channel of its own');
  await town.until(() => channelOf(town.desk, 'leo'), 'the channel', PATIENCE_MS);
  await town.kill();
  expect(opening.left).toBe(0);
  await leo.sendText(office, 'while it moves');
  await town.start();
  const channel = await channelWith(town, 'leo', [ana.person, cleo]);
  const root = await postWith(town, 'leo', 'while it moves');
  await town.until(() => thread.thread?.locked === true, 'the thread to be closed', PATIENCE_MS);
  await town.quiet();
  expect(town.desk.channels().filter(({ name }) => name.startsWith('wa-leo'))).toHaveLength(1);
  expect(textsIn(thread)).toContain(`This chat goes on in #${channel.name}`);
  expect(textsIn(thread)).not.toContain('while it moves');
  expect(texts(channel)).not.toContain('before it moves');

  await cleo.say(channel, 'from the new channel', { replyTo: root });
  const received = await got(leo, 'from the new channel');
  expect(received.copies).toBe(1);

  // What was said before is still to be read by those who see the chat, and by nobody else.
  expect([ana.person.id, cleo.id].filter((id) => !readersOf(thread).includes(id))).toEqual([]);
  await access('remove');
  await town.until(() => !channel.has(cleo) && !readersOf(thread).includes(cleo.id), 'Cleo out of both', PATIENCE_MS);
  await town.until(
    () => thread.thread?.locked === true && thread.thread.archived,
    'it to be closed again',
    PATIENCE_MS,
  );

  const { body } = await town.api('GET', '/api/v1/audit?action=chat.promote');
  expect(body['items']).toHaveLength(1);
  expect(town.discord.unknown).toEqual([]);
}, 180_000);

test('a reply written in the thread after all goes nowhere, and its author is told where to write', async () => {
  const thread = await town.until(() => threadOf('before it moves'), 'the thread');
  const before = leo.inbox.length;
  // Who may do everything in the server can write in a closed thread, too.
  const { owner } = town.discord;
  const post = thread.messages.find(({ content }) => content.includes('before it moves'));
  await owner.say(thread, 'too late', { replyTo: post! });
  const told = () => owner.directMessages().some((message) => JSON.stringify(message).includes('has moved to #wa-leo'));
  await town.until(told, 'the owner to be told', PATIENCE_MS);
  await town.quiet();
  expect(leo.inbox).toHaveLength(before);
}, 120_000);
