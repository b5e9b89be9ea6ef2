// A server's time, learned from its answers, whatever our clock says.
import { expect, test } from 'vitest';
import { RemoteTime } from '../../../src/runtime/remote-time.ts';
import { fakeClock } from '../../../src/runtime/time.ts';

test('it goes on from what the last answer told, however our own clock is set', async () => {
  const clock = fakeClock('2026-03-01T12:30:00Z');
  const time = new RemoteTime(clock);
  expect(time.now()).toBeUndefined();
  time.answered('Sun, 01 Mar 2026 12:00:00 GMT');
  await clock.advance(5_000);
  clock.setNow(new Date('2026-03-05T00:00:00Z'));
  expect(time.now()).toEqual(new Date('2026-03-01T12:00:05Z'));
  time.answered('Sun, 01 Mar 2026 12:00:04 GMT');
  expect(time.now()).toEqual(new Date('2026-03-01T12:00:04Z'));
});

test('an answer without a time, or with none that can be read, changes nothing', () => {
  const time = new RemoteTime(fakeClock());
  for (const header of [undefined, null, '', 'soon']) time.answered(header);
  expect(time.now()).toBeUndefined();
  time.answered('Sun, 01 Mar 2026 12:00:00 GMT');
  time.answered('soon');
  expect(time.now()).toEqual(new Date('2026-03-01T12:00:00Z'));
});
