// reactions.*, pins.* and bookmarks.*: what is attached to messages and channels.
import { emojiNamed } from '../emoji.ts';
import type { JsonObject } from '../json.ts';
import { addReaction, takeReaction } from '../messages.ts';
import { renderMessage } from '../render.ts';
import type { Channel, Message } from '../types.ts';
import { Refusal, channelOf, messageOf, requireActive } from './call.ts';
import type { Call, Method } from './call.ts';

/** Slack's cap of different emoji on a message. */
const MAX_REACTIONS = 23;
const MAX_PINS = 100;
const MAX_BOOKMARKS = 100;

export const reactionMethods: Readonly<Record<string, Method>> = {
  'reactions.add': { token: 'bot', scopes: ['reactions:write'], tier: 3, run: addOne },
  'reactions.remove': { token: 'bot', scopes: ['reactions:write'], tier: 2, run: removeOne },
  'reactions.get': { token: 'bot', scopes: ['reactions:read'], tier: 3, run: get },
  'pins.add': { token: 'bot', scopes: ['pins:write'], tier: 2, run: pin },
  'pins.remove': { token: 'bot', scopes: ['pins:write'], tier: 2, run: unpin },
  'pins.list': { token: 'bot', scopes: ['pins:read'], tier: 2, run: pins },
  'bookmarks.add': { token: 'bot', scopes: ['bookmarks:write'], tier: 2, run: addBookmark },
  'bookmarks.list': { token: 'bot', scopes: ['bookmarks:read'], tier: 3, run: bookmarks },
};

function addOne(call: Call): JsonObject {
  const { channel, message } = reactable(call);
  const name = emojiName(call);
  if (message.reactions.length >= MAX_REACTIONS && message.reactions.every((other) => other.name !== name)) {
    throw new Refusal('too_many_emoji');
  }
  if (!addReaction(call.workspace, channel, message, call.workspace.bot.id, name)) throw new Refusal('already_reacted');
  return {};
}

function removeOne(call: Call): JsonObject {
  const { channel, message } = reactable(call);
  const name = emojiName(call);
  if (!takeReaction(call.workspace, channel, message, call.workspace.bot.id, name)) throw new Refusal('no_reaction');
  return {};
}

function get(call: Call): JsonObject {
  const channel = channelOf(call);
  const message = messageOf(call, channel, 'timestamp');
  return {
    type: 'message',
    channel: channel.id,
    message: renderMessage(call.workspace, channel, message, { metadata: false, counts: true }),
  };
}

function reactable(call: Call): { channel: Channel; message: Message } {
  const channel = channelOf(call);
  requireActive(call, channel);
  const message = messageOf(call, channel, 'timestamp');
  if (message.subtype === 'tombstone') throw new Refusal('message_not_found');
  return { channel, message };
}

function emojiName(call: Call): string {
  const name = call.args.required('name');
  if (call.workspace.customEmoji.has(name)) return name;
  const emoji = emojiNamed(name);
  if (emoji === undefined) throw new Refusal('invalid_name');
  return emoji.name;
}

function pin(call: Call): JsonObject {
  const channel = channelOf(call);
  requireActive(call, channel);
  const message = messageOf(call, channel, 'timestamp');
  if (channel.pins.some((other) => other.ts === message.ts)) throw new Refusal('already_pinned');
  if (channel.pins.length >= MAX_PINS) throw new Refusal('too_many_pins');
  channel.pins.push({ ts: message.ts, by: call.workspace.bot.id, at: call.workspace.seconds() });
  return {};
}

function unpin(call: Call): JsonObject {
  const channel = channelOf(call);
  const at = channel.pins.findIndex((other) => other.ts === call.args.required('timestamp'));
  if (at === -1) throw new Refusal('no_pin');
  channel.pins.splice(at, 1);
  return {};
}

function pins(call: Call): JsonObject {
  const channel = channelOf(call);
  const items = channel.pins.flatMap((entry) => {
    const message = channel.message(entry.ts);
    if (message === undefined) return [];
    const rendered = renderMessage(call.workspace, channel, message, { metadata: false, counts: true });
    return [{ type: 'message', channel: channel.id, created: entry.at, created_by: entry.by, message: rendered }];
  });
  return { items };
}

function addBookmark(call: Call): JsonObject {
  const { workspace, args } = call;
  const channel = channelOf(call, 'channel_id');
  requireActive(call, channel);
  if (args.required('type') !== 'link') throw new Refusal('invalid_bookmark_type');
  const link = args.text('link');
  if (!/^https?:\/\/\S+$/.test(link)) throw new Refusal('invalid_link');
  if (channel.bookmarks.length >= MAX_BOOKMARKS) throw new Refusal('too_many_bookmarks');
  const bookmark: JsonObject = {
    id: workspace.newId('Bk'),
    channel_id: channel.id,
    title: args.required('title'),
    link,
    emoji: args.text('emoji'),
    icon_url: null,
    type: 'link',
    entity_id: null,
    date_created: workspace.seconds(),
    date_updated: 0,
    rank: String(channel.bookmarks.length),
    last_updated_by_user_id: workspace.bot.id,
    last_updated_by_team_id: workspace.teamId,
    shortcut_id: null,
    app_id: workspace.appId,
  };
  channel.bookmarks.push(bookmark);
  return { bookmark };
}

function bookmarks(call: Call): JsonObject {
  return { bookmarks: channelOf(call, 'channel_id').bookmarks };
}
