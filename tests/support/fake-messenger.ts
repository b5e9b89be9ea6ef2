// A Messenger without a wire, for tests of whatever stands on the port. What it promises is proved by the same contract as WhatsApp's.
import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { BridgeError } from '../../src/domain/errors.ts';
import type { MessageKey, MessengerEvent, PersonRef } from '../../src/domain/events.ts';
import { as } from '../../src/domain/ids.ts';
import type { AccountId, ChatAddress, MediaRef, RemoteId } from '../../src/domain/ids.ts';
import { plainText, type RichText } from '../../src/domain/text.ts';
import type { Messenger, MessengerCapabilities, Outgoing } from '../../src/platforms/messenger.ts';
import type { LinkOptions, LinkStep } from '../../src/domain/link.ts';
import type { SessionStore } from '../../src/domain/session.ts';
import { fakeAddress, FakeLine, pause, type OnEvent } from './fake-line.ts';
import type { FakeChat, FakeHappening, FakeMessage, FakeNetwork, FakeNumber } from './fake-network.ts';

const ACK_MS = 150;

const fail = (
  code: BridgeError['code'],
  certain: boolean,
  retry: 'later' | 'never',
  sentence = 'The fake says no.',
): BridgeError => new BridgeError(code, `fake: ${code}`, { sentence, retry, certain });

/** The stored link of an account, in the session store as the real one keeps it. */
const LINK = 'fake-link';

export class FakeMessenger implements Messenger {
  readonly name = 'fake';
  readonly capabilities: MessengerCapabilities = {
    edits: 'native',
    deletions: 'native',
    reactions: 'native',
    maxTextLength: 4_096,
    maxFileBytes: 16 * 1024 * 1024,
    editWindowMs: 15 * 60_000,
    deleteWindowMs: 48 * 60 * 60_000,
  };
  readonly #network: FakeNetwork;
  readonly #sessions: SessionStore;
  readonly #lines = new Map<AccountId, FakeLine>();
  readonly #linking = new Set<AccountId>();
  #onEvent: OnEvent = async () => undefined;

  constructor(network: FakeNetwork, sessions: SessionStore) {
    this.#network = network;
    this.#sessions = sessions;
  }

  async start({ onEvent }: { onEvent(event: MessengerEvent): Promise<void> }): Promise<void> {
    this.#onEvent = onEvent;
  }

  async open(account: AccountId): Promise<void> {
    const line = this.#line(account);
    const stored = (await this.#sessions.get(account, LINK, [LINK])).get(LINK);
    if (stored === undefined) {
      line.say('unlinked');
      return;
    }
    const [phone = '', link] = Buffer.from(stored).toString().split(' ');
    const number = this.#network.numbers.get(phone);
    line.say('connecting');
    if (number === undefined || number.link !== link) await this.#logOut(line);
    else this.#connect(line, number);
  }

  async close(account: AccountId): Promise<void> {
    const line = this.#lines.get(account);
    this.#lines.delete(account);
    await line?.stop();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#lines.keys()].map(async (account) => this.close(account)));
  }

  async *link(account: AccountId, { method }: LinkOptions): AsyncIterable<LinkStep> {
    const line = this.#line(account);
    if (this.#linking.has(account) || line.number !== undefined) throw fail('refused', true, 'never');
    this.#linking.add(account);
    const code = randomBytes(4).toString('hex');
    let isLinked = false;
    try {
      line.say('linking');
      yield { step: 'waiting' };
      if (this.#network.refusesLinking) {
        yield { step: 'failed', reason: 'The fake refuses.' };
        return;
      }
      const entered = new Promise<FakeNumber>((resolve) => this.#network.offers.set(code, resolve));
      yield method === 'qr'
        ? { step: 'qr', qr: code, expiresAt: new Date(Date.now() + 60_000) }
        : { step: 'code', code };
      const number = await entered;
      number.link = code;
      await this.#sessions.set(account, [{ type: LINK, id: LINK, value: Buffer.from(`${number.phone} ${code}`) }], []);
      isLinked = true;
      line.say('connecting');
      this.#connect(line, number);
      yield { step: 'linked', phone: number.phone };
    } finally {
      this.#network.offers.delete(code);
      this.#linking.delete(account);
      if (!isLinked) line.say('unlinked');
    }
  }

  async unlink(account: AccountId): Promise<void> {
    const line = this.#line(account);
    if (line.number !== undefined) line.number.link = undefined;
    line.number = undefined;
    await this.#sessions.clear(account);
    line.say('unlinked');
  }

  newMessageId(_account: AccountId): RemoteId {
    return as<RemoteId>(randomBytes(8).toString('hex'));
  }

  async send(account: AccountId, chat: ChatAddress, id: RemoteId, content: Outgoing): Promise<{ readonly at: Date }> {
    const { at } = await this.#deliver(account, chat, id, async (_, us) => {
      const { file, quote, text } = content;
      const stored = await this.#sessions.sent(account, id);
      const body = stored === undefined ? plainText(text) : Buffer.from(stored).toString();
      await this.#sessions.saveSent(account, id, Buffer.from(body));
      const quotes = quote && { id: quote.key.id, author: this.#phoneOf(quote.key, us), preview: quote.preview };
      const bytes = file && (await buffer(await file.open()));
      const message: FakeMessage = {
        id,
        author: us,
        text: body,
        editedFrom: [],
        isRevoked: false,
        copies: 1,
        ...(quotes === undefined ? {} : { quotes }),
        mentions: mentionsIn(text),
        forwarded: false,
        reactions: new Map(),
        ...(file && bytes ? { file: { media: file.media, bytes, mimeType: file.mimeType } } : {}),
      };
      return { kind: 'said', by: us, at: new Date(), message };
    });
    return { at };
  }

  async edit(
    account: AccountId,
    chat: ChatAddress,
    target: MessageKey,
    id: RemoteId,
    content: Outgoing,
  ): Promise<void> {
    await this.#deliver(account, chat, id, async (_, us) => {
      const author = this.#phoneOf(target, us);
      return { kind: 'edited', by: us, at: new Date(), id: target.id, author, text: plainText(content.text) };
    });
  }

  async revoke(account: AccountId, chat: ChatAddress, target: MessageKey, id: RemoteId): Promise<void> {
    await this.#deliver(account, chat, id, async (_, us) => {
      return { kind: 'revoked', by: us, at: new Date(), id: target.id, author: this.#phoneOf(target, us) };
    });
  }

  async react(
    account: AccountId,
    chat: ChatAddress,
    target: MessageKey,
    id: RemoteId,
    emoji: string | undefined,
  ): Promise<void> {
    await this.#deliver(account, chat, id, async (_, us) => {
      const author = this.#phoneOf(target, us);
      return { kind: 'reacted', by: us, at: new Date(), id: target.id, author, emoji: emoji ?? '' };
    });
  }

  async markRead(account: AccountId, _chat: ChatAddress, keys: readonly MessageKey[]): Promise<void> {
    this.#connected(account);
    for (const { id } of keys) this.#network.readByUs.add(id);
    this.#network.changed();
  }

  async openMedia(_account: AccountId, ref: MediaRef): Promise<Readable> {
    if (!ref.startsWith('fake-file:')) throw fail('bad_media', true, 'never');
    return Readable.from([Buffer.from(ref.slice('fake-file:'.length), 'base64')]);
  }

  async findChat(
    account: AccountId,
    phone: string,
  ): Promise<{ readonly address: ChatAddress; readonly person: PersonRef } | undefined> {
    const line = this.#line(account);
    this.#connected(account);
    if (!this.#network.names.has(phone)) return undefined;
    return { address: as<ChatAddress>(fakeAddress(phone)), person: line.person(phone) };
  }

  async participants(account: AccountId, chat: ChatAddress): Promise<readonly PersonRef[]> {
    const line = this.#line(account);
    const members = [...(this.#network.chats.get(chat)?.members ?? [])];
    return members.filter((member) => member !== line.number?.phone).map((member) => line.person(member));
  }

  /** For the other side: this number's link has ended there. */
  async loggedOut(number: FakeNumber): Promise<void> {
    for (const line of this.#lines.values()) if (line.number === number) await this.#logOut(line);
  }

  async #logOut(line: FakeLine): Promise<void> {
    line.number = undefined;
    await this.#sessions.clear(line.account);
    line.say('logged_out', 'The phone has removed this link.');
  }

  #connect(line: FakeLine, number: FakeNumber): void {
    line.take(number);
    line.say('connected');
  }

  #line(account: AccountId): FakeLine {
    const line = this.#lines.get(account) ?? new FakeLine(account, this.#network, this.#onEvent);
    this.#lines.set(account, line);
    line.start();
    return line;
  }

  #connected(account: AccountId): FakeNumber {
    const number = this.#lines.get(account)?.number;
    if (number === undefined) throw fail('not_connected', true, 'later');
    return number;
  }

  #phoneOf({ author }: MessageKey, us: string): string {
    return author.kind === 'us' ? us : (author.person.phone ?? '');
  }

  async #deliver(
    account: AccountId,
    address: ChatAddress,
    id: RemoteId,
    present: (chat: FakeChat, us: string) => Promise<FakeHappening>,
  ): Promise<{ readonly at: Date }> {
    const number = this.#connected(account);
    const { fate, phone: us } = number;
    if (fate === 'refused') throw fail('limited', true, 'never');
    const chat = this.#network.chats.get(address) ?? this.#network.direct(us, `+${address.slice('fake:'.length)}`);
    const happening = await present(chat, us);
    this.#network.happen(chat, happening, number);
    const ids = [id];
    const receipt = (status: 'acked' | 'delivered', by: string): void => {
      number.waiting.push({ chat, happening: { kind: 'receipt', by, at: new Date(), ids, status } });
      number.changed();
    };
    if (fate === 'acked late') setTimeout(() => receipt('acked', us), ACK_MS * 2);
    if (fate !== 'acked') {
      await pause(ACK_MS, new AbortController().signal);
      throw fail('unreachable', false, 'later');
    }
    const [other] = [...chat.members].filter((member) => member !== us);
    if (happening.kind === 'said' && other !== undefined) receipt('delivered', other);
    return { at: happening.at };
  }
}

function mentionsIn(text: RichText): string[] {
  const inlines = text.flatMap((block) => ('inlines' in block ? block.inlines : []));
  return inlines.flatMap((inline) =>
    inline.kind === 'mention' && inline.person !== undefined ? [`+${inline.person.slice('fake:'.length)}`] : [],
  );
}
