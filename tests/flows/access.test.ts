// What people do by hand and what platforms refuse, on both stand-ins with the real adapters: found, told, mended or shown, and never fought.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { as, type UserId } from '../../src/domain/ids.ts';
import { Estate, PLACES, until, type Inbox, type Place } from './access-estate.ts';

const BY = { kind: 'program', source: 'program' } as const;
const NAMES = ['ada', 'ben', 'cy', 'eve'] as const;
type Name = (typeof NAMES)[number];
const MANAGE_ROLES = 1n << 28n;
const MINUTES_MS = 11 * 60_000;

let estate: Estate;
let inbox: Inbox;
const users: Record<Place, Map<Name, string>> = { slack: new Map(), discord: new Map() };

const emailOf = (name: string): string => `${name}@acme.test`;
const idOf = (place: Place, name: Name): string => users[place].get(name) ?? '';
const slackPerson = (name: string) => estate.slack.person(emailOf(name));
const chats = () => ({ chatIds: [inbox.chatId] });
const grant = (name: Name) => estate.access.apply({ kind: 'grant', agents: [emailOf(name)], chats: chats() }, BY);
const revoke = (name: Name) => estate.access.apply({ kind: 'revoke', agents: [emailOf(name)], chats: chats() }, BY);

function readers(place: Place): string[] {
  const { slack, discord } = estate;
  const { channel } = inbox[place];
  const ids = place === 'slack' ? [...slack.channel(channel).members] : discord.readers(discord.channel(channel));
  return NAMES.filter((name) => ids.includes(idOf(place, name)));
}

const hold = (names: readonly Name[], places: readonly Place[] = PLACES, timeoutMs = 30_000) =>
  until(
    () => places.every((place) => readers(place).join() === names.join()),
    `${names.join(' and ')} to be in, in ${places.join(' and ')}`,
    timeoutMs,
  );

async function leftBy(name: Name): Promise<unknown[]> {
  const agent = await estate.store.read.agents.byEmail(emailOf(name));
  return agent === undefined ? [] : [...(await estate.access.leftChats(agent.id))];
}

const wordsOf = (value: unknown): string => JSON.stringify(value ?? null);
/** Everything the app told this person alone in Slack. */
const told = (name: string): string =>
  wordsOf(
    [slackPerson(name).privateAnswers(), slackPerson(name).directMessages()]
      .flat()
      .map((one) => [one.text, one.blocks]),
  );
const problemsIn = async (place: Place) => wordsOf(await estate.access.problems(estate.workspaces[place]));

beforeAll(async () => {
  estate = await Estate.build();
  for (const name of NAMES) {
    users.slack.set(name, estate.slack.addPerson({ name, email: emailOf(name) }).id);
    users.discord.set(name, estate.discord.addPerson({ name, email: emailOf(name) }).id);
  }
  await estate.store.read.agents.ensureAdmin(emailOf('ada'), estate.clock.now());
  await estate.start();
  inbox = await estate.customer('Mia');
  await estate.access.invite({ emails: `${emailOf('ben')}, ${emailOf('cy')}`, role: 'member' }, BY);
  for (const name of ['ada', 'ben', 'cy'] as const) {
    const userId = as<UserId>(idOf('discord', name));
    await estate.access.link(
      { workspaceId: estate.workspaces.discord, userId, email: emailOf(name), how: 'admin' },
      BY,
    );
  }
  await grant('ben');
  await hold(['ada', 'ben']);
}, 120_000);

afterAll(() => estate.close());

test('whoever was taken out, came back and then leaves by hand within minutes has left by hand, and is offered to join', async () => {
  await revoke('ben');
  await hold(['ada']);
  await grant('ben');
  await hold(['ada', 'ben']);
  await estate.quiet();
  await slackPerson('ben').leave(inbox.slack.channel);
  await estate.discord.owner.kick(inbox.discord.channel, { id: idOf('discord', 'ben') });
  await estate.heard();
  expect(await leftBy('ben')).toEqual([inbox.chatId]);
  await slackPerson('ben').slashCommand(estate.slack.direct(slackPerson('ben')), '/wa', 'chats');
  await until(() => told('ben').includes('Join Mia'), 'the Join button');
  estate.clock.jump(MINUTES_MS);
  await estate.quiet();
  expect(PLACES.map(readers)).toEqual([['ada'], ['ada']]);
  await grant('ben');
  await revoke('ben');
  await grant('ben');
  await hold(['ada', 'ben']);
});

test('whoever somebody else let in again after we took them out, and who leaves then, has left by hand', async () => {
  await revoke('ben');
  await hold(['ada']);
  await estate.quiet();
  // Faster than we are, so that it isn't our letting in.
  estate.slack.faults.call('conversations.invite', { kind: 'rate_limited', retryAfter: '1' });
  await grant('ben');
  await slackPerson('ada').invite(inbox.slack.channel, { id: idOf('slack', 'ben') });
  await estate.heard();
  await hold(['ada', 'ben']);
  await estate.quiet();
  await slackPerson('ben').leave(inbox.slack.channel);
  await estate.heard();
  expect([readers('slack'), await leftBy('ben')]).toEqual([['ada'], [inbox.chatId]]);
  await slackPerson('ada').invite(inbox.slack.channel, { id: idOf('slack', 'ben') });
  await hold(['ada', 'ben']);
  await estate.quiet();
});

test('whoever is let in by hand is out within five seconds, what they say goes nowhere, and they, who did it and the admins hear of it', async () => {
  await slackPerson('ben').invite(inbox.slack.channel, { id: idOf('slack', 'eve') });
  await slackPerson('eve').say(inbox.slack.channel, 'From an intruder in Slack', { thread: inbox.slack.id });
  await estate.discord.owner.invite(inbox.discord.channel, { id: idOf('discord', 'eve') });
  await estate.discord
    .person(emailOf('eve'))
    .say(inbox.discord.channel, 'From an intruder in Discord', { replyTo: inbox.discord.id });
  await hold(['ada', 'ben'], PLACES, 5_000);
  await estate.quiet();
  expect(told('ada')).toMatch(/was added by ben@acme\.test to #wa-mia\S* without having access/u);
  expect(told('ben')).toContain('has no access to this chat and is taken out again');
  expect(told('eve')).toContain('this was not sent');
  expect(estate.received().filter((text) => text.includes('intruder'))).toEqual([]);
  const actions = (await estate.store.read.audit.list({ limit: 40 })).map(({ action }) => action);
  expect(actions.filter((action) => action === 'channel.refused')).toHaveLength(2);
  expect(actions.filter((action) => action === 'reply.refuse')).toHaveLength(2);
});

test('a reply that waits is not sent when its author loses access meanwhile, and its author is told', async () => {
  await estate.numberAway();
  await slackPerson('ben').say(inbox.slack.channel, 'Queued in Slack', { thread: inbox.slack.id });
  await estate.discord
    .person(emailOf('ben'))
    .say(inbox.discord.channel, 'Queued in Discord', { replyTo: inbox.discord.id });
  await estate.heard();
  const queued = await estate.store.query(`select text from message where state = 'queued' order by text`, []);
  expect(queued).toEqual([{ text: 'Queued in Discord' }, { text: 'Queued in Slack' }]);
  await revoke('ben');
  await estate.numberBack();
  await hold(['ada']);
  await estate.quiet();
  expect(estate.received()).toEqual([]);
  const failed = await estate.store.query(`select state, reason from message where text like 'Queued%'`, []);
  const refused = { state: 'failed', reason: expect.stringContaining('don’t have access to this chat') };
  expect(failed).toEqual([refused, refused]);
  await grant('ben');
  await hold(['ada', 'ben']);
  await estate.quiet();
});

test('a workspace that lets only admins remove people: shown with its fix, not tried again and again, and no reply leaves', async () => {
  estate.slack.preferences.whoCanKick = 'admins';
  const before = estate.slack.requests.length;
  await revoke('ben');
  await hold(['ada'], ['discord']);
  await until(async () => (await problemsIn('slack')).includes('lets only admins remove people'), 'the problem');
  await slackPerson('ben').say(inbox.slack.channel, 'Still in the channel', { thread: inbox.slack.id });
  estate.clock.jump(2 * 60_000);
  await estate.quiet();
  const kicks = estate.slack.requests.slice(before).filter(({ method }) => method === 'conversations.kick');
  expect(kicks).toHaveLength(1);
  expect(await problemsIn('slack')).toContain('Permissions → Channel management');
  await until(() => told('ada').includes('lets only admins remove people'), 'the admin to be told');
  expect([readers('slack'), estate.received()]).toEqual([['ada', 'ben'], []]);
  estate.slack.preferences.whoCanKick = 'everyone';
  estate.clock.jump(MINUTES_MS);
  await hold(['ada']);
  await until(async () => (await problemsIn('slack')) === '[]', 'the problem to be gone');
});

test('a missing permission is shown with its fix on both, and what waited for it is done when it is there', async () => {
  await grant('ben');
  await hold(['ada', 'ben']);
  await estate.quiet();
  const order = estate.slack.faults.call(
    'conversations.kick',
    { kind: 'error', error: 'missing_scope' },
    { times: 1_000 },
  );
  estate.discord.setBotPermissions(estate.discord.bot.role.permissions & ~MANAGE_ROLES);
  const before = estate.slack.requests.length;
  await revoke('ben');
  await until(async () => (await problemsIn('slack')).includes('lacks a permission'), 'the problem in Slack');
  await until(async () => (await problemsIn('discord')).includes('Manage Roles'), 'the problem in Discord');
  expect(estate.slack.requests.slice(before).filter(({ method }) => method === 'conversations.kick')).toHaveLength(1);
  order.cancel();
  estate.discord.setBotPermissions(estate.discord.bot.role.permissions | MANAGE_ROLES);
  estate.clock.jump(MINUTES_MS);
  await hold(['ada']);
});

test('where the bot is taken out, the admins hear of it and the next message opens a new channel with the same people', async () => {
  await grant('ben');
  await hold(['ada', 'ben']);
  await estate.quiet();
  await slackPerson('ben').kick(inbox.slack.channel, { id: estate.slack.bot.id });
  await estate.heard();
  await until(() => told('ada').includes('or Switchboard was taken out of it'), 'the admin to be told');
  const old = inbox.slack.channel;
  await estate.quiet();
  inbox = await estate.customer('Mia', 'Hello again');
  expect(inbox.slack.channel).not.toBe(old);
  await hold(['ada', 'ben']);
});

test('whoever sees everything by the platform’s own rights and isn’t an admin here is shown as what can’t be kept', async () => {
  const boss = estate.discord.addPerson({ name: 'Boss', email: 'boss@acme.test', administrator: true });
  estate.clock.jump(61 * 60_000);
  await until(async () => (await problemsIn('discord')).includes('Boss'), 'the problem');
  expect(estate.discord.readers(estate.discord.channel(inbox.discord.channel))).toContain(boss.id);
  expect(await problemsIn('discord')).toContain('Administrator');
  expect(await problemsIn('slack')).toBe('[]');
});

test('what was refused stays refused, edited or not, and is told once, when its author is granted the chat and the channel is read again', async () => {
  const [inSlack, inDiscord] = [slackPerson('ben'), estate.discord.person(emailOf('ben'))];
  const say = async (text: string) => ({
    slack: await inSlack.say(inbox.slack.channel, `${text} in Slack`, { thread: inbox.slack.id }),
    discord: await inDiscord.say(inbox.discord.channel, `${text} in Discord`, { replyTo: inbox.discord.id }),
  });
  estate.slack.faults.call('conversations.kick', { kind: 'rate_limited', retryAfter: '1' });
  estate.discord.faults.call('delete_channel_permission_overwrite', { kind: 'rate_limited', retryAfter: 1.5 });
  await estate.quiet();
  const count = async () =>
    (await estate.store.read.audit.list({ limit: 100 })).filter(({ action }) => action === 'reply.refuse').length;
  const before = await count();
  await revoke('ben');
  const said = await say('Too soon');
  await inSlack.edit(inbox.slack.channel, said.slack, 'Too soon, edited, in Slack');
  await inDiscord.edit(said.discord, 'Too soon, edited, in Discord');
  await hold(['ada']);
  // An edit of what is nowhere holds up nothing.
  await estate.quiet();
  expect(await count()).toBe(before + 2);
  await grant('ben');
  await hold(['ada', 'ben']);
  await estate.stop();
  await estate.start();
  // Nothing that is said now is recorded before its channel was read.
  await say('In time');
  const inTime = () => estate.received().filter((text) => text.startsWith('In time'));
  await until(() => inTime().length === 2, 'the replies to come');
  await estate.quiet();
  expect(estate.received().filter((text) => text.startsWith('Too soon'))).toEqual([]);
  expect(await count()).toBe(before + 2);
});
