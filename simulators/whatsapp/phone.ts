// A simulated phone: a WhatsApp account's device 0, with a person's moves (scan, type, send, read, react) and a screen to look at.
import { randomBytes } from 'node:crypto';
import type { proto, WAMessageKey } from '@whiskeysockets/baileys';
import * as compose from './compose.ts';
import type { CompanionDevice } from './companion.ts';
import type { Account, Device, Directory } from './directory.ts';
import type { Group, Groups } from './groups.ts';
import { Inbox, type ReceivedMessage } from './inbox.ts';
import { Incoming } from './incoming.ts';
import { LinkedDevices, type LinkedCompanion } from './linked-devices.ts';
import type { Linking } from './linking.ts';
import type { MediaHost } from './media.ts';
import { mediaIn, mediaTypes } from './media-messages.ts';
import { answerMediaRetry } from './media-retry.ts';
import { child, isGroup, node, secondsNow, type BinaryNode } from './nodes.ts';
import type { ObservationLog } from './observations.ts';
import { Outgoing } from './outgoing.ts';
import { appStateKeyShare, initialHistory, pastChat, type OldMessage, type PastChat } from './past.ts';
import { answerPeerRequest } from './peer-requests.ts';
import type { Router } from './router.ts';
import { SignalEndpoint, type KeyBundle } from './signal.ts';

/** The server, as far as a phone needs it. */
interface PhoneParts {
  readonly directory: Directory;
  readonly groups: Groups;
  readonly linking: Linking;
  readonly router: Router;
  readonly media: MediaHost;
  readonly log: ObservationLog;
}

/** Where a phone sends to: somebody's phone, or a group. */
export type Recipient = Phone | Group;

export interface TextOptions {
  /** The id to send under; chosen when absent. */
  readonly id?: string;
  /** The id of a message on this phone to quote. */
  readonly quote?: string;
  readonly mentions?: readonly Phone[];
  readonly forwarded?: boolean;
}

/** One phone. All its sending and receiving happens in order, one thing after the other. */
export class Phone implements Device {
  readonly id = 0;
  readonly account: Account;
  /** Whether it acknowledges what it receives by itself. */
  sendsDeliveryReceipts = true;
  readonly #parts: PhoneParts;
  readonly #signal = new SignalEndpoint();
  readonly #screen = new Inbox();
  readonly #incoming: Incoming;
  readonly #outgoing: Outgoing;
  readonly #companions: LinkedDevices;
  readonly #past: PastChat[] = [];
  readonly #receipts: BinaryNode[] = [];
  #waiting: BinaryNode[] = [];
  #isOnline = true;
  #work: Promise<void> = Promise.resolve();

  constructor(account: Account, parts: PhoneParts) {
    this.account = account;
    this.#parts = parts;
    this.#companions = new LinkedDevices(account, parts.directory, parts.log);
    const common = { account, signal: this.#signal, directory: parts.directory };
    this.#incoming = new Incoming({
      ...common,
      sendReceipt: (receipt) => parts.router.receipt(this, receipt),
      undecryptable: (messageId, error) =>
        parts.log.add(this.number, { kind: 'undecryptable', deviceId: 0, messageId, error }),
    });
    this.#outgoing = new Outgoing({
      ...common,
      group: (jid) => parts.groups.find(jid),
      submit: (stanza) => this.#submit(stanza),
    });
    account.devices.set(0, this);
  }

  get number(): string {
    return this.account.number;
  }

  get name(): string {
    return this.account.name;
  }

  set name(name: string) {
    this.account.name = name;
  }

  /** The phone-number JID. */
  get jid(): string {
    return this.account.pn;
  }

  get lid(): string {
    return this.account.lid;
  }

  /** Everything on the screen, in order of arrival: what others sent, what companions of the same account sent, and what was typed here. */
  get inbox(): readonly ReceivedMessage[] {
    return this.#screen.messages;
  }

  /** The receipts this phone got for its messages, in order. */
  get receipts(): readonly BinaryNode[] {
    return this.#receipts;
  }

  /** Links the client that shows this QR text. Rejects for a code that is not shown any more. */
  async scanQr(text: string): Promise<CompanionDevice> {
    return this.#linked(await this.#parts.linking.scan(this.account, this.#signal.creds.signedIdentityKey, text));
  }

  /** Links the client that asked for a pairing code of this number. Rejects for a wrong code. */
  async enterPairingCode(code: string): Promise<CompanionDevice> {
    return this.#linked(await this.#parts.linking.typeCode(this.account, this.#signal.creds.signedIdentityKey, code));
  }

  /** Logs a companion out, or all of them: its stream ends with 401 and later logins are refused. */
  unlink(deviceId?: number): void {
    for (const device of this.#companions.all) {
      if (deviceId === undefined || device.id === deviceId) this.#companions.remove(device);
    }
  }

  companions(): readonly LinkedCompanion[] {
    return this.#companions.shown();
  }

  /** Chats from before; a companion linked later is sent them. */
  remember(chat: Recipient, messages: readonly OldMessage[], unreadCount = 0): void {
    this.#past.push(pastChat(chat instanceof Phone ? chat.account : chat, messages, unreadCount));
  }

  /** Sends a text and returns its id once the server has it. */
  async sendText(to: Recipient, body: string, options: TextOptions = {}): Promise<string> {
    const mentions = options.mentions?.map((phone) => phone.account.jid(this.#addressing(to)));
    const context = {
      ...(options.quote !== undefined && { quote: this.#quote(to, options.quote) }),
      ...(mentions && { mentions }),
      ...(options.forwarded && { forwarded: true }),
    };
    return this.send(to, compose.text(body, context), options.id);
  }

  /** Sends any message. */
  async send(to: Recipient, message: proto.IMessage, id = newMessageId()): Promise<string> {
    const { jid } = to;
    await this.#inOrder(async () => {
      await this.#outgoing.send(jid, id, message);
      const group = isGroup(jid) ? { participant: this.jid } : {};
      this.#screen.take({ id, chat: jid, from: this.jid, ...group, fromMe: true, pushName: this.name, message });
    });
    return id;
  }

  /** Encrypts a file, puts it on the media host and sends the message that points to it. */
  async sendMedia(
    to: Recipient,
    kind: compose.MediaKind,
    bytes: Uint8Array,
    details: compose.MediaDetails & { readonly id?: string } = {},
  ): Promise<string> {
    const reference = this.#parts.media.store(mediaTypes[kind], bytes);
    return this.send(to, compose.media(kind, reference, details), details.id);
  }

  async sendPoll(to: Recipient, name: string, options: readonly string[], selectableCount = 1): Promise<string> {
    return this.send(to, compose.poll(name, options, selectableCount));
  }

  /** Changes the text of a message of this phone. */
  async edit(to: Recipient, id: string, newText: string): Promise<string> {
    return this.send(to, compose.edit(this.#key(to, id), newText));
  }

  /** Deletes a message for everyone; an admin may delete others' in a group. */
  async revoke(to: Recipient, id: string): Promise<string> {
    return this.send(to, compose.revoke(this.#key(to, id)));
  }

  /** Reacts; an empty emoji takes the reaction back. */
  async react(to: Recipient, id: string, emoji: string): Promise<string> {
    return this.send(to, compose.reaction(this.#key(to, id), emoji));
  }

  /** Votes in a poll that is on this phone's screen. */
  async vote(to: Recipient, pollId: string, options: readonly string[]): Promise<string> {
    const shown = this.#shown(pollId);
    const secret = shown.message.messageContextInfo?.messageSecret;
    if (!secret) throw new Error(`${pollId} is no poll`);
    const addressing = this.#addressing(to);
    const creator = this.#parts.directory.account(shown.from)?.jid(addressing) ?? shown.from;
    const voter = this.account.jid(addressing);
    return this.send(to, compose.vote({ key: this.#key(to, pollId), secret, creator, voter }, options));
  }

  /** Reads messages: blue ticks for their authors. Without ids, everything others wrote in the chat. */
  markRead(chat: Recipient, ids?: readonly string[]): void {
    for (const message of this.inbox) {
      if (message.fromMe || message.chat !== chat.jid || (ids && !ids.includes(message.id))) continue;
      this.#receipt(message, 'read');
    }
  }

  /** Shows "typing…" (or "recording…") to a chat, or stops. */
  typing(to: Recipient, state: 'composing' | 'recording' | 'paused'): void {
    const content =
      state === 'paused' ? node('paused') : node('composing', state === 'recording' ? { media: 'audio' } : {});
    this.#parts.router.chatState(this, node('chatstate', { to: to.jid }, [content]));
  }

  /** Rings and hangs up again unanswered: a missed call. Returns the call's id. */
  call(to: Phone, kind: 'voice' | 'video' = 'voice'): string {
    return this.#parts.router.call(this, to.account, kind);
  }

  /** Posts a text status ("story") that these people can see. */
  async postStatus(body: string, viewers: readonly Phone[]): Promise<string> {
    const id = newMessageId();
    const audience = viewers.map((viewer) => viewer.account);
    await this.#inOrder(async () => this.#outgoing.sendStatus(id, compose.text(body), audience));
    return id;
  }

  /** Offline, everything for this phone waits; online again, it takes it in, in order. */
  setOnline(on: boolean): void {
    this.#isOnline = on;
    if (!on) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const stanza of waiting) this.deliver(stanza);
  }

  /** The first message on the screen that the predicate accepts, now or within `timeoutMs`. */
  async received(accept: (message: ReceivedMessage) => boolean, timeoutMs = 10_000): Promise<ReceivedMessage> {
    return this.#screen.first(accept, timeoutMs);
  }

  /** How often a message (also an edit, a deletion, a reaction) of this id was delivered here. */
  copiesOf(id: string): number {
    return this.#screen.copiesOf(id);
  }

  /** The file of a media message, decrypted; throws when a hash or the MAC is wrong. */
  downloadMedia(shown: ReceivedMessage): Buffer {
    const { type, ...reference } = mediaIn(shown.message);
    return this.#parts.media.open(type, reference);
  }

  /** Resolves when everything delivered so far is worked through. */
  async settled(): Promise<void> {
    await this.#inOrder(async () => undefined);
  }

  close(): void {
    this.#signal.close();
  }

  /** For the server: keys for somebody who wants to write. */
  async bundle(): Promise<KeyBundle> {
    return this.#signal.bundle();
  }

  /** For the server: a stanza for this phone. */
  deliver(stanza: BinaryNode): void {
    if (!this.#isOnline) {
      this.#waiting.push(stanza);
      return;
    }
    this.#inOrder(async () => this.#take(stanza)).catch((error: unknown) => {
      const messageId = stanza.attrs['id'] ?? '';
      this.#parts.log.add(this.number, { kind: 'undecryptable', deviceId: 0, messageId, error: String(error) });
    });
  }

  /** For the server: typing and presence; a phone in the pocket shows none. */
  deliverNow(): void {}

  /** For the server: a phone is addressed in its account's own form. */
  addressee(): undefined {
    return undefined;
  }

  #linked(device: CompanionDevice): CompanionDevice {
    this.#companions.added(device);
    device.onFirstLogin = () => {
      const everybody = this.#parts.directory.accounts;
      this.#inOrder(async () => {
        await this.#outgoing.sendPeer(device, newMessageId(), appStateKeyShare());
        await this.#outgoing.sendPeer(device, newMessageId(), initialHistory(this.#past, everybody));
      }).catch((error: unknown) => {
        this.#parts.log.add(this.number, { kind: 'fault', fault: `no history sent: ${String(error)}` });
      });
    };
    return device;
  }

  async #take(stanza: BinaryNode): Promise<void> {
    if (stanza.tag === 'receipt') return this.#takeReceipt(stanza);
    if (stanza.tag !== 'message') return;
    const arrival = await this.#incoming.open(stanza);
    if (!arrival) return;
    if (stanza.attrs['category'] === 'peer') return this.#answerPeer(stanza, arrival.message);
    this.#screen.take(arrival);
    if (!arrival.fromMe && this.sendsDeliveryReceipts) this.#receipt(arrival, undefined);
  }

  async #answerPeer(stanza: BinaryNode, message: proto.IMessage): Promise<void> {
    const { from = '', id = '' } = stanza.attrs;
    const asker = this.#parts.directory.device(from);
    const answer = answerPeerRequest(id, message, this.inbox);
    if (asker && answer) await this.#outgoing.sendPeer(asker, newMessageId(), answer);
  }

  async #takeReceipt(stanza: BinaryNode): Promise<void> {
    const { type, id = '', from = '', participant } = stanza.attrs;
    const asker = this.#parts.directory.device(participant ?? from);
    if (type === 'server-error') {
      const message = this.inbox.find((shown) => shown.id === id)?.message;
      asker?.deliver(answerMediaRetry(stanza, message, this.#parts.media));
      return;
    }
    this.#receipts.push(stanza);
    if (type !== 'retry' || !asker) return;
    const count = child(stanza, 'retry')?.attrs['count'] ?? '1';
    await this.#outgoing.resend(id, asker, count, this.#incoming.keysOf(stanza));
  }

  #receipt(message: Pick<ReceivedMessage, 'id' | 'chat' | 'from'>, type: 'read' | undefined): void {
    const participant = isGroup(message.chat) ? message.from : undefined;
    this.#parts.router.receipt(
      this,
      node('receipt', {
        id: message.id,
        to: participant ? message.chat : message.from,
        participant,
        type,
        t: secondsNow(),
      }),
    );
  }

  #submit(stanza: BinaryNode): void {
    const fault = this.#parts.router.fault(this, stanza);
    if (fault !== undefined) throw new Error(`the server refuses the message: ${fault}`);
    this.#parts.router.message(this, stanza);
  }

  #addressing(to: Recipient): 'lid' | 'pn' {
    if (!(to instanceof Phone)) return to.addressing;
    return this.#companions.all.length > 0 ? to.account.addressing : this.account.addressing;
  }

  #shown(id: string): ReceivedMessage {
    const shown = this.inbox.find((message) => message.id === id);
    if (!shown) throw new Error(`there is no message ${id} on the phone of ${this.number}`);
    return shown;
  }

  #key(to: Recipient, id: string): WAMessageKey {
    const shown = this.#shown(id);
    const addressing = this.#addressing(to);
    const author = this.#parts.directory.account(shown.from);
    return {
      id,
      fromMe: shown.fromMe,
      remoteJid: to instanceof Phone ? to.account.jid(addressing) : to.jid,
      ...(!(to instanceof Phone) && author && { participant: author.jid(addressing) }),
    };
  }

  #quote(to: Recipient, id: string): NonNullable<compose.Context['quote']> {
    const shown = this.#shown(id);
    const author = this.#parts.directory.account(shown.from)?.jid(this.#addressing(to)) ?? shown.from;
    return { id, author, message: shown.message };
  }

  async #inOrder(task: () => Promise<void>): Promise<void> {
    const done = this.#work.then(task);
    this.#work = done.catch(() => undefined);
    return done;
  }
}

/** An id as the Android app makes them. */
function newMessageId(): string {
  return `3A${randomBytes(9).toString('hex').toUpperCase()}`;
}
