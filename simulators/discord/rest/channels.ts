// Operations on one channel: read, change, delete, its overwrites, typing.
import {
  ChannelType,
  OverwriteType,
  PermissionFlagsBits as Bit,
  RESTJSONErrorCodes as Code,
} from 'discord-api-types/v10';
import { deleteChannel, removeOverwrite, setOverwrite, updateChannel } from '../channels.ts';
import type { ChannelChange } from '../channels.ts';
import { badForm, Form, refusal } from '../errors.ts';
import { bitsOf, enumOf, numberOf, objectsOf, textOf } from '../json.ts';
import type { JsonObject } from '../json.ts';
import { renderChannel } from '../render.ts';
import { setThread } from '../threads.ts';
import type { Channel, Overwrite } from '../types.ts';
import { channelOf, holdings, isAdministrator, needs, talkOf } from './access.ts';
import { param } from './call.ts';
import type { Call, Operation } from './call.ts';
import { TooOften } from './limits.ts';

export const CHANNEL_OPERATIONS: readonly Operation[] = [
  { name: 'get_channel', method: 'GET', path: '/channels/{channel}', auth: 'bot', handle: getChannel },
  { name: 'update_channel', method: 'PATCH', path: '/channels/{channel}', auth: 'bot', handle: change },
  { name: 'delete_channel', method: 'DELETE', path: '/channels/{channel}', auth: 'bot', handle: drop },
  {
    name: 'set_channel_permission_overwrite',
    method: 'PUT',
    path: '/channels/{channel}/permissions/{overwrite}',
    auth: 'bot',
    handle: putOverwrite,
  },
  {
    name: 'delete_channel_permission_overwrite',
    method: 'DELETE',
    path: '/channels/{channel}/permissions/{overwrite}',
    auth: 'bot',
    handle: deleteOverwrite,
  },
  {
    name: 'trigger_typing_indicator',
    method: 'POST',
    path: '/channels/{channel}/typing',
    auth: 'bot',
    handle: (call) => void talkOf(call),
  },
];

function getChannel(call: Call): object {
  return renderChannel(call.guild, channelOf(call));
}

/**
 * Reads overwrites as a create or modify takes them: at most 100 (the OpenAPI document's `maxItems`), only bits the bot holds
 * itself, and MANAGE_ROLES only for an administrator (source: guild and channel pages of Discord's documentation).
 */
export function overwritesOf(call: Call, body: JsonObject, parent: Channel | undefined): Overwrite[] {
  const given = objectsOf(body['permission_overwrites']);
  const form = new Form();
  form.count('permission_overwrites', body['permission_overwrites'], 100);
  form.check();
  return given.map((one, at) => {
    const overwrite = readOverwrite(textOf(one['id']), one);
    if (overwrite.id === '')
      throw badForm(`permission_overwrites.${at}.id`, 'BASE_TYPE_REQUIRED', 'This field is required');
    mayHandOn(call, overwrite, parent);
    return overwrite;
  });
}

function readOverwrite(id: string, body: JsonObject): Overwrite {
  const type =
    enumOf<OverwriteType>(numberOf(body['type'])) === OverwriteType.Member ? OverwriteType.Member : OverwriteType.Role;
  return { id, type, allow: bitsOf(body['allow']), deny: bitsOf(body['deny']) };
}

function mayHandOn(call: Call, overwrite: Overwrite, place: Channel | undefined, before?: Overwrite): void {
  if (isAdministrator(call)) return;
  // Only what changes counts; what somebody with more rights set may stay.
  const bits = (overwrite.allow ^ (before?.allow ?? 0n)) | (overwrite.deny ^ (before?.deny ?? 0n));
  if ((bits & Bit.ManageRoles) !== 0n || (bits & ~holdings(call, place)) !== 0n) throw refusal(Code.MissingPermissions);
}

function change(call: Call): object {
  const channel = channelOf(call);
  const { guild, body } = call;
  const form = new Form();
  form.length('name', body['name'], 100, 1);
  form.length('topic', body['topic'], channel.type === ChannelType.GuildForum ? 4_096 : 1_024);
  form.check();
  if (channel.thread !== undefined) return changeThread(call, channel);
  needs(call, channel, Bit.ManageChannels);
  const overwrites = body['permission_overwrites'] === undefined ? undefined : overwritesForChange(call, channel);
  checkRename(call, channel);
  const parentId = parentOf(call);
  const wanted: ChannelChange = {
    ...(typeof body['name'] === 'string' ? { name: body['name'] } : {}),
    ...(body['topic'] === undefined ? {} : { topic: textOf(body['topic']) || null }),
    ...(parentId === undefined ? {} : { parentId }),
    ...(typeof body['position'] === 'number' ? { position: body['position'] } : {}),
    ...(typeof body['nsfw'] === 'boolean' ? { nsfw: body['nsfw'] } : {}),
    ...(typeof body['rate_limit_per_user'] === 'number' ? { slowmode: body['rate_limit_per_user'] } : {}),
    ...(overwrites === undefined ? {} : { overwrites }),
  };
  updateChannel(guild, channel, wanted);
  return renderChannel(guild, channel);
}

function overwritesForChange(call: Call, channel: Channel): Overwrite[] {
  needs(call, channel, Bit.ManageRoles);
  const form = new Form();
  form.count('permission_overwrites', call.body['permission_overwrites'], 100);
  form.check();
  return objectsOf(call.body['permission_overwrites']).map((one) => {
    const overwrite = readOverwrite(textOf(one['id']), one);
    mayHandOn(call, overwrite, channel, channel.overwrites.get(overwrite.id));
    return overwrite;
  });
}

/** The category asked for: null for none, undefined when nothing is said. */
export function parentOf(call: Call): string | null | undefined {
  const given = call.body['parent_id'];
  if (given === undefined || given === null) return given;
  const parent = call.guild.channels.get(textOf(given));
  if (parent === undefined) throw badForm('parent_id', 'CHANNEL_PARENT_INVALID', 'Category does not exist');
  if (parent.type !== ChannelType.GuildCategory)
    throw badForm('parent_id', 'CHANNEL_PARENT_INVALID_TYPE', 'Not a category');
  return parent.id;
}

/** Two changes of name or topic in ten minutes; the third waits. */
function checkRename(call: Call, channel: Channel): void {
  const { body } = call;
  const renames = typeof body['name'] === 'string' && body['name'] !== channel.name;
  const retopics = body['topic'] !== undefined && textOf(body['topic']) !== (channel.topic ?? '');
  if ((!renames && !retopics) || !call.faults.renameLimit) return;
  const refused = call.limits.takeRename(channel.id);
  if (refused !== undefined) throw new TooOften(refused);
}

function changeThread(call: Call, channel: Channel): object {
  const { guild, body } = call;
  const { thread } = channel;
  if (thread === undefined) throw refusal(Code.CannotExecuteActionOnThisChannelType);
  const opens = body['archived'] === false;
  // An archived thread can only be opened, perhaps with other changes at once.
  if (thread.archived && !opens) throw refusal(Code.InvalidActionOnArchivedThread);
  const onlyOpens = opens && Object.keys(body).every((field) => field === 'archived');
  const isOwner = thread.ownerId === guild.bot.id;
  if (onlyOpens && !thread.locked) needs(call, channel, Bit.SendMessagesInThreads);
  else if (!isOwner || body['locked'] !== undefined || thread.locked) needs(call, channel, Bit.ManageThreads);
  checkRename(call, channel);
  setThread(guild, channel, {
    ...(typeof body['name'] === 'string' ? { name: body['name'] } : {}),
    ...(typeof body['archived'] === 'boolean' ? { archived: body['archived'] } : {}),
    ...(typeof body['locked'] === 'boolean' ? { locked: body['locked'] } : {}),
    ...(typeof body['invitable'] === 'boolean' ? { invitable: body['invitable'] } : {}),
    ...autoArchiveOf(body['auto_archive_duration']),
    ...(typeof body['rate_limit_per_user'] === 'number' ? { slowmode: body['rate_limit_per_user'] } : {}),
  });
  return renderChannel(guild, channel);
}

/** How long a thread stays open without messages, in minutes; null says nothing, as discord.js sends it. */
export function autoArchiveOf(value: unknown): { readonly autoArchive?: number } {
  if (value === undefined || value === null) return {};
  const minutes = numberOf(value);
  if (![60, 1_440, 4_320, 10_080].includes(minutes))
    throw badForm('auto_archive_duration', 'BASE_TYPE_CHOICES', 'Value must be one of (60, 1440, 4320, 10080).');
  return { autoArchive: minutes };
}

function drop(call: Call): object {
  const channel = channelOf(call);
  if (!channel.isDirect) needs(call, channel, channel.thread === undefined ? Bit.ManageChannels : Bit.ManageThreads);
  const shown = renderChannel(call.guild, channel);
  if (!channel.isDirect) deleteChannel(call.guild, channel);
  return shown;
}

function overwritable(call: Call): Channel {
  const channel = channelOf(call);
  if (channel.thread !== undefined || channel.isDirect) throw refusal(Code.CannotExecuteActionOnThisChannelType);
  needs(call, channel, Bit.ManageRoles);
  return channel;
}

function putOverwrite(call: Call): undefined {
  const channel = overwritable(call);
  const id = param(call, 'overwrite');
  const overwrite = readOverwrite(id, call.body);
  if (overwrite.type === OverwriteType.Role && !call.guild.roles.has(id))
    throw refusal(Code.UnknownPermissionOverwrite);
  if (overwrite.type === OverwriteType.Member && !call.guild.users.has(id))
    throw refusal(Code.UnknownPermissionOverwrite);
  mayHandOn(call, overwrite, channel, channel.overwrites.get(id));
  setOverwrite(call.guild, channel, overwrite);
}

function deleteOverwrite(call: Call): undefined {
  const channel = overwritable(call);
  const id = param(call, 'overwrite');
  if (!channel.overwrites.has(id)) throw refusal(Code.UnknownPermissionOverwrite);
  removeOverwrite(call.guild, channel, id);
}
