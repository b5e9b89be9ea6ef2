// The lease: which process works. A row with an end on the database's clock and a fence that grows with every new holder.
import type { Log } from './log.ts';
import { isDead } from './process-name.ts';
import { Loop } from './time.ts';
import type { Clock } from './time.ts';

/** Runs one statement on the database, outside any transaction of others, and gives its rows. */
export type Query = (sql: string, parameters: readonly unknown[]) => Promise<readonly Record<string, unknown>[]>;

export interface LeaseOptions {
  readonly query: Query;
  /** What is leased; a row of the table `lease (name, owner, fence, expires_at)`. */
  readonly name: string;
  /** This process, unlike any other and unlike its own last run: `processName()`. */
  readonly owner: string;
  readonly clock: Clock;
  readonly log: Log;
  /** How long the lease lasts without renewal: 15 s when absent. A dead holder is followed after at most this and a poll. */
  readonly ttlMs?: number;
  /** How often it is renewed: 5 s when absent. */
  readonly renewMs?: number;
}

/** The holder stops believing in its lease this much before the database does, so that clocks may run apart a little. */
const TRUSTED_PART = 0.8;
/** How often a standby looks, and a renewal that failed is tried again, in a renewal's span. */
const TICKS_PER_RENEWAL = 5;

interface Term {
  readonly fence: bigint;
  readonly lost: AbortController;
  readonly renewedAtMs: number;
  /** Until when we may act, on both clocks: the monotonic one can't be set, but stands still while the machine sleeps. */
  readonly trustedUntilMs: number;
  readonly trustedUntilWallMs: number;
}

/**
 * One process's share in a lease: wait for it, renew it, know at any moment whether it still holds.
 *
 * A process that was paused (SIGSTOP, a sleeping laptop) wakes up not knowing that another one took over, and does what
 * it was about to do before any timer of its own runs. So `valid()` is to be asked right before every act that others
 * see, and `fence` belongs into every write that claims work: a row with a higher fence is not ours to touch.
 */
export class Lease {
  readonly #options: Required<LeaseOptions>;
  readonly #tickMs: number;
  #renewal: Loop | undefined;
  #term: Term | undefined;
  #isAway = false;

  constructor(options: LeaseOptions) {
    this.#options = { ttlMs: 15_000, renewMs: 5_000, ...options };
    this.#tickMs = this.#options.renewMs / TICKS_PER_RENEWAL;
  }

  /**
   * Waits as a standby until the lease is ours, through times without a database too. True when it is, false when
   * `signal` was aborted first. May be called again after `lost` and after `release()`.
   */
  async acquire(signal: AbortSignal): Promise<boolean> {
    const { clock, log, name } = this.#options;
    let isStandingBy = false;
    while (!signal.aborted) {
      try {
        if (await this.#take()) return true;
        if (!isStandingBy) log.info({ lease: name }, 'another process is at work; standing by');
        isStandingBy = true;
      } catch (error) {
        this.#noteAway(error);
      }
      await clock.sleep(this.#tickMs, signal);
    }
    return false;
  }

  /** Whether we may act at this very moment. False while the database has been away for long; true again when it came back and nobody took over. */
  valid(): boolean {
    const { clock } = this.#options;
    const term = this.#term;
    return (
      term !== undefined && clock.monotonicMs() < term.trustedUntilMs && clock.now().getTime() < term.trustedUntilWallMs
    );
  }

  /** Asks the database itself, within the transaction that `query` belongs to: when true, nobody takes over before that has ended. */
  async confirm(query: Query): Promise<boolean> {
    const { name, owner } = this.#options;
    const term = this.#term;
    if (term === undefined) return false;
    // Also when it has run out: with the same fence, nobody was at work in between.
    const rows = await query('select 1 from lease where name = $1 and owner = $2 and fence = $3 for share', [
      name,
      owner,
      String(term.fence),
    ]);
    return rows.length > 0;
  }

  /** The number of our term, higher than that of every earlier holder; undefined when we hold nothing. */
  get fence(): bigint | undefined {
    return this.#term?.fence;
  }

  /** Aborted when another process has taken over. A new signal with every `acquire`. */
  get lost(): AbortSignal {
    return this.#term?.lost.signal ?? AbortSignal.abort();
  }

  /** Gives the lease back, for an immediate hand-over; to be called when our work has stopped. Never throws: without a database it runs out by itself. */
  async release(): Promise<void> {
    const [term, renewal] = [this.#term, this.#renewal];
    this.#term = undefined;
    this.#renewal = undefined;
    await renewal?.stop();
    if (term === undefined) return;
    const { name, owner, log } = this.#options;
    try {
      await this.#query(
        'update lease set expires_at = clock_timestamp() where name = $1 and owner = $2 and fence = $3',
        [name, owner, String(term.fence)],
      );
    } catch (error) {
      log.warn({ lease: name, err: error }, 'the lease could not be given back; it runs out by itself');
    }
  }

  async #take(): Promise<boolean> {
    const { name, owner, ttlMs, clock, log } = this.#options;
    const asked = this.#trustFromNow();
    const [held] = await this.#query('select owner from lease where name = $1', [name]);
    const dead = held !== undefined && isDead(String(held['owner'])) ? String(held['owner']) : owner;
    // Our own row may be taken again: an answer that got lost on its way could have made us the holder. A dead process's needn't run out.
    const [row] = await this.#query(
      `insert into lease (name, owner, fence, expires_at)
       values ($1, $2, 1, clock_timestamp() + $3 * interval '1 millisecond')
       on conflict (name) do update set owner = excluded.owner, fence = lease.fence + 1, expires_at = excluded.expires_at
       where lease.expires_at <= clock_timestamp() or lease.owner = excluded.owner or lease.owner = $4
       returning fence`,
      [name, owner, ttlMs, dead],
    );
    this.#isAway = false;
    if (row === undefined) return false;
    this.#term = { ...asked, fence: BigInt(String(row['fence'])), lost: new AbortController() };
    this.#renewal ??= new Loop({
      name: `lease ${name}`,
      clock,
      log,
      everyMs: this.#tickMs,
      run: () => this.#tick(),
    });
    this.#renewal.start();
    log.info({ lease: name, fence: this.#term.fence }, 'this process is at work');
    return true;
  }

  async #tick(): Promise<void> {
    const { clock, renewMs } = this.#options;
    const term = this.#term;
    if (term === undefined) return;
    if (this.valid() && clock.monotonicMs() - term.renewedAtMs < renewMs) return;
    try {
      await this.#renew(term);
    } catch (error) {
      this.#noteAway(error);
    }
  }

  async #renew(term: Term): Promise<void> {
    const { name, owner, ttlMs, log } = this.#options;
    const asked = this.#trustFromNow();
    // Also when it has run out meanwhile: with the same fence, nobody was at work in between.
    const rows = await this.#query(
      `update lease set expires_at = clock_timestamp() + $4 * interval '1 millisecond'
       where name = $1 and owner = $2 and fence = $3 returning fence`,
      [name, owner, String(term.fence), ttlMs],
    );
    this.#isAway = false;
    if (this.#term !== term) return;
    if (rows.length > 0) {
      this.#term = { ...term, ...asked };
      return;
    }
    this.#term = undefined;
    log.error({ lease: name, fence: term.fence }, 'another process has taken over');
    term.lost.abort();
  }

  /** Trust counts from before the question: the database's own span begins later, so it ends later. */
  #trustFromNow(): Pick<Term, 'renewedAtMs' | 'trustedUntilMs' | 'trustedUntilWallMs'> {
    const { clock, ttlMs } = this.#options;
    const spanMs = ttlMs * TRUSTED_PART;
    const renewedAtMs = clock.monotonicMs();
    return { renewedAtMs, trustedUntilMs: renewedAtMs + spanMs, trustedUntilWallMs: clock.now().getTime() + spanMs };
  }

  /** A connection that died without a word must not stop the renewals. */
  async #query(sql: string, parameters: readonly unknown[]): Promise<readonly Record<string, unknown>[]> {
    const { query, clock, renewMs } = this.#options;
    const answered = new AbortController();
    const answer = query(sql, parameters).finally(() => answered.abort());
    const limit = clock.sleep(renewMs, answered.signal).then(() => undefined);
    const rows = await Promise.race([answer, limit]);
    if (rows !== undefined) return rows;
    if (answered.signal.aborted) return answer;
    answer.catch(() => undefined);
    throw new Error(`the database gave no answer for ${renewMs} ms`);
  }

  #noteAway(error: unknown): void {
    const { log, name } = this.#options;
    if (!this.#isAway)
      log.warn({ lease: name, err: error }, 'the database does not answer for the lease; trying again');
    this.#isAway = true;
  }
}
