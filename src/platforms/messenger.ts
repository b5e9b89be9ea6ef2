// The port to where customers are: one Messenger serves all Accounts of its kind. Its proof is tests/contract/messenger.
import type { Readable } from 'node:stream';
import type { MediaKind } from '../domain/content.ts';
import type { MessageKey, MessengerEvent, PersonRef } from '../domain/events.ts';
import type { AccountId, ChatAddress, MediaRef, RemoteId } from '../domain/ids.ts';
import type { LinkOptions, LinkStep } from '../domain/link.ts';
import type { RichText } from '../domain/text.ts';
import type { Level } from './platform.ts';

export interface MessengerCapabilities {
  readonly edits: Level;
  readonly deletions: Level;
  readonly reactions: Level;
  readonly maxTextLength: number;
  readonly maxFileBytes: number;
  readonly editWindowMs: number;
  readonly deleteWindowMs: number;
}

export interface OutgoingQuote {
  readonly key: MessageKey;
  readonly preview: string;
}

/** `open` may be called again for another try. */
export interface OutgoingFile {
  readonly media: MediaKind;
  readonly name: string;
  readonly mimeType: string;
  readonly sizeBytes: number;
  readonly durationSeconds?: number;
  open(): Promise<Readable>;
}

/** What we send. `text` mentions with a `person` become the messenger's own mentions. */
export interface Outgoing {
  readonly text: RichText;
  readonly file?: OutgoingFile;
  readonly quote?: OutgoingQuote;
}

/**
 * All Accounts of one messenger. Methods take the Account they're for; trouble with one never touches another. Each rejects with a BridgeError
 * and nothing else.
 */
export interface Messenger {
  readonly name: string;
  readonly capabilities: MessengerCapabilities;
  /**
   * `onEvent` is awaited before the next event of the same Account is told, and resolves once the event is recorded; when it rejects the event
   * is told again later, unless it is the event's own fault (after some tries it is told as `unsupported` content instead).
   */
  start(options: { onEvent(event: MessengerEvent): Promise<void> }): Promise<void>;
  /** Takes up an Account that may be linked already: connects and stays connected, whatever happens, until `close` or `stop`. */
  open(account: AccountId): Promise<void>;
  /** Ends the connection, keeps the link. */
  close(account: AccountId): Promise<void>;
  stop(): Promise<void>;
  /**
   * Starts linking and tells each step until `linked` or `failed`; ending the iteration early gives up. May be called as soon as `open` has resolved, or once a
   * log-out is told: what is still being looked for or deleted is waited for. Throws `refused` when the Account is linked or being linked.
   */
  link(account: AccountId, options: LinkOptions): AsyncIterable<LinkStep>;
  /** Ends the link on the messenger's side where it can, and forgets the log-in state. */
  unlink(account: AccountId): Promise<void>;
  /** Chosen before sending; our own echo bears it. */
  newMessageId(account: AccountId): RemoteId;
  /**
   * Resolves at the server's acknowledgement. May be repeated with the same id and content: the first try's bytes are sent again, people see one
   * message. `certain: false` when no acknowledgement came in time; a later one is told as a `receipt`.
   */
  send(account: AccountId, chat: ChatAddress, id: RemoteId, content: Outgoing): Promise<{ readonly at: Date }>;
  /** `id` is the edit's own message id. */
  edit(account: AccountId, chat: ChatAddress, target: MessageKey, id: RemoteId, content: Outgoing): Promise<void>;
  revoke(account: AccountId, chat: ChatAddress, target: MessageKey, id: RemoteId): Promise<void>;
  /** The number's one reaction on a message; absent emoji takes it back. */
  react(
    account: AccountId,
    chat: ChatAddress,
    target: MessageKey,
    id: RemoteId,
    emoji: string | undefined,
  ): Promise<void>;
  /** Shows customers that these were read (their ticks turn blue). Best effort. */
  markRead(account: AccountId, chat: ChatAddress, keys: readonly MessageKey[]): Promise<void>;
  /** The file's plain bytes, size and hash checked as they pass; an error in the stream is a BridgeError. */
  openMedia(account: AccountId, ref: MediaRef): Promise<Readable>;
  /** The chat a phone number (E.164) would have, or undefined if nobody is there. */
  findChat(
    account: AccountId,
    phone: string,
  ): Promise<{ readonly address: ChatAddress; readonly person: PersonRef } | undefined>;
  /** Who is in a group now, for mentions. */
  participants(account: AccountId, chat: ChatAddress): Promise<readonly PersonRef[]>;
}
