// How the adapter stays connected: every way a connection ends, what it tells, and that only a real log-out costs the link.
import { expect, onTestFinished, test } from 'vitest';
import { plain } from '../../../../src/domain/text.ts';
import { ACME, failureOf, Play } from '../../../contract/messenger/play.ts';
import { textOf } from '../../../contract/messenger/told.ts';
import { whatsAppWorld, type WhatsAppWorld } from '../../../support/whatsapp-world.ts';

async function linkedPlay(lines?: string[]): Promise<{ play: Play; world: WhatsAppWorld; who: { number: string } }> {
  const world = await whatsAppWorld(lines);
  const play = new Play(world);
  onTestFinished(() => play.close());
  await play.start();
  await play.linked();
  return { play, world, who: { number: play.us.phone.slice(1) } };
}

test.each(['restart', 'unavailable'] as const)('connects again after the stream ended with %s', async (reason) => {
  const { play, world, who } = await linkedPlay();
  world.simulator.faults.endStream(who, reason);
  await play.ana.say('us', 'still there?');
  await play.told.message('still there?');
  expect(world.sessions.count(ACME, 'creds')).toBe(1);
});

test('says so when another program takes the link, and keeps it', async () => {
  const { play, world, who } = await linkedPlay();
  world.simulator.faults.endStream(who, 'replaced');
  const { reason } = await play.told.state('reconnecting');
  expect(reason).toContain('Another program');
  expect(world.sessions.count(ACME, 'creds')).toBe(1);
});

test.each([
  [403, 'limited'],
  [402, 'limited'],
  [405, 'reconnecting'],
  [500, 'reconnecting'],
  [503, 'reconnecting'],
] as const)('a login refused with %i is told as %s and costs no link', async (reason, state) => {
  const { play, world, who } = await linkedPlay();
  await play.messenger.stop();
  world.simulator.faults.refuseLogins(who, reason);
  await play.startAgain();
  await play.messenger.open(ACME);
  await play.told.state(state);
  expect(world.sessions.count(ACME, 'creds')).toBe(1);
});

test('connects as soon as logins are accepted again', async () => {
  const { play, world, who } = await linkedPlay();
  await play.messenger.stop();
  world.simulator.faults.refuseLogins(who, 503, 2);
  await play.startAgain();
  await play.messenger.open(ACME);
  await play.told.state('connected');
  expect(play.told.all('connection').map(({ state }) => state)).toEqual(['connecting', 'reconnecting', 'connected']);
});

test('tells a log-out that happened while it was away', async () => {
  const { play, world } = await linkedPlay();
  await play.messenger.stop();
  play.us.unlink();
  await play.startAgain();
  await play.messenger.open(ACME);
  const { reason } = await play.told.state('logged_out');
  expect(reason).toBeTruthy();
  await world.sessions.cleared(ACME);
});

test('a log-out that was not recorded is told again after a start', async () => {
  const { play, world } = await linkedPlay();
  const refused = Promise.withResolvers<void>();
  play.told.judge = async (event) => {
    if (event.kind !== 'connection' || event.state !== 'logged_out') return;
    refused.resolve();
    throw new Error('nothing can be recorded');
  };
  play.us.unlink();
  await refused.promise;
  await play.messenger.stop();
  expect(world.sessions.count(ACME, 'creds')).toBe(1);
  await play.startAgain();
  await play.messenger.open(ACME);
  await play.told.state('logged_out');
});

test('a number that was logged out can be linked again while the old link is being deleted', async () => {
  const { play, world } = await linkedPlay();
  const mayClear = Promise.withResolvers<void>();
  world.sessions.beforeClear = () => mayClear.promise;
  play.us.unlink();
  await play.told.state('logged_out');
  const linking = play.linkByQr();
  mayClear.resolve();
  expect((await linking).map(({ step }) => step)).toEqual(['waiting', 'qr', 'linked']);
  await play.ana.say('us', 'welcome back');
  await play.told.message('welcome back');
});

test.each(['unknown-root', 'forged-intermediate', 'forged-leaf', 'other-static'] as const)(
  'refuses a server that presents a certificate with %s',
  async (certificate) => {
    const { play, world } = await linkedPlay();
    await play.messenger.stop();
    world.simulator.faults.certificate = certificate;
    await play.startAgain();
    await play.messenger.open(ACME);
    await play.told.state('reconnecting');
    expect(play.told.all('connection').map(({ state }) => state)).toEqual(['connecting', 'reconnecting']);
    world.simulator.faults.certificate = 'genuine';
    await play.told.state('connected');
  },
);

test('is never shown as online to customers', async () => {
  const { play, world } = await linkedPlay();
  await play.ana.say('us', 'are you there?');
  const { key } = await play.told.message('are you there?');
  await play.messenger.send(ACME, world.addressOf(play.ana), play.messenger.newMessageId(ACME), { text: plain('yes') });
  await play.messenger.markRead(ACME, world.addressOf(play.ana), [key]);
  await play.ana.seesRead(key.id);
  const presences = world.simulator.history.flatMap((entry) =>
    entry.kind === 'received' && entry.stanza.tag === 'presence' ? [entry.stanza.attrs['type']] : [],
  );
  expect(presences).not.toContain('available');
});

test('does not take a message for sent whose device query was not answered', async () => {
  const { play, world, who } = await linkedPlay();
  await play.messenger.stop();
  play.messenger = world.messenger({ queryTimeoutMs: 2_000 });
  await play.start();
  await play.messenger.open(ACME);
  await play.told.state('connected');
  world.simulator.faults.withhold(who, 'usync');
  const stranger = world.customer('Ben');
  const id = play.messenger.newMessageId(ACME);
  const error = await failureOf(
    play.messenger.send(ACME, world.addressOf(stranger), id, { text: plain('to Ben, in time') }),
  );
  expect(error).toMatchObject({ code: 'unreachable', certain: true, retry: 'later' });
  const sent = world.simulator.history.filter(
    (entry) => entry.kind === 'received' && entry.stanza.tag === 'message' && entry.stanza.attrs['id'] === id,
  );
  expect(sent).toEqual([]);
  world.simulator.faults.answer(who, 'usync');
  await play.messenger.send(ACME, world.addressOf(stranger), id, { text: plain('to Ben, in time') });
  const shown = await stranger.sees((candidate) => candidate.id === id);
  expect(shown.text).toBe('to Ben, in time');
});

test('an acknowledgement lost with the connection is uncertain', async () => {
  const { play, world, who } = await linkedPlay();
  world.simulator.faults.acks(who, { kind: 'cut' }, 1);
  const id = play.messenger.newMessageId(ACME);
  const chat = world.addressOf(play.ana);
  const error = await failureOf(play.messenger.send(ACME, chat, id, { text: plain('cut off') }));
  expect(error).toMatchObject({ code: 'unreachable', certain: false });
  await play.ana.sees((shown) => shown.id === id);
});

test('a stale device list is read anew before a refusal counts', async () => {
  const { play, world, who } = await linkedPlay();
  world.simulator.faults.acks(who, { kind: 'refuse', code: 479 }, 1);
  const id = play.messenger.newMessageId(ACME);
  await play.messenger.send(ACME, world.addressOf(play.ana), id, { text: plain('second time lucky') });
  const shown = await play.ana.sees((candidate) => candidate.id === id);
  expect(shown.copies).toBe(1);
});

test('logs neither texts nor numbers nor addresses', async () => {
  const lines: string[] = [];
  const { play, world, who } = await linkedPlay(lines);
  await play.ana.say('us', 'a very private text');
  await play.told.message('a very private text');
  world.simulator.faults.cut(who);
  await play.ana.say('us', 'another private text');
  await play.told.message('another private text');
  world.sessions.beforeSet = async () => {
    throw new Error('the disk is full');
  };
  await play.ana.say('us', 'an unstored private text');
  await play.told.state('reconnecting');
  world.sessions.beforeSet = undefined;
  await play.told.message('an unstored private text');
  expect(lines.length).toBeGreaterThan(0);
  const log = lines.join('\n');
  for (const secret of ['private text', who.number, play.ana.phone.slice(1), '@lid', '@s.whatsapp.net', 'Ana']) {
    expect(log).not.toContain(secret);
  }
});

test('comes back from connections cut in the middle of a frame', async () => {
  const { play, world, who } = await linkedPlay();
  for (let round = 0; round < 3; round += 1) {
    world.simulator.faults.cut(who, 'mid-frame');
    await play.ana.say('us', `round ${round}`);
    await play.told.message(`round ${round}`);
  }
  expect(play.told.all('message').map(textOf)).toEqual(['round 0', 'round 1', 'round 2']);
});

test('an open connection that brings nothing for long is made anew', async () => {
  const { play, world } = await linkedPlay();
  await play.messenger.stop();
  play.messenger = world.messenger({ deafAfterMs: 3_000 });
  await play.start();
  await play.messenger.open(ACME);
  await play.told.state('reconnecting');
  await play.ana.say('us', 'now you hear me');
  const { content } = await play.told.message('now you hear me');
  expect(content.kind).toBe('text');
});

test('unlinking is told as nothing but unlinked', async () => {
  const { play } = await linkedPlay();
  await play.messenger.unlink(ACME);
  await play.told.state('unlinked');
  const states = play.told.all('connection').map(({ state }) => state);
  expect(states).toEqual(['linking', 'connecting', 'connected', 'unlinked']);
});

test('lists the chats and people the phone hands over at linking', async () => {
  const world = await whatsAppWorld();
  const play = new Play(world);
  onTestFinished(() => play.close());
  await play.start();
  const { handset } = world.customer('Old friend');
  const at = Date.parse('2026-01-01T00:00:00Z');
  world.firstOwn.remember(handset, [{ from: handset, text: 'long ago', at }]);
  await play.linked();
  const { chats } = await play.told.first('chats');
  expect(chats).toMatchObject([{ address: handset.lid, alias: handset.jid, kind: 'direct' }]);
  expect(chats[0]?.lastMessageAt?.getTime()).toBe(at);
  const { people } = await play.told.first('people', (event) => event.people.some(({ name }) => name === 'Old friend'));
  expect(people.find(({ name }) => name === 'Old friend')?.address).toBe(handset.lid);
  expect(play.told.all('message')).toEqual([]);
});
