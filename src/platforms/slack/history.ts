// Reading back: whether a post of ours arrived, and what people said while we were away.
import { z } from 'zod';
import { BridgeError } from '../../domain/errors.ts';
import type { PlatformEvent } from '../../domain/events.ts';
import type { PostId } from '../../domain/ids.ts';
import type { Clock } from '../../runtime/time.ts';
import type { Attempt, KnownChannel, PostTarget } from '../platform.ts';
import type { Api } from './api.ts';
import { postId, postParts, tsOf } from './ids.ts';
import { deleted, edited, messageShape, said } from './receive.ts';
import type { ReceiveContext, SlackMessage } from './receive.ts';

/** The metadata that makes a post of ours recognisable. */
export const DELIVERY_EVENT = 'switchboard_delivery';

const PAGE = 200;
/** How far before its first try a post is looked for, in milliseconds: Slack's servers need not agree to the second. */
const CLOCK_SKEW_MS = 120_000;

const pageShape = z.object({
  messages: z.array(messageShape).default([]),
  response_metadata: z.object({ next_cursor: z.string().optional() }).optional(),
});

interface Span {
  readonly channel: string;
  readonly oldest: string;
  /** Of one thread instead of the channel. */
  readonly thread?: string;
}

export class History {
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #stopping: AbortSignal;

  constructor(api: Api, clock: Clock, stopping: AbortSignal) {
    this.#api = api;
    this.#clock = clock;
    this.#stopping = stopping;
  }

  /** The post of ours that bears this attempt's key. */
  async find(to: PostTarget, attempt: Attempt): Promise<PostId | undefined> {
    const oldest = tsOf(new Date(attempt.firstTriedAt.getTime() - CLOCK_SKEW_MS));
    const thread = to.thread === undefined ? {} : { thread: postParts(to.thread).ts };
    for await (const message of this.#read({ channel: to.channel, oldest, ...thread }, 'once')) {
      const { metadata } = message;
      if (metadata?.event_type === DELIVERY_EVENT && metadata.event_payload['key'] === attempt.key) {
        return postId(to.channel, message.ts);
      }
    }
    return undefined;
  }

  /**
   * What people said in a channel since then, oldest first: at its top level and in the threads that got replies, what was edited since, and
   * deleted messages as far as they leave a trace (one with replies does). `contextFor` gives the names for a batch of messages.
   */
  async *missed(
    known: KnownChannel,
    contextFor: (messages: readonly SlackMessage[]) => Promise<ReceiveContext>,
  ): AsyncGenerator<PlatformEvent> {
    const { channel } = known;
    const since = tsOf(known.since);
    const threads = known.threads.map((thread) => postParts(thread).ts);
    // From the oldest thread on: that tells which of the threads got a reply, in one reading.
    const from = threads.reduce((oldest, ts) => (isBefore(ts, oldest) ? ts : oldest), since);
    const messages = new Map<string, SlackMessage>();
    for await (const message of this.#read({ channel, oldest: from }, 'patiently')) messages.set(message.ts, message);
    const answered = [...messages.values()].filter(
      (message) => message.latest_reply && !isBefore(message.latest_reply, since),
    );
    for (const { ts } of answered) {
      for await (const reply of this.#read({ channel, oldest: since, thread: ts }, 'patiently')) {
        if (reply.ts !== ts) messages.set(reply.ts, reply);
      }
    }
    // A tombstone doesn't say whose message it was; those of our own are none of people's doings.
    const all = [...messages.values()].filter(({ subtype, ts }) => subtype !== 'tombstone' || !threads.includes(ts));
    const context = await contextFor(all);
    const events = all.flatMap((message) => eventsOf(channel, message, since, context));
    yield* events.sort((one, other) => one.at.getTime() - other.at.getTime() || order(one, other));
  }

  async *#read(span: Span, how: 'once' | 'patiently'): AsyncGenerator<SlackMessage> {
    for (let cursor = ''; ;) {
      const page = await this.#page(span, cursor, how);
      yield* page.messages;
      cursor = page.response_metadata?.next_cursor ?? '';
      if (cursor === '') return;
    }
  }

  /** One page. `patiently` waits as often as Slack asks to. */
  async #page(span: Span, cursor: string, how: 'once' | 'patiently'): Promise<z.infer<typeof pageShape>> {
    const { thread, channel, oldest } = span;
    const method = thread === undefined ? 'conversations.history' : 'conversations.replies';
    for (;;) {
      try {
        const answer = await this.#api.read(method, (web) =>
          web.apiCall(method, {
            channel,
            oldest,
            inclusive: true,
            limit: PAGE,
            include_all_metadata: true,
            ...(thread === undefined ? {} : { ts: thread }),
            ...(cursor === '' ? {} : { cursor }),
          }),
        );
        return pageShape.parse(answer);
      } catch (error) {
        const isPause = error instanceof BridgeError && error.code === 'throttled' && how === 'patiently';
        if (!isPause) throw error;
        await this.#clock.sleep(error.retryAfterMs ?? 0, this.#stopping);
        if (this.#stopping.aborted) throw error;
      }
    }
  }
}

function eventsOf(channel: string, message: SlackMessage, since: string, context: ReceiveContext): PlatformEvent[] {
  const { ts } = message;
  if (message.subtype === 'tombstone') {
    return [deleted(channel, ts, isBefore(ts, since) ? since : ts)];
  }
  const told = isBefore(ts, since) ? [] : listOf(said(channel, message, context));
  const editedTs = message.edited?.ts;
  if (editedTs === undefined || isBefore(editedTs, since)) return told;
  // It may have been heard of as it was at first: told anew it would change nothing, so its edit is told as well.
  return [...told, ...listOf(edited(channel, message, context))];
}

const listOf = (event: PlatformEvent | undefined): PlatformEvent[] => (event === undefined ? [] : [event]);

/** Both are "seconds.microseconds"; as numbers they would lose the last digits. */
function isBefore(ts: string, other: string): boolean {
  const [seconds = '', micros = ''] = ts.split('.');
  const [otherSeconds = '', otherMicros = ''] = other.split('.');
  if (seconds !== otherSeconds) return Number(seconds) < Number(otherSeconds);
  return Number(micros.padEnd(6, '0')) < Number(otherMicros.padEnd(6, '0'));
}

function order(one: PlatformEvent, other: PlatformEvent): number {
  if (!('post' in one) || !('post' in other)) return 0;
  return isBefore(postParts(one.post).ts, postParts(other.post).ts) ? -1 : 1;
}
