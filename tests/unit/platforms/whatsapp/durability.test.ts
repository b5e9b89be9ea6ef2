// What the adapter must not lose: a message's plaintext and its ratchet step are one commit, whatever the wire does.
import { expect, onTestFinished, test } from 'vitest';
import { ACME, Play } from '../../../contract/messenger/play.ts';
import { everySoOften, eventually, textOf } from '../../../contract/messenger/told.ts';
import { whatsAppWorld, type WhatsAppWorld } from '../../../support/whatsapp-world.ts';

async function linkedPlay(): Promise<{ play: Play; world: WhatsAppWorld }> {
  const world = await whatsAppWorld();
  const play = new Play(world);
  onTestFinished(() => play.close());
  await play.start();
  await play.linked();
  return { play, world };
}

const retries = (world: WhatsAppWorld): number =>
  world.simulator.history.filter((entry) => entry.kind === 'received' && entry.stanza.attrs['type'] === 'retry').length;

test('stores a text in the same commit as the step of its session', async () => {
  const { play, world } = await linkedPlay();
  await play.ana.say('us', 'first contact');
  await play.ana.say('us', 'and on');
  await play.told.message('and on');
  const commits = world.sessions.commits.filter(({ arrivals }) => arrivals.some(({ kind }) => kind === 'message'));
  const ours = commits.filter(({ changes }) => changes.some(({ type }) => type === 'session'));
  expect(ours.length).toBeGreaterThanOrEqual(2);
  expect(ours.every(({ arrivals }) => arrivals.every(({ recall }) => recall !== undefined))).toBe(true);
  expect(commits.filter((commit) => !ours.includes(commit))).toEqual([]);
});

test('stores a group’s text in the same commit as the step of its sender key', async () => {
  const { play, world } = await linkedPlay();
  const crew = world.group(play.ana, 'Crew', [play.us]);
  await play.ana.say(crew, 'one');
  await play.ana.say(crew, 'two');
  await play.told.message('two');
  const commits = world.sessions.commits.filter(({ arrivals, changes }) => {
    return arrivals.some(({ kind }) => kind === 'message') && changes.some(({ type }) => type === 'sender-key');
  });
  expect(commits).toHaveLength(2);
  expect(play.told.all('message').map(textOf)).toEqual(['one', 'two']);
});

test('answers what comes again from the store, without a retry', async () => {
  const { play, world } = await linkedPlay();
  const handset = { number: play.us.phone.slice(1) };
  world.simulator.faults.forgetAcks(handset);
  const crew = world.group(play.ana, 'Crew', [play.us]);
  await play.ana.say('us', 'direct');
  await play.ana.say(crew, 'in the group');
  await play.told.message('in the group');
  await play.messenger.stop();
  const before = world.sessions.commits.length;
  world.simulator.faults.forgetAcks(handset, false);
  await play.startAgain();
  await play.messenger.open(ACME);
  await play.ana.say('us', 'news');
  await play.told.message('news');
  expect(play.told.all('message').map(textOf)).toEqual(['news']);
  expect(retries(world)).toBe(0);
  const again = world.sessions.commits.slice(before).flatMap(({ arrivals }) => arrivals);
  expect(again.filter(({ kind }) => kind === 'message').length).toBe(1);
});

test('tells a stanza once that the server delivers twice', async () => {
  const { play, world } = await linkedPlay();
  world.simulator.faults.duplicate({ number: play.us.phone.slice(1) }, 2);
  await play.ana.say('us', 'twice');
  await play.ana.say('us', 'twice again');
  await play.ana.say('us', 'once');
  await play.told.message('once');
  expect(play.told.all('message').map(textOf)).toEqual(['twice', 'twice again', 'once']);
});

test.each([1, 5, 20])('loses nothing of a backlog of 20 when the connection breaks after %i stanzas', async (count) => {
  const { play, world } = await linkedPlay();
  await play.messenger.stop();
  const texts = Array.from({ length: 20 }, (_, index) => `backlog ${index}`);
  for (const text of texts) await play.ana.say('us', text);
  world.simulator.faults.cutReplayAfter({ number: play.us.phone.slice(1) }, count);
  await play.startAgain();
  await play.messenger.open(ACME);
  await play.told.message('backlog 19');
  expect(play.told.all('message').map(textOf)).toEqual(texts);
});

test('tells a backlog whose end the server never marks', async () => {
  const { play, world } = await linkedPlay();
  await play.messenger.stop();
  await play.ana.say('us', 'no marker');
  world.simulator.faults.omitMarker({ number: play.us.phone.slice(1) });
  await play.startAgain();
  await play.messenger.open(ACME);
  const { content } = await play.told.message('no marker');
  expect(content.kind).toBe('text');
});

test('keeps the order of messages, group changes and receipts in one chat', async () => {
  const { play, world } = await linkedPlay();
  const crew = world.group(play.ana, 'Crew', [play.us]);
  for (let round = 0; round < 4; round += 1) {
    await play.ana.say(crew, `text ${round}`);
    crew.rename(play.ana, `Crew ${round}`);
  }
  await play.told.first('changed', ({ change }) => change.what === 'renamed' && change.name === 'Crew 3');
  const told = play.told.events.flatMap((event) => {
    if (event.kind === 'message') return [textOf(event)];
    return event.kind === 'changed' && event.change.what === 'renamed' ? [event.change.name] : [];
  });
  expect(told).toEqual(['text 0', 'Crew 0', 'text 1', 'Crew 1', 'text 2', 'Crew 2', 'text 3', 'Crew 3']);
});

test('stores a group change before it acknowledges it', async () => {
  const { play, world } = await linkedPlay();
  const crew = world.group(play.ana, 'Crew', [play.us]);
  await play.told.first('changed');
  const storing = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  world.sessions.beforeSet = async ({ arrivals }) => {
    if (!arrivals.some(({ kind }) => kind === 'notification')) return;
    started.resolve();
    await storing.promise;
  };
  crew.rename(play.ana, 'Later');
  await started.promise;
  const sent = world.simulator.history.findLast(
    (entry) => entry.kind === 'sent' && entry.stanza.tag === 'notification' && entry.stanza.attrs['type'] === 'w:gp2',
  );
  const id = sent?.kind === 'sent' ? sent.stanza.attrs['id'] : undefined;
  const isAcked = (): boolean =>
    world.simulator.history.some(
      (entry) => entry.kind === 'received' && entry.stanza.tag === 'ack' && entry.stanza.attrs['id'] === id,
    );
  expect(id).toBeTruthy();
  // Answers come back on the same stream: an acknowledgement would have been there before them.
  for (let question = 0; question < 5; question += 1) await play.messenger.findChat(ACME, play.ana.phone);
  expect(isAcked()).toBe(false);
  storing.resolve();
  const changed = await play.told.first('changed', ({ change }) => change.what === 'renamed');
  expect(changed.id).toBe(id);
  await eventually(() => isAcked() || undefined, 'the acknowledgement', everySoOften);
});

test('tells an unreadable message as missing, and its text once the sender has sent it again', async () => {
  const { play, world } = await linkedPlay();
  await play.ana.say('us', 'readable');
  await play.told.message('readable');
  await world.sessions.forget(ACME, 'session');
  const id = await play.ana.say('us', 'recovered');
  await play.told.message('recovered');
  const [first, ...rest] = play.told.all('message').filter(({ key }) => key.id === id);
  expect(first?.content.kind).toBe('missing');
  expect(rest.map(textOf)).toEqual(['recovered']);
  // The first request for it carries no keys, so the sender's first repeat can't be read either.
  expect(retries(world)).toBe(2);
});

test('a message that arrives while one is sent never loses its session step', async () => {
  const { play, world } = await linkedPlay();
  const chat = world.addressOf(play.ana);
  await play.ana.say('us', 'start');
  await play.told.message('start');
  const rounds = Array.from({ length: 15 }, (_, index) => index);
  await Promise.all([
    ...rounds.map(async (index) => {
      const text = [{ kind: 'paragraph', inlines: [{ kind: 'text', text: `out ${index}` }] }] as const;
      await play.messenger.send(ACME, chat, play.messenger.newMessageId(ACME), { text });
    }),
    (async () => {
      for (const index of rounds) await play.ana.say('us', `in ${index}`);
    })(),
  ]);
  await play.told.message('in 14');
  await play.ana.sees(({ text }) => text === 'out 14');
  expect(play.told.all('message').map(textOf)).toEqual(['start', ...rounds.map((index) => `in ${index}`)]);
  expect(retries(world)).toBe(0);
});
