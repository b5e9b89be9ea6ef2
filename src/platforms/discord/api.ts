// Calls to Discord's REST API: never repeated and never held back by the SDK, each failure translated once.
import { REST } from 'discord.js';
import type { RateLimitData, RequestData, RouteLike } from 'discord.js';
import type { BridgeError } from '../../domain/errors.ts';
import { toBridgeError, unreadable } from './errors.ts';
import type { Transport } from './transport.ts';

/** Past this a call counts as unanswered, in milliseconds. */
const TIMEOUT_MS = 15_000;
/** So short a wait for a limit is left to the SDK, in milliseconds: the one it keeps by itself, 50 calls a second, makes the next wait for up to 1,050. */
const SHORT_WAIT_MS = 1_500;

export interface ApiOptions {
  readonly botToken: string;
  /** Ends with `/api`; Discord's own when absent. */
  readonly apiUrl: string | undefined;
  readonly transport: Transport;
  /** Called for every call that is refused because of the bot token. */
  readonly onRefused: (error: BridgeError) => void;
}

/** What every client of ours is made with: the delivery loop, not the SDK, decides about time and repeats. */
export function restOptions({ apiUrl, transport }: Pick<ApiOptions, 'apiUrl' | 'transport'>) {
  return {
    ...(apiUrl === undefined ? {} : { api: apiUrl }),
    makeRequest: transport.makeRequest,
    version: '10',
    retries: 0,
    timeout: TIMEOUT_MS,
    // Without this a call over a limit waits inside the SDK, for minutes with renames. What a limit refused wasn't done.
    rejectOnRateLimit: ({ timeToReset, retryAfter }: RateLimitData) =>
      Math.max(timeToReset, retryAfter) > SHORT_WAIT_MS,
  };
}

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** The bot's calls. The type of an answer is Discord's documented one for the route. */
export class Api {
  readonly #rest: REST;
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
    this.#rest = new REST(restOptions(options));
  }

  /** One call. Rejects with a BridgeError only. `auth: false` for routes that carry a token of their own. */
  async call<Answer = unknown>(method: Method, route: RouteLike, data: RequestData = {}): Promise<Answer> {
    // The SDK forgets the token after a 401.
    this.#rest.setToken(this.#options.botToken);
    const doing = `${method} ${routeName(route)}`;
    let answer: unknown;
    try {
      answer = await this.#rest[method](route, data);
    } catch (error) {
      const translated = toBridgeError(error, doing);
      if (translated.code === 'unauthorised' && data.auth !== false) this.#options.onRefused(translated);
      throw translated;
    }
    // Anything but JSON comes as its bytes: nothing (204), or a proxy's page.
    if (answer instanceof ArrayBuffer && answer.byteLength > 0) throw unreadable(doing);
    return answer as Answer;
  }

  /** Ends the SDK's timers. */
  close(): void {
    this.#rest.clearHashSweeper();
    this.#rest.clearHandlerSweeper();
  }
}

/** The route without ids and tokens, for the log. */
function routeName(route: string): string {
  return route
    .replace(/^(\/(?:webhooks|interactions)\/\d+)\/[^/?]+/, '$1/…')
    .replaceAll(/\/\d+/g, '/…')
    .replace(/\/reactions\/.*/, '/reactions/…');
}
