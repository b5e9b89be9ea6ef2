// Channels and categories: made, changed, hidden by overwrites and deleted, whoever does it; tells the app of each.
import {
  ChannelType,
  GatewayDispatchEvents,
  GatewayIntentBits,
  RESTJSONErrorCodes as Code,
} from 'discord-api-types/v10';
import { refusal } from './errors.ts';
import { canSee } from './permissions.ts';
import { renderChannel, renderThread, renderThreadMember } from './render.ts';
import type { Guild } from './state.ts';
import { Channel } from './types.ts';
import type { Overwrite } from './types.ts';
import { deleteThread } from './threads.ts';

/** A channel to be. */
export interface NewChannel {
  readonly name: string;
  readonly type?: ChannelType;
  readonly topic?: string | null;
  readonly parentId?: string | undefined;
  readonly overwrites?: readonly Overwrite[];
  readonly position?: number;
  readonly nsfw?: boolean;
  readonly slowmode?: number;
  readonly autoArchive?: number;
}

/** What can be changed about a channel; absent fields stay. */
export interface ChannelChange extends Partial<Omit<NewChannel, 'type' | 'parentId'>> {
  readonly parentId?: string | null;
}

/** The name a channel gets: text channels in lower case, with dashes for spaces. */
function channelName(name: string, type: ChannelType): string {
  if (type !== ChannelType.GuildText && type !== ChannelType.GuildAnnouncement && type !== ChannelType.GuildForum)
    return name;
  return name
    .toLowerCase()
    .replaceAll(/\s+/gu, '-')
    .replaceAll(/[!-,./:-@[-^`{-~]/g, '')
    .replaceAll(/-{2,}/g, '-');
}

/** Makes a channel; refuses over the caps of guild (500) and category (50). */
export function createChannel(guild: Guild, init: NewChannel): Channel {
  if (guild.guildChannels().length >= guild.settings.guildChannelLimit)
    throw refusal(Code.MaximumNumberOfGuildChannelsReached);
  const type = init.type ?? ChannelType.GuildText;
  checkParent(guild, init.parentId);
  const channel = new Channel({
    id: guild.newId(),
    type,
    name: channelName(init.name, type),
    createdAt: guild.now(),
    parentId: init.parentId,
  });
  channel.topic = init.topic ?? null;
  channel.position = init.position ?? guild.guildChannels().length;
  channel.nsfw = init.nsfw ?? false;
  channel.slowmode = init.slowmode ?? 0;
  channel.autoArchive = init.autoArchive;
  for (const overwrite of init.overwrites ?? []) channel.overwrites.set(overwrite.id, overwrite);
  guild.channels.set(channel.id, channel);
  tellChannel(guild, GatewayDispatchEvents.ChannelCreate, channel, false);
  return channel;
}

function checkParent(guild: Guild, parentId: string | undefined): void {
  if (parentId === undefined) return;
  const children = guild.guildChannels().filter((channel) => channel.parentId === parentId).length;
  if (children >= guild.settings.categoryChannelLimit) throw refusal(Code.MaximumNumberOfGuildChannelsReached);
}

/** Changes a channel; refuses to overfill a category. */
export function updateChannel(guild: Guild, channel: Channel, change: ChannelChange): void {
  const parentId = change.parentId === undefined ? channel.parentId : (change.parentId ?? undefined);
  if (parentId !== channel.parentId) checkParent(guild, parentId);
  changing(guild, channel, () => {
    channel.name = change.name === undefined ? channel.name : channelName(change.name, channel.type);
    channel.topic = change.topic === undefined ? channel.topic : change.topic;
    channel.parentId = parentId;
    channel.position = change.position ?? channel.position;
    channel.nsfw = change.nsfw ?? channel.nsfw;
    channel.slowmode = change.slowmode ?? channel.slowmode;
    channel.autoArchive = change.autoArchive ?? channel.autoArchive;
    if (change.overwrites === undefined) return;
    channel.overwrites.clear();
    for (const overwrite of change.overwrites) channel.overwrites.set(overwrite.id, overwrite);
  });
}

/** Sets one overwrite; refuses over 1,000 of them. */
export function setOverwrite(guild: Guild, channel: Channel, overwrite: Overwrite): void {
  if (!channel.overwrites.has(overwrite.id) && channel.overwrites.size >= 1_000)
    throw refusal(Code.MaximumNumberOfChannelPermissionOverwritesReached);
  changing(guild, channel, () => {
    channel.overwrites.set(overwrite.id, overwrite);
  });
}

/** Takes one overwrite away. */
export function removeOverwrite(guild: Guild, channel: Channel, id: string): void {
  changing(guild, channel, () => {
    channel.overwrites.delete(id);
  });
}

/** Deletes a channel with its history, threads and webhooks; the channels of a deleted category stay. */
export function deleteChannel(guild: Guild, channel: Channel): void {
  if (channel.thread !== undefined) {
    deleteThread(guild, channel);
    return;
  }
  // Clients drop the threads of a deleted channel by themselves.
  for (const thread of guild.threads(channel.id)) {
    thread.deleted = true;
    guild.channels.delete(thread.id);
  }
  for (const webhook of guild.webhooks.values())
    if (webhook.channelId === channel.id) guild.webhooks.delete(webhook.id);
  tellChannel(guild, GatewayDispatchEvents.ChannelDelete, channel, false);
  channel.deleted = true;
  guild.channels.delete(channel.id);
  for (const child of guild.guildChannels()) {
    if (child.parentId === channel.id)
      changing(guild, child, () => {
        child.parentId = undefined;
      });
  }
}

/** Who can read a channel now: ids of members, bots included. */
export function readers(guild: Guild, channel: Channel): string[] {
  return [...guild.members.keys()].filter((id) => canSee(guild, channel, id));
}

/** Does a change and tells of it, also when it takes the channel from the bot's sight or brings it there. */
function changing(guild: Guild, channel: Channel, change: () => void): void {
  const before = canSee(guild, channel, guild.bot.id);
  change();
  const after = canSee(guild, channel, guild.bot.id);
  tellChannel(guild, GatewayDispatchEvents.ChannelUpdate, channel, before || after);
  if (!before && after) syncThreads(guild, channel);
}

function syncThreads(guild: Guild, channel: Channel): void {
  const threads = guild.threads(channel.id).filter(({ thread }) => thread?.archived === false);
  const visible = threads.filter((thread) => canSee(guild, thread, guild.bot.id));
  const members = visible.flatMap((other) => {
    const joinedAt = other.thread?.members.get(guild.bot.id);
    return joinedAt === undefined ? [] : [renderThreadMember(other, guild.bot.id, joinedAt)];
  });
  const d = {
    guild_id: guild.id,
    channel_ids: [channel.id],
    threads: visible.flatMap((other) => (other.thread === undefined ? [] : [renderThread(guild, other, other.thread)])),
    members,
  };
  guild.emit(GatewayDispatchEvents.ThreadListSync, d, { intent: GatewayIntentBits.Guilds });
}

function tellChannel(guild: Guild, t: GatewayDispatchEvents, channel: Channel, inAnyCase: boolean): void {
  const always = inAnyCase || guild.settings.listsHiddenChannels;
  guild.emit(t, renderChannel(guild, channel), {
    intent: GatewayIntentBits.Guilds,
    ...(always ? {} : { channel }),
  });
}
