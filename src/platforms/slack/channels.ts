// The channels of Mirrors: opened once each, found again by a mark in their description, renamed.
import { BridgeError } from '../../domain/errors.ts';
import type { ChannelId, MirrorId } from '../../domain/ids.ts';
import type { Log } from '../../runtime/log.ts';
import type { ChannelSpec, OpenedChannel } from '../platform.ts';
import type { Api } from './api.ts';
import { MAX_CHANNEL_NAME, MAX_TOPIC } from './capabilities.ts';
import { slackCode } from './errors.ts';
import { channelId } from './ids.ts';
import { membersOf } from './members.ts';
import { topicText } from './present.ts';

const PAGE = 200;
/** How many names are tried before the name counts as unusable. */
const MAX_NAMES = 8;

/** What a channel of ours says about itself, so that it's found when the answer to its making was lost. */
const markOf = (mirror: MirrorId): string => `Switchboard mirror ${mirror}`;

interface Known {
  readonly id: string;
  name: string;
  purpose: string;
  readonly isOurs: boolean;
}

export class Channels {
  readonly #api: Api;
  readonly #log: Log;
  readonly #botUserId: () => string;
  readonly #workspaceUrl: () => string | undefined;
  /** The channels the bot is in, as last read; undefined: read them before the next opening. */
  #known: Map<string, Known> | undefined;
  /** The names we gave last: their events are echoes. */
  readonly #ownNames = new Map<string, string>();
  /** Openings go one after the other: two at once could take each other's fresh channel for a lost one. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(api: Api, log: Log, botUserId: () => string, workspaceUrl: () => string | undefined) {
    this.#api = api;
    this.#log = log;
    this.#botUserId = botUserId;
    this.#workspaceUrl = workspaceUrl;
  }

  /** See `ChatPlatform.openChannel`. */
  async open(spec: ChannelSpec): Promise<OpenedChannel> {
    const turn = this.#turn.then(() => this.#open(spec));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** A channel was archived or deleted, or the bot taken out. */
  forget(channel: ChannelId): void {
    this.#known?.delete(channel);
  }

  /** Whether an event tells of a name that we gave ourselves. */
  isOwnName(channel: ChannelId, name: string): boolean {
    return this.#ownNames.get(channel) === name;
  }

  /** See `ChatPlatform.updateChannel`. Slack allows twenty renames and twenty topics a minute: what is so already is left. */
  async update(
    channel: ChannelId,
    changes: { readonly name?: string; readonly topic?: string },
  ): Promise<string | undefined> {
    const { channel: now } = await this.#api.read('conversations.info', (web) => web.conversations.info({ channel }));
    const { name, topic } = changes;
    const named = name === undefined ? undefined : await this.#rename(channel, now?.name ?? '', name);
    if (topic !== undefined && now?.topic?.value !== topicText(topic, MAX_TOPIC)) await this.#setTopic(channel, topic);
    return named;
  }

  async #rename(channel: ChannelId, from: string, to: string): Promise<string> {
    if (isVariantOf(from, to)) return from;
    const known = (this.#known ??= await this.#readAll());
    return this.#withFreeName(to, async (free) => {
      this.#ownNames.set(channel, free);
      await this.#api.write('conversations.rename', (web) => web.conversations.rename({ channel, name: free }));
      const renamed = known.get(channel);
      if (renamed !== undefined) renamed.name = free;
      return free;
    });
  }

  async #setTopic(channel: string, topic: string): Promise<void> {
    await this.#api.write('conversations.setTopic', (web) =>
      web.conversations.setTopic({ channel, topic: topicText(topic, MAX_TOPIC) }),
    );
  }

  async #open(spec: ChannelSpec): Promise<OpenedChannel> {
    const channel = (await this.#find(spec)) ?? (await this.#create(spec));
    const mark = markOf(spec.mirror);
    if (channel.purpose !== mark) {
      await this.#unlessRefused(() =>
        this.#api.write('conversations.setPurpose', (web) =>
          web.conversations.setPurpose({ channel: channel.id, purpose: mark }),
        ),
      );
      channel.purpose = mark;
    }
    if (spec.topic !== '') await this.#unlessRefused(() => this.#setTopic(channel.id, spec.topic));
    const url = this.#workspaceUrl();
    return {
      channel: channelId(channel.id),
      name: channel.name,
      ...(url === undefined ? {} : { url: `${url}archives/${channel.id}` }),
    };
  }

  /** What a channel says about itself is no reason to hold its messages back. */
  async #unlessRefused(write: () => Promise<unknown>): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (!(error instanceof BridgeError) || error.retry === 'later' || error.code === 'channel_gone') throw error;
      this.#log.warn({ err: error }, 'a channel could not be described');
    }
  }

  /** The channel of an earlier opening: by its mark, else the one that a lost answer left behind unmarked. */
  async #find(spec: ChannelSpec): Promise<Known | undefined> {
    const known = (this.#known ??= await this.#readAll());
    for (const channel of known.values()) {
      if (channel.purpose === markOf(spec.mirror) && (await this.#isUsable(channel))) return channel;
    }
    for (const channel of known.values()) {
      const isCandidate = channel.isOurs && channel.purpose === '' && isVariantOf(channel.name, spec.name);
      if (isCandidate && (await this.#isUsable(channel)) && (await this.#holdsOnlyUs(channel))) return channel;
    }
    return undefined;
  }

  async #create(spec: ChannelSpec): Promise<Known> {
    try {
      return await this.#withFreeName(spec.name, async (name) => {
        const answer = await this.#api.write('conversations.create', (web) =>
          web.conversations.create({ name, is_private: true }),
        );
        const id = answer.channel?.id ?? '';
        const created: Known = { id, name: answer.channel?.name ?? name, purpose: '', isOurs: true };
        this.#known?.set(id, created);
        return created;
      });
    } catch (error) {
      // It may exist all the same: the next opening looks.
      if (error instanceof BridgeError && !error.certain) this.#known = undefined;
      throw error;
    }
  }

  /** Tries a name, then the name with a number, leaving out those that we know are taken. Archived channels keep their names too. */
  async #withFreeName<Result>(name: string, use: (free: string) => Promise<Result>): Promise<Result> {
    const taken = new Set([...(this.#known?.values() ?? [])].map((channel) => channel.name));
    for (let count = 1, triedCount = 0; ; count += 1) {
      const free = nameVariant(name, count);
      if (taken.has(free)) continue;
      triedCount += 1;
      try {
        return await use(free);
      } catch (error) {
        if (slackCode(error) !== 'name_taken' || triedCount === MAX_NAMES) throw error;
        this.#log.debug({ count }, 'the channel name is taken');
      }
    }
  }

  async #readAll(): Promise<Map<string, Known>> {
    const known = new Map<string, Known>();
    for (let cursor = ''; ;) {
      const page = await this.#api.read('users.conversations', (web) =>
        web.users.conversations({
          types: 'private_channel',
          exclude_archived: true,
          limit: PAGE,
          ...(cursor === '' ? {} : { cursor }),
        }),
      );
      for (const channel of page.channels ?? []) {
        const { id = '', name = '', creator, purpose } = channel;
        known.set(id, { id, name, purpose: purpose?.value ?? '', isOurs: creator === this.#botUserId() });
      }
      cursor = page.response_metadata?.next_cursor ?? '';
      if (cursor === '') return known;
    }
  }

  /** Whether what we remember of a channel still holds. */
  async #isUsable(channel: Known): Promise<boolean> {
    try {
      const answer = await this.#api.read('conversations.info', (web) =>
        web.conversations.info({ channel: channel.id }),
      );
      if (answer.channel?.is_archived !== true) {
        channel.name = answer.channel?.name ?? channel.name;
        return true;
      }
    } catch (error) {
      if (!(error instanceof BridgeError) || error.code !== 'channel_gone') throw error;
    }
    this.#known?.delete(channel.id);
    return false;
  }

  async #holdsOnlyUs(channel: Known): Promise<boolean> {
    const members = await membersOf(this.#api, channel.id);
    return members.every((member) => member === this.#botUserId());
  }
}

/** The name for the n-th try, within Slack's cap. */
function nameVariant(name: string, count: number): string {
  if (count === 1) return name;
  const suffix = `-${count}`;
  // Not between the halves of a character.
  const stem = name.slice(0, MAX_CHANNEL_NAME - suffix.length).replace(/[\uD800-\uDBFF]$/, '');
  return `${stem}${suffix}`;
}

function isVariantOf(name: string, wanted: string): boolean {
  const count = Number(/-(\d{1,4})$/.exec(name)?.[1] ?? 1);
  return name === wanted || name === nameVariant(wanted, count);
}
