// Socket Mode: tickets, connections, envelopes and their acknowledgements, and every way a connection can die.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import type { Carrier, Parcel, Receipt } from './carrier.ts';
import { isObject, parseJson, textOf } from './json.ts';
import type { Workspace } from './state.ts';

/** Slack's cap for one app. */
const MAX_CONNECTIONS = 10;
/** How long after `refresh_requested` the server closes by itself. */
const REFRESH_GRACE_MS = 10_000;

/** Why Slack asks an app to reconnect. */
export type DisconnectReason = 'warning' | 'refresh_requested' | 'link_disabled' | 'too_many_websockets';

/** One open connection and what can be done to it. */
export interface Connection {
  readonly id: string;
  readonly openedAt: number;
  readonly acked: number;
  /** Sends a `disconnect` message; no envelope is sent on it any more. */
  disconnect(reason: DisconnectReason): void;
  /** Cuts the TCP connection. */
  drop(): void;
  /** Half-open from now on: nothing goes out, nothing comes in, the TCP connection stays. */
  freeze(): void;
}

interface Open extends Connection {
  acked: number;
  readonly socket: WebSocket;
  readonly stream: Duplex;
  draining: boolean;
}

interface Awaited {
  readonly connection: Open;
  settle(receipt: Receipt): void;
}

/** The Socket Mode side of an app. */
export class Sockets implements Carrier {
  /** Whether the TCP connection stays after the close handshake, as it does on Slack. */
  lingerAfterClose = false;
  /** How often the server pings. */
  pingEveryMs = 5_000;
  /** Connections opened since the start. */
  openedCount = 0;
  readonly #workspace: Workspace;
  readonly #server = new WebSocketServer({ noServer: true });
  readonly #tickets = new Set<string>();
  readonly #awaited = new Map<string, Awaited>();
  readonly #lingering = new Set<Duplex>();
  #open: Open[] = [];
  #next = 0;
  #refusals = 0;
  #ignoredAcks = 0;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  get connections(): readonly Connection[] {
    return this.#usable();
  }

  /** Asks every connection to reconnect. */
  disconnectAll(reason: DisconnectReason): void {
    for (const connection of this.#usable()) connection.disconnect(reason);
  }

  dropAll(): void {
    for (const connection of this.#usable()) connection.drop();
  }

  freezeAll(): void {
    for (const connection of this.#open) connection.freeze();
  }

  /** Refuses the next connections at the upgrade. */
  refuse(times: number): void {
    this.#refusals = times;
  }

  /** Takes no notice of the next acknowledgements, so that they are redelivered after the timeout. */
  ignoreAcks(times: number): void {
    this.#ignoredAcks = times;
  }

  /** A single-use address. */
  newUrl(): string {
    const ticket = randomUUID();
    this.#tickets.add(ticket);
    const origin = this.#workspace.origin.replace('http', 'ws');
    return `${origin}/link/?ticket=${ticket}&app_id=${this.#workspace.appId}`;
  }

  async carry(parcel: Parcel): Promise<Receipt> {
    const usable = this.#usable().filter((connection) => !connection.draining);
    const connection = usable[this.#next % Math.max(1, usable.length)];
    this.#next += 1;
    if (connection === undefined) return { kind: 'unreachable', connection: '' };
    const envelopeId = randomUUID();
    return new Promise((resolve) => {
      const timer = this.#workspace.later(this.#workspace.settings.ackTimeoutMs, () => {
        this.#awaited.get(envelopeId)?.settle({ kind: 'timeout', connection: connection.id });
      });
      this.#awaited.set(envelopeId, {
        connection,
        settle: (receipt) => {
          this.#awaited.delete(envelopeId);
          this.#workspace.cancel(timer);
          resolve(receipt);
        },
      });
      const retry = { retry_attempt: parcel.retry.attempt, retry_reason: parcel.retry.reason };
      send(connection, {
        envelope_id: envelopeId,
        payload: parcel.body,
        type: parcel.kind,
        accepts_response_payload: parcel.answerable,
        ...(parcel.kind === 'events_api' ? retry : {}),
      });
    });
  }

  /** Takes an upgrade request of `/link/`. */
  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const ticket = new URL(request.url ?? '/', 'http://slack').searchParams.get('ticket') ?? '';
    if (this.#refusals > 0) {
      this.#refusals -= 1;
      stream.end('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      return;
    }
    if (!this.#tickets.delete(ticket)) {
      stream.end('HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      return;
    }
    this.#server.handleUpgrade(request, stream, head, (socket) => {
      this.#welcome(socket, stream);
    });
  }

  stop(): void {
    for (const connection of this.#open) connection.socket.terminate();
    for (const stream of this.#lingering) stream.destroy();
    this.#server.close();
  }

  #welcome(socket: WebSocket, stream: Duplex): void {
    this.openedCount += 1;
    const connection: Open = {
      id: `connection-${this.openedCount}`,
      openedAt: this.#workspace.now(),
      acked: 0,
      socket,
      stream,
      draining: false,
      disconnect: (reason) => {
        this.#disconnect(connection, reason);
      },
      drop: () => {
        stream.destroy();
      },
      freeze: () => {
        stream.pause();
        // From here on nothing reaches the wire, pongs and close frames included.
        stream.write = () => true;
      },
    };
    if (this.lingerAfterClose) {
      stream.end = () => stream;
      this.#lingering.add(stream);
    }
    // A client that left the last ping unanswered is gone, however open its TCP connection looks.
    let answered = true;
    const pinging = setInterval(() => {
      if (!answered) socket.terminate();
      answered = false;
      if (socket.readyState === socket.OPEN) socket.ping();
    }, this.pingEveryMs);
    socket.on('pong', () => {
      answered = true;
    });
    socket.on('message', (data) => {
      this.#acknowledge(connection, data);
    });
    // A connection that breaks is closed right after; the close is what counts.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(pinging);
      this.#forget(connection);
    });
    stream.on('close', () => {
      clearInterval(pinging);
      this.#lingering.delete(stream);
    });
    this.#open.push(connection);
    if (this.#usable().length > MAX_CONNECTIONS) {
      connection.disconnect('too_many_websockets');
      return;
    }
    send(connection, {
      type: 'hello',
      num_connections: this.#usable().length,
      debug_info: { host: 'applink-simulated', build_number: 1, approximate_connection_time: 18_060 },
      connection_info: { app_id: this.#workspace.appId },
    });
  }

  #disconnect(connection: Open, reason: DisconnectReason): void {
    connection.draining = true;
    send(connection, { type: 'disconnect', reason, debug_info: { host: 'applink-simulated' } });
    this.#workspace.later(REFRESH_GRACE_MS, () => {
      connection.socket.terminate();
    });
  }

  #acknowledge(connection: Open, data: unknown): void {
    const message = parseJson(String(data));
    if (!isObject(message)) return;
    const awaited = this.#awaited.get(textOf(message['envelope_id']));
    if (awaited === undefined) return;
    if (this.#ignoredAcks > 0) {
      this.#ignoredAcks -= 1;
      return;
    }
    connection.acked += 1;
    awaited.settle({ kind: 'acked', answer: message['payload'], connection: connection.id });
  }

  /** Those whose close handshake hasn't begun; the TCP connection may outlive it. */
  #usable(): Open[] {
    return this.#open.filter((connection) => connection.socket.readyState === connection.socket.OPEN);
  }

  #forget(connection: Open): void {
    this.#open = this.#open.filter((other) => other !== connection);
    for (const awaited of this.#awaited.values()) {
      if (awaited.connection === connection) awaited.settle({ kind: 'disconnected', connection: connection.id });
    }
  }
}

function send(connection: Open, message: unknown): void {
  if (connection.socket.readyState === connection.socket.OPEN) connection.socket.send(JSON.stringify(message));
}
