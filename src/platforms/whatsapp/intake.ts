// Between the wire and Baileys: every stanza that Baileys will acknowledge is stored first, in the order it came.
import { AsyncLocalStorage } from 'node:async_hooks';
import { proto, unpadRandomMax16 } from '@whiskeysockets/baileys';
import type { BinaryNode, SignalRepositoryWithLIDStore, WASocket } from '@whiskeysockets/baileys';
import type { Clock } from '../../runtime/time.ts';
import type { Log } from '../../runtime/log.ts';
import type { AccountId } from '../../domain/ids.ts';
import type { NewArrival, SessionStore } from '../../domain/session.ts';
import type { KeyStore } from './keys.ts';
import type { OwnJids } from './present.ts';
import { secretChange } from './secrets.ts';
import { arrivalOf, cipherKey, missingKey, stanzaKey, type Reception } from './stanza.ts';

/** What waits for its turn: Baileys acknowledges the first four; an ack tells what became of a message of ours. */
const HELD = new Set(['CB:message', 'CB:receipt', 'CB:notification', 'CB:call', 'CB:ack,class:message']);

type Listener = (...args: unknown[]) => unknown;

export interface IntakeOptions {
  readonly account: AccountId;
  readonly sessions: SessionStore;
  readonly keys: KeyStore;
  readonly clock: Clock;
  /** Who we are on this link. */
  readonly me: () => OwnJids;
  readonly log: Log;
  /** Something was stored. */
  readonly onStored: () => void;
  /** A stanza of a held kind came in: the connection isn't deaf. */
  readonly onStanza: () => void;
  /** Somebody waits for this acknowledgement and takes it: it needn't be stored. */
  readonly takeAck: (ack: BinaryNode) => boolean;
  /** The stream can't go on: what isn't stored must not be acknowledged. */
  readonly onBroken: (error: unknown) => void;
}

/** The intake of one connection. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #current = new AsyncLocalStorage<BinaryNode>();
  #turn: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Nothing more is passed on: what is in line was not acknowledged and comes again. */
  close(): void {
    this.#isClosed = true;
  }

  /** Resolves when the stanza at work is dealt with. */
  async settled(): Promise<void> {
    await this.#turn;
  }

  /** Puts itself before all listeners of the socket. A listener's failure ends in the log, not in the process. */
  attach(ws: WASocket['ws']): void {
    const pass = ws.emit.bind(ws);
    ws.emit = (event: string | symbol, ...args: unknown[]): boolean => {
      const [node] = args;
      if (typeof event === 'string' && HELD.has(event)) {
        this.#turn = this.#turn.then(() => this.#admit(ws, event, node as BinaryNode));
        return true;
      }
      if (typeof event !== 'string' || !(event.startsWith('CB:') || event === 'message')) return pass(event, ...args);
      const isFrame = event === 'message';
      for (const listener of ws.rawListeners(event) as Listener[]) {
        void this.#call(ws, listener, args).catch((error: unknown) => {
          this.#options.log.warn(
            { err: error },
            isFrame ? 'a frame could not be read' : 'a stanza could not be handled',
          );
          if (isFrame) this.#options.onBroken(error);
        });
      }
      return ws.listenerCount(event) > 0;
    };
  }

  /** Wraps Baileys' Signal repository: the plaintext is stored with the ratchet step, and answered from the store when it comes again. */
  guard(repository: SignalRepositoryWithLIDStore): SignalRepositoryWithLIDStore {
    const { decryptMessage, decryptGroupMessage } = repository;
    repository.decryptMessage = (options) =>
      this.#decrypt(options.type, options.ciphertext, options.jid, () => decryptMessage(options));
    repository.decryptGroupMessage = (options) =>
      this.#decrypt('skmsg', options.msg, options.group, () => decryptGroupMessage(options));
    return repository;
  }

  async #call(ws: WASocket['ws'], listener: Listener, args: readonly unknown[]): Promise<void> {
    await listener.apply(ws, [...args]);
  }

  async #admit(ws: WASocket['ws'], event: string, node: BinaryNode): Promise<void> {
    if (this.#isClosed) return;
    const { log, onBroken, onStanza, takeAck } = this.#options;
    onStanza();
    try {
      if (node.tag === 'ack') {
        if (!takeAck(node)) await this.#store([this.#arrival(node)]);
      } else if (node.tag !== 'message') {
        await this.#store([this.#arrival(node)]);
      } else if (!hasCiphertext(node)) {
        await this.#store([this.#unencrypted(node)]);
      }
    } catch (error) {
      log.error({ err: error }, 'a stanza could not be stored; the connection starts again');
      onBroken(error);
      return;
    }
    if (this.#isClosed) return;
    const passed = this.#pass(ws, event, node);
    // A message is stored while Baileys decrypts it, so the next stanza waits for that.
    if (node.tag === 'message') await passed;
  }

  async #pass(ws: WASocket['ws'], event: string, node: BinaryNode): Promise<void> {
    // Baileys would put queued stanzas into a line of its own and say nothing of their end; here they are in line already.
    const { offline: _, ...attrs } = node.attrs;
    const online: BinaryNode = { ...node, attrs };
    await this.#current.run(online, async () => {
      for (const listener of ws.rawListeners(event) as Listener[]) {
        try {
          await this.#call(ws, listener, [online]);
        } catch (error) {
          this.#options.log.warn({ err: error, tag: node.tag }, 'a stanza could not be handled');
        }
      }
    });
  }

  async #store(arrivals: readonly NewArrival[]): Promise<void> {
    await this.#options.keys.record(arrivals);
    this.#options.onStored();
  }

  #arrival(node: BinaryNode): NewArrival {
    return arrivalOf(node, this.#reception(), stanzaKey(node, 'whole'));
  }

  #reception(): Reception {
    const { clock, me } = this.#options;
    return { receivedAt: clock.now().getTime(), me: me() };
  }

  /** A message without ciphertext: readable as it is (newsletters), or only announced. */
  #unencrypted(node: BinaryNode): NewArrival {
    const at = this.#reception();
    const plain = Array.isArray(node.content)
      ? node.content.find(({ tag }) => tag === 'plaintext')?.content
      : undefined;
    if (!(plain instanceof Uint8Array)) return arrivalOf(node, at, missingKey(node), 'missing');
    const part = { type: 'plaintext', plaintext: Buffer.from(plain).toString('base64') };
    return arrivalOf(node, at, stanzaKey(node, 'plaintext'), part);
  }

  async #decrypt(
    type: string,
    ciphertext: Uint8Array,
    key: string,
    decrypt: () => Promise<Uint8Array>,
  ): Promise<Uint8Array> {
    const node = this.#current.getStore();
    if (node === undefined) throw new Error('A message was decrypted outside its stanza');
    const { account, keys, onStored, sessions } = this.#options;
    const arrivalKey = cipherKey(ciphertext);
    const recalled = await this.#recall(sessions.recall(account, arrivalKey));
    if (recalled !== undefined) return recalled;
    const at = this.#reception();
    let isDecrypted = false;
    try {
      const plaintext = await keys.transaction(async () => {
        const bytes = await decrypt();
        isDecrypted = true;
        const part = { type, plaintext: Buffer.from(bytes).toString('base64') };
        keys.stage([{ ...arrivalOf(node, at, arrivalKey, part), recall: bytes }], secretsIn(node, bytes));
        return bytes;
      }, key);
      onStored();
      return plaintext;
    } catch (error) {
      if (!isDecrypted) await this.#store([arrivalOf(node, at, missingKey(node), 'missing')]);
      throw error;
    }
  }

  async #recall(reading: Promise<Uint8Array | undefined>): Promise<Uint8Array | undefined> {
    try {
      return await reading;
    } catch (error) {
      this.#options.onBroken(error);
      throw error;
    }
  }
}

function hasCiphertext(node: BinaryNode): boolean {
  return (
    Array.isArray(node.content) &&
    node.content.some(({ tag, attrs }) => tag === 'enc' && ['pkmsg', 'msg', 'skmsg'].includes(attrs['type'] ?? ''))
  );
}

/** The message's secret, kept for votes and encrypted edits that refer to it. */
function secretsIn(node: BinaryNode, padded: Uint8Array): ReturnType<typeof secretChange> {
  try {
    return secretChange(node.attrs, proto.Message.decode(unpadRandomMax16(padded)));
  } catch {
    return [];
  }
}
