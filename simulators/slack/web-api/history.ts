// conversations.history and conversations.replies: reading back what was said.
import type { JsonObject } from '../json.ts';
import { renderMessage } from '../render.ts';
import type { Channel, Message } from '../types.ts';
import { Refusal, channelOf, cursorPosition, encodeCursor, requireScope, scopeFor } from './call.ts';
import type { Call, Method } from './call.ts';

const HISTORY = ['channels:history', 'groups:history', 'im:history', 'mpim:history'];
const MAX_LIMIT = 999;

export const historyMethods: Readonly<Record<string, Method>> = {
  'conversations.history': { token: 'bot', scopes: HISTORY, tier: 3, run: history },
  'conversations.replies': { token: 'bot', scopes: HISTORY, tier: 3, run: replies },
};

/**
 * Newest first. With `oldest` and no `latest` the messages next to `oldest` come first, page by page towards the present, each page
 * newest first within itself; otherwise those next to `latest`, page by page into the past.
 */
function history(call: Call): JsonObject {
  const channel = readable(call);
  const { args } = call;
  const limit = limitOf(call, 100);
  const within = bounded(call, channel.topLevel);
  const forward = args.has('oldest') && args.number('oldest', 0) > 0 && !args.has('latest');
  const cursor = args.text('cursor') === '' ? undefined : cursorPosition(args.text('cursor'));
  let page: Message[];
  let rest: boolean;
  if (forward) {
    const remaining = cursor === undefined ? within : within.filter((message) => message.ts > cursor);
    page = remaining.slice(0, limit);
    rest = remaining.length > limit;
  } else {
    const remaining = cursor === undefined ? within : within.filter((message) => message.ts < cursor);
    page = remaining.slice(-limit);
    rest = remaining.length > limit;
  }
  const edge = forward ? page.at(-1) : page[0];
  return {
    messages: page.toReversed().map((message) => shown(call, channel, message)),
    has_more: rest,
    is_limited: false,
    pin_count: channel.pins.length,
    channel_actions_ts: null,
    channel_actions_count: 0,
    ...(rest && edge !== undefined ? { response_metadata: { next_cursor: encodeCursor(edge.ts) } } : {}),
  };
}

/** Oldest first; the thread's first message leads every page. The ts of a reply answers that reply alone. */
function replies(call: Call): JsonObject {
  const channel = readable(call);
  const { args } = call;
  const first = channel.message(args.required('ts'));
  if (first === undefined) throw new Refusal('thread_not_found');
  if (first.threadTs !== undefined) return { messages: [shown(call, channel, first)], has_more: false };
  const limit = limitOf(call, 1_000);
  const cursor = args.text('cursor') === '' ? '' : cursorPosition(args.text('cursor'));
  const remaining = bounded(call, channel.thread(first.ts)).filter((message) => message.ts > cursor);
  const page = remaining.slice(0, Math.max(1, limit - 1));
  const rest = remaining.length > page.length;
  return {
    messages: [first, ...page].map((message) => shown(call, channel, message)),
    has_more: rest,
    ...(rest ? { response_metadata: { next_cursor: encodeCursor(page.at(-1)?.ts ?? '') } } : {}),
  };
}

function readable(call: Call): Channel {
  const channel = channelOf(call);
  requireScope(call, scopeFor(channel, 'history'));
  if (!channel.members.has(call.workspace.bot.id)) throw new Refusal('not_in_channel');
  return channel;
}

function limitOf(call: Call, otherwise: number): number {
  const limit = call.args.number('limit', otherwise);
  if (limit < 1) throw new Refusal('invalid_limit');
  return Math.min(limit, otherwise === 1_000 ? 1_000 : MAX_LIMIT);
}

function bounded(call: Call, messages: readonly Message[]): Message[] {
  const { args } = call;
  const oldest = timestamp(call, 'oldest');
  const latest = timestamp(call, 'latest');
  const inclusive = args.flag('inclusive');
  return messages.filter(({ ts }) => {
    const afterOldest = oldest === undefined || Number(ts) > oldest || (inclusive && Number(ts) === oldest);
    const beforeLatest = latest === undefined || Number(ts) < latest || (inclusive && Number(ts) === latest);
    return afterOldest && beforeLatest;
  });
}

function timestamp(call: Call, name: 'oldest' | 'latest'): number | undefined {
  if (!call.args.has(name)) return undefined;
  const value = Number(call.args.text(name));
  if (!Number.isFinite(value)) throw new Refusal(name === 'oldest' ? 'invalid_ts_oldest' : 'invalid_ts_latest');
  return value;
}

function shown(call: Call, channel: Channel, message: Message): JsonObject {
  const metadata = call.args.flag('include_all_metadata');
  return renderMessage(call.workspace, channel, message, { metadata, counts: true });
}
