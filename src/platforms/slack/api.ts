// Calls to Slack's Web API: never repeated and never held back by the SDK, each failure translated once.
import { LogLevel, WebClient } from '@slack/web-api';
import type { ChatPostMessageArguments, ChatPostMessageResponse, WebClientOptions } from '@slack/web-api';
import { BridgeError } from '../../domain/errors.ts';
import type { Log } from '../../runtime/log.ts';
import type { Clock } from '../../runtime/time.ts';
import { toBridgeError } from './errors.ts';
import type { Transport } from './transport.ts';

/** Past this a call counts as unanswered, in milliseconds. */
const TIMEOUT_MS = 10_000;

const POST = 'chat.postMessage';

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
  readonly clock: Clock;
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
  readonly #clock: Clock;
  /** Methods that Slack asked us to leave alone, until when (monotonic milliseconds). */
  readonly #closed = new Map<string, number>();

  constructor(options: ApiOptions) {
    this.#posting = new WebClient(options.botToken, clientOptions(options));
    this.#reading = new WebClient(options.botToken, clientOptions(options));
    this.#onRefused = options.onRefused;
    this.#clock = options.clock;
  }

  /** A call of `method` that changes Slack. Rejects with a BridgeError only. */
  async write<Answer>(method: string, call: (web: WebClient) => Promise<Answer>): Promise<Answer> {
    return this.#run(method, this.#posting, call);
  }

  /** A call of `method` that only reads. Rejects with a BridgeError only. */
  async read<Answer>(method: string, call: (web: WebClient) => Promise<Answer>): Promise<Answer> {
    return this.#run(method, this.#reading, call);
  }

  /** Posts a message; resolves with its `ts`. */
  async sendMessage(message: ChatPostMessageArguments): Promise<string> {
    const answer: ChatPostMessageResponse = await this.write(POST, (web) => web.apiCall(POST, { ...message }));
    return answer.ts ?? '';
  }

  async #run<Answer>(method: string, web: WebClient, call: (web: WebClient) => Promise<Answer>): Promise<Answer> {
    this.#checkOpen(method);
    try {
      return await call(web);
    } catch (error) {
      const translated = toBridgeError(error, method);
      if (translated.code === 'unauthorised') this.#onRefused(translated);
      // Slack's limits hold for a method in the whole workspace, but for posts in each channel.
      if (translated.code === 'throttled' && method !== POST) {
        this.#closed.set(method, this.#clock.monotonicMs() + (translated.retryAfterMs ?? 0));
      }
      throw translated;
    }
  }

  /** Asking before the time is up would be refused again, and costs others their turn. */
  #checkOpen(method: string): void {
    const leftMs = (this.#closed.get(method) ?? 0) - this.#clock.monotonicMs();
    if (leftMs <= 0) return;
    throw new BridgeError('throttled', `${method}: still to be left alone`, {
      sentence: 'Slack asks us to wait.',
      retry: 'later',
      certain: true,
      retryAfterMs: Math.ceil(leftMs),
    });
  }
}
