// Tickets in channels: opened, taken, closed and reopened by emoji, button, customer and rule; shown by one card in each place, edited in place.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import { channelOf, channelWith, PATIENCE_MS, postWith } from './desk.ts';
import { Town } from './town.ts';
import type { PlatformName, TownChannel, TownPerson, TownPost, TownWorkspace } from './workspace.ts';

const PLACES: readonly PlatformName[] = ['slack', 'discord'];

let town: Town;
let office: Phone;
let customers = 0;

/** Ana and Ben are admins; Cleo sees what she's granted. */
interface Team {
  readonly desk: TownWorkspace;
  readonly ana: TownPerson;
  readonly ben: TownPerson;
  readonly cleo: TownPerson;
}

const teams = new Map<PlatformName, Team>();

interface Chat {
  readonly name: string;
  readonly phone: Phone;
  readonly channel: TownChannel;
  /** The customer's first message, as posted. */
  readonly root: TownPost;
}

const cards = (channel: TownChannel | undefined): readonly TownPost[] =>
  (channel?.posts ?? []).filter(({ text }) => /^🎫 #\d+ /u.test(text));

/** The only card of a channel, once it shows this. */
async function card(channel: TownChannel | undefined, text: string | RegExp): Promise<TownPost> {
  const found = await town.until(
    () => cards(channel).find((post) => (typeof text === 'string' ? post.text.includes(text) : text.test(post.text))),
    `a card with ${text}`,
    PATIENCE_MS,
  );
  expect(cards(channel)).toHaveLength(1);
  return found;
}

/** Waits until a person, by themselves, is told more than these so many times. */
const told = (person: TownPerson, text: string, beforeCount = 0): Promise<unknown> =>
  town.until(() => tellings(person, text) > beforeCount, `${person.name} to be told “${text}”`, PATIENCE_MS);

const tellings = (person: TownPerson, text: string): number =>
  person.toldPrivately().filter((each) => each.includes(text)).length;

/** Presses a button of a card as it's now. */
async function press(person: TownPerson, post: TownPost, label: string): Promise<void> {
  const button = post.buttons.find((each) => each.label === label);
  expect(button, `a button ${label} in “${post.text}”`).toBeDefined();
  await person.press(post, button!.action);
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
  town = await Town.build({ workspaces: PLACES });
  office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
  for (const desk of town.workspaces) {
    teams.set(desk.platform, {
      desk,
      ana: desk.addPerson('Ana', 'ana@acme.test', { isAdmin: true }),
      ben: desk.addPerson('Ben', 'ben@acme.test'),
      cleo: desk.addPerson('Cleo', `cleo.${desk.platform}@acme.test`),
    });
  }
  await town.start();
  await town.link(office);
}, 120_000);

afterAll(() => town.close());

describe.each(PLACES)('in %s', (place) => {
  const team = (): Team => teams.get(place)!;

  /** A customer who said something, in a channel with both admins in it. */
  async function chat(person: string, text: string): Promise<Chat> {
    const { desk, ana, ben } = team();
    const name = `${person}-${place}`;
    customers += 1;
    const phone = town.whatsapp.createPhone({ number: `49160${10_000_000 + customers}`, name });
    await phone.sendText(office, text);
    const root = await postWith(town, name, text, desk);
    const channel = await channelWith(town, name, [ana, ben], desk);
    return { name, phone, channel, root };
  }

  test('🎫 opens, 👀 takes, ✅ closes: one card, edited in place, here and in the other place; no emoji reaches the customer', async () => {
    const { ana, ben } = team();
    const audited = () => rows<{ action: string }>(`select action from audit where action like 'ticket %' order by id`);
    const before = (await audited()).length;
    const { name, phone, channel, root } = await chat('Mia', 'The lamp flickers');
    await ana.react(channel, root.id, '🎫');
    const opened = await card(channel, 'The lamp flickers');
    expect(opened.text).toMatch(/#\d+ The lamp flickers\s+open · nobody’s yet/u);
    // A second 🎫 on the same message opens no other.
    await ben.react(channel, root.id, '🎫');
    await ana.react(channel, opened.id, '👀');
    const taken = await card(channel, 'in progress · ana@acme.test');
    expect(taken.id).toBe(opened.id);
    await ben.react(channel, root.id, '👀');
    await told(ben, 'is being worked on by ana@acme.test');
    await ana.react(channel, root.id, '✅');
    expect((await card(channel, 'closed · ana@acme.test')).id).toBe(opened.id);
    await ana.unreact(channel, root.id, '✅');
    const elsewhere = town.workspaces.find(({ platform }) => platform !== place)!;
    await card(channelOf(elsewhere, name), 'closed · ana@acme.test');
    await town.quiet();
    expect(phone.inbox.every(({ reactions }) => [...reactions.values()].length === 0)).toBe(true);
    expect((await audited()).slice(before)).toEqual([
      { action: 'ticket open' },
      { action: 'ticket take' },
      { action: 'ticket close' },
    ]);
  });

  test('buttons do the same; of two who press at once one has it, and the other is told', async () => {
    const { ana, ben } = team();
    const { channel, root } = await chat('Paul', 'Where is my parcel?');
    await ana.react(channel, root.id, '🎫');
    const open = await card(channel, 'nobody’s yet');
    const said = (person: TownPerson): number => tellings(person, 'is being worked on by');
    const before = new Map([ana, ben].map((person) => [person, said(person)]));
    await Promise.all([press(ana, open, 'Take'), press(ben, open, 'Take')]);
    const taken = await card(channel, /in progress · (ana|ben)@acme\.test/u);
    const winner = taken.text.includes('ana@') ? ana : ben;
    const loser = winner === ana ? ben : ana;
    await told(loser, 'is being worked on by', before.get(loser));
    expect(loser.toldPrivately().at(-1)).toContain(`is being worked on by ${winner.email}`);
    await press(winner, await card(channel, winner.email), 'Close');
    await press(ben, await card(channel, 'closed'), 'Reopen');
    expect((await card(channel, `open · ${winner.email}`)).id).toBe(open.id);
  });

  test('a card that somebody removed comes back with the next step', async () => {
    const { desk, ana } = team();
    const { channel, root } = await chat('Rosa', 'Nobody answers the phone');
    await ana.react(channel, root.id, '🎫');
    const open = await card(channel, 'nobody’s yet');
    await desk.takeAway(channel, ana, open.id);
    await ana.react(channel, root.id, '👀');
    const again = await card(channel, 'in progress · ana@acme.test');
    expect(again.id).not.toBe(open.id);
    await ana.react(channel, again.id, '✅');
    expect((await card(channel, 'closed')).id).toBe(again.id);
  });

  test('the customer’s next word within the grace time reopens; after it, it does not', async () => {
    const { desk, ana } = team();
    const subject = `My invoice is wrong in ${place}`;
    const { name, phone, channel, root } = await chat('Greta', subject);
    await ana.react(channel, root.id, '🎫');
    const { id } = await card(channel, 'nobody’s yet');
    await ana.react(channel, root.id, '✅');
    await card(channel, 'closed');
    await phone.sendText(office, 'It is still wrong');
    expect((await card(channel, /\bopen ·/u)).id).toBe(id);
    await ana.react(channel, id, '✅');
    await card(channel, 'closed');
    await town.quiet();
    await rows(`update ticket set closed_at = closed_at - interval '2 days' where subject = $1`, [subject]);
    await phone.sendText(office, 'Thank you');
    await postWith(town, name, 'Thank you', desk);
    await town.quiet();
    await card(channel, 'closed');
  });

  test('a chat with a label that asks for it gets its ticket by itself, with the first message', async () => {
    const { desk } = team();
    const { name, phone, channel } = await chat('Lena', `hello from ${place}`);
    const made = await town.api('POST', '/api/v1/labels', { name: `Complaints in ${place}` });
    const [lena] = await rows<{ id: string }>(`select chat_id as id from message where text = $1`, [
      `hello from ${place}`,
    ]);
    await rows('insert into chat_label (chat_id, label_id) values ($1, $2)', [lena?.id, made.body['id']]);
    await rows(
      `insert into setting (key, value, updated_at) values ('tickets', $1, now())
    on conflict (key) do update set value = excluded.value`,
      [JSON.stringify({ opensFor: [made.body['id']] })],
    );
    await phone.sendText(office, 'This is the third broken one');
    const opened = await card(channel, 'This is the third broken one');
    await phone.sendText(office, 'And nobody calls back');
    await postWith(town, name, 'And nobody calls back', desk);
    await town.quiet();
    expect((await card(channel, 'open · nobody’s yet')).id).toBe(opened.id);
  });

  test('whoever is deactivated hands their tickets back, and the card says so', async () => {
    const { desk, ana, cleo } = team();
    const subject = `The heating is cold in ${place}`;
    const { name, channel, root } = await chat('Hugo', subject);
    await town.api('POST', '/api/v1/agents/invitations', { emails: cleo.email, role: 'member' });
    await town.introduce();
    const [hugo] = await rows<{ id: string }>(`select chat_id as id from message where text = $1`, [subject]);
    await town.api('POST', '/api/v1/chats/access', { chatIds: [hugo?.id], agents: [cleo.email], action: 'add' });
    await channelWith(town, name, [cleo], desk);
    await ana.react(channel, root.id, '🎫');
    const opened = await card(channel, 'nobody’s yet');
    await cleo.react(channel, root.id, '👀');
    await card(channel, `in progress · ${cleo.email}`);
    const [row] = await rows<{ id: string }>(`select id from agent where email = $1`, [cleo.email]);
    expect((await town.api('PATCH', `/api/v1/agents/${row?.id}`, { active: false })).status).toBe(200);
    expect((await card(channel, 'open · nobody’s yet')).id).toBe(opened.id);
  });
});
