// What the contract needs of a messenger's other side: the people there, what they see, and the ways in which it can fail.
import type { ChatAddress } from '../../../src/domain/ids.ts';
import type { Messenger } from '../../../src/platforms/messenger.ts';
import type { MemorySessions } from '../../support/memory-sessions.ts';

/** A message as somebody over there sees it. */
export interface Shown {
  readonly id: string;
  readonly text: string;
  readonly editedFrom: readonly string[];
  readonly isRevoked: boolean;
  /** How often it was delivered; it is shown once. */
  readonly copies: number;
  /** The id it quotes. */
  readonly quotes?: string;
  /** Phone numbers (E.164) it mentions. */
  readonly mentions: readonly string[];
  readonly reactions: readonly string[];
  readonly file?: { readonly media: string; readonly bytes: Uint8Array };
}

export interface SayOptions {
  readonly quote?: string;
  readonly mentions?: readonly Customer[];
  readonly forwarded?: boolean;
}

/** A chat over there: with our number, or a group. */
export type Place = 'us' | Group;

/** A person on the other side. Whatever they do resolves once the messenger's server has it; ids are the messages' own. */
export interface Customer {
  readonly name: string;
  /** E.164. */
  readonly phone: string;
  say(to: Place, text: string, options?: SayOptions): Promise<string>;
  sendFile(to: Place, media: 'image' | 'voice' | 'document', bytes: Uint8Array, caption?: string): Promise<string>;
  poll(to: Place, question: string, options: readonly string[]): Promise<string>;
  vote(to: Place, poll: string, options: readonly string[]): Promise<void>;
  edit(to: Place, id: string, text: string): Promise<void>;
  revoke(to: Place, id: string): Promise<void>;
  react(to: Place, id: string, emoji: string): Promise<void>;
  read(from: Place): void;
  /** What they see of us, now or soon. */
  sees(accept: (shown: Shown) => boolean): Promise<Shown>;
  /** How often a message was delivered to them. */
  copiesOf(id: string): number;
  /** Resolves when they were told that we have read this message of theirs. */
  seesRead(id: string): Promise<void>;
}

/** Our own number's phone. */
export interface OwnPhone {
  readonly phone: string;
  scan(qr: string): Promise<void>;
  enter(code: string): Promise<void>;
  /** Ends every link of this number. */
  unlink(): void;
  /** Types a message on the phone itself. */
  say(to: Customer, text: string): Promise<string>;
}

export interface Group {
  rename(by: Customer, name: string): void;
}

/** What becomes of the messages we send. */
export type Fate = 'acked' | 'delivered but unacked' | 'refused' | 'acked late';

/** The messenger's whole other side, with our program's stores. */
export interface World {
  readonly sessions: MemorySessions;
  /** A fresh adapter on the same stores, as after a restart; not started. The world stops those that weren't. */
  messenger(): Messenger;
  ownPhone(name: string): OwnPhone;
  customer(name: string): Customer;
  group(owner: Customer, name: string, members: readonly (Customer | OwnPhone)[]): Group;
  /** The canonical address of the chat with somebody. */
  addressOf(place: Customer | Group): ChatAddress;
  /** From now on, for messages of this number. */
  decide(phone: OwnPhone, fate: Fate): void;
  /** Breaks the connection, once. */
  cut(phone: OwnPhone): void;
  /** The next linking is refused. */
  refuseLinking(on: boolean): void;
  /** Whether the messenger's server takes this message as received by our program. */
  isAcknowledged(phone: OwnPhone, id: string): boolean;
  /** Everything the other side didn't understand; empty at the end of every test. */
  readonly unknown: readonly string[];
  stop(): Promise<void>;
}
