// The chain of the audit log: each row's hash is made over the row and the hash before it, so that a row changed or taken out is noticed.
import { createHash } from 'node:crypto';
import type { Log } from '../runtime/log.ts';
import { Loop, type Clock } from '../runtime/time.ts';
import type { ChainedRow } from '../store/audit.ts';
import type { Store } from '../store/store.ts';

export interface AuditChainParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

const EVERY_MS = 5_000;
const ROWS_AT_ONCE = 500;
/** How often the end of the chain is written to the log: whoever keeps the log elsewhere can tell that rows were cut off the end. */
const TELL_HEAD_MS = 60 * 60_000;
/** What the first row is chained to. */
const BEGINNING = '0'.repeat(64);

/** The same text for the same value, whatever the order its fields came in. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join(',')}}`;
}

const hashOf = (before: string, seq: number, row: ChainedRow): string => {
  const { id, at, actorKind, actorAgentId, actorName, action, chatId, agentId, detail, source } = row;
  const told = {
    id,
    at: at.toISOString(),
    actorKind,
    actorAgentId,
    actorName,
    action,
    chatId,
    agentId,
    detail,
    source,
  };
  return createHash('sha256')
    .update(`${before}\n${seq}\n${canonical(told)}`)
    .digest('hex');
};

/** Owns the loop that chains rows a little after they were written, out of the way of those who write. Started in the process that works. */
export class AuditChain {
  readonly #parts: AuditChainParts;
  readonly #loop: Loop;
  #toldAtMs = Number.NEGATIVE_INFINITY;

  constructor(parts: AuditChainParts) {
    this.#parts = parts;
    const { clock, log } = parts;
    this.#loop = new Loop({ name: 'audit chain', clock, log, everyMs: EVERY_MS, run: (signal) => this.#run(signal) });
  }

  start(): void {
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { store, clock, log } = this.#parts;
    while (!signal.aborted && (await chainSome(store)) === ROWS_AT_ONCE);
    if (clock.monotonicMs() - this.#toldAtMs < TELL_HEAD_MS) return;
    this.#toldAtMs = clock.monotonicMs();
    const head = await store.read.audit.chainHead();
    if (head !== undefined) log.info(head, 'the audit chain ends here');
  }
}

/** Chains the next rows; how many. Of two at once, one waits for the other. */
export const chainSome = (store: Store): Promise<number> =>
  store.transaction(async (tx) => {
    await tx.audit.lockChain();
    const rows = await tx.audit.unchained(ROWS_AT_ONCE);
    if (rows.length === 0) return 0;
    const head = await tx.audit.chainHead();
    let { seq, hash } = head ?? { seq: 0, hash: BEGINNING };
    const links = rows.map((row) => {
      seq += 1;
      hash = hashOf(hash, seq, row);
      return { id: row.id, seq, hash };
    });
    await tx.audit.link(links);
    return rows.length;
  });

/** `broken` is the first place of the chain where a row is missing or isn't what it was; `waiting` rows aren't chained yet. */
export interface ChainReport {
  readonly checked: number;
  readonly waiting: number;
  readonly head?: { readonly seq: number; readonly hash: string };
  readonly broken?: { readonly seq: number; readonly why: string };
}

/** Goes through the whole chain. What was cut off its end can't be seen here: compare `head` with the log's. */
export async function verifyAuditChain(store: Store): Promise<ChainReport> {
  let [seq, hash, checked] = [0, BEGINNING, 0];
  const waiting = await store.read.audit.unchainedCount();
  for (;;) {
    const rows = await store.read.audit.chain(seq, ROWS_AT_ONCE);
    for (const row of rows) {
      seq += 1;
      if (row.chainSeq !== seq) return { checked, waiting, broken: { seq, why: 'The row of this place is missing.' } };
      hash = hashOf(hash, seq, row);
      if (row.hash !== hash)
        return { checked, waiting, broken: { seq, why: `Row ${row.id} isn’t what it was when it was written.` } };
      checked += 1;
    }
    if (rows.length < ROWS_AT_ONCE) return { checked, waiting, ...(checked === 0 ? {} : { head: { seq, hash } }) };
  }
}
