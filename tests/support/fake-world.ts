// The contract's other side for the fake messenger.
import { randomBytes } from 'node:crypto';
import { as, type ChatAddress } from '../../src/domain/ids.ts';
import type { Messenger } from '../../src/platforms/messenger.ts';
import { eventually } from '../contract/messenger/told.ts';
import type { Customer, Fate, Group, OwnPhone, Place, SayOptions, Shown, World } from '../contract/messenger/world.ts';
import { fakeAddress } from './fake-line.ts';
import { FakeMessenger } from './fake-messenger.ts';
import { FakeNetwork, type FakeChat, type FakeHappening, type FakeMessage, type FakeNumber } from './fake-network.ts';
import { MemorySessions } from './memory-sessions.ts';

const newId = (): string => randomBytes(8).toString('hex');

class FakeCustomer implements Customer {
  readonly name: string;
  readonly phone: string;
  readonly #world: FakeWorld;

  constructor(world: FakeWorld, name: string) {
    this.#world = world;
    this.name = name;
    this.phone = world.network.join(name);
  }

  async say(to: Place, text: string, { forwarded, mentions, quote }: SayOptions = {}): Promise<string> {
    const chat = this.#chat(to);
    const quoted = chat.messages.find(({ id }) => id === quote);
    return this.#post(chat, {
      text,
      forwarded: forwarded ?? false,
      mentions: mentions?.map(({ phone }) => phone) ?? [],
      ...(quoted === undefined ? {} : { quotes: { id: quoted.id, author: quoted.author, preview: quoted.text } }),
    });
  }

  async sendFile(to: Place, media: 'image' | 'voice' | 'document', bytes: Uint8Array, caption = ''): Promise<string> {
    const file = { media, bytes: Buffer.from(bytes), mimeType: 'application/octet-stream' };
    return this.#post(this.#chat(to), { text: caption, file });
  }

  async poll(to: Place, question: string, options: readonly string[]): Promise<string> {
    return this.#post(this.#chat(to), { text: '', poll: { question, options } });
  }

  async vote(to: Place, poll: string, options: readonly string[]): Promise<void> {
    this.#happen(to, { kind: 'voted', ...this.#target(to, poll), options });
  }

  async edit(to: Place, id: string, text: string): Promise<void> {
    this.#happen(to, { kind: 'edited', ...this.#target(to, id), text });
  }

  async revoke(to: Place, id: string): Promise<void> {
    this.#happen(to, { kind: 'revoked', ...this.#target(to, id) });
  }

  async react(to: Place, id: string, emoji: string): Promise<void> {
    this.#happen(to, { kind: 'reacted', ...this.#target(to, id), emoji });
  }

  read(from: Place): void {
    const chat = this.#chat(from);
    const ids = chat.messages.filter(({ author }) => author !== this.phone).map(({ id }) => id);
    this.#happen(from, { kind: 'receipt', ids, status: 'read' });
  }

  async sees(accept: (shown: Shown) => boolean): Promise<Shown> {
    const look = (): Shown | undefined => this.#messages().map(shown).find(accept);
    return eventually(look, 'a message', (watcher) => this.#world.network.watch(watcher));
  }

  copiesOf(id: string): number {
    return this.#messages().find((message) => message.id === id)?.copies ?? 0;
  }

  async seesRead(id: string): Promise<void> {
    const look = (): true | undefined => this.#world.network.readByUs.has(id) || undefined;
    await eventually(look, 'the blue ticks', (watcher) => this.#world.network.watch(watcher));
  }

  #messages(): FakeMessage[] {
    return [...this.#world.network.chats.values()]
      .filter(({ members }) => members.has(this.phone))
      .flatMap(({ messages }) => messages);
  }

  #chat(to: Place): FakeChat {
    return to === 'us' ? this.#world.network.direct(this.phone, this.#world.firstOwn.phone) : (to as FakeGroup).chat;
  }

  #target(to: Place, id: string): { id: string; author: string } {
    const { author } = this.#chat(to).messages.find((message) => message.id === id) ?? { author: this.phone };
    return { id, author };
  }

  #happen(to: Place, happening: WithoutWho): void {
    this.#world.network.happen(this.#chat(to), { ...happening, by: this.phone, at: new Date() });
  }

  #post(chat: FakeChat, said: Partial<FakeMessage> & { text: string }): string {
    return this.#world.say(chat, this.phone, said);
  }
}

type WithoutWho = FakeHappening extends infer One
  ? One extends FakeHappening
    ? Omit<One, 'by' | 'at'>
    : never
  : never;

function shown(message: FakeMessage): Shown {
  const { copies, editedFrom, file, id, isRevoked, mentions, quotes, reactions, text } = message;
  return {
    id,
    text,
    editedFrom,
    isRevoked,
    copies,
    mentions,
    reactions: [...reactions.values()],
    ...(quotes === undefined ? {} : { quotes: quotes.id }),
    ...(file === undefined ? {} : { file }),
  };
}

class FakeOwnPhone implements OwnPhone {
  readonly number: FakeNumber;
  readonly #world: FakeWorld;

  constructor(world: FakeWorld, number: FakeNumber) {
    this.#world = world;
    this.number = number;
  }

  get phone(): string {
    return this.number.phone;
  }

  async scan(qr: string): Promise<void> {
    this.#world.network.offers.get(qr)?.(this.number);
  }

  async enter(code: string): Promise<void> {
    await this.scan(code);
  }

  unlink(): void {
    this.number.link = undefined;
    this.#world.logOut(this.number);
  }

  async say(to: Customer, text: string): Promise<string> {
    return this.#world.say(this.#world.network.direct(this.phone, to.phone), this.phone, { text });
  }
}

class FakeGroup implements Group {
  readonly chat: FakeChat;
  readonly #network: FakeNetwork;

  constructor(network: FakeNetwork, name: string, members: readonly string[]) {
    this.#network = network;
    this.chat = network.group(name, members);
  }

  rename(by: Customer, name: string): void {
    this.#network.happen(this.chat, { kind: 'renamed', by: by.phone, at: new Date(), id: newId(), name });
  }
}

export class FakeWorld implements World {
  readonly sessions = new MemorySessions();
  readonly network = new FakeNetwork();
  readonly unknown: readonly string[] = [];
  readonly #messengers: FakeMessenger[] = [];
  readonly #own: FakeOwnPhone[] = [];
  #work: Promise<void> = Promise.resolve();

  get firstOwn(): FakeOwnPhone {
    const [first] = this.#own;
    if (first === undefined) throw new Error('there is no phone of ours yet');
    return first;
  }

  messenger(): Messenger {
    const messenger = new FakeMessenger(this.network, this.sessions);
    this.#messengers.push(messenger);
    return messenger;
  }

  ownPhone(name: string): FakeOwnPhone {
    const number = this.network.numbers.get(this.network.join(name, true));
    if (number === undefined) throw new Error('the number did not join');
    const phone = new FakeOwnPhone(this, number);
    this.#own.push(phone);
    return phone;
  }

  customer(name: string): FakeCustomer {
    return new FakeCustomer(this, name);
  }

  group(owner: Customer, name: string, members: readonly (Customer | OwnPhone)[]): FakeGroup {
    return new FakeGroup(this.network, name, [owner.phone, ...members.map(({ phone }) => phone)]);
  }

  addressOf(place: Customer | Group): ChatAddress {
    return as<ChatAddress>(place instanceof FakeGroup ? place.chat.id : fakeAddress((place as Customer).phone));
  }

  /** Somebody says something; returns its id. */
  say(chat: FakeChat, by: string, said: Partial<FakeMessage> & { text: string }): string {
    const message: FakeMessage = {
      id: newId(),
      author: by,
      editedFrom: [],
      isRevoked: false,
      copies: 1,
      mentions: [],
      forwarded: false,
      reactions: new Map(),
      ...said,
    };
    this.network.happen(chat, { kind: 'said', by, at: new Date(), message });
    return message.id;
  }

  decide(phone: OwnPhone, fate: Fate): void {
    (phone as FakeOwnPhone).number.fate = fate;
  }

  cut(phone: OwnPhone): void {
    (phone as FakeOwnPhone).number.changed();
  }

  refuseLinking(on: boolean): void {
    this.network.refusesLinking = on;
  }

  isAcknowledged(phone: OwnPhone, id: string): boolean {
    const { waiting } = (phone as FakeOwnPhone).number;
    return !waiting.some(({ happening }) => happening.kind === 'said' && happening.message.id === id);
  }

  logOut(number: FakeNumber): void {
    this.#work = Promise.all(this.#messengers.map(async (messenger) => messenger.loggedOut(number))).then(
      () => undefined,
    );
  }

  async stop(): Promise<void> {
    await this.#work;
    await Promise.all(this.#messengers.map(async (messenger) => messenger.stop()));
  }
}
