// Threads: made, joined and left, archived and opened again; tells the app of each.
import { GatewayDispatchEvents, GatewayIntentBits, RESTJSONErrorCodes as Code } from 'discord-api-types/v10';
import type { ChannelType } from 'discord-api-types/v10';
import { refusal } from './errors.ts';
import { renderChannel, renderMember, renderThreadMember } from './render.ts';
import type { Guild } from './state.ts';
import { Channel } from './types.ts';
import type { Message, ThreadState } from './types.ts';

/** A thread to be. With `starter` it hangs on that message and has its id. */
export interface NewThread {
  readonly name: string;
  readonly type: ChannelType.PublicThread | ChannelType.PrivateThread | ChannelType.AnnouncementThread;
  readonly ownerId: string;
  readonly starter?: Message;
  readonly invitable?: boolean;
  /** Minutes. */
  readonly autoArchive?: number;
  readonly slowmode?: number;
  readonly appliedTags?: readonly string[];
}

/** Makes a thread; whoever starts it is a member. Refuses over the cap of active threads (160006). */
export function openThread(guild: Guild, parent: Channel, init: NewThread): Channel {
  const active = guild.threads().filter((channel) => channel.thread?.archived === false).length;
  if (active >= guild.settings.activeThreadLimit) throw refusal(Code.MaximumActiveThreads);
  const now = guild.now();
  const thread: ThreadState = {
    parentId: parent.id,
    ownerId: init.ownerId,
    archived: false,
    locked: false,
    invitable: init.invitable ?? true,
    autoArchive: init.autoArchive ?? parent.autoArchive ?? 1_440,
    archiveChangedAt: now,
    createdAt: now,
    members: new Map(guild.users.has(init.ownerId) ? [[init.ownerId, now]] : []),
    sent: 0,
    appliedTags: [...(init.appliedTags ?? [])],
  };
  const channel = new Channel({
    id: init.starter?.id ?? guild.newId(),
    type: init.type,
    name: init.name,
    createdAt: now,
    parentId: parent.id,
    thread,
  });
  channel.slowmode = init.slowmode ?? 0;
  guild.channels.set(channel.id, channel);
  tellThread(guild, GatewayDispatchEvents.ThreadCreate, channel, { newly_created: true });
  return channel;
}

/** Makes a user a member of a thread; false when they were. */
export function joinThread(guild: Guild, channel: Channel, userId: string): boolean {
  const { thread } = channel;
  if (thread === undefined || thread.members.has(userId)) return false;
  if (thread.members.size >= guild.settings.threadMemberLimit) throw refusal(Code.MaximumThreadParticipantsReached);
  thread.members.set(userId, guild.now());
  // Whoever is added to a thread they couldn't see is told of it first.
  if (userId === guild.bot.id) tellThread(guild, GatewayDispatchEvents.ThreadCreate, channel, {});
  tellMembers(guild, channel, thread, [userId], []);
  return true;
}

/** Ends a membership; false when there was none. */
export function leaveThread(guild: Guild, channel: Channel, userId: string): boolean {
  const { thread } = channel;
  if (thread === undefined || !thread.members.has(userId)) return false;
  thread.members.delete(userId);
  tellMembers(guild, channel, thread, [], [userId]);
  return true;
}

/** What can be changed about a thread. */
export interface ThreadChange {
  readonly name?: string;
  readonly archived?: boolean;
  readonly locked?: boolean;
  readonly invitable?: boolean;
  readonly autoArchive?: number;
  readonly slowmode?: number;
}

/** Changes a thread; opening it again counts against the cap of active ones. */
export function setThread(guild: Guild, channel: Channel, change: ThreadChange): void {
  const { thread } = channel;
  if (thread === undefined) return;
  if (change.archived === false && thread.archived) {
    const active = guild.threads().filter((other) => other.thread?.archived === false).length;
    if (active >= guild.settings.activeThreadLimit) throw refusal(Code.MaximumActiveThreads);
  }
  if (change.archived !== undefined && change.archived !== thread.archived) thread.archiveChangedAt = guild.now();
  thread.archived = change.archived ?? thread.archived;
  thread.locked = change.locked ?? thread.locked;
  thread.invitable = change.invitable ?? thread.invitable;
  thread.autoArchive = change.autoArchive ?? thread.autoArchive;
  channel.slowmode = change.slowmode ?? channel.slowmode;
  channel.name = change.name ?? channel.name;
  tellThread(guild, GatewayDispatchEvents.ThreadUpdate, channel, {});
}

/** Takes a thread out of the guild. */
export function deleteThread(guild: Guild, channel: Channel): void {
  const { thread } = channel;
  if (thread === undefined) return;
  const d = { id: channel.id, guild_id: guild.id, parent_id: thread.parentId, type: channel.type };
  guild.emit(GatewayDispatchEvents.ThreadDelete, d, { channel, intent: GatewayIntentBits.Guilds });
  channel.deleted = true;
  guild.channels.delete(channel.id);
}

function tellThread(guild: Guild, t: GatewayDispatchEvents, channel: Channel, extra: object): void {
  const d = { ...renderChannel(guild, channel), ...extra };
  guild.emit(t, d, { channel, intent: GatewayIntentBits.Guilds });
}

/** THREAD_MEMBERS_UPDATE: about the bot itself always, about others only with the intent for members. */
function tellMembers(
  guild: Guild,
  channel: Channel,
  thread: ThreadState,
  added: readonly string[],
  removed: readonly string[],
): void {
  const d = {
    id: channel.id,
    guild_id: guild.id,
    member_count: Math.min(50, thread.members.size),
    added_members: added.map((id) => {
      const member = guild.members.get(id);
      return {
        ...renderThreadMember(channel, id, thread.members.get(id) ?? guild.now()),
        presence: null,
        ...(member === undefined ? {} : { member: renderMember(guild, member) }),
      };
    }),
    removed_member_ids: [...removed],
  };
  const isOwn = [...added, ...removed].includes(guild.bot.id);
  // Whoever was taken out of a private thread doesn't see it any more, but is told.
  guild.emit(GatewayDispatchEvents.ThreadMembersUpdate, d, {
    intent: isOwn ? GatewayIntentBits.Guilds : GatewayIntentBits.GuildMembers,
    ...(removed.includes(guild.bot.id) ? {} : { channel }),
  });
}
