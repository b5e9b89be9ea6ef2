// What the two sides tell us, in neutral words: MessengerEvent (where customers are) and PlatformEvent (where agents are).
import type { Request } from './command.ts';
import type { Content, GroupChange } from './content.ts';
import type { AccountId, ChannelId, ChatAddress, FileRef, PersonAddress, PostId, RemoteId, UserId } from './ids.ts';
import type { RichText } from './text.ts';

/** A person of the messenger's side. `alias` is the same person's other address, when both are known (phone number and LID). */
export interface PersonRef {
  readonly address: PersonAddress;
  readonly alias?: PersonAddress;
  readonly name?: string;
  /** E.164 with the plus, as the messenger gave it. */
  readonly phone?: string;
}

/** A chat of the messenger's side. A direct chat's person is `person`; `alias` as in PersonRef. */
export interface ChatRef {
  readonly address: ChatAddress;
  readonly alias?: ChatAddress;
  readonly kind: 'direct' | 'group' | 'broadcast';
  readonly name?: string;
  readonly person?: PersonRef;
}

/** Who did it: a person of the messenger's side, or our own number (this program, or the organisation's phone). */
export type Doer = { readonly kind: 'person'; readonly person: PersonRef } | { readonly kind: 'us' };

/** Names one message of a chat. */
export interface MessageKey {
  readonly id: RemoteId;
  readonly author: Doer;
}

export interface Quoted {
  readonly key: MessageKey;
  /** What the quoting side showed of it, plain. */
  readonly preview: string;
}

interface InChat {
  readonly account: AccountId;
  readonly chat: ChatRef;
  /** The messenger's time, not ours. */
  readonly at: Date;
}

/** What arrived, told in the order of the messenger's server for each chat. The same event may be told again; whoever listens must not mind. */
export type MessengerEvent =
  | (InChat & {
      readonly kind: 'message';
      readonly key: MessageKey;
      readonly content: Content;
      readonly quoted?: Quoted;
      readonly forwarded: boolean;
    })
  | (InChat & { readonly kind: 'edited'; readonly target: MessageKey; readonly content: Content })
  | (InChat & { readonly kind: 'deleted'; readonly target: MessageKey; readonly by: Doer })
  | (InChat & {
      readonly kind: 'reacted';
      readonly target: MessageKey;
      readonly by: Doer;
      /** Absent: taken back. */ readonly emoji?: string;
    })
  | (InChat & {
      readonly kind: 'voted';
      readonly target: MessageKey;
      readonly by: Doer;
      readonly options: readonly string[];
    })
  | (InChat & {
      readonly kind: 'changed';
      readonly id: RemoteId;
      readonly change: GroupChange;
      readonly by?: PersonRef;
    })
  | (InChat & {
      readonly kind: 'receipt';
      readonly ids: readonly RemoteId[];
      readonly status: 'acked' | 'delivered' | 'read' | 'refused';
      readonly by?: PersonRef;
      /** For refused: plain words. */ readonly reason?: string;
    })
  | {
      readonly kind: 'chats';
      readonly account: AccountId;
      readonly chats: readonly (ChatRef & { readonly lastMessageAt?: Date })[];
    }
  | { readonly kind: 'people'; readonly account: AccountId; readonly people: readonly PersonRef[] }
  | {
      readonly kind: 'connection';
      readonly account: AccountId;
      readonly state: AccountState;
      /** Plain words for people. */ readonly reason?: string;
      readonly phone?: string;
      readonly name?: string;
    };

export type AccountState =
  | 'unlinked'
  | 'linking'
  | 'connecting'
  | 'connected'
  | 'reconnecting'
  | 'logged_out'
  | 'limited';

export interface PlatformFile {
  readonly ref: FileRef;
  readonly name: string;
  readonly mimeType: string;
  readonly sizeBytes: number;
  readonly durationSeconds?: number;
}

interface InChannel {
  /** Unique in its Workspace: a repeat of the same telling bears the same key. */
  readonly key: string;
  readonly channel: ChannelId;
  readonly at: Date;
}

/** The key of a `said`, told live or read back: what became of a post can be asked by it. */
export const saidKey = (post: PostId): string => `said:${post}`;

/**
 * What people do in a Workspace. `thread` is the post the message stands under (its root on platforms with threads, the replied-to post
 * on platforms with native replies); absent means top level. Our own doings are never told.
 */
export type PlatformEvent =
  | (InChannel & {
      readonly kind: 'said';
      readonly post: PostId;
      readonly thread?: PostId;
      readonly user: UserId;
      readonly text: RichText;
      readonly files: readonly PlatformFile[];
      readonly mentionsBot: boolean;
    })
  | (InChannel & {
      readonly kind: 'edited';
      readonly post: PostId;
      readonly thread?: PostId;
      readonly user: UserId;
      readonly text: RichText;
    })
  | (InChannel & { readonly kind: 'deleted'; readonly post: PostId })
  | (InChannel & {
      readonly kind: 'reacted';
      readonly post: PostId;
      readonly user: UserId;
      /** Unicode, or `:name:` for a workspace's own. */ readonly emoji: string;
      readonly on: boolean;
    })
  | (InChannel & { readonly kind: 'joined'; readonly user: UserId; readonly by?: UserId })
  | (InChannel & { readonly kind: 'left'; readonly user: UserId; readonly by?: UserId })
  | (InChannel & {
      readonly kind: 'channelChanged';
      readonly change: 'renamed' | 'archived' | 'unarchived' | 'deleted' | 'botRemoved';
      readonly name?: string;
      readonly by?: UserId;
    })
  | {
      readonly kind: 'userChanged';
      readonly key: string;
      readonly user: UserId;
      readonly email?: string;
      readonly active: boolean;
      readonly at: Date;
    }
  | { readonly kind: 'asked'; readonly key: string; readonly request: Request; readonly at: Date };

export type WorkspaceState = 'connecting' | 'connected' | 'reconnecting' | 'refused';

/** Something an admin must mend, in plain words, with the mend. */
export interface Problem {
  readonly what: string;
  readonly fix: string;
}
