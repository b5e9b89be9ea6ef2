// The port to where agents work: one ChatPlatform per Workspace. The contract, line by line; its proof is tests/contract/chat-platform.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { Answer, CommandRef, CommandTree } from '../domain/command.ts';
import type { PlatformEvent, Problem, WorkspaceState } from '../domain/events.ts';
import type { ChannelId, DeliveryKey, FileRef, MirrorId, PostId, UserId } from '../domain/ids.ts';
import type { Post } from '../domain/post.ts';

/** `native`: as the platform itself does it. `fallback`: shown another way, nothing missing. `dropped`: not shown, and the contract says so. */
export type Level = 'native' | 'fallback' | 'dropped';

/** What a Workspace platform can do; read instead of its name. Sizes in bytes and code points. */
export interface Capabilities {
  /** A post with a file can bear the customer's name and our key. If not `native`, `compose` sends the words and the file as two posts. */
  readonly namedFiles: Level;
  readonly threads: Level;
  readonly reactions: Level;
  /** Answers to anything but a command can be shown to one person only. */
  readonly privateNotices: Level;
  readonly findsUsersByEmail: boolean;
  readonly maxTextLength: number;
  readonly maxFileBytes: number;
  readonly channelNameLength: number;
  /** Within how many milliseconds what is done in a channel may be told in another order. 0: the platform keeps the order. */
  readonly eventsSwapWithinMs: number;
}

export interface ChannelSpec {
  /** Ours: opening twice for the same mirror finds the first channel. */
  readonly mirror: MirrorId;
  /** Already within the platform's rules (`bridge/channel-name.ts`); the adapter adds a suffix when it's taken. */
  readonly name: string;
  readonly topic: string;
  /** What a platform with room for few channels may put together: channels of one Account. `name` is within the rules, too. Absent: all are alike. */
  readonly group?: { readonly id: string; readonly name: string };
  /** A channel of its own whatever the platform's budget says, or a refusal; never a thread. */
  readonly own?: true;
}

export interface OpenedChannel {
  readonly channel: ChannelId;
  readonly name: string;
  readonly url?: string;
  /** It's a private thread beside others, used like a channel, for want of room: see `closeThread`. */
  readonly isThread?: true;
}

/** Where a post goes: the channel's top level, or under `thread`; `broadcast` shows a thread post in the channel too, where that exists. */
export interface PostTarget {
  readonly channel: ChannelId;
  readonly thread?: PostId;
  readonly broadcast?: boolean;
}

/** One Delivery's identity over all its tries. */
export interface Attempt {
  readonly key: DeliveryKey;
  /** By the platform's time. */
  readonly firstTriedAt: Date;
  /** The post has a file: platforms may recognise such ones by another mark. */
  readonly hasFile?: true;
  /** What an earlier try asked to remember. */
  readonly remembered?: string;
  /** Stores what a later look-up needs; resolves once it's committed. Call it before the step that can't be recognised otherwise. */
  remember(note: string): Promise<void>;
}

export interface MembershipReport {
  readonly added: readonly UserId[];
  readonly removed: readonly UserId[];
  /** Who is in the channel now, as far as the platform told, the bot left out. */
  readonly present: readonly UserId[];
  readonly problems: readonly (Problem & { readonly user?: UserId })[];
  /** True: more is to be done, ask again (after `retryAfterMs`). */
  readonly unfinished: boolean;
  readonly retryAfterMs?: number;
}

/** A channel that needn't be ours, and who reads it by being let in; we left out. */
export interface ChannelReaders {
  readonly name: string;
  /** False: everybody of the Workspace can read it; `users` is empty then. */
  readonly isPrivate: boolean;
  readonly users: readonly UserId[];
}

/** Somebody who reads every channel, whoever is let in. */
export interface Overseer {
  readonly user: UserId;
  readonly name: string;
}

export interface WorkspaceIdentity {
  /** The platform's own id of the Workspace (team, guild). */
  readonly remoteId: string;
  readonly name: string;
}

export interface PlatformStart {
  readonly commands: CommandTree;
  /**
   * Resolves once the event is stored: only then may the adapter acknowledge it. Rejects when it could not be stored: then it must not be
   * acknowledged, so that the platform tells it again. The same event may be passed again.
   */
  onEvent(event: PlatformEvent): Promise<void>;
  /** Tells how the connection stands; `problem` is set when a person must act. `back` says that a gap may have been missed: call `missed`. */
  onState(
    state: WorkspaceState,
    detail: { readonly identity?: WorkspaceIdentity; readonly problem?: Problem; readonly back: boolean },
  ): void;
}

/** What `missed` reads: the channels we care for, each with the newest moment we know of it. */
export interface KnownChannel {
  readonly channel: ChannelId;
  /** By the platform's time. */
  readonly since: Date;
  /** Posts whose threads may have got replies: the ones we posted lately. */
  readonly threads: readonly PostId[];
  /** Posts of people that we heard of lately and that weren't deleted as far as we know. */
  readonly heard?: readonly PostId[];
}

/** Somebody who signed in at the platform. */
export interface SignedIn {
  readonly user: UserId;
  /** Undefined: the platform told none. */
  readonly email: string | undefined;
  /** Whether the platform has seen that the email is theirs: only then it proves anything. */
  readonly isVerified: boolean;
}

/** Signing people in at the platform (OAuth2 with PKCE), to prove who they are: the platform's side of it, the web server has the rest. */
export interface SignIn {
  /** The platform's page to send a browser to. It comes back to `redirectUri` with `state` and a `code`, or with an `error`. */
  startUrl(ask: { readonly redirectUri: string; readonly state: string; readonly challenge: string }): string;
  /** Who came back with a code. Keeps no token. Rejects with a BridgeError whose sentence is for that person. */
  finish(back: { readonly redirectUri: string; readonly code: string; readonly verifier: string }): Promise<SignedIn>;
}

/**
 * A Workspace. Every method but `start` and `stop` may be called at any time after `start` resolved, many at once; each rejects with a
 * BridgeError and nothing else. No method repeats a call by itself that may have been done: repeating is the delivery loop's decision.
 */
export interface ChatPlatform {
  /** For logs and metrics. */
  readonly name: string;
  readonly capabilities: Capabilities;
  /**
   * Connects and keeps connected until `stop`; resolves when the first try is over, also when the platform can't be reached or refuses us
   * (that is told by `onState`): a Workspace that's down never stops the program.
   */
  start(options: PlatformStart): Promise<void>;
  /** No event after it resolves. Called once. */
  stop(): Promise<void>;
  /** Opens the private channel of a mirror: nobody but the bot is in it. Finds the channel again when it was opened before (also by a try whose answer was lost). */
  openChannel(spec: ChannelSpec): Promise<OpenedChannel>;
  /** Only what differs is changed. Resolves with the name that the channel bears then (with a suffix where it was taken), when one was asked for. */
  updateChannel(
    channel: ChannelId,
    changes: { readonly name?: string; readonly topic?: string },
  ): Promise<string | undefined>;
  /**
   * Makes the channel hold exactly `wanted` and the bot; whoever of `kept` is there stays, and none of them is put in. Removals go first. Partial
   * success is normal and is reported, not thrown.
   */
  setUsers(channel: ChannelId, wanted: ReadonlySet<UserId>, kept?: ReadonlySet<UserId>): Promise<MembershipReport>;
  /** Who reads a channel, whosever it is; `overseers` left out. Undefined: there is no such channel, or we aren't in it; that may also be rejected with. */
  readersOf(channel: ChannelId): Promise<ChannelReaders | undefined>;
  /** Ends writing in a private thread that `openChannel` gave; people and messages stay. Repeatable. Where there are such threads. */
  closeThread?(thread: ChannelId): Promise<void>;
  /** Who reads every channel by rights of the platform's own, so that `setUsers` can't keep them out; we left out. Where there are such rights. */
  overseers?(): Promise<readonly Overseer[]>;
  /** The person with this email who may be in channels (no bot, no guest, not deactivated). Only if `capabilities.findsUsersByEmail`. */
  findUser(email: string): Promise<UserId | undefined>;
  /** Where `findUser` found nobody: whom the email belongs to all the same. Undefined: nobody here. Only with `findsUsersByEmail`. */
  findOutsider?(email: string): Promise<'guest' | 'bot' | undefined>;
  /**
   * The email the platform vouches for, if it does; with a name to show. `guest`: whoever is no full member: guests, people of elsewhere, the
   * deactivated, and those whom the platform doesn't know.
   */
  describeUser(
    user: UserId,
  ): Promise<{ readonly email?: string; readonly name: string; readonly kind: 'person' | 'guest' | 'bot' }>;
  /** The platform's own time, as its answers told it; undefined before the first one. Absent: ours is as good. */
  now?(): Date | undefined;
  /**
   * What people did while we were away, replies in threads included, oldest first in each channel, with the same ids as if told live.
   * Reads the channels one after the other and asks for the next one when the one before was told whole.
   */
  missed(known: Iterable<KnownChannel>): AsyncIterable<PlatformEvent>;
  /** Posts once. An uncertain failure (`certain: false`) is followed by `lookUp` with the same attempt, never by a blind repeat. */
  post(to: PostTarget, post: Post, attempt: Attempt): Promise<PostId>;
  /** Did an unanswered post arrive? Undefined: surely not. Rejects when it can't be told now. */
  lookUp(to: PostTarget, attempt: Attempt): Promise<PostId | undefined>;
  /** Replaces what a post of ours shows. Idempotent. A file can't be replaced: it stays while `post.file` is there; where it bears the words, it goes when that is absent. */
  edit(id: PostId, post: Post): Promise<void>;
  /** Removes a post of ours; already gone is success. */
  remove(id: PostId): Promise<void>;
  /** The bot's own reaction, Unicode emoji. Idempotent. Resolves false when the platform has no such emoji. */
  react(id: PostId, emoji: string, on: boolean): Promise<boolean>;
  /** One private sentence to a person, about a place or (without one) by itself; where the platform can't, a direct message, else one short line in place. */
  tell(user: UserId, where: PostTarget | undefined, post: Post): Promise<void>;
  /** The bytes of a file that a person posted. Fails on a length other than told, and on anything that isn't the file (log-in pages). */
  openFile(ref: FileRef): Promise<Readable>;
  /** Answers a command, button, form or shortcut. At once: never a Delivery. */
  answer(request: CommandRef, answer: Answer): Promise<void>;
  /** A link that opens the post in the platform, if it has such links. */
  linkTo?(id: PostId): Promise<string | undefined>;
  /** For the web server, where the platform calls us by HTTP: mounted under `/<name>`. Gets the raw, unparsed request. */
  readonly routes?: (request: IncomingMessage, response: ServerResponse) => void;
  /** Absent: people can't be signed in here, or nobody registered us for it. */
  readonly signIn?: SignIn | undefined;
  /** What an admin must mend in the Workspace (scopes, permissions), each with its fix. Empty: all well. */
  setup(): Promise<readonly Problem[]>;
}
