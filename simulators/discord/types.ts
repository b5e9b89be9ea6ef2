// What a Discord guild holds: people, roles, channels, threads, messages, files and webhooks, as the stand-in keeps them.
import type {
  APIApplicationCommand,
  APIEmbed,
  APIMessageInteractionMetadata,
  APIPoll,
  ChannelType,
  MessageType,
  OverwriteType,
} from 'discord-api-types/v10';
import type { JsonObject } from './json.ts';

/** A Discord account, human or bot, in the guild or not. */
export interface User {
  readonly id: string;
  /** The unique name, lower case. */
  readonly username: string;
  globalName: string | null;
  email: string | undefined;
  /** Whether the email was verified. */
  verified: boolean;
  readonly bot: boolean;
  /** Whether direct messages from this guild are taken. */
  acceptsDirect: boolean;
}

/** An account's membership of the guild. */
export interface Member {
  readonly userId: string;
  nick: string | null;
  /** Role ids without @everyone. */
  readonly roles: Set<string>;
  readonly joinedAt: number;
}

/** A role; the one with the guild's id is @everyone. */
export interface Role {
  readonly id: string;
  name: string;
  permissions: bigint;
  /** 0 is @everyone; higher stands above. */
  position: number;
  color: number;
  hoist: boolean;
  mentionable: boolean;
  /** Whose bot role it is. */
  readonly botId: string | undefined;
}

/** A permission overwrite of a channel. */
export interface Overwrite {
  readonly id: string;
  readonly type: OverwriteType;
  readonly allow: bigint;
  readonly deny: bigint;
}

/** A file on the CDN. */
export interface StoredFile {
  readonly id: string;
  readonly channelId: string;
  /** The name in the address: cleaned of everything but letters, digits, dots, dashes and underscores. */
  readonly name: string;
  /** The name as given without its extension, when cleaning changed it. */
  readonly title: string | undefined;
  readonly contentType: string;
  readonly bytes: Buffer;
  readonly description: string | undefined;
  readonly durationSecs: number | undefined;
  readonly waveform: string | undefined;
  readonly spoiler: boolean;
}

/** Who reacted with one emoji, in order. */
export interface Reaction {
  /** The Unicode emoji, or `name:id` of a custom one. */
  readonly emoji: string;
  readonly users: string[];
}

/** A link as it would be shown: where it goes and what it says. */
export interface ShownLink {
  readonly url: string;
  readonly text: string;
}

/** Who wrote a message: an account, or a webhook under some name. */
export interface Author {
  readonly id: string;
  readonly name: string;
  readonly bot: boolean;
  readonly webhook: boolean;
  readonly avatarUrl: string | undefined;
}

/** One message, of whichever side. */
export interface Message {
  readonly id: string;
  readonly channelId: string;
  readonly author: Author;
  readonly webhookId: string | undefined;
  readonly applicationId: string | undefined;
  readonly type: MessageType;
  content: string;
  embeds: APIEmbed[];
  /** As sent, with the numeric ids Discord adds. */
  components: JsonObject[];
  files: StoredFile[];
  /** Files shown by an embed or a component, not in the list under the message. */
  embedded: StoredFile[];
  flags: number;
  readonly tts: boolean;
  readonly nonce: string | number | undefined;
  /** What a reply, forward or thread starter points at. */
  readonly reference: { readonly channelId: string; readonly messageId: string | undefined } | undefined;
  readonly interaction: APIMessageInteractionMetadata | undefined;
  /** Of an answer to a command: who used it, by which name. */
  readonly command: { readonly id: string; readonly name: string; readonly userId: string } | undefined;
  readonly poll: APIPoll | undefined;
  /** The position in its thread. */
  readonly position: number | undefined;
  editedAt: number | undefined;
  pinnedAt: number | undefined;
  readonly reactions: Reaction[];
  /** Users named in the text that may be notified. */
  mentions: readonly string[];
  mentionRoles: readonly string[];
  mentionEveryone: boolean;
  /** Whom it notifies: user ids, `@role id`, `everyone`, `here`. */
  pings: readonly string[];
  /** What can be clicked on in text, embeds and link buttons. */
  links: readonly ShownLink[];
  /** Addresses Discord would fetch to show a preview. */
  previews: readonly string[];
  /** The only user who sees it. */
  readonly onlyFor: string | undefined;
  deleted: boolean;
  /** Earlier texts, oldest first. */
  readonly earlier: { readonly content: string; readonly embeds: APIEmbed[]; readonly at: number }[];
}

/** A webhook of a channel. */
export interface Webhook {
  readonly id: string;
  channelId: string;
  name: string;
  readonly token: string;
  readonly creatorId: string;
  /** The app that made it; undefined when a person did. */
  readonly applicationId: string | undefined;
}

/** A registered command; `guild` ones work only in the guild. */
export interface Command {
  readonly scope: 'guild' | 'global';
  readonly definition: APIApplicationCommand;
}

/** What makes a channel a thread. */
export interface ThreadState {
  readonly parentId: string;
  readonly ownerId: string;
  archived: boolean;
  locked: boolean;
  invitable: boolean;
  /** Minutes. */
  autoArchive: number;
  archiveChangedAt: number;
  readonly createdAt: number;
  /** User ids and when they joined. */
  readonly members: Map<string, number>;
  /** Messages ever sent, without the starter. */
  sent: number;
  readonly appliedTags: string[];
}

/** A channel, category, thread or direct conversation. Messages are ordered by id. */
export class Channel {
  readonly id: string;
  readonly type: ChannelType;
  readonly createdAt: number;
  name: string;
  topic: string | null = null;
  parentId: string | undefined;
  position = 0;
  nsfw = false;
  slowmode = 0;
  autoArchive: number | undefined;
  lastMessageId: string | undefined;
  lastPinAt: number | undefined;
  deleted = false;
  readonly overwrites = new Map<string, Overwrite>();
  readonly messages: Message[] = [];
  /** Deleted messages, in the order they were deleted. */
  readonly removed: Message[] = [];
  readonly thread: ThreadState | undefined;
  /** The two of a direct conversation. */
  readonly recipients: readonly string[];
  readonly #byId = new Map<string, Message>();

  constructor(init: {
    id: string;
    type: ChannelType;
    name: string;
    createdAt: number;
    parentId?: string | undefined;
    thread?: ThreadState;
    recipients?: readonly string[];
  }) {
    this.id = init.id;
    this.type = init.type;
    this.name = init.name;
    this.createdAt = init.createdAt;
    this.parentId = init.parentId;
    this.thread = init.thread;
    this.recipients = init.recipients ?? [];
  }

  get isDirect(): boolean {
    return this.recipients.length > 0;
  }

  message(id: string): Message | undefined {
    return this.#byId.get(id);
  }

  /** Adds a message; ids only grow, but for those said to be of an earlier time. */
  add(message: Message): void {
    this.#byId.set(message.id, message);
    const at = this.messages.findLastIndex((other) => BigInt(other.id) < BigInt(message.id));
    this.messages.splice(at + 1, 0, message);
    if (at === this.messages.length - 2) this.lastMessageId = message.id;
  }

  /** Takes a message out and keeps it among `removed`; as on Discord `lastMessageId` stays. */
  take(message: Message): void {
    this.#byId.delete(message.id);
    const at = this.messages.indexOf(message);
    if (at !== -1) this.messages.splice(at, 1);
    message.deleted = true;
    this.removed.push(message);
  }
}
