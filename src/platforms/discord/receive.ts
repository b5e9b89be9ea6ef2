// Discord's events → PlatformEvent. Pure. What people ask (commands, buttons, forms) is read in asked.ts.
import { z } from 'zod';
import { saidKey, type PlatformEvent, type PlatformFile } from '../../domain/events.ts';
import type { Block, RichText } from '../../domain/text.ts';
import { channelId, dateOf, fileRef, postId, userId } from './ids.ts';
import { fromMarkdown } from './markdown.ts';
import type { Names } from './markdown.ts';
import type { PlaceChange, Standing } from './places.ts';

/** Whom to leave out, and where messages stand. */
export interface ReceiveContext {
  readonly botUserId: string;
  readonly guildId: string;
  standing(channel: string): Standing;
  /** Names beyond those that a message itself tells. */
  readonly names: Names;
  /** Our clock, for events that bear no time. */
  readonly at: Date;
}

/** Numbers of Discord's API; source: docs.discord.com, "Message Types", "Message Reference Types". */
const SPEECH = new Set([0, 19]);
const FORWARD = 1;
const MODAL_SUBMIT = 5;

export const userShape = z.object({
  id: z.string(),
  username: z.string().nullish(),
  global_name: z.string().nullish(),
  bot: z.boolean().nullish(),
});
const memberShape = z.object({ nick: z.string().nullish() });
const attachmentShape = z.object({
  id: z.string(),
  filename: z.string(),
  title: z.string().nullish(),
  size: z.number(),
  content_type: z.string().nullish(),
  duration_secs: z.number().nullish(),
  url: z.string(),
});
export type DiscordAttachment = z.infer<typeof attachmentShape>;

const saidShape = z.object({
  content: z.string().nullish(),
  attachments: z.array(attachmentShape).nullish(),
  sticker_items: z.array(z.object({ name: z.string() })).nullish(),
  mentions: z.array(userShape.extend({ member: memberShape.nullish() })).nullish(),
});

/** A message as events and the history carry it. */
export const messageShape = saidShape.extend({
  id: z.string(),
  channel_id: z.string(),
  guild_id: z.string().nullish(),
  type: z.number(),
  author: userShape,
  webhook_id: z.string().nullish(),
  edited_timestamp: z.string().nullish(),
  nonce: z.union([z.string(), z.number()]).nullish(),
  components: z.array(z.unknown()).nullish(),
  message_reference: z.object({ type: z.number().nullish(), message_id: z.string().nullish() }).nullish(),
  message_snapshots: z.array(z.object({ message: saidShape })).nullish(),
  poll: z.object({ question: z.object({ text: z.string().nullish() }) }).nullish(),
  interaction_metadata: z.object({ type: z.number(), user: userShape }).nullish(),
});
export type DiscordMessage = z.infer<typeof messageShape>;

const deletedShape = z.object({ id: z.string(), channel_id: z.string(), guild_id: z.string().nullish() });
const bulkShape = z.object({ ids: z.array(z.string()), channel_id: z.string() });
const reactionShape = z.object({
  user_id: z.string(),
  channel_id: z.string(),
  message_id: z.string(),
  guild_id: z.string().nullish(),
  emoji: z.object({ id: z.string().nullish(), name: z.string().nullish() }),
});
const guildMemberShape = z.object({ guild_id: z.string(), user: userShape });

/** An event of the gateway: its name, its payload, and what is unique about its telling (the same when it's told again). */
export interface Packet {
  readonly t: string;
  readonly d: unknown;
  readonly origin: string;
}

/** What an event means to us; undefined when it can't be read. Events without meaning give none. */
export function receive(packet: Packet, context: ReceiveContext): readonly PlatformEvent[] | undefined {
  try {
    return tell(packet, context);
  } catch (error) {
    if (error instanceof z.ZodError) return undefined;
    throw error;
  }
}

function tell({ t, d, origin }: Packet, context: ReceiveContext): readonly PlatformEvent[] {
  switch (t) {
    case 'MESSAGE_CREATE':
      return listOf(said(messageShape.parse(d), context));
    case 'MESSAGE_UPDATE':
      // Previews and pins change a message as well; only an edit has a time of editing.
      return listOf(edited(messageShape.parse(d), context));
    case 'MESSAGE_DELETE': {
      const { id, channel_id: channel } = deletedShape.parse(d);
      return [deleted(channel, id, context)];
    }
    case 'MESSAGE_DELETE_BULK': {
      const { ids, channel_id: channel } = bulkShape.parse(d);
      return ids.map((id) => deleted(channel, id, context));
    }
    case 'MESSAGE_REACTION_ADD':
    case 'MESSAGE_REACTION_REMOVE':
      return ofReaction(reactionShape.parse(d), t === 'MESSAGE_REACTION_ADD', origin, context);
    case 'GUILD_MEMBER_ADD':
    case 'GUILD_MEMBER_UPDATE':
    case 'GUILD_MEMBER_REMOVE': {
      const { user } = guildMemberShape.parse(d);
      if (user.bot === true) return [];
      const active = t !== 'GUILD_MEMBER_REMOVE';
      return [{ kind: 'userChanged', key: `user:${user.id}:${origin}`, user: userId(user.id), active, at: context.at }];
    }
    default:
      return [];
  }
}

const listOf = (event: PlatformEvent | undefined): readonly PlatformEvent[] => (event === undefined ? [] : [event]);

/** The channel of the mirror or thread that an event's payload is about: what is told of it is told in order. */
export function laneOf(packet: Packet): string {
  const shape = z.object({ channel_id: z.string().nullish() }).safeParse(packet.d);
  return shape.data?.channel_id ?? '';
}

/** Whether a person said it: no app (ours included, under whatever name), no webhook and no notice of Discord's own. */
export function isPersons(message: DiscordMessage, context: Pick<ReceiveContext, 'botUserId'>): boolean {
  return (
    SPEECH.has(message.type) &&
    !message.webhook_id &&
    message.author.bot !== true &&
    message.author.id !== context.botUserId
  );
}

type Said = Extract<PlatformEvent, { readonly kind: 'said' }>;

/** A message of a person; undefined for anything else. */
export function said(message: DiscordMessage, context: ReceiveContext): Said | undefined {
  return isPersons(message, context) ? spoken(message, message.author.id, context) : undefined;
}

/** What we wrote into a channel for a person who sent the Reply form; undefined for anything else. */
export function sentByForm(message: DiscordMessage, context: ReceiveContext): Said | undefined {
  const sent = message.interaction_metadata;
  const isForm = sent?.type === MODAL_SUBMIT && (message.content ?? '').startsWith(FORM_MARK);
  return isForm ? spoken(message, sent.user.id, context) : undefined;
}

function spoken(message: DiscordMessage, user: string, context: ReceiveContext): Said {
  return {
    kind: 'said',
    key: saidKey(postId(message.channel_id, message.id)),
    ...placed(message, user, context),
    at: dateOf(message.id),
    text: textOf(message, context),
    files: (message.attachments ?? []).map((attachment) => fileOf(message, attachment)),
    mentionsBot: new RegExp(`<@!?${context.botUserId}>`).test(message.content ?? ''),
  };
}

/** A person's message with its new words; undefined for anything else. */
export function edited(message: DiscordMessage, context: ReceiveContext): PlatformEvent | undefined {
  if (!message.edited_timestamp || !isPersons(message, context)) return undefined;
  return {
    kind: 'edited',
    key: `edited:${message.channel_id}:${message.id}:${message.edited_timestamp}`,
    ...placed(message, message.author.id, context),
    at: new Date(message.edited_timestamp),
    text: textOf(message, context),
  };
}

/** A message is gone. */
export function deleted(channel: string, message: string, context: ReceiveContext): PlatformEvent {
  return {
    kind: 'deleted',
    key: `deleted:${channel}:${message}`,
    channel: context.standing(channel).channel,
    post: postId(channel, message),
    at: context.at,
  };
}

/** A channel was changed by somebody. */
export function changed(change: PlaceChange, origin: string, at: Date): PlatformEvent {
  const { channel } = change;
  switch (change.what) {
    case 'joined':
    case 'left':
      return {
        kind: change.what,
        key: `${change.what}:${channel}:${change.user}:${origin}`,
        channel,
        user: change.user,
        at,
      };
    case 'renamed':
      return {
        kind: 'channelChanged',
        key: `renamed:${channel}:${origin}`,
        channel,
        change: 'renamed',
        name: change.name,
        at,
      };
    case 'deleted':
      return { kind: 'channelChanged', key: `deleted:${channel}`, channel: channelId(channel), change: 'deleted', at };
  }
}

/** How somebody is called in the server. */
export function nameOf(
  user: {
    readonly id: string;
    readonly global_name?: string | null | undefined;
    readonly username?: string | null | undefined;
  },
  nick?: string | null,
): string {
  return nick || user.global_name || user.username || user.id;
}

/** The first line of what we write for somebody who sent the Reply form; the words follow. */
export const FORM_MARK = '-# 💬 ';

function placed(message: DiscordMessage, user: string, context: ReceiveContext) {
  const { channel, thread } = context.standing(message.channel_id);
  const reference = message.message_reference;
  const repliedTo = reference?.type === FORWARD ? undefined : reference?.message_id;
  // A thread says what is meant better than a reply inside it.
  const under = thread ?? (repliedTo ? postId(message.channel_id, repliedTo) : undefined);
  return {
    channel,
    post: postId(message.channel_id, message.id),
    user: userId(user),
    ...(under === undefined ? {} : { thread: under }),
  };
}

/** The words; of what Discord shows without words (stickers, polls, forwarded messages) its name. */
function textOf(message: DiscordMessage, context: ReceiveContext): RichText {
  const parts = [message, ...(message.message_snapshots ?? []).map((snapshot) => snapshot.message)];
  const words = parts.flatMap((part) => {
    const content = part.content ?? '';
    const isForm = content.startsWith(FORM_MARK);
    return fromMarkdown(isForm ? content.slice(content.indexOf('\n') + 1) : content, namesIn(part, context.names));
  });
  const stickers = parts.flatMap((part) => part.sticker_items ?? []).map(({ name }) => line(`[${name}]`));
  const question = message.poll?.question.text;
  return [...words, ...stickers, ...(question ? [line(question)] : [])];
}

const line = (words: string): Block => ({ kind: 'paragraph', inlines: [{ kind: 'text', text: words }] });

function namesIn(part: z.infer<typeof saidShape>, others: Names): Names {
  const mentioned = new Map((part.mentions ?? []).map((user) => [user.id, nameOf(user, user.member?.nick)]));
  return { user: (id) => mentioned.get(id) ?? others.user(id), channel: (id) => others.channel(id) };
}

function fileOf(message: DiscordMessage, attachment: DiscordAttachment): PlatformFile {
  const { filename, title, content_type: mimeType, duration_secs: durationSeconds } = attachment;
  const extension = /\.[^.]+$/.exec(filename)?.[0] ?? '';
  return {
    ref: fileRef(message.channel_id, message.id, attachment.id),
    // Discord thins names out and keeps the whole one, without its ending, as the title.
    name: title ? `${title}${title.endsWith(extension) ? '' : extension}` : filename,
    mimeType: mimeType?.split(';')[0] || 'application/octet-stream',
    sizeBytes: attachment.size,
    ...(durationSeconds ? { durationSeconds } : {}),
  };
}

function ofReaction(
  event: z.infer<typeof reactionShape>,
  on: boolean,
  origin: string,
  context: ReceiveContext,
): readonly PlatformEvent[] {
  const { user_id: user, channel_id: channel, message_id: message, emoji } = event;
  if (user === context.botUserId || !emoji.name) return [];
  return [
    {
      kind: 'reacted',
      key: `reacted:${channel}:${message}:${user}:${origin}`,
      channel: context.standing(channel).channel,
      post: postId(channel, message),
      user: userId(user),
      at: context.at,
      emoji: emoji.id ? `:${emoji.name}:` : emoji.name,
      on,
    },
  ];
}
