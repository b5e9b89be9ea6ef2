// The workspace itself: everything a Slack workspace remembers, and the ids and times it hands out.
import { randomUUID } from 'node:crypto';
import type { JsonObject } from './json.ts';
import { Channel } from './types.ts';
import type { Ephemeral, StoredFile, User, View } from './types.ts';

/** Who may do what, as an owner sets it for the whole workspace. */
export interface Preferences {
  whoCanKick: 'everyone' | 'admins';
  whoCanInvite: 'everyone' | 'admins';
  whoCanArchive: 'everyone' | 'admins';
  whoCanCreatePrivate: 'everyone' | 'admins';
}

/** Settings of the stand-in that a test may change at any time. */
export interface Settings {
  /** Whole text of a message's blocks above which `msg_blocks_too_long` is answered; source: bolt-js issue 2509. */
  blockTextLimit: number;
  /** What happens to texts over 40,000 characters. */
  longText: 'truncate' | 'refuse';
  /** Time between completing an upload and its message. */
  shareDelayMs: number;
  /** How long an app has to acknowledge. */
  ackTimeoutMs: number;
  /** Waiting times before each redelivery of an event. Slack: at once, 1 minute, 5 minutes. */
  redeliveryDelaysMs: readonly number[];
  /** How long a trigger_id may be used. */
  triggerLifeMs: number;
  /** Whether incoming files must be asked for with files.info first (`file_access: check_file_info`). */
  checkFileInfo: boolean;
}

const DEFAULT_SETTINGS: Settings = {
  blockTextLimit: 13_200,
  longText: 'truncate',
  shareDelayMs: 20,
  ackTimeoutMs: 3_000,
  redeliveryDelaysMs: [0, 60_000, 300_000],
  triggerLifeMs: 3_000,
  checkFileInfo: false,
};

/** An event for the app. `forced` ones come although the bot isn't in the channel (any more). */
export interface Emitted {
  readonly event: JsonObject;
  readonly channel: Channel | undefined;
  readonly forced: boolean;
}

/** A workspace with one installed app. All changes go through the functions of messages.ts, channels.ts and users.ts. */
export class Workspace {
  readonly teamId: string;
  readonly teamName: string;
  readonly domain: string;
  readonly appId: string;
  readonly botId: string;
  readonly bot: User;
  readonly botToken: string;
  readonly appToken: string;
  readonly signingSecret: string;
  readonly verificationToken = 'verification-token';
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scopes: Set<string>;
  readonly botEvents: Set<string>;
  readonly users = new Map<string, User>();
  readonly channels = new Map<string, Channel>();
  readonly files = new Map<string, StoredFile>();
  readonly views = new Map<string, View>();
  readonly ephemerals: Ephemeral[] = [];
  /** Codes of the OAuth flow that weren't redeemed yet. */
  readonly codes = new Map<string, { readonly user: string; readonly nonce: string | undefined }>();
  /** Whom the sign-in page of this simulator takes for signed in to Slack. */
  signedIn: string | undefined;
  readonly customEmoji = new Set<string>();
  readonly preferences: Preferences = {
    whoCanKick: 'everyone',
    whoCanInvite: 'everyone',
    whoCanArchive: 'everyone',
    whoCanCreatePrivate: 'everyone',
  };
  readonly settings: Settings;
  /** What a call with the bot token is answered instead of working; set when the token was revoked or the app removed. */
  tokenError: string | undefined;
  /** Where this server can be reached, without a slash at the end. */
  origin = '';
  readonly #now: () => number;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #listeners: ((emitted: Emitted) => void)[] = [];
  #count = 0;
  #lastMicros = 0;
  #stopped = false;

  constructor(options: {
    teamName: string;
    appName: string;
    scopes: readonly string[];
    botEvents: readonly string[];
    now: () => number;
    settings: Partial<Settings>;
  }) {
    this.#now = options.now;
    this.settings = { ...DEFAULT_SETTINGS, ...options.settings };
    this.teamName = options.teamName;
    this.domain = options.teamName.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
    this.teamId = this.newId('T');
    this.appId = this.newId('A');
    this.botId = this.newId('B');
    this.scopes = new Set(options.scopes);
    this.botEvents = new Set(options.botEvents);
    this.botToken = `xoxb-${randomUUID()}`;
    this.appToken = `xapp-1-${this.appId}-${randomUUID()}`;
    this.signingSecret = randomUUID().replaceAll('-', '');
    this.clientId = `${this.#count}.${this.appId}`;
    this.clientSecret = randomUUID().replaceAll('-', '');
    this.bot = this.#newUser({
      name: options.appName.toLowerCase().replaceAll(/[^a-z0-9]+/g, ''),
      realName: options.appName,
      isBot: true,
    });
    this.users.set('USLACKBOT', { ...this.#slackbot() });
  }

  /** Adds a person; `email` is matched without regard to case. */
  addUser(init: {
    name: string;
    realName: string;
    email?: string;
    guest?: User['guest'];
    isBot?: boolean;
    deleted?: boolean;
    admin?: boolean;
  }): User {
    return this.#newUser(init);
  }

  userByEmail(email: string): User | undefined {
    const wanted = email.toLowerCase();
    return [...this.users.values()].find((user) => user.email?.toLowerCase() === wanted);
  }

  /** The direct conversation of the bot with a user, made on first use. */
  directChannel(userId: string): Channel {
    for (const channel of this.channels.values()) {
      if (channel.kind === 'im' && channel.members.has(userId)) return channel;
    }
    const channel = new Channel({
      id: this.newId('D'),
      kind: 'im',
      name: '',
      creator: userId,
      createdAt: this.seconds(),
    });
    channel.members.add(userId).add(this.bot.id);
    this.channels.set(channel.id, channel);
    return channel;
  }

  /** A code of the OAuth or sign-in flow, good for one use. */
  newCode(user: string, nonce?: string): string {
    const code = randomUUID();
    this.codes.set(code, { user, nonce });
    return code;
  }

  /** A new id of Slack's form, with its letter in front. */
  newId(letter: string): string {
    this.#count += 1;
    return `${letter}0${(0x5a0000 + this.#count * 7919).toString(36).toUpperCase().padStart(9, '0')}`;
  }

  /** The present time in milliseconds. */
  now(): number {
    return this.#now();
  }

  seconds(): number {
    return Math.floor(this.#now() / 1000);
  }

  /** A ts later than every one before; for an earlier time (a backdated message) one that is free in that channel. */
  newTs(backdated?: { readonly at: Date; readonly channel: Channel }): string {
    if (backdated !== undefined) {
      let micros = backdated.at.getTime() * 1000 + 9;
      while (backdated.channel.message(asTs(micros)) !== undefined) micros += 10;
      return asTs(micros);
    }
    this.#lastMicros = Math.max(Math.floor(this.#now()) * 1000 + 9, this.#lastMicros + 10);
    return asTs(this.#lastMicros);
  }

  /** Tells the app of something, if it may know of it. */
  emit(event: JsonObject, channel?: Channel, forced = false): void {
    for (const listener of this.#listeners) listener({ event, channel, forced });
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

  #newUser(init: Parameters<Workspace['addUser']>[0]): User {
    const user: User = {
      id: this.newId('U'),
      name: init.name,
      realName: init.realName,
      email: init.email,
      guest: init.guest,
      isBot: init.isBot ?? false,
      deleted: init.deleted ?? false,
      admin: init.admin ?? false,
      updatedAt: this.seconds(),
    };
    this.users.set(user.id, user);
    return user;
  }

  #slackbot(): User {
    return {
      id: 'USLACKBOT',
      name: 'slackbot',
      realName: 'Slackbot',
      email: undefined,
      guest: undefined,
      isBot: false,
      deleted: false,
      admin: false,
      updatedAt: 0,
    };
  }
}

/** Whether a conversation is open to a user's eyes. */
export function canSee(channel: Channel, userId: string): boolean {
  return channel.members.has(userId) || channel.kind === 'public';
}

function asTs(micros: number): string {
  return `${Math.floor(micros / 1_000_000)}.${String(micros % 1_000_000).padStart(6, '0')}`;
}
