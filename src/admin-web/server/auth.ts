// Who asks: the admin's token or a session, a limit on wrong tokens, and the page's origin on writes.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Request, RequestHandler } from 'express';
import type { Log } from '../../runtime/log.ts';
import type { Clock } from '../../runtime/time.ts';
import { cookieIn, SESSION } from './cookies.ts';
import { Problem } from './errors.ts';
import type { Actor, Viewer, WebParts } from './parts.ts';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Whether a request bears this token, in a time that doesn't depend on how much of it is right. */
export function bearsToken(request: IncomingMessage, token: string): boolean {
  const given = bearerOf(request);
  return given !== undefined && timingSafeEqual(digest(given), digest(token));
}

function bearerOf(request: IncomingMessage): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
}

const ADMIN_TOKEN: Viewer = { role: 'admin', email: null, agentId: null, via: 'token' };

/** Who asks; undefined when the request proves nothing. Asked with every request: whoever was taken out is out at once. */
export async function authenticate(
  parts: Pick<WebParts, 'config' | 'access'>,
  request: IncomingMessage,
): Promise<Viewer | undefined> {
  if (request.headers.authorization !== undefined) {
    const token = parts.config.adminApiToken;
    return token !== undefined && bearsToken(request, token) ? ADMIN_TOKEN : undefined;
  }
  const session = cookieIn(request, parts.config, SESSION);
  const agent = session === undefined ? undefined : await parts.access.signedIn(session);
  if (agent === undefined) return undefined;
  return { role: agent.role, email: agent.email, agentId: agent.id, via: 'session' };
}

/** Who a viewer is for the audit log, and by which door they came. */
export function actorOf(viewer: Viewer): Actor {
  const source = viewer.via === 'token' ? 'api' : 'web';
  if (viewer.agentId === null) return { kind: 'token', name: 'ADMIN_API_TOKEN', source };
  return { kind: 'agent', agentId: viewer.agentId, ...(viewer.email === null ? {} : { name: viewer.email }), source };
}

const WRONG_TOKENS_ALLOWED = 30;
const WINDOW_MS = 60_000;
const MOST_ADDRESSES = 10_000;

/** Counts wrong tokens by address; whoever tries too many isn't listened to, right token or not, until the minute is over. */
export class FailureLimit {
  readonly #clock: Clock;
  readonly #failures = new Map<string, { count: number; readonly endsAtMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Throws a Problem when this address has tried too often. */
  check(address: string): void {
    const entry = this.#failures.get(address);
    const waitMs = entry === undefined ? 0 : entry.endsAtMs - this.#clock.monotonicMs();
    if (entry === undefined || entry.count < WRONG_TOKENS_ALLOWED || waitMs <= 0) return;
    throw new Problem(429, 'Too many wrong tokens came from this address.', {
      headers: { 'retry-after': String(Math.ceil(waitMs / 1000)) },
    });
  }

  note(address: string): void {
    const nowMs = this.#clock.monotonicMs();
    const entry = this.#failures.get(address);
    if (entry !== undefined && entry.endsAtMs > nowMs) {
      entry.count += 1;
      return;
    }
    if (this.#failures.size >= MOST_ADDRESSES) this.#forget(nowMs);
    this.#failures.set(address, { count: 1, endsAtMs: nowMs + WINDOW_MS });
  }

  #forget(nowMs: number): void {
    for (const [address, { endsAtMs }] of this.#failures) if (endsAtMs <= nowMs) this.#failures.delete(address);
    if (this.#failures.size >= MOST_ADDRESSES) this.#failures.clear();
  }
}

/** Runs `prove` and refuses with 401 what proves nothing; wrong tokens count against the address they come from. */
export async function requireProof<T>(
  request: Request,
  { limit, log }: { readonly limit: FailureLimit; readonly log: Log },
  prove: () => Promise<T | undefined>,
): Promise<T> {
  const address = request.ip ?? '';
  const hasToken = request.headers.authorization !== undefined;
  if (hasToken) limit.check(address);
  const proof = await prove();
  if (proof !== undefined) return proof;
  if (hasToken) {
    limit.note(address);
    log.warn({ address }, 'a request came with a wrong token');
  }
  throw new Problem(401, hasToken ? 'This token is not accepted.' : 'Sign in first, or send a token.', {
    headers: { 'www-authenticate': 'Bearer realm="switchboard"' },
  });
}

const viewers = new WeakMap<Request, Viewer>();

/** Who asks, once `requireViewer` has let the request pass. */
export function viewerOf(request: Request): Viewer {
  const viewer = viewers.get(request);
  if (viewer === undefined) throw new Error('A route that needs a viewer is served without one.');
  return viewer;
}

/** Lets pass whoever proves who they are. */
export function requireViewer(parts: WebParts, limit: FailureLimit): RequestHandler {
  return async (request, _response, next) => {
    const { log } = parts;
    viewers.set(request, await requireProof(request, { limit, log }, () => authenticate(parts, request)));
    next();
  };
}

/**
 * Lets writes pass only from our own pages or from programs. A browser tells where a request comes from by
 * `Sec-Fetch-Site` or `Origin`; `ownOrigins` is asked with every request.
 */
export function requireOwnOrigin(ownOrigins: () => ReadonlySet<string>): RequestHandler {
  return (request, _response, next) => {
    if (request.method === 'GET' || request.method === 'HEAD') {
      next();
      return;
    }
    const origin = request.get('origin');
    const site = request.get('sec-fetch-site');
    const isOurs =
      origin === undefined
        ? site === undefined || site === 'same-origin' || site === 'none'
        : ownOrigins().has(origin) && (site === undefined || site === 'same-origin');
    if (!isOurs) throw new Problem(403, 'Changes are only taken from our own pages.');
    // A cookie goes along with any page's request, so that silence is no proof.
    const isSession = viewers.get(request)?.via === 'session';
    if (isSession && origin === undefined && site === undefined) {
      throw new Problem(403, 'A change must say which page it comes from.');
    }
    next();
  };
}
