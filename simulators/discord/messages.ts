// Posting, changing, deleting, pinning and reacting, whoever does it; tells the app of each.
import {
  ChannelType,
  ComponentType,
  EmbedType,
  GatewayDispatchEvents,
  GatewayIntentBits,
  MessageType,
} from 'discord-api-types/v10';
import type { APIEmbed, APIMessageInteractionMetadata, APIPoll } from 'discord-api-types/v10';
import { storeFile } from './files.ts';
import type { GivenFile } from './files.ts';
import { enumOf, numberOf, objectsOf, wordOf } from './json.ts';
import type { JsonObject } from './json.ts';
import { canSee } from './permissions.ts';
import { effectOf, everyComponent } from './pings.ts';
import { renderMember } from './render.ts';
import { messagePlace, renderEmoji, renderMessage } from './render-message.ts';
import { isoOf } from './state.ts';
import type { Guild } from './state.ts';
import { joinThread, setThread } from './threads.ts';
import type { Author, Channel, Message, StoredFile } from './types.ts';

/** A message to be. */
export interface Draft {
  readonly author: Author;
  readonly webhookId?: string;
  readonly applicationId?: string;
  readonly type?: MessageType;
  readonly content?: string;
  readonly embeds?: readonly APIEmbed[];
  readonly components?: readonly JsonObject[];
  readonly files?: readonly GivenFile[];
  readonly flags?: number;
  readonly tts?: boolean;
  readonly nonce?: string | number;
  readonly reference?: Message['reference'];
  readonly interaction?: APIMessageInteractionMetadata;
  readonly command?: Message['command'];
  readonly poll?: APIPoll;
  readonly allowed?: JsonObject;
  readonly onlyFor?: string;
  readonly id?: string;
  /** For a message of an earlier time. */
  readonly at?: Date;
}

/** What an edit sets; absent fields stay. `keep` names the files that stay. */
export interface Change {
  readonly content?: string;
  readonly embeds?: readonly APIEmbed[];
  readonly components?: readonly JsonObject[];
  readonly flags?: number;
  readonly keep?: readonly string[];
  readonly files?: readonly GivenFile[];
  readonly allowed?: JsonObject;
}

/** An account as an author. */
export function authorFrom(guild: Guild, userId: string): Author {
  const user = guild.users.get(userId);
  const name = guild.members.get(userId)?.nick ?? user?.globalName ?? user?.username ?? userId;
  return { id: userId, name, bot: user?.bot ?? false, webhook: false, avatarUrl: undefined };
}

/** Posts a message; in a thread its author joins, and an archived thread opens again. */
export function post(guild: Guild, channel: Channel, draft: Draft): Message {
  const system = draft.type !== undefined && draft.type !== MessageType.Default && draft.type !== MessageType.Reply;
  const { thread } = channel;
  if (thread !== undefined && !system) {
    if (thread.archived) setThread(guild, channel, { archived: false });
    if (!draft.author.webhook && draft.onlyFor === undefined) joinThread(guild, channel, draft.author.id);
  }
  const { reference } = draft;
  const repliedTo =
    draft.type === MessageType.Reply && reference?.messageId !== undefined
      ? guild.channels.get(reference.channelId)?.message(reference.messageId)
      : undefined;
  const stored = (draft.files ?? []).map((file) => storeFile(guild, channel.id, file));
  const components = numbered(draft.components ?? []);
  const embeds = (draft.embeds ?? []).map((embed) => ({ ...embed, type: embed.type ?? EmbedType.Rich }));
  const embedded = stored.filter((file) => isEmbedded(file, embeds, components));
  const written = {
    author: draft.author,
    content: draft.content ?? '',
    embeds,
    components,
    flags: draft.flags ?? 0,
    allowed: draft.allowed,
    repliedTo,
  };
  const counts = thread !== undefined && draft.onlyFor === undefined && draft.type !== MessageType.ThreadStarterMessage;
  const message: Message = {
    id: draft.id ?? guild.newId(draft.at),
    channelId: channel.id,
    author: draft.author,
    webhookId: draft.webhookId,
    applicationId: draft.applicationId,
    type: draft.type ?? MessageType.Default,
    content: written.content,
    embeds,
    components,
    files: stored.filter((file) => !embedded.includes(file)),
    embedded,
    flags: written.flags,
    tts: draft.tts ?? false,
    nonce: draft.nonce,
    reference,
    interaction: draft.interaction,
    command: draft.command,
    poll: draft.poll,
    position: counts ? thread.sent : undefined,
    editedAt: undefined,
    pinnedAt: undefined,
    reactions: [],
    ...effectOf(guild, channel, written),
    onlyFor: draft.onlyFor,
    deleted: false,
    earlier: [],
  };
  if (message.onlyFor !== undefined) {
    guild.ephemerals.push(message);
    return message;
  }
  channel.add(message);
  if (counts) thread.sent += 1;
  tell(guild, GatewayDispatchEvents.MessageCreate, channel, message);
  if (channel.type === ChannelType.PrivateThread && thread?.invitable === true && !system)
    for (const id of message.mentions) if (guild.members.has(id)) joinThread(guild, channel, id);
  return message;
}

/** Changes a message; the app is told, unless only one person sees it. */
export function edit(guild: Guild, channel: Channel, message: Message, change: Change): void {
  message.earlier.push({ content: message.content, embeds: message.embeds, at: guild.now() });
  const stored = (change.files ?? []).map((file) => storeFile(guild, channel.id, file));
  message.content = change.content ?? message.content;
  message.embeds = (change.embeds ?? message.embeds).map((embed) => ({ ...embed, type: embed.type ?? EmbedType.Rich }));
  message.components = change.components === undefined ? message.components : numbered(change.components);
  message.flags = change.flags ?? message.flags;
  const { keep } = change;
  const kept = (file: StoredFile): boolean => keep === undefined || keep.includes(file.id);
  const files = [...message.files, ...message.embedded].filter(kept).concat(stored);
  message.embedded = files.filter((file) => isEmbedded(file, message.embeds, message.components));
  message.files = files.filter((file) => !message.embedded.includes(file));
  const { author, content, embeds, components, flags } = message;
  const written = { author, content, embeds, components, flags, allowed: change.allowed, repliedTo: undefined };
  const { mentions, mentionRoles, mentionEveryone, links, previews } = effectOf(guild, channel, written);
  // An edit shows mentions but notifies nobody.
  Object.assign(message, { mentions, mentionRoles, mentionEveryone, links, previews });
  message.editedAt = guild.now();
  if (message.onlyFor === undefined) tell(guild, GatewayDispatchEvents.MessageUpdate, channel, message);
}

/** Adds a link preview: a MESSAGE_UPDATE that is no edit. */
export function unfurl(guild: Guild, channel: Channel, message: Message, embed: APIEmbed): void {
  message.embeds = [...message.embeds, embed];
  tell(guild, GatewayDispatchEvents.MessageUpdate, channel, message);
}

/** Deletes a message. */
export function remove(guild: Guild, channel: Channel, message: Message): void {
  if (message.onlyFor !== undefined) {
    message.deleted = true;
    return;
  }
  channel.take(message);
  const place = channel.isDirect ? {} : { guild_id: guild.id };
  guild.emit(
    GatewayDispatchEvents.MessageDelete,
    { id: message.id, channel_id: channel.id, ...place },
    { channel, intent: messageIntent(channel) },
  );
}

/** Deletes several messages at once. */
export function removeAll(guild: Guild, channel: Channel, messages: readonly Message[]): void {
  for (const message of messages) channel.take(message);
  guild.emit(
    GatewayDispatchEvents.MessageDeleteBulk,
    { ids: messages.map(({ id }) => id), channel_id: channel.id, guild_id: guild.id },
    { channel, intent: messageIntent(channel) },
  );
}

/** Pins or unpins. */
export function pin(guild: Guild, channel: Channel, message: Message, on: boolean, by: string): void {
  if ((message.pinnedAt !== undefined) === on) return;
  message.pinnedAt = on ? guild.now() : undefined;
  if (on) channel.lastPinAt = guild.now();
  tell(guild, GatewayDispatchEvents.MessageUpdate, channel, message);
  const at = channel.lastPinAt;
  guild.emit(
    GatewayDispatchEvents.ChannelPinsUpdate,
    {
      channel_id: channel.id,
      ...(channel.isDirect ? {} : { guild_id: guild.id }),
      last_pin_timestamp: at === undefined ? null : isoOf(at),
    },
    { channel, intent: GatewayIntentBits.Guilds },
  );
  if (!on) return;
  const reference = { channelId: channel.id, messageId: message.id };
  post(guild, channel, { author: authorFrom(guild, by), type: MessageType.ChannelPinnedMessage, reference });
}

/** The way Discord writes an emoji: Unicode with its presentation mark; undefined for what isn't one. */
export function emojiFrom(text: string): string | undefined {
  if (/^\w+:\d+$/.test(text)) return text;
  return [text, `${text}\u{FE0F}`].find((candidate) => /^\p{RGI_Emoji}$/v.test(candidate));
}

/** Adds a reaction; false when it was there. */
export function addReaction(guild: Guild, channel: Channel, message: Message, userId: string, emoji: string): boolean {
  const there = message.reactions.find((reaction) => reaction.emoji === emoji);
  if (there?.users.includes(userId) === true) return false;
  if (there === undefined) message.reactions.push({ emoji, users: [userId] });
  else there.users.push(userId);
  const member = guild.members.get(userId);
  tellReaction(guild, GatewayDispatchEvents.MessageReactionAdd, channel, message, {
    user_id: userId,
    emoji: renderEmoji(emoji),
    burst: false,
    type: 0,
    message_author_id: message.author.id,
    ...(member === undefined || channel.isDirect ? {} : { member: renderMember(guild, member) }),
  });
  return true;
}

/** Takes a reaction back; false when there was none. */
export function takeReaction(guild: Guild, channel: Channel, message: Message, userId: string, emoji: string): boolean {
  const there = message.reactions.find((reaction) => reaction.emoji === emoji);
  const at = there?.users.indexOf(userId) ?? -1;
  if (there === undefined || at === -1) return false;
  there.users.splice(at, 1);
  if (there.users.length === 0) message.reactions.splice(message.reactions.indexOf(there), 1);
  const body = { user_id: userId, emoji: renderEmoji(emoji), burst: false, type: 0 };
  tellReaction(guild, GatewayDispatchEvents.MessageReactionRemove, channel, message, body);
  return true;
}

/** Takes all reactions of a message away, or all with one emoji. */
export function clearReactions(guild: Guild, channel: Channel, message: Message, emoji?: string): void {
  const kept = emoji === undefined ? [] : message.reactions.filter((reaction) => reaction.emoji !== emoji);
  message.reactions.splice(0, message.reactions.length, ...kept);
  if (emoji === undefined) tellReaction(guild, GatewayDispatchEvents.MessageReactionRemoveAll, channel, message, {});
  else {
    const body = { emoji: renderEmoji(emoji) };
    tellReaction(guild, GatewayDispatchEvents.MessageReactionRemoveEmoji, channel, message, body);
  }
}

/** Whether a user can read a message here and now. */
export function canRead(guild: Guild, channel: Channel, message: Message, userId: string): boolean {
  return message.onlyFor === undefined ? canSee(guild, channel, userId) : message.onlyFor === userId;
}

/** Tells of a message as it is now. */
export function tell(
  guild: Guild,
  t: GatewayDispatchEvents.MessageCreate | GatewayDispatchEvents.MessageUpdate,
  channel: Channel,
  message: Message,
): void {
  const d = { ...renderMessage(guild, message, { mayRead: true }), ...messagePlace(guild, message) };
  guild.emit(t, d, { channel, message, intent: messageIntent(channel) });
}

function messageIntent(channel: Channel): GatewayIntentBits {
  return channel.isDirect ? GatewayIntentBits.DirectMessages : GatewayIntentBits.GuildMessages;
}

function tellReaction(guild: Guild, t: GatewayDispatchEvents, channel: Channel, message: Message, body: object): void {
  const place = { channel_id: channel.id, message_id: message.id, ...(channel.isDirect ? {} : { guild_id: guild.id }) };
  const intent = channel.isDirect ? GatewayIntentBits.DirectMessageReactions : GatewayIntentBits.GuildMessageReactions;
  guild.emit(t, { ...body, ...place }, { channel, intent });
}

function isEmbedded(file: StoredFile, embeds: readonly APIEmbed[], components: readonly JsonObject[]): boolean {
  return JSON.stringify([embeds, components]).includes(`"attachment://${file.name}"`);
}

/** Gives every component the numeric id Discord adds, and selects their bounds. */
function numbered(components: readonly JsonObject[]): JsonObject[] {
  const copy = structuredClone([...components]);
  let last = 0;
  for (const component of everyComponent(copy)) {
    last += 1;
    component['id'] ??= last;
    const type = enumOf<ComponentType>(numberOf(component['type']));
    if (
      type === ComponentType.StringSelect ||
      (type >= ComponentType.UserSelect && type <= ComponentType.ChannelSelect)
    ) {
      component['min_values'] ??= 1;
      component['max_values'] ??= 1;
    }
    for (const option of objectsOf(component['options'])) option['value'] = wordOf(option['value']);
  }
  return copy;
}
