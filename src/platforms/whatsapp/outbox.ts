// Sending: the message is stored under its id, relayed, and waited for until the server has acknowledged it.
import { proto } from '@whiskeysockets/baileys';
import type { BinaryNode } from '@whiskeysockets/baileys';
import type { AccountId, RemoteId } from '../../domain/ids.ts';
import type { Clock } from '../../runtime/time.ts';
import type { SessionStore } from '../../domain/session.ts';
import { notConnected, notDone, refusal, translated, unanswered, unknownRecipient } from './errors.ts';
import { isLidJid, isPersonJid, remoteId, userPart, type Jid } from './ids.ts';
import type { Presented } from './present.ts';
import type { Caches, Socket } from './socket.ts';

/** How long the server may take to acknowledge a message. */
const ACK_TIMEOUT_MS = 20_000;
/** Baileys `SERVER_ERROR_CODES.SmaxInvalid`: most often a device list that has aged. */
const STALE_DEVICES = '479';

/** A message as it is kept under its id: the same bytes go out at each try. */
interface Sent {
  readonly to: Jid;
  /** Base64. */
  readonly message: string;
  readonly edit?: string;
}

function encodeSent(to: Jid, { edit, message }: Presented): Uint8Array {
  const bytes = Buffer.from(proto.Message.encode(proto.Message.fromObject(message)).finish());
  const sent: Sent = { to, message: bytes.toString('base64'), ...(edit === undefined ? {} : { edit }) };
  return Buffer.from(JSON.stringify(sent));
}

function decodeSent(payload: Uint8Array): Sent {
  return JSON.parse(Buffer.from(payload).toString()) as Sent;
}

/** What was sent under an id, for somebody who couldn't read it and asks again. */
export async function sentMessage(
  sessions: SessionStore,
  account: AccountId,
  id: string | null | undefined,
): Promise<proto.IMessage | undefined> {
  if (id === null || id === undefined) return undefined;
  const payload = await sessions.sent(account, remoteId(id));
  return payload === undefined ? undefined : proto.Message.decode(Buffer.from(decodeSent(payload).message, 'base64'));
}

export interface OutboxOptions {
  readonly account: AccountId;
  readonly sessions: SessionStore;
  readonly clock: Clock;
  readonly caches: Caches;
  /** The open connection, if there is one. */
  readonly socket: () => Socket | undefined;
}

/** What one Account sends. Every method rejects with a BridgeError and nothing else. */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #waiting = new Map<string, PromiseWithResolvers<BinaryNode>>();

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Hands an acknowledgement to whoever waits for it; false when nobody does. */
  takeAck(ack: BinaryNode): boolean {
    const waiting = this.#waiting.get(ack.attrs['id'] ?? '');
    waiting?.resolve(ack);
    return waiting !== undefined;
  }

  /** The connection has ended: what was not acknowledged yet will not be on it. */
  disconnected(): void {
    for (const { reject } of this.#waiting.values())
      reject(unanswered('the connection ended before the acknowledgement'));
  }

  /** Sends under `id`; what was stored under it before is sent again, and `present` is not asked. Resolves to WhatsApp's time. */
  async send(to: Jid, id: RemoteId, present: (socket: Socket) => Promise<Presented>): Promise<{ readonly at: Date }> {
    const { account, sessions, socket } = this.#options;
    const open = socket();
    if (open === undefined) throw notConnected(account);
    let isRelaying = false;
    try {
      const sent = (await this.#stored(id)) ?? encodeSent(to, await present(open));
      await sessions.saveSent(account, id, sent);
      const { edit, message, to: target } = decodeSent(sent);
      await this.#findDevices(open, target);
      isRelaying = true;
      const relay = (): Promise<BinaryNode> =>
        this.#relay(open, target, id, proto.Message.decode(Buffer.from(message, 'base64')), edit);
      let ack = await relay();
      if (ack.attrs['error'] === STALE_DEVICES) {
        await this.#forgetDevices(open, target);
        await this.#findDevices(open, target);
        ack = await relay();
      }
      const code = ack.attrs['error'];
      if (code !== undefined) throw refusal(code);
      return { at: new Date(Number(ack.attrs['t']) * 1000 || this.#options.clock.now().getTime()) };
    } catch (error) {
      throw translated(error, 'a message was not acknowledged', !isRelaying);
    }
  }

  async #stored(id: RemoteId): Promise<Uint8Array | undefined> {
    return this.#options.sessions.sent(this.#options.account, id);
  }

  /** Baileys would send a message to nobody when the device query isn't answered; so it is asked before. */
  async #findDevices({ baileys }: Socket, to: Jid): Promise<void> {
    if (!isPersonJid(to)) return;
    const found = await baileys.getUSyncDevices([to], true, false);
    if (found.length > 0) return;
    const answer = isLidJid(to) ? undefined : await baileys.onWhatsApp(to);
    if (answer === undefined) throw notDone('the device query was not answered');
    throw unknownRecipient();
  }

  async #forgetDevices({ session }: Socket, to: Jid): Promise<void> {
    const { id, lid } = session.creds.me ?? {};
    for (const jid of [id, lid, to]) await this.#options.caches.devices.del(userPart(jid ?? ''));
  }

  async #relay(
    socket: Socket,
    to: Jid,
    id: string,
    message: proto.IMessage,
    edit: string | undefined,
  ): Promise<BinaryNode> {
    const patience = new AbortController();
    const acked = Promise.withResolvers<BinaryNode>();
    this.#waiting.set(id, acked);
    try {
      const relayed = socket.baileys
        .relayMessage(to, message, { messageId: id, additionalAttributes: edit === undefined ? {} : { edit } })
        // The acknowledgement decides; only a failure is news.
        .then(() => acked.promise);
      const late = this.#options.clock.sleep(ACK_TIMEOUT_MS, patience.signal);
      return await Promise.race([
        acked.promise,
        relayed,
        late.then(() => Promise.reject(unanswered('no acknowledgement in time'))),
      ]);
    } finally {
      this.#waiting.delete(id);
      patience.abort();
    }
  }
}
