// Time as the program sees it: the clock everything is given, a clock for tests, and the loop that owns repeated work.
import { performance } from 'node:perf_hooks';
import type { Log } from './log.ts';

/** Where the program gets the time from; nothing else in `src/` reads a date or sets a timer. */
export interface Clock {
  /** The wall clock: for what is stored and shown. It may jump. */
  now(): Date;
  /** Milliseconds since some fixed moment of this process: for spans and deadlines. Never jumps back; stands still while the machine is suspended. */
  monotonicMs(): number;
  /**
   * Resolves after `ms` milliseconds, or at once when `signal` is or becomes aborted. Never rejects: a caller that
   * cares looks at `signal.aborted` afterwards.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** setTimeout holds its delay in a signed 32-bit number and fires at once beyond it (Node documentation, timers). */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The real clock of the machine. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => {
    const endsAtMs = performance.now() + ms;
    let leftMs = ms;
    do {
      if (signal?.aborted) return;
      await sleepOnce(Math.min(leftMs, LONGEST_TIMER_MS), signal);
      leftMs = endsAtMs - performance.now();
    } while (leftMs > 0);
  },
};

function sleepOnce(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, Math.ceil(ms));
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /**
   * Moves both clocks on by `ms`, waking sleepers one by one in the order of their ends; each sees the clock at its own
   * end, and what it does before its next real wait (a promise chain, not a database call) is done before the next one wakes.
   */
  advance(ms: number): Promise<void>;
  /** Moves the wall clock only, as a time server or a person would. Wakes nobody. */
  setNow(at: Date): void;
  /** How many are asleep: what a test waits for before it moves the clock. */
  readonly sleeperCount: number;
}

interface Sleeper {
  readonly endsAtMs: number;
  readonly wake: () => void;
}

/** Makes a clock for tests; `start` is a date or anything `new Date` understands. */
export function fakeClock(start: Date | string | number = '2026-01-01T00:00:00Z'): FakeClock {
  let wallMs = new Date(start).getTime();
  let monotonicMs = 0;
  const sleepers = new Set<Sleeper>();

  const moveTo = (ms: number): void => {
    wallMs += ms - monotonicMs;
    monotonicMs = ms;
  };
  const nextDue = (untilMs: number): Sleeper | undefined => {
    let next: Sleeper | undefined;
    for (const sleeper of sleepers) {
      if (sleeper.endsAtMs <= untilMs && (next === undefined || sleeper.endsAtMs < next.endsAtMs)) next = sleeper;
    }
    return next;
  };

  return {
    now: () => new Date(wallMs),
    monotonicMs: () => monotonicMs,
    sleep: (ms, signal) => {
      if (ms <= 0 || signal?.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const wake = (): void => {
          sleepers.delete(sleeper);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper: Sleeper = { endsAtMs: monotonicMs + ms, wake };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', wake, { once: true });
      });
    },
    advance: async (ms) => {
      const untilMs = monotonicMs + ms;
      await settle();
      for (let due = nextDue(untilMs); due !== undefined; due = nextDue(untilMs)) {
        moveTo(due.endsAtMs);
        due.wake();
        await settle();
      }
      moveTo(untilMs);
    },
    setNow: (at) => {
      wallMs = at.getTime();
    },
    get sleeperCount() {
      return sleepers.size;
    },
  };
}

/** Lets every promise chain that needs no outside event run to its next wait. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

const FIRST_BACK_OFF_MS = 250;
const LONGEST_BACK_OFF_MS = 10_000;

export interface LoopOptions {
  /** Stands in the log. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  /** How long to wait, at most, between two runs when nobody wakes the loop. */
  readonly everyMs: number;
  /** One round of work. Its signal is aborted by `stop()`; it then finishes or gives up soon. May be called again after a failure. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** Told of every failed run, after it was logged; must not throw. */
  readonly onError?: (error: unknown) => void;
}

/**
 * The owner of a piece of repeated work: runs `run` at once, then each time it is woken or `everyMs` have passed.
 * Runs never overlap. A failed run is logged and tried again after a growing pause (a quarter of a second to ten
 * seconds), which waking doesn't shorten.
 */
export class Loop {
  readonly #options: LoopOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #isWoken = false;
  #nap: AbortController | undefined;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  /** Begins, once; later calls and calls after `stop()` do nothing. */
  start(): void {
    if (this.#running !== undefined || this.#stopping.signal.aborted) return;
    this.#running = this.#turn();
  }

  /** There is something to do: run now, or once more after the run under way. Harmless at any time. */
  wake(): void {
    this.#isWoken = true;
    this.#nap?.abort();
  }

  /** Ends the loop; resolves when the run under way has ended. May be called again, but not from within `run`. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#nap?.abort();
    await this.#running;
  }

  async #turn(): Promise<void> {
    const { clock, everyMs } = this.#options;
    let failureCount = 0;
    while (!this.#stopping.signal.aborted) {
      this.#isWoken = false;
      if (await this.#runOnce(failureCount)) {
        failureCount = 0;
        await this.#wait(everyMs);
      } else {
        failureCount += 1;
        await clock.sleep(backOffMs(failureCount), this.#stopping.signal);
      }
    }
  }

  async #runOnce(earlierFailureCount: number): Promise<boolean> {
    const { name, log, run, onError } = this.#options;
    try {
      await run(this.#stopping.signal);
      if (earlierFailureCount > 0) log.info({ loop: name, earlierFailureCount }, 'the loop works again');
      return true;
    } catch (error) {
      if (this.#stopping.signal.aborted) return false;
      log.error(
        { loop: name, err: error, failureCount: earlierFailureCount + 1 },
        'the loop failed and will try again',
      );
      onError?.(error);
      return false;
    }
  }

  async #wait(ms: number): Promise<void> {
    if (this.#isWoken || this.#stopping.signal.aborted) return;
    this.#nap = new AbortController();
    await this.#options.clock.sleep(ms, this.#nap.signal);
    this.#nap = undefined;
  }
}

/** The pause after the n-th failure in a row. */
function backOffMs(failureCount: number): number {
  return Math.min(FIRST_BACK_OFF_MS * 2 ** (failureCount - 1), LONGEST_BACK_OFF_MS);
}
