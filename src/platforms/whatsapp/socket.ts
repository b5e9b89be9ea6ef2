// The only place where a Baileys socket is made: one connection, from the first byte to its end.
import { DEFAULT_CONNECTION_CONFIG, makeWASocket } from '@whiskeysockets/baileys';
import type { BinaryNode, CacheStore, WASocket } from '@whiskeysockets/baileys';
import type { Clock } from '../../runtime/time.ts';
import type { Log } from '../../runtime/log.ts';
import type { AccountId } from '../../domain/ids.ts';
import type { SessionStore } from '../../domain/session.ts';
import { endingOf, type Ending } from './errors.ts';
import { Intake } from './intake.ts';
import { sentMessage } from './outbox.ts';
import { isLinked, meOf, type Session } from './session.ts';

/** How long an orderly end may take before the connection is cut. */
const FAREWELL_MS = 2_000;

export interface Caches {
  readonly devices: CacheStore;
  readonly retries: CacheStore;
}

export interface SocketOptions {
  readonly account: AccountId;
  readonly sessions: SessionStore;
  readonly session: Session;
  readonly clock: Clock;
  readonly log: Log;
  readonly url: string | undefined;
  readonly queryTimeoutMs: number;
  readonly caches: Caches;
  readonly onStored: () => void;
  readonly onStanza: () => void;
  readonly takeAck: (ack: BinaryNode) => boolean;
  readonly onOpen: (socket: Socket) => void;
  /** While linking: a QR text to show. */
  readonly onQr: (qr: string, socket: Socket) => void;
  /** While linking: the phone has confirmed. */
  readonly onPaired: () => void;
  /** WhatsApp has begun or ended to keep this number from new chats. */
  readonly onRestricted: (until: Date | undefined, isActive: boolean) => void;
}

/** What Baileys needs of a log; its lines hold text and numbers, so little is let through, and that without fields. */
function quietLogger(log: Log): typeof DEFAULT_CONNECTION_CONFIG.logger {
  const drop = (): void => undefined;
  const say = (fields: unknown, sentence?: string): void => {
    const error = typeof fields === 'object' && fields !== null && 'err' in fields ? fields.err : undefined;
    log.debug(
      error instanceof Error ? { errorName: error.name } : {},
      `baileys: ${sentence ?? 'a warning'}`.slice(0, 80),
    );
  };
  const logger = { level: 'warn', trace: drop, debug: drop, info: drop, warn: say, error: say, child: () => logger };
  return logger;
}

/** One connection. It never reconnects; when it has ended, it stays ended. */
export class Socket {
  readonly session: Session;
  /** Baileys' own, for calls. */
  readonly baileys: WASocket;
  /** Resolves once, when the connection has ended and everything that was to be stored is stored. Never rejects. */
  readonly ended: Promise<Ending>;
  readonly #intake: Intake;
  readonly #options: SocketOptions;
  readonly #gone = Promise.withResolvers<Ending>();
  #verdict: Ending | undefined;
  isOpen = false;

  constructor(options: SocketOptions) {
    const { account, caches, clock, log, session, sessions } = options;
    this.#options = options;
    this.session = session;
    this.#intake = new Intake({
      account,
      sessions,
      keys: session.keys,
      clock,
      log,
      me: () => meOf(session.creds) ?? { phone: '' },
      onStored: options.onStored,
      onStanza: options.onStanza,
      takeAck: options.takeAck,
      onBroken: (error) => this.break(error),
    });
    this.baileys = makeWASocket({
      ...(options.url === undefined ? {} : { waWebSocketUrl: options.url }),
      auth: { creds: session.creds, keys: session.keys },
      logger: quietLogger(log),
      browser: ['Switchboard', 'Chrome', '1.0.0'],
      markOnlineOnConnect: false,
      syncFullHistory: false,
      emitOwnEvents: false,
      generateHighQualityLinkPreview: false,
      defaultQueryTimeoutMs: options.queryTimeoutMs,
      transactionOpts: { maxCommitRetries: 1, delayBetweenTriesMs: 0 },
      userDevicesCache: caches.devices,
      msgRetryCounterCache: caches.retries,
      getMessage: async (key) => sentMessage(sessions, account, key.id),
      makeSignalRepository: (auth, logger, lookUp) => {
        // Baileys has wrapped our store into transactions of its own; ours take their place (see keys.ts).
        const { get, set, transaction, isInTransaction } = session.keys;
        Object.assign(auth.keys, { get, set, transaction, isInTransaction });
        return this.#intake.guard(DEFAULT_CONNECTION_CONFIG.makeSignalRepository(auth, logger, lookUp));
      },
    });
    this.ended = this.#gone.promise.then((ending) => this.#leave(ending));
    this.#listen();
  }

  /** Ends the connection at once, without a word to the server: what it sent and we couldn't store must come again. */
  break(error: unknown): void {
    this.#intake.close();
    this.#options.log.warn({ account: this.#options.account, err: error }, 'the WhatsApp connection is given up');
    this.#end(error instanceof Error ? error : new Error('given up'));
    this.#cut();
    this.#gone.resolve(this.#verdict ?? { kind: 'lost', reason: 'The connection failed and starts again.' });
  }

  /** Ends the connection in order: what is at work is finished first. */
  async close(): Promise<void> {
    this.#intake.close();
    await Promise.race([this.#intake.settled(), this.#options.clock.sleep(FAREWELL_MS)]);
    this.#end(undefined);
    this.#gone.resolve({ kind: 'closed' });
    await this.ended;
  }

  #listen(): void {
    const { baileys, session } = this;
    const { ev, ws } = baileys;
    this.#intake.attach(ws);
    const judge = (node: BinaryNode): void => {
      this.#verdict = endingOf(node);
    };
    ws.prependListener('CB:stream:error', judge);
    ws.prependListener('CB:failure', judge);
    const wasLinked = isLinked(session.creds);
    let isPaired = wasLinked;
    ev.on('creds.update', () => {
      session.save();
      if (!isPaired && isLinked(session.creds)) {
        isPaired = true;
        this.#options.onPaired();
      }
    });
    ev.on('connection.update', ({ connection, qr, reachoutTimeLock }) => {
      if (qr !== undefined) this.#options.onQr(qr, this);
      if (reachoutTimeLock !== undefined) {
        this.#options.onRestricted(reachoutTimeLock.timeEnforcementEnds, reachoutTimeLock.isActive ?? false);
      }
      if (connection === 'open') {
        this.isOpen = true;
        this.#options.onOpen(this);
      } else if (connection === 'close') {
        this.#gone.resolve(this.#verdict ?? { kind: 'lost', reason: 'The connection to WhatsApp was lost.' });
      }
    });
  }

  async #leave(ending: Ending): Promise<Ending> {
    this.isOpen = false;
    this.#intake.close();
    const patience = new AbortController();
    const closing = this.#options.clock.sleep(FAREWELL_MS, patience.signal).then(() => this.#cut());
    await Promise.race([Promise.all([this.#intake.settled(), this.session.close()]), closing]);
    patience.abort();
    return ending;
  }

  #end(cause: Error | undefined): void {
    // It waits for the other side's farewell, which may never come, and reports by its own event.
    void this.baileys.end(cause).catch(() => undefined);
  }

  #cut(): void {
    const { socket } = this.baileys.ws as unknown as { socket: { terminate(): void } | null };
    socket?.terminate();
  }
}
