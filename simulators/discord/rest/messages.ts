// Operations on messages: read and page, post once per nonce, change, delete, pin.
import {
  MessageFlags,
  MessageType,
  PermissionFlagsBits as Bit,
  RESTJSONErrorCodes as Code,
} from 'discord-api-types/v10';
import { badForm, refusal } from '../errors.ts';
import { isObject, objectOf, textOf, textsOf } from '../json.ts';
import { authorFrom, edit, pin, post, remove, removeAll } from '../messages.ts';
import type { Draft } from '../messages.ts';
import { may, sendBit } from '../permissions.ts';
import { renderMessage } from '../render-message.ts';
import { isoOf, timeOf } from '../state.ts';
import type { Channel, Message } from '../types.ts';
import { messageOf, needs, notArchived, talkOf } from './access.ts';
import type { Call, Operation } from './call.ts';
import { changeOf, newContent } from './message-form.ts';

const PLACE = '/channels/{channel}/messages';

export const MESSAGE_OPERATIONS: readonly Operation[] = [
  {
    name: 'list_messages',
    method: 'GET',
    path: PLACE,
    auth: 'bot',
    handle: list,
    limit: { count: 5, windowMs: 5_000 },
  },
  {
    name: 'create_message',
    method: 'POST',
    path: PLACE,
    auth: 'bot',
    handle: create,
    limit: { count: 5, windowMs: 5_000 },
  },
  { name: 'bulk_delete_messages', method: 'POST', path: `${PLACE}/bulk-delete`, auth: 'bot', handle: bulkDelete },
  { name: 'list_pins', method: 'GET', path: `${PLACE}/pins`, auth: 'bot', handle: listPins },
  {
    name: 'create_pin',
    method: 'PUT',
    path: `${PLACE}/pins/{message}`,
    auth: 'bot',
    handle: (call) => setPin(call, true),
  },
  {
    name: 'delete_pin',
    method: 'DELETE',
    path: `${PLACE}/pins/{message}`,
    auth: 'bot',
    handle: (call) => setPin(call, false),
  },
  {
    name: 'deprecated_list_pins',
    method: 'GET',
    path: '/channels/{channel}/pins',
    auth: 'bot',
    handle: (call) => pinned(talkOf(call)).map((message) => shown(call, message)),
  },
  {
    name: 'deprecated_create_pin',
    method: 'PUT',
    path: '/channels/{channel}/pins/{message}',
    auth: 'bot',
    handle: (call) => setPin(call, true),
  },
  {
    name: 'deprecated_delete_pin',
    method: 'DELETE',
    path: '/channels/{channel}/pins/{message}',
    auth: 'bot',
    handle: (call) => setPin(call, false),
  },
  { name: 'get_message', method: 'GET', path: `${PLACE}/{message}`, auth: 'bot', handle: get },
  {
    name: 'update_message',
    method: 'PATCH',
    path: `${PLACE}/{message}`,
    auth: 'bot',
    handle: change,
    limit: { count: 5, windowMs: 5_000 },
  },
  { name: 'delete_message', method: 'DELETE', path: `${PLACE}/{message}`, auth: 'bot', handle: drop },
];

/** A message as the app may read it. */
export function shown(call: Call, message: Message): object {
  return renderMessage(call.guild, message, { mayRead: call.guild.portal.messageContent });
}

/** A page, newest first: before, after or around an id; without READ_MESSAGE_HISTORY it is empty. */
function list(call: Call): object {
  const channel = talkOf(call);
  if (!may(call.guild, channel, call.guild.bot.id, Bit.ReadMessageHistory)) return [];
  const limit = Number(call.query.get('limit') ?? 50);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100)
    throw badForm('limit', 'NUMBER_TYPE_MAX', 'Value should be between 1 and 100.');
  const [before, after, around] = ['before', 'after', 'around'].map((name) => idFrom(call, name));
  const { messages } = channel;
  let page: readonly Message[];
  if (around !== undefined) {
    const older = messages.filter(({ id }) => BigInt(id) < around).slice(-Math.floor(limit / 2));
    const newer = messages.filter(({ id }) => BigInt(id) >= around).slice(0, Math.ceil(limit / 2));
    page = [...older, ...newer];
  } else if (after === undefined) {
    page = messages.filter(({ id }) => before === undefined || BigInt(id) < before).slice(-limit);
  } else page = messages.filter(({ id }) => BigInt(id) > after).slice(0, limit);
  return page.toReversed().map((message) => shown(call, message));
}

function idFrom(call: Call, name: string): bigint | undefined {
  const text = call.query.get(name);
  if (text === null) return undefined;
  if (!/^\d+$/.test(text)) throw badForm(name, 'NUMBER_TYPE_COERCE', `Value "${text}" is not snowflake.`);
  return BigInt(text);
}

function get(call: Call): object {
  const channel = talkOf(call);
  needs(call, channel, Bit.ReadMessageHistory);
  return shown(call, messageOf(call, channel));
}

/** Posts; with `enforce_nonce` a nonce already used by the bot within some minutes, in whatever channel, answers the first message. */
function create(call: Call): object {
  const channel = talkOf(call);
  const { guild, body } = call;
  const nonce = typeof body['nonce'] === 'number' ? body['nonce'] : textOf(body['nonce']);
  mayPost(call, channel);
  const content = newContent(call, body, 'bot');
  if (call.uploads.length > 0) needs(call, channel, Bit.AttachFiles);
  if (
    ((content.flags ?? 0) & MessageFlags.IsVoiceMessage) !== 0 &&
    !may(guild, channel, guild.bot.id, Bit.SendVoiceMessages)
  )
    throw refusal(Code.YouCannotSendVoiceMessagesInThisChannel);
  if (isObject(body['poll'])) needs(call, channel, Bit.SendPolls);
  if (nonce !== '' && body['enforce_nonce'] === true) {
    const first = call.guild.findByNonce(nonce);
    if (first !== undefined) {
      if (first.deleted) throw refusal(Code.UnknownMessage);
      return shown(call, first);
    }
  }
  const reply = replyOf(call, channel);
  const message = post(guild, channel, {
    ...content,
    ...reply,
    author: authorFrom(guild, guild.bot.id),
    ...(nonce === '' ? {} : { nonce }),
  });
  if (nonce !== '') guild.rememberNonce(message);
  return shown(call, message);
}

function mayPost(call: Call, channel: Channel): void {
  const { guild } = call;
  if (channel.isDirect) {
    const person = guild.users.get(channel.recipients.find((id) => id !== guild.bot.id) ?? '');
    if (person?.acceptsDirect !== true || !guild.hasBot || !guild.members.has(person.id))
      throw refusal(Code.CannotSendMessagesToThisUser);
  }
  needs(call, channel, sendBit(channel));
  if (channel.thread?.locked === true && !may(guild, channel, guild.bot.id, Bit.ManageThreads))
    throw refusal(Code.ThreadLocked);
}

/** The message replied to; one that doesn't exist is refused unless `fail_if_not_exists` is false. */
function replyOf(call: Call, channel: Channel): Pick<Draft, 'type' | 'reference'> {
  const reference = objectOf(call.body['message_reference']);
  const messageId = textOf(reference['message_id']);
  if (messageId === '') return {};
  if (reference['type'] === 1) {
    const from = call.guild.channels.get(textOf(reference['channel_id']));
    const original = from?.message(messageId);
    if (from === undefined || original === undefined) throw refusal(Code.UnknownMessage);
    return { type: MessageType.Default, reference: { channelId: from.id, messageId } };
  }
  needs(call, channel, Bit.ReadMessageHistory);
  const target = channel.message(messageId);
  if (target === undefined && reference['fail_if_not_exists'] === false) return {};
  if (target === undefined) throw badForm('message_reference', 'MESSAGE_REFERENCE_UNKNOWN_MESSAGE', 'Unknown message');
  if (target.type !== MessageType.Default && target.type < MessageType.Reply)
    throw badForm('message_reference', 'REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE', 'Cannot reply to a system message');
  return { type: MessageType.Reply, reference: { channelId: channel.id, messageId } };
}

function change(call: Call): object {
  const channel = talkOf(call);
  const message = messageOf(call, channel);
  notArchived(channel);
  const { guild, body } = call;
  if (message.author.id !== guild.bot.id) {
    // Of others' messages only the embeds can be suppressed.
    const fields = Object.keys(body).filter((field) => body[field] !== undefined);
    if (fields.some((field) => field !== 'flags')) throw refusal(Code.CannotEditMessageAuthoredByAnotherUser);
    needs(call, channel, Bit.ManageMessages);
  }
  if ((message.flags & MessageFlags.IsVoiceMessage) !== 0) throw refusal(Code.VoiceMessagesCannotBeEdited);
  edit(guild, channel, message, changeOf(call, body, message));
  return shown(call, message);
}

function drop(call: Call): undefined {
  const channel = talkOf(call);
  const message = messageOf(call, channel);
  if (message.author.id !== call.guild.bot.id) {
    if (channel.isDirect) throw refusal(Code.CannotExecuteActionOnDMChannel);
    needs(call, channel, Bit.ManageMessages);
  }
  if (message.type === MessageType.RecipientAdd || message.type === MessageType.ThreadStarterMessage)
    throw refusal(Code.CannotExecuteActionOnSystemMessage);
  remove(call.guild, channel, message);
}

/** Between 2 and 100 messages younger than two weeks; ids of messages that are gone don't matter. */
function bulkDelete(call: Call): undefined {
  const channel = talkOf(call);
  needs(call, channel, Bit.ManageMessages);
  const ids = [...new Set(textsOf(call.body['messages']))];
  if (ids.length < 2 || ids.length > 100) throw refusal(Code.ProvidedTooFewOrTooManyMessagesToDelete);
  const oldest = call.guild.now() - 14 * 86_400_000;
  if (ids.some((id) => timeOf(id) < oldest)) throw refusal(Code.OneOfTheMessagesProvidedWasTooOldForBulkDelete);
  const found = ids.flatMap((id) => channel.message(id) ?? []);
  removeAll(call.guild, channel, found);
}

function pinned(channel: Channel): Message[] {
  const pins = channel.messages.filter((message) => message.pinnedAt !== undefined);
  return pins.sort((one, other) => (other.pinnedAt ?? 0) - (one.pinnedAt ?? 0));
}

function listPins(call: Call): object {
  const items = pinned(talkOf(call)).map((message) => ({
    pinned_at: isoOf(message.pinnedAt ?? 0),
    message: shown(call, message),
  }));
  const limit = Number(call.query.get('limit') ?? 50);
  return { items: items.slice(0, limit), has_more: items.length > limit };
}

/** Pinning needs its own permission since 2026-02-23. */
function setPin(call: Call, on: boolean): undefined {
  const channel = talkOf(call);
  needs(call, channel, Bit.PinMessages);
  notArchived(channel);
  const message = messageOf(call, channel);
  if (on && message.pinnedAt === undefined && pinned(channel).length >= call.guild.settings.pinLimit)
    throw refusal(Code.MaximumNumberOfPinsReachedForTheChannel);
  pin(call.guild, channel, message, on, call.guild.bot.id);
}
