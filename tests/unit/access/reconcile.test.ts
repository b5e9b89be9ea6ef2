// The membership loop and what people do by hand, on a real database and a Workspace in memory.
import { afterEach, expect, test } from 'vitest';
import { Access } from '../../../src/access/access.ts';
import { BridgeError } from '../../../src/domain/errors.ts';

import { openHouse, waitFor, type House } from './house.ts';
import { PeoplePlatform } from './people.ts';

let house: House;
afterEach(() => house.close());

/** An admin and two members in one Workspace, a Chat that is granted to the first member, and its open channel. */
async function furnish() {
  house = await openHouse();
  const slack = new PeoplePlatform();
  const workspaceId = await house.workspace(slack);
  const [ada, ben, cy] = [
    slack.add('UADA', 'ada@acme.com'),
    slack.add('UBEN', 'Ben@acme.com'),
    slack.add('UCY', 'cy@acme.com'),
  ];
  const admin = await house.agent('ada@acme.com', 'admin');
  const member = await house.agent('ben@acme.com');
  const other = await house.agent('cy@acme.com');
  const chatId = await house.chat('Acme');
  await house.grant(member, chatId);
  const mirror = await house.mirror(chatId, workspaceId);
  slack.onEvent = (event) => {
    if (event.kind === 'joined' || event.kind === 'left') void house.access.handle(workspaceId, event);
  };
  return { slack, workspaceId, ada, ben, cy, admin, member, other, chatId, mirror, channel: mirror.channelId };
}

const fail = (code: BridgeError['code'], retry: 'later' | 'never', retryAfterMs?: number): BridgeError =>
  new BridgeError(code, code, {
    sentence: `The workspace said ${code}.`,
    retry,
    certain: true,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });

const refusals = async () =>
  (await house.store.read.audit.list({ limit: 50 })).filter(({ action }) => action === 'channel.refused').length;

test('a new channel gets the admins and those to whom the chat is granted, found by their emails', async () => {
  const { workspaceId, channel, ada, ben } = await furnish();
  house.access.start();
  await house.holds(workspaceId, channel, [ada, ben]);
  await house.quiet();
  const identities = await house.store.read.agents.identitiesIn(workspaceId);
  expect(identities.map(({ userId, how }) => `${userId} ${how}`).sort()).toEqual(['UADA email', 'UBEN email']);
});

test('a revocation takes the person out; that they left, told late, is not taken for leaving by hand', async () => {
  const { slack, workspaceId, channel, ada, ben, chatId, mirror, member } = await furnish();
  house.access.start();
  await house.holds(workspaceId, channel, [ada, ben]);
  const tell = slack.onEvent;
  const late: Parameters<typeof tell>[0][] = [];
  slack.onEvent = (event) => late.push(event);
  await house.store.transaction(async (tx) => {
    await tx.grants.revokeChats([member.id], [chatId]);
    await tx.mirrors.markStale({ chatId }, new Date(), true);
  });
  await house.holds(workspaceId, channel, [ada]);
  await house.grant(member, chatId);
  await house.holds(workspaceId, channel, [ada, ben]);
  await house.quiet();
  const [event] = late;
  if (event?.kind !== 'left') throw new Error('the removal was not told');
  await house.access.handle(workspaceId, event);
  expect(await house.store.read.mirrors.user(mirror.id, ben)).toMatchObject({ state: 'in', outAt: null });
  slack.onEvent = tell;
  slack.leave(channel, ben);
  await waitFor(async () => expect((await house.store.read.mirrors.user(mirror.id, ben))?.state).toBe('left'));
});

test('somebody put in by hand is out within seconds; whoever put them in and the admins hear of it', async () => {
  const { slack, workspaceId, channel, ada, ben, cy } = await furnish();
  house.access.start();
  await house.holds(workspaceId, channel, [ada, ben]);
  slack.join(channel, cy, ben);
  await waitFor(async () => expect(await refusals()).toBe(1));
  await house.holds(workspaceId, channel, [ada, ben]);
  const sentences = await house.notices();
  expect(sentences).toContainEqual(
    expect.stringMatching(/^cy@acme\.com was added by ben@acme\.com to #wa-\d+ without having access/),
  );
  expect(sentences).toContainEqual(expect.stringMatching(/^Whom you added to #wa-\d+ has no access/));
});

test('a stranger who gets in is taken out as well', async () => {
  const { slack, workspaceId, channel, ada, ben } = await furnish();
  const guest = slack.add('UGUEST', 'ada@acme.com', 'guest');
  house.access.start();
  await house.holds(workspaceId, channel, [ada, ben]);
  slack.join(channel, guest);
  await waitFor(async () => expect(await refusals()).toBe(1));
  await house.holds(workspaceId, channel, [ada, ben]);
});

test('one who left by hand and was let in again while the program was down stays in, and no longer counts as gone', async () => {
  const { slack, workspaceId, channel, ada, ben, chatId, mirror } = await furnish();
  house.access.start();
  await house.holds(workspaceId, channel, [ada, ben]);
  await house.quiet();
  slack.leave(channel, ben);
  await waitFor(async () => expect((await house.store.read.mirrors.user(mirror.id, ben))?.state).toBe('left'));
  await house.quiet();
  await house.access.stop();
  // Nobody is told of it.
  slack.channels.get(channel)?.add(ben);
  const next = new Access(house.parts);
  next.start();
  try {
    const looks = slack.calls.length;
    await house.store.read.mirrors.markStale({ chatId }, new Date());
    await waitFor(() => expect(slack.calls.length).toBeGreaterThan(looks));
    await house.quiet();
    expect(slack.members(channel)).toEqual([ada, ben]);
    expect((await house.store.read.mirrors.user(mirror.id, ben))?.state).toBe('in');
  } finally {
    await next.stop();
  }
});

test('one who left by hand is not fetched back, until they come by themselves', async () => {
  const { slack, workspaceId, channel, ada, ben, chatId, mirror } = await furnish();
  house.access.start();
  await house.holds(workspaceId, channel, [ada, ben]);
  await house.quiet();
  slack.leave(channel, ben);
  await waitFor(async () => expect((await house.store.read.mirrors.user(mirror.id, ben))?.state).toBe('left'));
  const looks = slack.calls.length;
  await house.store.read.mirrors.markStale({ chatId }, new Date());
  await waitFor(() => expect(slack.calls.length).toBeGreaterThan(looks));
  await house.quiet();
  expect(slack.members(channel)).toEqual([ada]);
  slack.join(channel, ben);
  await waitFor(async () => expect((await house.store.read.mirrors.user(mirror.id, ben))?.state).toBe('in'));
  await house.quiet();
  expect(slack.members(channel)).toEqual([ada, ben]);
});

test('one whose removal failed, who is wanted again and then leaves by hand, is not fetched back', async () => {
  const { slack, workspaceId, channel, ada, ben, chatId, mirror, member } = await furnish();
  house.access.start();
  await house.holds(workspaceId, channel, [ada, ben]);
  await house.quiet();
  slack.fault = (call) => (call === 'setUsers' ? fail('unreachable', 'later', 50) : undefined);
  const looks = slack.calls.length;
  await house.store.transaction(async (tx) => {
    await tx.grants.revokeChats([member.id], [chatId]);
    await tx.mirrors.markStale({ chatId }, new Date(), true);
  });
  await waitFor(() => expect(slack.calls.length).toBeGreaterThan(looks));
  await house.grant(member, chatId);
  slack.fault = () => undefined;
  await house.quiet();
  slack.leave(channel, ben);
  await waitFor(async () => expect((await house.store.read.mirrors.user(mirror.id, ben))?.state).toBe('left'));
  await house.quiet();
  expect(slack.members(channel)).toEqual([ada]);
});

test('a workspace that forbids removal becomes a problem with its fix, tried again only when something changes', async () => {
  const { slack, workspaceId, channel, ada, ben, cy, mirror, chatId } = await furnish();
  slack.forbidsRemoval = { what: 'Only admins may remove people.', fix: 'Change the setting.' };
  house.access.start();
  await house.holds(workspaceId, channel, [ada, ben]);
  slack.channels.get(channel)?.add(cy);
  await house.store.read.mirrors.markStale({ chatId }, new Date());
  await waitFor(async () =>
    expect(await house.notices()).toContainEqual(expect.stringContaining('Only admins may remove')),
  );
  await house.quiet();
  expect((await house.store.read.mirrors.find(mirror.id))?.problems).toEqual([slack.forbidsRemoval]);
  const looks = slack.calls.length;
  const before = await house.store.read.mirrors.notResting([mirror.id], new Date());
  expect([before, slack.calls.length]).toEqual([[], looks]);
  slack.forbidsRemoval = undefined;
  await house.store.read.mirrors.markStale({ chatId }, new Date());
  await house.holds(workspaceId, channel, [ada, ben]);
  await house.quiet();
  expect((await house.store.read.mirrors.find(mirror.id))?.problems).toBeNull();
});

test('a channel that fails, and a workspace that is down, hold up nobody else', async () => {
  const { slack, workspaceId, channel, ada, ben, admin } = await furnish();
  const second = await house.mirror(await house.chat('Other'), workspaceId);
  const down = new PeoplePlatform();
  const downId = await house.workspace(down);
  down.fault = () => fail('unreachable', 'later', 60_000);
  const third = await house.mirror(await house.chat('Third'), downId);
  slack.fault = (call, at) => (call === 'setUsers' && at === channel ? fail('refused', 'never') : undefined);
  house.access.start();
  await house.holds(workspaceId, second.channelId, [ada]);
  expect(slack.members(channel)).toEqual([]);
  expect(down.members(third.channelId)).toEqual([]);
  slack.fault = () => undefined;
  await house.store.read.mirrors.markStale({ workspaceId }, new Date());
  await house.holds(workspaceId, channel, [ada, ben]);
  expect(admin.role).toBe('admin');
});

test('removals go on while additions are throttled', async () => {
  const { slack, workspaceId, channel, ada, ben, member, chatId } = await furnish();
  house.access.start();
  await house.holds(workspaceId, channel, [ada, ben]);
  await house.quiet();
  const second = await house.mirror(await house.chat('Other'), workspaceId);
  slack.fault = (call, at) =>
    call === 'setUsers' && at === second.channelId ? fail('throttled', 'later', 600_000) : undefined;
  await waitFor(() => expect(slack.calls).toContain(`setUsers ${second.channelId}`));
  await house.store.transaction(async (tx) => {
    await tx.grants.revokeChats([member.id], [chatId]);
    await tx.mirrors.markStale({ chatId }, new Date(), true);
  });
  await house.holds(workspaceId, channel, [ada]);
});

test('people who must go do, when those who may come can’t be looked up', async () => {
  const { slack, workspaceId, channel, ada, ben, cy, member, chatId, other } = await furnish();
  house.access.start();
  await house.holds(workspaceId, channel, [ada, ben]);
  await house.quiet();
  slack.fault = (call) => (call === 'findUser' ? fail('throttled', 'later', 600_000) : undefined);
  await house.store.transaction(async (tx) => {
    await tx.grants.revokeChats([member.id], [chatId]);
    await tx.grants.grantChats([other.id], [chatId], { by: 'ada@acme.com', at: new Date(), until: null });
    await tx.mirrors.markStale({ chatId }, new Date(), true);
  });
  await house.holds(workspaceId, channel, [ada]);
  slack.fault = () => undefined;
  await house.store.read.mirrors.markStale({ chatId }, new Date());
  await house.holds(workspaceId, channel, [ada, cy]);
  expect(slack.members(channel)).toEqual([ada, cy]);
});

test('a grant that ends takes the person out when its time comes', async () => {
  const { workspaceId, channel, ada, ben, cy, other, chatId } = await furnish();
  await house.grant(other, chatId, new Date(Date.now() + 1_500));
  house.access.start();
  await house.holds(workspaceId, channel, [ada, ben, cy]);
  await house.holds(workspaceId, channel, [ada, ben]);
  expect((await house.store.read.audit.list({ limit: 20 })).map(({ action }) => action)).toContain('grant.ended');
});

test('whoever loses the email, or is deactivated in the workspace, is out of the channels there', async () => {
  const { slack, workspaceId, channel, ada, ben } = await furnish();
  house.access.start();
  await house.holds(workspaceId, channel, [ada, ben]);
  await house.access.handle(workspaceId, slack.change(ben, { email: 'ben@elsewhere.com' }));
  await house.holds(workspaceId, channel, [ada]);
  expect(await house.access.agentFor(workspaceId, ben)).toBeUndefined();
  await house.access.handle(workspaceId, slack.change(ben, { email: 'ben@acme.com' }));
  await house.holds(workspaceId, channel, [ada, ben]);
  await house.access.handle(workspaceId, slack.change(ben, { active: false }));
  await house.quiet();
  expect(slack.members(channel)).toEqual([ada]);
  await house.access.handle(workspaceId, slack.change(ben, { active: true }));
  await house.holds(workspaceId, channel, [ada, ben]);
});

test('a change of email whose telling got lost is found by asking again', async () => {
  const { slack, workspaceId, channel, ada, ben } = await furnish();
  house.access.start();
  await house.holds(workspaceId, channel, [ada, ben]);
  await house.quiet();
  await house.access.stop();
  slack.change(ben, { email: 'ben@elsewhere.com' });
  await house.store.transaction(async (tx) => {
    for (const { userId } of await tx.agents.identitiesIn(workspaceId)) {
      await tx.agents.checkedIdentity(workspaceId, userId, true, new Date(Date.now() - 2 * 60 * 60_000));
    }
  });
  await restart();
  await house.holds(workspaceId, channel, [ada]);
  expect(slack.members(channel)).toEqual([ada]);
});

test('what was changed while nobody listened is put right at the start', async () => {
  const { slack, workspaceId, channel, ada, ben, cy, mirror } = await furnish();
  house.access.start();
  await house.holds(workspaceId, channel, [ada, ben]);
  await house.quiet();
  await house.access.stop();
  slack.channels.get(channel)?.add(cy);
  await house.store.read.mirrors.setUser(mirror.id, cy, 'in', new Date());
  await restart();
  await house.holds(workspaceId, channel, [ada, ben]);
  expect(slack.members(channel)).toEqual([ada, ben]);
});

test('a lost channel ends the mirror and is told, not fought', async () => {
  const { slack, channel, mirror } = await furnish();
  slack.channels.delete(channel);
  house.access.start();
  await waitFor(async () => expect((await house.store.read.mirrors.find(mirror.id))?.state).toBe('gone'));
  expect(await house.notices()).toContainEqual(expect.stringContaining('was deleted or archived'));
});

test('a process that lost the lease touches no channel', async () => {
  const { slack } = await furnish();

  let asked = 0;
  const zombie = new Access({
    ...house.parts,
    mayAct: () => {
      asked += 1;
      return false;
    },
  });
  zombie.start();
  await waitFor(() => expect(asked).toBeGreaterThan(0));
  await zombie.stop();
  expect(slack.calls.filter((call) => call.startsWith('setUsers'))).toEqual([]);
});

test('an Agent is known by the email the platform vouches for: no guest, no bot, nobody else', async () => {
  const { slack, workspaceId, ben, member } = await furnish();
  const guest = slack.add('UGUEST', 'cy@acme.com', 'guest');
  const bot = slack.add('UBOT', 'cy@acme.com', 'bot');
  const stranger = slack.add('USTRANGER', 'who@elsewhere.com');
  expect((await house.access.agentFor(workspaceId, ben))?.id).toBe(member.id);
  const calls = slack.calls.length;
  expect((await house.access.agentFor(workspaceId, ben))?.id).toBe(member.id);
  expect(slack.calls.length).toBe(calls);
  for (const user of [guest, bot, stranger]) expect(await house.access.agentFor(workspaceId, user)).toBeUndefined();
  const blind = new PeoplePlatform({ findsUsersByEmail: false });
  const discordId = await house.workspace(blind);
  const user = blind.add('1', 'ben@acme.com');
  expect(await house.access.agentFor(discordId, user)).toBeUndefined();
  expect(blind.calls).toEqual([]);
});

/** The same database, a new process. */
async function restart(): Promise<void> {
  const next = new Access(house.parts);
  const { close } = house;
  house = { ...house, access: next, close: () => next.stop().then(close) };
  next.start();
}
