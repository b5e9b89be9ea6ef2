// One Chat in Slack and in Discord at once: both show it, a reply from either reaches the customer once and is seen in the other.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startDiscord, type DiscordSimulator, type Person } from '../../simulators/discord/index.ts';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import { keepShapes, shapes } from '../support/discord-shape-check.ts';
import { connect } from '../support/postgres.ts';
import { channelOf, count, said } from './crash.ts';
import { Town } from './town.ts';

keepShapes();

let town: Town;
let discord: DiscordSimulator;
let office: Phone;
let mia: Phone;

const inDiscord = (text: string) =>
  discord
    .channels()
    .filter((channel) => channel.name.startsWith('wa-mia'))
    .flatMap((channel) => channel.messages.filter((message) => JSON.stringify(message.content).includes(text)));

/** An admin's word in the Discord server: this person is the Agent with their email. */
async function know(person: Person): Promise<void> {
  const client = await connect(town.database);
  await client.query(
    `insert into identity (workspace_id, user_id, agent_id, how)
     select w.id, $1, a.id, 'admin' from workspace w, agent a where w.platform = 'discord' and a.email = $2`,
    [person.id, person.email],
  );
  await client.query(`update agent set status = 'active' where email = $1`, [person.email]);
  await client.query(`update mirror set stale_at = date_trunc('milliseconds', now())`);
  await client.end();
}

beforeAll(async () => {
  discord = await startDiscord();
  town = await Town.build({
    env: {
      DISCORD_BOT_TOKEN: discord.botToken,
      DISCORD_GUILD_ID: discord.guildId,
      DISCORD_API_URL: discord.apiUrl,
      // Room for one chat; the next one becomes a private thread.
      DISCORD_CHANNEL_BUDGET: '1',
    },
  });
  office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
  mia = town.whatsapp.createPhone({ number: '4915110000002', name: 'Mia' });
  town.person('Ana', 'ana@acme.test');
  await town.start();
  await town.link(office);
}, 120_000);

afterAll(async () => {
  await town.close();
  await discord.stop();
  shapes.add(discord);
});

test('a message is shown in both, under its sender’s name', async () => {
  await mia.sendText(office, 'Hello from *WhatsApp*');
  await town.until(() => count(channelOf(town, 'mia'), 'Hello from') === 1, 'the post in Slack');
  const [post] = await town.until(() => {
    const posts = inDiscord('Hello from');
    return posts.length > 0 ? posts : undefined;
  }, 'the post in Discord');
  expect(post?.author).toMatchObject({ name: 'Mia', webhook: true });
});

test('a native reply in Discord reaches the customer once, and is seen in Slack with its author’s email', async () => {
  const ben = discord.addPerson({ name: 'Ben', email: 'ben@acme.test' });
  await know(ben);
  const channel = discord.channels().find(({ name }) => name.startsWith('wa-mia'))!;
  await town.until(() => discord.readers(channel).includes(ben.id), 'Ben to see the channel', 90_000);
  const [post] = inDiscord('Hello from');
  await ben.say(channel, 'Hello from Discord', { replyTo: post! });
  const received = await mia.received((message) => message.text === 'Hello from Discord', 30_000);
  expect(mia.copiesOf(received.id)).toBe(1);
  await town.until(() => count(channelOf(town, 'mia'), 'ben@acme.test · ✓✓') === 1, 'the reply in Slack with its line');
  await town.quiet();
  expect(said(channelOf(town, 'mia')).filter((message) => message.text.includes('Hello from Discord'))).toHaveLength(1);
  expect(discord.unknown).toEqual([]);
});

test('beyond the budget a chat is a private thread under its number’s channel: same people, same replies, out even while it sleeps', async () => {
  const leo = town.whatsapp.createPhone({ number: '4915110000003', name: 'Leo' });
  await leo.sendText(office, 'Hello from Leo');
  const thread = await town.until(
    () => discord.threads().find(({ messages }) => JSON.stringify(messages).includes('Hello from Leo')),
    'the private thread',
  );
  const parent = discord.channel(thread.thread?.parentId ?? '');
  expect([parent.name, thread.thread?.invitable]).toEqual(['wa-support-more', false]);
  expect(discord.channels().filter(({ name }) => name.startsWith('wa-'))).toHaveLength(2);

  await town.api('POST', '/api/v1/agents/invitations', { emails: 'cleo@acme.test', role: 'member' });
  const cleo = discord.addPerson({ name: 'Cleo', email: 'cleo@acme.test' });
  const outsider = discord.addPerson({ name: 'Out', email: 'out@acme.test' });
  await know(cleo);
  const { body } = await town.api('GET', '/api/v1/chats?search=Leo');
  const [chat] = body['items'] as { id: string }[];
  const change = { chatIds: [chat?.id], agents: ['cleo@acme.test'] };
  expect(discord.readers(thread)).not.toContain(cleo.id);
  await town.api('POST', '/api/v1/chats/access', { ...change, action: 'add' });
  await town.until(() => discord.readers(thread).includes(cleo.id), 'Cleo in the thread', 60_000);
  expect(discord.readers(thread)).not.toContain(outsider.id);

  const post = thread.messages.find((message) => JSON.stringify(message.content).includes('Hello from Leo'));
  await cleo.say(thread, 'Hello Leo', { replyTo: post! });
  const received = await leo.received((message) => message.text === 'Hello Leo', 30_000);
  expect(leo.copiesOf(received.id)).toBe(1);
  await cleo.say(thread, 'only for us');
  await town.quiet();

  discord.archive(thread);
  await town.api('POST', '/api/v1/chats/access', { ...change, action: 'remove' });
  await town.until(() => !discord.readers(thread).includes(cleo.id), 'Cleo out of the sleeping thread', 60_000);
  expect(cleo.sees(thread)).toEqual([]);
  await leo.sendText(office, 'Are you there?');
  await town.until(() => JSON.stringify(thread.messages).includes('Are you there?'), 'the thread to wake');
  await town.quiet();
  expect(leo.inbox.filter(({ text }) => text === 'only for us')).toEqual([]);
  expect(discord.unknown).toEqual([]);
}, 120_000);
