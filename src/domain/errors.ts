// The one error every adapter translates its SDK's failures into; only the delivery loop decides what to do with it.

/**
 * Never reused, never renamed. The adapter's `errors.ts` chooses; `bridge/deliver.ts` acts on `retry` and `certain`, not on the code,
 * except where a code names a state of ours (channel gone, logged out) that a person or the reconcile loop must mend.
 */
export type BridgeErrorCode =
  | 'unreachable' // nobody answered, or the answer was lost or unreadable
  | 'throttled' // told to wait
  | 'refused' // it said no, and will again
  | 'unauthorised' // our token or session is not accepted any more
  | 'logged_out' // the number's link was ended
  | 'not_connected' // the link is down at the moment
  | 'channel_gone' // the channel was deleted, archived, or the bot was taken out of it
  | 'post_gone' // the post to edit or react to isn't there
  | 'not_allowed' // the workspace's own settings forbid it
  | 'too_large' // the file or text is over the platform's limit
  | 'bad_media' // the file is missing, damaged or not what it claims
  | 'unknown_recipient' // no such person on the messenger
  | 'limited' // the messenger restricts this number
  | 'broken'; // a fault of ours

export interface BridgeErrorOptions {
  /** For an agent or admin, in plain words, without message text or numbers. */
  readonly sentence: string;
  /** `later`: the same call may succeed; `never`: it won't. */
  readonly retry: 'later' | 'never';
  /** True: it surely was not done. False: nobody knows, so it must be looked up before a repeat. */
  readonly certain: boolean;
  /** How long the other side asked us to wait, in milliseconds. */
  readonly retryAfterMs?: number;
  /** What the wait applies to. Default `lane`: this destination only. */
  readonly waitFor?: 'lane' | 'workspace' | 'account';
  readonly cause?: unknown;
}

/** A failure at the edge of the program. `message` is for logs and never holds message text, tokens or numbers. */
export class BridgeError extends Error {
  override readonly name = 'BridgeError';
  readonly code: BridgeErrorCode;
  readonly sentence: string;
  readonly retry: 'later' | 'never';
  readonly certain: boolean;
  readonly retryAfterMs: number | undefined;
  readonly waitFor: 'lane' | 'workspace' | 'account';

  constructor(code: BridgeErrorCode, message: string, options: BridgeErrorOptions) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.sentence = options.sentence;
    this.retry = options.retry;
    this.certain = options.certain;
    this.retryAfterMs = options.retryAfterMs;
    this.waitFor = options.waitFor ?? 'lane';
  }
}
