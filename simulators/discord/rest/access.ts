// What a call is about, and whether the bot may: channel, message, member or role of the path, or the refusal Discord gives.
import { ChannelType, PermissionFlagsBits as Bit, RESTJSONErrorCodes as Code } from 'discord-api-types/v10';
import { refusal } from '../errors.ts';
import { canSee, guildPermissions, may, permissionsIn } from '../permissions.ts';
import type { Guild } from '../state.ts';
import type { Channel, Member, Message, Role } from '../types.ts';
import { param } from './call.ts';
import type { Call } from './call.ts';

/** The guild of the path; unknown to a bot that isn't in it. */
export function guildOf(call: Call): Guild {
  if (param(call, 'guild') !== call.guild.id || !call.guild.hasBot) throw refusal(Code.UnknownGuild);
  return call.guild;
}

/** The channel of the path, if the bot sees it (else 50001). */
export function channelOf(call: Call, name = 'channel'): Channel {
  const channel = call.guild.channels.get(param(call, name));
  if (channel === undefined) throw refusal(Code.UnknownChannel);
  if (!canSee(call.guild, channel, call.guild.bot.id)) throw refusal(Code.MissingAccess);
  return channel;
}

/** A channel of the path that holds messages. */
export function talkOf(call: Call): Channel {
  const channel = channelOf(call);
  if (channel.type === ChannelType.GuildCategory) throw refusal(Code.CannotSendMessagesInNonTextChannel);
  if (channel.type === ChannelType.GuildForum) throw refusal(Code.CannotSendMessagesInNonTextChannel);
  return channel;
}

/** The thread of the path. */
export function threadOf(call: Call, name = 'channel'): Channel & { readonly thread: NonNullable<Channel['thread']> } {
  const channel = channelOf(call, name);
  const { thread } = channel;
  if (thread === undefined) throw refusal(Code.CannotExecuteActionOnThisChannelType);
  return channel as typeof channel & { readonly thread: typeof thread };
}

/** Refuses (50013) unless the bot has these permissions in the channel. */
export function needs(call: Call, channel: Channel, bits: bigint): void {
  if (!may(call.guild, channel, call.guild.bot.id, bits)) throw refusal(Code.MissingPermissions);
}

/** Refuses (50013) unless the bot has these permissions in the guild. */
export function needsInGuild(call: Call, bits: bigint): void {
  if ((guildPermissions(call.guild, call.guild.bot.id) & bits) !== bits) throw refusal(Code.MissingPermissions);
}

/** What the bot holds that it may hand on in overwrites: in the guild, or where the channel is. */
export function holdings(call: Call, channel: Channel | undefined): bigint {
  const inGuild = guildPermissions(call.guild, call.guild.bot.id);
  return channel === undefined ? inGuild : inGuild | permissionsIn(call.guild, channel, call.guild.bot.id);
}

/** Whether the bot is an administrator. */
export function isAdministrator(call: Call): boolean {
  return (guildPermissions(call.guild, call.guild.bot.id) & Bit.Administrator) !== 0n;
}

/** The message of the path; private answers aren't in the channel. */
export function messageOf(call: Call, channel: Channel, name = 'message'): Message {
  const message = channel.message(param(call, name));
  if (message === undefined) throw refusal(Code.UnknownMessage);
  return message;
}

/** Refuses (50083) what doesn't work in an archived thread. */
export function notArchived(channel: Channel): void {
  if (channel.thread?.archived === true) throw refusal(Code.InvalidActionOnArchivedThread);
}

/** The member of the path. */
export function memberOf(call: Call, name = 'user'): Member {
  const guild = guildOf(call);
  const userId = param(call, name) === '@me' ? guild.bot.id : param(call, name);
  if (!guild.users.has(userId)) throw refusal(Code.UnknownUser);
  const member = guild.members.get(userId);
  if (member === undefined) throw refusal(Code.UnknownMember);
  return member;
}

/** The role of the path. */
export function roleOf(call: Call): Role {
  const role = call.guild.roles.get(param(call, 'role'));
  if (role === undefined) throw refusal(Code.UnknownRole);
  return role;
}
