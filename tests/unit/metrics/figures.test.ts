// The figures against a slow calculation over generated histories: overlapping questions, late arrivals, edits, phones, notes, several agents of whom
// one has left, and days on which clocks are moved.
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AgentId, ChatId, MessageId } from '../../../src/domain/ids.ts';
import { fakeClock } from '../../../src/runtime/time.ts';
import { connect } from '../../support/postgres.ts';
import { History, slowEpisodes, slowPercentile, type Replied, type Said } from './history.ts';

let history: History;
let agents: AgentId[];

beforeAll(async () => {
  history = await History.open();
  agents = [await history.agent('ana'), await history.agent('ben'), await history.agent('gone')];
  await history.store.query(`update agent set status = 'deactivated', deactivated_at = now() where id = $1`, [
    agents[2],
  ]);
});
afterAll(() => history.close());

/** Four days within which the clocks of these zones are moved: back by an hour, forward by one, back by half of one, and never. */
const frames = fc.constantFrom(
  { start: '2026-10-23T20:00:00Z', timeZone: 'Europe/Berlin' },
  { start: '2026-03-06T20:00:00Z', timeZone: 'America/New_York' },
  { start: '2026-04-03T02:00:00Z', timeZone: 'Australia/Lord_Howe' },
  { start: '2026-10-23T20:00:00Z', timeZone: 'Asia/Kathmandu' },
);
const MINUTES = 4 * 24 * 60;
const minute = fc.integer({ min: 0, max: MINUTES });
/** Minutes after the beginning of a frame. */
type At = (minutes: number) => Date;
const atOf = (start: string): At => {
  const startMs = Date.parse(start);
  return (minutes) => new Date(startMs + minutes * 60_000);
};

const said = fc.record({
  what: fc.constant('said' as const),
  chat: fc.nat({ max: 1 }),
  minute,
  isInternal: fc.nat({ max: 4 }).map((value) => value === 0),
  kind: fc.constantFrom('text' as const, 'text' as const, 'text' as const, 'call' as const, 'change' as const),
  isFiltered: fc.nat({ max: 9 }).map((value) => value === 0),
  postedAfter: fc.option(fc.nat({ max: 300 }), { nil: undefined }),
});
const replied = fc.record({
  what: fc.constant('replied' as const),
  chat: fc.nat({ max: 1 }),
  minute,
  agent: fc.nat({ max: 2 }),
  source: fc.constantFrom('platform' as const, 'web' as const, 'phone' as const, 'automation' as const),
  ackedAfter: fc.option(fc.nat({ max: 90 }), { nil: undefined }),
  isNote: fc.nat({ max: 5 }).map((value) => value === 0),
  isAckedLater: fc.boolean(),
});
/** Something said before is edited, or deleted: it counts as it did. */
const changed = fc.record({ what: fc.constant('changed' as const), isDeleted: fc.boolean(), which: fc.nat(), minute });
/** In the order of arrival, which is not that of the times. */
const happenings = fc.array(
  fc.oneof({ weight: 5, arbitrary: said }, { weight: 5, arbitrary: replied }, { weight: 1, arbitrary: changed }),
  { minLength: 6, maxLength: 30, size: 'max' },
);

type Happening = typeof happenings extends fc.Arbitrary<infer T> ? T : never;

async function play(list: Happening, at: At) {
  const chats = [await history.chat('one'), await history.chat('two')];
  const chatOf = (index: number): ChatId => chats[index] ?? fail('no such chat');
  const allSaid: Said[] = [];
  const allReplied: Replied[] = [];
  const later: (() => Promise<void>)[] = [];
  const ids: MessageId[] = [];
  for (const happening of list) {
    if (happening.what === 'changed') {
      const id = ids[happening.which % Math.max(1, ids.length)];
      const time = happening.isDeleted ? { deletedAt: at(happening.minute) } : { editedAt: at(happening.minute) };
      if (id !== undefined) await history.store.read.messages.update(id, { ...time, text: 'other words' });
      continue;
    }
    const chat = chatOf(happening.chat);
    if (happening.what === 'said') {
      const { isInternal, kind, isFiltered, postedAfter } = happening;
      const postedAt = postedAfter === undefined ? undefined : at(happening.minute + postedAfter);
      const one: Said = { chat, at: at(happening.minute), isInternal, kind, isFiltered, postedAt };
      allSaid.push(one);
      ids.push(await history.said(one));
    } else {
      const { source, ackedAfter, isNote, isAckedLater } = happening;
      const agent = source === 'phone' ? undefined : agents[happening.agent];
      const ackedAt = ackedAfter === undefined ? undefined : at(happening.minute + ackedAfter);
      const one: Replied = { chat, agent, source, at: at(happening.minute), ackedAt, isNote };
      allReplied.push(one);
      if (isAckedLater && ackedAt !== undefined) {
        const id = await history.replied({ ...one, ackedAt: undefined });
        ids.push(id);
        later.push(() => history.acked(id, chat, ackedAt));
      } else {
        ids.push(await history.replied(one));
      }
    }
  }
  for (const ack of later) await ack();
  return { chats, allSaid, allReplied };
}

/** Equal to within hundredths: the database's arithmetic is not ours. */
const near = (value: number | null): unknown => (value === null ? null : expect.closeTo(value, 2));

function fail(message: string): never {
  throw new Error(message);
}

const inside = (when: Date | null | undefined, from: Date, to: Date): boolean =>
  when !== null && when !== undefined && when >= from && when < to;

test('any history gives the figures of the slow calculation, whatever the order in which it arrives', async () => {
  await fc.assert(
    fc.asyncProperty(
      frames,
      happenings,
      minute,
      minute,
      fc.option(fc.nat({ max: 2 })),
      async (frame, list, one, other, who) => {
        const at = atOf(frame.start);
        const { chats, allSaid, allReplied } = await play(list, at);
        const [from, to] = [at(Math.min(one, other)), at(Math.max(one, other))];
        const agentId = who === null ? undefined : agents[who];
        const metrics = history.metrics(fakeClock('2026-12-01T00:00:00Z'));
        const filter = { from, to, scope: new Set(chats), agentId };
        const figures = await metrics.summary(filter);

        const isTheirs = (agent: AgentId | null | undefined): boolean => agentId === undefined || agent === agentId;
        const counted = allReplied.filter(
          ({ source, isNote, ackedAt }) => source !== 'automation' && isNote !== true && inside(ackedAt, from, to),
        );
        const mine = counted.filter(({ agent }) => isTheirs(agent));
        expect(figures.replies.total).toBe(mine.length);
        expect(figures.replies.bySource).toEqual({
          fake: mine.filter(({ source }) => source === 'platform').length,
          web: mine.filter(({ source }) => source === 'web').length,
          phone: mine.filter(({ source }) => source === 'phone').length,
        });
        for (const agent of agents) {
          const row = figures.replies.byAgent.find((found) => found.agentId === agent);
          expect(row?.count ?? 0).toBe(mine.filter((reply) => reply.agent === agent).length);
        }
        expect(await metrics.replies(filter, { limit: 100 })).toHaveLength(mine.length);

        const episodes = slowEpisodes(allSaid, allReplied);
        const seconds = episodes
          .filter(({ answeredAt, agent }) => inside(answeredAt, from, to) && isTheirs(agent))
          .map(({ askedAt, answeredAt }) => ((answeredAt?.getTime() ?? 0) - askedAt.getTime()) / 1000);
        const sum = seconds.reduce((total, value) => total + value, 0);
        expect(figures.firstResponse).toMatchObject({
          count: seconds.length,
          averageSeconds: near(seconds.length === 0 ? null : sum / seconds.length),
          medianSeconds: near(slowPercentile(seconds, 0.5)),
          p90Seconds: near(slowPercentile(seconds, 0.9)),
          business: null,
        });
        const rows = await metrics.firstResponses(filter, { limit: 100 });
        expect(rows.map((row) => row.seconds).sort((a, b) => a - b)).toEqual(seconds.sort((a, b) => a - b));

        const open = episodes.filter(({ answeredAt }) => answeredAt === null).map(({ askedAt }) => askedAt.getTime());
        expect(figures.unanswered).toEqual({
          count: open.length,
          oldestSince: open.length === 0 ? null : new Date(Math.min(...open)),
        });
        const waiting = await metrics.unanswered(filter, { limit: 100 });
        expect(waiting.map((row) => row.at.getTime())).toEqual(open.sort((a, b) => a - b));

        const received = allSaid.filter((message) => message.kind !== 'change' && inside(message.at, from, to));
        const filtered = received.filter(({ isFiltered }) => isFiltered === true);
        const mirrored = received.filter(({ isFiltered, postedAt }) => isFiltered !== true && postedAt !== undefined);
        const lags = mirrored.map((message) => (message.postedAt?.getTime() ?? 0) - message.at.getTime());
        expect(figures.received).toBe(received.length);
        expect(figures.ledger).toMatchObject({
          received: received.length,
          filtered: filtered.length,
          mirrored: mirrored.length,
          gapCount: received.length - filtered.length - mirrored.length,
        });
        expect(figures.ledger.gaps).toHaveLength(figures.ledger.gapCount);
        expect(figures.bridgeLag).toEqual({
          medianMs: near(slowPercentile(lags, 0.5)),
          p99Ms: near(slowPercentile(lags, 0.99)),
        });
        const active = new Set([
          ...received.filter(({ isFiltered }) => isFiltered !== true).map(({ chat }) => chat),
          ...counted.map(({ chat }) => chat),
        ]);
        expect(figures.activeChats).toBe(active.size);

        const { timeZone } = frame;
        const series = await metrics.series(filter, timeZone);
        const dayOf = (when: Date): string => when.toLocaleDateString('sv-SE', { timeZone });
        for (const point of series) {
          const repliesOfDay = mine.filter(({ ackedAt }) => ackedAt !== undefined && dayOf(ackedAt) === point.day);
          expect([point.day, point.replies]).toEqual([point.day, repliesOfDay.length]);
          expect(point.received).toBe(received.filter((message) => dayOf(message.at) === point.day).length);
        }
        expect(series.reduce((total, point) => total + point.replies, 0)).toBe(mine.length);
        expect(series.reduce((total, point) => total + point.responses, 0)).toBe(seconds.length);
      },
    ),
    { numRuns: 20 },
  );
});

test('phone replies answer nobody when the setting says so, and a recount makes the past agree', async () => {
  await fc.assert(
    fc.asyncProperty(frames, happenings, async ({ start }, list) => {
      const { chats, allSaid, allReplied } = await play(list, atOf(start));
      await history.store.read.settings.set('metrics', { countsPhone: false }, new Date());
      try {
        for (const chat of chats) await history.store.transaction((tx) => tx.episodes.recount(chat));
      } finally {
        await history.store.read.settings.set('metrics', {}, new Date());
      }
      const expected = slowEpisodes(allSaid, allReplied, false);
      const sql = await connect(history.database);
      const found = await sql.query(
        'select chat_id, asked_at, answered_at, agent_id from episode where chat_id = any($1)',
        [chats],
      );
      await sql.end();
      const line = (parts: readonly unknown[]): string => JSON.stringify(parts);
      expect(found.rows.map((row) => line([row.chat_id, row.asked_at, row.answered_at])).sort()).toEqual(
        expected.map((row) => line([row.chat, row.askedAt, row.answeredAt])).sort(),
      );
    }),
    { numRuns: 8 },
  );
});
