// Inviting people, and every way in which they arrive, on a real database and Workspaces in memory.
import { afterEach, expect, test } from 'vitest';
import { BridgeError } from '../../../src/domain/errors.ts';
import { as, type UserId } from '../../../src/domain/ids.ts';
import type { Actor } from '../../../src/access/change.ts';
import type { Invited } from '../../../src/access/invitations.ts';
import { MailError, type Mail } from '../../../src/runtime/mail.ts';
import { openHouse, waitFor, type House } from './house.ts';
import { PeoplePlatform } from './people.ts';

let house: House;
afterEach(() => house.close());

const by: Actor = { kind: 'token', name: 'set-up', source: 'api' };

async function furnish(options: Parameters<typeof openHouse>[0] = { publicUrl: 'https://wa.acme.com/' }) {
  house = await openHouse(options);
  await house.agent('ada@acme.com', 'admin');
  const slack = new PeoplePlatform();
  const slackId = await house.workspace(slack);
  const acme = await house.chat('Acme');
  await house.access.createLabel({ name: 'VIP' }, by);
  return { access: house.access, slack, slackId, acme };
}

async function invite(request: Parameters<House['access']['invite']>[0]): Promise<readonly Invited[]> {
  const result = await house.access.invite(request, by);
  if ('faults' in result) throw new Error(JSON.stringify(result.faults));
  return result.invited;
}

const tokenOf = ({ link }: { link?: string }): string => link?.split('/').at(-1) ?? '';

test('invites the good addresses and tells of the others one by one', async () => {
  const { access } = await furnish();
  const result = await access.invite({ emails: 'new@x.com, NEW@x.com; nonsense ada@acme.com', role: 'member' }, by);
  if ('faults' in result) throw new Error('refused');
  expect(result.invited.map(({ email, link }) => [email, link?.replace(/[^/]*$/, '')])).toEqual([
    ['new@x.com', 'https://wa.acme.com/invitation/'],
  ]);
  expect(result.refused.map(({ email, code }) => [email, code])).toEqual([
    ['new@x.com', 'twice'],
    ['nonsense', 'bad'],
    ['ada@acme.com', 'active'],
  ]);
});

test('labels and chats are for members only, and must be there', async () => {
  const { access, acme } = await furnish();
  const paths = async (request: Parameters<typeof access.invite>[0]) => {
    const result = await access.invite(request, by);
    return 'faults' in result ? result.faults.map(({ path }) => path) : [];
  };
  expect(await paths({ emails: 'a@x.com', role: 'admin', labels: ['VIP'], chatIds: [acme] })).toEqual([
    'labels',
    'chatIds',
  ]);
  expect(await paths({ emails: 'a@x.com', role: 'member', labels: ['VPI'] })).toEqual(['labels']);
  expect(await paths({ emails: ' , ', role: 'member' })).toEqual(['emails']);
  expect((await access.team()).map(({ email }) => email)).toEqual(['ada@acme.com']);
});

test('whoever is in the workspace is joined at once and welcomed', async () => {
  const { access, slack, slackId, acme } = await furnish();
  const [ada, ben] = [slack.add('UADA', 'ada@acme.com'), slack.add('UBEN', 'ben@acme.com')];
  slack.add('UGUEST', 'guest@acme.com', 'guest');
  const { channelId } = await house.mirror(acme, slackId);
  access.start();
  await house.holds(slackId, channelId, [ada]);
  const [first] = await invite({ emails: 'ben@acme.com', role: 'member', chatIds: [acme] });
  expect([first?.found, first?.link]).toEqual([[slackId], undefined]);
  await house.holds(slackId, channelId, [ada, ben]);
  const welcomes = (await house.store.read.deliveries.list({ states: ['queued'], limit: 10 })).flatMap(({ task }) =>
    task.kind === 'notice' && task.userId !== undefined ? [task.userId] : [],
  );
  expect(welcomes).toEqual([ben]);
  const statuses = (await access.team()).map(({ email, status }) => `${email} ${status}`);
  expect(statuses).toEqual(['ada@acme.com active', 'ben@acme.com active']);
});

test('guests and bots of the only workspace are refused by name; where people prove who they are, they may yet come', async () => {
  const { access, slack } = await furnish();
  slack.add('UGUEST', 'guest@acme.com', 'guest');
  slack.add('UBOT', 'bot@acme.com', 'bot');
  const request = { emails: 'guest@acme.com bot@acme.com new@acme.com', role: 'member' } as const;
  const result = await access.invite(request, by);
  if ('faults' in result) throw new Error('refused');
  expect(result.refused.map(({ email, code }) => [email, code])).toEqual([
    ['guest@acme.com', 'guest'],
    ['bot@acme.com', 'bot'],
  ]);
  expect(result.invited.map(({ email }) => email)).toEqual(['new@acme.com']);
  await house.workspace(new PeoplePlatform({ findsUsersByEmail: false }));
  expect((await invite({ emails: 'guest@acme.com', role: 'member' })).map(({ email }) => email)).toEqual([
    'guest@acme.com',
  ]);
});

test('whoever comes to the workspace later is joined then', async () => {
  const { access, slack, slackId, acme } = await furnish();
  const ada = slack.add('UADA', 'ada@acme.com');
  const { channelId } = await house.mirror(acme, slackId);
  access.start();
  await house.holds(slackId, channelId, [ada]);
  await invite({ emails: 'ben@acme.com', role: 'member', chatIds: [acme] });
  const ben = slack.add('UBEN', 'ben@acme.com');
  await access.handle(slackId, slack.change(ben, {}));
  await house.holds(slackId, channelId, [ada, ben]);
  expect(slack.members(channelId)).toEqual([ada, ben]);
});

test('whoever couldn’t be looked up when they were invited is looked up again', async () => {
  const { access, slack, slackId, acme } = await furnish();
  const [ada, ben] = [slack.add('UADA', 'ada@acme.com'), slack.add('UBEN', 'ben@acme.com')];
  const { channelId } = await house.mirror(acme, slackId);
  access.start();
  await house.holds(slackId, channelId, [ada]);
  slack.fault = () =>
    new BridgeError('unreachable', 'away', { sentence: 'Away.', retry: 'later', certain: true, retryAfterMs: 50 });
  const [invited] = await invite({ emails: 'ben@acme.com', role: 'member', chatIds: [acme] });
  expect(invited?.found).toEqual([]);
  slack.fault = () => undefined;
  await house.holds(slackId, channelId, [ada, ben]);
});

test('a person who writes before anything told of them is known by their email', async () => {
  const { access, slack, slackId, acme } = await furnish();
  const [invited] = await invite({ emails: 'ben@acme.com', role: 'member', chatIds: [acme] });
  const ben = slack.add('UBEN', 'ben@acme.com');
  const agent = await access.agentFor(slackId, ben);
  expect(agent).toMatchObject({ id: invited?.agentId, status: 'active' });
  expect((await access.mayReply(agent?.id, acme)).allowed).toBe(true);
});

test('a link is good once', async () => {
  const { access, acme } = await furnish();
  const [invited] = await invite({ emails: 'ben@acme.com', role: 'member', labels: ['VIP'] });
  await access.apply({ kind: 'label', chats: { chatIds: [acme] }, labels: ['VIP'] }, by);
  const token = tokenOf(invited ?? {});
  expect(await access.mayReply(invited?.agentId, acme)).toMatchObject({
    allowed: false,
    sentence: expect.stringContaining('isn’t claimed'),
  });
  const results = await Promise.all([access.claim(token, 'web'), access.claim(token, 'web')]);
  expect(results.filter((result) => 'agent' in result)).toHaveLength(1);
  expect((await access.mayReply(invited?.agentId, acme)).allowed).toBe(true);
  expect(await access.claim('guess', 'web')).toEqual({ refused: 'This invitation isn’t known.' });
});

test('the token itself is nowhere in the database', async () => {
  await furnish();
  const [invited] = await invite({ emails: 'ben@acme.com', role: 'member' });
  const rows = await house.store.query('select invitation::text as row from invitation', []);
  expect(rows).toHaveLength(1);
  expect(JSON.stringify(rows)).not.toContain(tokenOf(invited ?? {}));
});

test('a link ends when a new one is made, when its time is over, and with the agent', async () => {
  const { access } = await furnish();
  const [ben, cy, dee] = await invite({ emails: 'ben@x.com cy@x.com dee@x.com', role: 'member' });
  if (ben === undefined || cy === undefined || dee === undefined) throw new Error('not invited');
  const renewed = await access.renewInvitation(ben.agentId, by);
  expect(await access.claim(tokenOf(ben), 'web')).toHaveProperty('refused');
  expect(await access.claim(tokenOf('refused' in renewed ? {} : renewed), 'web')).toHaveProperty('agent');
  expect(await access.renewInvitation(ben.agentId, by)).toHaveProperty('refused');
  await access.apply({ kind: 'deactivate', agents: ['cy@x.com'] }, by);
  expect(await access.claim(tokenOf(cy), 'web')).toHaveProperty('refused');
  await house.store.query(`update invitation set expires_at = now() where agent_id = $1`, [dee.agentId]);
  expect(await access.claim(tokenOf(dee), 'web')).toEqual({ refused: expect.stringContaining('too old') });
});

test('with mail the link goes by mail, each try with a token of its own, and the admins hear when it is given up', async () => {
  const sent: Mail[] = [];
  let fault: MailError | undefined;
  const { access } = await furnish({
    publicUrl: 'https://wa.acme.com',
    sendMail: async (mail) => {
      if (fault !== undefined) throw fault;
      sent.push(mail);
    },
  });
  const [ben] = await invite({ emails: 'ben@x.com', role: 'member' });
  expect([ben?.mailed, ben?.link]).toEqual([true, undefined]);
  if (ben === undefined) throw new Error('not invited');
  const [delivery, ...more] = await house.store.read.deliveries.list({ states: ['queued'], limit: 10 });
  expect([delivery?.task, more]).toEqual([{ kind: 'invite', agentId: ben.agentId, by: 'set-up' }, []]);
  const task = { agentId: ben.agentId, by: 'set-up' };
  fault = new MailError('no', { sentence: 'It said no.', retry: 'later', certain: true });
  await expect(access.mailInvitation(task)).rejects.toMatchObject({ code: 'unreachable', retry: 'later' });
  expect(await house.store.query('select 1 from invitation', [])).toEqual([]);
  fault = undefined;
  await access.mailInvitation(task);
  await access.mailInvitation(task);
  const tokens = sent.map(({ to, text }) => [
    to,
    /https:\/\/wa\.acme\.com\/invitation\/(\S{43})/.exec(text)?.[1] ?? '',
  ]);
  expect(tokens.map(([to]) => to)).toEqual(['ben@x.com', 'ben@x.com']);
  await access.invitationUndelivered(task, 'It said no.');
  expect(await house.notices()).toContain('The invitation of ben@x.com could not be mailed. It said no.');
  expect(await access.claim(tokens[1]?.[1] ?? '', 'web')).toHaveProperty('agent');
  expect(await access.claim(tokens[0]?.[1] ?? '', 'web')).toHaveProperty('refused');
  await access.mailInvitation(task);
  expect(sent).toHaveLength(2);
});

test('on a workspace that finds nobody, a proven claim or an admin’s word makes the link', async () => {
  const { access, acme } = await furnish();
  const discord = new PeoplePlatform({ findsUsersByEmail: false });
  const discordId = await house.workspace(discord);
  const [ben, cy] = [discord.add('1', ''), discord.add('2', '')];
  const { channelId } = await house.mirror(acme, discordId);
  access.start();
  await invite({ emails: 'ben@x.com cy@x.com', role: 'member', chatIds: [acme] });
  const email = 'Ben@x.com';
  expect(await access.link({ workspaceId: discordId, userId: ben, email, how: 'claim' }, by)).toHaveProperty('agent');
  await house.holds(discordId, channelId, [ben]);
  await access.link({ workspaceId: discordId, userId: cy, email: 'cy@x.com', how: 'admin' }, by);
  await house.holds(discordId, channelId, [ben, cy]);
  expect(
    await access.link({ workspaceId: discordId, userId: cy, email: 'who@x.com', how: 'claim' }, by),
  ).toHaveProperty('refused');
  expect(await access.unlink({ workspaceId: discordId, userId: ben }, by)).toBe(true);
  await house.holds(discordId, channelId, [cy]);
  await access.handle(discordId, discord.change(cy, { active: false }));
  await house.quiet();
  await access.handle(discordId, discord.change(cy, { active: true }));
  await house.holds(discordId, channelId, [cy]);
});

test('an admin’s word makes nobody of the team who is no member there: a bot, a guest, somebody who isn’t there', async () => {
  const { access } = await furnish();
  const discord = new PeoplePlatform({ findsUsersByEmail: false });
  const workspaceId = await house.workspace(discord);
  const [bot, guest] = [discord.add('1', '', 'bot'), discord.add('2', '', 'guest')];
  await invite({ emails: 'cy@x.com', role: 'member' });
  const link = (userId: UserId) => access.link({ workspaceId, userId, email: 'cy@x.com', how: 'admin' }, by);
  expect(await link(bot)).toEqual({ refused: 'That is a bot; only people can be linked.' });
  for (const userId of [guest, as<UserId>('3')]) {
    expect(await link(userId)).toMatchObject({ refused: expect.stringContaining('No full member here has this ID') });
  }
  expect(await house.store.read.agents.identitiesIn(workspaceId)).toEqual([]);
});

test('one who left by hand is offered to come back, and comes', async () => {
  const { access, slack, slackId, acme } = await furnish();
  const [ada, ben] = [slack.add('UADA', 'ada@acme.com'), slack.add('UBEN', 'ben@acme.com')];
  const { channelId } = await house.mirror(acme, slackId);
  access.start();
  const [invited] = await invite({ emails: 'ben@acme.com', role: 'member', chatIds: [acme] });
  if (invited === undefined) throw new Error('not invited');
  await house.holds(slackId, channelId, [ada, ben]);
  await house.quiet();
  slack.channels.get(channelId)?.delete(ben);
  await access.handle(slackId, slack.event('left', channelId, ben));
  expect(await access.leftChats(invited.agentId)).toEqual(new Set([acme]));
  expect((await access.rejoin(invited.agentId, acme)).allowed).toBe(true);
  await house.holds(slackId, channelId, [ada, ben]);
  expect(await access.leftChats(invited.agentId)).toEqual(new Set());
  slack.channels.get(channelId)?.delete(ben);
  await house.quiet();
  await access.handle(slackId, slack.event('left', channelId, ben));
  await access.apply({ kind: 'grant', agents: ['ben@acme.com'], chats: { chatIds: [acme] } }, by);
  await house.holds(slackId, channelId, [ada, ben]);
});

test('who is invited and nowhere to be found is told as a problem of the channels', async () => {
  const { access, slack, slackId, acme } = await furnish();
  slack.add('UADA', 'ada@acme.com');
  await house.mirror(acme, slackId);
  await invite({ emails: 'ben@acme.com', role: 'member', chatIds: [acme] });
  await access.claim('', 'web');
  await house.store.transaction(async (tx) => {
    const ben = await tx.agents.byEmail('ben@acme.com');
    if (ben !== undefined) await tx.agents.setStatus(ben.id, 'active', new Date());
  });
  access.start();
  await waitFor(async () =>
    expect(await access.problems(slackId)).toMatchObject([
      { what: expect.stringContaining('ben@acme.com was invited'), channelCount: 1 },
    ]),
  );
});
