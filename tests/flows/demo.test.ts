// The demo, as a person starts it: it verifies both ends by itself, says so, and leaves nothing behind.
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { runProgram, type Program } from '../support/program.ts';

const START = new URL('../../start.mjs', import.meta.url).pathname;
const DEMO = new URL('../../simulators/demo/run.ts', import.meta.url).pathname;
/** It takes half a minute alone on a small machine. */
const LIMIT_MS = 240_000;

/** The only temporary folder the demo knows. */
const folder = mkdtempSync(join(tmpdir(), 'switchboard-demo-test-'));
// When root runs this, the database has another user.
chmodSync(folder, 0o711);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Node.js itself keeps compiled files there. */
const leftBehind = (): string[] => readdirSync(folder).filter((name) => name !== 'node-compile-cache');

function runDemo(...args: string[]): Program {
  const { PATH, HOME } = process.env;
  const demo = runProgram(START, [DEMO, ...args], { PATH, HOME, TMPDIR: folder });
  onTestFinished(async () => {
    demo.signal('SIGTERM');
    await demo.ended;
  }, LIMIT_MS);
  return demo;
}

test('plays its script, finds every message where it belongs, and ends with 0', { timeout: LIMIT_MS }, async () => {
  const demo = runDemo('--once');
  const code = await demo.ended;
  const output = demo.lines.join('\n');
  expect(output).toMatch(/✓ \d+ messages in 6 chats verified on both ends: each once, in order, in its place/);
  expect(output).toMatch(/8 files with all their bytes \(SHA-256\), 10 replies with their line, 2 notes/);
  expect(code).toBe(0);
  expect(leftBehind()).toEqual([]);
});

test('ends in good order when it is interrupted, wherever it is', { timeout: LIMIT_MS }, async () => {
  const demo = runDemo();
  await demo.line('Linking the number');
  demo.signal('SIGINT');
  expect(await demo.ended).toBe(0);
  expect(demo.lines.join('\n')).toContain('Ending …');
  expect(leftBehind()).toEqual([]);
});
