// One session with Discord's gateway: opened through the SDK, which resumes it by itself, and hung up for good.
import { Client, Events, GatewayIntentBits, Options, SimpleShardingStrategy } from 'discord.js';
import { z } from 'zod';
import type { Log } from '../../runtime/log.ts';
import type { Clock } from '../../runtime/time.ts';
import { restOptions } from './api.ts';
import type { Packet } from './receive.ts';
import type { Transport } from './transport.ts';

const INTENTS = [
  GatewayIntentBits.Guilds,
  GatewayIntentBits.GuildMembers,
  GatewayIntentBits.GuildMessages,
  GatewayIntentBits.MessageContent,
  GatewayIntentBits.GuildMessageReactions,
  GatewayIntentBits.DirectMessages,
];
/** How long a close may stay unanswered, in milliseconds. */
const CLOSE_MS = 1_500;

const packetShape = z.object({ t: z.string(), s: z.number(), d: z.unknown() });
const readyShape = z.object({ session_id: z.string() });

export interface GatewayOptions {
  readonly botToken: string;
  readonly apiUrl: string | undefined;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Log;
  /** Every event, in order; must not throw. */
  readonly onPacket: (packet: Packet) => void;
  /** The connection broke; the SDK opens it again. */
  readonly onBroken: () => void;
}

/** How a session ended: Discord's close code, or what kept it from being opened. */
export interface GatewayEnd {
  readonly code?: number;
  readonly error?: unknown;
}

export interface Gateway {
  /** Resolves when nothing comes any more and the SDK has given up. */
  readonly ended: Promise<GatewayEnd>;
  /** Leaves nothing of it. */
  hangUp(): Promise<void>;
}

/** The codes after which the SDK doesn't try again, as it words them when they meet the first connection. */
const REFUSALS: Readonly<Record<string, number>> = {
  'Authentication failed': 4004,
  'Used invalid intents': 4013,
  'Used disallowed intents': 4014,
};

/** Begins a session; what comes of it is told by the callbacks and by `ended`. */
export function openGateway(options: GatewayOptions): Gateway {
  const { log, clock, onPacket, onBroken } = options;
  const ended = Promise.withResolvers<GatewayEnd>();
  let isHungUp = false;
  let stopReconnecting = (): void => undefined;
  let session = '';
  const client = new Client({
    intents: INTENTS,
    rest: restOptions(options),
    // Events are read as they come; the SDK's own picture of the server isn't used.
    makeCache: Options.cacheWithLimits({
      MessageManager: 0,
      ReactionManager: 0,
      GuildMemberManager: 0,
      UserManager: 0,
    }),
    ws: {
      buildStrategy: (manager) => {
        stopReconnecting = () => {
          // A connection that waits to be opened again isn't stopped by `destroy` (@discordjs/ws 1.2.3); it never gets its session.
          manager.options.retrieveSessionInfo = () => new Promise(() => undefined);
        };
        return new SimpleShardingStrategy(manager);
      },
    },
  });
  client.on(Events.Raw, (raw: unknown) => {
    const packet = packetShape.safeParse(raw);
    if (isHungUp || !packet.success) return;
    const { t, s, d } = packet.data;
    if (t === 'READY') session = readyShape.safeParse(d).data?.session_id.slice(0, 12) ?? '';
    onPacket({ t, d, origin: `${session}.${s}` });
  });
  client.on(Events.ShardReconnecting, () => {
    if (!isHungUp) onBroken();
  });
  client.on(Events.ShardDisconnect, ({ code }) => ended.resolve({ code }));
  client.on(Events.Invalidated, () => ended.resolve({}));
  client.on(Events.ShardError, (error) => log.debug({ err: error }, 'the connection to Discord failed'));
  client.on(Events.Error, (error) => log.warn({ err: error }, 'Discord sent something that could not be read'));
  client.login(options.botToken).catch((error: unknown) => {
    ended.resolve({ error, ...codeOf(error) });
  });
  return {
    ended: ended.promise,
    hangUp: async () => {
      isHungUp = true;
      const enough = new AbortController();
      const closed = client.destroy().catch((error: unknown) => {
        log.debug({ err: error }, 'the connection to Discord could not be closed');
      });
      stopReconnecting();
      await Promise.race([closed, clock.sleep(CLOSE_MS, enough.signal)]);
      enough.abort();
    },
  };
}

function codeOf(error: unknown): { code?: number } {
  if (!(error instanceof Error)) return {};
  const code = 'code' in error && error.code === 'TokenInvalid' ? 4004 : REFUSALS[error.message];
  return code === undefined ? {} : { code };
}
