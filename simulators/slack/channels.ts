// Changes to channels and their members, whoever makes them. Each tells the app by the events Slack sends.
import { post } from './messages.ts';
import type { Workspace } from './state.ts';
import { Channel } from './types.ts';
import type { User } from './types.ts';

/** Makes a channel with its creator as first member. The name must be checked before. */
export function createChannel(workspace: Workspace, creator: User, name: string, isPrivate: boolean): Channel {
  const channel = new Channel({
    id: workspace.newId('C'),
    kind: isPrivate ? 'private' : 'public',
    name,
    creator: creator.id,
    createdAt: workspace.seconds(),
  });
  workspace.channels.set(channel.id, channel);
  if (!isPrivate) {
    workspace.emit({
      type: 'channel_created',
      channel: { id: channel.id, name, is_channel: true, created: channel.createdAt, creator: creator.id },
      event_ts: workspace.newTs(),
    });
  }
  addMember(workspace, channel, creator.id);
  return channel;
}

/** Whether a name is taken; archived channels keep theirs. */
export function isNameTaken(workspace: Workspace, name: string): boolean {
  return [...workspace.channels.values()].some((channel) => channel.kind !== 'im' && channel.name === name);
}

/** What is wrong with a channel name, as an error string; undefined for a good one. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'invalid_name_required';
  if (name.length > 80) return 'invalid_name_maxlength';
  if (/[^\p{L}\p{M}\p{N}_-]/u.test(name) || name !== name.toLowerCase()) return 'invalid_name_specials';
  return /[\p{L}\p{N}]/u.test(name) ? undefined : 'invalid_name_punctuation';
}

/** Puts a user into a channel. */
export function addMember(workspace: Workspace, channel: Channel, user: string, inviter?: string): void {
  if (channel.members.has(user)) return;
  channel.members.add(user);
  workspace.emit(
    {
      type: 'member_joined_channel',
      user,
      channel: channel.id,
      channel_type: channel.private ? 'G' : 'C',
      team: workspace.teamId,
      ...(inviter === undefined ? {} : { inviter }),
      event_ts: workspace.newTs(),
    },
    channel,
  );
  post(workspace, channel, {
    user,
    subtype: 'channel_join',
    text: `<@${user}> has joined the channel`,
    ...(inviter === undefined ? {} : { extra: { inviter } }),
  });
}

/** Takes a user out of a channel; `actor` is who did it, the user himself when he left. */
export function removeMember(workspace: Workspace, channel: Channel, user: string, actor: string): void {
  if (!channel.members.has(user)) return;
  channel.members.delete(user);
  if (user === workspace.bot.id) {
    const type = channel.private ? 'group_left' : 'channel_left';
    workspace.emit({ type, channel: channel.id, actor_id: actor, event_ts: workspace.newTs() }, channel, true);
    return;
  }
  workspace.emit(
    {
      type: 'member_left_channel',
      user,
      channel: channel.id,
      channel_type: channel.private ? 'G' : 'C',
      team: workspace.teamId,
      event_ts: workspace.newTs(),
    },
    channel,
  );
  post(workspace, channel, { user, subtype: 'channel_leave', text: `<@${user}> has left the channel` });
}

/** Gives a channel another name, which must be good and free. */
export function renameChannel(workspace: Workspace, channel: Channel, name: string, actor: string): void {
  const old = channel.name;
  channel.previousNames.unshift(old);
  channel.name = name;
  workspace.emit(
    {
      type: channel.private ? 'group_rename' : 'channel_rename',
      channel: {
        id: channel.id,
        is_channel: true,
        is_mpim: false,
        name,
        name_normalized: name,
        created: channel.createdAt,
      },
      event_ts: workspace.newTs(),
    },
    channel,
  );
  const text = `has renamed the channel from "${old}" to "${name}"`;
  post(workspace, channel, { user: actor, subtype: 'channel_name', text, extra: { old_name: old, name } });
}

/** Sets topic or purpose; setting the same again leaves no message. */
export function describeChannel(
  workspace: Workspace,
  channel: Channel,
  what: 'topic' | 'purpose',
  value: string,
  actor: string,
): void {
  if (channel[what].value === value) return;
  channel[what] = { value, creator: actor, last_set: workspace.seconds() };
  const text = value === '' ? `cleared the channel ${what}` : `set the channel ${what}: ${value}`;
  post(workspace, channel, { user: actor, subtype: `channel_${what}`, text, extra: { [what]: value } });
}

export function archiveChannel(workspace: Workspace, channel: Channel, actor: string): void {
  post(workspace, channel, { user: actor, subtype: 'channel_archive', text: 'archived the channel' });
  channel.archived = true;
  const type = channel.private ? 'group_archive' : 'channel_archive';
  workspace.emit({ type, channel: channel.id, user: actor, is_moved: 0, event_ts: workspace.newTs() }, channel);
}

export function unarchiveChannel(workspace: Workspace, channel: Channel, actor: string): void {
  channel.archived = false;
  const type = channel.private ? 'group_unarchive' : 'channel_unarchive';
  workspace.emit({ type, channel: channel.id, user: actor, event_ts: workspace.newTs() }, channel);
  post(workspace, channel, { user: actor, subtype: 'channel_unarchive', text: 'un-archived the channel' });
}

/** Deletes a channel with everything in it; its name is free again. */
export function deleteChannel(workspace: Workspace, channel: Channel, actor: string): void {
  const type = channel.private ? 'group_deleted' : 'channel_deleted';
  const event = { type, channel: channel.id, actor_id: actor, date_deleted: workspace.seconds() };
  workspace.emit({ ...event, event_ts: workspace.newTs() }, channel);
  workspace.channels.delete(channel.id);
}
