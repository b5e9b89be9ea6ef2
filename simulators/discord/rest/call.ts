// One REST call: what an operation gets to see, and how an operation is declared.
import type { Faults } from '../faults.ts';
import type { GatewayServer } from '../gateway.ts';
import type { Interactions } from '../interactions.ts';
import type { Json, JsonObject } from '../json.ts';
import type { OAuth } from '../oauth.ts';
import type { Guild } from '../state.ts';
import type { Limits, RouteLimit } from './limits.ts';

/** The parts a server works with. */
export interface Parts {
  readonly guild: Guild;
  readonly faults: Faults;
  readonly gateway: GatewayServer;
  readonly interactions: Interactions;
  readonly oauth: OAuth;
  readonly limits: Limits;
}

/** A file as it came in a form: `index` is the number in `files[n]`. */
export interface Upload {
  readonly index: string;
  readonly name: string;
  readonly contentType: string;
  readonly bytes: Buffer;
}

/** A call, read. */
export interface Call extends Parts {
  /** The variable parts of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The body as an object; empty when it was none. */
  readonly body: JsonObject;
  /** The body as it came, for those that are lists. */
  readonly raw: Json | undefined;
  readonly uploads: readonly Upload[];
  /** The user whose token it was, for calls with a Bearer token; otherwise undefined. */
  readonly bearer: { readonly userId: string; readonly scopes: readonly string[] } | undefined;
}

/** What an operation does: 200 (or `success`) with what it returns, 204 when that is undefined. */
export type Handle = (call: Call) => object | undefined | Promise<object | undefined>;

/** An operation, named as in Discord's OpenAPI document. */
export interface Operation {
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With `{name}` for variable parts; below `/api/v10`. */
  readonly path: string;
  /** Whose token it takes; `token` ones carry it in the path. */
  readonly auth: 'bot' | 'bearer' | 'either' | 'token' | 'none';
  readonly success?: 201;
  readonly limit?: RouteLimit;
  readonly handle: Handle;
}

/** A variable part of the path; there by the operation's own declaration. */
export function param(call: Pick<Call, 'params'>, name: string): string {
  return call.params[name] ?? '';
}
