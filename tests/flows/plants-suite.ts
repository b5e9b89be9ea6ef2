// The checks of the checks: a fault is planted in the program, and the test that is there to find it must find it.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { formatDatabaseUrl, parseDatabaseUrl } from '../../src/runtime/database-url.ts';
import type { Plant } from '../support/plants.ts';

const root = path.join(import.meta.dirname, '../..');
const VITEST = path.join(root, 'node_modules/vitest/vitest.mjs');
/** What is waited for in vain is waited for no longer than this. */
const PATIENCE_MS = 15_000;
const LONGEST_MS = 300_000;

interface Outcome {
  readonly title: string;
  readonly status: string;
  readonly failureMessages: readonly string[];
}

/** Runs one test in a run of its own, on the same database server, with the fault in the source. */
async function runPlanted({ name, caughtBy }: Plant): Promise<readonly Outcome[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'plant-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const results = path.join(folder, 'results.json');
  const title = `${caughtBy.test.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}$`;
  const server = { ...parseDatabaseUrl(inject('templateDatabase')), dbName: 'postgres' };
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PLANT: name,
    PATIENCE_MS: String(PATIENCE_MS),
    DATABASE_URL_TEST: formatDatabaseUrl(server),
  };
  // A vitest within a vitest is a run of its own.
  for (const key of Object.keys(env)) if (key.startsWith('VITEST') || key === 'TEST_RESULTS') delete env[key];
  const args = ['run', caughtBy.file, '-t', title, '--reporter=json', `--outputFile=${results}`];
  const child = spawn(process.execPath, [VITEST, ...args], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => output.push(part));
  }
  await new Promise((resolve) => child.once('close', resolve));
  const text = await readFile(results, 'utf8').catch(() => {
    throw new Error(`The planted run gave no results:\n${output.join('')}`);
  });
  const { testResults } = JSON.parse(text) as { testResults: { assertionResults: Outcome[] }[] };
  return testResults.flatMap(({ assertionResults }) => assertionResults);
}

/** Each of these plants is found. That the tests pass without them is seen in the rest of the run. */
export function plantSuite(plants: readonly Plant[]): void {
  describe.each(plants)('with the fault “$name”', (plant) => {
    const { test: title, saying } = plant.caughtBy;
    test(
      `the test “${title}” fails`,
      async () => {
        const outcomes = await runPlanted(plant);
        const found = outcomes.find((outcome) => outcome.title === title);
        expect(found).toMatchObject({ status: 'failed' });
        expect(found?.failureMessages.join('\n')).toMatch(saying);
      },
      LONGEST_MS,
    );
  });
}
