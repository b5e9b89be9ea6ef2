// Who may do what where: Discord's permission arithmetic, for the bot and for people alike.
import { ChannelType, OverwriteType, PermissionFlagsBits as Bit } from 'discord-api-types/v10';
import type { Guild } from './state.ts';
import type { Channel, Role } from './types.ts';

/** Every permission there is. */
const ALL_PERMISSIONS = Object.values(Bit).reduce((sum, bit) => sum | bit, 0n);

/** What @everyone may do in a new guild. */
export const EVERYONE_PERMISSIONS =
  Bit.ViewChannel |
  Bit.CreateInstantInvite |
  Bit.ChangeNickname |
  Bit.SendMessages |
  Bit.SendMessagesInThreads |
  Bit.CreatePublicThreads |
  Bit.CreatePrivateThreads |
  Bit.EmbedLinks |
  Bit.AttachFiles |
  Bit.AddReactions |
  Bit.UseExternalEmojis |
  Bit.MentionEveryone |
  Bit.ReadMessageHistory |
  Bit.SendVoiceMessages |
  Bit.SendPolls |
  Bit.UseApplicationCommands |
  Bit.Connect |
  Bit.Speak;

/** What a member may do in the whole guild; nothing for whoever isn't in it. */
export function guildPermissions(guild: Guild, userId: string): bigint {
  const member = guild.members.get(userId);
  if (member === undefined) return 0n;
  if (guild.ownerId === userId) return ALL_PERMISSIONS;
  let sum = guild.everyone.permissions;
  for (const id of member.roles) sum |= guild.roles.get(id)?.permissions ?? 0n;
  return (sum & Bit.Administrator) === 0n ? sum : ALL_PERMISSIONS;
}

/** What a user may do in a channel; in a thread the permissions of its parent. */
export function permissionsIn(guild: Guild, channel: Channel, userId: string): bigint {
  if (channel.isDirect) return channel.recipients.includes(userId) ? ALL_PERMISSIONS : 0n;
  if (channel.thread !== undefined) {
    const parent = guild.channels.get(channel.thread.parentId);
    return parent === undefined ? 0n : permissionsIn(guild, parent, userId);
  }
  const base = guildPermissions(guild, userId);
  if (base === ALL_PERMISSIONS || base === 0n) return base;
  let sum = base;
  const everyone = channel.overwrites.get(guild.id);
  if (everyone !== undefined) sum = (sum & ~everyone.deny) | everyone.allow;
  let allow = 0n;
  let deny = 0n;
  for (const id of guild.members.get(userId)?.roles ?? []) {
    const overwrite = channel.overwrites.get(id);
    if (overwrite?.type !== OverwriteType.Role) continue;
    allow |= overwrite.allow;
    deny |= overwrite.deny;
  }
  sum = (sum & ~deny) | allow;
  const own = channel.overwrites.get(userId);
  if (own !== undefined) sum = (sum & ~own.deny) | own.allow;
  // Without seeing a channel nothing else counts in it.
  return (sum & Bit.ViewChannel) === 0n ? 0n : sum;
}

/** Whether a user has all these permissions in a channel. */
export function may(guild: Guild, channel: Channel, userId: string, bits: bigint): boolean {
  return (permissionsIn(guild, channel, userId) & bits) === bits;
}

/** Whether a user can see a channel; a private thread only as its member or with MANAGE_THREADS. */
export function canSee(guild: Guild, channel: Channel, userId: string): boolean {
  const permissions = permissionsIn(guild, channel, userId);
  if ((permissions & Bit.ViewChannel) === 0n) return false;
  if (channel.type !== ChannelType.PrivateThread) return true;
  return (permissions & Bit.ManageThreads) !== 0n || channel.thread?.members.has(userId) === true;
}

/** The permission that writing needs there. */
export function sendBit(channel: Channel): bigint {
  return channel.thread === undefined ? Bit.SendMessages : Bit.SendMessagesInThreads;
}

/** The highest role of a member; @everyone for those without any. */
export function highestRole(guild: Guild, userId: string): Role {
  let highest = guild.everyone;
  for (const id of guild.members.get(userId)?.roles ?? []) {
    const role = guild.roles.get(id);
    if (role !== undefined && role.position > highest.position) highest = role;
  }
  return highest;
}

/** Whether a member stands above a role (and may therefore change or give it). */
export function isAbove(guild: Guild, userId: string, role: Role): boolean {
  return guild.ownerId === userId || highestRole(guild, userId).position > role.position;
}
