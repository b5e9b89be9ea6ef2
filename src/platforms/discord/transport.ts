// The wire to Discord's REST API and files: one pool of kept connections for the SDK's calls and downloads.
import type { RESTOptions } from 'discord.js';
import { Agent, request } from 'undici';
import type { Dispatcher } from 'undici';
import { RemoteTime } from '../../runtime/remote-time.ts';
import type { Clock } from '../../runtime/time.ts';
import { NotToAct } from '../not-to-act.ts';
import { retryAfterSeconds } from '../retry-after.ts';

/** Longer than undici's own 4 s, which would cost a handshake for every quiet channel. */
const KEEP_ALIVE_MS = 60_000;
/** Statuses that have no body. */
const EMPTY = new Set([204, 205, 304]);

/** Answers to somebody who waits. */
const ANSWER = /\/interactions\/|\/messages\/@original/;

export interface Transport {
  /** What the SDK calls; a 429 always comes with a sane Retry-After. Its own way would share a dispatcher with every other undici in the process, whose forms differ. */
  readonly makeRequest: RESTOptions['makeRequest'];
  readonly dispatcher: Dispatcher;
  /** Discord's, as its answers told. */
  readonly time: RemoteTime;
  /** Cuts what is under way. */
  close(): Promise<void>;
}

/** `mayAct`: asked as the last thing before a change is sent; when false, it isn't. */
export function createTransport(clock: Clock, mayAct: () => boolean = () => true): Transport {
  const dispatcher = new Agent({ keepAliveTimeout: KEEP_ALIVE_MS, keepAliveMaxTimeout: KEEP_ALIVE_MS, allowH2: false });
  const time = new RemoteTime(clock);
  return {
    dispatcher,
    time,
    close: () => dispatcher.destroy(),
    makeRequest: async (url, init) => {
      const headers = new Headers(init.headers as Record<string, string>);
      const { body, contentType } = await encoded(init.body);
      if (contentType !== undefined) headers.set('content-type', contentType);
      const method = init.method ?? 'GET';
      if (method !== 'GET' && !ANSWER.test(url) && !mayAct()) throw new NotToAct();
      const answer = await request(url, {
        method,
        headers: Object.fromEntries(headers),
        body,
        signal: init.signal ?? null,
        dispatcher,
      });
      const text = await answer.body.text();
      const told = new Headers();
      for (const [name, value] of Object.entries(answer.headers)) {
        if (value !== undefined) told.set(name, Array.isArray(value) ? value.join(', ') : value);
      }
      time.answered(told.get('date'));
      if (answer.statusCode === 429) {
        const seconds = retryAfterSeconds(told.get('retry-after') ?? undefined, time.now() ?? clock.now());
        told.set('retry-after', String(seconds));
      }
      return new Response(EMPTY.has(answer.statusCode) ? null : text, { status: answer.statusCode, headers: told });
    },
  };
}

/** The SDK sends JSON, or a form with files, whose boundary belongs into the headers. */
async function encoded(
  body: unknown,
): Promise<{ readonly body: string | Buffer | null; readonly contentType?: string }> {
  if (!(body instanceof FormData)) return { body: typeof body === 'string' ? body : null };
  const form = new Response(body);
  return { body: Buffer.from(await form.arrayBuffer()), contentType: form.headers.get('content-type') ?? '' };
}
