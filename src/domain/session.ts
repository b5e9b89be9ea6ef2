// What a messenger must not lose, and the store that keeps it: log-in state, and what arrived until it is told.
import type { AccountId, ChatAddress, RemoteId } from './ids.ts';

/** One thing that arrived, stored with the step that made it readable; `id` gives the order of arrival within its Account. */
export interface Arrival {
  readonly id: string;
  /** The adapter's own kind. */
  readonly kind: string;
  /** Opaque to the store, which keeps it encrypted. */
  readonly payload: Uint8Array;
  /** How often handling it has failed. */
  readonly attempts: number;
}

export interface NewArrival {
  readonly kind: string;
  readonly payload: Uint8Array;
  /** Unique per Account: a second arrival with the same key is not stored. */
  readonly key: string;
  /** What `recall` answers for this key afterwards (the plaintext of a redelivered ciphertext). */
  readonly recall?: Uint8Array;
}

/** A customer's message that was found in an arrival; `at` is the messenger's time. */
export interface Said {
  readonly id: RemoteId;
  readonly chat: ChatAddress;
  readonly at: Date;
}

export interface SessionChange {
  readonly type: string;
  readonly id: string;
  /** Null deletes. */
  readonly value: Uint8Array | null;
  /** May be forgotten after this. Absent: kept until it's deleted. */
  readonly until?: Date;
}

/**
 * Where a Messenger keeps what it must not lose: its log-in state, and what arrived but was not yet told. Everything is encrypted at rest by the
 * store. Each method is one transaction and resolves after commit; it rejects when that failed, and then nothing of it happened.
 */
export interface SessionStore {
  get(account: AccountId, type: string, ids: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>>;
  /** All changes and all arrivals in one commit, or none. */
  set(account: AccountId, changes: readonly SessionChange[], arrivals: readonly NewArrival[]): Promise<void>;
  /** Forgets the Account's whole log-in state. Only after a real log-out or when an admin unlinks. What arrived stays. */
  clear(account: AccountId): Promise<void>;
  recall(account: AccountId, key: string): Promise<Uint8Array | undefined>;
  /** What is not done, in order of arrival, after `afterId`. */
  pending(account: AccountId, afterId: string | undefined, limit: number): Promise<readonly Arrival[]>;
  /** Lets go of arrivals. `said` was told of them: what isn't recorded by then is kept for the Ledger as missing. */
  done(account: AccountId, ids: readonly string[], said: readonly Said[]): Promise<void>;
  /** Counts a failure; resolves to the new number. */
  failed(account: AccountId, id: string, reason: string): Promise<number>;
  /** What was sent under an id, kept for repeats under the same id and for people who ask for it again. Kept two weeks. */
  saveSent(account: AccountId, id: RemoteId, payload: Uint8Array): Promise<void>;
  sent(account: AccountId, id: RemoteId): Promise<Uint8Array | undefined>;
}
