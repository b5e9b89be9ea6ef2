// One Chat in Slack and in Discord at once: both show it, a reply from either reaches the customer once and is seen in the other.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startDiscord, type DiscordSimulator } from '../../simulators/discord/index.ts';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import { connect } from '../support/postgres.ts';
import { channelOf, count, said } from './crash.ts';
import { Town } from './town.ts';

let town: Town;
let discord: DiscordSimulator;
let office: Phone;
let mia: Phone;

const inDiscord = (text: string) =>
  discord
    .channels()
    .filter((channel) => channel.name.startsWith('wa-mia'))
    .flatMap((channel) => channel.messages.filter((message) => JSON.stringify(message.content).includes(text)));

beforeAll(async () => {
  discord = await startDiscord();
  town = await Town.build({
    env: { DISCORD_BOT_TOKEN: discord.botToken, DISCORD_GUILD_ID: discord.guildId, DISCORD_API_URL: discord.apiUrl },
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
  const client = await connect(town.database);
  await client.query(
    `insert into identity (workspace_id, user_id, agent_id, how)
     select w.id, $1, a.id, 'admin' from workspace w, agent a where w.platform = 'discord' and a.email = 'ben@acme.test'`,
    [ben.id],
  );
  await client.query('update mirror set stale_at = now()');
  await client.end();
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
