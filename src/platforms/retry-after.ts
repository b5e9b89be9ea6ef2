// What a 429 asks for, whatever its Retry-After says: the SDKs believe anything, and one that can't read it repeats at once and without end.

/** What a 429 without a readable Retry-After is taken for, and the longest wait we believe. */
export const UNREADABLE_WAIT_SECONDS = 10;
const LONGEST_WAIT_SECONDS = 3_600;

/** How long a 429 asks us to wait, in whole seconds of at least one: the header may be missing, negative, a date, absurd or nonsense. */
export function retryAfterSeconds(header: string | undefined, now: Date): number {
  const text = (header ?? '').trim();
  const seconds = /^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : (Date.parse(text) - now.getTime()) / 1000;
  if (!Number.isFinite(seconds))
    return text === '' || Number.isNaN(seconds) ? UNREADABLE_WAIT_SECONDS : LONGEST_WAIT_SECONDS;
  return Math.min(LONGEST_WAIT_SECONDS, Math.max(1, Math.ceil(seconds)));
}
