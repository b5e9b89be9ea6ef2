// What can go wrong between an app and Slack, as orders a test gives in advance.
import type { JsonObject } from './json.ts';

/** What happens to one Web API call instead of, or after, its work. */
export type CallFault =
  /** 429; `retryAfter` is the header as written (`'3'`, `'-1'`, `'soon'`, an HTTP date …), no header when absent. */
  | { readonly kind: 'rate_limited'; readonly retryAfter?: string }
  /** Another status, nothing done. */
  | { readonly kind: 'status'; readonly status: number; readonly body?: string; readonly contentType?: string }
  /** 200 with an HTML page, nothing done. */
  | { readonly kind: 'html' }
  /** `ok: false` with this error, nothing done. */
  | { readonly kind: 'error'; readonly error: string; readonly extra?: JsonObject }
  /** Nothing done, no answer, the connection stays open. */
  | { readonly kind: 'hang' }
  /** Nothing done, the connection is cut. */
  | { readonly kind: 'cut' }
  /** Done and answered, `ms` later. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** Done, but the connection is cut instead of an answer. */
  | { readonly kind: 'answer_lost' }
  /** Done, but no answer comes. */
  | { readonly kind: 'answer_hangs' }
  /** Done, but the answer stops in the middle of its JSON. */
  | { readonly kind: 'answer_cut' };

/** What happens to one file download. */
export type DownloadFault =
  /** The connection is cut after this part (0 to 1) of the bytes. */
  | { readonly kind: 'truncated'; readonly part: number }
  /** The bytes end early, without any sign on the wire. */
  | { readonly kind: 'short'; readonly part: number }
  /** More bytes than the file object says. */
  | { readonly kind: 'long'; readonly extraBytes: number }
  /** A few bytes at a time. */
  | { readonly kind: 'slow'; readonly chunkBytes: number; readonly pauseMs: number }
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'html' }
  | { readonly kind: 'hang' };

/** A given order; `left` counts down, `cancel` ends it. */
export interface FaultOrder {
  readonly left: number;
  cancel(): void;
}

interface Order<Fault> {
  readonly fault: Fault;
  readonly method: string;
  readonly channel: string | undefined;
  left: number;
}

/** Calls per minute of the documented tiers. */
const TIER_BUDGETS: Readonly<Record<1 | 2 | 3 | 4, number>> = { 1: 1, 2: 20, 3: 50, 4: 100 };

/** Which budget a method has; `post` is about one call a second and channel, with a short burst. */
export type Tier = keyof typeof TIER_BUDGETS | 'post' | 'none';

/** The orders in force. */
export class Faults {
  /** How long every call takes before anything is done. */
  latencyMs = 0;
  /** Whether Slack's documented rate limits are kept. */
  rateLimits = false;
  /** The window of the tiers: 60,000 as documented. */
  tierWindowMs = 60_000;
  /** How many posts a channel takes at once, and after how long the next is free. */
  postBurst = 3;
  postEveryMs = 1_000;
  #calls: Order<CallFault>[] = [];
  #downloads: Order<DownloadFault>[] = [];
  readonly #used = new Map<string, number[]>();

  /**
   * Orders a fault for the next `times` (default 1) calls of a method, `*` for any; only for one channel when given. Uploads are
   * the method `upload`, answers to a response_url `response_url`.
   */
  call(method: string, fault: CallFault, options: { times?: number; channel?: string } = {}): FaultOrder {
    return place(this.#calls, { fault, method, channel: options.channel, left: options.times ?? 1 });
  }

  /** Orders a fault for the next downloads. */
  download(fault: DownloadFault, options: { times?: number } = {}): FaultOrder {
    return place(this.#downloads, { fault, method: '*', channel: undefined, left: options.times ?? 1 });
  }

  /** Takes every order back. */
  clear(): void {
    this.#calls = [];
    this.#downloads = [];
  }

  takeCall(method: string, channel: string | undefined): CallFault | undefined {
    return take(this.#calls, method, channel);
  }

  takeDownload(): DownloadFault | undefined {
    return take(this.#downloads, '*', undefined);
  }

  /** Seconds to wait when a call is over its budget; undefined when it may go on (and is counted). */
  overBudget(method: string, tier: Tier, channel: string | undefined, now: number): number | undefined {
    if (!this.rateLimits || tier === 'none') return undefined;
    const isPost = tier === 'post';
    const key = isPost ? `${method} ${channel ?? ''}` : method;
    const windowMs = isPost ? this.postBurst * this.postEveryMs : this.tierWindowMs;
    const budget = isPost ? this.postBurst : TIER_BUDGETS[tier];
    const recent = (this.#used.get(key) ?? []).filter((at) => at > now - windowMs);
    this.#used.set(key, recent);
    const [oldest] = recent;
    if (recent.length < budget || oldest === undefined) {
      recent.push(now);
      return undefined;
    }
    return Math.max(1, Math.ceil((oldest + windowMs - now) / 1000));
  }
}

function place<Fault>(orders: Order<Fault>[], order: Order<Fault>): FaultOrder {
  orders.push(order);
  return {
    get left(): number {
      return order.left;
    },
    cancel(): void {
      order.left = 0;
    },
  };
}

function take<Fault>(orders: Order<Fault>[], method: string, channel: string | undefined): Fault | undefined {
  const order = orders.find(
    (other) =>
      other.left > 0 &&
      (other.method === '*' || other.method === method) &&
      (other.channel === undefined || other.channel === channel),
  );
  if (order === undefined) return undefined;
  order.left -= 1;
  if (order.left <= 0) orders.splice(orders.indexOf(order), 1);
  return order.fault;
}
