// `npm test`: the checks, then the tests. Ends with one line, `N passed, N failed`. Words after it choose test files by
// name, and then only those run; `--all` adds the long ones, whose names end in `.all.test.ts`.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { runChecks } from './check.mjs';

/** A run that takes longer has hung: it ends, and says so. */
const LONGEST_MS = 14 * 60_000;
const LONGEST_ALL_MS = 90 * 60_000;

const root = path.join(import.meta.dirname, '..');
const words = process.argv.slice(2);
const isAll = words.includes('--all');
const filters = words.filter((word) => word !== '--all');
const seed = process.env.TEST_SEED ?? String(randomInt(2 ** 31));
const deadline = Date.now() + (isAll ? LONGEST_ALL_MS : LONGEST_MS);

console.log(`TEST_SEED=${seed}`);
const checks = filters.length === 0 ? await runChecks() : { passed: 0, failed: 0 };
const tests = await runTests();
const passed = checks.passed + tests.passed;
const failed = checks.failed + tests.failed;
console.log(`${passed} passed, ${failed} failed${tests.skipped > 0 ? `, ${tests.skipped} skipped` : ''}`);
process.exitCode = failed === 0 ? 0 : 1;

async function runTests() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'switchboard-results-'));
  const results = path.join(folder, 'results');
  writeFileSync(results, '');
  try {
    const code = await runVitest(results);
    const lines = readFileSync(results, 'utf8').split('\n');
    const count = (result) => lines.filter((line) => line === result).length;
    const failures = count('failed');
    // Vitest may fail for a reason that is no test's: no database, no files.
    return {
      passed: count('passed'),
      failed: code !== 0 && failures === 0 ? 1 : failures,
      skipped: count('skipped'),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Resolves to vitest's exit code, not 0 when it had to be ended. */
function runVitest(results) {
  return new Promise((resolve) => {
    const args = ['run', '--reporter=default', '--reporter=./tests/counting-reporter.mjs'];
    if (!isAll) args.push('--exclude=**/*.all.test.ts');
    const child = spawn(
      process.execPath,
      [path.join(root, 'node_modules', 'vitest', 'vitest.mjs'), ...args, ...filters],
      {
        cwd: root,
        env: { ...process.env, TEST_SEED: seed, TEST_RESULTS: results },
        stdio: ['ignore', 'inherit', 'inherit'],
        // A group of its own, so that its workers end with it.
        detached: process.platform !== 'win32',
      },
    );
    const end = (signal) => {
      if (child.pid === undefined) return;
      try {
        process.kill(process.platform === 'win32' ? child.pid : -child.pid, signal);
      } catch (error) {
        if (error.code !== 'ESRCH') throw error;
      }
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => end(signal));
    const timer = setTimeout(() => {
      console.log(`The tests took more than ${(isAll ? LONGEST_ALL_MS : LONGEST_MS) / 60_000} minutes and were ended.`);
      end('SIGKILL');
    }, deadline - Date.now());
    child.once('error', (error) => console.log(`vitest could not be started: ${error.message}`));
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve(code ?? 1);
    });
  });
}
