// One Account's link to WhatsApp: connects, stays connected whatever happens, and knows when it must not.
import type { BinaryNode } from '@whiskeysockets/baileys';
import type { AccountState, MessengerEvent } from '../../domain/events.ts';
import type { AccountId } from '../../domain/ids.ts';
import type { Clock } from '../../runtime/time.ts';
import type { Log } from '../../runtime/log.ts';
import type { SessionStore } from '../../domain/session.ts';
import { BoundedCache } from './caches.ts';
import type { Ending } from './errors.ts';
import { phoneOf } from './ids.ts';
import { KeyStore } from './keys.ts';
import type { OwnJids } from './present.ts';
import { meOf, Session, type Me } from './session.ts';
import { Socket, type Caches } from './socket.ts';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** After an end that haste makes worse: another program took the link, or WhatsApp restricts the number. */
const SLOW_PAUSE_MS = 5 * 60_000;
/** A connection that stood this long has proved itself: the next end starts the pauses afresh. */
const PROVEN_MS = 60_000;
const MINUTE_MS = 60_000;

export interface ConnectionOptions {
  readonly account: AccountId;
  readonly sessions: SessionStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly url: string | undefined;
  readonly queryTimeoutMs: number;
  /** A number between 0 and 1, for spreading retries. */
  readonly random: () => number;
  /** An open connection that brings nothing for so long is taken for deaf and made anew. */
  readonly deafAfterMs: number;
  /** Resolves when the event is recorded; perhaps never, when the program stops before. */
  readonly tell: (event: MessengerEvent) => Promise<void>;
  readonly onStored: () => void;
  readonly onClosed: () => void;
  readonly takeAck: (ack: BinaryNode) => boolean;
}

/** What linking wants to know of a connection. */
export interface PairingWatch {
  readonly onQr: (qr: string, socket: Socket) => void;
  readonly signal: AbortSignal;
}

export class Connection {
  readonly caches: Caches;
  readonly #options: ConnectionOptions;
  readonly #keys: KeyStore;
  #me: Me | undefined;
  #socket: Socket | undefined;
  #told = '';
  #recorded: Promise<void> = Promise.resolve();
  #isSilent = false;
  #stopping: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();
  /** Whether what runs has a link; settles once that is known. */
  #linked: Promise<boolean> = Promise.resolve(false);
  #lastStanzaMs = 0;
  readonly #watchers = new Set<(state: AccountState, reason: string | undefined) => void>();

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { account, clock, sessions } = options;
    // Five minutes and an hour are Baileys' own spans; its caches would start empty with each connection.
    this.caches = {
      devices: new BoundedCache(clock, 5 * MINUTE_MS, 10_000),
      retries: new BoundedCache(clock, 60 * MINUTE_MS, 10_000),
    };
    const onLearned = () => options.onStored();
    this.#keys = new KeyStore({ account, sessions, onLearned, onBroken: (error) => this.#socket?.break(error) });
  }

  /** The connection, while it is open. */
  get open(): Socket | undefined {
    return this.#socket?.isOpen === true ? this.#socket : undefined;
  }

  /** Our own addresses, once linked. */
  get me(): OwnJids | undefined {
    return this.#me;
  }

  /** Whether there is a link, connected or not. One that is being looked for or deleted is waited for. */
  async isLinked(): Promise<boolean> {
    const isLinked = await this.#linked;
    if (!isLinked) await this.#running;
    return isLinked;
  }

  /** Connects and stays connected until `close`. Harmless when it does so already. */
  start(): void {
    if (this.#stopping !== undefined) return;
    const stopping = new AbortController();
    const linked = Promise.withResolvers<boolean>();
    this.#stopping = stopping;
    this.#linked = linked.promise;
    this.#running = this.#run(stopping.signal, () => linked.resolve(true))
      .catch((error: unknown) => {
        this.#options.log.error(
          { account: this.#options.account, err: error },
          'the WhatsApp connection stopped by itself',
        );
      })
      .finally(() => {
        linked.resolve(false);
        this.#linked = Promise.resolve(false);
        this.#stopping = undefined;
      });
  }

  /** Ends the connection; resolves when all it had in hand is stored. */
  async close(): Promise<void> {
    this.#stopping?.abort();
    await this.#socket?.close();
    await this.#running;
  }

  /** Tells no state until `forget`: the link is being ended on purpose. */
  silence(): void {
    this.#isSilent = true;
  }

  /** Forgets who we are, after the link was ended. */
  forget(): void {
    this.#me = undefined;
    this.#told = '';
    this.#isSilent = false;
  }

  /** Watches the states told; returns how to stop. */
  watch(watcher: (state: AccountState, reason: string | undefined) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Tells a state, unless it was the last one told. */
  tellState(state: AccountState, reason?: string): void {
    const text = `${state} ${reason ?? ''}`;
    if (text === this.#told || this.#isSilent) return;
    this.#told = text;
    const phone = phoneOf(this.#me?.phone);
    const name = this.#me?.name;
    this.#recorded = this.#options.tell({
      kind: 'connection',
      account: this.#options.account,
      state,
      ...(reason === undefined ? {} : { reason }),
      ...(phone === undefined ? {} : { phone }),
      ...(name === undefined ? {} : { name }),
    });
    for (const watcher of this.#watchers) watcher(state, reason);
  }

  /** One connection with fresh credentials, for linking. Resolves to its end and whether the phone has confirmed. */
  async pair(watch: PairingWatch): Promise<{ readonly ending: Ending; readonly isPaired: boolean }> {
    const session = Session.fresh(this.#options.account, this.#options.sessions, this.#keys, (error) =>
      this.#socket?.break(error),
    );
    let isPaired = false;
    const ending = await this.#connect(session, watch.signal, {
      onQr: watch.onQr,
      onPaired: () => {
        isPaired = true;
        this.#me = meOf(session.creds);
      },
    });
    return { ending, isPaired };
  }

  async #load(): Promise<Session | undefined> {
    const { account, sessions } = this.#options;
    return Session.load(account, sessions, this.#keys, (error) => this.#socket?.break(error));
  }

  async #run(signal: AbortSignal, onFound: () => void): Promise<void> {
    let failures = 0;
    let hasBeenOpen = false;
    while (!signal.aborted) {
      const started = this.#options.clock.monotonicMs();
      const onOpen = (): void => {
        hasBeenOpen = true;
      };
      const ending = await this.#attempt(signal, hasBeenOpen || failures > 0, { onFound, onOpen });
      if (ending === undefined || signal.aborted || ending.kind === 'closed') return;
      if (ending.kind === 'loggedOut') {
        const forgetting = this.#forgetLink(ending.reason, signal);
        this.#linked = forgetting.then(() => false);
        await forgetting;
        return;
      }
      if (ending.kind === 'restart') continue;
      failures = this.#options.clock.monotonicMs() - started > PROVEN_MS ? 1 : failures + 1;
      this.tellState(ending.kind === 'limited' ? 'limited' : 'reconnecting', ending.reason);
      await this.#options.clock.sleep(this.#pauseMs(ending, failures), signal);
    }
  }

  /** One connection from load to end; undefined when there is nothing to connect with. */
  async #attempt(
    signal: AbortSignal,
    isAgain: boolean,
    { onFound, onOpen }: { readonly onFound: () => void; readonly onOpen: () => void },
  ): Promise<Ending | undefined> {
    try {
      const session = await this.#load();
      if (session === undefined) {
        this.tellState('unlinked');
        return undefined;
      }
      this.#me = meOf(session.creds);
      onFound();
      if (!isAgain) this.tellState('connecting');
      return await this.#connect(session, signal, { onOpen });
    } catch (error) {
      this.#options.log.warn({ account: this.#options.account, err: error }, 'connecting to WhatsApp failed');
      return { kind: 'lost', reason: 'Connecting failed.' };
    }
  }

  async #connect(
    session: Session,
    signal: AbortSignal,
    on: { onOpen?: () => void; onQr?: PairingWatch['onQr']; onPaired?: () => void },
  ): Promise<Ending> {
    const { account, clock, log, queryTimeoutMs, sessions, takeAck, onStored, url } = this.#options;
    const socket = new Socket({
      account,
      sessions,
      session,
      clock,
      log,
      url,
      queryTimeoutMs,
      caches: this.caches,
      onStored,
      takeAck,
      onStanza: () => {
        this.#lastStanzaMs = clock.monotonicMs();
      },
      onOpen: () => {
        this.#me = meOf(session.creds);
        this.tellState('connected');
        on.onOpen?.();
        void this.#listenForSilence(socket, signal);
      },
      onQr: (qr, paired) => on.onQr?.(qr, paired),
      onPaired: () => on.onPaired?.(),
      onRestricted: (until, isActive) => {
        if (!isActive) this.tellState('connected');
        else this.tellState('limited', restrictionReason(until));
      },
    });
    this.#socket = socket;
    const leave = (): void => void socket.close();
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
    try {
      return await socket.ended;
    } finally {
      signal.removeEventListener('abort', leave);
      this.#socket = undefined;
      this.#options.onClosed();
    }
  }

  /** Some connections answer pings and bring nothing else (WhiskeySockets/Baileys#2491): a new one is cheap. */
  async #listenForSilence(socket: Socket, signal: AbortSignal): Promise<void> {
    const { clock, deafAfterMs } = this.#options;
    this.#lastStanzaMs = clock.monotonicMs();
    const ended = new AbortController();
    const stop = (): void => ended.abort();
    void socket.ended.then(stop);
    signal.addEventListener('abort', stop, { once: true });
    while (!ended.signal.aborted) {
      const quietMs = clock.monotonicMs() - this.#lastStanzaMs;
      if (quietMs >= deafAfterMs) {
        socket.break(new Error('nothing came for a long time'));
        break;
      }
      await clock.sleep(deafAfterMs - quietMs, ended.signal);
    }
    signal.removeEventListener('abort', stop);
  }

  /**
   * The server has said that the link is gone: only now its state is deleted, and not before that is recorded. Else a program that dies in between
   * would find no link at its next start, and tell nobody why.
   */
  async #forgetLink(reason: string, signal: AbortSignal): Promise<void> {
    const { account, clock, log, sessions } = this.#options;
    this.tellState('logged_out', reason);
    const isRecorded = await new Promise<boolean>((resolve) => {
      if (signal.aborted) resolve(false);
      else signal.addEventListener('abort', () => resolve(false), { once: true });
      void this.#recorded.then(() => resolve(true));
    });
    if (!isRecorded) return;
    for (let failures = 1; !signal.aborted; failures += 1) {
      try {
        await sessions.clear(account);
        return;
      } catch (error) {
        log.warn({ account, err: error }, 'the ended link could not be deleted and waits');
        await clock.sleep(this.#pauseMs({ kind: 'lost', reason }, failures), signal);
      }
    }
  }

  #pauseMs(ending: Ending, failures: number): number {
    const isSlow = ending.kind === 'replaced' || ending.kind === 'limited' || ending.kind === 'outdated';
    const fullMs = isSlow ? SLOW_PAUSE_MS : Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
    return fullMs * (0.5 + this.#options.random() / 2);
  }
}

function restrictionReason(until: Date | undefined): string {
  const end = until === undefined ? '' : ` until ${until.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return `WhatsApp keeps this number from starting new chats${end}.`;
}
