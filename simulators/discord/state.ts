// The guild itself: everything a Discord server and the app in it remember, and the ids and times they hand out.
import { randomBytes } from 'node:crypto';
import { ChannelType, GuildPremiumTier } from 'discord-api-types/v10';
import type { GatewayDispatchEvents, GatewayDispatchPayload, GatewayIntentBits } from 'discord-api-types/v10';
import { EVERYONE_PERMISSIONS } from './permissions.ts';
import { Channel } from './types.ts';
import type { Command, Member, Message, Role, StoredFile, User, Webhook } from './types.ts';

/** Discord's first millisecond. */
const EPOCH_MS = 1_420_070_400_000;

/** What a real bot of this product asks for; see the permission integer of its invitation. */
export const BOT_PERMISSIONS = 2885516601191504n;

/** Settings of the stand-in that a test may change at any time; sizes in bytes, spans in milliseconds. */
export interface Settings {
  maxFileBytes: number;
  /** How far the guild is boosted, 0 to 3. */
  premiumTier: GuildPremiumTier;
  maxRequestBytes: number;
  guildChannelLimit: number;
  categoryChannelLimit: number;
  /** Active threads per guild; Discord gives no number, 1,000 is from secondary sources. */
  activeThreadLimit: number;
  threadMemberLimit: number;
  webhooksPerChannel: number;
  pinLimit: number;
  /** How long an app has for its first answer to an interaction. */
  interactionDeadlineMs: number;
  /** How long an interaction's token may be used. */
  interactionLifeMs: number;
  /** How long a nonce is remembered ("a few minutes"). */
  nonceLifeMs: number;
  heartbeatIntervalMs: number;
  /** How long a session without a connection can be resumed. */
  sessionLifeMs: number;
  /** How long a link to a file is good. */
  fileLinkLifeMs: number;
  /** Whether channels the bot can't see are still told and listed to it (Discord's practice isn't documented). */
  listsHiddenChannels: boolean;
  /** Invalid requests (401, 403, 429) in ten minutes that end in a ban of the address. */
  invalidRequestLimit: number;
}

const DEFAULT_SETTINGS: Settings = {
  maxFileBytes: 10 * 1024 * 1024,
  premiumTier: GuildPremiumTier.None,
  maxRequestBytes: 25 * 1024 * 1024,
  guildChannelLimit: 500,
  categoryChannelLimit: 50,
  activeThreadLimit: 1_000,
  threadMemberLimit: 1_000,
  webhooksPerChannel: 15,
  pinLimit: 250,
  interactionDeadlineMs: 3_000,
  interactionLifeMs: 15 * 60_000,
  nonceLifeMs: 5 * 60_000,
  heartbeatIntervalMs: 41_250,
  sessionLifeMs: 180_000,
  fileLinkLifeMs: 24 * 3_600_000,
  listsHiddenChannels: false,
  invalidRequestLimit: 10_000,
};

/** The privileged intents as switched in the developer portal. */
export interface Portal {
  messageContent: boolean;
  guildMembers: boolean;
  presences: boolean;
}

/** The payload of an event as Discord documents it: what is told in another shape doesn't compile. */
export type DispatchData<Name extends GatewayDispatchEvents> = Extract<GatewayDispatchPayload, { t: Name }>['d'];

/** Something the app is told over the gateway. */
export interface Emitted {
  readonly t: GatewayDispatchEvents;
  readonly d: object;
  /** The bit a session must have asked for; 0 for what always comes. */
  readonly intent: GatewayIntentBits | 0;
  /** Only told while the bot sees this channel. */
  readonly channel: Channel | undefined;
  /** The message whose content needs the MESSAGE_CONTENT intent. */
  readonly message: Message | undefined;
}

/** How to start a guild. */
export interface GuildInit {
  readonly guildName: string;
  readonly appName: string;
  readonly botPermissions: bigint;
  readonly redirectUris: readonly string[] | undefined;
  readonly now: () => number;
  readonly settings: Partial<Settings>;
  readonly portal: Partial<Portal>;
}

/** A guild with one app in it. All changes go through the functions of messages.ts, channels.ts, threads.ts and membership.ts. */
export class Guild {
  readonly id: string;
  readonly name: string;
  readonly ownerId: string;
  readonly everyone: Role;
  readonly botRole: Role;
  readonly applicationId: string;
  readonly appName: string;
  readonly bot: User;
  readonly botToken: string;
  readonly clientSecret: string;
  readonly redirectUris: readonly string[] | undefined;
  readonly users = new Map<string, User>();
  readonly members = new Map<string, Member>();
  readonly roles = new Map<string, Role>();
  /** Channels, categories, threads and direct conversations. */
  readonly channels = new Map<string, Channel>();
  readonly webhooks = new Map<string, Webhook>();
  readonly commands = new Map<string, Command>();
  readonly files = new Map<string, StoredFile>();
  /** Messages only one person sees; they are in no channel's history. */
  readonly ephemerals: Message[] = [];
  readonly settings: Settings;
  readonly portal: Portal;
  /** Whom the sign-in page takes for signed in to Discord. */
  signedIn: string | undefined;
  /** Whether the bot token is still good. */
  tokenValid = true;
  /** Where this server can be reached, without a slash at the end. */
  origin = '';
  readonly #now: () => number;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #listeners: ((emitted: Emitted) => void)[] = [];
  readonly #nonces = new Map<string, Message>();
  #lastId = 0n;
  #stopped = false;

  constructor(init: GuildInit) {
    this.#now = init.now;
    this.settings = { ...DEFAULT_SETTINGS, ...init.settings };
    this.portal = { messageContent: true, guildMembers: true, presences: true, ...init.portal };
    this.name = init.guildName;
    this.appName = init.appName;
    this.redirectUris = init.redirectUris;
    this.id = this.newId();
    this.everyone = this.#newRole(this.id, '@everyone', EVERYONE_PERMISSIONS, 0);
    const owner = this.newUser({ name: 'Owner', email: 'owner@discord.example' });
    this.ownerId = owner.id;
    this.bot = this.newUser({ name: init.appName, bot: true });
    this.applicationId = this.bot.id;
    this.botRole = this.#newRole(this.newId(), init.appName, init.botPermissions, 1, this.bot.id);
    this.enter(owner.id);
    this.enter(this.bot.id);
    this.botToken = `${Buffer.from(this.bot.id).toString('base64url')}.sim.${randomBytes(20).toString('base64url')}`;
    this.clientSecret = randomBytes(24).toString('base64url');
  }

  /** Whether the bot is in the guild. */
  get hasBot(): boolean {
    return this.members.has(this.bot.id);
  }

  /** A new account; not yet in the guild. */
  newUser(init: { name: string; email?: string; verified?: boolean; bot?: boolean }): User {
    const plain = init.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '.');
    const taken = [...this.users.values()].filter((user) => user.username.startsWith(plain)).length;
    const user: User = {
      id: this.newId(),
      username: taken === 0 ? plain : `${plain}${taken}`,
      globalName: init.name,
      email: init.email,
      verified: init.verified ?? init.email !== undefined,
      bot: init.bot ?? false,
      acceptsDirect: true,
    };
    this.users.set(user.id, user);
    return user;
  }

  /** Puts an account into the guild, without telling anybody. */
  enter(userId: string): Member {
    const member: Member = { userId, nick: null, roles: new Set(), joinedAt: this.now() };
    if (userId === this.bot.id) member.roles.add(this.botRole.id);
    this.members.set(userId, member);
    return member;
  }

  /** A new role at a position; those at or above it move up. */
  addRole(name: string, permissions: bigint, position: number): Role {
    for (const role of this.roles.values()) if (role.position >= position) role.position += 1;
    return this.#newRole(this.newId(), name, permissions, position);
  }

  userByEmail(email: string): User | undefined {
    const wanted = email.toLowerCase();
    return [...this.users.values()].find((user) => user.email?.toLowerCase() === wanted);
  }

  /** The direct conversation of the bot with a user, made on first use. */
  directChannel(userId: string): Channel {
    for (const channel of this.channels.values()) if (channel.recipients.includes(userId)) return channel;
    const recipients = [userId, this.bot.id];
    const channel = new Channel({
      id: this.newId(),
      type: ChannelType.DM,
      name: '',
      createdAt: this.now(),
      recipients,
    });
    this.channels.set(channel.id, channel);
    return channel;
  }

  /** The message with this id, wherever it is; private answers included. */
  findMessage(id: string): Message | undefined {
    for (const channel of this.channels.values()) {
      const found = channel.message(id);
      if (found !== undefined) return found;
    }
    return this.ephemerals.find((message) => message.id === id && !message.deleted);
  }

  /** Remembers which message a nonce made, for some minutes. */
  rememberNonce(message: Message): void {
    this.#nonces.set(String(message.nonce), message);
  }

  /** The bot's message with this nonce, in whatever channel, if that isn't too long ago. */
  findByNonce(nonce: string | number): Message | undefined {
    const message = this.#nonces.get(String(nonce));
    if (message === undefined || timeOf(message.id) + this.settings.nonceLifeMs < this.now()) return undefined;
    return message;
  }

  /** Channels of the guild without threads. */
  guildChannels(): Channel[] {
    return [...this.channels.values()].filter((channel) => channel.thread === undefined && !channel.isDirect);
  }

  /** Threads of the guild, or of one channel. */
  threads(parentId?: string): Channel[] {
    return [...this.channels.values()].filter(
      ({ thread }) => thread !== undefined && (parentId === undefined || thread.parentId === parentId),
    );
  }

  /** A new snowflake, greater than every one before; for an earlier time (a backdated message) one of that time. */
  newId(at?: Date): string {
    if (at !== undefined) {
      this.#lastId += 1n;
      return ((BigInt(at.getTime() - EPOCH_MS) << 22n) | (this.#lastId & 0xfffn)).toString();
    }
    const fresh = BigInt(Math.floor(this.#now()) - EPOCH_MS) << 22n;
    this.#lastId = fresh > this.#lastId ? fresh : this.#lastId + 1n;
    return this.#lastId.toString();
  }

  now(): number {
    return this.#now();
  }

  /** Tells the app of something, if it may know of it. */
  emit<Name extends GatewayDispatchEvents>(
    t: Name,
    d: DispatchData<Name> & object,
    options: { intent?: GatewayIntentBits; channel?: Channel; message?: Message } = {},
  ): void {
    const { intent = 0, channel, message } = options;
    for (const listener of this.#listeners) listener({ t, d, intent, channel, message });
  }

  onEmit(listener: (emitted: Emitted) => void): void {
    this.#listeners.push(listener);
  }

  /** Runs a step later, unless the simulator stops before. */
  later(delayMs: number, step: () => void): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      step();
    }, delayMs);
    this.#timers.add(timer);
    if (this.#stopped) clearTimeout(timer);
    return timer;
  }

  cancel(timer: NodeJS.Timeout): void {
    clearTimeout(timer);
    this.#timers.delete(timer);
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #newRole(id: string, name: string, permissions: bigint, position: number, botId?: string): Role {
    const role: Role = { id, name, permissions, position, color: 0, hoist: false, mentionable: false, botId };
    this.roles.set(id, role);
    return role;
  }
}

/** The time a snowflake was made, in milliseconds since 1970. */
export function timeOf(id: string): number {
  return Number(BigInt(id) >> 22n) + EPOCH_MS;
}

/** A time as Discord writes it. */
export function isoOf(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000+00:00');
}
