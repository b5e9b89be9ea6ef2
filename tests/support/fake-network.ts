// The other side of the fake messenger: numbers, customers and groups in memory, and what becomes of what is sent.
import { randomBytes } from 'node:crypto';
import type { MediaKind } from '../../src/domain/content.ts';

/** A message as it stands in a chat. `author` and `chat` are phone numbers (E.164) or a group's id. */
export interface FakeMessage {
  readonly id: string;
  readonly author: string;
  text: string;
  readonly editedFrom: string[];
  isRevoked: boolean;
  copies: number;
  readonly quotes?: { readonly id: string; readonly author: string; readonly preview: string };
  readonly mentions: readonly string[];
  readonly forwarded: boolean;
  readonly reactions: Map<string, string>;
  readonly poll?: { readonly question: string; readonly options: readonly string[] };
  readonly file?: { readonly media: MediaKind; readonly bytes: Buffer; readonly mimeType: string };
}

/** What happens in a chat, as its members' devices are told. */
export type FakeHappening = { readonly by: string; readonly at: Date } & (
  | { readonly kind: 'said'; readonly message: FakeMessage }
  | { readonly kind: 'edited'; readonly id: string; readonly author: string; readonly text: string }
  | { readonly kind: 'revoked'; readonly id: string; readonly author: string }
  | { readonly kind: 'reacted'; readonly id: string; readonly author: string; readonly emoji: string }
  | { readonly kind: 'voted'; readonly id: string; readonly author: string; readonly options: readonly string[] }
  | { readonly kind: 'renamed'; readonly id: string; readonly name: string }
  | { readonly kind: 'receipt'; readonly ids: readonly string[]; readonly status: 'acked' | 'delivered' | 'read' }
);

/** A direct chat (its two phones, sorted) or a group. */
export interface FakeChat {
  readonly id: string;
  name: string | undefined;
  readonly members: Set<string>;
  readonly messages: FakeMessage[];
}

/** What waits for one of our numbers until it is recorded. */
export interface FakePost {
  readonly chat: FakeChat;
  readonly happening: FakeHappening;
}

export type FakeFate = 'acked' | 'delivered but unacked' | 'refused' | 'acked late';

/** One of our numbers: what waits for it, and whether a program is linked to it. */
export class FakeNumber {
  readonly phone: string;
  readonly waiting: FakePost[] = [];
  /** The link's secret; a program that knows another one is logged out. */
  link: string | undefined;
  fate: FakeFate = 'acked';
  isUp = true;
  readonly watchers = new Set<() => void>();

  constructor(phone: string) {
    this.phone = phone;
  }

  changed(): void {
    for (const watcher of this.watchers) watcher();
  }
}

/** Everybody there is. */
export class FakeNetwork {
  readonly names = new Map<string, string>();
  readonly numbers = new Map<string, FakeNumber>();
  readonly chats = new Map<string, FakeChat>();
  readonly readByUs = new Set<string>();
  /** Codes shown to link a number: what to do when one is entered. */
  readonly offers = new Map<string, (number: FakeNumber) => void>();
  refusesLinking = false;
  readonly #watchers = new Set<() => void>();
  #nextPhone = 4_915_200_000_001;

  /** A new person, or with `isOurs` a number of ours; returns the phone number. */
  join(name: string, isOurs = false): string {
    const phone = `+${this.#nextPhone}`;
    this.#nextPhone += 1;
    this.names.set(phone, name);
    if (isOurs) this.numbers.set(phone, new FakeNumber(phone));
    return phone;
  }

  direct(one: string, other: string): FakeChat {
    const members = [one, other].toSorted();
    const id = members.join(' ');
    const chat = this.chats.get(id) ?? { id, name: undefined, members: new Set(members), messages: [] };
    this.chats.set(id, chat);
    return chat;
  }

  group(name: string, members: readonly string[]): FakeChat {
    const chat: FakeChat = {
      id: `group-${randomBytes(4).toString('hex')}`,
      name,
      members: new Set(members),
      messages: [],
    };
    this.chats.set(chat.id, chat);
    return chat;
  }

  /** Lets something happen: applied to the chat, then told to our numbers in it, except to the program that did it. */
  happen(chat: FakeChat, happening: FakeHappening, sender?: FakeNumber): void {
    this.#apply(chat, happening);
    for (const member of chat.members) {
      const number = this.numbers.get(member);
      if (number === undefined || number === sender) continue;
      if (happening.kind === 'receipt' && happening.by === member) continue;
      number.waiting.push({ chat, happening });
      number.changed();
    }
    this.changed();
  }

  changed(): void {
    for (const watcher of this.#watchers) watcher();
  }

  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #apply(chat: FakeChat, happening: FakeHappening): void {
    if (happening.kind === 'said') {
      const known = chat.messages.find(({ author, id }) => id === happening.message.id && author === happening.by);
      if (known === undefined) chat.messages.push(happening.message);
      else known.copies += 1;
      return;
    }
    if (happening.kind === 'renamed') {
      chat.name = happening.name;
      return;
    }
    if (happening.kind === 'receipt' || happening.kind === 'voted') return;
    const target = chat.messages.find(({ author, id }) => id === happening.id && author === happening.author);
    if (target === undefined) return;
    if (happening.kind === 'edited') {
      target.editedFrom.push(target.text);
      target.text = happening.text;
    } else if (happening.kind === 'revoked') target.isRevoked = true;
    else if (happening.emoji === '') target.reactions.delete(happening.by);
    else target.reactions.set(happening.by, happening.emoji);
  }
}
