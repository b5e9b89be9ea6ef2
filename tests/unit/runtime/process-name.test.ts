// A process is called dead only when it surely runs no more.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { isDead, processName } from '../../../src/runtime/process-name.ts';

test('does not call itself dead', () => {
  expect(isDead(processName())).toBe(false);
});

test('is another name at every start', () => {
  expect(processName()).not.toBe(processName());
});

test.runIf(process.platform === 'linux')('calls a process dead once it has ended, and not before', async () => {
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  const name = processName().replace(`|${process.pid}|`, `|${child.pid}|`);
  expect(isDead(name)).toBe(false);
  child.kill('SIGKILL');
  await once(child, 'close');
  expect(isDead(name)).toBe(true);
});

test.each([
  ['of another machine', `elsewhere|${processName().split('|')[1]}|999999999|x`],
  ['of another boot or container', `${hostname()}|another/scope|999999999|x`],
  ['without a scope', `${hostname()}||999999999|x`],
  ['that is no process name', 'somebody'],
])('never calls a process dead %s', (_what, name) => {
  expect(isDead(name)).toBe(false);
});
