// Operations on threads: started, listed, joined, left, members added and taken out.
import { ChannelType, PermissionFlagsBits as Bit, RESTJSONErrorCodes as Code } from 'discord-api-types/v10';
import { badForm, Form, refusal } from '../errors.ts';
import { enumOf, numberOf, objectOf, textOf, textsOf } from '../json.ts';
import { authorFrom, post } from '../messages.ts';
import { canSee, may } from '../permissions.ts';
import { renderChannel, renderMember, renderThreadMember } from '../render.ts';
import { isoOf } from '../state.ts';
import { addToThread, startThread, takeFromThread } from '../thread-notices.ts';
import { joinThread, leaveThread } from '../threads.ts';
import type { NewThread } from '../threads.ts';
import type { Channel } from '../types.ts';
import { channelOf, messageOf, needs, talkOf, threadOf } from './access.ts';
import { param } from './call.ts';
import type { Call, Operation } from './call.ts';
import { autoArchiveOf } from './channels.ts';
import { newContent } from './message-form.ts';
import { shown } from './messages.ts';

const MEMBERS = '/channels/{channel}/thread-members';
/** Creating threads is limited in minutes; source: discord-api-docs issue 7816. */
const limit = { count: 50, windowMs: 300_000 };

export const THREAD_OPERATIONS: readonly Operation[] = [
  {
    name: 'create_thread_from_message',
    method: 'POST',
    path: '/channels/{channel}/messages/{message}/threads',
    auth: 'bot',
    success: 201,
    handle: onMessage,
    limit,
  },
  {
    name: 'create_thread',
    method: 'POST',
    path: '/channels/{channel}/threads',
    auth: 'bot',
    success: 201,
    handle: start,
    limit,
  },
  { name: 'join_thread', method: 'PUT', path: `${MEMBERS}/@me`, auth: 'bot', handle: join },
  { name: 'leave_thread', method: 'DELETE', path: `${MEMBERS}/@me`, auth: 'bot', handle: leave },
  { name: 'add_thread_member', method: 'PUT', path: `${MEMBERS}/{user}`, auth: 'bot', handle: add },
  { name: 'delete_thread_member', method: 'DELETE', path: `${MEMBERS}/{user}`, auth: 'bot', handle: take },
  { name: 'get_thread_member', method: 'GET', path: `${MEMBERS}/{user}`, auth: 'bot', handle: getMember },
  { name: 'list_thread_members', method: 'GET', path: MEMBERS, auth: 'bot', handle: listMembers },
  {
    name: 'list_public_archived_threads',
    method: 'GET',
    path: '/channels/{channel}/threads/archived/public',
    auth: 'bot',
    handle: (call) => archived(call, (thread) => thread.type !== ChannelType.PrivateThread),
  },
  {
    name: 'list_private_archived_threads',
    method: 'GET',
    path: '/channels/{channel}/threads/archived/private',
    auth: 'bot',
    handle: (call) => {
      needs(call, channelOf(call), Bit.ManageThreads);
      return archived(call, (thread) => thread.type === ChannelType.PrivateThread);
    },
  },
  {
    name: 'list_my_private_archived_threads',
    method: 'GET',
    path: '/channels/{channel}/users/@me/threads/archived/private',
    auth: 'bot',
    handle: (call) =>
      archived(
        call,
        ({ type, thread }) => type === ChannelType.PrivateThread && thread?.members.has(call.guild.bot.id) === true,
      ),
  },
];

function optionsOf(call: Call): Pick<NewThread, 'name' | 'ownerId' | 'autoArchive' | 'slowmode'> {
  const { body } = call;
  const form = new Form();
  form.need('name', body['name']);
  form.length('name', body['name'], 100, 1);
  form.check();
  return {
    name: textOf(body['name']),
    ownerId: call.guild.bot.id,
    slowmode: numberOf(body['rate_limit_per_user']),
    ...autoArchiveOf(body['auto_archive_duration']),
  };
}

function onMessage(call: Call): object {
  const parent = talkOf(call);
  if (parent.thread !== undefined || parent.isDirect) throw refusal(Code.CannotExecuteActionOnThisChannelType);
  needs(call, parent, Bit.CreatePublicThreads);
  const starter = messageOf(call, parent);
  if (call.guild.channels.has(starter.id)) throw refusal(Code.ThreadAlreadyCreatedForMessage);
  const type =
    parent.type === ChannelType.GuildAnnouncement ? ChannelType.AnnouncementThread : ChannelType.PublicThread;
  return renderChannel(call.guild, startThread(call.guild, parent, { ...optionsOf(call), type, starter }));
}

function start(call: Call): object {
  const parent = channelOf(call);
  const { guild, body } = call;
  if (parent.type === ChannelType.GuildForum) return startPost(call, parent);
  if (parent.type !== ChannelType.GuildText && parent.type !== ChannelType.GuildAnnouncement)
    throw refusal(Code.CannotExecuteActionOnThisChannelType);
  // Without a type it is a private thread (the default of API v10).
  const type = body['type'] === undefined ? ChannelType.PrivateThread : enumOf<ChannelType>(numberOf(body['type']));
  if (
    type !== ChannelType.PrivateThread &&
    type !== ChannelType.PublicThread &&
    type !== ChannelType.AnnouncementThread
  )
    throw badForm('type', 'BASE_TYPE_CHOICES', 'Value must be one of {10, 11, 12}.');
  needs(call, parent, type === ChannelType.PrivateThread ? Bit.CreatePrivateThreads : Bit.CreatePublicThreads);
  const invitable = body['invitable'] !== false;
  return renderChannel(guild, startThread(guild, parent, { ...optionsOf(call), type, invitable }));
}

/** A forum post: a thread whose first message has the thread's id. */
function startPost(call: Call, forum: Channel): object {
  const { guild, body } = call;
  needs(call, forum, Bit.SendMessages);
  const content = newContent(call, objectOf(body['message']), 'bot');
  const appliedTags = textsOf(body['applied_tags']);
  const thread = startThread(guild, forum, { ...optionsOf(call), type: ChannelType.PublicThread, appliedTags });
  const message = post(guild, thread, { ...content, id: thread.id, author: authorFrom(guild, guild.bot.id) });
  return { ...renderChannel(guild, thread), message: shown(call, message) };
}

function join(call: Call): undefined {
  const channel = threadOf(call);
  if (channel.thread.archived) throw refusal(Code.InvalidActionOnArchivedThread);
  joinThread(call.guild, channel, call.guild.bot.id);
}

function leave(call: Call): undefined {
  const channel = threadOf(call);
  if (channel.thread.archived) throw refusal(Code.InvalidActionOnArchivedThread);
  leaveThread(call.guild, channel, call.guild.bot.id);
}

/** Needs an open thread (50083), a place in it, and in one that isn't invitable MANAGE_THREADS. */
function add(call: Call): undefined {
  const channel = threadOf(call);
  const { guild } = call;
  const userId = param(call, 'user');
  if (channel.thread.archived) throw refusal(Code.InvalidActionOnArchivedThread);
  needs(call, channel, Bit.SendMessagesInThreads);
  if (
    channel.type === ChannelType.PrivateThread &&
    !channel.thread.invitable &&
    channel.thread.ownerId !== guild.bot.id
  )
    needs(call, channel, Bit.ManageThreads);
  if (!guild.members.has(userId)) throw refusal(guild.users.has(userId) ? Code.UnknownMember : Code.UnknownUser);
  const parent = guild.channels.get(channel.thread.parentId);
  // Whoever can't see the channel can't be put into a thread of it.
  if (parent === undefined || !canSee(guild, parent, userId)) throw refusal(Code.MissingAccess);
  addToThread(guild, channel, userId, guild.bot.id);
}

function take(call: Call): undefined {
  const channel = threadOf(call);
  const { guild } = call;
  if (channel.thread.archived) throw refusal(Code.InvalidActionOnArchivedThread);
  const isOwner = channel.type === ChannelType.PrivateThread && channel.thread.ownerId === guild.bot.id;
  if (!isOwner) needs(call, channel, Bit.ManageThreads);
  takeFromThread(guild, channel, param(call, 'user'), guild.bot.id);
}

function memberShape(call: Call, channel: Channel, userId: string, joinedAt: number): object {
  const member = call.guild.members.get(userId);
  const withMember = call.query.get('with_member') === 'true' && member !== undefined;
  return {
    ...renderThreadMember(channel, userId, joinedAt),
    ...(withMember ? { member: renderMember(call.guild, member) } : {}),
  };
}

function getMember(call: Call): object {
  const channel = threadOf(call);
  const userId = param(call, 'user') === '@me' ? call.guild.bot.id : param(call, 'user');
  const joinedAt = channel.thread.members.get(userId);
  if (joinedAt === undefined) throw refusal(Code.UnknownMember);
  return memberShape(call, channel, userId, joinedAt);
}

/** All members, or with `with_member` a page of them; needs the switch for the members intent. */
function listMembers(call: Call): object {
  const channel = threadOf(call);
  if (!call.guild.portal.guildMembers) throw refusal(Code.MissingAccess);
  const paged = call.query.get('with_member') === 'true';
  const max = paged ? Number(call.query.get('limit') ?? 100) : Infinity;
  const after = BigInt(call.query.get('after') ?? 0);
  return [...channel.thread.members]
    .filter(([id]) => BigInt(id) > after)
    .sort(([one], [other]) => (BigInt(one) < BigInt(other) ? -1 : 1))
    .slice(0, max)
    .map(([id, joinedAt]) => memberShape(call, channel, id, joinedAt));
}

/** Archived threads, those archived last first; `before` is a time. */
function archived(call: Call, which: (thread: Channel) => boolean): object {
  const parent = channelOf(call);
  const { guild } = call;
  if (!may(guild, parent, guild.bot.id, Bit.ReadMessageHistory)) throw refusal(Code.MissingPermissions);
  const before = call.query.get('before');
  const max = Number(call.query.get('limit') ?? 50);
  const found = guild
    .threads(parent.id)
    .filter((thread) => thread.thread?.archived === true && which(thread))
    .filter(({ thread }) => before === null || isoOf(thread?.archiveChangedAt ?? 0) < isoOf(Date.parse(before)))
    .sort((one, other) => (other.thread?.archiveChangedAt ?? 0) - (one.thread?.archiveChangedAt ?? 0));
  const page = found.slice(0, max);
  const members = page.flatMap((thread) => {
    const joinedAt = thread.thread?.members.get(guild.bot.id);
    return joinedAt === undefined ? [] : [renderThreadMember(thread, guild.bot.id, joinedAt)];
  });
  return {
    threads: page.map((thread) => renderChannel(guild, thread)),
    members,
    has_more: found.length > page.length,
  };
}
