// Baileys' key store on a SessionStore: each ratchet step is one commit, and what it made readable is stored in the same one.
import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import { BufferJSON, proto } from '@whiskeysockets/baileys';
import type { SignalDataSet, SignalDataTypeMap, SignalKeyStoreWithTransaction } from '@whiskeysockets/baileys';
import type { AccountId } from '../../domain/ids.ts';
import type { NewArrival, SessionChange, SessionStore } from '../../domain/session.ts';
import { userPart } from './ids.ts';

type Values = Map<string, unknown>;

/** One transaction: what it wrote so far, and what goes along. */
interface Unit {
  readonly kind: 'step' | 'round';
  readonly parent: Unit | undefined;
  readonly written: Map<string, Values>;
  readonly changes: SessionChange[];
  readonly arrivals: NewArrival[];
}

/** Runs pieces of work one after the other. */
class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

/**
 * libsignal lines its work up by address over the whole process, and runs what stands in line in the async context of whoever came first
 * (`libsignal/src/queue_job.js`): in another Account's transaction, or in one that has ended and keeps nothing any more. So a step waits here,
 * and never there.
 */
const addresses = {
  last: new Map<string, Promise<unknown>>(),
  take<T>(address: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.last.get(address) ?? Promise.resolve()).then(work);
    const settled = turn
      .catch(() => undefined)
      .then(() => {
        if (this.last.get(address) === settled) this.last.delete(address);
      });
    this.last.set(address, settled);
    return turn;
  },
};

const encode = (value: unknown): Buffer => Buffer.from(JSON.stringify(value, BufferJSON.replacer));

function decode(type: string, bytes: Uint8Array): unknown {
  const value: unknown = JSON.parse(Buffer.from(bytes).toString(), BufferJSON.reviver);
  if (type !== 'app-state-sync-key') return value;
  return proto.Message.AppStateSyncKeyData.fromObject(value as Record<string, unknown>);
}

export interface KeyStoreOptions {
  readonly account: AccountId;
  readonly sessions: SessionStore;
  /** Called at once when a commit or a reading failed, before anybody else learns of it: nothing may be acknowledged any more. */
  readonly onBroken: (error: unknown) => void;
  /** Called when pairs of LID and number were stored among the Arrivals. */
  readonly onLearned?: () => void;
}

/**
 * The store and the transactions in one, in place of Baileys' own pair. Two kinds of transaction:
 *
 * A **step** (encrypting, decrypting, migrating) reads and writes keys without waiting for the network and commits by itself, also
 * within a round. All steps of an Account take turns, so that a message that arrives while one is being sent never overwrites its session.
 *
 * A **round** (Baileys runs them under our own JID: relaying a message, syncing app state) may wait for the server. Rounds take turns
 * among themselves; what a round writes itself is committed at its end.
 */
export class KeyStore implements SignalKeyStoreWithTransaction {
  readonly #options: KeyStoreOptions;
  readonly #units = new AsyncLocalStorage<Unit>();
  readonly #steps = new Turns();
  readonly #rounds = new Turns();
  /** Our own JID while it is known: the key of a round. */
  ownJid: string | undefined;

  constructor(options: KeyStoreOptions) {
    this.#options = options;
  }

  isInTransaction = (): boolean => this.#units.getStore() !== undefined;

  get = async <T extends keyof SignalDataTypeMap>(
    type: T,
    ids: string[],
  ): Promise<{ [id: string]: SignalDataTypeMap[T] }> => {
    const found: Record<string, unknown> = {};
    const missing: string[] = [];
    for (const id of ids) {
      const written = this.#writtenValue(type, id);
      if (written === undefined) missing.push(id);
      else if (written !== null) found[id] = written;
    }
    if (missing.length > 0) {
      const stored = await this.#read(type, missing);
      for (const [id, bytes] of stored) found[id] = decode(type, bytes);
    }
    return found as { [id: string]: SignalDataTypeMap[T] };
  };

  /** Baileys tells the server to forget a message it couldn't handle: when the keys can't even be read, nothing may be told. */
  async #read(type: string, ids: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    try {
      return await this.#options.sessions.get(this.#options.account, type, ids);
    } catch (error) {
      this.#options.onBroken(error);
      throw error;
    }
  }

  set = async (data: SignalDataSet): Promise<void> => {
    const unit = this.#units.getStore();
    if (unit !== undefined) return write(unit, data);
    const single = newUnit('step', undefined);
    write(single, data);
    await this.#commit(single);
  };

  transaction = async <T>(work: () => Promise<T>, key: string): Promise<T> => {
    const current = this.#units.getStore();
    const kind = key === this.ownJid ? 'round' : 'step';
    if (current?.kind === 'step' || (current?.kind === 'round' && kind === 'round')) return work();
    const run = (): Promise<T> => this.#run(newUnit(kind, current), work);
    // A mapping is one write by itself; taking turns for it could wait for a step that waits for the mapping's own look-up.
    if (key === 'lid-mapping') return run();
    if (kind === 'round') return this.#rounds.take(run);
    return this.#steps.take(() => addresses.take(userPart(key) || key, run));
  };

  /** Within a transaction: stores this with its commit. */
  stage(arrivals: readonly NewArrival[], changes: readonly SessionChange[]): void {
    const unit = this.#units.getStore();
    if (unit === undefined) throw new Error('Nothing can be staged outside a transaction');
    unit.arrivals.push(...arrivals);
    unit.changes.push(...changes);
  }

  /** Stores what arrived without a key being touched. */
  async record(arrivals: readonly NewArrival[], changes: readonly SessionChange[] = []): Promise<void> {
    try {
      await this.#options.sessions.set(this.#options.account, changes, arrivals);
    } catch (error) {
      this.#options.onBroken(error);
      throw error;
    }
  }

  async #run<T>(unit: Unit, work: () => Promise<T>): Promise<T> {
    const result = await this.#units.run(unit, work);
    await this.#commit(unit);
    return result;
  }

  async #commit(unit: Unit): Promise<void> {
    const changes = [...unit.changes];
    for (const [type, values] of unit.written) {
      for (const [id, value] of values) changes.push({ type, id, value: value === null ? null : encode(value) });
    }
    const learned = mappingArrival(unit.written.get('lid-mapping'));
    const arrivals = [...unit.arrivals, ...learned];
    if (changes.length > 0 || arrivals.length > 0) await this.record(arrivals, changes);
    if (learned.length > 0) this.#options.onLearned?.();
  }

  #writtenValue(type: string, id: string): unknown {
    for (let unit = this.#units.getStore(); unit !== undefined; unit = unit.parent) {
      const value = unit.written.get(type)?.get(id);
      if (value !== undefined) return value;
    }
    return undefined;
  }
}

function newUnit(kind: Unit['kind'], parent: Unit | undefined): Unit {
  return { kind, parent, written: new Map(), changes: [], arrivals: [] };
}

function write(unit: Unit, data: SignalDataSet): void {
  for (const [type, values] of Object.entries(data)) {
    const written: Values = unit.written.get(type) ?? new Map();
    unit.written.set(type, written);
    for (const [id, value] of Object.entries(values)) written.set(id, value ?? null);
  }
}

/** What newly learned pairs of LID and number tell about people: `[[lid user, number], …]`. */
function mappingArrival(mappings: Values | undefined): NewArrival[] {
  const pairs: string[][] = [];
  for (const [id, value] of mappings ?? []) {
    if (typeof value === 'string' && !id.endsWith('_reverse')) pairs.push([value, id]);
  }
  if (pairs.length === 0) return [];
  const payload = Buffer.from(JSON.stringify(pairs));
  return [{ kind: 'people', payload, key: `people:${createHash('sha256').update(payload).digest('hex')}` }];
}
