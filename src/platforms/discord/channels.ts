// The channels of Mirrors: opened once each in categories of ours, private from the first moment; private threads beyond the budget.
import { createHash } from 'node:crypto';
import { Routes } from 'discord.js';
import { BridgeError } from '../../domain/errors.ts';
import type { ChannelId, MirrorId } from '../../domain/ids.ts';
import type { Clock } from '../../runtime/time.ts';
import type { ChannelSpec, OpenedChannel } from '../platform.ts';
import type { Api } from './api.ts';
import { MAX_CHANNEL_NAME, MAX_CONTENT } from './capabilities.ts';
import type { DiscordIdentity } from './connection.ts';
import { discordCode, isRefusedField } from './errors.ts';
import { channelId } from './ids.ts';
import type { OwnDoings } from './own-doings.ts';
import { FOR_BOT, VIEW } from './permissions.ts';
import { PRIVATE_THREAD } from './places.ts';
import type { DiscordChannel, Places } from './places.ts';
import { markedTopic } from './present.ts';
import { smallLine } from './text.ts';

/** Numbers of Discord's API; source: docs.discord.com, "Channel Types". */
const TEXT = 0;
const CATEGORY = 4;
/** How many channels a category takes; source: docs.discord.com, channel resource. */
const IN_CATEGORY = 50;
const CATEGORY_NAME = 'WhatsApp';
const THREADS_NAME = 'whatsapp';
const THREADS_ENDING = '-more';
/**
 * A channel that lets us wait so long for its next thread is passed over until then. Discord's limit on new threads counts by channel and lasts for
 * minutes (discord-api-docs #7816); shorter waits are the ordinary ones.
 */
const SLOW_MS = 30_000;
/** The longest Discord waits before it archives a silent thread, in minutes. */
const ARCHIVE_MINUTES = 10_080;

interface ApiChannel extends DiscordChannel {
  readonly topic?: string | null;
  readonly owner_id?: string;
  readonly thread_metadata?: {
    readonly archived: boolean;
    readonly locked: boolean;
    readonly archive_timestamp: string;
  };
}

const MARK = 'Switchboard mirror ';
/** What a channel for private threads says about itself; behind it the Account's id, and its number if it isn't the first. */
const THREADS_MARK = `${MARK}threads`;
/** What a channel of ours says about itself, so that it's found when the answer to its making was lost. */
const markOf = (mirror: MirrorId): string => `${MARK}${mirror}`;
/** A thread has no topic: its name ends with this. */
const suffixOf = (mirror: MirrorId): string => `-${createHash('sha256').update(mirror).digest('hex').slice(0, 8)}`;

export interface ChannelsOptions {
  readonly api: Api;
  readonly guildId: string;
  /** How many text channels are opened before private threads are. */
  readonly budget: number;
  /** How many private threads a channel for them takes before another one is opened. */
  readonly threadsInParent: number;
  readonly places: Places;
  readonly own: OwnDoings;
  readonly me: () => Promise<DiscordIdentity>;
  readonly clock: Clock;
}

export class Channels {
  readonly #options: ChannelsOptions;
  /** All channels and threads of the server, as last read; undefined: read them before the next opening. */
  #known: Map<string, ApiChannel> | undefined;
  /** Channels for threads that asked us to wait, until when. */
  readonly #slow = new Map<string, number>();
  /** Openings go one after the other: two at once could make a category each, or take one name twice. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: ChannelsOptions) {
    this.#options = options;
  }

  /** See `ChatPlatform.openChannel`. */
  async open(spec: ChannelSpec): Promise<OpenedChannel> {
    const turn = this.#turn.then(() => this.#open(spec));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** A channel was deleted or renamed by somebody: what we hold for true is read again. */
  forget(): void {
    this.#known = undefined;
  }

  /** See `ChatPlatform.updateChannel`. Only what differs is changed: Discord allows two changes in ten minutes. */
  async update(
    channel: ChannelId,
    changes: { readonly name?: string; readonly topic?: string },
  ): Promise<string | undefined> {
    const { api, own } = this.#options;
    const now = await api.call<ApiChannel>('get', Routes.channel(channel));
    const isThread = now.type === PRIVATE_THREAD;
    const ending = isThread ? (/-[0-9a-f]{8}$/.exec(now.name ?? '')?.[0] ?? '') : '';
    const name = changes.name === undefined ? undefined : `${changes.name}${ending}`;
    const mark = /Switchboard mirror \S+$/.exec(now.topic ?? '')?.[0] ?? '';
    const topic = changes.topic === undefined || isThread ? undefined : markedTopic(changes.topic, mark);
    const body = {
      ...(name === undefined || name === now.name ? {} : { name }),
      ...(topic === undefined || topic === now.topic ? {} : { topic }),
    };
    if (Object.keys(body).length === 0) return name;
    if (body.name !== undefined) own.noteName(channel, body.name);
    const changed = await api.call<ApiChannel>('patch', Routes.channel(channel), {
      body: isThread ? { ...body, archived: false } : body,
    });
    this.#known?.set(channel, changed);
    return name === undefined ? undefined : (changed.name ?? name);
  }

  /** See `ChatPlatform.closeThread`. A thread that was deleted is as closed as can be. */
  async closeThread(thread: ChannelId): Promise<void> {
    const { api } = this.#options;
    const route = Routes.channel(thread);
    try {
      const { thread_metadata: state } = await api.call<ApiChannel>('get', route);
      if (state?.locked === true && state.archived) return;
      // Of an archived thread nothing else can be changed.
      if (state?.archived === true) await api.call('patch', route, { body: { archived: false } });
      await api.call('patch', route, { body: { locked: true, archived: true } });
    } catch (error) {
      if (!(error instanceof BridgeError) || error.code !== 'channel_gone') throw error;
    }
  }

  async #open(spec: ChannelSpec): Promise<OpenedChannel> {
    const { guildId, places } = this.#options;
    try {
      const channel = (await this.#find(spec.mirror)) ?? (await this.#create(spec));
      places.learn(channel);
      return {
        channel: channelId(channel.id),
        name: channel.name ?? spec.name,
        url: `https://discord.com/channels/${guildId}/${channel.id}`,
        ...(channel.type === PRIVATE_THREAD ? { isThread: true } : {}),
      };
    } catch (error) {
      // It may exist all the same, or what we hold for true isn't: the next opening looks.
      this.#known = undefined;
      throw error;
    }
  }

  async #find(mirror: MirrorId): Promise<ApiChannel | undefined> {
    const { api } = this.#options;
    for (const channel of (await this.#all()).values()) {
      const isThread = channel.type === PRIVATE_THREAD;
      const isIt = isThread
        ? channel.name?.endsWith(suffixOf(mirror)) === true
        : channel.topic?.split('\n').at(-1) === markOf(mirror);
      if (!isIt) continue;
      try {
        return await api.call<ApiChannel>('get', Routes.channel(channel.id));
      } catch (error) {
        if (!(error instanceof BridgeError) || error.code !== 'channel_gone') throw error;
        this.#known?.delete(channel.id);
      }
    }
    return undefined;
  }

  async #create(spec: ChannelSpec): Promise<ApiChannel> {
    const all = await this.#all();
    const mirrored = [...all.values()].filter(({ type, topic }) => type === TEXT && topic?.includes(MARK));
    if (spec.own === true) return this.#createText(spec);
    if (mirrored.length >= this.#options.budget) return this.#createThread(spec);
    try {
      return await this.#createText(spec);
    } catch (error) {
      // The server has as many channels as Discord allows.
      if (discordCode(error) === 30_013) return this.#createThread(spec);
      throw error;
    }
  }

  async #createText(spec: ChannelSpec): Promise<ApiChannel> {
    const all = await this.#all();
    const names = new Set([...all.values()].map(({ name }) => name));
    const body = { type: TEXT, name: freeName(spec.name, names), topic: markedTopic(spec.topic, markOf(spec.mirror)) };
    for (let number = 1; ; number += 1) {
      const category = await this.#category(number);
      const held = [...all.values()].filter((channel) => channel.parent_id === category.id).length;
      if (held >= IN_CATEGORY) continue;
      try {
        return await this.#make({ ...body, parent_id: category.id });
      } catch (error) {
        // Others may have put channels into it that we aren't shown.
        if (!isRefusedField(error, 'parent_id')) throw error;
      }
    }
  }

  async #category(number: number): Promise<ApiChannel> {
    const name = number === 1 ? CATEGORY_NAME : `${CATEGORY_NAME} ${number}`;
    const all = await this.#all();
    const there = [...all.values()].find((channel) => channel.type === CATEGORY && channel.name === name);
    return there ?? this.#make({ type: CATEGORY, name });
  }

  /** Makes a channel that nobody but the bot sees, from its first moment. */
  async #make(body: object): Promise<ApiChannel> {
    const { api, guildId, me } = this.#options;
    const { botUserId } = await me();
    const overwrites = [
      { id: guildId, type: 0, allow: '0', deny: String(VIEW) },
      { id: botUserId, type: 1, allow: String(FOR_BOT), deny: '0' },
    ];
    const made = await api.call<ApiChannel>('post', Routes.guildChannels(guildId), {
      body: { ...body, permission_overwrites: overwrites },
    });
    this.#known?.set(made.id, made);
    return made;
  }

  /** A private thread of a channel that holds nothing else. Its topic stands in it as the first message. */
  async #createThread(spec: ChannelSpec): Promise<ApiChannel> {
    const { api, clock } = this.#options;
    const parent = await this.#threadsParent(spec.group);
    const ending = suffixOf(spec.mirror);
    const name = `${cut(spec.name, MAX_CHANNEL_NAME - ending.length)}${ending}`;
    let made: ApiChannel;
    try {
      made = await api.call<ApiChannel>('post', Routes.threads(parent.id), {
        body: { name, type: PRIVATE_THREAD, invitable: false, auto_archive_duration: ARCHIVE_MINUTES },
      });
    } catch (error) {
      const waitMs = error instanceof BridgeError && error.code === 'throttled' ? (error.retryAfterMs ?? 0) : 0;
      if (waitMs < SLOW_MS) throw error;
      this.#slow.set(parent.id, clock.monotonicMs() + waitMs);
      return this.#createThread(spec);
    }
    this.#known?.set(made.id, made);
    if (spec.topic !== '') {
      const body = { content: smallLine(spec.topic).slice(0, MAX_CONTENT), allowed_mentions: { parse: [] } };
      await api.call('post', Routes.channelMessages(made.id), { body });
    }
    return made;
  }

  /** The first channel for threads of this Account that has room and doesn't let us wait; opened when there's none. It never empties: threads sleep, none is deleted. */
  async #threadsParent(group: ChannelSpec['group']): Promise<ApiChannel> {
    const all = await this.#all();
    const channels = [...all.values()];
    const base = `${cut(group?.name ?? THREADS_NAME, MAX_CHANNEL_NAME - THREADS_ENDING.length - 5)}${THREADS_ENDING}`;
    for (let number = 1; ; number += 1) {
      const topic = `${THREADS_MARK}${group === undefined ? '' : ` ${group.id}`}${number === 1 ? '' : ` ${number}`}`;
      const there = channels.find((channel) => channel.type === TEXT && channel.topic === topic);
      if (there === undefined) {
        const names = new Set(channels.map(({ name }) => name));
        return this.#make({ type: TEXT, name: freeName(base, names), topic });
      }
      const held = channels.filter(({ type, parent_id: parent }) => type === PRIVATE_THREAD && parent === there.id);
      const isSlow = (this.#slow.get(there.id) ?? 0) > this.#options.clock.monotonicMs();
      if (held.length < this.#options.threadsInParent && !isSlow) return there;
    }
  }

  async #all(): Promise<Map<string, ApiChannel>> {
    return (this.#known ??= await this.#readAll());
  }

  async #readAll(): Promise<Map<string, ApiChannel>> {
    const { api, guildId } = this.#options;
    const known = new Map<string, ApiChannel>();
    for (const channel of await api.call<ApiChannel[]>('get', Routes.guildChannels(guildId)))
      known.set(channel.id, channel);
    const { threads } = await api.call<{ threads: ApiChannel[] }>('get', Routes.guildActiveThreads(guildId));
    for (const thread of threads) if (thread.type === PRIVATE_THREAD) known.set(thread.id, thread);
    const parents = [...known.values()].filter(({ type, topic }) => type === TEXT && topic?.startsWith(THREADS_MARK));
    for (const parent of parents) {
      for await (const thread of archivedThreads(api, parent.id, 'private')) known.set(thread.id, thread);
    }
    return known;
  }
}

interface ArchivedThread extends ApiChannel {
  readonly last_message_id?: string | null;
}

/** The archived threads of a channel, those archived last first. */
export async function* archivedThreads(
  api: Api,
  channel: string,
  which: 'public' | 'private',
): AsyncGenerator<ArchivedThread> {
  for (let before = ''; ;) {
    const page = await api.call<{ threads: ArchivedThread[]; has_more: boolean }>(
      'get',
      Routes.channelThreads(channel, which),
      {
        query: new URLSearchParams({ limit: '100', ...(before === '' ? {} : { before }) }),
      },
    );
    yield* page.threads;
    before = page.threads.at(-1)?.thread_metadata?.archive_timestamp ?? '';
    if (!page.has_more || before === '') return;
  }
}

/** The name, or the first of name-2, name-3 … that no channel bears. */
function freeName(name: string, taken: ReadonlySet<string | null | undefined>): string {
  for (let count = 1; ; count += 1) {
    const suffix = count === 1 ? '' : `-${count}`;
    const variant = `${cut(name, MAX_CHANNEL_NAME - suffix.length)}${suffix}`;
    if (!taken.has(variant)) return variant;
  }
}

/** Not between the halves of a character. */
function cut(name: string, max: number): string {
  return name.slice(0, max).replace(/[\uD800-\uDBFF]$/, '');
}
