// What a Slack workspace holds: people, channels, messages, files and views, as the stand-in keeps them.
import type { JsonObject } from './json.ts';

/** A person or bot of the workspace. */
export interface User {
  readonly id: string;
  /** The handle, lower case. */
  name: string;
  realName: string;
  email: string | undefined;
  /** Guest kind: of several channels, or of a single one. */
  guest: 'multi' | 'single' | undefined;
  readonly isBot: boolean;
  deleted: boolean;
  admin: boolean;
  /** Seconds since 1970. */
  updatedAt: number;
}

/** Who reacted with one emoji, in order. */
export interface Reaction {
  readonly name: string;
  readonly users: string[];
}

/** A link as it would be shown: where it goes and what it says. */
export interface ShownLink {
  readonly url: string;
  readonly text: string;
}

/** One message, of whichever side, top level or in a thread. */
export interface Message {
  readonly ts: string;
  readonly channel: string;
  subtype: string | undefined;
  /** Absent on customised bot posts, as on Slack. */
  user: string | undefined;
  readonly botId: string | undefined;
  readonly username: string | undefined;
  readonly icons: JsonObject | undefined;
  text: string;
  blocks: JsonObject[] | undefined;
  attachments: JsonObject[] | undefined;
  /** The ts of the thread's first message; absent on that first message itself. */
  threadTs: string | undefined;
  readonly broadcast: boolean;
  edited: { readonly user: string; readonly ts: string } | undefined;
  metadata: JsonObject | undefined;
  readonly fileIds: string[];
  readonly reactions: Reaction[];
  readonly clientMsgId: string | undefined;
  /** Fields of system messages (topic, inviter, old_name …). */
  readonly extra: JsonObject;
  /** Whom this message notifies: user ids, `channel`, `here`, `everyone`, usergroup ids. */
  pings: readonly string[];
  links: readonly ShownLink[];
  /** Addresses that Slack would fetch to show a preview. */
  unfurls: readonly string[];
  /** Earlier texts, oldest first. */
  readonly earlier: { readonly text: string; readonly blocks: JsonObject[] | undefined }[];
}

/** A message only one person sees; it is not in the history. */
export interface Ephemeral {
  readonly channel: string;
  readonly user: string;
  readonly ts: string;
  readonly threadTs: string | undefined;
  text: string;
  blocks: JsonObject[] | undefined;
  pings: readonly string[];
  links: readonly ShownLink[];
  deleted: boolean;
}

/** A file; without bytes until they were uploaded. */
export interface StoredFile {
  readonly id: string;
  readonly user: string;
  readonly name: string;
  title: string;
  readonly altText: string | undefined;
  readonly mimetype: string;
  readonly declaredLength: number;
  bytes: Buffer | undefined;
  /** Seconds since 1970. */
  readonly createdAt: number;
  readonly uploadKey: string;
  completed: boolean;
  deleted: boolean;
  readonly shares: { readonly channel: string; readonly ts: string; readonly threadTs: string | undefined }[];
}

/** A modal or home tab as last set by the app. */
export interface View {
  readonly id: string;
  readonly user: string;
  readonly rootId: string;
  readonly previousId: string | undefined;
  hash: string;
  readonly externalId: string | undefined;
  /** What the app sent: type, title, blocks, callback_id, private_metadata … */
  content: JsonObject;
  open: boolean;
}

/** A conversation. `messages` holds top level and replies, ordered by ts. */
export class Channel {
  readonly id: string;
  readonly kind: 'public' | 'private' | 'im';
  readonly creator: string;
  /** Seconds since 1970. */
  readonly createdAt: number;
  name: string;
  topic = { value: '', creator: '', last_set: 0 };
  purpose = { value: '', creator: '', last_set: 0 };
  archived = false;
  readonly previousNames: string[] = [];
  /** User ids, the bot's included. */
  readonly members = new Set<string>();
  readonly messages: Message[] = [];
  /** Deleted messages, in the order they were deleted. */
  readonly removed: Message[] = [];
  readonly pins: { readonly ts: string; readonly by: string; readonly at: number }[] = [];
  readonly bookmarks: JsonObject[] = [];
  readonly #byTs = new Map<string, Message>();
  readonly #replies = new Map<string, Message[]>();

  constructor(init: { id: string; kind: Channel['kind']; name: string; creator: string; createdAt: number }) {
    this.id = init.id;
    this.kind = init.kind;
    this.name = init.name;
    this.creator = init.creator;
    this.createdAt = init.createdAt;
  }

  get private(): boolean {
    return this.kind === 'private';
  }

  /** What the channel itself shows: no thread replies but broadcast ones. */
  get topLevel(): readonly Message[] {
    return this.messages.filter((message) => isTopLevel(message));
  }

  /** The replies of a thread, oldest first, without its first message. */
  thread(ts: string): readonly Message[] {
    return this.#replies.get(ts) ?? [];
  }

  message(ts: string): Message | undefined {
    return this.#byTs.get(ts);
  }

  /** Adds a message where its ts belongs. */
  add(message: Message): void {
    this.#byTs.set(message.ts, message);
    insert(this.messages, message);
    if (message.threadTs === undefined) return;
    const replies = this.#replies.get(message.threadTs) ?? [];
    insert(replies, message);
    this.#replies.set(message.threadTs, replies);
  }

  /** Takes a message out and keeps it among `removed`. */
  take(message: Message): void {
    this.#byTs.delete(message.ts);
    drop(this.messages, message);
    if (message.threadTs !== undefined) drop(this.#replies.get(message.threadTs) ?? [], message);
    this.removed.push(message);
  }
}

/** Whether a message shows in the channel itself. */
export function isTopLevel(message: Message): boolean {
  return message.threadTs === undefined || message.broadcast;
}

function insert(list: Message[], message: Message): void {
  const last = list.at(-1);
  if (last === undefined || last.ts < message.ts) {
    list.push(message);
    return;
  }
  const at = list.findIndex((other) => other.ts > message.ts);
  list.splice(at === -1 ? list.length : at, 0, message);
}

function drop(list: Message[], message: Message): void {
  const at = list.indexOf(message);
  if (at !== -1) list.splice(at, 1);
}
