// Tickets in channels: opened, taken, closed and reopened by emoji, button, customer and rule; shown by one card that is edited in place.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startDiscord, type DiscordSimulator } from '../../simulators/discord/index.ts';
import type { Channel, Message, Person } from '../../simulators/slack/index.ts';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import { channelOf, said } from './crash.ts';
import { PATIENCE_MS, postWith, shown } from './look.ts';
import { Town } from './town.ts';

let town: Town;
let discord: DiscordSimulator;
let office: Phone;
/** Ana and Ben are admins; Cleo sees what she's granted. */
let ana: Person;
let ben: Person;
let cleo: Person;
let customers = 0;

interface Chat {
  readonly phone: Phone;
  readonly channel: Channel;
  /** The customer's first message, as posted. */
  readonly root: Message;
}

/** A customer who said something, in a channel with both admins in it. */
async function chat(name: string, text: string): Promise<Chat> {
  customers += 1;
  const phone = town.whatsapp.createPhone({ number: `49160${10_000_000 + customers}`, name });
  await phone.sendText(office, text);
  const root = await postWith(town, name, text);
  const channel = channelOf(town, name)!;
  await town.until(() => channel.members.has(ana.id) && channel.members.has(ben.id), 'the admins', PATIENCE_MS);
  return { phone, channel, root };
}

const cards = (channel: Channel): readonly Message[] =>
  said(channel).filter((message) => /^🎫 #\d+ /u.test(shown(message)));

/** The only card of a channel, once it shows this. */
async function card(channel: Channel, text: string | RegExp): Promise<Message> {
  const found = await town.until(
    () =>
      cards(channel).find((message) =>
        typeof text === 'string' ? shown(message).includes(text) : text.test(shown(message)),
      ),
    `a card with ${text}`,
    PATIENCE_MS,
  );
  expect(cards(channel)).toHaveLength(1);
  return found;
}

const told = (person: Person, channel: Channel, text: string): Promise<unknown> =>
  town.until(
    () => person.privateAnswers(channel).some((answer) => shown(answer as never).includes(text)),
    `${person.name} to be told “${text}”`,
    PATIENCE_MS,
  );

/** Presses a button of a card as it's now. */
async function press(person: Person, message: Message, label: string): Promise<void> {
  const elements = (message.blocks ?? []).flatMap((block) =>
    block['type'] === 'actions' ? (block['elements'] as { action_id: string; text: { text: string } }[]) : [],
  );
  const action = elements.find((element) => element.text.text === label)?.action_id;
  expect(action, `a button ${label} in “${shown(message)}”`).toBeDefined();
  await person.click(message, action!);
}

async function rows<Row extends object>(text: string, parameters: readonly unknown[] = []): Promise<Row[]> {
  const client = await town.sql();
  try {
    return (await client.query<Row>(text, [...parameters])).rows;
  } finally {
    await client.end();
  }
}

beforeAll(async () => {
  discord = await startDiscord();
  town = await Town.build({
    env: { DISCORD_BOT_TOKEN: discord.botToken, DISCORD_GUILD_ID: discord.guildId, DISCORD_API_URL: discord.apiUrl },
  });
  office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
  ana = town.slack.addPerson({ name: 'Ana', email: 'ana@acme.test', admin: true });
  ben = town.person('Ben', 'ben@acme.test');
  cleo = town.person('Cleo', 'cleo@acme.test');
  await town.start();
  await town.link(office);
}, 120_000);

afterAll(async () => {
  await town.close();
  await discord.stop();
});

test('🎫 opens, 👀 takes, ✅ closes: one card, edited in place, in Slack and in Discord; no emoji reaches the customer', async () => {
  const { phone, channel, root } = await chat('Mia', 'The lamp flickers');
  await ana.react(channel, root.ts, 'ticket');
  const opened = await card(channel, 'The lamp flickers');
  expect(shown(opened)).toMatch(/#\d+ The lamp flickers\s+open · nobody’s yet/u);
  // A second 🎫 on the same message opens no other.
  await ben.react(channel, root.ts, 'ticket');
  await ana.react(channel, opened.ts, 'eyes');
  const taken = await card(channel, 'in progress · ana@acme.test');
  expect(taken.ts).toBe(opened.ts);
  await ben.react(channel, root.ts, 'eyes');
  await told(ben, channel, 'is being worked on by ana@acme.test');
  await ana.react(channel, root.ts, 'white_check_mark');
  expect((await card(channel, 'closed · ana@acme.test')).ts).toBe(opened.ts);
  await ana.unreact(channel, root.ts, 'white_check_mark');
  const inDiscord = await town.until(() => {
    const there = discord.channels().find(({ name }) => name.startsWith('wa-mia'));
    const found = there?.messages.filter(
      (message) => message.content.includes('🎫 \\#') || message.content.includes('🎫 #'),
    );
    return found?.some((message) => message.content.includes('closed')) === true ? found : undefined;
  }, 'the card in Discord');
  expect(inDiscord).toHaveLength(1);
  await town.quiet();
  expect(phone.inbox.every(({ reactions }) => [...reactions.values()].length === 0)).toBe(true);
  expect(await rows(`select action from audit where action like 'ticket %' order by id`)).toEqual([
    { action: 'ticket open' },
    { action: 'ticket take' },
    { action: 'ticket close' },
  ]);
});

test('buttons do the same; of two who press at once one has it, and the other is told', async () => {
  const { channel, root } = await chat('Paul', 'Where is my parcel?');
  await ana.react(channel, root.ts, 'ticket');
  const open = await card(channel, 'nobody’s yet');
  await Promise.all([press(ana, open, 'Take'), press(ben, open, 'Take')]);
  const taken = await card(channel, /in progress · (ana|ben)@acme\.test/u);
  const winner = shown(taken).includes('ana@') ? ana : ben;
  const loser = winner === ana ? ben : ana;
  await told(loser, channel, `is being worked on by ${winner.email}`);
  await press(winner, await card(channel, winner.email), 'Close');
  await press(ben, await card(channel, 'closed'), 'Reopen');
  expect((await card(channel, `open · ${winner.email}`)).ts).toBe(open.ts);
});

test('a card that somebody removed comes back with the next step', async () => {
  const { channel, root } = await chat('Rosa', 'Nobody answers the phone');
  await ana.react(channel, root.ts, 'ticket');
  const open = await card(channel, 'nobody’s yet');
  await ana.remove(channel, open.ts);
  await ana.react(channel, root.ts, 'eyes');
  const again = await card(channel, 'in progress · ana@acme.test');
  expect(again.ts).not.toBe(open.ts);
  await ana.react(channel, again.ts, 'white_check_mark');
  expect((await card(channel, 'closed')).ts).toBe(again.ts);
});

test('the customer’s next word within the grace time reopens; after it, it does not', async () => {
  const { phone, channel, root } = await chat('Greta', 'My invoice is wrong');
  await ana.react(channel, root.ts, 'ticket');
  const { ts } = await card(channel, 'nobody’s yet');
  await ana.react(channel, root.ts, 'white_check_mark');
  await card(channel, 'closed');
  await phone.sendText(office, 'It is still wrong');
  expect((await card(channel, /\bopen ·/u)).ts).toBe(ts);
  await ana.react(channel, ts, 'white_check_mark');
  await card(channel, 'closed');
  await town.quiet();
  await rows(`update ticket set closed_at = closed_at - interval '2 days' where subject = 'My invoice is wrong'`);
  await phone.sendText(office, 'Thank you');
  await postWith(town, 'greta', 'Thank you');
  await town.quiet();
  await card(channel, 'closed');
});

test('a chat with a label that asks for it gets its ticket by itself, with the first message', async () => {
  const { phone, channel } = await chat('Lena', 'hello');
  const made = await town.api('POST', '/api/v1/labels', { name: 'Complaints' });
  const [lena] = await rows<{ id: string }>(`select chat_id as id from message where text = 'hello'`);
  await rows('insert into chat_label (chat_id, label_id) values ($1, $2)', [lena?.id, made.body['id']]);
  await rows(`insert into setting (key, value, updated_at) values ('tickets', $1, now())`, [
    JSON.stringify({ opensFor: [made.body['id']] }),
  ]);
  await phone.sendText(office, 'This is the third broken one');
  const opened = await card(channel, 'This is the third broken one');
  await phone.sendText(office, 'And nobody calls back');
  await postWith(town, 'lena', 'And nobody calls back');
  await town.quiet();
  expect((await card(channel, 'open · nobody’s yet')).ts).toBe(opened.ts);
});

test('whoever is deactivated hands their tickets back, and the card says so', async () => {
  const { channel, root } = await chat('Hugo', 'The heating is cold');
  for (const command of ['invite cleo@acme.test', 'grant cleo@acme.test this']) {
    const asked = await ana.slashCommand(channel, '/wa', command);
    await town.until(() => asked.answers.length > 0, `an answer to ${command}`, PATIENCE_MS);
  }
  await town.until(() => channel.members.has(cleo.id), 'Cleo in the channel', PATIENCE_MS);
  await ana.react(channel, root.ts, 'ticket');
  const opened = await card(channel, 'nobody’s yet');
  await cleo.react(channel, root.ts, 'eyes');
  await card(channel, 'in progress · cleo@acme.test');
  const [row] = await rows<{ id: string }>(`select id from agent where email = 'cleo@acme.test'`);
  expect((await town.api('PATCH', `/api/v1/agents/${row?.id}`, { active: false })).status).toBe(200);
  expect((await card(channel, 'open · nobody’s yet')).ts).toBe(opened.ts);
});
