// What libsignal prints about its sessions, driven through its real code in a process of its own.
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { runProgram } from '../../support/program.ts';

vi.setConfig({ testTimeout: 60_000 });

const file = path.join(import.meta.dirname, 'programs/libsignal-program.ts');

test('nothing of a session record reaches the output when libsignal closes, opens and removes sessions', async () => {
  const quiet = runProgram(file, ['quiet']);
  expect(await quiet.ended).toBe(0);
  expect(quiet.lines.join('\n')).not.toMatch(/session:|privKey|rootKey|Buffer|SessionEntry|canary/i);

  const notes = quiet.lines.map((line) => JSON.parse(line) as { level: string; method: string; from: string });
  expect(new Set(notes.map(({ level }) => level))).toEqual(new Set(['debug']));
  expect(new Set(notes.map(({ method, from }) => `${method} ${from.split(':')[0]}`))).toEqual(
    new Set(['info session_record.js', 'warn session_record.js', 'log libsignal-program.ts']),
  );
});

test('without the filter, private keys are printed', async () => {
  const loud = runProgram(file, ['loud']);
  expect(await loud.ended).toBe(0);
  const output = loud.lines.join('\n');
  for (const words of [
    'Closing session:',
    'Opening session:',
    'Removing old closed session:',
    'Session already closed',
  ]) {
    expect(output).toContain(words);
  }
  expect(output).toContain('privKey: <Buffer');
});
