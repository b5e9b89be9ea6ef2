// The clocks and the loop that owns repeated work.
import { describe, expect, test, vi } from 'vitest';
import { createLog } from '../../../src/runtime/log.ts';
import { fakeClock, Loop, systemClock } from '../../../src/runtime/time.ts';

const log = createLog({ level: 'silent' });

describe('the real clock', () => {
  test('sleeps as long as asked, and no longer than its signal', async () => {
    const startedAt = systemClock.monotonicMs();
    await systemClock.sleep(30);
    expect(systemClock.monotonicMs() - startedAt).toBeGreaterThanOrEqual(29);

    const signal = new AbortController();
    const long = systemClock.sleep(3_000_000_000, signal.signal);
    signal.abort();
    await long;
    await systemClock.sleep(60_000, signal.signal);
    expect(systemClock.monotonicMs() - startedAt).toBeLessThan(10_000);
  });

  test('sleeps past the longest timer of Node without waking at once', async () => {
    const stop = new AbortController();
    let hasWoken = false;
    const sleep = systemClock.sleep(2 ** 31 + 5_000, stop.signal).then(() => (hasWoken = true));
    await systemClock.sleep(20);
    expect(hasWoken).toBe(false);
    stop.abort();
    await sleep;
  });
});

describe('the fake clock', () => {
  test('wakes sleepers in the order of their ends, each at its own time', async () => {
    const clock = fakeClock('2026-03-01T00:00:00Z');
    const woken: string[] = [];
    const note = (name: string) => () =>
      woken.push(`${name} ${clock.monotonicMs()} ${clock.now().toISOString().slice(14, 23)}`);
    const all = [clock.sleep(300).then(note('c')), clock.sleep(100).then(note('a')), clock.sleep(200).then(note('b'))];
    expect(clock.sleeperCount).toBe(3);
    await clock.advance(250);
    expect(woken).toEqual(['a 100 00:00.100', 'b 200 00:00.200']);
    expect(clock.monotonicMs()).toBe(250);
    await clock.advance(50);
    await Promise.all(all);
    expect(woken).toHaveLength(3);
  });

  test('runs what a sleeper starts before it moves on', async () => {
    const clock = fakeClock();
    const at: number[] = [];
    const repeat = async (): Promise<void> => {
      for (let round = 0; round < 4; round += 1) {
        await clock.sleep(10);
        at.push(clock.monotonicMs());
      }
    };
    const done = repeat();
    await clock.advance(35);
    expect(at).toEqual([10, 20, 30]);
    await clock.advance(5);
    await done;
  });

  test('wakes a sleeper whose signal is aborted, and keeps the others asleep', async () => {
    const clock = fakeClock();
    const stop = new AbortController();
    const stopped = clock.sleep(1_000, stop.signal);
    const other = clock.sleep(1_000);
    stop.abort();
    await stopped;
    expect(clock.sleeperCount).toBe(1);
    await clock.advance(1_000);
    await other;
  });

  test('lets the wall clock jump by itself', async () => {
    const clock = fakeClock('2026-03-01T00:00:00Z');
    clock.setNow(new Date('2026-03-01T05:00:00Z'));
    await clock.advance(1_000);
    expect(clock.now().toISOString()).toBe('2026-03-01T05:00:01.000Z');
    expect(clock.monotonicMs()).toBe(1_000);
  });
});

describe('a loop', () => {
  /** A loop whose runs end when the test says so. */
  function controlledLoop(everyMs = 1_000) {
    const clock = fakeClock();
    const ends: (() => void)[] = [];
    const startedAt: number[] = [];
    let fails = false;
    const errors: unknown[] = [];
    const loop = new Loop({
      name: 'test',
      clock,
      log,
      everyMs,
      run: () => {
        startedAt.push(clock.monotonicMs());
        if (fails) throw new Error('no');
        return new Promise<void>((resolve) => ends.push(resolve));
      },
      onError: (error) => errors.push(error),
    });
    const end = async (): Promise<void> => {
      ends.shift()?.();
      await clock.advance(0);
    };
    return { clock, loop, startedAt, end, errors, setFails: (on: boolean) => (fails = on) };
  }

  test('runs at once, then every so often', async () => {
    const { clock, loop, startedAt, end } = controlledLoop();
    loop.start();
    loop.start();
    await end();
    await clock.advance(999);
    expect(startedAt).toEqual([0]);
    await clock.advance(1);
    await end();
    await clock.advance(1_000);
    expect(startedAt).toEqual([0, 1_000, 2_000]);
    await Promise.all([end(), loop.stop()]);
  });

  test('never overlaps, and a wake during a run means one more run', async () => {
    const { clock, loop, startedAt, end } = controlledLoop();
    loop.start();
    loop.wake();
    loop.wake();
    loop.wake();
    await clock.advance(5_000);
    expect(startedAt).toEqual([0]);
    await end();
    expect(startedAt).toEqual([0, 5_000]);
    await end();
    await clock.advance(500);
    expect(startedAt).toHaveLength(2);
    loop.wake();
    await clock.advance(0);
    expect(startedAt).toEqual([0, 5_000, 5_500]);
    await Promise.all([end(), loop.stop()]);
  });

  test('goes on after failures with growing pauses up to ten seconds, and recovers its pace', async () => {
    const { clock, loop, startedAt, end, errors, setFails } = controlledLoop();
    setFails(true);
    loop.start();
    await clock.advance(60_000);
    const pauses = startedAt.slice(1).map((at, index) => at - (startedAt[index] ?? 0));
    expect(pauses.slice(0, 8)).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
    expect(errors).toHaveLength(startedAt.length);

    setFails(false);
    await clock.advance(10_000);
    await end();
    const runCount = startedAt.length;
    await clock.advance(1_000);
    expect(startedAt).toHaveLength(runCount + 1);
    await Promise.all([end(), loop.stop()]);
  });

  test('is not hurried by waking while it pauses after a failure', async () => {
    const { clock, loop, startedAt, setFails } = controlledLoop();
    setFails(true);
    loop.start();
    await clock.advance(100);
    loop.wake();
    await clock.advance(100);
    expect(startedAt).toEqual([0]);
    await loop.stop();
  });

  test('stops after the run under way, which is told, and never runs again', async () => {
    const clock = fakeClock();
    let runCount = 0;
    let hasEnded = false;
    const loop = new Loop({
      name: 'test',
      clock,
      log,
      everyMs: 10,
      run: async (signal) => {
        runCount += 1;
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        await clock.sleep(50);
        hasEnded = true;
      },
    });
    loop.start();
    const stopped = loop.stop();
    expect(hasEnded).toBe(false);
    await clock.advance(50);
    await stopped;
    expect(hasEnded).toBe(true);
    loop.wake();
    loop.start();
    await clock.advance(1_000);
    expect(runCount).toBe(1);
  });

  test('stops without waiting for its pause', async () => {
    const { loop, end, clock } = controlledLoop(60_000);
    loop.start();
    await end();
    expect(clock.sleeperCount).toBe(1);
    await loop.stop();
    expect(clock.sleeperCount).toBe(0);
  });

  test('says in the log what failed and that it works again', async () => {
    const lines: string[] = [];
    const clock = fakeClock();
    let fails = true;
    const loop = new Loop({
      name: 'deliveries',
      clock,
      log: createLog({ level: 'info', destination: { write: (line) => lines.push(line) } }),
      everyMs: 1_000,
      run: async () => {
        if (fails) throw new Error('away');
      },
    });
    loop.start();
    await vi.waitUntil(() => lines.length === 1);
    expect(lines[0]).toContain('"loop":"deliveries"');
    expect(lines[0]).toContain('away');
    fails = false;
    await clock.advance(250);
    expect(lines[1]).toContain('the loop works again');
    await loop.stop();
  });
});
