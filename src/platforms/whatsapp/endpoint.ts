// What an Account's parts are built with, and which WhatsApp they talk to.
import type { Clock } from '../../runtime/time.ts';
import type { Log } from '../../runtime/log.ts';
import type { SessionStore } from '../../domain/session.ts';

export interface WhatsAppOptions {
  readonly sessions: SessionStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Another endpoint than WhatsApp's own, and the root (32 bytes in hex) of its certificates when that is another one too. */
  readonly endpoint?: { readonly url: string; readonly noiseRoot?: string };
  /** For spreading retries, 0 to 1; `Math.random` when absent. */
  readonly random?: () => number;
  /** After how long without any stanza an open connection is made anew, in milliseconds; 45 minutes when absent. */
  readonly deafAfterMs?: number;
  /** How long the server may take to answer a query, in milliseconds of the machine's own clock; 15 seconds when absent. */
  readonly queryTimeoutMs?: number;
}
