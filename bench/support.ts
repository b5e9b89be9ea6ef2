// What measured runs share: a database of their own on the embedded PostgreSQL, times of repeated work, and tables to print.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { createLog } from '../src/runtime/log.ts';
import { startPostgres, type EmbeddedPostgres } from '../src/runtime/postgres.ts';
import { Store } from '../src/store/store.ts';

/** Runs `work` on a new database with all tables and no rows; the server is started for it and removed afterwards. */
export async function withDatabase(work: (store: Store, server: EmbeddedPostgres) => Promise<void>): Promise<void> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'switchboard-bench-'));
  try {
    const server = await startPostgres({ dataDir, log: createLog({ level: 'warn' }) });
    const store = Store.create({ address: server });
    try {
      await store.migrate(server);
      await work(store, server);
    } finally {
      await store.close();
      await server.stop();
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Milliseconds of a tick of the processor's clock in `/proc` (sysconf(_SC_CLK_TCK) is 100 on Linux everywhere). */
const TICK_MS = 10;

/** The processor time that a server and its processes have used, those that ended included, in milliseconds; undefined where there is no `/proc`. */
export async function serverCpuMs(serverPid: number): Promise<number | undefined> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  if (pids.length === 0) return undefined;
  let ticks = 0;
  for (const pid of pids) {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    // Behind the name, which may hold anything: state, parent, …; times of its own are the 12th and 13th, those of children that ended follow.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const times = fields.slice(11, 15).map(Number);
    if (Number(pid) === serverPid) ticks += times.reduce((sum, time) => sum + time, 0);
    else if (Number(fields[1]) === serverPid) ticks += (times[0] ?? 0) + (times[1] ?? 0);
  }
  return ticks * TICK_MS;
}

/** How much of the server's processor time a work takes, the mean of `runs`: it doesn't hang on what else happens on the machine. */
export async function serverTime(
  server: EmbeddedPostgres,
  work: () => Promise<unknown>,
  runs: number,
): Promise<string> {
  const before = await serverCpuMs(server.pid);
  for (let run = 0; run < runs; run += 1) await work();
  const after = await serverCpuMs(server.pid);
  return before === undefined || after === undefined ? '–' : inMs(Math.max(0, after - before) / runs);
}

/** How long it takes, in milliseconds, and what came of it. */
export async function timed<T>(work: () => Promise<T>): Promise<{ readonly ms: number; readonly value: T }> {
  const startedAtMs = performance.now();
  const value = await work();
  return { ms: performance.now() - startedAtMs, value };
}

/** The one in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

/**
 * Each of several works `runs` times by turns, so that what else happens on the machine slows all of them; one turn before that is not counted.
 * Resolves to the median of each, in milliseconds.
 */
export async function byTurns<K extends string>(
  works: Readonly<Record<K, () => Promise<unknown>>>,
  runs: number,
): Promise<Record<K, number>> {
  const names = Object.keys(works) as K[];
  const times = new Map<K, number[]>(names.map((name) => [name, []]));
  for (let run = 0; run <= runs; run += 1) {
    for (const name of names) {
      const { ms } = await timed(works[name]);
      if (run > 0) times.get(name)?.push(ms);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times.get(name) ?? [])])) as Record<K, number>;
}

export const inMs = (ms: number): string => (ms < 10 ? `${ms.toFixed(2)} ms` : `${Math.round(ms)} ms`);

/** A table in Markdown, columns under each other. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n');
}

/** What it ran on, in one line. */
export const machine = (): string =>
  `${os.cpus().length} × ${os.cpus()[0]?.model ?? 'processor'}, ${Math.round(os.totalmem() / 2 ** 30)} GB, Node ${process.version}, load ${os
    .loadavg()
    .map((load) => load.toFixed(1))
    .join(' ')}`;
