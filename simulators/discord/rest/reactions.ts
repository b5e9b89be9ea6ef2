// Operations on reactions.
import { PermissionFlagsBits as Bit, RESTJSONErrorCodes as Code } from 'discord-api-types/v10';
import { refusal } from '../errors.ts';
import { addReaction, clearReactions, emojiFrom, takeReaction } from '../messages.ts';
import { userOf } from '../render.ts';
import type { Channel, Message } from '../types.ts';
import { messageOf, needs, notArchived, talkOf } from './access.ts';
import { param } from './call.ts';
import type { Call, Operation } from './call.ts';

const PLACE = '/channels/{channel}/messages/{message}/reactions';
/** Reactions are counted together for a channel, one in a quarter of a second. */
const limit = { count: 1, windowMs: 250 };

export const REACTION_OPERATIONS: readonly Operation[] = [
  { name: 'add_my_message_reaction', method: 'PUT', path: `${PLACE}/{emoji}/@me`, auth: 'bot', handle: add, limit },
  {
    name: 'delete_my_message_reaction',
    method: 'DELETE',
    path: `${PLACE}/{emoji}/@me`,
    auth: 'bot',
    handle: (call) => take(call, call.guild.bot.id),
    limit,
  },
  {
    name: 'delete_user_message_reaction',
    method: 'DELETE',
    path: `${PLACE}/{emoji}/{user}`,
    auth: 'bot',
    handle: (call) => take(call, param(call, 'user')),
    limit,
  },
  { name: 'list_message_reactions_by_emoji', method: 'GET', path: `${PLACE}/{emoji}`, auth: 'bot', handle: list },
  {
    name: 'delete_all_message_reactions_by_emoji',
    method: 'DELETE',
    path: `${PLACE}/{emoji}`,
    auth: 'bot',
    handle: (call) => clear(call, emojiOf(call)),
  },
  { name: 'delete_all_message_reactions', method: 'DELETE', path: PLACE, auth: 'bot', handle: (call) => clear(call) },
];

function emojiOf(call: Call): string {
  const emoji = emojiFrom(param(call, 'emoji'));
  if (emoji === undefined) throw refusal(Code.UnknownEmoji);
  return emoji;
}

function targetOf(call: Call): { channel: Channel; message: Message } {
  const channel = talkOf(call);
  needs(call, channel, Bit.ReadMessageHistory);
  notArchived(channel);
  return { channel, message: messageOf(call, channel) };
}

function add(call: Call): undefined {
  const { channel, message } = targetOf(call);
  const emoji = emojiOf(call);
  const there = message.reactions.some((reaction) => reaction.emoji === emoji);
  if (!there) {
    needs(call, channel, Bit.AddReactions);
    if (message.reactions.length >= 20) throw refusal(Code.MaximumNumberOfReactionsReached);
  }
  addReaction(call.guild, channel, message, call.guild.bot.id, emoji);
}

function take(call: Call, userId: string): undefined {
  const { channel, message } = targetOf(call);
  if (userId !== call.guild.bot.id) needs(call, channel, Bit.ManageMessages);
  takeReaction(call.guild, channel, message, userId, emojiOf(call));
}

function clear(call: Call, emoji?: string): undefined {
  const { channel, message } = targetOf(call);
  needs(call, channel, Bit.ManageMessages);
  clearReactions(call.guild, channel, message, emoji);
}

function list(call: Call): object {
  const channel = talkOf(call);
  const message = messageOf(call, channel);
  const emoji = emojiOf(call);
  const max = Number(call.query.get('limit') ?? 25);
  const after = BigInt(call.query.get('after') ?? 0);
  const users = message.reactions.find((reaction) => reaction.emoji === emoji)?.users ?? [];
  return users
    .filter((id) => BigInt(id) > after)
    .sort((one, other) => (BigInt(one) < BigInt(other) ? -1 : 1))
    .slice(0, max)
    .map((id) => userOf(call.guild, id));
}
