// A Discord stand-in on the wire: REST v10, gateway v10, CDN, OAuth2, and the people of one guild. It outlives the program under test.
import { EmbedType, GatewayDispatchEvents, GatewayIntentBits } from 'discord-api-types/v10';
import type { GuildPremiumTier } from 'discord-api-types/v10';
import { bitsFor } from './bits.ts';
import type { Permission } from './bits.ts';
import { readers } from './channels.ts';
import { createControl } from './control.ts';
import { Events } from './events.ts';
import { Faults } from './faults.ts';
import { GatewayServer } from './gateway.ts';
import { Interactions } from './interactions.ts';
import { joinGuild, leaveGuild, setRole, tellMember, tellRole } from './membership.ts';
import { unfurl } from './messages.ts';
import { OAuth } from './oauth.ts';
import { Person } from './people.ts';
import { renderGuild } from './render.ts';
import type { RequestRecord } from './rest/index.ts';
import { Limits } from './rest/limits.ts';
import { listen } from './server.ts';
import { BOT_PERMISSIONS, Guild } from './state.ts';
import type { Portal, Settings } from './state.ts';
import { setThread } from './threads.ts';
import type { Channel, Message, Role, User, Webhook } from './types.ts';

export type { Permission } from './bits.ts';
export { named, saying } from './events.ts';
export type { Delivery, EventMatch, Hold } from './events.ts';
export type { CallFault, DownloadFault, FaultOrder } from './faults.ts';
export type { GivenFile } from './files.ts';
export type { Interaction, Modal, Outcome } from './interactions.ts';
export type { Person, SayOptions } from './people.ts';
export type { RequestRecord } from './rest/index.ts';
export type { Portal, Settings } from './state.ts';
export type { Channel, Message, Overwrite, Role, StoredFile, User, Webhook } from './types.ts';

/** How large a file may be, in MiB; source: Discord's support pages on server boosting. */
const FILE_MIB: Readonly<Record<GuildPremiumTier, number>> = { 0: 10, 1: 10, 2: 50, 3: 100 };

/** How to start a guild; everything has a default. */
export interface DiscordOptions {
  /** 0 (default) takes a free port. */
  readonly port?: number;
  readonly guildName?: string;
  readonly appName?: string;
  /** What the bot's role may do; default what the product asks for in its invitation. */
  readonly botPermissions?: bigint;
  /** The privileged intents as switched in the developer portal; all on by default. */
  readonly portal?: Partial<Portal>;
  /** Registered addresses of the sign-in; any when absent. */
  readonly redirectUris?: readonly string[];
  /** The clock of ids and expiries, in milliseconds; default the real one. */
  readonly now?: () => number;
  readonly settings?: Partial<Settings>;
}

/** Who to add. */
export interface NewPerson {
  readonly name: string;
  readonly email?: string;
  /** Whether the email was verified; true unless said otherwise. */
  readonly verified?: boolean;
  readonly administrator?: boolean;
  readonly bot?: boolean;
  /** Whether they are in the guild from the start; true unless said otherwise. */
  readonly inGuild?: boolean;
}

/** A running stand-in. Its state stays while the program under test dies and comes back. */
export interface DiscordSimulator {
  /** Base of the REST API, ending in `/api` (discord.js: `rest: { api, version: '10', cdn }`). */
  readonly apiUrl: string;
  readonly cdnUrl: string;
  readonly oauthAuthorizeUrl: string;
  readonly oauthTokenUrl: string;
  readonly botToken: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly guildId: string;
  /** The app's bot user, to kick or mention. */
  readonly bot: { readonly id: string; readonly name: string; readonly role: Role };
  readonly guild: Guild;
  /** Every REST call, retries included. */
  readonly requests: readonly RequestRecord[];
  /** Routes and gateway operations nobody knows; a test should end with none. */
  readonly unknown: readonly string[];
  /** Calls answered 401, 403 or 429 in the last ten minutes. */
  readonly invalidRequestCount: number;
  readonly faults: Faults;
  readonly events: Events;
  readonly gateway: GatewayServer;
  readonly interactions: Interactions;
  readonly oauth: OAuth;
  readonly settings: Settings;
  readonly portal: Portal;
  /** The owner of the guild, who may do everything. */
  readonly owner: Person;
  addPerson(person: NewPerson): Person;
  /** The person with this email; throws when there is none. */
  person(email: string): Person;
  /** Channels and categories of the guild. */
  channels(): readonly Channel[];
  /** A channel or thread by id or name; throws when there is none. */
  channel(idOrName: string): Channel;
  /** The threads of a channel, archived ones included; all of the guild without one. */
  threads(channel?: Channel): readonly Channel[];
  webhooks(channel?: Channel): readonly Webhook[];
  /** The message with this id, private answers included; throws when there is none. */
  message(id: string): Message;
  /** Who can read a channel or thread now: ids of members, bots left out. */
  readers(channel: Channel): readonly string[];
  /** The direct conversation of the app with a person. */
  direct(person: Person): Channel;
  /** A role as the admin makes it by hand: below the bot's role, or above it. */
  addRole(name: string, options?: { permissions?: readonly Permission[]; aboveBot?: boolean }): Role;
  /** Gives a role by hand, or takes it. */
  giveRole(person: { readonly id: string }, role: Role, on?: boolean): void;
  /** Changes what the bot's role may do, by hand. */
  setBotPermissions(permissions: bigint | readonly Permission[]): void;
  /** Changes a person's names or email; the app hears of a new nick. */
  change(
    person: Person,
    change: Partial<Pick<User, 'email' | 'verified' | 'globalName' | 'acceptsDirect'>> & { nick?: string },
  ): void;
  /** Archives a thread, as Discord does by itself when nothing was written for long. */
  archive(thread: Channel): void;
  /** Boosts the guild: with tier 2 a file may have 50 MiB. */
  boost(tier: GuildPremiumTier): void;
  /** Adds a link preview to a message: a MESSAGE_UPDATE that is no edit. */
  unfurl(channel: Channel, id: string, title: string): void;
  /** Removes the app from the guild: GUILD_DELETE, then every call about it is refused. */
  kickBot(): void;
  /** Brings the app back in. */
  inviteBot(): void;
  /** Makes the bot token bad: 401 for every call, 4004 for every IDENTIFY; open connections are closed. */
  revokeToken(): void;
  /** Makes the token good again. */
  restoreToken(): void;
  /** Who is signed in to Discord in the browser that comes to the authorize page. */
  signIn(person: Person | undefined): void;
  /** Waits until `read` yields something truthy and answers it; fails after `timeoutMs`, naming `what`. */
  until<Value>(read: () => Value, what?: string, timeoutMs?: number): Promise<NonNullable<Value>>;
  /** Waits until every event was given to the gateway and taken in by every open connection. */
  settled(timeoutMs?: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a guild with its owner and one app in it. */
export async function startDiscord(options: DiscordOptions = {}): Promise<DiscordSimulator> {
  const guild = new Guild({
    guildName: options.guildName ?? 'Acme',
    appName: options.appName ?? 'Switchboard',
    botPermissions: options.botPermissions ?? BOT_PERMISSIONS,
    redirectUris: options.redirectUris,
    now: options.now ?? Date.now,
    settings: options.settings ?? {},
    portal: options.portal ?? {},
  });
  const faults = new Faults();
  const gateway = new GatewayServer(guild);
  const events = new Events(guild, (emitted) => gateway.deliver(emitted));
  const interactions = new Interactions(guild);
  const oauth = new OAuth(guild);
  const limits = new Limits(() => guild.now());
  const log = { requests: [] as RequestRecord[], unknown: gateway.unknown };
  const people = peopleOf(guild, interactions);
  const parts = { guild, faults, gateway, interactions, oauth, limits };
  const server = await listen(parts, log, {
    port: options.port ?? 0,
    extra: createControl({ guild, log, person: people.person }),
  });
  guild.origin = server.origin;
  return {
    apiUrl: `${server.origin}/api`,
    cdnUrl: `${server.origin}/cdn`,
    oauthAuthorizeUrl: `${server.origin}/oauth2/authorize`,
    oauthTokenUrl: `${server.origin}/api/oauth2/token`,
    botToken: guild.botToken,
    clientId: guild.applicationId,
    clientSecret: guild.clientSecret,
    guildId: guild.id,
    bot: { id: guild.bot.id, name: guild.appName, role: guild.botRole },
    guild,
    requests: log.requests,
    unknown: log.unknown,
    get invalidRequestCount(): number {
      return limits.invalidCount;
    },
    faults,
    events,
    gateway,
    interactions,
    oauth,
    settings: guild.settings,
    portal: guild.portal,
    ...people,
    ...channelsOf(guild),
    ...appLifeOf(guild, gateway),
    until,
    settled: async (timeoutMs) => {
      await until(() => events.settled, 'every event to be settled', timeoutMs);
      let flushed = false;
      void gateway.flushed().then(() => {
        flushed = true;
      });
      await until(() => flushed, 'every connection to take in its events', timeoutMs);
    },
    stop: async () => {
      guild.stop();
      gateway.stop();
      await server.stop();
    },
  };
}

function peopleOf(
  guild: Guild,
  interactions: Interactions,
): Pick<DiscordSimulator, 'owner' | 'addPerson' | 'person' | 'change' | 'signIn' | 'direct' | 'giveRole'> {
  const people = new Map<string, Person>();
  const ownerUser = guild.users.get(guild.ownerId);
  if (ownerUser === undefined) throw new Error('the guild has no owner');
  const owner = new Person(guild, interactions, ownerUser);
  people.set(owner.id, owner);
  return {
    owner,
    addPerson: ({ administrator, inGuild = true, ...init }) => {
      const person = new Person(guild, interactions, guild.newUser(init));
      people.set(person.id, person);
      if (inGuild) joinGuild(guild, person.id);
      const member = guild.members.get(person.id);
      if (administrator === true && member !== undefined) setRole(guild, member, administrators(guild), true);
      return person;
    },
    person: (email) => {
      const person = people.get(guild.userByEmail(email)?.id ?? '');
      if (person === undefined) throw new Error(`nobody has the email ${email}`);
      return person;
    },
    change: (person, { nick, ...change }) => {
      Object.assign(person.user, change);
      const member = guild.members.get(person.id);
      if (member === undefined) return;
      member.nick = nick ?? member.nick;
      tellMember(guild, member);
    },
    signIn: (person) => {
      guild.signedIn = person?.id;
    },
    direct: (person) => guild.directChannel(person.id),
    giveRole: (person, role, on = true) => {
      const member = guild.members.get(person.id);
      if (member === undefined) throw new Error('Unknown Member');
      setRole(guild, member, role, on);
    },
  };
}

/** The role that makes people administrators; it stands above the bot's, as admins do it. */
function administrators(guild: Guild): Role {
  const there = [...guild.roles.values()].find((role) => role.name === 'Administrators');
  if (there !== undefined) return there;
  const role = guild.addRole('Administrators', bitsFor(['Administrator']), guild.botRole.position + 1);
  tellRole(guild, GatewayDispatchEvents.GuildRoleCreate, role);
  return role;
}

function channelsOf(
  guild: Guild,
): Pick<
  DiscordSimulator,
  'channels' | 'channel' | 'threads' | 'webhooks' | 'message' | 'readers' | 'archive' | 'boost' | 'unfurl'
> {
  return {
    channels: () => guild.guildChannels(),
    channel: (idOrName) => {
      const found = guild.channels.get(idOrName) ?? [...guild.channels.values()].find(({ name }) => name === idOrName);
      if (found === undefined) throw new Error(`there is no channel ${idOrName}`);
      return found;
    },
    threads: (channel) => guild.threads(channel?.id),
    webhooks: (channel) =>
      [...guild.webhooks.values()].filter((webhook) => channel === undefined || webhook.channelId === channel.id),
    message: (id) => {
      const found = guild.findMessage(id);
      if (found === undefined) throw new Error(`there is no message ${id}`);
      return found;
    },
    readers: (channel) => readers(guild, channel).filter((id) => guild.users.get(id)?.bot === false),
    archive: (thread) => {
      setThread(guild, thread, { archived: true });
    },
    boost: (tier) => {
      guild.settings.premiumTier = tier;
      guild.settings.maxFileBytes = FILE_MIB[tier] * 1024 * 1024;
      guild.emit(GatewayDispatchEvents.GuildUpdate, renderGuild(guild), { intent: GatewayIntentBits.Guilds });
    },
    unfurl: (channel, id, title) => {
      const message = channel.message(id);
      if (message === undefined) throw new Error('Unknown Message');
      unfurl(guild, channel, message, { type: EmbedType.Link, title, url: message.links[0]?.url ?? '' });
    },
  };
}

function appLifeOf(
  guild: Guild,
  gateway: GatewayServer,
): Pick<DiscordSimulator, 'addRole' | 'setBotPermissions' | 'kickBot' | 'inviteBot' | 'revokeToken' | 'restoreToken'> {
  return {
    addRole: (name, { permissions = [], aboveBot = false } = {}) => {
      const position = aboveBot ? guild.botRole.position + 1 : 1;
      const role = guild.addRole(name, bitsFor(permissions), position);
      tellRole(guild, GatewayDispatchEvents.GuildRoleCreate, role);
      return role;
    },
    setBotPermissions: (permissions) => {
      guild.botRole.permissions = typeof permissions === 'bigint' ? permissions : bitsFor(permissions);
      tellRole(guild, GatewayDispatchEvents.GuildRoleUpdate, guild.botRole);
    },
    kickBot: () => {
      leaveGuild(guild, guild.bot.id);
    },
    inviteBot: () => {
      joinGuild(guild, guild.bot.id);
    },
    revokeToken: () => {
      guild.tokenValid = false;
      gateway.forgetSessions();
      gateway.dropAll(4004);
    },
    restoreToken: () => {
      guild.tokenValid = true;
    },
  };
}

async function until<Value>(
  read: () => Value,
  what = 'the expected state',
  timeoutMs = 5_000,
): Promise<NonNullable<Value>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = read();
    if (value !== undefined && value !== null && (value as unknown) !== false) return value;
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 3);
    });
  }
}
