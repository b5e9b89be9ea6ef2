// What people do is told, stored before it's acknowledged, and told again until it is.
import { expect } from 'vitest';
import type { PlatformEvent } from '../../../src/domain/events.ts';
import { plainText } from '../../../src/domain/text.ts';
import type { Promises } from '../chat-platform.ts';
import { postOf } from './play.ts';
import { until } from './stage.ts';

export function tellingPromises(promise: Promises): void {
  promise('tells what people say, and under which post', async ({ stage, told, channel, post, events }) => {
    const ana = await stage.person('Ana');
    const { channel: wa } = await channel('wa-bob', ana);
    const root = await post(wa, {});
    const note = await stage.say(ana, wa, 'a note & a <tag>');
    await told('said', (event) => event.post === note);
    const reply = await stage.say(ana, wa, 'a reply', { thread: root });
    await told('said', (event) => event.post === reply);
    const said = events.filter((event) => event.kind === 'said');
    expect(said).toMatchObject([
      { post: note, channel: wa, user: ana.user, files: [], mentionsBot: false },
      { post: reply, thread: root, channel: wa, user: ana.user },
    ]);
    expect(said[0]).not.toHaveProperty('thread');
    expect(said.map((event) => plainText(event.text))).toEqual(['a note & a <tag>', 'a reply']);
  });

  promise('acknowledges what was said only once it is stored', async (play) => {
    const { stage, channel } = play;
    const ana = await stage.person('Ana');
    const { channel: wa } = await channel('wa-bob', ana);
    await stage.quiet();
    const storing = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    play.store = async () => {
      started.resolve();
      await storing.promise;
    };
    const said = await stage.say(ana, wa, 'hello');
    await started.promise;
    // A whole exchange with the platform: an acknowledgement sent before it would have arrived.
    await play.post(wa, {});
    expect(stage.isAcknowledged(said)).toBe(false);
    storing.resolve();
    await until(() => stage.isAcknowledged(said), 'the acknowledgement');
    expect(play.events.some((event) => event.kind === 'said' && event.post === said)).toBe(true);
  });

  promise('tells again what could not be stored', async (play) => {
    const { stage, channel, told } = play;
    const ana = await stage.person('Ana');
    const { channel: wa } = await channel('wa-bob', ana);
    await stage.quiet();
    const keys: string[] = [];
    play.store = async (event) => {
      if ('key' in event) keys.push(event.key);
      if (keys.length < 2) throw new Error('the database is away');
    };
    const said = await stage.say(ana, wa, 'hello');
    await told('said', (event) => event.post === said);
    await until(() => stage.isAcknowledged(said), 'the acknowledgement');
    expect(keys).toEqual([keys[0], keys[0]]);
  });

  promise(
    'tells edits, deletions and reactions with the ids of what they concern',
    async ({ stage, told, channel, post }) => {
      const ana = await stage.person('Ana');
      const { channel: wa } = await channel('wa-bob', ana);
      const root = await post(wa, {});
      const reply = await stage.say(ana, wa, 'first words', { thread: root });
      await stage.change(ana, reply, 'other words');
      const edited = await told('edited');
      expect(edited).toMatchObject({ post: reply, thread: root, channel: wa, user: ana.user });
      expect(plainText(edited.text)).toBe('other words');
      await stage.react(ana, root, '👍🏽', true);
      expect(await told('reacted', (event) => event.on)).toMatchObject({ post: root, user: ana.user, emoji: '👍🏽' });
      await stage.react(ana, root, '👍🏽', false);
      expect(await told('reacted', (event) => !event.on)).toMatchObject({ post: root, user: ana.user, emoji: '👍🏽' });
      await stage.erase(ana, reply);
      expect(await told('deleted')).toMatchObject({ post: reply, channel: wa });
    },
  );

  promise('tells who lets whom in and who leaves', async ({ stage, told, channel }) => {
    const [ana, eve] = [await stage.person('Ana'), await stage.person('Eve')];
    const { channel: wa } = await channel('wa-bob', ana);
    await stage.letIn(ana, wa, eve);
    expect(await told('joined', (event) => event.user === eve.user)).toMatchObject({ channel: wa });
    await stage.leave(eve, wa);
    expect(await told('left', (event) => event.user === eve.user)).toMatchObject({ channel: wa });
  });

  promise('never tells what we do ourselves', async (play) => {
    const { stage, platform, channel, post, told, events } = play;
    const [ana, ben] = [await stage.person('Ana'), await stage.person('Ben')];
    const { channel: wa } = await channel('wa-bob', ana, ben);
    const root = await post(wa, { author: { name: 'Bob', seed: 'bob' } });
    const unnamed = await post(wa, {}, root);
    await platform.edit(root, postOf({ words: 'changed' }));
    await platform.react(root, '👍', true);
    await platform.react(root, '👍', false);
    await platform.remove(unnamed);
    await platform.updateChannel(wa, { name: 'wa-robert', topic: 'Robert' });
    await platform.setUsers(wa, new Set([ana.user]));
    // Told last, so that nothing of ours can still be on its way.
    const said = await stage.say(ana, wa, 'the end');
    await told('said', (event) => event.post === said);
    await stage.quiet();
    const inChannel = events.filter((event) => 'channel' in event && event.channel === wa);
    expect(inChannel.map((event) => event.kind)).toEqual(['said']);
  });

  promise('tells what was said in a gap, replies included, with the ids of live telling', async (play) => {
    const { stage, channel, post, told } = play;
    const ana = await stage.person('Ana');
    const { channel: wa } = await channel('wa-bob', ana);
    const root = await post(wa, {});
    const before = await stage.say(ana, wa, 'before', { thread: root });
    const { at: since } = await told('said', (event) => event.post === before);
    await stage.quiet();
    stage.cut();
    const note = await stage.say(ana, wa, 'a note in the gap');
    const reply = await stage.say(ana, wa, 'a reply in the gap', { thread: root });
    stage.mend();
    await until(
      () => play.states.at(-1)?.state === 'connected' && play.states.at(-1)?.back,
      'the connection to be back',
    );
    const missed = await all(play.platform.missed([{ channel: wa, since, threads: [root] }]));
    const said = missed.filter((event) => event.kind === 'said' && event.post !== before);
    expect(said).toMatchObject([
      { post: note, user: ana.user, channel: wa },
      { post: reply, thread: root, user: ana.user, channel: wa },
    ]);
    expect(missed.every((event) => event.kind !== 'said' || event.user === ana.user)).toBe(true);
    const again = await all(play.platform.missed([{ channel: wa, since, threads: [root] }]));
    expect(again).toEqual(missed);
  });

  promise('tells what was edited in a gap', async (play) => {
    const { stage, channel, post, told } = play;
    const ana = await stage.person('Ana');
    const { channel: wa } = await channel('wa-bob', ana);
    const root = await post(wa, {});
    const early = await stage.say(ana, wa, 'early words');
    await told('said', (event) => event.post === early);
    const late = await stage.say(ana, wa, 'late words');
    const { at: since } = await told('said', (event) => event.post === late);
    await stage.quiet();
    stage.cut();
    await stage.change(ana, early, 'other words');
    stage.mend();
    await until(
      () => play.states.at(-1)?.state === 'connected' && play.states.at(-1)?.back,
      'the connection to be back',
    );
    const missed = await all(play.platform.missed([{ channel: wa, since, threads: [root] }]));
    const edited = missed.filter((event) => event.kind === 'edited');
    expect(edited).toMatchObject([{ post: early, user: ana.user, channel: wa }]);
    expect(edited.map((event) => plainText(event.text))).toEqual(['other words']);
  });

  promise('tells what was heard already with the keys it had, when it is read again', async (play) => {
    const { stage, channel, post, told, events } = play;
    const ana = await stage.person('Ana');
    const { channel: wa } = await channel('wa-bob', ana);
    const root = await post(wa, {});
    const reply = await stage.say(ana, wa, 'first words', { thread: root });
    const { at: since } = await told('said', (event) => event.post === reply);
    await stage.change(ana, reply, 'other words');
    await told('edited', (event) => event.post === reply);
    const read = await all(play.platform.missed([{ channel: wa, since, threads: [root] }]));
    const keysOf = (list: readonly PlatformEvent[]) =>
      list.flatMap((event) => ('post' in event && event.post === reply ? [`${event.kind} ${event.key}`] : []));
    expect(keysOf(read)).toEqual(keysOf(events));
    expect(keysOf(read)).toHaveLength(2);
  });

  promise('tells nothing after it was stopped', async ({ stage, channel, stop, events }) => {
    const ana = await stage.person('Ana');
    const { channel: wa } = await channel('wa-bob', ana);
    await stage.quiet();
    await stop();
    const countBefore = events.length;
    const unheard = await stage.say(ana, wa, 'is anybody there?');
    await stage.quiet();
    expect(events.length).toBe(countBefore);
    expect(stage.isAcknowledged(unheard)).toBe(false);
  });
}

async function all(events: AsyncIterable<PlatformEvent>): Promise<PlatformEvent[]> {
  const list: PlatformEvent[] = [];
  for await (const event of events) list.push(event);
  return list;
}
