// start.mjs: which Node runs the program, and that it looks like one process from outside.
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { runProgram } from '../../support/program.ts';

vi.setConfig({ testTimeout: 60_000 });

const root = path.resolve(import.meta.dirname, '../../..');
let app: string;

beforeEach(async () => {
  app = await mkdtemp(path.join(os.tmpdir(), 'switchboard-start-'));
  await writeFile(
    path.join(app, 'told.mts'),
    `const told: string[] = process.argv.slice(2);
     const ends = { SIGTERM: 4, SIGINT: 5, SIGHUP: 6 } as const;
     for (const [signal, code] of Object.entries(ends)) process.on(signal, () => process.exit(code));
     setTimeout(() => undefined, 60_000);
     process.stdout.write(\`told \${told.join(' ')} by \${process.env['STARTED_BY'] ?? 'itself'}\\n\`);`,
  );
});
afterEach(() => rm(app, { recursive: true }));

/** A copy of start.mjs that takes the Node of this test for one too old. */
async function startThatWantsNewer(): Promise<string> {
  const text = await readFile(path.join(root, 'start.mjs'), 'utf8');
  const start = path.join(app, 'start.mjs');
  await writeFile(start, text.replace(/OLDEST_NODE = \d+/, 'OLDEST_NODE = 999'));
  return start;
}

/** A Node in the copy's node_modules, as npm puts it there. */
async function bundleNode(): Promise<void> {
  const bin = path.join(app, 'node_modules/.bin');
  await mkdir(bin, { recursive: true });
  await writeFile(path.join(bin, 'node'), `#!/bin/sh\nSTARTED_BY=bundle exec '${process.execPath}' "$@"\n`);
  await chmod(path.join(bin, 'node'), 0o755);
}

test('a new enough Node runs the script itself, with its arguments', async () => {
  const program = runProgram(path.join(root, 'start.mjs'), [path.join(app, 'told.mts'), 'a', 'b c']);
  expect(await program.line('told')).toBe('told a b c by itself');
  program.signal('SIGTERM');
  expect(await program.ended).toBe(4);
});

test.each([
  ['SIGTERM', 4],
  ['SIGINT', 5],
  ['SIGHUP', 6],
] as const)(
  'an older Node hands over to the bundled one, and %s and the exit code pass through',
  async (signal, code) => {
    await bundleNode();
    const program = runProgram(await startThatWantsNewer(), [path.join(app, 'told.mts'), 'a']);
    expect(await program.line('told')).toBe('told a by bundle');
    program.signal(signal);
    expect(await program.ended).toBe(code);
  },
);

test('without a bundled Node, an older one says what is needed', async () => {
  const program = runProgram(await startThatWantsNewer(), [path.join(app, 'told.mts')]);
  expect(await program.ended).toBe(1);
  expect(program.lines).toEqual([
    expect.stringMatching(/^This program needs Node.js 999 or newer, and this is v\d+.*"npm install"/),
  ]);
});

test('a script that is not there is named', async () => {
  const program = runProgram(path.join(root, 'start.mjs'), [path.join(app, 'none.ts')]);
  expect(await program.ended).toBe(1);
  expect(program.lines).toEqual([`There is no file ${path.join(app, 'none.ts')}.`]);
});
