// Slack's events → PlatformEvent. Pure. What people ask (commands, buttons, forms) is read in asked.ts.
import { z } from 'zod';
import { saidKey, type PlatformEvent, type PlatformFile } from '../../domain/events.ts';
import type { Block, RichText } from '../../domain/text.ts';
import { unicodeOf } from './emoji.ts';
import { channelId, dateOf, fileRef, postId, userId } from './ids.ts';
import { fromMessage } from './text.ts';
import type { Names } from './text.ts';

/** Whom to leave out, and how people are called. */
export interface ReceiveContext {
  readonly botUserId: string;
  readonly botId: string;
  readonly names: Names;
  /** Files that messages name by their id only. */
  readonly files: ReadonlyMap<string, SlackFile>;
}

export const fileShape = z.object({
  id: z.string(),
  name: z.string().nullish(),
  title: z.string().nullish(),
  mimetype: z.string().nullish(),
  size: z.number().nullish(),
  mode: z.string().nullish(),
  is_external: z.boolean().nullish(),
  url_private: z.string().nullish(),
  permalink: z.string().nullish(),
  duration_ms: z.number().nullish(),
  file_access: z.string().nullish(),
});
export type SlackFile = z.infer<typeof fileShape>;

/** A message as events and the history carry it. */
export const messageShape = z.object({
  ts: z.string(),
  subtype: z.string().nullish(),
  user: z.string().nullish(),
  bot_id: z.string().nullish(),
  text: z.string().nullish(),
  blocks: z.array(z.unknown()).nullish(),
  thread_ts: z.string().nullish(),
  latest_reply: z.string().nullish(),
  edited: z.object({ ts: z.string() }).nullish(),
  files: z.array(fileShape).nullish(),
  metadata: z.object({ event_type: z.string(), event_payload: z.record(z.string(), z.unknown()) }).nullish(),
});
export type SlackMessage = z.infer<typeof messageShape>;

const messageEventShape = messageShape.extend({
  type: z.literal('message'),
  channel: z.string(),
  event_ts: z.string(),
  message: messageShape.nullish(),
  previous_message: messageShape.nullish(),
  deleted_ts: z.string().nullish(),
});
const memberShape = z.object({ channel: z.string(), user: z.string(), event_ts: z.string() });
const channelShape = z.object({
  channel: z.union([z.string(), z.object({ id: z.string(), name: z.string().nullish() })]),
  user: z.string().nullish(),
  actor_id: z.string().nullish(),
  event_ts: z.string(),
});
const reactionShape = z.object({
  user: z.string(),
  reaction: z.string(),
  item: z.object({ type: z.string(), channel: z.string().nullish(), ts: z.string().nullish() }),
  event_ts: z.string(),
});
const userShape = z.object({
  user: z.object({
    id: z.string(),
    deleted: z.boolean().nullish(),
    profile: z.object({ email: z.string().nullish() }).nullish(),
  }),
  event_ts: z.string().nullish(),
});
const callbackShape = z.object({
  event_id: z.string(),
  event_time: z.number(),
  event: z.looseObject({ type: z.string() }),
});

const barePath = z.object({ files: z.array(fileShape) });

/** The ids of files of which messages tell nothing else (those shared from other organisations): files.info tells the rest. */
export function bareFiles(messages: unknown): readonly string[] {
  if (typeof messages !== 'object' || messages === null) return [];
  const parsed = barePath.safeParse(messages);
  if (parsed.success) {
    return parsed.data.files.filter((file) => file.file_access === 'check_file_info').map((file) => file.id);
  }
  return Object.values(messages).flatMap((inner) => bareFiles(inner));
}

/** What an event_callback tells. Empty for what doesn't concern us; undefined when it can't be read. */
export function receive(body: unknown, context: ReceiveContext): readonly PlatformEvent[] | undefined {
  const callback = callbackShape.safeParse(body);
  if (!callback.success) return undefined;
  const { event, event_id: key, event_time: seconds } = callback.data;
  try {
    const told = tell(event, key, new Date(seconds * 1000), context);
    return told === undefined ? [] : [told];
  } catch (error) {
    if (error instanceof z.ZodError) return undefined;
    throw error;
  }
}

/** What the history can't tell again bears Slack's event id (`key`) as its key. */
function tell(
  event: { readonly type: string },
  key: string,
  at: Date,
  context: ReceiveContext,
): PlatformEvent | undefined {
  switch (event.type) {
    case 'message':
      return ofMessage(messageEventShape.parse(event), context);
    case 'reaction_added':
    case 'reaction_removed':
      return ofReaction(reactionShape.parse(event), event.type === 'reaction_added', key, context);
    case 'member_joined_channel':
    case 'member_left_channel':
      return ofMember(event, event.type === 'member_joined_channel' ? 'joined' : 'left', key, context);
    case 'user_change':
    case 'team_join': {
      const { user } = userShape.parse(event);
      const email = user.profile?.email;
      const told = { kind: 'userChanged', key, user: userId(user.id), active: user.deleted !== true, at } as const;
      return email ? { ...told, email } : told;
    }
    default:
      return ofChannel(event, key, context);
  }
}

function ofMessage(event: z.infer<typeof messageEventShape>, context: ReceiveContext): PlatformEvent | undefined {
  switch (event.subtype) {
    case 'message_changed': {
      const { message, previous_message: previous } = event;
      if (!message) return undefined;
      if (message.subtype === 'tombstone') {
        return previous && isPersons(previous, context)
          ? deleted(event.channel, message.ts, event.event_ts)
          : undefined;
      }
      // Previews and reply counts change a message as well; only an edit has a new time of editing.
      if (!message.edited || message.edited.ts === previous?.edited?.ts) return undefined;
      return edited(event.channel, message, context);
    }
    case 'message_deleted': {
      const { previous_message: previous, deleted_ts: ts } = event;
      return ts && previous && isPersons(previous, context) ? deleted(event.channel, ts, event.event_ts) : undefined;
    }
    default:
      return said(event.channel, event, context);
  }
}

/** Whether a person said it: no app (ours included, under whatever name) and no notice of Slack's own. */
export function isPersons(message: SlackMessage, context: ReceiveContext): boolean {
  const isSpeech = [undefined, null, 'file_share', 'thread_broadcast', 'me_message'].includes(message.subtype);
  return isSpeech && !message.bot_id && !!message.user && ![context.botUserId, 'USLACKBOT'].includes(message.user);
}

/** A message of a person; undefined for anything else. Keys are the same live and read back: what was refused once isn’t judged anew. */
export function said(channel: string, message: SlackMessage, context: ReceiveContext): PlatformEvent | undefined {
  if (!isPersons(message, context)) return undefined;
  const text = textOf(message, context);
  return {
    kind: 'said',
    key: saidKey(postId(channel, message.ts)),
    ...placed(channel, message),
    at: dateOf(message.ts),
    text,
    files: filesOf(message, context)
      .filter((file) => isHosted(file))
      .map((file) => fileOf(file)),
    mentionsBot: text.some((block) => mentions(block, context.botUserId)),
  };
}

/** A person's message with its new words; undefined for anything else. */
export function edited(channel: string, message: SlackMessage, context: ReceiveContext): PlatformEvent | undefined {
  if (!isPersons(message, context) || !message.edited) return undefined;
  const { edited: edit } = message;
  const key = `edited:${channel}:${message.ts}:${edit.ts}`;
  return { kind: 'edited', key, ...placed(channel, message), at: dateOf(edit.ts), text: textOf(message, context) };
}

/** A message is gone. `at` is the event's own time, as a `ts`. */
export function deleted(channel: string, ts: string, at: string): PlatformEvent {
  const key = `deleted:${channel}:${ts}`;
  return { kind: 'deleted', key, channel: channelId(channel), post: postId(channel, ts), at: dateOf(at) };
}

function placed(channel: string, message: SlackMessage) {
  const { ts, thread_ts: thread } = message;
  return {
    channel: channelId(channel),
    post: postId(channel, ts),
    user: userId(message.user ?? ''),
    // A thread's first message bears its own ts as thread_ts.
    ...(thread && thread !== ts ? { thread: postId(channel, thread) } : {}),
  };
}

/** The words, and the address of files that live elsewhere: those have no bytes to carry. */
function textOf(message: SlackMessage, context: ReceiveContext): RichText {
  const words = fromMessage(
    { text: message.text ?? '', ...(message.blocks ? { blocks: message.blocks } : {}) },
    context.names,
  );
  const links = filesOf(message, context).filter((file) => file.is_external === true);
  const blocks = links.map((file): Block => ({
    kind: 'paragraph',
    inlines: [{ kind: 'link', url: file.url_private ?? file.permalink ?? '' }],
  }));
  return [...words, ...blocks];
}

function filesOf(message: SlackMessage, context: ReceiveContext): readonly SlackFile[] {
  return (message.files ?? []).map((file) => context.files.get(file.id) ?? file);
}

function isHosted(file: SlackFile): boolean {
  return file.is_external !== true && file.mode !== 'tombstone' && file.mode !== 'hidden_by_limit';
}

function fileOf(file: SlackFile): PlatformFile {
  return {
    ref: fileRef(file.id),
    name: file.name || file.title || 'file',
    mimeType: file.mimetype || 'application/octet-stream',
    sizeBytes: file.size ?? 0,
    ...(file.duration_ms ? { durationSeconds: file.duration_ms / 1000 } : {}),
  };
}

function mentions(block: Block, botUserId: string): boolean {
  switch (block.kind) {
    case 'code':
      return false;
    case 'list':
      return block.items.some((item) =>
        item.inlines.some((inline) => inline.kind === 'mention' && inline.user === botUserId),
      );
    case 'paragraph':
    case 'quote':
      return block.inlines.some((inline) => inline.kind === 'mention' && inline.user === botUserId);
  }
}

function ofReaction(
  event: z.infer<typeof reactionShape>,
  on: boolean,
  key: string,
  context: ReceiveContext,
): PlatformEvent | undefined {
  const { item, user, reaction } = event;
  if (item.type !== 'message' || !item.channel || !item.ts || user === context.botUserId) return undefined;
  return {
    kind: 'reacted',
    key,
    channel: channelId(item.channel),
    post: postId(item.channel, item.ts),
    user: userId(user),
    at: dateOf(event.event_ts),
    emoji: unicodeOf(reaction) ?? `:${reaction}:`,
    on,
  };
}

function ofMember(
  event: unknown,
  kind: 'joined' | 'left',
  key: string,
  context: ReceiveContext,
): PlatformEvent | undefined {
  const { channel, user, inviter, event_ts: ts } = memberShape.extend({ inviter: z.string().nullish() }).parse(event);
  // Whom we let in ourselves isn't news either.
  if (user === context.botUserId || inviter === context.botUserId) return undefined;
  const told = { key, channel: channelId(channel), user: userId(user), at: dateOf(ts) };
  return { kind, ...told, ...(inviter ? { by: userId(inviter) } : {}) };
}

/** Private channels speak of a group, public ones of a channel. */
function ofChannel(event: { readonly type: string }, key: string, context: ReceiveContext): PlatformEvent | undefined {
  const change = changeOf(event.type);
  if (change === undefined) return undefined;
  const { channel, user, actor_id: actor, event_ts: ts } = channelShape.parse(event);
  const by = user ?? actor;
  const id = typeof channel === 'string' ? channel : channel.id;
  const name = typeof channel === 'string' ? undefined : channel.name;
  // Nobody else renames a channel than its creator or an owner: what the bot did itself isn't news.
  if (by === context.botUserId) return undefined;
  return {
    kind: 'channelChanged',
    key,
    channel: channelId(id),
    at: dateOf(ts),
    change,
    ...(change === 'renamed' && name ? { name } : {}),
    ...(by ? { by: userId(by) } : {}),
  };
}

function changeOf(type: string) {
  switch (type) {
    case 'group_rename':
    case 'channel_rename':
      return 'renamed';
    case 'group_archive':
    case 'channel_archive':
      return 'archived';
    case 'group_unarchive':
    case 'channel_unarchive':
      return 'unarchived';
    case 'group_deleted':
    case 'channel_deleted':
      return 'deleted';
    case 'group_left':
    case 'channel_left':
      return 'botRemoved';
    default:
      return undefined;
  }
}
