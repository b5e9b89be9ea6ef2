// A SessionStore in memory for tests: atomic like the real one, and able to be slow or to fail on demand.
import type { AccountId, RemoteId } from '../../src/domain/ids.ts';
import type { Arrival, NewArrival, SessionChange, SessionStore } from '../../src/domain/session.ts';
import { eventually } from '../contract/messenger/told.ts';

interface Row extends Arrival {
  readonly key: string;
  attempts: number;
  isDone: boolean;
}

interface Shelf {
  readonly values: Map<string, Uint8Array>;
  readonly arrivals: Row[];
  readonly recalls: Map<string, Uint8Array>;
  readonly sent: Map<string, Uint8Array>;
}

/** What one `set` brought, in order. */
export interface Commit {
  readonly account: AccountId;
  readonly changes: readonly SessionChange[];
  readonly arrivals: readonly NewArrival[];
}

export class MemorySessions implements SessionStore {
  /** Every `set` that went through. */
  readonly commits: Commit[] = [];
  /** Awaited before each `set` takes effect; when it rejects, nothing of that `set` happens. */
  beforeSet: ((commit: Commit) => Promise<void>) | undefined;
  /** Awaited before each `clear` takes effect; when it rejects, nothing is cleared. */
  beforeClear: (() => Promise<void>) | undefined;
  readonly #shelves = new Map<AccountId, Shelf>();
  readonly #watchers = new Set<() => void>();
  #nextId = 1;

  async get(account: AccountId, type: string, ids: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>();
    for (const id of ids) {
      const value = this.#shelf(account).values.get(`${type} ${id}`);
      if (value !== undefined) found.set(id, value);
    }
    return found;
  }

  async set(account: AccountId, changes: readonly SessionChange[], arrivals: readonly NewArrival[]): Promise<void> {
    const commit: Commit = { account, changes, arrivals };
    await this.beforeSet?.(commit);
    const shelf = this.#shelf(account);
    for (const { id, type, value } of changes) {
      if (value === null) shelf.values.delete(`${type} ${id}`);
      else shelf.values.set(`${type} ${id}`, Buffer.from(value));
    }
    for (const { key, kind, payload, recall } of arrivals) {
      if (shelf.arrivals.some((row) => row.key === key)) continue;
      const id = String(this.#nextId).padStart(12, '0');
      this.#nextId += 1;
      shelf.arrivals.push({ id, key, kind, payload: Buffer.from(payload), attempts: 0, isDone: false });
      if (recall !== undefined) shelf.recalls.set(key, Buffer.from(recall));
    }
    this.commits.push(commit);
    for (const watcher of this.#watchers) watcher();
  }

  async clear(account: AccountId): Promise<void> {
    await this.beforeClear?.();
    this.#shelf(account).values.clear();
    for (const watcher of this.#watchers) watcher();
  }

  async recall(account: AccountId, key: string): Promise<Uint8Array | undefined> {
    return this.#shelf(account).recalls.get(key);
  }

  async pending(account: AccountId, afterId: string | undefined, limit: number): Promise<readonly Arrival[]> {
    const rows = this.#shelf(account).arrivals.filter(({ id, isDone }) => !isDone && id > (afterId ?? ''));
    return rows.slice(0, limit).map(({ attempts, id, kind, payload }) => ({ id, kind, payload, attempts }));
  }

  async done(account: AccountId, ids: readonly string[]): Promise<void> {
    for (const row of this.#shelf(account).arrivals) if (ids.includes(row.id)) row.isDone = true;
    for (const watcher of this.#watchers) watcher();
  }

  async failed(account: AccountId, id: string, _reason: string): Promise<number> {
    const row = this.#shelf(account).arrivals.find((candidate) => candidate.id === id);
    if (row === undefined) throw new Error('no such arrival');
    row.attempts += 1;
    return row.attempts;
  }

  async saveSent(account: AccountId, id: RemoteId, payload: Uint8Array): Promise<void> {
    this.#shelf(account).sent.set(id, Buffer.from(payload));
  }

  async sent(account: AccountId, id: RemoteId): Promise<Uint8Array | undefined> {
    return this.#shelf(account).sent.get(id);
  }

  /** Loses every value of a type, as a damaged store would. */
  async forget(account: AccountId, type: string): Promise<void> {
    const { values } = this.#shelf(account);
    for (const key of values.keys()) if (key.startsWith(`${type} `)) values.delete(key);
  }

  /** How many values are stored; of a type, when one is named. */
  count(account: AccountId, type?: string): number {
    const keys = [...this.#shelf(account).values.keys()];
    return keys.filter((key) => type === undefined || key.startsWith(`${type} `)).length;
  }

  /** Resolves when nothing is stored for the account any more. */
  async cleared(account: AccountId): Promise<void> {
    await eventually(
      () => (this.count(account) === 0 ? true : undefined),
      'the session to be cleared',
      (watcher) => this.watch(watcher),
    );
  }

  /** Calls `watcher` after each change; returns how to stop. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #shelf(account: AccountId): Shelf {
    const shelf = this.#shelves.get(account) ?? {
      values: new Map(),
      arrivals: [],
      recalls: new Map(),
      sent: new Map(),
    };
    this.#shelves.set(account, shelf);
    return shelf;
  }
}
