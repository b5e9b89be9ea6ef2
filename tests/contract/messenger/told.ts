// Listens to a Messenger as the bridge does, and lets a test wait for what it is told.
import type { MessengerEvent } from '../../../src/domain/events.ts';
import type { AccountId } from '../../../src/domain/ids.ts';
import { plainText } from '../../../src/domain/text.ts';

export type Kind = MessengerEvent['kind'];
export type EventOf<K extends Kind> = Extract<MessengerEvent, { kind: K }>;

const PATIENCE_MS = 10_000;

/** Everything that was told, in order. `onEvent` may be made to fail or to hang. */
export class Told {
  readonly events: MessengerEvent[] = [];
  /** Consulted before an event counts as recorded; throw to refuse it. */
  judge: ((event: MessengerEvent) => Promise<void>) | undefined;
  readonly #watchers = new Set<() => void>();

  onEvent = async (event: MessengerEvent): Promise<void> => {
    await this.judge?.(event);
    this.events.push(event);
    for (const watcher of this.#watchers) watcher();
  };

  all<K extends Kind>(kind: K, account?: AccountId): EventOf<K>[] {
    return this.events.filter(
      (event): event is EventOf<K> => event.kind === kind && (account === undefined || event.account === account),
    );
  }

  /** The first event of a kind that fits, past ones included. */
  async first<K extends Kind>(kind: K, accept: (event: EventOf<K>) => boolean = () => true): Promise<EventOf<K>> {
    return this.until(() => this.all(kind).find(accept), `a ${kind} event`);
  }

  /** The message that says `text`. */
  async message(text: string): Promise<EventOf<'message'>> {
    return this.first('message', (event) => textOf(event) === text);
  }

  async state(state: EventOf<'connection'>['state'], account?: AccountId): Promise<EventOf<'connection'>> {
    return this.first('connection', (event) => event.state === state && (account ?? event.account) === event.account);
  }

  /** Resolves when `look` finds something; it looks after each event. */
  async until<T>(look: () => T | undefined, what: string): Promise<T> {
    return eventually(look, what, (watcher) => {
      this.#watchers.add(watcher);
      return () => this.#watchers.delete(watcher);
    });
  }
}

export function textOf(event: EventOf<'message'>): string {
  const { content } = event;
  if (content.kind === 'text') return plainText(content.text);
  return content.kind === 'media' ? plainText(content.caption) : '';
}

/** Resolves when `look` finds something: it looks now and whenever `subscribe` calls back. */
export async function eventually<T>(
  look: () => T | undefined,
  what: string,
  subscribe: (watcher: () => void) => () => void,
): Promise<T> {
  const now = look();
  if (now !== undefined) return now;
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => {
      leave();
      reject(new Error(`waited ${PATIENCE_MS} ms for ${what} in vain`));
    }, PATIENCE_MS);
    const leave = subscribe(() => {
      const found = look();
      if (found === undefined) return;
      clearTimeout(timer);
      leave();
      resolve(found);
    });
  });
}

/** For states over there that nobody announces: looks again on each turn of a short timer. */
export function everySoOften(watcher: () => void): () => void {
  const timer = setInterval(watcher, 10);
  return () => clearInterval(timer);
}
