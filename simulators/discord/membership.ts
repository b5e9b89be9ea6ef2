// Who is in the guild and with which roles; tells the app of each change, its own removal included.
import { GatewayDispatchEvents, GatewayIntentBits } from 'discord-api-types/v10';
import { renderGuildCreate, renderMember, renderRole, userOf } from './render.ts';
import type { Guild } from './state.ts';
import type { Member, Role } from './types.ts';

/** An account comes into the guild; the bot is told of the whole guild. */
export function joinGuild(guild: Guild, userId: string): void {
  if (guild.members.has(userId)) return;
  const member = guild.enter(userId);
  if (userId === guild.bot.id) {
    guild.emit(GatewayDispatchEvents.GuildCreate, renderGuildCreate(guild, false), {
      intent: GatewayIntentBits.Guilds,
    });
    return;
  }
  const d = { ...renderMember(guild, member), guild_id: guild.id };
  guild.emit(GatewayDispatchEvents.GuildMemberAdd, d, { intent: GatewayIntentBits.GuildMembers });
}

/** An account leaves or is removed. As on Discord its overwrites stay in the channels; threads are left. */
export function leaveGuild(guild: Guild, userId: string): void {
  if (!guild.members.has(userId)) return;
  for (const channel of guild.threads()) channel.thread?.members.delete(userId);
  if (userId === guild.bot.id) {
    // The one event a bot gets about a guild it isn't in any more.
    guild.emit(GatewayDispatchEvents.GuildDelete, { id: guild.id }, { intent: GatewayIntentBits.Guilds });
    guild.members.delete(userId);
    return;
  }
  guild.members.delete(userId);
  const d = { guild_id: guild.id, user: userOf(guild, userId) };
  guild.emit(GatewayDispatchEvents.GuildMemberRemove, d, { intent: GatewayIntentBits.GuildMembers });
}

/** Gives or takes a role. */
export function setRole(guild: Guild, member: Member, role: Role, on: boolean): void {
  if (member.roles.has(role.id) === on) return;
  if (on) member.roles.add(role.id);
  else member.roles.delete(role.id);
  tellMember(guild, member);
}

/** Tells of a member as it is now. */
export function tellMember(guild: Guild, member: Member): void {
  const d = { ...renderMember(guild, member), guild_id: guild.id };
  // About itself a bot is always told.
  const intent = member.userId === guild.bot.id ? GatewayIntentBits.Guilds : GatewayIntentBits.GuildMembers;
  guild.emit(GatewayDispatchEvents.GuildMemberUpdate, d, { intent });
}

/** Tells of a role that is new or changed. */
export function tellRole(
  guild: Guild,
  t: GatewayDispatchEvents.GuildRoleCreate | GatewayDispatchEvents.GuildRoleUpdate,
  role: Role,
): void {
  guild.emit(t, { guild_id: guild.id, role: renderRole(role) }, { intent: GatewayIntentBits.Guilds });
}

/** Deletes a role everywhere. */
export function deleteRole(guild: Guild, role: Role): void {
  guild.roles.delete(role.id);
  for (const member of guild.members.values()) member.roles.delete(role.id);
  for (const channel of guild.channels.values()) channel.overwrites.delete(role.id);
  for (const other of guild.roles.values()) if (other.position > role.position) other.position -= 1;
  const d = { guild_id: guild.id, role_id: role.id };
  guild.emit(GatewayDispatchEvents.GuildRoleDelete, d, { intent: GatewayIntentBits.Guilds });
}
