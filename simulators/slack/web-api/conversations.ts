// conversations.*: making channels, who is in them, and what they are called.
import {
  addMember,
  archiveChannel,
  createChannel,
  describeChannel,
  isNameTaken,
  nameProblem,
  removeMember,
  renameChannel,
} from '../channels.ts';
import type { JsonObject } from '../json.ts';
import { renderChannel } from '../render.ts';
import type { Channel } from '../types.ts';
import { Refusal, channelOf, pageOf, requireActive, requireScope, scopeFor, userOf } from './call.ts';
import type { Call, Method } from './call.ts';

const READ = ['channels:read', 'groups:read', 'im:read', 'mpim:read'];
const WRITE = ['channels:manage', 'groups:write', 'im:write', 'mpim:write'];

/** Slack's caps for topic and purpose, and for one invitation. */
const MAX_TOPIC = 250;
const MAX_INVITED = 1_000;

const TYPES: Readonly<Record<string, { kind: Channel['kind'] | 'mpim'; scope: string }>> = {
  public_channel: { kind: 'public', scope: 'channels:read' },
  private_channel: { kind: 'private', scope: 'groups:read' },
  im: { kind: 'im', scope: 'im:read' },
  mpim: { kind: 'mpim', scope: 'mpim:read' },
};

export const conversationMethods: Readonly<Record<string, Method>> = {
  'conversations.create': { token: 'bot', scopes: WRITE, tier: 2, run: create },
  'conversations.invite': { token: 'bot', scopes: WRITE, tier: 3, run: invite },
  'conversations.kick': { token: 'bot', scopes: WRITE, tier: 3, run: kick },
  'conversations.leave': { token: 'bot', scopes: WRITE, tier: 3, run: leave },
  'conversations.join': { token: 'bot', scopes: ['channels:join'], tier: 3, run: join },
  'conversations.members': { token: 'bot', scopes: READ, tier: 4, run: members },
  'conversations.info': { token: 'bot', scopes: READ, tier: 3, run: info },
  'conversations.list': { token: 'bot', scopes: READ, tier: 2, run: list },
  'conversations.setTopic': { token: 'bot', scopes: WRITE, tier: 2, run: (call) => describe(call, 'topic') },
  'conversations.setPurpose': { token: 'bot', scopes: WRITE, tier: 2, run: (call) => describe(call, 'purpose') },
  'conversations.archive': { token: 'bot', scopes: WRITE, tier: 2, run: archive },
  'conversations.unarchive': { token: 'bot', scopes: WRITE, tier: 2, run: unarchive },
  'conversations.rename': { token: 'bot', scopes: WRITE, tier: 2, run: rename },
  'conversations.open': {
    token: 'bot',
    scopes: ['im:write', 'mpim:write', 'groups:write', 'channels:manage'],
    tier: 3,
    run: open,
  },
  'users.conversations': { token: 'bot', scopes: READ, tier: 3, run: ofUser },
};

function create(call: Call): JsonObject {
  const { workspace, args } = call;
  const isPrivate = args.flag('is_private');
  requireScope(call, isPrivate ? 'groups:write' : 'channels:manage');
  if (isPrivate && workspace.preferences.whoCanCreatePrivate === 'admins') throw new Refusal('restricted_action');
  const name = checkedName(call, args.text('name'));
  const channel = createChannel(workspace, workspace.bot, name, isPrivate);
  return { channel: renderChannel(workspace, channel) };
}

function checkedName(call: Call, name: string): string {
  const problem = nameProblem(name);
  if (problem !== undefined) throw new Refusal(problem, { detail: 'Value passed for `name` was invalid.' });
  if (isNameTaken(call.workspace, name)) throw new Refusal('name_taken');
  return name;
}

/** Nobody is invited when one can't be, unless `force` is given: then the good ones are, and `errors` names the others. */
function invite(call: Call): JsonObject {
  const { workspace, args } = call;
  const channel = managed(call);
  requireActive(call, channel);
  if (workspace.preferences.whoCanInvite === 'admins') throw new Refusal('restricted_action');
  const ids = args.list('users');
  if (ids.length === 0) throw new Refusal('no_user');
  if (ids.length > MAX_INVITED) throw new Refusal('too_many_users');
  const errors: { user: string; ok: boolean; error: string }[] = [];
  const good: string[] = [];
  for (const id of ids) {
    const error = inviteProblem(call, channel, id);
    if (error === undefined) good.push(id);
    else errors.push({ user: id, ok: false, error });
  }
  const [first] = errors;
  if (first !== undefined && (good.length === 0 || !args.flag('force'))) {
    throw new Refusal(first.error, { errors });
  }
  for (const id of good) addMember(workspace, channel, id, workspace.bot.id);
  return { channel: renderChannel(workspace, channel), ...(errors.length > 0 ? { errors } : {}) };
}

function inviteProblem(call: Call, channel: Channel, id: string): string | undefined {
  const { workspace } = call;
  if (id === workspace.bot.id) return 'cant_invite_self';
  const user = workspace.users.get(id);
  if (user === undefined || user.deleted) return 'user_not_found';
  if (id === 'USLACKBOT') return 'cant_invite';
  if (channel.members.has(id)) return 'already_in_channel';
  if (user.guest !== 'single') return undefined;
  const elsewhere = [...workspace.channels.values()].some((other) => other.kind !== 'im' && other.members.has(id));
  return elsewhere ? 'ura_max_channels' : undefined;
}

function kick(call: Call): JsonObject {
  const { workspace } = call;
  const channel = managed(call);
  const user = userOf(call);
  if (user.id === workspace.bot.id) throw new Refusal('cant_kick_self');
  requireActive(call, channel);
  if (workspace.preferences.whoCanKick === 'admins') throw new Refusal('restricted_action');
  if (!channel.members.has(user.id)) throw new Refusal('not_in_channel');
  removeMember(workspace, channel, user.id, workspace.bot.id);
  return { errors: {} };
}

function leave(call: Call): JsonObject {
  const { workspace } = call;
  const channel = managed(call);
  if (!channel.members.has(workspace.bot.id)) return { not_in_channel: true };
  if (channel.archived) throw new Refusal('is_archived');
  if (channel.private && channel.members.size === 1) throw new Refusal('last_member');
  removeMember(workspace, channel, workspace.bot.id, workspace.bot.id);
  return {};
}

function join(call: Call): JsonObject {
  const { workspace } = call;
  const channel = channelOf(call);
  if (channel.kind !== 'public') throw new Refusal('method_not_supported_for_channel_type');
  if (channel.archived) throw new Refusal('is_archived');
  const already = channel.members.has(workspace.bot.id);
  addMember(workspace, channel, workspace.bot.id);
  return {
    channel: renderChannel(workspace, channel),
    ...(already ? { warning: 'already_in_channel', response_metadata: { warnings: ['already_in_channel'] } } : {}),
  };
}

function members(call: Call): JsonObject {
  const channel = visible(call);
  const { page, next } = pageOf(call, [...channel.members], 100, 1_000);
  return { members: [...page], response_metadata: { next_cursor: next } };
}

function info(call: Call): JsonObject {
  const channel = visible(call);
  const rendered = renderChannel(call.workspace, channel);
  if (call.args.flag('include_num_members')) rendered['num_members'] = channel.members.size;
  return { channel: rendered };
}

function list(call: Call): JsonObject {
  const { workspace } = call;
  const wanted = kindsOf(call);
  const shown = [...workspace.channels.values()].filter(
    (channel) =>
      wanted.has(channel.kind) &&
      (channel.kind === 'public' || channel.members.has(workspace.bot.id)) &&
      !(call.args.flag('exclude_archived') && channel.archived),
  );
  return listed(call, shown, true);
}

function ofUser(call: Call): JsonObject {
  const { workspace } = call;
  const userId = call.args.has('user') ? userOf(call).id : workspace.bot.id;
  const wanted = kindsOf(call);
  const shown = [...workspace.channels.values()].filter(
    (channel) =>
      wanted.has(channel.kind) &&
      channel.members.has(userId) &&
      (channel.kind === 'public' || channel.members.has(workspace.bot.id)) &&
      !(call.args.flag('exclude_archived') && channel.archived),
  );
  return listed(call, shown, false);
}

function listed(call: Call, channels: readonly Channel[], counted: boolean): JsonObject {
  const { page, next } = pageOf(call, channels, 100, 1_000);
  const rendered = page.map((channel) => ({
    ...renderChannel(call.workspace, channel),
    ...(counted && channel.kind !== 'im' ? { num_members: channel.members.size } : {}),
  }));
  return { channels: rendered, response_metadata: { next_cursor: next } };
}

function kindsOf(call: Call): Set<string> {
  const names = call.args.list('types');
  const kinds = new Set<string>();
  for (const name of names.length > 0 ? names : ['public_channel']) {
    const type = TYPES[name];
    if (type === undefined) throw new Refusal('invalid_types');
    requireScope(call, type.scope);
    kinds.add(type.kind);
  }
  return kinds;
}

function describe(call: Call, what: 'topic' | 'purpose'): JsonObject {
  const channel = managed(call);
  requireActive(call, channel);
  const value = call.args.text(what);
  if (value.length > MAX_TOPIC) throw new Refusal('too_long');
  describeChannel(call.workspace, channel, what, value, call.workspace.bot.id);
  return { channel: renderChannel(call.workspace, channel), [what]: value };
}

function archive(call: Call): JsonObject {
  const { workspace } = call;
  const channel = managed(call);
  if (channel.archived) throw new Refusal('already_archived');
  requireActive(call, channel);
  if (workspace.preferences.whoCanArchive === 'admins') throw new Refusal('restricted_action');
  archiveChannel(workspace, channel, workspace.bot.id);
  return {};
}

/** A bot can't bring a channel back, although the method page doesn't say so; source: Slack's own "Bug alert" on the method page. */
function unarchive(call: Call): JsonObject {
  const channel = managed(call);
  throw new Refusal(channel.archived ? 'not_in_channel' : 'not_archived');
}

function rename(call: Call): JsonObject {
  const { workspace } = call;
  const channel = managed(call);
  requireActive(call, channel);
  if (channel.creator !== workspace.bot.id) throw new Refusal('not_authorized');
  const name = call.args.text('name');
  if (name !== channel.name) renameChannel(workspace, channel, checkedName(call, name), workspace.bot.id);
  return { channel: renderChannel(workspace, channel) };
}

function open(call: Call): JsonObject {
  const { workspace, args } = call;
  if (args.has('channel')) {
    const channel = channelOf(call);
    return { no_op: true, already_open: true, channel: openedView(call, channel) };
  }
  const ids = args.list('users');
  const [id] = ids;
  if (id === undefined) throw new Refusal('users_list_not_supplied');
  // Conversations of several people are not simulated.
  if (ids.length > 1) throw new Refusal('method_not_supported_for_channel_type');
  requireScope(call, 'im:write');
  const user = workspace.users.get(id);
  if (user === undefined || user.id === 'USLACKBOT') throw new Refusal('user_not_found');
  if (user.deleted) throw new Refusal('user_disabled');
  if (user.id === workspace.bot.id || user.isBot) throw new Refusal('cannot_dm_bot');
  return { channel: openedView(call, workspace.directChannel(user.id)) };
}

function openedView(call: Call, channel: Channel): JsonObject {
  return call.args.flag('return_im') ? renderChannel(call.workspace, channel) : { id: channel.id };
}

function visible(call: Call): Channel {
  const channel = channelOf(call);
  requireScope(call, scopeFor(channel, 'read'));
  return channel;
}

function managed(call: Call): Channel {
  const channel = channelOf(call);
  if (channel.kind === 'im') throw new Refusal('method_not_supported_for_channel_type');
  requireScope(call, scopeFor(channel, 'write'));
  return channel;
}
