// Changes to messages, whoever makes them: post, edit, delete, react. Each tells the app by the events Slack sends.
import { effectsOf } from './mentions.ts';
import type { JsonObject } from './json.ts';
import { channelType, renderMessage } from './render.ts';
import type { Workspace } from './state.ts';
import type { Channel, Message } from './types.ts';

/** What is to be said; absent fields are absent on the message. */
export interface Draft {
  readonly text: string;
  readonly user?: string;
  readonly botId?: string;
  readonly subtype?: string;
  readonly username?: string;
  readonly icons?: JsonObject;
  readonly blocks?: JsonObject[];
  readonly attachments?: JsonObject[];
  readonly threadTs?: string;
  readonly broadcast?: boolean;
  readonly metadata?: JsonObject;
  readonly fileIds?: readonly string[];
  readonly clientMsgId?: string;
  readonly extra?: JsonObject;
  /** For a message of an earlier time. */
  readonly at?: Date;
  readonly linkNames?: boolean;
  /** Whether links to pages and to media are fetched for a preview. Slack's default for apps: media only. */
  readonly previews?: { readonly links: boolean; readonly media: boolean };
}

const EVENT_VIEW = { metadata: false, counts: false };

/** Puts a message into a channel; `threadTs` must be a top-level message's ts. */
export function post(workspace: Workspace, channel: Channel, draft: Draft): Message {
  const effects = effectsOf({
    text: draft.text,
    blocks: draft.blocks,
    attachments: draft.attachments,
    linkNames: draft.linkNames ?? false,
  });
  const broadcast = draft.broadcast === true && draft.threadTs !== undefined;
  const message: Message = {
    ts: workspace.newTs(draft.at === undefined ? undefined : { at: draft.at, channel }),
    channel: channel.id,
    subtype: draft.subtype ?? (broadcast ? 'thread_broadcast' : undefined),
    user: draft.user,
    botId: draft.botId,
    username: draft.username,
    icons: draft.icons,
    text: draft.text,
    blocks: draft.blocks,
    attachments: draft.attachments,
    threadTs: draft.threadTs,
    broadcast,
    edited: undefined,
    metadata: draft.metadata,
    fileIds: [...(draft.fileIds ?? [])],
    reactions: [],
    clientMsgId: draft.clientMsgId,
    extra: draft.extra ?? {},
    pings: effects.pings,
    links: effects.links,
    unfurls: unfurlsOf(effects.links, draft.previews),
    earlier: [],
  };
  channel.add(message);
  const rendered = renderMessage(workspace, channel, message, EVENT_VIEW);
  const place = { channel: channel.id, event_ts: message.ts };
  workspace.emit({ ...rendered, ...place, channel_type: channelType(channel) }, channel);
  const mentioned = message.botId === undefined && message.pings.includes(workspace.bot.id);
  if (mentioned && channel.kind !== 'im') workspace.emit({ ...rendered, ...place, type: 'app_mention' }, channel);
  return message;
}

function unfurlsOf(
  links: readonly { readonly url: string }[],
  previews: { readonly links: boolean; readonly media: boolean } = { links: true, media: true },
): string[] {
  const isMedia = (url: string): boolean => /\.(png|jpe?g|gif|webp|mp4|mp3|mov)(\?|$)|youtu\.?be|vimeo/i.test(url);
  return links
    .map((link) => link.url)
    .filter((url) => /^https?:/i.test(url) && (isMedia(url) ? previews.media : previews.links));
}

/** What an edit changes; an absent field stays, `undefined` blocks are removed by giving an empty list. */
export interface Change {
  readonly text?: string;
  readonly blocks?: JsonObject[];
  readonly attachments?: JsonObject[];
  readonly metadata?: JsonObject;
  readonly linkNames?: boolean;
  /** Who edited; absent for changes that Slack doesn't mark as edits (blocks updates, previews). */
  readonly editor?: string;
}

/** Changes a message and tells the app by `message_changed`. */
export function edit(workspace: Workspace, channel: Channel, message: Message, change: Change): void {
  const previous = renderMessage(workspace, channel, message, EVENT_VIEW);
  message.earlier.push({ text: message.text, blocks: message.blocks });
  if (change.text !== undefined) message.text = change.text;
  if (change.blocks !== undefined) message.blocks = change.blocks.length > 0 ? change.blocks : undefined;
  if (change.attachments !== undefined) {
    message.attachments = change.attachments.length > 0 ? change.attachments : undefined;
  }
  if (change.metadata !== undefined) {
    message.metadata = Object.keys(change.metadata).length > 0 ? change.metadata : undefined;
  }
  const effects = effectsOf({ ...message, linkNames: change.linkNames ?? false });
  message.pings = effects.pings;
  message.links = effects.links;
  const ts = workspace.newTs();
  if (change.editor !== undefined) message.edited = { user: change.editor, ts };
  emitChanged(workspace, channel, message, previous, ts);
}

/** Adds a preview to a message: a `message_changed` that is no edit. */
export function unfurl(workspace: Workspace, channel: Channel, message: Message, attachment: JsonObject): void {
  const previous = renderMessage(workspace, channel, message, EVENT_VIEW);
  message.attachments = [...(message.attachments ?? []), attachment];
  emitChanged(workspace, channel, message, previous, workspace.newTs());
}

/** Deletes a message; one with replies stays as a tombstone. */
export function remove(workspace: Workspace, channel: Channel, message: Message): void {
  const previous = renderMessage(workspace, channel, message, EVENT_VIEW);
  const ts = workspace.newTs();
  if (channel.thread(message.ts).length > 0) {
    message.earlier.push({ text: message.text, blocks: message.blocks });
    Object.assign(message, {
      subtype: 'tombstone',
      text: 'This message was deleted.',
      user: 'USLACKBOT',
      botId: undefined,
      username: undefined,
      icons: undefined,
      blocks: undefined,
      attachments: undefined,
      metadata: undefined,
      edited: undefined,
      fileIds: [],
      reactions: [],
      extra: { hidden: true },
      pings: [],
      links: [],
      unfurls: [],
    } satisfies Partial<Message>);
    emitChanged(workspace, channel, message, previous, ts);
    return;
  }
  channel.take(message);
  workspace.emit(
    {
      type: 'message',
      subtype: 'message_deleted',
      previous_message: previous,
      channel: channel.id,
      hidden: true,
      deleted_ts: message.ts,
      event_ts: ts,
      ts,
      channel_type: channelType(channel),
    },
    channel,
  );
}

/** Adds a reaction; false when the user had it already. `name` is Slack's first name of the emoji. */
export function addReaction(
  workspace: Workspace,
  channel: Channel,
  message: Message,
  user: string,
  name: string,
): boolean {
  const reaction = message.reactions.find((other) => other.name === name);
  if (reaction?.users.includes(user) === true) return false;
  if (reaction === undefined) message.reactions.push({ name, users: [user] });
  else reaction.users.push(user);
  emitReaction(workspace, channel, message, 'reaction_added', user, name);
  return true;
}

/** Takes a reaction back; false when there was none. */
export function takeReaction(
  workspace: Workspace,
  channel: Channel,
  message: Message,
  user: string,
  name: string,
): boolean {
  const reaction = message.reactions.find((other) => other.name === name);
  const at = reaction?.users.indexOf(user) ?? -1;
  if (reaction === undefined || at === -1) return false;
  reaction.users.splice(at, 1);
  if (reaction.users.length === 0) message.reactions.splice(message.reactions.indexOf(reaction), 1);
  emitReaction(workspace, channel, message, 'reaction_removed', user, name);
  return true;
}

function emitReaction(
  workspace: Workspace,
  channel: Channel,
  message: Message,
  type: 'reaction_added' | 'reaction_removed',
  user: string,
  reaction: string,
): void {
  workspace.emit(
    {
      type,
      user,
      reaction,
      item: { type: 'message', channel: channel.id, ts: message.ts },
      ...(message.user === undefined ? {} : { item_user: message.user }),
      event_ts: workspace.newTs(),
    },
    channel,
  );
}

function emitChanged(workspace: Workspace, channel: Channel, message: Message, previous: JsonObject, ts: string): void {
  workspace.emit(
    {
      type: 'message',
      subtype: 'message_changed',
      message: renderMessage(workspace, channel, message, { metadata: false, counts: true }),
      previous_message: previous,
      channel: channel.id,
      hidden: true,
      ts,
      event_ts: ts,
      channel_type: channelType(channel),
    },
    channel,
  );
}
