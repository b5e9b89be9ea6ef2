// Who works: take-over after a death, a pause, a hand-over and a time without a database, on a real one.
import path from 'node:path';
import { Pool } from 'pg';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Lease } from '../../../src/runtime/lease.ts';
import type { Query } from '../../../src/runtime/lease.ts';
import { createLog } from '../../../src/runtime/log.ts';
import { fakeClock, systemClock } from '../../../src/runtime/time.ts';
import type { Clock } from '../../../src/runtime/time.ts';
import { freshDatabase } from '../../support/postgres.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { runProgram } from '../../support/program.ts';
import type { Program } from '../../support/program.ts';

const log = createLog({ level: 'silent' });
const never = new AbortController().signal;
const TTL_MS = 1_200;
const WAIT = { timeout: 20_000 };
vi.setConfig({ testTimeout: 60_000 });

let database: TestDatabase;
let pool: Pool;
let programs: Program[];
let leases: Lease[];

beforeEach(async () => {
  database = await freshDatabase();
  pool = new Pool({
    host: database.host,
    port: database.port,
    user: database.user,
    password: database.password,
    database: database.dbName,
    max: 3,
  });
  // The pool's end doesn't wait for the last goodbye, and the database is dropped by force.
  pool.on('connect', (client) => client.on('error', () => undefined));
  pool.on('error', () => undefined);
  programs = [];
  leases = [];
  await pool.query(`
    create table if not exists lease (name text primary key, owner text not null, fence bigint not null, expires_at timestamptz not null);
    create table act (id bigserial primary key, owner text not null, fence bigint not null, decided_at timestamptz not null, at timestamptz not null default clock_timestamp())`);
});

afterEach(async () => {
  for (const program of programs) program.signal('SIGKILL');
  await Promise.all(programs.map((program) => program.ended));
  await Promise.all(leases.map((lease) => lease.release()));
  await pool.end();
  await database.drop();
});

const query: Query = async (sql, parameters) => (await pool.query(sql, [...parameters])).rows;

function makeLease(owner: string, options: { clock?: Clock; ttlMs?: number; query?: Query } = {}): Lease {
  const { ttlMs = 600, clock = systemClock } = options;
  const lease = new Lease({
    query: options.query ?? query,
    name: 'work',
    owner,
    clock,
    log,
    ttlMs,
    renewMs: ttlMs / 3,
  });
  leases.push(lease);
  return lease;
}

function runWorker(owner: string, ttlMs = TTL_MS): Program {
  const file = path.join(import.meta.dirname, 'programs/lease-program.ts');
  const program = runProgram(file, [database.url, owner, String(ttlMs)]);
  programs.push(program);
  return program;
}

/** Waits until that process has acted more than it had. */
async function actsAgain(owner: string): Promise<void> {
  const countActs = async (): Promise<number> =>
    (await pool.query('select from act where owner = $1', [owner])).rowCount ?? 0;
  const before = await countActs();
  await vi.waitUntil(async () => (await countActs()) > before + 3, WAIT);
}

/**
 * Acts that somebody decided on when their successor had acted already. One that was decided on before may be on its
 * way when the process is paused, and arrives when it goes on: that no lease can prevent, the fence in the row does.
 */
async function staleActs(): Promise<unknown[]> {
  const { rows } = await pool.query(
    'select * from act where exists (select from act as earlier where earlier.at < act.decided_at and earlier.fence > act.fence)',
  );
  return rows;
}

/** How long nobody worked when the holder of this fence began, in milliseconds. */
async function gapBefore(fence: number): Promise<number> {
  const { rows } = await pool.query<{ gap: number }>(
    `select extract(epoch from (select min(at) from act where fence = $1) - (select max(at) from act where fence < $1))::float8 * 1000 as gap`,
    [fence],
  );
  return rows[0]?.gap ?? Number.NaN;
}

async function endOfLease(): Promise<number> {
  const { rows } = await pool.query<{ expires_at: Date }>('select expires_at from lease');
  return rows[0]?.expires_at.getTime() ?? Number.NaN;
}

test('a standby takes over from a process that was killed, within the lease time', async () => {
  const first = runWorker('first');
  await first.line('acquired 1');
  const second = runWorker('second');
  await actsAgain('first');
  first.signal('SIGKILL');
  await second.line('acquired 2');
  await actsAgain('second');
  expect(await staleActs()).toEqual([]);
  expect(await gapBefore(2)).toBeLessThan(TTL_MS * 3);
});

test('a process that was paused past its lease does nothing when it goes on, and stands by', async () => {
  const first = runWorker('first');
  await first.line('acquired 1');
  const second = runWorker('second');
  await actsAgain('first');
  first.signal('SIGSTOP');
  await second.line('acquired 2');
  await actsAgain('second');
  first.signal('SIGCONT');
  await first.line('lost');
  await actsAgain('second');
  expect(await staleActs()).toEqual([]);

  second.signal('SIGKILL');
  await first.line('acquired 3');
  expect(await staleActs()).toEqual([]);
});

test('a process that is asked to stop hands over at once', async () => {
  const first = runWorker('first', 9_000);
  await first.line('acquired 1');
  const second = runWorker('second', 9_000);
  await actsAgain('first');
  first.signal('SIGTERM');
  expect(await first.ended).toBe(0);
  await second.line('acquired 2');
  await actsAgain('second');
  expect(await staleActs()).toEqual([]);
  expect(await gapBefore(2)).toBeLessThan(4_000);
});

test('of many that ask at once, one gets it', async () => {
  const all = Array.from({ length: 8 }, (_, index) => makeLease(`owner ${index}`));
  const stop = new AbortController();
  const answers = all.map((lease) => lease.acquire(stop.signal));
  await Promise.race(answers);
  await vi.waitUntil(async () => (await pool.query('select from lease')).rowCount === 1, WAIT);
  expect(all.filter((lease) => lease.valid())).toHaveLength(1);
  stop.abort();
  expect((await Promise.all(answers)).filter(Boolean)).toHaveLength(1);
});

test('renewal keeps the lease and its fence for longer than it lasts', async () => {
  const holder = makeLease('holder');
  await holder.acquire(never);
  const firstEnd = await endOfLease();
  await vi.waitUntil(async () => (await endOfLease()) > firstEnd + 1_200, WAIT);
  expect(holder.valid()).toBe(true);
  expect(holder.fence).toBe(1n);
});

test('without a database the holder stops at 0.8 of the lease time, and goes on with the same fence when nobody took over', async () => {
  const clock = fakeClock();
  let isAway = false;
  const shaky: Query = (sql, parameters) =>
    isAway ? Promise.reject(new Error('connection refused')) : query(sql, parameters);
  const holder = makeLease('holder', { clock, ttlMs: 15_000, query: shaky });
  await holder.acquire(never);

  isAway = true;
  await clock.advance(11_999);
  expect(holder.valid()).toBe(true);
  await clock.advance(1);
  expect(holder.valid()).toBe(false);
  await clock.advance(60_000);
  expect(holder.lost.aborted).toBe(false);

  isAway = false;
  await vi.waitUntil(async () => {
    await clock.advance(500);
    return holder.valid();
  }, WAIT);
  expect(holder.fence).toBe(1n);
});

test('an answer that never comes does not stop the renewals', async () => {
  const clock = fakeClock();
  let isHanging = false;
  const hanging: Query = (sql, parameters) => (isHanging ? new Promise(() => {}) : query(sql, parameters));
  const holder = makeLease('holder', { clock, ttlMs: 15_000, query: hanging });
  await holder.acquire(never);
  isHanging = true;
  await clock.advance(20_000);
  expect(holder.valid()).toBe(false);
  isHanging = false;
  await vi.waitUntil(async () => {
    await clock.advance(500);
    return holder.valid();
  }, WAIT);
  expect(holder.fence).toBe(1n);
});

test('a holder whose place was taken learns it, and may stand by again', async () => {
  const holder = makeLease('holder');
  await holder.acquire(never);
  const { lost } = holder;
  await pool.query(
    `update lease set owner = 'other', fence = fence + 1, expires_at = clock_timestamp() + interval '0.3 seconds'`,
  );
  await vi.waitUntil(() => lost.aborted, WAIT);
  expect(holder.valid()).toBe(false);
  expect(holder.fence).toBeUndefined();
  expect(await holder.acquire(never)).toBe(true);
  expect(holder.fence).toBe(3n);
  expect(holder.lost.aborted).toBe(false);
});

test('a wall clock that ran on while the machine slept ends the trust, even if the monotonic clock stood still', async () => {
  const clock = fakeClock('2026-01-01T00:00:00Z');
  const holder = makeLease('holder', { clock, ttlMs: 15_000 });
  await holder.acquire(never);
  clock.setNow(new Date('2026-01-01T00:00:13Z'));
  expect(holder.valid()).toBe(false);
});

test('one who gave the lease back lets another take it, and may ask for it again', async () => {
  const first = makeLease('first');
  const second = makeLease('second');
  await first.acquire(never);
  await first.release();
  expect(first.valid()).toBe(false);
  expect(await second.acquire(never)).toBe(true);
  await second.release();
  expect(await first.acquire(never)).toBe(true);
  expect(first.fence).toBe(3n);
  const end = await endOfLease();
  await vi.waitUntil(async () => (await endOfLease()) > end, WAIT);
  expect(first.valid()).toBe(true);
});

test('a standby waits through a time without a database, and gives up waiting when told to', async () => {
  let isAway = true;
  const shaky: Query = (sql, parameters) =>
    isAway ? Promise.reject(new Error('connection refused')) : query(sql, parameters);
  const standby = makeLease('standby', { query: shaky });
  const stop = new AbortController();
  const gaveUp = standby.acquire(stop.signal);
  stop.abort();
  expect(await gaveUp).toBe(false);

  const answer = standby.acquire(never);
  isAway = false;
  expect(await answer).toBe(true);
});
