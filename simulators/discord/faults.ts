// What can go wrong between an app and Discord, as orders a test gives in advance.

/** What happens to one REST call instead of, or after, its work. */
export type CallFault =
  /**
   * 429, nothing done. `retryAfter` in seconds, as a float; the header is rounded up, or says `header` instead ('' for none). `shared` is
   * somebody else's limit.
   */
  | {
      readonly kind: 'rate_limited';
      readonly scope?: 'user' | 'global' | 'shared';
      readonly retryAfter?: number;
      readonly header?: string;
    }
  /** Another status, nothing done. */
  | { readonly kind: 'status'; readonly status: number; readonly body?: string; readonly contentType?: string }
  /** 200 with an HTML page, nothing done. */
  | { readonly kind: 'html' }
  /** One of Discord's own errors, nothing done. */
  | { readonly kind: 'error'; readonly status: number; readonly code: number; readonly message: string }
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
  /** Done, but the answer is a 5xx. */
  | { readonly kind: 'answer_status'; readonly status: number }
  /** Done, but the answer stops in the middle of its JSON. */
  | { readonly kind: 'answer_cut' };

/** What happens to one file download. */
export type DownloadFault =
  /** The connection is cut after this part (0 to 1) of the bytes. */
  | { readonly kind: 'truncated'; readonly part: number }
  /** The bytes end early, without any sign on the wire. */
  | { readonly kind: 'short'; readonly part: number }
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
  readonly operation: string;
  readonly channel: string | undefined;
  left: number;
}

/** The orders in force. */
export class Faults {
  /** How long every call takes before anything is done. */
  latencyMs = 0;
  /** Whether the limits of the buckets are kept; their headers are there in any case. */
  rateLimits = false;
  /** Whether the global limit of 50 calls a second is kept. */
  globalLimit = false;
  /** Whether a channel takes only two renames in ten minutes, which no header tells. */
  renameLimit = true;
  #calls: Order<CallFault>[] = [];
  #downloads: Order<DownloadFault>[] = [];

  /**
   * Orders a fault for the next `times` (default 1) calls of an operation, `*` for any; only for one channel when given (a
   * webhook's calls belong to its channel, or to the thread they name). Operations are named as in Discord's OpenAPI document:
   * `create_message`, `execute_webhook`, `create_guild_channel`, `set_channel_permission_overwrite` …
   */
  call(operation: string, fault: CallFault, options: { times?: number; channel?: string } = {}): FaultOrder {
    return place(this.#calls, { fault, operation, channel: options.channel, left: options.times ?? 1 });
  }

  /** Orders a fault for the next downloads. */
  download(fault: DownloadFault, options: { times?: number } = {}): FaultOrder {
    return place(this.#downloads, { fault, operation: '*', channel: undefined, left: options.times ?? 1 });
  }

  /** Takes every order back. */
  clear(): void {
    this.#calls = [];
    this.#downloads = [];
  }

  takeCall(operation: string, channels: readonly string[]): CallFault | undefined {
    return take(this.#calls, operation, channels);
  }

  takeDownload(): DownloadFault | undefined {
    return take(this.#downloads, '*', []);
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

function take<Fault>(orders: Order<Fault>[], operation: string, channels: readonly string[]): Fault | undefined {
  const order = orders.find(
    (other) =>
      other.left > 0 &&
      (other.operation === '*' || other.operation === operation) &&
      (other.channel === undefined || channels.includes(other.channel)),
  );
  if (order === undefined) return undefined;
  order.left -= 1;
  if (order.left <= 0) orders.splice(orders.indexOf(order), 1);
  return order.fault;
}
