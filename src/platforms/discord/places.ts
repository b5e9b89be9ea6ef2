// The server's channels and threads as Discord tells of them: what a thread belongs to, who was let into a channel, what was renamed.
import { z } from 'zod';
import type { ChannelId, PostId, UserId } from '../../domain/ids.ts';
import { channelId, postId, userId } from './ids.ts';

/** Numbers of Discord's API; source: docs.discord.com, "Channel Types" and "Permissions". */
const PUBLIC_THREADS = new Set([10, 11]);
export const PRIVATE_THREAD = 12;
const THREADS = new Set([...PUBLIC_THREADS, PRIVATE_THREAD]);
const MEMBER = 1;
const VIEW_CHANNEL = 1n << 10n;

export const overwriteShape = z.object({ id: z.string(), type: z.number(), allow: z.string(), deny: z.string() });
export const channelShape = z.object({
  id: z.string(),
  type: z.number(),
  name: z.string().nullish(),
  parent_id: z.string().nullish(),
  permission_overwrites: z.array(overwriteShape).nullish(),
});
export type DiscordChannel = z.infer<typeof channelShape>;

const guildShape = z.object({ id: z.string(), channels: z.array(channelShape), threads: z.array(channelShape) });
const threadsShape = z.object({ threads: z.array(channelShape) });
const deletedShape = z.object({ id: z.string(), type: z.number().nullish() });
const membersShape = z.object({
  id: z.string(),
  added_members: z.array(z.object({ user_id: z.string().nullish() })).nullish(),
  removed_member_ids: z.array(z.string()).nullish(),
});

/** Something that changed about a channel of ours, whoever did it. */
export type PlaceChange = { readonly channel: ChannelId } & (
  | { readonly what: 'joined' | 'left'; readonly user: UserId }
  | { readonly what: 'renamed'; readonly name: string }
  | { readonly what: 'deleted' }
);

/** Where a message stands in the program's eyes: a channel, and the post under which it is. */
export interface Standing {
  readonly channel: ChannelId;
  readonly thread?: PostId;
}

interface Known {
  readonly type: number;
  readonly name: string;
  readonly parent: string | undefined;
  readonly viewers: ReadonlySet<string>;
}

/** Whom the overwrites of a channel let in. */
export function viewersOf(channel: DiscordChannel): ReadonlySet<string> {
  const letIn = (channel.permission_overwrites ?? []).filter(
    ({ type, allow }) => type === MEMBER && (BigInt(allow) & VIEW_CHANNEL) !== 0n,
  );
  return new Set(letIn.map(({ id }) => id));
}

export class Places {
  readonly #known = new Map<string, Known>();

  /** Takes in what an event tells of channels; what has changed by it. `event` is the payload of one named `type`. */
  take(type: string, event: unknown): readonly PlaceChange[] {
    switch (type) {
      case 'GUILD_CREATE': {
        const { channels, threads } = guildShape.parse(event);
        return [
          ...this.#lost(new Set(channels.map(({ id }) => id))),
          ...[...channels, ...threads].flatMap((channel) => this.learn(channel)),
        ];
      }
      case 'CHANNEL_CREATE':
      case 'CHANNEL_UPDATE':
      case 'THREAD_CREATE':
      case 'THREAD_UPDATE':
        return this.learn(channelShape.parse(event));
      case 'THREAD_LIST_SYNC':
        return threadsShape.parse(event).threads.flatMap((thread) => this.learn(thread));
      case 'CHANNEL_DELETE':
      case 'THREAD_DELETE': {
        const { id, type: kind } = deletedShape.parse(event);
        this.#known.delete(id);
        return PUBLIC_THREADS.has(kind ?? 0) ? [] : [{ channel: channelId(id), what: 'deleted' }];
      }
      case 'THREAD_MEMBERS_UPDATE':
        return this.#members(membersShape.parse(event));
      default:
        return [];
    }
  }

  /** Takes in a channel as it is now. */
  learn(channel: DiscordChannel): readonly PlaceChange[] {
    const before = this.#known.get(channel.id);
    const now: Known = {
      type: channel.type,
      name: channel.name ?? '',
      parent: channel.parent_id ?? undefined,
      viewers: viewersOf(channel),
    };
    this.#known.set(channel.id, now);
    if (before === undefined || PUBLIC_THREADS.has(now.type)) return [];
    const id = channelId(channel.id);
    return [
      ...[...now.viewers].filter((user) => !before.viewers.has(user)).map((user) => change(id, 'joined', user)),
      ...[...before.viewers].filter((user) => !now.viewers.has(user)).map((user) => change(id, 'left', user)),
      ...(now.name === before.name ? [] : [{ channel: id, what: 'renamed' as const, name: now.name }]),
    ];
  }

  /** The channels that were there before and aren't any more. Threads that aren't told of may sleep. */
  #lost(present: ReadonlySet<string>): readonly PlaceChange[] {
    const gone = [...this.#known].filter(([id, { type }]) => !present.has(id) && !THREADS.has(type)).map(([id]) => id);
    for (const id of gone) this.#known.delete(id);
    return gone.map((id) => ({ channel: channelId(id), what: 'deleted' }));
  }

  has(channel: string): boolean {
    return this.#known.has(channel);
  }

  /** Whether it's a private thread, which is used as a channel of its own; its parent then. */
  parentOfPrivate(channel: string): string | undefined {
    const known = this.#known.get(channel);
    return known?.type === PRIVATE_THREAD ? known.parent : undefined;
  }

  /** Whether a thread is known to stand on this message. */
  hasThread(message: string): boolean {
    return PUBLIC_THREADS.has(this.#known.get(message)?.type ?? 0);
  }

  /** Where a message in this channel or thread stands. A thread on a message has the message's id. */
  standing(channel: string): Standing {
    const known = this.#known.get(channel);
    if (known === undefined || !PUBLIC_THREADS.has(known.type) || known.parent === undefined)
      return { channel: channelId(channel) };
    return { channel: channelId(known.parent), thread: postId(known.parent, channel) };
  }

  #members(event: z.infer<typeof membersShape>): readonly PlaceChange[] {
    if (this.#known.get(event.id)?.type !== PRIVATE_THREAD) return [];
    const id = channelId(event.id);
    const added = (event.added_members ?? []).flatMap((member) => (member.user_id ? [member.user_id] : []));
    return [
      ...added.map((user) => change(id, 'joined', user)),
      ...(event.removed_member_ids ?? []).map((user) => change(id, 'left', user)),
    ];
  }
}

function change(channel: ChannelId, what: 'joined' | 'left', user: string): PlaceChange {
  return { channel, what, user: userId(user) };
}
