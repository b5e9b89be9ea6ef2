// Digests: when they are due, made once whoever tries, what they say, and their picture.
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { as, type AgentId, type ChannelId } from '../../../src/domain/ids.ts';
import { momentOf } from '../../../src/domain/zone.ts';
import { dueDigests, type Digest } from '../../../src/metrics/digest.ts';
import { drawPicture } from '../../../src/metrics/draw.ts';
import { drawableName } from '../../../src/metrics/picture.ts';
import { altText, changeWords, durationWords, presentDigest } from '../../../src/metrics/present.ts';
import { plainText } from '../../../src/domain/text.ts';
import { fakeClock } from '../../../src/runtime/time.ts';
import type { By } from '../../../src/store/audit.ts';
import type { DigestRow } from '../../../src/store/digest.ts';
import { connect } from '../../support/postgres.ts';
import { History } from './history.ts';

const berlin = 'Europe/Berlin';
const longAgo = new Date('2026-01-01T00:00:00Z');
const nine = { timeZone: berlin, minutes: 9 * 60, weekly: true, since: longAgo };
const due = (schedule: typeof nine, now: string) =>
  dueDigests(schedule, new Date(now)).map(({ kind, period, dueAt, from, to }) =>
    [kind, period, dueAt, from, to]
      .map((value) => (value instanceof Date ? value.toISOString().slice(0, 16) : value))
      .join(' '),
  );

describe('what is due', () => {
  test.each([
    [
      'a minute early: still that of the day before',
      nine,
      '2026-11-24T07:59:00Z',
      [
        'daily 2026-11-22 2026-11-23T08:00 2026-11-21T23:00 2026-11-22T23:00',
        'weekly 2026-11-16 2026-11-23T08:00 2026-11-15T23:00 2026-11-22T23:00',
      ],
    ],
    [
      'on the minute',
      nine,
      '2026-11-24T08:00:00Z',
      [
        'daily 2026-11-23 2026-11-24T08:00 2026-11-22T23:00 2026-11-23T23:00',
        'weekly 2026-11-16 2026-11-23T08:00 2026-11-15T23:00 2026-11-22T23:00',
      ],
    ],
    [
      'the day after summer time ended: of a day of 25 hours',
      { ...nine, weekly: false },
      '2026-10-26T08:00:00Z',
      ['daily 2026-10-25 2026-10-26T08:00 2026-10-24T22:00 2026-10-25T23:00'],
    ],
    [
      'at a time that the change of clocks skips: right after',
      { ...nine, weekly: false, minutes: 150 },
      '2026-03-29T01:30:00Z',
      ['daily 2026-03-28 2026-03-29T01:30 2026-03-27T23:00 2026-03-28T23:00'],
    ],
    [
      'at a time that comes twice: the first time',
      { ...nine, weekly: false, minutes: 150 },
      '2026-10-25T00:30:00Z',
      ['daily 2026-10-24 2026-10-25T00:30 2026-10-23T22:00 2026-10-24T22:00'],
    ],
    [
      'before the schedule was set: nothing',
      { ...nine, since: new Date('2026-11-24T08:00:01Z') },
      '2026-11-24T09:00:00Z',
      [],
    ],
  ])('%s', (_, schedule, now, expected) => {
    expect(due(schedule, now)).toEqual(expected);
  });
});

describe('made by the clock', () => {
  let history: History;
  let ana: AgentId;
  const by: By = { actor: { kind: 'token' }, source: 'api' };
  let posted: DigestRow[];
  const post = async (_: unknown, digest: DigestRow): Promise<void> => {
    posted.push(digest);
  };
  const schedule = { channelId: as<ChannelId>('C1'), minutes: 9 * 60, timeZone: berlin };

  beforeAll(async () => {
    history = await History.open();
    ana = await history.agent('ana');
    const chat = await history.chat('Mia Miller');
    const at = (time: string): Date => new Date(`2026-11-23T${time}Z`);
    await history.said({ chat, at: at('10:00:00'), postedAt: at('10:00:01') });
    await history.replied({ chat, agent: ana, source: 'platform', at: at('10:03:00'), ackedAt: at('10:04:00') });
    await history.said({ chat, at: at('11:00:00'), postedAt: at('11:00:02') });
  });
  afterAll(() => history.close());
  beforeEach(async () => {
    posted = [];
    const sql = await connect(history.database);
    await sql.query('delete from digest');
    await sql.query('delete from digest_schedule');
    await sql.end();
  });

  test('several processes and restarts post a day once, at its time', async () => {
    const clock = fakeClock('2026-11-24T07:58:00Z');
    const many = [1, 2, 3].map(() => history.metrics(clock, post));
    await many[0]?.setSchedule(history.workspace.id, schedule, by);
    for (const metrics of many) metrics.start();
    // The calls of the real clock and of the loops' own time find nothing before it's due.
    await vi.waitFor(() => expect(clock.sleeperCount).toBeGreaterThanOrEqual(3), { timeout: 15_000 });
    expect(posted).toEqual([]);
    await clock.advance(11 * 60_000);
    await vi.waitFor(() => expect(posted).toHaveLength(1), { timeout: 15_000 });
    for (const metrics of many) await metrics.stop();
    const again = history.metrics(clock, post);
    again.start();
    await vi.waitFor(() => expect(clock.sleeperCount).toBeGreaterThanOrEqual(2), { timeout: 15_000 });
    await again.stop();
    expect(posted.map(({ kind, period, channelId }) => [kind, period, channelId])).toEqual([
      ['daily', '2026-11-23', 'C1'],
    ]);
    expect(posted[0]?.content).toMatchObject({
      isLate: false,
      figures: { replies: 1, received: 2, medianSeconds: 240 },
    });
  });

  test('after downtime it is posted once, late, and says so', async () => {
    await history.metrics(fakeClock('2026-11-23T12:00:00Z'), post).setSchedule(history.workspace.id, schedule, by);
    const metrics = history.metrics(fakeClock('2026-11-24T15:00:00Z'), post);
    metrics.start();
    await vi.waitFor(() => expect(posted).toHaveLength(1), { timeout: 15_000 });
    await metrics.stop();
    const id = posted[0]?.id ?? as('none');
    const made = await metrics.post(id);
    expect(made?.channelId).toBe('C1');
    expect(made?.post.lines.at(-1)).toMatch(/^Posted late/);
    expect(made?.post.summary).toContain('1 chat is waiting for an answer, the longest for 1d 4h');
    expect(made?.post.summary).not.toContain('Mia Miller');
  });

  test('it names chats only where that is set', async () => {
    const metrics = history.metrics(fakeClock('2026-11-24T15:00:00Z'), post);
    await metrics.setSchedule(history.workspace.id, { ...schedule, namesChats: true }, by);
    const result = await metrics.postNow(history.workspace.id, by);
    const digest = 'digest' in result ? result.digest : undefined;
    expect(digest).toMatchObject({ kind: 'now', content: { waiting: { longest: [{ name: 'Mia Miller' }] } } });
    expect(posted).toHaveLength(1);
  });

  test('without a channel nothing is posted, and why is said', async () => {
    const metrics = history.metrics(fakeClock('2026-11-24T15:00:00Z'), post);
    expect(await metrics.postNow(history.workspace.id, by)).toEqual({
      refused: 'No channel is set for the digest yet.',
    });
    const nowhere = { ...schedule, timeZone: 'Europe/Atlantis' };
    expect(await metrics.setSchedule(history.workspace.id, nowhere, by)).toMatchObject({ refused: expect.any(String) });
    expect(await metrics.dropSchedule(history.workspace.id, by)).toBe(false);
  });

  test('the first start counts the Episodes of all chats, and a change of the rules counts them anew', async () => {
    const clock = fakeClock('2026-11-24T15:00:00Z');
    const seconds = async (): Promise<(number | null)[]> =>
      (
        await history.store.read.figures.responseRows({ scope: 'all', from: longAgo, to: clock.now() }, { limit: 10 })
      ).map((row) => row.businessSeconds);
    const days = Array.from({ length: 7 }, () => [['11:00', '11:02']]);
    await history.store.read.settings.set('metrics', { businessHours: { timeZone: berlin, days } }, clock.now());
    const metrics = history.metrics(clock, post);
    metrics.start();
    // 10:00 to 10:04 UTC is 11:00 to 11:04 in Berlin.
    await vi.waitFor(async () => expect(await seconds()).toEqual([120]), { timeout: 15_000 });
    await metrics.stop();
  });
});

const week: Digest = {
  kind: 'weekly',
  timeZone: berlin,
  from: momentOf(berlin, '2026-11-16').toISOString(),
  to: momentOf(berlin, '2026-11-23').toISOString(),
  madeAt: momentOf(berlin, '2026-11-23', 540).toISOString(),
  isLate: false,
  numbers: 2,
  figures: {
    replies: 112,
    received: 200,
    activeChats: 31,
    unresolved: 9,
    opened: 4,
    closed: 5,
    responses: 70,
    averageSeconds: 600,
    medianSeconds: 485,
    p90Seconds: 1800,
  },
  before: null,
  inProgress: 3,
  phoneReplies: 2,
  agents: Array.from({ length: 12 }, (_, index) => ({
    email: `agent-${index}@acme.com`,
    name: null,
    replies: 20 - index,
    medianSeconds: 60,
  })),
  waiting: { count: 0, oldestSince: null, longest: [] },
  lag: { medianMs: 400, p99Ms: 12_000 },
  ledger: { received: 200, mirrored: 190, filtered: 8, gapCount: 2 },
  days: [{ day: '2026-11-22', replies: 4, medianSeconds: null }],
};

test('a digest says its figures, its best ten, and what the ledger misses', () => {
  const before = { ...week.figures, replies: 100, medianSeconds: 500, unresolved: 9, received: 0 };
  const post = presentDigest({ ...week, before });
  const text = plainText(post.text);
  expect(text).toContain('Weekly support digest · 16 – 22 November 2026');
  expect(text).toContain('112 replies (+12%), 2 of them from the phone');
  expect(text).toContain('9 tickets unresolved (±0%), 3 of them in progress; 4 opened, 5 closed');
  expect(text).toContain('median 8m 05s (−3%), average 10m 00s, 9 in 10 within 30m 00s, of 70');
  expect(text).toContain('agent-9@acme.com');
  expect(text).not.toContain('agent-10@acme.com');
  expect(text).toContain('and 2 more with 19 replies');
  expect(post.lines).toEqual([
    'Ledger: 200 received = 190 mirrored + 8 left out · 2 missing: see /wa deliveries · shown after 0.4s, 99 in 100 within 12s',
  ]);
  expect(altText({ ...week, before })).toContain('112 replies');
});

test('an empty period is one line, and the first one says that it is the first', () => {
  const none = { ...week.figures, replies: 0, received: 0, opened: 0, closed: 0 };
  const post = presentDigest({ ...week, figures: none });
  expect(post.text).toHaveLength(1);
  expect(post.summary).toMatch(/nothing came in and nothing went out\.$/);
  expect(presentDigest(week).lines).toContain('The first one: changes are shown from the next on.');
});

test.each([
  [0, '0s'],
  [59.4, '59s'],
  [59.6, '1m 00s'],
  [3599.6, '1h 00m'],
  [15_120, '4h 12m'],
  [273_600, '3d 4h'],
  [null, '–'],
])('%s seconds are written %s', (seconds, words) => {
  expect(durationWords(seconds)).toBe(words);
});

test('a change is said in per cent, and not at all without something to compare with', () => {
  expect([
    changeWords(112, 100),
    changeWords(91, 100),
    changeWords(5, 5),
    changeWords(5, 0),
    changeWords(null, 3),
  ]).toEqual(['+12%', '−9%', '±0%', undefined, undefined]);
  expect(changeWords(5000, 1)).toBe('>999%');
});

test.each([
  ['Łukasz Wójcik', 'Łukasz Wójcik'],
  ['Ωμέγα', 'Ωμέγα'],
  ['佐藤 健二', 'x@acme.com'],
  ['Ana 🦊', 'x@acme.com'],
  ['', 'x@acme.com'],
])('“%s” is drawn as “%s”', (name, drawn) => {
  expect(drawableName({ name, email: 'x@acme.com' })).toBe(drawn);
});

test('the picture is a PNG 1800 pixels wide, drawn without holding up this thread', async () => {
  let longestMs = 0;
  let lastMs = performance.now();
  const ticks = setInterval(() => {
    longestMs = Math.max(longestMs, performance.now() - lastMs);
    lastMs = performance.now();
  }, 5);
  const startedMs = performance.now();
  const picture = await drawPicture(week);
  clearInterval(ticks);
  const { format, width, height } = await sharp(picture).metadata();
  expect([format, width]).toEqual(['png', 1800]);
  expect(height).toBeGreaterThan(1500);
  // Drawing itself takes some tenths of a second of the processor; the thread must never have been kept for most of it.
  expect(longestMs).toBeLessThan((performance.now() - startedMs) / 2);
});
