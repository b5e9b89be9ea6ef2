// How a Workspace stands: who we are in it, whether events can reach us, and a person's help asked for when Slack refuses us.
import type { ReceiverEvent } from '@slack/bolt';
import type { BridgeError } from '../../domain/errors.ts';
import type { Problem, WorkspaceState } from '../../domain/events.ts';
import type { Log } from '../../runtime/log.ts';
import { Loop } from '../../runtime/time.ts';
import type { Clock } from '../../runtime/time.ts';
import type { PlatformStart } from '../platform.ts';
import { problemOf, toBridgeError } from './errors.ts';
import { openSocket, untilAborted } from './socket.ts';
import type { Transport } from './transport.ts';

/** Two, because one alone misses several seconds whenever Slack renews it, every few hours. */
const SOCKET_COUNT = 2;
/** A connection that lived this long may be opened again at once, in milliseconds. */
const STEADY_MS = 10_000;

/** Who we are, as auth.test tells it. */
export interface SlackIdentity {
  readonly teamId: string;
  readonly teamName: string;
  readonly botUserId: string;
  readonly botId: string;
}

export interface ConnectionOptions {
  /** Absent: events come by HTTP, and knowing who we are is all there is to connecting. */
  readonly appToken: string | undefined;
  readonly apiUrl: string | undefined;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Log;
  /** How often a refused token is tried again, in milliseconds. */
  readonly refusedRetryMs: number;
  readonly identify: () => Promise<SlackIdentity>;
  readonly take: (event: ReceiverEvent) => Promise<void>;
}

/**
 * Keeps the bot known and the sockets open until `stop`. Every way of failing ends in another try: quickly when Slack can't be reached,
 * slowly when it refuses us.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #loops: Loop[] = [];
  readonly #known = Promise.withResolvers<void>();
  readonly #firstTry = Promise.withResolvers<void>();
  #identity: SlackIdentity | undefined;
  #botProblem: Problem | undefined;
  #appProblem: Problem | undefined;
  #openCount = 0;
  #wasConnected = false;
  #told = '';
  #onState: PlatformStart['onState'] | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  get identity(): SlackIdentity | undefined {
    return this.#identity;
  }

  /** Whether events reach us now. */
  get isConnected(): boolean {
    return this.#state() === 'connected';
  }

  get appProblem(): Problem | undefined {
    return this.#appProblem;
  }

  /** Resolves when the first try is over, however it went. */
  async start(onState: PlatformStart['onState']): Promise<void> {
    const { clock, log, refusedRetryMs, appToken } = this.#options;
    this.#onState = onState;
    this.#tell();
    this.#loops.push(
      new Loop({ name: 'slack identity', clock, log, everyMs: refusedRetryMs, run: () => this.#identify() }),
    );
    if (appToken !== undefined) {
      for (let count = 0; count < SOCKET_COUNT; count += 1) {
        const run = (signal: AbortSignal): Promise<void> => this.#holdSocket(appToken, signal);
        this.#loops.push(new Loop({ name: `slack socket ${count + 1}`, clock, log, everyMs: 0, run }));
      }
    }
    for (const loop of this.#loops) loop.start();
    await this.#firstTry.promise;
  }

  /** A call with the bot token was refused: tells it and keeps asking, slowly, until the token is accepted. */
  refuse(error: BridgeError): void {
    this.#botProblem = problemOf(error, 'SLACK_BOT_TOKEN');
    this.#tell();
  }

  async stop(): Promise<void> {
    this.#onState = undefined;
    this.#firstTry.resolve();
    await Promise.all(this.#loops.map((loop) => loop.stop()));
  }

  /** One look at who we are, when that isn't known or was refused. */
  async #identify(): Promise<void> {
    if (this.#identity !== undefined && this.#botProblem === undefined) return;
    try {
      this.#identity = await this.#options.identify();
      this.#botProblem = undefined;
      this.#known.resolve();
      if (this.#options.appToken === undefined) this.#firstTry.resolve();
      this.#tell();
    } catch (error) {
      this.#firstTry.resolve();
      if (toBridgeError(error, 'auth.test').code !== 'unauthorised') throw error;
    }
  }

  /** Opens one socket and stays until it ends. */
  async #holdSocket(appToken: string, signal: AbortSignal): Promise<void> {
    const { clock, refusedRetryMs } = this.#options;
    if (this.#identity === undefined) await Promise.race([this.#known.promise, untilAborted(signal)]);
    if (signal.aborted) return;
    const openedAtMs = clock.monotonicMs();
    try {
      const socket = await openSocket({ ...this.#options, appToken, signal });
      this.#appProblem = undefined;
      this.#count(1);
      this.#firstTry.resolve();
      const ending = await socket.lost;
      this.#count(-1);
      if (ending === 'broken') this.#tellGap();
      await socket.hangUp();
    } catch (error) {
      this.#firstTry.resolve();
      if (signal.aborted) return;
      await this.#afterRefusal(toBridgeError(error, 'apps.connections.open'), signal);
      return;
    }
    if (signal.aborted || clock.monotonicMs() - openedAtMs > STEADY_MS) return;
    await clock.sleep(Math.min(1_000, refusedRetryMs), signal);
  }

  async #afterRefusal(error: BridgeError, signal: AbortSignal): Promise<void> {
    const { clock, refusedRetryMs } = this.#options;
    switch (error.code) {
      case 'unreachable':
        throw error;
      case 'throttled':
        return clock.sleep(error.retryAfterMs ?? refusedRetryMs, signal);
      default:
        this.#appProblem = problemOf(error, 'SLACK_APP_TOKEN');
        this.#tell();
        return clock.sleep(refusedRetryMs, signal);
    }
  }

  #count(change: 1 | -1): void {
    this.#openCount += change;
    this.#tell();
  }

  /** Another connection may stand; what the broken one was sent last, Slack tells again only minutes later, after what came since. */
  #tellGap(): void {
    if (!this.isConnected) return;
    this.#told = '';
    this.#tell();
  }

  #state(): WorkspaceState {
    if (this.#botProblem !== undefined) return 'refused';
    const isOpen = this.#options.appToken === undefined ? this.#identity !== undefined : this.#openCount > 0;
    if (isOpen) return 'connected';
    if (this.#appProblem !== undefined) return 'refused';
    return this.#wasConnected ? 'reconnecting' : 'connecting';
  }

  /** Tells how we stand, if that changed. Whatever happened between two connections was missed, and also what came before the first. */
  #tell(): void {
    const state = this.#state();
    const problem = state === 'refused' ? (this.#botProblem ?? this.#appProblem) : undefined;
    const key = `${state} ${problem?.what ?? ''}`;
    if (key === this.#told) return;
    this.#told = key;
    if (state === 'connected') this.#wasConnected = true;
    const identity = this.#identity;
    this.#onState?.(state, {
      ...(identity === undefined ? {} : { identity: { remoteId: identity.teamId, name: identity.teamName } }),
      ...(problem === undefined ? {} : { problem }),
      back: state === 'connected',
    });
  }
}
