// One account of the fake messenger: tells what waits for its number, in order within each chat, until it is recorded.
import { createHash } from 'node:crypto';
import type { Content } from '../../src/domain/content.ts';
import type { AccountState, ChatRef, Doer, MessageKey, MessengerEvent, PersonRef } from '../../src/domain/events.ts';
import { as } from '../../src/domain/ids.ts';
import type { AccountId, ChatAddress, MediaRef, PersonAddress, RemoteId } from '../../src/domain/ids.ts';
import { plain, type RichText } from '../../src/domain/text.ts';
import type { FakeChat, FakeHappening, FakeMessage, FakeNetwork, FakeNumber, FakePost } from './fake-network.ts';

const MOST_ATTEMPTS = 4;
const PAUSE_MS = 20;

export type OnEvent = (event: MessengerEvent) => Promise<void>;

/** A pause that ends early when the line stops. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** The address of a direct chat or a person is an opaque name for the phone; the phone itself is the alias. */
export const fakeAddress = (phone: string): string => `fake:${phone.slice(1)}`;

export class FakeLine {
  readonly account: AccountId;
  number: FakeNumber | undefined;
  readonly #network: FakeNetwork;
  readonly #onEvent: OnEvent;
  readonly #stopping = new AbortController();
  readonly #asides: MessengerEvent[] = [];
  readonly #attempts = new Map<FakeHappening, number>();
  #wake: () => void = () => undefined;
  #running: Promise<void> | undefined;

  constructor(account: AccountId, network: FakeNetwork, onEvent: OnEvent) {
    this.account = account;
    this.#network = network;
    this.#onEvent = onEvent;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  take(number: FakeNumber): void {
    this.number = number;
    number.watchers.add(this.wake);
    this.wake();
  }

  readonly wake = (): void => this.#wake();

  say(state: AccountState, reason?: string): void {
    const phone = this.number?.phone;
    this.#asides.push({
      kind: 'connection',
      account: this.account,
      state,
      ...(reason === undefined ? {} : { reason }),
      ...(phone === undefined ? {} : { phone }),
    });
    this.wake();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.number?.watchers.delete(this.wake);
    this.wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      const isIdle = await this.#round(signal);
      if (isIdle && !signal.aborted) await woken;
      else if (!isIdle) await pause(PAUSE_MS, signal);
    }
  }

  /** False when something failed and must be tried again. */
  async #round(signal: AbortSignal): Promise<boolean> {
    for (let aside = this.#asides.shift(); aside !== undefined && !signal.aborted; aside = this.#asides.shift()) {
      await this.#onEvent(aside);
    }
    const resting = new Set<FakeChat>();
    for (const post of this.number?.waiting.slice() ?? []) {
      if (signal.aborted) return true;
      if (resting.has(post.chat)) continue;
      if (await this.#tell(post)) this.#settle(post);
      else resting.add(post.chat);
    }
    return resting.size === 0;
  }

  async #tell({ chat, happening }: FakePost): Promise<boolean> {
    const attempts = this.#attempts.get(happening) ?? 0;
    try {
      for (const event of this.#events(chat, happening, attempts >= MOST_ATTEMPTS)) await this.#onEvent(event);
      return true;
    } catch {
      this.#attempts.set(happening, attempts + 1);
      return false;
    }
  }

  #settle(post: FakePost): void {
    const { waiting = [] } = this.number ?? {};
    const at = waiting.indexOf(post);
    if (at >= 0) waiting.splice(at, 1);
    this.#network.changed();
  }

  #events(chat: FakeChat, happening: FakeHappening, isPoison: boolean): MessengerEvent[] {
    const common = { account: this.account, chat: this.chatRef(chat), at: happening.at };
    const by = this.doer(happening.by);
    switch (happening.kind) {
      case 'said':
        return [this.#message(common, happening.message, by, isPoison)];
      case 'edited': {
        const content: Content = { kind: 'text', text: plain(happening.text) };
        return [{ kind: 'edited', ...common, target: this.#key(happening), content }];
      }
      case 'revoked':
        return [{ kind: 'deleted', ...common, target: this.#key(happening), by }];
      case 'reacted':
        return [
          {
            kind: 'reacted',
            ...common,
            target: this.#key(happening),
            by,
            ...(happening.emoji === '' ? {} : { emoji: happening.emoji }),
          },
        ];
      case 'voted':
        return [{ kind: 'voted', ...common, target: this.#key(happening), by, options: happening.options }];
      case 'renamed': {
        const change = { what: 'renamed', name: happening.name } as const;
        return [{ kind: 'changed', ...common, id: as<RemoteId>(happening.id), change, by: this.person(happening.by) }];
      }
      case 'receipt': {
        const reader = happening.status === 'acked' ? {} : { by: this.person(happening.by) };
        return [
          {
            kind: 'receipt',
            ...common,
            ids: happening.ids.map((id) => as<RemoteId>(id)),
            status: happening.status,
            ...reader,
          },
        ];
      }
    }
  }

  #message(
    common: { account: AccountId; chat: ChatRef; at: Date },
    message: FakeMessage,
    author: Doer,
    isPoison: boolean,
  ): MessengerEvent {
    const { forwarded, id, quotes } = message;
    const quoted = quotes && {
      key: { id: as<RemoteId>(quotes.id), author: this.doer(quotes.author) },
      preview: quotes.preview,
    };
    return {
      kind: 'message',
      ...common,
      key: { id: as<RemoteId>(id), author },
      content: isPoison ? { kind: 'unsupported', name: 'message' } : this.#content(message),
      forwarded,
      ...(quoted === undefined ? {} : { quoted }),
    };
  }

  #content({ file, mentions, poll, text }: FakeMessage): Content {
    if (poll !== undefined) return { kind: 'poll', ...poll, selectableCount: 1 };
    const rich = this.#rich(text, mentions);
    if (file === undefined) return { kind: 'text', text: rich };
    const ref = as<MediaRef>(`fake-file:${file.bytes.toString('base64')}`);
    const sha256 = createHash('sha256').update(file.bytes).digest('hex');
    const described = { ref, mimeType: file.mimeType, sizeBytes: file.bytes.length, sha256 };
    return { kind: 'media', media: file.media, file: described, caption: rich, viewOnce: false };
  }

  #rich(text: string, mentions: readonly string[]): RichText {
    const [mentioned] = mentions;
    const at = mentioned === undefined ? -1 : text.indexOf(`@${mentioned.slice(1)}`);
    if (mentioned === undefined || at < 0) return plain(text);
    const name = this.#network.names.get(mentioned) ?? mentioned;
    const person = as<PersonAddress>(fakeAddress(mentioned));
    const before = text.slice(0, at);
    const after = text.slice(at + mentioned.length);
    const inlines = [
      { kind: 'text', text: before },
      { kind: 'mention', name, person },
      { kind: 'text', text: after },
    ] as const;
    return [
      { kind: 'paragraph', inlines: inlines.filter((inline) => inline.kind === 'mention' || inline.text !== '') },
    ];
  }

  #key({ author, id }: { readonly author: string; readonly id: string }): MessageKey {
    return { id: as<RemoteId>(id), author: this.doer(author) };
  }

  doer(phone: string): Doer {
    return phone === this.number?.phone ? { kind: 'us' } : { kind: 'person', person: this.person(phone) };
  }

  person(phone: string): PersonRef {
    const name = this.#network.names.get(phone);
    return {
      address: as<PersonAddress>(fakeAddress(phone)),
      alias: as<PersonAddress>(phone),
      phone,
      ...(name === undefined ? {} : { name }),
    };
  }

  chatRef(chat: FakeChat): ChatRef {
    if (chat.name !== undefined) return { address: as<ChatAddress>(chat.id), kind: 'group', name: chat.name };
    const other = [...chat.members].find((member) => member !== this.number?.phone) ?? '';
    const address = as<ChatAddress>(fakeAddress(other));
    return { address, alias: as<ChatAddress>(other), kind: 'direct', person: this.person(other) };
  }
}
