// Rate limits: buckets with their headers, the global limit, the hidden ones no header tells, and the counter of invalid requests.
import { createHash } from 'node:crypto';

/** How many calls in which time. */
export interface RouteLimit {
  readonly count: number;
  readonly windowMs: number;
}

/** How a call is refused for coming too often. */
export interface Refused {
  readonly scope: 'user' | 'global' | 'shared';
  readonly retryAfterMs: number;
}

/** A call that an operation itself refuses for coming too often. */
export class TooOften extends Error {
  readonly refused: Refused;

  constructor(refused: Refused) {
    super('You are being rate limited.');
    this.refused = refused;
  }
}

/** What a bucket has left. */
export interface BucketState {
  readonly limit: number;
  readonly remaining: number;
  readonly resetAt: number;
  readonly hash: string;
}

const TEN_MINUTES_MS = 600_000;
/** Calls of any kind a second; source: "Rate Limits" of Discord's documentation. */
const GLOBAL_LIMIT: RouteLimit = { count: 50, windowMs: 1_000 };
/** Name and topic of a channel; source: discord-api-docs issues 1900 and 2190. */
const RENAME_LIMIT: RouteLimit = { count: 2, windowMs: TEN_MINUTES_MS };
/** All webhook posts of a channel; source: discord-api-docs issue 1454. */
const CHANNEL_WEBHOOK_LIMIT: RouteLimit = { count: 30, windowMs: 60_000 };
const DEFAULT_LIMIT: RouteLimit = { count: 10, windowMs: 10_000 };

/** The counters of a guild's app. */
export class Limits {
  readonly #used = new Map<string, number[]>();
  #invalid: number[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Calls answered 401, 403 or 429 (but for shared limits) in the last ten minutes. */
  get invalidCount(): number {
    const since = this.#now() - TEN_MINUTES_MS;
    this.#invalid = this.#invalid.filter((at) => at > since);
    return this.#invalid.length;
  }

  countInvalid(): void {
    this.#invalid.push(this.#now());
  }

  /** Counts a call against the global limit. */
  takeGlobal(): Refused | undefined {
    const waitMs = this.#take('global', GLOBAL_LIMIT);
    return waitMs === undefined ? undefined : { scope: 'global', retryAfterMs: waitMs };
  }

  /** Counts a call against its bucket. */
  takeBucket(operation: string, major: string, limit = DEFAULT_LIMIT): Refused | undefined {
    const waitMs = this.#take(`${operation} ${major}`, limit);
    return waitMs === undefined ? undefined : { scope: 'user', retryAfterMs: waitMs };
  }

  /** Counts a webhook post against the hidden limit of its channel. */
  takeChannelWebhook(channelId: string): Refused | undefined {
    const waitMs = this.#take(`webhooks ${channelId}`, CHANNEL_WEBHOOK_LIMIT);
    return waitMs === undefined ? undefined : { scope: 'shared', retryAfterMs: waitMs };
  }

  /** Counts a change of a channel's name or topic. */
  takeRename(channelId: string): Refused | undefined {
    const waitMs = this.#take(`rename ${channelId}`, RENAME_LIMIT);
    return waitMs === undefined ? undefined : { scope: 'user', retryAfterMs: waitMs };
  }

  /** What the headers say; a bucket that isn't counted always looks fresh. */
  bucket(operation: string, major: string, limit = DEFAULT_LIMIT): BucketState {
    const now = this.#now();
    const recent = this.#recent(`${operation} ${major}`, limit);
    return {
      limit: limit.count,
      remaining: recent.length === 0 ? Math.max(1, limit.count - 1) : Math.max(0, limit.count - recent.length),
      resetAt: (recent[0] ?? now) + limit.windowMs,
      hash: createHash('sha256').update(operation).digest('hex').slice(0, 32),
    };
  }

  #recent(key: string, limit: RouteLimit): number[] {
    const since = this.#now() - limit.windowMs;
    const recent = (this.#used.get(key) ?? []).filter((at) => at > since);
    this.#used.set(key, recent);
    return recent;
  }

  /** Counts a use; the time to wait when there are too many already. */
  #take(key: string, limit: RouteLimit): number | undefined {
    const recent = this.#recent(key, limit);
    const [oldest] = recent;
    if (recent.length >= limit.count && oldest !== undefined) return oldest + limit.windowMs - this.#now();
    recent.push(this.#now());
    return undefined;
  }
}
