// Everything the simulated WhatsApp saw and did, in order; tests assert on it.
import type { BinaryNode } from './nodes.ts';

/** One thing that happened; `account` is the phone number, `at` is milliseconds since the epoch, `sequence` counts from 1. */
export type Observation = { readonly sequence: number; readonly at: number; readonly account: string } & Happening;

/** What can happen. `received` and `sent` are stanzas of a companion's link; `undecryptable` is a phone that could not read one. */
type Happening =
  | { readonly kind: 'received' | 'sent'; readonly deviceId: number; readonly stanza: BinaryNode }
  | { readonly kind: 'linked' | 'unlinked' | 'connected' | 'disconnected'; readonly deviceId: number }
  | { readonly kind: 'login-refused'; readonly deviceId: number; readonly reason: number }
  | { readonly kind: 'undecryptable'; readonly deviceId: number; readonly messageId: string; readonly error: string }
  | { readonly kind: 'fault'; readonly fault: string };

/** The log, and whoever waits for something to appear in it. */
export class ObservationLog {
  readonly #entries: Observation[] = [];
  readonly #watchers = new Set<() => void>();

  get entries(): readonly Observation[] {
    return this.#entries;
  }

  add(account: string, happening: Happening): void {
    this.#entries.push({ sequence: this.#entries.length + 1, at: Date.now(), account, ...happening });
    for (const watcher of this.#watchers) watcher();
  }

  /** The first entry, old or new, that the predicate accepts; rejects when none came within `timeoutMs`. */
  async first(accept: (entry: Observation) => boolean, timeoutMs = 10_000): Promise<Observation> {
    return waitFor(this.#watchers, () => this.#entries.find(accept), timeoutMs, 'an observation');
  }
}

/** Waits until `look` finds something; it looks now and whenever one of `watchers` is called. */
export async function waitFor<T>(
  watchers: Set<() => void>,
  look: () => T | undefined,
  timeoutMs: number,
  what: string,
): Promise<T> {
  const now = look();
  if (now !== undefined) return now;
  return new Promise((resolve, reject) => {
    const done = (): void => {
      watchers.delete(watcher);
      clearTimeout(timer);
    };
    const watcher = (): void => {
      const found = look();
      if (found === undefined) return;
      done();
      resolve(found);
    };
    const timer = setTimeout(() => {
      done();
      reject(new Error(`waited ${timeoutMs} ms for ${what} in vain`));
    }, timeoutMs);
    watchers.add(watcher);
  });
}
