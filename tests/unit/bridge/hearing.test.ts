// What was heard is recorded in the end, however long the platform is away; only a fault of our own is set aside, with its reason.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Hearing } from '../../../src/bridge/hearing.ts';
import { BridgeError } from '../../../src/domain/errors.ts';
import type { PlatformEvent } from '../../../src/domain/events.ts';
import { as, type ChannelId, type PostId, type UserId, type WorkspaceId } from '../../../src/domain/ids.ts';
import { createLog } from '../../../src/runtime/log.ts';
import { fakeClock } from '../../../src/runtime/time.ts';
import { openHouse, type House } from '../access/house.ts';

const log = createLog({ level: 'silent' });
const TRIES = 30;

let house: House;
let workspaceId: WorkspaceId;
beforeEach(async () => {
  house = await openHouse();
  ({ id: workspaceId } = await house.store.read.workspaces.fromEnvironment('slack', new Date()));
});
afterEach(() => house.close());

const said = (key: string): Extract<PlatformEvent, { kind: 'said' }> => ({
  kind: 'said',
  key,
  at: new Date('2026-01-01T00:00:00Z'),
  channel: as<ChannelId>('C1'),
  user: as<UserId>('U1'),
  post: as<PostId>(key),
  text: [],
  files: [],
  mentionsBot: false,
});

/** Hears one event whose recording fails as `fail` says, and tells how often it was tried when it's done with. */
async function hearThrough(fail: (tries: number) => Error | undefined): Promise<{ tries: number; recorded: boolean }> {
  const clock = fakeClock('2026-01-01T00:00:00Z');
  let [tries, recorded] = [0, false];
  const record = async () => {
    tries += 1;
    const error = fail(tries);
    if (error !== undefined) throw error;
    recorded = true;
    return 'recorded' as const;
  };
  const hearing = new Hearing({ store: house.store, clock, log, record });
  await hearing.hear(workspaceId, said('1'));
  hearing.start();
  await vi.waitUntil(
    async () => {
      await clock.advance(60_000);
      return (await house.store.read.inbox.waitingCounts()).heard === 0;
    },
    { timeout: 30_000 },
  );
  await hearing.stop();
  return { tries, recorded };
}

test('a platform that can’t be asked for long loses nothing', async () => {
  const away = new BridgeError('unreachable', 'nobody answers', {
    sentence: 'Nobody answers.',
    retry: 'later',
    certain: true,
  });
  const { tries, recorded } = await hearThrough((count) => (count <= TRIES ? away : undefined));
  expect([tries, recorded]).toEqual([TRIES + 1, true]);
});

test('a fault of our own ends after some tries, and the channel goes on', async () => {
  const { tries, recorded } = await hearThrough(() => new TypeError('a bug'));
  expect(recorded).toBe(false);
  expect(tries).toBeGreaterThan(5);
  expect(tries).toBeLessThan(TRIES);
});

/** What is recorded of one channel, in order, while `talk` goes on. */
async function recordedWhile(
  outcome: (key: string, tries: number) => 'recorded' | 'later',
  talk: (hearing: Hearing, advance: (ms: number) => Promise<void>) => Promise<void>,
): Promise<readonly string[]> {
  const clock = fakeClock('2026-01-01T00:00:00Z');
  const tries = new Map<string, number>();
  const recorded: string[] = [];
  const record = async (_: WorkspaceId, { key }: PlatformEvent) => {
    tries.set(key, (tries.get(key) ?? 0) + 1);
    const what = outcome(key, tries.get(key) ?? 0);
    if (what === 'recorded') recorded.push(key);
    return what;
  };
  const hearing = new Hearing({ store: house.store, clock, log, record });
  await talk(hearing, (ms) => clock.advance(ms));
  await vi.waitUntil(
    async () => {
      await clock.advance(5_000);
      return (await house.store.read.inbox.waitingCounts()).heard === 0;
    },
    { timeout: 30_000 },
  );
  await hearing.stop();
  return recorded;
}

const saidAt = (key: string, at: string): PlatformEvent => ({ ...said(key), at: new Date(at) });
const first = saidAt('first', '2026-01-01T00:00:01Z');
const second = saidAt('second', '2026-01-01T00:00:02Z');

test('what an earlier life stored waits for the reading of what was said before it', async () => {
  await house.store.read.inbox.hear(workspaceId, second);
  const recorded = await recordedWhile(
    () => 'recorded',
    async (hearing, advance) => {
      hearing.holdBack(workspaceId);
      hearing.start();
      await advance(3_000);
      await hearing.hear(workspaceId, first);
      hearing.goOn(workspaceId);
    },
  );
  expect(recorded).toEqual(['first', 'second']);
});

test('what was read from the history holds back what was said after it, though that was stored before', async () => {
  await house.store.read.inbox.hear(workspaceId, second);
  await house.store.read.inbox.hear(workspaceId, first);
  const recorded = await recordedWhile(
    (key, tries) => (key === 'first' && tries < 3 ? 'later' : 'recorded'),
    async (hearing) => hearing.start(),
  );
  expect(recorded).toEqual(['first', 'second']);
});

test('what was read from the history comes before all that was said after it, however much of that was stored before', async () => {
  const later = Array.from({ length: 250 }, (_, index) =>
    saidAt(`later ${String(index).padStart(3, '0')}`, '2026-01-01T00:00:02Z'),
  );
  for (const event of later) await house.store.read.inbox.hear(workspaceId, event);
  await house.store.read.inbox.hear(workspaceId, first);
  const recorded = await recordedWhile(
    () => 'recorded',
    async (hearing) => hearing.start(),
  );
  expect(recorded).toEqual(['first', ...later.map(({ key }) => key)]);
});

test('what was said within one millisecond is taken in the order of its posts, whichever was told first', async () => {
  const [one, two] = [said('C1:1767225600.000100'), said('C1:1767225600.000200')];
  await house.store.read.inbox.hear(workspaceId, two);
  await house.store.read.inbox.hear(workspaceId, one);
  const recorded = await recordedWhile(
    (key, tries) => (key === one.key && tries < 3 ? 'later' : 'recorded'),
    async (hearing) => hearing.start(),
  );
  expect(recorded).toEqual([one.key, two.key]);
});

test('a channel whose gap was read waits for no other one', async () => {
  const other = as<ChannelId>('C2');
  const inOther = { ...saidAt('other', '2026-01-01T00:00:01Z'), channel: other } as PlatformEvent;
  const recorded = await recordedWhile(
    () => 'recorded',
    async (hearing, advance) => {
      hearing.holdBack(workspaceId);
      hearing.start();
      await hearing.hear(workspaceId, second);
      expect(hearing.waitingIn(workspaceId, [other, as<ChannelId>('C1')])).toBe('C1');
      await hearing.hear(workspaceId, inOther);
      hearing.goOn(workspaceId, other);
      await vi.waitUntil(async () => {
        await advance(5_000);
        return (await house.store.read.inbox.waitingCounts()).heard === 1;
      });
      await hearing.hear(workspaceId, first);
      hearing.goOn(workspaceId);
    },
  );
  expect(recorded).toEqual(['other', 'first', 'second']);
});

test('what was done earlier and is told a moment later comes first, and meanwhile no other channel waits', async () => {
  const inOther = { ...said('other'), channel: as<ChannelId>('C2') } as PlatformEvent;
  const recorded = await recordedWhile(
    () => 'recorded',
    async (hearing, advance) => {
      hearing.start();
      await hearing.hear(workspaceId, second, 300);
      await hearing.hear(workspaceId, inOther);
      await vi.waitUntil(async () => (await house.store.read.inbox.waitingCounts()).heard === 1);
      await advance(299);
      await hearing.hear(workspaceId, first, 300);
    },
  );
  expect(recorded).toEqual(['other', 'first', 'second']);
});
