// The demo, as a person starts it: it verifies both ends by itself, says so, and leaves nothing behind.
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { compare } from '../../simulators/demo/compare.ts';
import { saidAfter } from '../../simulators/demo/model.ts';
import { play } from '../../simulators/demo/play.ts';
import { chats } from '../../simulators/demo/script.ts';
import { withWorld } from '../../simulators/demo/world.ts';
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
  expect(output).toMatch(
    /✓ \d+ messages in 6 chats verified on the phones, in Slack and in Discord: each once, in order, in its place/,
  );
  expect(output).toMatch(
    /8 files with all their bytes \(SHA-256\), 12 replies with their line \(2 from Discord\), 2 notes/,
  );
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

test('finds what is wrong at any end: lost, doubled, changed, out of order', { timeout: LIMIT_MS }, async () => {
  const ending = new AbortController().signal;
  const chat = chats.find(({ steps }) => steps.some(({ does }) => does === 'replyInGuild'))!;
  await withWorld({ isForLooking: false, tell: () => undefined, ending }, async (world) => {
    await play(world, chat, { paceMs: 0, ending });
    const said = saidAfter(chat, chat.steps);
    const faults = (): readonly string[] => compare(world, chat, said).differences;
    expect(faults()).toEqual([]);
    /** Does harm to a list that an end keeps, looks, and mends it. */
    const harmed = <T>(list: readonly T[], harm: (list: T[]) => void): string => {
      const [theirs, before] = [list as T[], [...list]];
      harm(theirs);
      const found = faults().join('\n');
      theirs.splice(0, theirs.length, ...before);
      return found;
    };
    const last = <T>(list: readonly T[]): T => list.at(-1)!;
    const guild = world.guildChannel(chat)!.messages;
    const slack = world.channel(chat)!.messages;
    expect(harmed(guild, (list) => list.splice(1, 1))).toContain(`In Discord's #`);
    expect(harmed(guild, (list) => list.push(list[0]!))).toContain('nobody said');
    expect(harmed(guild, (list) => list.push(list.shift()!))).toContain('expected');
    expect(harmed(guild, (list) => list.pop())).toContain('no line of Dora');
    expect(harmed(slack, (list) => list.push(last(list)))).toContain('In #');
    const posted = slack.findIndex(({ username }) => username !== undefined);
    expect(harmed(slack, (list) => list.splice(posted, 1))).toContain('In #');
    expect(harmed(world.phones[chat.people[0]!].inbox, (list) => list.pop())).toContain('On the phone of');
    const post = guild[0]!;
    const { content } = post;
    post.content = `${content}!`;
    expect(faults().join()).toContain('message 1: expected');
    post.content = content;
    expect(faults()).toEqual([]);
  });
});
