// Operations on the guild: itself, its channels, threads and roles.
import {
  ChannelType,
  GatewayDispatchEvents,
  PermissionFlagsBits as Bit,
  RESTJSONErrorCodes as Code,
} from 'discord-api-types/v10';
import { createChannel, updateChannel } from '../channels.ts';
import { badForm, Form, refusal } from '../errors.ts';
import { bitsOf, enumOf, numberOf, objectsOf, textOf } from '../json.ts';
import { deleteRole, tellRole } from '../membership.ts';
import { canSee, guildPermissions, isAbove } from '../permissions.ts';
import { renderChannel, renderGuild, renderRole, renderThreadMember, toldChannels } from '../render.ts';
import type { Role } from '../types.ts';
import { guildOf, needs, needsInGuild, roleOf } from './access.ts';
import { autoArchiveOf, overwritesOf, parentOf } from './channels.ts';
import type { Call, Operation } from './call.ts';

export const GUILD_OPERATIONS: readonly Operation[] = [
  {
    name: 'get_guild',
    method: 'GET',
    path: '/guilds/{guild}',
    auth: 'bot',
    handle: (call) => ({
      ...renderGuild(guildOf(call)),
      ...(call.query.get('with_counts') === 'true'
        ? { approximate_member_count: call.guild.members.size, approximate_presence_count: call.guild.members.size }
        : {}),
    }),
  },
  { name: 'list_guild_channels', method: 'GET', path: '/guilds/{guild}/channels', auth: 'bot', handle: listChannels },
  {
    name: 'create_guild_channel',
    method: 'POST',
    path: '/guilds/{guild}/channels',
    auth: 'bot',
    success: 201,
    handle: create,
  },
  { name: 'bulk_update_guild_channels', method: 'PATCH', path: '/guilds/{guild}/channels', auth: 'bot', handle: move },
  {
    name: 'get_active_guild_threads',
    method: 'GET',
    path: '/guilds/{guild}/threads/active',
    auth: 'bot',
    handle: activeThreads,
  },
  {
    name: 'list_guild_roles',
    method: 'GET',
    path: '/guilds/{guild}/roles',
    auth: 'bot',
    handle: (call) => [...guildOf(call).roles.values()].map(renderRole),
  },
  {
    name: 'get_guild_role',
    method: 'GET',
    path: '/guilds/{guild}/roles/{role}',
    auth: 'bot',
    handle: (call) => renderRole((guildOf(call), roleOf(call))),
  },
  { name: 'create_guild_role', method: 'POST', path: '/guilds/{guild}/roles', auth: 'bot', handle: createRole },
  { name: 'bulk_update_guild_roles', method: 'PATCH', path: '/guilds/{guild}/roles', auth: 'bot', handle: moveRoles },
  { name: 'update_guild_role', method: 'PATCH', path: '/guilds/{guild}/roles/{role}', auth: 'bot', handle: changeRole },
  { name: 'delete_guild_role', method: 'DELETE', path: '/guilds/{guild}/roles/{role}', auth: 'bot', handle: dropRole },
];

function listChannels(call: Call): object {
  const guild = guildOf(call);
  return toldChannels(guild).map((channel) => renderChannel(guild, channel));
}

const CREATABLE: readonly ChannelType[] = [
  ChannelType.GuildText,
  ChannelType.GuildVoice,
  ChannelType.GuildCategory,
  ChannelType.GuildAnnouncement,
  ChannelType.GuildForum,
];

function create(call: Call): object {
  const guild = guildOf(call);
  const { body } = call;
  const type = enumOf<ChannelType>(numberOf(body['type']));
  const form = new Form();
  form.need('name', body['name']);
  form.length('name', body['name'], 100, 1);
  form.length('topic', body['topic'], type === ChannelType.GuildForum ? 4_096 : 1_024);
  form.check();
  if (!CREATABLE.includes(type))
    throw badForm('type', 'BASE_TYPE_CHOICES', 'Value must be one of {0, 2, 4, 5, 13, 15, 16}.');
  const parentId = parentOf(call) ?? undefined;
  const parent = parentId === undefined ? undefined : guild.channels.get(parentId);
  if (parent === undefined) needsInGuild(call, Bit.ManageChannels);
  else needs(call, parent, Bit.ManageChannels);
  const overwrites = overwritesOf(call, body, parent);
  if (overwrites.length > 0) needsInGuild(call, Bit.ManageRoles);
  const channel = createChannel(guild, {
    name: textOf(body['name']),
    type,
    topic: textOf(body['topic']) || null,
    parentId,
    // Without overwrites of its own a channel takes those of its category.
    overwrites: body['permission_overwrites'] === undefined ? [...(parent?.overwrites.values() ?? [])] : overwrites,
    nsfw: body['nsfw'] === true,
    slowmode: numberOf(body['rate_limit_per_user']),
    ...(typeof body['position'] === 'number' ? { position: body['position'] } : {}),
    ...autoArchiveOf(body['default_auto_archive_duration']),
  });
  return renderChannel(guild, channel);
}

function move(call: Call): undefined {
  const guild = guildOf(call);
  needsInGuild(call, Bit.ManageChannels);
  for (const order of objectsOf(call.raw)) {
    const channel = guild.channels.get(textOf(order['id']));
    if (channel === undefined) throw refusal(Code.UnknownChannel);
    const parentId = order['parent_id'];
    updateChannel(guild, channel, {
      ...(typeof order['position'] === 'number' ? { position: order['position'] } : {}),
      ...(parentId === undefined ? {} : { parentId: textOf(parentId) || null }),
    });
  }
}

function activeThreads(call: Call): object {
  const guild = guildOf(call);
  const threads = guild
    .threads()
    .filter((channel) => channel.thread?.archived === false && canSee(guild, channel, guild.bot.id));
  const members = threads.flatMap((channel) => {
    const joinedAt = channel.thread?.members.get(guild.bot.id);
    return joinedAt === undefined ? [] : [renderThreadMember(channel, guild.bot.id, joinedAt)];
  });
  return { threads: threads.map((channel) => renderChannel(guild, channel)), members };
}

function createRole(call: Call): object {
  const guild = guildOf(call);
  needsInGuild(call, Bit.ManageRoles);
  if (guild.roles.size >= 250) throw refusal(Code.MaximumNumberOfGuildRolesReached);
  const { body } = call;
  const form = new Form();
  form.length('name', body['name'], 100);
  form.check();
  const permissions = body['permissions'] === undefined ? guild.everyone.permissions : bitsOf(body['permissions']);
  checkHeld(call, permissions);
  const role = guild.addRole(textOf(body['name']) || 'new role', permissions, 1);
  applyLook(role, call);
  tellRole(guild, GatewayDispatchEvents.GuildRoleCreate, role);
  return renderRole(role);
}

function checkHeld(call: Call, permissions: bigint): void {
  if ((permissions & ~guildPermissions(call.guild, call.guild.bot.id)) !== 0n) throw refusal(Code.MissingPermissions);
}

function applyLook(role: Role, { body }: Call): void {
  role.color = typeof body['color'] === 'number' ? body['color'] : role.color;
  role.hoist = typeof body['hoist'] === 'boolean' ? body['hoist'] : role.hoist;
  role.mentionable = typeof body['mentionable'] === 'boolean' ? body['mentionable'] : role.mentionable;
}

/** A role the bot stands above; others it can't touch (50013). */
function lowerRole(call: Call): Role {
  const guild = guildOf(call);
  needsInGuild(call, Bit.ManageRoles);
  const role = roleOf(call);
  if (!isAbove(guild, guild.bot.id, role)) throw refusal(Code.MissingPermissions);
  return role;
}

function changeRole(call: Call): object {
  const role = lowerRole(call);
  const { body } = call;
  if (body['permissions'] !== undefined) {
    checkHeld(call, bitsOf(body['permissions']) & ~role.permissions);
    role.permissions = bitsOf(body['permissions']);
  }
  role.name = textOf(body['name']) || role.name;
  applyLook(role, call);
  tellRole(call.guild, GatewayDispatchEvents.GuildRoleUpdate, role);
  return renderRole(role);
}

/** Sets positions. discord.js sends all roles, also those above the bot; only a change of one of those is refused. */
function moveRoles(call: Call): object {
  const guild = guildOf(call);
  needsInGuild(call, Bit.ManageRoles);
  for (const order of objectsOf(call.raw)) {
    const role = guild.roles.get(textOf(order['id']));
    if (role === undefined) throw refusal(Code.UnknownRole);
    const position = numberOf(order['position']);
    if (position === role.position) continue;
    if (!isAbove(guild, guild.bot.id, role)) throw refusal(Code.MissingPermissions);
    role.position = position;
    tellRole(guild, GatewayDispatchEvents.GuildRoleUpdate, role);
  }
  return [...guild.roles.values()].map(renderRole);
}

function dropRole(call: Call): undefined {
  const role = lowerRole(call);
  if (role.botId !== undefined || role.id === call.guild.id) throw badForm('role_id', 'INVALID_ROLE', 'Invalid Role');
  deleteRole(call.guild, role);
}
