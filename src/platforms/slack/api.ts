// Calls to Slack's Web API: never repeated and never held back by the SDK, each failure translated once.
import { LogLevel, WebClient } from '@slack/web-api';
import type { ChatPostMessageArguments, ChatPostMessageResponse, WebClientOptions } from '@slack/web-api';
import type { BridgeError } from '../../domain/errors.ts';
import type { Log } from '../../runtime/log.ts';
import { toBridgeError } from './errors.ts';
import type { Transport } from './transport.ts';

/** Past this a call counts as unanswered, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** What the SDK's packages log to. Their debug lines hold whole messages and are dropped; the rest goes through our cleaning. */
export interface SdkLogger {
  debug(...parts: unknown[]): void;
  info(...parts: unknown[]): void;
  warn(...parts: unknown[]): void;
  error(...parts: unknown[]): void;
  setLevel(level: LogLevel): void;
  getLevel(): LogLevel;
  setName(name: string): void;
}

export function sdkLogger(log: Log): SdkLogger {
  const sentence = (parts: readonly unknown[]): string =>
    parts
      .map((part) => (part instanceof Error ? part.message : typeof part === 'string' ? part : ''))
      .join(' ')
      .slice(0, 300);
  return {
    debug: () => undefined,
    info: (...parts) => log.debug({ from: 'slack sdk' }, sentence(parts)),
    warn: (...parts) => log.debug({ from: 'slack sdk' }, sentence(parts)),
    error: (...parts) => log.warn({ from: 'slack sdk' }, sentence(parts)),
    setLevel: () => undefined,
    getLevel: () => LogLevel.INFO,
    setName: () => undefined,
  };
}

export interface ApiOptions {
  readonly botToken: string;
  readonly apiUrl: string | undefined;
  readonly transport: Transport;
  readonly log: Log;
  /** Called for every call that is refused because of the bot token. */
  readonly onRefused: (error: BridgeError) => void;
}

/** What every client of ours is made with: the delivery loop, not the SDK, decides about time and repeats. */
export function clientOptions(options: Pick<ApiOptions, 'apiUrl' | 'transport' | 'log'>): WebClientOptions {
  return {
    ...(options.apiUrl === undefined ? {} : { slackApiUrl: options.apiUrl }),
    fetch: options.transport.fetch,
    retryConfig: { retries: 0 },
    // A call over the limit fails at once. Without this the SDK pauses all calls of the client, whatever channel they are for.
    rejectRateLimitedCalls: true,
    timeout: TIMEOUT_MS,
    logger: sdkLogger(options.log),
  };
}

/**
 * The bot's calls. Two clients, because each takes 100 calls at a time and makes the rest wait: reading many pages of history
 * must not stand in the way of a post.
 */
export class Api {
  readonly #posting: WebClient;
  readonly #reading: WebClient;
  readonly #onRefused: (error: BridgeError) => void;

  constructor(options: ApiOptions) {
    this.#posting = new WebClient(options.botToken, clientOptions(options));
    this.#reading = new WebClient(options.botToken, clientOptions(options));
    this.#onRefused = options.onRefused;
  }

  /** Something that changes Slack. Rejects with a BridgeError only. */
  async write<Answer>(doing: string, call: (web: WebClient) => Promise<Answer>): Promise<Answer> {
    return this.#run(doing, this.#posting, call);
  }

  /** Something that only reads. Rejects with a BridgeError only. */
  async read<Answer>(doing: string, call: (web: WebClient) => Promise<Answer>): Promise<Answer> {
    return this.#run(doing, this.#reading, call);
  }

  /** Posts a message; resolves with its `ts`. */
  async sendMessage(message: ChatPostMessageArguments): Promise<string> {
    const method = 'chat.postMessage';
    const answer: ChatPostMessageResponse = await this.write(method, (web) => web.apiCall(method, { ...message }));
    return answer.ts ?? '';
  }

  async #run<Answer>(doing: string, web: WebClient, call: (web: WebClient) => Promise<Answer>): Promise<Answer> {
    try {
      return await call(web);
    } catch (error) {
      const translated = toBridgeError(error, doing);
      if (translated.code === 'unauthorised') this.#onRefused(translated);
      throw translated;
    }
  }
}
