// How something reaches the app: one shape for the socket and for HTTP.
import type { Json, JsonObject } from './json.ts';

/** What is carried. */
export interface Parcel {
  readonly kind: 'events_api' | 'slash_commands' | 'interactive';
  readonly body: JsonObject;
  /** Whether the acknowledgement may carry an answer. */
  readonly answerable: boolean;
  readonly retry: { readonly attempt: number; readonly reason: string };
}

/** What became of it. */
export type Receipt =
  | { readonly kind: 'acked'; readonly answer: Json | undefined; readonly connection: string }
  | { readonly kind: 'timeout'; readonly connection: string }
  | { readonly kind: 'disconnected'; readonly connection: string }
  | { readonly kind: 'unreachable'; readonly connection: string }
  | { readonly kind: 'http_error'; readonly status: number; readonly connection: string; readonly noRetry: boolean };

/** Carries a parcel once; never throws. */
export interface Carrier {
  carry(parcel: Parcel): Promise<Receipt>;
}
