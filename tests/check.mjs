// `npm run check`: everything a tool can say about the tree. All checks run, all results are shown, one failure fails all.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { performance } from 'node:perf_hooks';

const root = path.join(import.meta.dirname, '..');
const binaries = path.join(root, 'node_modules', '.bin');

const CHECKS = [
  { name: 'types', command: 'tsc', args: ['-p', '.'] },
  { name: 'lint', command: 'oxlint', args: ['--type-aware'] },
  { name: 'format', command: 'oxfmt', args: ['--check'] },
  { name: 'boundaries', command: 'depcruise', args: ['src', 'simulators', 'bench', '--output-type', 'err'] },
  { name: 'platform names', command: 'node', args: ['tests/platform-names.ts'] },
  { name: 'unused', command: 'knip', args: ['--no-progress'] },
  { name: 'database drift', command: 'node', args: ['tests/drift.mjs'] },
];

/** Runs every check and prints its result as it ends, with what it said if it failed. Resolves to the numbers. */
export async function runChecks() {
  const results = await Promise.all(CHECKS.map(runCheck));
  const failed = results.filter((isGood) => !isGood).length;
  return { passed: results.length - failed, failed };
}

async function runCheck({ name, command, args }) {
  const startedAt = performance.now();
  const { code, output } = await run(command, args);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${code === 0 ? '✓' : '✗'} ${name} (${seconds} s)`);
  if (code !== 0) console.log(`\n${output.trim()}\n`);
  return code === 0;
}

function run(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      // The project's own programs come first, its Node among them.
      env: { ...process.env, PATH: `${binaries}${path.delimiter}${process.env.PATH ?? ''}` },
      shell: process.platform === 'win32',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (part) => (output += part));
    child.once('error', (error) => resolve({ code: 1, output: `${command} could not be started: ${error.message}` }));
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

if (process.argv[1] === import.meta.filename) {
  const { passed, failed } = await runChecks();
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}
