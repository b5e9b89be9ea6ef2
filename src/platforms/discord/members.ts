// Makes a channel hold exactly the people it should: by overwrites of a text channel, by membership of a private thread.
import { Routes } from 'discord.js';
import { BridgeError } from '../../domain/errors.ts';
import type { Problem } from '../../domain/events.ts';
import type { ChannelId, UserId } from '../../domain/ids.ts';
import type { MembershipReport } from '../platform.ts';
import type { Api } from './api.ts';
import type { DiscordIdentity } from './connection.ts';
import { discordCode } from './errors.ts';
import { channelId, userId } from './ids.ts';
import type { OwnDoings } from './own-doings.ts';
import { FOR_PEOPLE, FOR_THREAD_PEOPLE, VIEW } from './permissions.ts';
import { PRIVATE_THREAD, viewersOf } from './places.ts';
import type { DiscordChannel } from './places.ts';

const ROLE = 0;
const MEMBER = 1;

/** Why somebody can't be let in or taken out, and what mends it. Errors without an entry are told by their number. */
const PROBLEMS: Readonly<Record<number, Problem>> = {
  10007: {
    what: 'This person is not in the Discord server (any more).',
    fix: 'Invite the person to the server, or deactivate the agent.',
  },
  10013: {
    what: 'Discord knows this person no more: the account was deleted.',
    fix: 'Deactivate the agent, or link them to their new Discord account.',
  },
  30033: {
    what: 'The private thread of this chat holds as many people as Discord allows (1,000).',
    fix: 'Take access away from people who don’t need it.',
  },
  30060: {
    what: 'The channel holds as many people as Discord allows (1,000).',
    fix: 'Take access away from people who don’t need it.',
  },
  50013: {
    what: 'The bot may not let people into its channels or take them out.',
    fix: 'In Discord: Server Settings → Roles → the bot’s role → switch on “Manage Roles” and “Manage Channels”; for private threads “Manage Threads”.',
  },
};

interface ApiChannel extends DiscordChannel {
  readonly thread_metadata?: { readonly archived: boolean };
}

/** How people are let into a place and taken out. */
interface Door {
  readonly present: ReadonlySet<UserId>;
  add(user: UserId): Promise<void>;
  remove(user: UserId): Promise<void>;
}

interface Work {
  readonly channel: ChannelId;
  readonly door: Door;
  readonly present: Set<UserId>;
  readonly added: UserId[];
  readonly removed: UserId[];
  readonly problems: (Problem & { readonly user?: UserId })[];
  unfinished: boolean;
  retryAfterMs: number | undefined;
}

export interface MembersOptions {
  readonly api: Api;
  readonly guildId: string;
  readonly own: OwnDoings;
  readonly me: () => Promise<DiscordIdentity>;
}

export class Members {
  readonly #options: MembersOptions;

  constructor(options: MembersOptions) {
    this.#options = options;
  }

  /** See `ChatPlatform.setUsers`. Rejects only when the channel can't be read, is gone, or our token isn't accepted. */
  async set(
    channel: ChannelId,
    wanted: ReadonlySet<UserId>,
    kept: ReadonlySet<UserId> = new Set(),
  ): Promise<MembershipReport> {
    const { api, me } = this.#options;
    const { botUserId } = await me();
    const bot = userId(botUserId);
    const now = await api.call<ApiChannel>('get', Routes.channel(channel));
    const isThread = now.type === PRIVATE_THREAD;
    const door = isThread ? await this.#threadDoor(now, bot) : await this.#channelDoor(now, bot);
    const work: Work = {
      channel,
      door,
      present: new Set(door.present),
      added: [],
      removed: [],
      problems: [],
      unfinished: false,
      retryAfterMs: undefined,
    };
    const leaving = [...door.present].filter((user) => !wanted.has(user) && !kept.has(user));
    const coming = [...wanted].filter((user) => user !== bot && !door.present.has(user));
    // Nobody can be put into an archived thread, nor taken out of one.
    const isAsleep = isThread && now.thread_metadata?.archived === true && leaving.length + coming.length > 0;
    if (isAsleep) await this.#archive(channel, false);
    await this.#each(work, leaving, 'left');
    if (!work.unfinished) await this.#each(work, coming, 'joined');
    if (isAsleep) await this.#archive(channel, true);
    return {
      added: work.added,
      removed: work.removed,
      present: [...work.present],
      problems: work.problems,
      unfinished: work.unfinished,
      ...(work.retryAfterMs === undefined ? {} : { retryAfterMs: work.retryAfterMs }),
    };
  }

  /** One at a time: Discord has no way to change several without sending all of them, a hundred at most. */
  async #each(work: Work, users: readonly UserId[], what: 'joined' | 'left'): Promise<void> {
    const { own } = this.#options;
    for (const user of users) {
      own.noteMember(work.channel, user, what);
      try {
        await (what === 'joined' ? work.door.add(user) : work.door.remove(user));
      } catch (error) {
        if (isLeftForLater(work, error)) return;
        work.problems.push({ ...problemFor(error, what === 'joined' ? 'let in' : 'take out'), user });
        continue;
      }
      if (what === 'joined') work.present.add(user);
      else work.present.delete(user);
      (what === 'joined' ? work.added : work.removed).push(user);
    }
  }

  async #channelDoor(channel: ApiChannel, bot: UserId): Promise<Door> {
    const { api, guildId } = this.#options;
    await this.#close(channel);
    const people = [...viewersOf(channel)].map(userId).filter((user) => user !== bot);
    const overwrite = (user: UserId) => Routes.channelPermission(channel.id, user);
    return {
      present: new Set(people),
      add: async (user) => {
        // Discord takes an overwrite for anybody, also for those who left the server.
        await api.call('get', Routes.guildMember(guildId, user));
        await api.call('put', overwrite(user), { body: { type: MEMBER, allow: String(FOR_PEOPLE), deny: '0' } });
      },
      remove: (user) => this.#gone(() => api.call('delete', overwrite(user)), 10_009),
    };
  }

  /** A channel opened to everybody or to a role by hand is closed again: only people are let in, each by name. */
  async #close(channel: ApiChannel): Promise<void> {
    const { api, guildId } = this.#options;
    const overwrites = channel.permission_overwrites ?? [];
    const everyone = overwrites.find(({ id }) => id === guildId);
    if ((BigInt(everyone?.deny ?? 0) & VIEW) === 0n) {
      const body = { type: ROLE, allow: '0', deny: String(VIEW) };
      await api.call('put', Routes.channelPermission(channel.id, guildId), { body });
    }
    for (const { id, type, allow } of overwrites) {
      if (type !== ROLE || id === guildId || (BigInt(allow) & VIEW) === 0n) continue;
      await this.#gone(() => api.call('delete', Routes.channelPermission(channel.id, id)), 10_009);
    }
  }

  async #threadDoor(thread: ApiChannel, bot: UserId): Promise<Door> {
    const { api } = this.#options;
    const members = await api.call<readonly { user_id: string }[]>('get', Routes.threadMembers(thread.id));
    const people = members.map((member) => userId(member.user_id)).filter((user) => user !== bot);
    const parent = thread.parent_id ?? '';
    return {
      present: new Set(people),
      add: async (user) => {
        await api.call('get', Routes.guildMember(this.#options.guildId, user));
        // Who doesn't see the parent sees no thread of it.
        const body = { type: MEMBER, allow: String(FOR_THREAD_PEOPLE), deny: '0' };
        this.#options.own.noteMember(channelId(parent), user, 'joined');
        await api.call('put', Routes.channelPermission(parent, user), { body });
        await api.call('put', Routes.threadMembers(thread.id, user));
      },
      remove: (user) => this.#gone(() => api.call('delete', Routes.threadMembers(thread.id, user)), 10_007),
    };
  }

  async #archive(thread: ChannelId, archived: boolean): Promise<void> {
    await this.#options.api.call('patch', Routes.channel(thread), { body: { archived } });
  }

  /** Gone meanwhile, by whomever, is what was wanted. */
  async #gone(call: () => Promise<unknown>, unknownCode: number): Promise<void> {
    try {
      await call();
    } catch (error) {
      if (discordCode(error) !== unknownCode) throw error;
    }
  }
}

function problemFor(error: unknown, doing: string): Problem {
  const code = discordCode(error) ?? 0;
  return (
    PROBLEMS[code] ?? {
      what: `Discord refused to ${doing} this person (${code}).`,
      fix: 'Check the person and the channel in Discord; it will be tried again with the next change.',
    }
  );
}

/** True when it may go better later; what concerns the whole channel or Workspace is thrown on. */
function isLeftForLater(work: Work, error: unknown): boolean {
  if (!(error instanceof BridgeError)) throw error;
  switch (error.code) {
    case 'throttled':
    case 'unreachable':
      work.unfinished = true;
      work.retryAfterMs = Math.max(work.retryAfterMs ?? 0, error.retryAfterMs ?? 0);
      return true;
    case 'channel_gone':
    case 'unauthorised':
    case 'broken':
      throw error;
    default:
      return false;
  }
}
