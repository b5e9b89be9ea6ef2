// What was started and can be stopped: in reverse, each with a deadline, whatever became of the others.
import type { Log } from './log.ts';
import type { Clock } from './time.ts';

/** How long each part may take to end; parts that wait for others' answers end well within. All together under 10 s. */
const STOP_LIMIT_MS = 6_000;

/** What can be stopped, in the order it was started. */
export interface Part {
  readonly name: string;
  stop(): Promise<void>;
}

/** Stops parts, the last started first; one that hangs or fails doesn't keep the others from ending. Never rejects. */
export async function stopAll(parts: readonly Part[], { clock, log }: { clock: Clock; log: Log }): Promise<void> {
  for (const part of parts.toReversed()) {
    const limit = new AbortController();
    const late = clock.sleep(STOP_LIMIT_MS, limit.signal).then(() => 'late' as const);
    try {
      const outcome = await Promise.race([part.stop(), late]);
      if (outcome === 'late') log.warn({ part: part.name }, 'a part did not stop in time');
    } catch (error) {
      log.warn({ part: part.name, err: error }, 'a part did not stop cleanly');
    } finally {
      limit.abort();
    }
  }
}
