// The shapes an app gets: users, members, roles, channels, threads and the guild.
import {
  ApplicationFlags,
  ChannelType,
  ForumLayoutType,
  GuildDefaultMessageNotifications,
  GuildExplicitContentFilter,
  GuildFeature,
  GuildMFALevel,
  GuildNSFWLevel,
  GuildVerificationLevel,
  Locale,
  WebhookType,
} from 'discord-api-types/v10';
import type {
  APIApplication,
  APIChannel,
  APIGuild,
  APIGuildMember,
  APIOverwrite,
  APIRole,
  APIThreadChannel,
  APIThreadMember,
  APIUser,
  APIWebhook,
  ChannelFlags,
  GatewayGuildCreateDispatchData,
  GuildChannelType,
  GuildMemberFlags,
  ThreadAutoArchiveDuration,
  ThreadChannelType,
  ThreadMemberFlags,
  UserFlags,
} from 'discord-api-types/v10';
import { enumOf } from './json.ts';
import { canSee } from './permissions.ts';
import { isoOf } from './state.ts';
import type { Guild } from './state.ts';
import type { Channel, Member, Role, ThreadState, User, Webhook } from './types.ts';

/** A user as others see them: never with an email. */
export function renderUser(user: User): APIUser {
  return {
    id: user.id,
    username: user.username,
    discriminator: user.bot ? '0001' : '0',
    global_name: user.bot ? null : user.globalName,
    avatar: null,
    public_flags: enumOf<UserFlags>(0),
    ...(user.bot ? { bot: true } : {}),
  };
}

/** The user behind an id; Discord shows accounts that are gone as "Deleted User". */
export function userOf(guild: Guild, id: string): APIUser {
  const user = guild.users.get(id);
  if (user !== undefined) return renderUser(user);
  return { id, username: 'Deleted User', discriminator: '0000', global_name: null, avatar: null };
}

/** A member without the user in it, as messages carry it. */
export function renderMemberOnly(member: Member) {
  return {
    nick: member.nick,
    avatar: null,
    banner: null,
    roles: [...member.roles],
    joined_at: isoOf(member.joinedAt),
    premium_since: null,
    pending: false,
    deaf: false,
    mute: false,
    flags: enumOf<GuildMemberFlags>(0),
    communication_disabled_until: null,
  } satisfies Omit<APIGuildMember, 'user'>;
}

export function renderMember(guild: Guild, member: Member) {
  return { ...renderMemberOnly(member), user: userOf(guild, member.userId) } satisfies APIGuildMember;
}

export function renderRole(role: Role): APIRole {
  return {
    id: role.id,
    name: role.name,
    color: role.color,
    colors: { primary_color: role.color, secondary_color: null, tertiary_color: null },
    hoist: role.hoist,
    icon: null,
    unicode_emoji: null,
    position: role.position,
    permissions: role.permissions.toString(),
    managed: role.botId !== undefined,
    mentionable: role.mentionable,
    flags: enumOf<APIRole['flags']>(0),
    ...(role.botId === undefined ? {} : { tags: { bot_id: role.botId } }),
  };
}

function overwritesOf(channel: Channel): APIOverwrite[] {
  return [...channel.overwrites.values()].map(({ id, type, allow, deny }) => ({
    id,
    type,
    allow: allow.toString(),
    deny: deny.toString(),
  }));
}

/** A channel of any kind, as its own object. */
export function renderChannel(guild: Guild, channel: Channel): APIChannel {
  if (channel.thread !== undefined) return renderThread(guild, channel, channel.thread);
  const place = {
    id: channel.id,
    name: channel.name,
    guild_id: guild.id,
    position: channel.position,
    permission_overwrites: overwritesOf(channel),
    parent_id: channel.parentId ?? null,
    nsfw: channel.nsfw,
    flags: enumOf<ChannelFlags>(0),
  };
  const talk = {
    last_message_id: channel.lastMessageId ?? null,
    rate_limit_per_user: channel.slowmode,
    ...(channel.lastPinAt === undefined ? {} : { last_pin_timestamp: isoOf(channel.lastPinAt) }),
  };
  switch (channel.type) {
    case ChannelType.DM:
      return {
        id: channel.id,
        type: channel.type,
        name: null,
        flags: enumOf<ChannelFlags>(0),
        last_message_id: talk.last_message_id,
        recipients: channel.recipients.filter((id) => id !== guild.bot.id).map((id) => userOf(guild, id)),
      };
    case ChannelType.GuildCategory:
      return { ...place, type: channel.type, parent_id: null };
    case ChannelType.GuildVoice:
      return { ...place, ...talk, type: channel.type, bitrate: 64_000, user_limit: 0, rtc_region: null };
    case ChannelType.GuildForum:
      return {
        ...place,
        ...talk,
        type: channel.type,
        topic: channel.topic,
        available_tags: [],
        default_reaction_emoji: null,
        default_sort_order: null,
        default_forum_layout: ForumLayoutType.NotSet,
      };
    default:
      return {
        ...place,
        ...talk,
        type: channel.type === ChannelType.GuildAnnouncement ? channel.type : ChannelType.GuildText,
        topic: channel.topic,
        ...(channel.autoArchive === undefined
          ? {}
          : { default_auto_archive_duration: enumOf<ThreadAutoArchiveDuration>(channel.autoArchive) }),
      };
  }
}

/** A thread; with the bot's own membership when it is in it. */
export function renderThread(guild: Guild, channel: Channel, thread: ThreadState): APIThreadChannel {
  const joinedAt = thread.members.get(guild.bot.id);
  return {
    id: channel.id,
    type: channel.type as ThreadChannelType,
    guild_id: guild.id,
    parent_id: thread.parentId,
    owner_id: thread.ownerId,
    name: channel.name,
    flags: enumOf<ChannelFlags>(0),
    last_message_id: channel.lastMessageId ?? null,
    rate_limit_per_user: channel.slowmode,
    message_count: Math.max(0, channel.messages.filter((message) => message.position !== undefined).length),
    total_message_sent: thread.sent,
    member_count: Math.min(50, thread.members.size),
    applied_tags: thread.appliedTags,
    thread_metadata: {
      archived: thread.archived,
      auto_archive_duration: enumOf<ThreadAutoArchiveDuration>(thread.autoArchive),
      archive_timestamp: isoOf(thread.archiveChangedAt),
      locked: thread.locked,
      create_timestamp: isoOf(thread.createdAt),
      ...(channel.type === ChannelType.PrivateThread ? { invitable: thread.invitable } : {}),
    },
    ...(joinedAt === undefined ? {} : { member: renderThreadMember(channel, guild.bot.id, joinedAt) }),
  };
}

export function renderThreadMember(channel: Channel, userId: string, joinedAt: number): APIThreadMember {
  return { id: channel.id, user_id: userId, join_timestamp: isoOf(joinedAt), flags: enumOf<ThreadMemberFlags>(0) };
}

/** Channels as the bot is told of them. */
export function toldChannels(guild: Guild): Channel[] {
  return guild
    .guildChannels()
    .filter((channel) => guild.settings.listsHiddenChannels || canSee(guild, channel, guild.bot.id));
}

export function renderGuild(guild: Guild): APIGuild {
  return {
    id: guild.id,
    name: guild.name,
    icon: null,
    splash: null,
    discovery_splash: null,
    banner: null,
    description: null,
    owner_id: guild.ownerId,
    afk_channel_id: null,
    afk_timeout: 300,
    widget_enabled: false,
    widget_channel_id: null,
    verification_level: GuildVerificationLevel.None,
    default_message_notifications: GuildDefaultMessageNotifications.OnlyMentions,
    explicit_content_filter: GuildExplicitContentFilter.Disabled,
    roles: [...guild.roles.values()].map(renderRole),
    emojis: [],
    stickers: [],
    features: [GuildFeature.PinPermissionMigrationComplete],
    mfa_level: GuildMFALevel.None,
    application_id: null,
    system_channel_id: null,
    system_channel_flags: enumOf<APIGuild['system_channel_flags']>(0),
    rules_channel_id: null,
    max_members: 500_000,
    vanity_url_code: null,
    premium_tier: guild.settings.premiumTier,
    premium_subscription_count: 0,
    preferred_locale: Locale.EnglishUS,
    public_updates_channel_id: null,
    max_video_channel_users: 25,
    nsfw_level: GuildNSFWLevel.Default,
    premium_progress_bar_enabled: false,
    hub_type: null,
    safety_alerts_channel_id: null,
    incidents_data: null,
  };
}

/** The guild as GUILD_CREATE brings it; members beyond the bot only with the intent for presences. */
export function renderGuildCreate(guild: Guild, withMembers: boolean): GatewayGuildCreateDispatchData {
  const members = [...guild.members.values()].filter(({ userId }) => withMembers || userId === guild.bot.id);
  const active = guild.threads().filter((channel) => channel.thread?.archived === false);
  return {
    ...renderGuild(guild),
    joined_at: isoOf(guild.members.get(guild.bot.id)?.joinedAt ?? 0),
    large: guild.members.size > 250,
    unavailable: false,
    member_count: guild.members.size,
    voice_states: [],
    members: members.slice(0, 250).map((member) => renderMember(guild, member)),
    channels: toldChannels(guild).map(
      (channel) => renderChannel(guild, channel) as APIChannel & { type: Exclude<GuildChannelType, ThreadChannelType> },
    ),
    threads: active
      .filter((channel) => canSee(guild, channel, guild.bot.id))
      .map((channel) => renderChannel(guild, channel) as APIThreadChannel),
    presences: [],
    stage_instances: [],
    guild_scheduled_events: [],
    soundboard_sounds: [],
  };
}

/** A webhook; its token only for whoever may manage it. */
export function renderWebhook(guild: Guild, webhook: Webhook, by: 'bot' | 'token'): APIWebhook {
  return {
    id: webhook.id,
    type: WebhookType.Incoming,
    guild_id: guild.id,
    channel_id: webhook.channelId,
    name: webhook.name,
    avatar: null,
    application_id: webhook.applicationId ?? null,
    // A webhook of another app shows no token.
    ...(webhook.applicationId === undefined || webhook.applicationId === guild.applicationId
      ? { token: webhook.token, url: `${guild.origin}/api/webhooks/${webhook.id}/${webhook.token}` }
      : {}),
    ...(by === 'bot' ? { user: userOf(guild, webhook.creatorId) } : {}),
  };
}

/** The app as `GET /applications/@me` answers it. */
export function renderApplication(guild: Guild): APIApplication {
  let flags = 0;
  if (guild.portal.messageContent) flags |= ApplicationFlags.GatewayMessageContentLimited;
  if (guild.portal.guildMembers) flags |= ApplicationFlags.GatewayGuildMembersLimited;
  if (guild.portal.presences) flags |= ApplicationFlags.GatewayPresenceLimited;
  const owner = userOf(guild, guild.ownerId);
  return {
    id: guild.applicationId,
    name: guild.appName,
    icon: null,
    description: '',
    bot_public: false,
    bot_require_code_grant: false,
    bot: renderUser(guild.bot),
    owner,
    summary: '',
    verify_key: '0'.repeat(64),
    team: null,
    flags: enumOf<ApplicationFlags>(flags),
    flags_new: String(flags),
    approximate_guild_count: guild.hasBot ? 1 : 0,
    redirect_uris: [...(guild.redirectUris ?? [])],
  };
}
