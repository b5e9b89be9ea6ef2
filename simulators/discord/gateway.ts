// The gateway: HELLO, IDENTIFY, READY, heartbeats, RESUME and events over WebSocket, and everything that can go wrong there.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { GatewayCloseCodes, GatewayDispatchEvents, GatewayIntentBits, GatewayOpcodes } from 'discord-api-types/v10';
import type { GatewayReadyDispatchData, UserFlags } from 'discord-api-types/v10';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { answerMembers } from './gateway-members.ts';
import { enumOf, numberOf, objectOf, parseJson, textOf, wordOf } from './json.ts';
import type { JsonObject } from './json.ts';
import { renderApplication, renderGuildCreate, renderUser } from './render.ts';
import { Session } from './sessions.ts';
import type { Line } from './sessions.ts';
import type { Emitted, Guild } from './state.ts';

const ALL_INTENTS = Object.values(GatewayIntentBits).reduce<number>(
  (sum, bit) => (typeof bit === 'number' ? sum | bit : sum),
  0,
);
/** Commands a connection may send a minute; source: "Rate Limiting" of Discord's gateway documentation. */
const COMMANDS_PER_MINUTE = 120;
/** New sessions a day; source: "Session Start Limit" of the same. */
const STARTS_PER_DAY = 1_000;

/** How many IDENTIFYs are refused, and with which close code. */
interface Refusal {
  readonly code: number;
  left: number;
}

/** One open connection. */
class Connection implements Line {
  readonly socket: WebSocket;
  readonly #stream: Duplex;
  #isFrozen = false;
  session: Session | undefined;
  lastHeartbeatAt: number;
  readonly commands: number[] = [];

  constructor(socket: WebSocket, stream: Duplex, now: number) {
    this.socket = socket;
    this.#stream = stream;
    this.lastHeartbeatAt = now;
  }

  get open(): boolean {
    return this.socket.readyState === this.socket.OPEN;
  }

  /** Whether anything can come through it: the server itself notices a half-open one late. */
  get passable(): boolean {
    return this.open && !this.#isFrozen;
  }

  send(text: string): void {
    this.socket.send(text);
  }

  /** From here on nothing comes or goes, though the TCP connection stands. */
  freeze(): void {
    this.#isFrozen = true;
    this.#stream.pause();
    this.#stream.write = () => true;
  }

  op(op: GatewayOpcodes, d: unknown = null): void {
    if (this.open) this.send(JSON.stringify({ op, d, s: null, t: null }));
  }
}

/** The gateway of the app. */
export class GatewayServer {
  /** Connections opened since the start. */
  openedCount = 0;
  /** IDENTIFYs that opened a session. */
  identifiedCount = 0;
  /** RESUMEs that went through. */
  resumedCount = 0;
  /** Whether heartbeats stay without an answer, so that the app takes the connection for dead. */
  frozenAcks = false;
  /** Operations nobody knows. */
  readonly unknown: string[] = [];
  readonly sessions = new Map<string, Session>();
  readonly #guild: Guild;
  readonly #server = new WebSocketServer({ noServer: true });
  readonly #connections = new Set<Connection>();
  #refusal: Refusal | undefined;
  #refusedConnections = 0;
  /** When the whole list of members was last asked for. */
  readonly membersAskedAt = new Map<string, number>();

  constructor(guild: Guild) {
    this.#guild = guild;
  }

  /** Open connections with a session. */
  get connectedCount(): number {
    return [...this.#connections].filter((connection) => connection.open && connection.session !== undefined).length;
  }

  get startsLeft(): number {
    return STARTS_PER_DAY - this.identifiedCount;
  }

  /** Gives an event to every session that may have it; how many those were. */
  deliver(emitted: Emitted): number {
    const sessions = [...this.sessions.values()].filter((session) => session.wants(emitted));
    for (const session of sessions) session.dispatch(emitted.t, session.payload(emitted));
    return sessions.length;
  }

  /** Closes every connection; without a code the TCP connection is cut. 1000 and 1001 by the app end a session, a close from here never does. */
  dropAll(code?: number): void {
    for (const connection of this.#connections) {
      if (code === undefined) connection.socket.terminate();
      else connection.socket.close(code);
    }
  }

  /** Makes every connection half-open. */
  freezeAll(): void {
    for (const connection of this.#connections) connection.freeze();
  }

  /** Asks every connection to reconnect and resume (op 7). */
  reconnectAll(): void {
    for (const connection of this.#connections) connection.op(GatewayOpcodes.Reconnect);
  }

  /** Says op 9 on every connection; unless `resumable` the sessions are gone. */
  invalidateAll(resumable = false): void {
    for (const connection of this.#connections) {
      if (!resumable && connection.session !== undefined) this.sessions.delete(connection.session.id);
      connection.op(GatewayOpcodes.InvalidSession, resumable);
    }
  }

  /** Forgets every session, so that the next RESUME is answered with op 9. */
  forgetSessions(): void {
    for (const session of this.sessions.values()) session.line = undefined;
    this.sessions.clear();
  }

  /** Refuses the next IDENTIFYs with a close code (4004 bad token, 4014 intents …); 0 times ends it. */
  refuseIdentify(code: number, times = 1): void {
    this.#refusal = times > 0 ? { code, left: times } : undefined;
  }

  /** Refuses the next connections at the upgrade. */
  refuse(times: number): void {
    this.#refusedConnections = times;
  }

  /** Asks the app for a heartbeat now. */
  requestHeartbeat(): void {
    for (const connection of this.#connections) connection.op(GatewayOpcodes.Heartbeat);
  }

  /** Waits until every connection has taken in all that was sent on it, but those that are half-open. */
  async flushed(): Promise<void> {
    const passable = [...this.#connections].filter((connection) => connection.passable);
    const answers = passable.map(async ({ socket }) => {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          socket.off('pong', done).off('close', done);
          resolve();
        };
        socket.on('pong', done).on('close', done);
        socket.ping();
      });
    });
    await Promise.all(answers);
  }

  /** Takes an upgrade request. */
  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    if (this.#refusedConnections > 0) {
      this.#refusedConnections -= 1;
      stream.end('HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\r\n');
      return;
    }
    const { searchParams } = new URL(request.url ?? '/', 'http://gateway');
    this.#server.handleUpgrade(request, stream, head, (socket) => {
      this.#welcome(socket, stream, searchParams);
    });
  }

  stop(): void {
    this.dropAll();
    this.#server.close();
  }

  #welcome(socket: WebSocket, stream: Duplex, query: URLSearchParams): void {
    const connection = new Connection(socket, stream, this.#guild.now());
    this.openedCount += 1;
    this.#connections.add(connection);
    socket.on('error', () => {
      socket.terminate();
    });
    socket.on('close', (code) => {
      this.#leave(connection, code);
    });
    if (query.get('v') !== '10') {
      socket.close(GatewayCloseCodes.InvalidAPIVersion);
      return;
    }
    if (query.has('compress')) this.unknown.push(`gateway compression ${query.get('compress') ?? ''}`);
    socket.on('message', (data) => {
      this.#take(connection, objectOf(parseJson((data as Buffer).toString())));
    });
    connection.op(GatewayOpcodes.Hello, { heartbeat_interval: this.#guild.settings.heartbeatIntervalMs });
    this.#watch(connection);
  }

  /** Closes a connection whose heartbeats stopped. */
  #watch(connection: Connection): void {
    const { heartbeatIntervalMs } = this.#guild.settings;
    this.#guild.later(heartbeatIntervalMs, () => {
      if (!connection.open) return;
      if (this.#guild.now() - connection.lastHeartbeatAt > heartbeatIntervalMs * 2)
        connection.socket.close(GatewayCloseCodes.SessionTimedOut);
      else this.#watch(connection);
    });
  }

  #take(connection: Connection, payload: JsonObject): void {
    const now = this.#guild.now();
    const recent = connection.commands.filter((at) => at > now - 60_000);
    connection.commands.splice(0, connection.commands.length, ...recent, now);
    if (recent.length >= COMMANDS_PER_MINUTE) {
      connection.socket.close(GatewayCloseCodes.RateLimited);
      return;
    }
    const { op } = payload;
    const d = objectOf(payload['d']);
    if (op === GatewayOpcodes.Heartbeat) this.#beat(connection, payload['d']);
    else if (op === GatewayOpcodes.Identify) this.#identify(connection, d);
    else if (op === GatewayOpcodes.Resume) this.#resume(connection, d);
    else if (connection.session === undefined) connection.socket.close(GatewayCloseCodes.NotAuthenticated);
    else if (op === GatewayOpcodes.RequestGuildMembers) answerMembers(this.#guild, this, connection.session, d);
    else if (op !== GatewayOpcodes.PresenceUpdate && op !== GatewayOpcodes.VoiceStateUpdate) {
      this.unknown.push(`gateway operation ${wordOf(op)}`);
      connection.socket.close(GatewayCloseCodes.UnknownOpcode);
    }
  }

  #beat(connection: Connection, d: unknown): void {
    connection.lastHeartbeatAt = this.#guild.now();
    if (connection.session !== undefined) connection.session.acknowledged = numberOf(d);
    if (!this.frozenAcks) connection.op(GatewayOpcodes.HeartbeatAck);
  }

  #identify(connection: Connection, d: JsonObject): void {
    const intents = numberOf(d['intents']);
    const problem =
      connection.session === undefined ? this.#problem(d, intents) : GatewayCloseCodes.AlreadyAuthenticated;
    if (problem !== undefined) {
      connection.socket.close(problem);
      return;
    }
    const [id = 0, count = 1] = Array.isArray(d['shard']) ? d['shard'].map(numberOf) : [];
    const session = new Session(this.#guild, intents, [id, count], connection);
    connection.session = session;
    this.sessions.set(session.id, session);
    this.identifiedCount += 1;
    const { hasBot } = this.#guild;
    session.dispatch(GatewayDispatchEvents.Ready, this.#ready(session));
    if (!hasBot || (intents & GatewayIntentBits.Guilds) === 0) return;
    // Without the intent for presences only the bot itself is in the list.
    const withMembers = (intents & GatewayIntentBits.GuildPresences) !== 0;
    session.dispatch(GatewayDispatchEvents.GuildCreate, renderGuildCreate(this.#guild, withMembers));
  }

  #problem(d: JsonObject, intents: number): number | undefined {
    const refused = this.#refusal;
    if (refused !== undefined) {
      refused.left -= 1;
      if (refused.left <= 0) this.#refusal = undefined;
      return refused.code;
    }
    const token = textOf(d['token']).replace(/^Bot /, '');
    if (token !== this.#guild.botToken || !this.#guild.tokenValid) return GatewayCloseCodes.AuthenticationFailed;
    if ((intents & ~ALL_INTENTS) !== 0) return GatewayCloseCodes.InvalidIntents;
    const { messageContent, guildMembers, presences } = this.#guild.portal;
    const forbidden =
      (messageContent ? 0 : GatewayIntentBits.MessageContent) |
      (guildMembers ? 0 : GatewayIntentBits.GuildMembers) |
      (presences ? 0 : GatewayIntentBits.GuildPresences);
    return (intents & forbidden) === 0 ? undefined : GatewayCloseCodes.DisallowedIntents;
  }

  /** READY: the guilds are there but unavailable; each follows as GUILD_CREATE. */
  #ready(session: Session): GatewayReadyDispatchData {
    const guild = this.#guild;
    const { id, flags, flags_new } = renderApplication(guild);
    return {
      v: 10,
      user: { ...renderUser(guild.bot), verified: true, mfa_enabled: false, email: null, flags: enumOf<UserFlags>(0) },
      guilds: guild.hasBot ? [{ id: guild.id, unavailable: true }] : [],
      session_id: session.id,
      resume_gateway_url: gatewayUrl(guild),
      shard: [session.shard[0], session.shard[1]],
      application: { id, flags, flags_new },
    };
  }

  #resume(connection: Connection, d: JsonObject): void {
    const session = this.sessions.get(textOf(d['session_id']));
    if (textOf(d['token']).replace(/^Bot /, '') !== this.#guild.botToken || !this.#guild.tokenValid) {
      connection.socket.close(GatewayCloseCodes.AuthenticationFailed);
      return;
    }
    if (session === undefined) {
      connection.op(GatewayOpcodes.InvalidSession, false);
      return;
    }
    const seq = numberOf(d['seq']);
    if (seq > session.seq) {
      connection.socket.close(GatewayCloseCodes.InvalidSeq);
      return;
    }
    connection.session = session;
    session.line = connection;
    this.resumedCount += 1;
    session.replay(seq);
    session.dispatch(GatewayDispatchEvents.Resumed, { _trace: [] });
  }

  /** A session ends with close 1000 or 1001 by the app; otherwise it waits for a RESUME. */
  #leave(connection: Connection, code: number): void {
    this.#connections.delete(connection);
    const { session } = connection;
    if (session === undefined || session.line !== connection) return;
    session.line = undefined;
    if (code === 1000 || code === 1001) {
      this.sessions.delete(session.id);
      return;
    }
    this.#guild.later(this.#guild.settings.sessionLifeMs, () => {
      if (session.line === undefined) this.sessions.delete(session.id);
    });
  }
}

/** Where the gateway is. */
export function gatewayUrl(guild: Guild): string {
  return `${guild.origin.replace('http', 'ws')}/gateway`;
}
