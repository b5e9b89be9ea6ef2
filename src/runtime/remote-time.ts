// The time as a server tells it: what its ids and histories are compared with, however wrong our own clock is.
import type { Clock } from './time.ts';

/** Learns a server's time from its answers. */
export class RemoteTime {
  readonly #clock: Clock;
  #told: { readonly atMs: number; readonly monotonicMs: number } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** An answer came with this `Date` header; one that is absent or unreadable changes nothing. */
  answered(date: string | null | undefined): void {
    const atMs = Date.parse(date ?? '');
    if (!Number.isNaN(atMs)) this.#told = { atMs, monotonicMs: this.#clock.monotonicMs() };
  }

  /** The server's time, late by a second or so and never early; undefined until it told one. */
  now(): Date | undefined {
    if (this.#told === undefined) return undefined;
    return new Date(this.#told.atMs + this.#clock.monotonicMs() - this.#told.monotonicMs);
  }
}
