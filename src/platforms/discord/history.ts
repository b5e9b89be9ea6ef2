// Reading back: whether a post of ours arrived, and what people said, changed and deleted while we were away.
import { Routes } from 'discord.js';
import { z } from 'zod';
import { BridgeError } from '../../domain/errors.ts';
import type { PlatformEvent } from '../../domain/events.ts';
import type { PostId } from '../../domain/ids.ts';
import type { Clock } from '../../runtime/time.ts';
import type { Attempt, KnownChannel } from '../platform.ts';
import type { Api } from './api.ts';
import { archivedThreads } from './channels.ts';
import { byAge, idBefore, isOlder, postId, postParts } from './ids.ts';
import { replyKeyIn } from './present.ts';
import { changed, deleted, edited, messageShape, said, sentByForm } from './receive.ts';
import type { DiscordMessage, ReceiveContext } from './receive.ts';

const PAGE = 100;
/** How far before its first try a post is looked for, in milliseconds: Discord's servers need not agree to the second. */
const CLOCK_SKEW_MS = 120_000;

const pageShape = z.array(messageShape);

interface Thread {
  readonly id: string;
  readonly parent_id?: string | null | undefined;
  readonly last_message_id?: string | null;
}

export interface HistoryOptions {
  readonly api: Api;
  readonly guildId: string;
  readonly clock: Clock;
  readonly context: (channels: readonly string[]) => Promise<ReceiveContext>;
  /** The latest messages of people in a channel or thread, as far as we were told. */
  readonly remembered: (channel: string) => ReadonlySet<string>;
  readonly remember: (event: PlatformEvent) => void;
  readonly stopping: AbortSignal;
}

export class History {
  readonly #options: HistoryOptions;

  constructor(options: HistoryOptions) {
    this.#options = options;
  }

  /** The post of ours that bears this attempt's key, in one of these channels. */
  async find(channels: readonly string[], attempt: Attempt): Promise<PostId | undefined> {
    const after = idBefore(new Date(attempt.firstTriedAt.getTime() - CLOCK_SKEW_MS));
    for (const channel of channels) {
      for await (const message of this.#after(channel, after, 'once')) {
        const isIt = message.nonce === attempt.key || replyKeyIn(message.components ?? []) === attempt.key;
        if (isIt) return postId(channel, message.id);
      }
    }
    return undefined;
  }

  /**
   * What people did in these channels and their threads since then, oldest first in each: what they said, what they edited among the
   * latest messages, and which of those that we were told of are gone.
   */
  async *missed(known: Iterable<KnownChannel>): AsyncGenerator<PlatformEvent> {
    const active = await this.#activeThreads();
    for (const channel of known) {
      try {
        for (const event of await this.#missedOf(channel, active)) {
          this.#options.remember(event);
          yield event;
        }
      } catch (error) {
        // One lost channel must not keep the others from being read.
        if (!(error instanceof BridgeError) || error.code !== 'channel_gone') throw error;
        yield changed({ channel: channel.channel, what: 'deleted' }, '', this.#options.clock.now());
      }
    }
  }

  async #missedOf(known: KnownChannel, active: readonly Thread[]): Promise<readonly PlatformEvent[]> {
    const { channel } = known;
    const from = idBefore(known.since);
    const heard = this.#heardIn(known);
    // What was deleted leaves a thread as old as it was: those with something to miss are read in any case.
    const isOfUse = (thread: Thread): boolean => isFresh(thread, from) || heard.has(thread.id);
    const threads: string[] = [];
    for (const thread of active) if (thread.parent_id === channel && isOfUse(thread)) threads.push(thread.id);
    for await (const thread of this.#archived(channel)) if (isOfUse(thread)) threads.push(thread.id);
    const context = await this.#options.context([channel, ...threads]);
    const events: PlatformEvent[] = [];
    for (const place of [channel, ...threads]) {
      events.push(...(await this.#missedIn(place, from, heard.get(place) ?? new Set(), context)));
    }
    return events.sort((one, other) => timeOf(one) - timeOf(other) || ageOf(one, other));
  }

  /** What we know of people's messages, by the channel or thread it stands in: told in this life, and recorded in earlier ones. */
  #heardIn({ channel, heard = [] }: KnownChannel): ReadonlyMap<string, ReadonlySet<string>> {
    const places = new Map<string, Set<string>>([[channel, new Set()]]);
    for (const post of heard) {
      const { channel: place, message } = postParts(post);
      places.set(place, (places.get(place) ?? new Set()).add(message));
    }
    for (const [place, messages] of places) for (const id of this.#options.remembered(place)) messages.add(id);
    return places;
  }

  async #missedIn(
    channel: string,
    from: string,
    heard: ReadonlySet<string>,
    context: ReceiveContext,
  ): Promise<readonly PlatformEvent[]> {
    const messages = new Map<string, DiscordMessage>();
    const latest = await this.#page(channel, {}, 'patiently');
    for (const message of latest) messages.set(message.id, message);
    for await (const message of this.#after(channel, from, 'patiently')) messages.set(message.id, message);
    const oldest = latest.length < PAGE ? '0' : (latest.map(({ id }) => id).sort(byAge)[0] ?? '0');
    const gone = [...heard].filter((id) => !isOlder(id, oldest) && !messages.has(id));
    return [
      ...[...messages.values()].flatMap((message) => eventsOf(message, from, context)),
      ...gone.map((id) => deleted(channel, id, context)),
    ];
  }

  /** Oldest first. */
  async *#after(channel: string, from: string, how: 'once' | 'patiently'): AsyncGenerator<DiscordMessage> {
    for (let after = from; ;) {
      const page = [...(await this.#page(channel, { after }, how))].sort((one, other) => byAge(one.id, other.id));
      yield* page;
      after = page.at(-1)?.id ?? after;
      if (page.length < PAGE) return;
    }
  }

  async #page(
    channel: string,
    span: { readonly after?: string },
    how: 'once' | 'patiently',
  ): Promise<readonly DiscordMessage[]> {
    const query = new URLSearchParams({ limit: String(PAGE), ...span });
    const read = () => this.#options.api.call('get', Routes.channelMessages(channel), { query });
    return pageShape.parse(how === 'once' ? await read() : await this.#patiently(read));
  }

  async #activeThreads(): Promise<readonly Thread[]> {
    const { api, guildId } = this.#options;
    const answer = await this.#patiently(() =>
      api.call<{ readonly threads: readonly Thread[] }>('get', Routes.guildActiveThreads(guildId)),
    );
    return answer.threads;
  }

  /** A private thread used as a channel has no threads. */
  async *#archived(channel: string): AsyncGenerator<Thread> {
    try {
      yield* archivedThreads(this.#options.api, channel, 'public');
    } catch (error) {
      if (!(error instanceof BridgeError) || error.code !== 'refused') throw error;
    }
  }

  /** Waits as often as Discord asks to. */
  async #patiently<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    const { clock, stopping } = this.#options;
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof BridgeError) || error.code !== 'throttled') throw error;
        await clock.sleep(error.retryAfterMs ?? 0, stopping);
        if (stopping.aborted) throw error;
      }
    }
  }
}

function isFresh(thread: Thread, from: string): boolean {
  return !!thread.last_message_id && isOlder(from, thread.last_message_id);
}

function eventsOf(message: DiscordMessage, from: string, context: ReceiveContext): readonly PlatformEvent[] {
  const isNew = isOlder(from, message.id);
  const told = isNew ? (said(message, context) ?? sentByForm(message, context)) : undefined;
  const change = edited(message, context);
  // An edit counts from the moment it was made. Of a new message too: it may have been heard of as it was at first.
  const isChanged = change !== undefined && !isOlder(idBefore(change.at), from);
  return [...(told === undefined ? [] : [told]), ...(isChanged ? [change] : [])];
}

const timeOf = (event: PlatformEvent): number => event.at.getTime();

function ageOf(one: PlatformEvent, other: PlatformEvent): number {
  return 'post' in one && 'post' in other ? byAge(postParts(one.post).message, postParts(other.post).message) : 0;
}
