// chat.*: what the app says, changes and takes back.
import { effectsOf } from '../mentions.ts';
import { normaliseText } from '../escape.ts';
import { objectsOf } from '../json.ts';
import type { JsonObject } from '../json.ts';
import { edit, post, remove } from '../messages.ts';
import { renderMessage } from '../render.ts';
import type { Channel, Message } from '../types.ts';
import { Refusal, blocksOf, channelOf, messageOf, requireActive, requireScope } from './call.ts';
import type { Call, Method } from './call.ts';

const WRITE = ['chat:write'];
/** Longest text of a post; source: chat.postMessage, "Truncating content". */
const MAX_TEXT = 40_000;
/** Longest text of an update; source: field reports, Slack documents only `msg_too_long`. */
const MAX_UPDATE_TEXT = 4_000;
const MAX_METADATA_BYTES = 16_384;

export const chatMethods: Readonly<Record<string, Method>> = {
  'chat.postMessage': { token: 'bot', scopes: WRITE, tier: 'post', run: postMessage },
  'chat.postEphemeral': { token: 'bot', scopes: WRITE, tier: 4, run: postEphemeral },
  'chat.update': { token: 'bot', scopes: WRITE, tier: 3, run: update },
  'chat.delete': { token: 'bot', scopes: WRITE, tier: 3, run: deleteMessage },
  'chat.getPermalink': { token: 'bot', scopes: [], tier: 'none', run: getPermalink },
};

function postMessage(call: Call): JsonObject {
  const { workspace, args } = call;
  const channel = target(call);
  requireActive(call, channel);
  const customised = ['username', 'icon_url', 'icon_emoji'].some((name) => args.text(name) !== '');
  if (customised) requireScope(call, 'chat:write.customize');
  const content = contentOf(call);
  const threadTs = threadOf(call, channel);
  const username = args.text('username');
  const icons = iconsOf(call);
  const message = post(workspace, channel, {
    ...content,
    botId: workspace.botId,
    ...(customised ? { subtype: 'bot_message' } : { user: workspace.bot.id }),
    ...(username === '' ? {} : { username }),
    ...(icons === undefined ? {} : { icons }),
    ...(threadTs === undefined ? {} : { threadTs, broadcast: args.flag('reply_broadcast') }),
    ...metadataOf(call),
    linkNames: linksNames(call),
    previews: {
      links: args.has('unfurl_links') ? args.flag('unfurl_links') : false,
      media: args.has('unfurl_media') ? args.flag('unfurl_media') : true,
    },
  });
  return {
    channel: channel.id,
    ts: message.ts,
    message: renderMessage(workspace, channel, message, { metadata: true, counts: false }),
    ...content.warnings,
  };
}

/** A channel or DM id, a user id (his DM with the app), or a channel name. */
function target(call: Call): Channel {
  const { workspace, args } = call;
  const id = args.required('channel');
  if (workspace.channels.has(id)) return channelOf(call);
  const user = workspace.users.get(id);
  if (user !== undefined && user.id !== workspace.bot.id && !user.isBot) {
    if (user.deleted) throw new Refusal('user_disabled');
    return workspace.directChannel(user.id);
  }
  const name = id.startsWith('#') ? id.slice(1) : id;
  const named = [...workspace.channels.values()].find(
    (channel) => channel.kind !== 'im' && channel.name === name && channel.members.has(workspace.bot.id),
  );
  return named ?? channelOf(call);
}

interface Content {
  readonly text: string;
  readonly blocks?: JsonObject[];
  readonly attachments?: JsonObject[];
  readonly warnings: JsonObject;
}

function contentOf(call: Call): Content {
  const { workspace, args } = call;
  const blocks = blocksOf(call);
  const attachments = args.has('attachments') ? objectsOf(args.json('attachments')) : [];
  let text = args.text('text');
  if (text === '' && blocks.length === 0 && attachments.length === 0) throw new Refusal('no_text');
  let warnings: JsonObject = {};
  if (text.length > MAX_TEXT) {
    if (workspace.settings.longText === 'refuse') throw new Refusal('msg_too_long');
    text = text.slice(0, MAX_TEXT);
    warnings = { warning: 'message_truncated', response_metadata: { warnings: ['message_truncated'] } };
  }
  return {
    text: normaliseText(text, args.text('parse') !== 'none'),
    ...(blocks.length > 0 ? { blocks } : {}),
    ...(attachments.length > 0 ? { attachments } : {}),
    warnings,
  };
}

function iconsOf(call: Call): JsonObject | undefined {
  const { args } = call;
  const emoji = args.text('icon_emoji');
  const url = args.text('icon_url');
  if (url !== '') return { image_36: url, image_48: url, image_72: url };
  return emoji === '' ? undefined : { emoji: `:${emoji.replaceAll(':', '')}:` };
}

/** The thread a post belongs to; the ts of a reply stands for its thread. */
function threadOf(call: Call, channel: Channel): string | undefined {
  if (!call.args.has('thread_ts') || call.args.text('thread_ts') === '') return undefined;
  const parent = channel.message(call.args.text('thread_ts'));
  if (parent === undefined) throw new Refusal('thread_not_found');
  return parent.threadTs ?? parent.ts;
}

function metadataOf(call: Call): { metadata?: JsonObject } {
  if (!call.args.has('metadata') || call.args.text('metadata') === '') return {};
  const metadata = call.args.object('metadata');
  if (metadata === undefined) throw new Refusal('invalid_metadata_format');
  if (Object.keys(metadata).length === 0) return { metadata };
  const { event_type: type, event_payload: payload } = metadata;
  if (typeof type !== 'string' || typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    throw new Refusal('invalid_metadata_schema');
  }
  if (Buffer.byteLength(JSON.stringify(metadata)) > MAX_METADATA_BYTES) throw new Refusal('metadata_too_large');
  return { metadata: { event_type: type, event_payload: payload } };
}

function linksNames(call: Call): boolean {
  return call.args.flag('link_names') || call.args.text('parse') === 'full';
}

function postEphemeral(call: Call): JsonObject {
  const { workspace, args } = call;
  const channel = channelOf(call);
  requireActive(call, channel);
  const user = args.required('user');
  if (!channel.members.has(user)) throw new Refusal('user_not_in_channel');
  const content = contentOf(call);
  const ts = workspace.newTs();
  workspace.ephemerals.push({
    channel: channel.id,
    user,
    ts,
    threadTs: threadOf(call, channel),
    text: content.text,
    blocks: content.blocks,
    ...effectsOf({ text: content.text, blocks: content.blocks, linkNames: linksNames(call) }),
    deleted: false,
  });
  return { message_ts: ts };
}

/** Text without blocks takes the blocks away; blocks without text keep the text. An update by blocks isn't marked as edited. */
function update(call: Call): JsonObject {
  const { workspace, args } = call;
  const channel = channelOf(call);
  requireActive(call, channel);
  const message = ownMessage(call, channel, 'cant_update_message');
  const hasText = args.text('text') !== '';
  const hasBlocks = args.has('blocks');
  if (!hasText && !hasBlocks && !args.has('attachments') && !args.has('metadata')) throw new Refusal('no_text');
  if (args.text('text').length > MAX_UPDATE_TEXT) throw new Refusal('msg_too_long');
  const blocks = blocksOf(call);
  const emptied = hasBlocks && blocks.length === 0 && !hasText && message.text === '';
  if (emptied) throw new Refusal('no_text');
  edit(workspace, channel, message, {
    ...(hasText ? { text: normaliseText(args.text('text'), args.text('parse') !== 'none') } : {}),
    ...(hasBlocks || hasText ? { blocks } : {}),
    ...(args.has('attachments') ? { attachments: objectsOf(args.json('attachments')) } : {}),
    ...metadataOf(call),
    linkNames: linksNames(call),
    ...(blocks.length > 0 ? {} : { editor: workspace.bot.id }),
  });
  return {
    channel: channel.id,
    ts: message.ts,
    text: message.text,
    message: renderMessage(workspace, channel, message, { metadata: true, counts: false }),
  };
}

function deleteMessage(call: Call): JsonObject {
  const { workspace } = call;
  const channel = channelOf(call);
  requireActive(call, channel);
  const message = ownMessage(call, channel, 'cant_delete_message');
  remove(workspace, channel, message);
  return { channel: channel.id, ts: message.ts };
}

function ownMessage(call: Call, channel: Channel, error: string): Message {
  const message = messageOf(call, channel, 'ts');
  if (message.subtype === 'tombstone') throw new Refusal('message_not_found');
  if (message.botId !== call.workspace.botId) throw new Refusal(error);
  return message;
}

function getPermalink(call: Call): JsonObject {
  const { workspace } = call;
  const channel = channelOf(call);
  const message = messageOf(call, channel, 'message_ts');
  const place = `https://${workspace.domain}.slack.com/archives/${channel.id}/p${message.ts.replace('.', '')}`;
  const thread = message.threadTs === undefined ? '' : `?thread_ts=${message.threadTs}&cid=${channel.id}`;
  return { channel: channel.id, permalink: `${place}${thread}` };
}
