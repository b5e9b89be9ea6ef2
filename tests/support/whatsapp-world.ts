// The contract's other side for WhatsApp: the simulator's phones, driven as people would.
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { getContentType, type proto } from '@whiskeysockets/baileys';
import type { ChatAddress } from '../../src/domain/ids.ts';
import type { Messenger } from '../../src/platforms/messenger.ts';
import { createWhatsApp, type WhatsAppOptions } from '../../src/platforms/whatsapp/index.ts';
import { createLog, type Log } from '../../src/runtime/log.ts';
import { systemClock, type Clock } from '../../src/runtime/time.ts';
import { startWhatsApp } from '../../simulators/whatsapp/index.ts';
import type {
  Group as SimulatedGroup,
  Phone,
  ReceivedMessage,
  WhatsAppSimulator,
} from '../../simulators/whatsapp/index.ts';
import { unwrap } from '../../simulators/whatsapp/media-messages.ts';
import type { Customer, Fate, Group, OwnPhone, Place, SayOptions, Shown, World } from '../contract/messenger/world.ts';
import { MemorySessions } from './memory-sessions.ts';

/** How much faster pauses pass in tests: an acknowledgement is waited for two seconds instead of twenty. */
const HASTE = 10;
const LATE_MS = 3_000;

/** The real time of day, with all spans a tenth as long. */
export const hastyClock: Clock = {
  now: systemClock.now,
  monotonicMs: () => systemClock.monotonicMs() * HASTE,
  sleep: async (ms, signal) => systemClock.sleep(ms / HASTE, signal),
};

const usuallyTrusted = getCACertificates('default');

/** Makes this process trust the simulator's media host, as NODE_EXTRA_CA_CERTS does for a process of its own; and no earlier one's. */
function trust(certificate: string): void {
  setDefaultCACertificates([...usuallyTrusted, certificate]);
}

class WhatsAppCustomer implements Customer {
  readonly handset: Phone;
  readonly #world: WhatsAppWorld;

  constructor(world: WhatsAppWorld, handset: Phone) {
    this.#world = world;
    this.handset = handset;
  }

  get name(): string {
    return this.handset.name;
  }

  get phone(): string {
    return `+${this.handset.number}`;
  }

  async say(to: Place, text: string, { forwarded, mentions, quote }: SayOptions = {}): Promise<string> {
    const mentioned = mentions?.map((customer) => (customer as WhatsAppCustomer).handset);
    return this.handset.sendText(this.#world.place(to), text, {
      ...(quote === undefined ? {} : { quote }),
      ...(mentioned === undefined ? {} : { mentions: mentioned }),
      ...(forwarded === undefined ? {} : { forwarded }),
    });
  }

  async sendFile(
    to: Place,
    media: 'image' | 'voice' | 'document',
    bytes: Uint8Array,
    caption?: string,
  ): Promise<string> {
    return this.handset.sendMedia(this.#world.place(to), media, bytes, caption === undefined ? {} : { caption });
  }

  async poll(to: Place, question: string, options: readonly string[]): Promise<string> {
    return this.handset.sendPoll(this.#world.place(to), question, options);
  }

  async vote(to: Place, poll: string, options: readonly string[]): Promise<void> {
    await this.handset.vote(this.#world.place(to), poll, options);
  }

  async edit(to: Place, id: string, text: string): Promise<void> {
    await this.handset.edit(this.#world.place(to), id, text);
  }

  async revoke(to: Place, id: string): Promise<void> {
    await this.handset.revoke(this.#world.place(to), id);
  }

  async react(to: Place, id: string, emoji: string): Promise<void> {
    await this.handset.received((message) => message.id === id);
    await this.handset.react(this.#world.place(to), id, emoji);
  }

  read(from: Place): void {
    this.handset.markRead(this.#world.place(from));
  }

  async sees(accept: (shown: Shown) => boolean): Promise<Shown> {
    const message = await this.handset.received((candidate) => accept(this.#shown(candidate)));
    return this.#shown(message);
  }

  copiesOf(id: string): number {
    return this.handset.copiesOf(id);
  }

  async seesRead(id: string): Promise<void> {
    const us = this.#world.firstOwn.number;
    await this.#world.simulator.observed(
      (entry) =>
        entry.kind === 'received' &&
        entry.account === us &&
        entry.stanza.tag === 'receipt' &&
        entry.stanza.attrs['type'] === 'read' &&
        entry.stanza.attrs['id'] === id,
    );
  }

  #shown(message: ReceivedMessage): Shown {
    const inner = unwrap(message.message);
    const context = contextOf(inner);
    const media = (['image', 'video', 'audio', 'document', 'sticker'] as const).find((kind) => inner[`${kind}Message`]);
    return {
      id: message.id,
      text: message.text,
      editedFrom: message.editedFrom,
      isRevoked: message.isRevoked,
      copies: message.copies,
      ...(context?.stanzaId ? { quotes: context.stanzaId } : {}),
      mentions: (context?.mentionedJid ?? []).map((jid) => this.#world.phoneOf(jid)),
      reactions: [...message.reactions.values()],
      ...(media === undefined ? {} : { file: { media, bytes: this.handset.downloadMedia(message) } }),
    };
  }
}

function contextOf(message: proto.IMessage): proto.IContextInfo | undefined {
  const type = getContentType(message);
  const content = type === undefined ? undefined : message[type];
  return typeof content === 'object' && content !== null && 'contextInfo' in content
    ? (content.contextInfo ?? undefined)
    : undefined;
}

class WhatsAppOwnPhone implements OwnPhone {
  readonly handset: Phone;

  constructor(handset: Phone) {
    this.handset = handset;
  }

  get phone(): string {
    return `+${this.handset.number}`;
  }

  async scan(qr: string): Promise<void> {
    await this.handset.scanQr(qr);
  }

  async enter(code: string): Promise<void> {
    await this.handset.enterPairingCode(code);
  }

  unlink(): void {
    this.handset.unlink();
  }

  async say(to: Customer, text: string): Promise<string> {
    return this.handset.sendText((to as WhatsAppCustomer).handset, text);
  }
}

class WhatsAppGroup implements Group {
  readonly inside: SimulatedGroup;

  constructor(inside: SimulatedGroup) {
    this.inside = inside;
  }

  rename(by: Customer, name: string): void {
    this.inside.setSubject((by as WhatsAppCustomer).handset.account, name);
  }
}

/** WhatsApp as the contract sees it; tests of the adapter's own find the simulator in it. */
export class WhatsAppWorld implements World {
  readonly sessions = new MemorySessions();
  readonly simulator: WhatsAppSimulator;
  readonly log: Log;
  readonly #messengers: Messenger[] = [];
  readonly #phones: Phone[] = [];
  #nextNumber = 4_915_100_000_001;

  constructor(simulator: WhatsAppSimulator, log: Log) {
    this.simulator = simulator;
    this.log = log;
    trust(simulator.mediaCa);
  }

  get firstOwn(): Phone {
    const [first] = this.#phones;
    if (first === undefined) throw new Error('there is no phone of ours yet');
    return first;
  }

  get unknown(): readonly string[] {
    return this.simulator.unknown;
  }

  messenger(options: Partial<WhatsAppOptions> = {}): Messenger {
    const { noiseRoot, url } = this.simulator;
    const { log, sessions } = this;
    const messenger = createWhatsApp({ sessions, clock: hastyClock, log, endpoint: { url, noiseRoot }, ...options });
    this.#messengers.push(messenger);
    return messenger;
  }

  ownPhone(name: string): WhatsAppOwnPhone {
    return new WhatsAppOwnPhone(this.#phone(name));
  }

  customer(name: string, addressing: 'lid' | 'pn' = 'lid'): WhatsAppCustomer {
    return new WhatsAppCustomer(this, this.#phone(name, addressing));
  }

  group(owner: Customer, name: string, members: readonly (Customer | OwnPhone)[]): WhatsAppGroup {
    const handsets = members.map((member) => (member as WhatsAppCustomer | WhatsAppOwnPhone).handset);
    return new WhatsAppGroup(this.simulator.createGroup((owner as WhatsAppCustomer).handset, name, handsets));
  }

  place(place: Place): Phone | SimulatedGroup {
    return place === 'us' ? this.firstOwn : (place as WhatsAppGroup).inside;
  }

  addressOf(place: Customer | Group): ChatAddress {
    return (place instanceof WhatsAppGroup ? place.inside.jid : (place as WhatsAppCustomer).handset.lid) as ChatAddress;
  }

  phoneOf(jid: string): string {
    const found = this.#phones.find((phone) => phone.jid === jid || phone.lid === jid);
    return found === undefined ? jid : `+${found.number}`;
  }

  decide(phone: OwnPhone, fate: Fate): void {
    const { handset } = phone as WhatsAppOwnPhone;
    const { faults } = this.simulator;
    switch (fate) {
      case 'acked':
        return faults.acks(handset, { kind: 'prompt' });
      case 'delivered but unacked':
        return faults.acks(handset, { kind: 'withhold' });
      case 'refused':
        return faults.acks(handset, { kind: 'refuse', code: 463 });
      case 'acked late':
        return faults.acks(handset, { kind: 'delay', delayMs: LATE_MS });
    }
  }

  cut(phone: OwnPhone): void {
    this.simulator.faults.cut((phone as WhatsAppOwnPhone).handset);
  }

  refuseLinking(on: boolean): void {
    this.simulator.faults.certificate = on ? 'unknown-root' : 'genuine';
  }

  isAcknowledged(phone: OwnPhone, id: string): boolean {
    const { number } = (phone as WhatsAppOwnPhone).handset;
    return this.simulator.history.some(
      (entry) =>
        entry.kind === 'received' &&
        entry.account === number &&
        ['receipt', 'ack'].includes(entry.stanza.tag) &&
        entry.stanza.attrs['type'] !== 'retry' &&
        entry.stanza.attrs['id'] === id,
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.#messengers.map(async (messenger) => messenger.stop()));
    await this.simulator.stop();
  }

  #phone(name: string, addressing: 'lid' | 'pn' = 'lid'): Phone {
    const phone = this.simulator.createPhone({ number: String(this.#nextNumber), name, addressing });
    this.#nextNumber += 1;
    this.#phones.push(phone);
    return phone;
  }
}

/** A fresh WhatsApp. `lines` collects what is logged. */
export async function whatsAppWorld(lines?: string[]): Promise<WhatsAppWorld> {
  const destination = { write: (line: string) => void lines?.push(line) };
  return new WhatsAppWorld(
    await startWhatsApp(),
    createLog({ level: lines === undefined ? 'silent' : 'trace', destination }),
  );
}
