// What measured runs share: a database of their own on the embedded PostgreSQL, times of repeated work, and tables to print.
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { createLog } from '../src/runtime/log.ts';
import { startPostgres } from '../src/runtime/postgres.ts';
import type { DatabaseAddress } from '../src/runtime/database-url.ts';
import { Store } from '../src/store/store.ts';

/** Runs `work` on a new database with all tables and no rows; the server is started for it and removed afterwards. */
export async function withDatabase(work: (store: Store, address: DatabaseAddress) => Promise<void>): Promise<void> {
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
