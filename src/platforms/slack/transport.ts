// The wire to Slack: one pool of kept connections for the SDK's calls, uploads and downloads.
import { Agent, request } from 'undici';
import type { Dispatcher } from 'undici';
import type { FetchFunction } from '@slack/web-api';
import { RemoteTime } from '../../runtime/remote-time.ts';
import type { Clock } from '../../runtime/time.ts';
import { NotToAct } from '../not-to-act.ts';
import { retryAfterSeconds } from '../retry-after.ts';

/** Slack's edge keeps idle connections longer; undici's own 4 s would cost a handshake for every quiet channel. */
const KEEP_ALIVE_MS = 60_000;

/** What everybody sees, for good. The rest reads, or answers somebody who waits. */
const LASTING =
  /\/(?:chat\.(?:postMessage|update|delete)|files\.completeUploadExternal|reactions\.\w+|conversations\.(?:create|invite|kick|rename|set\w+))$/;

export interface Transport {
  /** What WebClient calls instead of the global fetch, which takes three times the processor time. A 429 always comes with a sane Retry-After. */
  readonly fetch: FetchFunction;
  readonly dispatcher: Dispatcher;
  /** Slack's, as its answers told. */
  readonly time: RemoteTime;
  /** Cuts what is under way. */
  close(): Promise<void>;
}

/** `mayAct`: asked as the last thing before what lasts is sent; when false, it isn't. */
export function createTransport(clock: Clock, mayAct: () => boolean = () => true): Transport {
  const dispatcher = new Agent({ keepAliveTimeout: KEEP_ALIVE_MS, keepAliveMaxTimeout: KEEP_ALIVE_MS, allowH2: false });
  const time = new RemoteTime(clock);
  return {
    dispatcher,
    time,
    close: () => dispatcher.destroy(),
    fetch: async (url, init = {}) => {
      if (LASTING.test(String(url)) && !mayAct()) throw new NotToAct();
      const answer = await request(url, {
        method: init.method === 'GET' ? 'GET' : 'POST',
        headers: init.headers ?? {},
        // The SDK sends FormData only for file contents, which don't go through it.
        body: typeof init.body === 'string' ? init.body : null,
        signal: init.signal ?? null,
        dispatcher,
      });
      const text = await answer.body.text();
      const headers = new Headers();
      for (const [name, value] of Object.entries(answer.headers)) {
        if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
      }
      time.answered(headers.get('date'));
      if (answer.statusCode === 429) {
        headers.set(
          'retry-after',
          String(retryAfterSeconds(headers.get('retry-after') ?? undefined, time.now() ?? clock.now())),
        );
      }
      return new Response(text === '' ? null : text, { status: answer.statusCode, headers });
    },
  };
}
