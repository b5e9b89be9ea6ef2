// How a Workspace stands: who we are in it, whether events reach us, and a person's help asked for when Discord refuses us.
import { Routes } from 'discord.js';
import { z } from 'zod';
import type { Problem, WorkspaceState } from '../../domain/events.ts';
import { BridgeError } from '../../domain/errors.ts';
import type { Log } from '../../runtime/log.ts';
import { Loop } from '../../runtime/time.ts';
import type { Clock } from '../../runtime/time.ts';
import type { PlatformStart } from '../platform.ts';
import type { Api } from './api.ts';
import { absentProblem, problemOfClose, toBridgeError, TOKEN_PROBLEM } from './errors.ts';
import { openGateway } from './gateway.ts';
import type { Packet } from './receive.ts';
import type { Transport } from './transport.ts';

/** How long the first try may take, in milliseconds. */
const FIRST_TRY_MS = 15_000;
/** A session that lived this long may be opened again at once, in milliseconds. */
const STEADY_MS = 10_000;

const readyShape = z.object({
  user: z.object({ id: z.string() }),
  application: z.object({ id: z.string() }),
  guilds: z.array(z.object({ id: z.string() })),
});
const guildShape = z.object({
  id: z.string(),
  name: z.string().optional(),
  unavailable: z.boolean().nullish(),
  premium_tier: z.number().nullish(),
});

/** Who we are. */
export interface DiscordIdentity {
  readonly botUserId: string;
  readonly applicationId: string;
}

export interface ConnectionOptions {
  readonly botToken: string;
  readonly apiUrl: string | undefined;
  readonly transport: Transport;
  readonly guildId: string;
  /** What the bot asks for in its invitation. */
  readonly permissions: bigint;
  readonly api: Api;
  readonly clock: Clock;
  readonly log: Log;
  /** How often a refusal is looked at again, in milliseconds. */
  readonly refusedRetryMs: number;
  /** Every event of a session, in order; must not throw. */
  readonly take: (packet: Packet) => void;
  /** A new session has opened in the server. */
  readonly onOpened: () => Promise<void>;
}

/**
 * Keeps a session open until `stop`. Every way of failing ends in another try: quickly when Discord can't be reached, slowly when it
 * refuses us.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #loops: Loop[] = [];
  readonly #firstTry = Promise.withResolvers<void>();
  #identity: DiscordIdentity | undefined;
  #guildName: string | undefined;
  #boostTier = 0;
  #tokenProblem: Problem | undefined;
  #gatewayProblem: Problem | undefined;
  #isOpen = false;
  #wasConnected = false;
  #told = '';
  #onState: PlatformStart['onState'] | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** How far the server is boosted, as last told. */
  get boostTier(): number {
    return this.#boostTier;
  }

  /** Whether events reach us now. */
  get isConnected(): boolean {
    return this.#state() === 'connected';
  }

  /** What keeps us from being connected, when a person must act. */
  get problem(): Problem | undefined {
    return this.#tokenProblem ?? this.#gatewayProblem;
  }

  /** Who we are; asked for when no session has told yet. */
  async me(): Promise<DiscordIdentity> {
    if (this.#identity !== undefined) return this.#identity;
    const { api } = this.#options;
    const [user, application] = await Promise.all([
      api.call<{ id: string }>('get', Routes.user()),
      api.call<{ id: string }>('get', Routes.currentApplication()),
    ]);
    return { botUserId: user.id, applicationId: application.id };
  }

  /** Resolves when the first try is over, however it went. */
  async start(onState: PlatformStart['onState']): Promise<void> {
    const { clock, log, refusedRetryMs } = this.#options;
    this.#onState = onState;
    this.#tell();
    this.#loops.push(
      new Loop({ name: 'discord token', clock, log, everyMs: refusedRetryMs, run: () => this.#checkToken() }),
      new Loop({ name: 'discord gateway', clock, log, everyMs: 0, run: (signal) => this.#holdSession(signal) }),
    );
    for (const loop of this.#loops) loop.start();
    const enough = new AbortController();
    await Promise.race([this.#firstTry.promise, clock.sleep(FIRST_TRY_MS, enough.signal)]);
    enough.abort();
  }

  /** A call with the bot token was refused: tells it and keeps asking, slowly, until the token is accepted. */
  refuse(): void {
    this.#tokenProblem = TOKEN_PROBLEM;
    this.#tell();
  }

  async stop(): Promise<void> {
    this.#onState = undefined;
    this.#firstTry.resolve();
    await Promise.all(this.#loops.map((loop) => loop.stop()));
  }

  /** One look at a token that was refused. */
  async #checkToken(): Promise<void> {
    if (this.#tokenProblem === undefined) return;
    try {
      await this.#options.api.call('get', Routes.user());
      this.#tokenProblem = undefined;
      this.#tell();
    } catch (error) {
      if (!(error instanceof BridgeError) || error.code !== 'unauthorised') throw error;
    }
  }

  /** Opens one session and stays until it ends. */
  async #holdSession(signal: AbortSignal): Promise<void> {
    const { clock, refusedRetryMs } = this.#options;
    const openedAtMs = clock.monotonicMs();
    const gateway = openGateway({
      ...this.#options,
      onPacket: (packet) => this.#take(packet),
      onBroken: () => {
        this.#isOpen = false;
        this.#firstTry.resolve();
        this.#tell();
      },
    });
    const end = await Promise.race([gateway.ended, untilAborted(signal)]);
    await gateway.hangUp();
    this.#isOpen = false;
    this.#firstTry.resolve();
    if (signal.aborted || end === undefined) return;
    const problem = problemOfClose(end.code);
    if (problem === TOKEN_PROBLEM) this.#tokenProblem = problem;
    else this.#gatewayProblem = problem;
    this.#tell();
    // Discord allows a thousand sessions a day: one that it ended for good isn't begun anew at once.
    if (end.code !== undefined) return clock.sleep(refusedRetryMs, signal);
    if (end.error !== undefined) throw toBridgeError(end.error, 'gateway');
    if (clock.monotonicMs() - openedAtMs < STEADY_MS) await clock.sleep(1_000, signal);
  }

  #take(packet: Packet): void {
    const { take, log } = this.#options;
    take(packet);
    try {
      this.#notice(packet);
    } catch (error) {
      log.warn({ err: error, event: packet.t }, 'an event of Discord could not be read');
    }
  }

  #notice({ t, d }: Packet): void {
    const { guildId, permissions } = this.#options;
    switch (t) {
      case 'READY': {
        const { user, application, guilds } = readyShape.parse(d);
        this.#identity = { botUserId: user.id, applicationId: application.id };
        this.#tokenProblem = undefined;
        this.#gatewayProblem = guilds.some(({ id }) => id === guildId)
          ? undefined
          : absentProblem(application.id, permissions);
        if (this.#gatewayProblem !== undefined) this.#firstTry.resolve();
        break;
      }
      case 'GUILD_CREATE': {
        const { id, name, premium_tier: tier } = guildShape.parse(d);
        if (id !== guildId) return;
        this.#guildName = name;
        this.#boostTier = tier ?? 0;
        this.#gatewayProblem = undefined;
        this.#open();
        break;
      }
      case 'GUILD_UPDATE': {
        const { id, premium_tier: tier } = guildShape.parse(d);
        if (id === guildId) this.#boostTier = tier ?? 0;
        break;
      }
      case 'RESUMED':
        if (this.#gatewayProblem === undefined) this.#open();
        break;
      case 'GUILD_DELETE': {
        const { id, unavailable } = guildShape.parse(d);
        if (id !== guildId) return;
        this.#isOpen = false;
        // An outage of Discord's ends by itself.
        if (unavailable !== true) this.#gatewayProblem = absentProblem(this.#identity?.applicationId, permissions);
        break;
      }
      default:
        return;
    }
    this.#tell();
  }

  #open(): void {
    this.#isOpen = true;
    this.#firstTry.resolve();
    this.#options.onOpened().catch((error: unknown) => {
      this.#options.log.warn({ err: error }, 'the commands could not be registered with Discord');
    });
  }

  #state(): WorkspaceState {
    if (this.problem !== undefined) return 'refused';
    if (this.#isOpen) return 'connected';
    return this.#wasConnected ? 'reconnecting' : 'connecting';
  }

  /** Tells how we stand, if that changed. Whatever happened between two connections was missed, and also what came before the first. */
  #tell(): void {
    const state = this.#state();
    const { problem } = this;
    const key = `${state} ${problem?.what ?? ''}`;
    if (key === this.#told) return;
    this.#told = key;
    if (state === 'connected') this.#wasConnected = true;
    const name = this.#guildName;
    this.#onState?.(state, {
      ...(name === undefined ? {} : { identity: { remoteId: this.#options.guildId, name } }),
      ...(problem === undefined ? {} : { problem }),
      back: state === 'connected',
    });
  }
}

/** Resolves with nothing when the signal is aborted. */
function untilAborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
