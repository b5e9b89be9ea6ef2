// The shape of a message, whole or with its content taken out for apps that may not read it.
import { InteractionType, MessageFlags, MessageReferenceType } from 'discord-api-types/v10';
import type {
  APIAttachment,
  APIMessage,
  APIMessageTopLevelComponent,
  APIReaction,
  APIUser,
  UserFlags,
} from 'discord-api-types/v10';
import { fileUrl } from './files.ts';
import { enumOf } from './json.ts';
import { renderChannel, renderMemberOnly, userOf } from './render.ts';
import { isoOf, timeOf } from './state.ts';
import type { Guild } from './state.ts';
import type { Message, Reaction, StoredFile } from './types.ts';

export function renderAttachment(guild: Guild, file: StoredFile, ephemeral: boolean): APIAttachment {
  const url = fileUrl(guild, file);
  return {
    id: file.id,
    filename: file.name,
    size: file.bytes.length,
    url,
    proxy_url: url,
    content_type: file.contentType,
    ...(file.title === undefined ? {} : { title: file.title }),
    ...(file.description === undefined ? {} : { description: file.description }),
    ...(file.durationSecs === undefined ? {} : { duration_secs: file.durationSecs }),
    ...(file.waveform === undefined ? {} : { waveform: file.waveform }),
    ...(file.contentType.startsWith('image/') ? { width: 1, height: 1 } : {}),
    ...(ephemeral ? { ephemeral: true } : {}),
  };
}

/** A reaction's emoji as Discord writes it. */
export function renderEmoji(emoji: string): { id: string | null; name: string } {
  const [name = emoji, id] = emoji.split(':');
  return { id: id ?? null, name };
}

function renderReaction(guild: Guild, reaction: Reaction): APIReaction {
  return {
    count: reaction.users.length,
    count_details: { burst: 0, normal: reaction.users.length },
    me: reaction.users.includes(guild.bot.id),
    me_burst: false,
    emoji: renderEmoji(reaction.emoji),
    burst_colors: [],
  };
}

/** Who wrote it. */
export function authorOf(guild: Guild, message: Message): APIUser {
  const { author } = message;
  if (!author.webhook) return userOf(guild, author.id);
  return {
    id: author.id,
    username: author.name,
    discriminator: '0000',
    global_name: null,
    avatar: null,
    bot: true,
    public_flags: enumOf<UserFlags>(0),
  };
}

/** How to render: `mayRead` decides about the content of what others wrote; `referenced` carries the message replied to along. */
export interface RenderOptions {
  readonly mayRead: boolean;
  readonly referenced?: boolean;
}

/** Whether the app may read a message without the MESSAGE_CONTENT intent: its own, direct ones, and those that mention it. */
export function isOpen(guild: Guild, message: Message): boolean {
  const channel = guild.channels.get(message.channelId);
  return (
    message.author.id === guild.bot.id ||
    message.applicationId === guild.applicationId ||
    channel?.isDirect === true ||
    message.mentions.includes(guild.bot.id)
  );
}

/** A message. `components`, `attachments` and `embeds` are lists, never null. */
export function renderMessage(guild: Guild, message: Message, options: RenderOptions): APIMessage {
  const readable = options.mayRead || isOpen(guild, message);
  const ephemeral = message.onlyFor !== undefined;
  const flags = message.flags | (guild.channels.get(message.id)?.thread === undefined ? 0 : MessageFlags.HasThread);
  const thread = guild.channels.get(message.id);
  return {
    id: message.id,
    channel_id: message.channelId,
    type: message.type,
    author: authorOf(guild, message),
    content: readable ? message.content : '',
    timestamp: isoOf(timeOf(message.id)),
    edited_timestamp: message.editedAt === undefined ? null : isoOf(message.editedAt),
    tts: message.tts,
    mention_everyone: message.mentionEveryone,
    mentions: message.mentions.map((id) => userOf(guild, id)),
    mention_roles: [...message.mentionRoles],
    attachments: readable ? message.files.map((file) => renderAttachment(guild, file, ephemeral)) : [],
    embeds: readable ? withLinks(guild, message, message.embeds) : [],
    components: readable
      ? (withLinks(guild, message, message.components) as unknown as APIMessageTopLevelComponent[])
      : [],
    pinned: message.pinnedAt !== undefined,
    flags: enumOf<MessageFlags>(flags),
    ...(message.reactions.length === 0
      ? {}
      : { reactions: message.reactions.map((reaction) => renderReaction(guild, reaction)) }),
    ...(message.nonce === undefined ? {} : { nonce: message.nonce }),
    ...(message.webhookId === undefined ? {} : { webhook_id: message.webhookId }),
    ...(message.applicationId === undefined ? {} : { application_id: message.applicationId }),
    ...(message.position === undefined ? {} : { position: message.position }),
    ...(message.interaction === undefined ? {} : { interaction_metadata: message.interaction }),
    ...(message.poll === undefined || !readable ? {} : { poll: message.poll }),
    ...(thread?.thread === undefined ? {} : { thread: renderChannel(guild, thread) }),
    ...commandOf(guild, message),
    ...referenceOf(guild, message, options),
  };
}

/** Puts fresh links in place of `attachment://name`. */
function withLinks<Value>(guild: Guild, message: Message, value: Value): Value {
  if (message.embedded.length === 0) return value;
  const replaced = JSON.stringify(value).replaceAll(/"attachment:\/\/([^"]+)"/g, (whole, name: string) => {
    const file = message.embedded.find((other) => other.name === name);
    return file === undefined ? whole : JSON.stringify(fileUrl(guild, file));
  });
  // The same value but for some texts in it.
  return JSON.parse(replaced) as Value;
}

function commandOf(guild: Guild, message: Message): Pick<APIMessage, 'interaction'> {
  const { command } = message;
  if (command === undefined) return {};
  return {
    interaction: {
      id: command.id,
      type: InteractionType.ApplicationCommand,
      name: command.name,
      user: userOf(guild, command.userId),
    },
  };
}

function referenceOf(guild: Guild, message: Message, options: RenderOptions): Partial<APIMessage> {
  const { reference } = message;
  if (reference === undefined) return {};
  const { channelId, messageId } = reference;
  const target = messageId === undefined ? undefined : guild.channels.get(channelId)?.message(messageId);
  const referenced =
    target === undefined ? null : renderMessage(guild, target, { mayRead: options.mayRead, referenced: false });
  return {
    message_reference: {
      type: MessageReferenceType.Default,
      channel_id: channelId,
      guild_id: guild.id,
      ...(messageId === undefined ? {} : { message_id: messageId }),
    },
    ...(options.referenced === false || messageId === undefined ? {} : { referenced_message: referenced }),
  };
}

/** What MESSAGE_CREATE and MESSAGE_UPDATE carry besides the message. */
export function messagePlace(guild: Guild, message: Message): object {
  const channel = guild.channels.get(message.channelId);
  const member = message.author.webhook ? undefined : guild.members.get(message.author.id);
  if (channel === undefined || channel.isDirect) return { channel_type: channel?.type };
  return {
    guild_id: guild.id,
    channel_type: channel.type,
    ...(member === undefined ? {} : { member: renderMemberOnly(member) }),
  };
}
