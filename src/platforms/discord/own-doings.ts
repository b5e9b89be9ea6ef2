// What we do ourselves and Discord tells us of without saying that it was us: people let in and taken out, names given, posts removed.
import type { ChannelId, PostId, UserId } from '../../domain/ids.ts';
import type { PlaceChange } from './places.ts';

const MAX_REMEMBERED = 5_000;

/** The latest of each, in memory: what is forgotten is told as somebody's doing, which changes nothing that we hold for right. */
export class OwnDoings {
  readonly #members = new Map<string, 'joined' | 'left'>();
  readonly #names = new Map<string, string>();
  readonly #removed = new Map<string, true>();

  noteMember(channel: ChannelId, user: UserId, what: 'joined' | 'left'): void {
    put(this.#members, `${channel} ${user}`, what);
  }

  noteName(channel: ChannelId, name: string): void {
    put(this.#names, channel, name);
  }

  noteRemoved(post: PostId): void {
    put(this.#removed, post, true);
  }

  hasRemoved(post: PostId): boolean {
    return this.#removed.has(post);
  }

  /** Whether we did this. What somebody does against it is theirs, and so is what follows. */
  includes(change: PlaceChange): boolean {
    switch (change.what) {
      case 'joined':
      case 'left': {
        const key = `${change.channel} ${change.user}`;
        const isOurs = this.#members.get(key) === change.what;
        if (!isOurs) this.#members.delete(key);
        return isOurs;
      }
      case 'renamed':
        return this.#names.get(change.channel) === change.name;
      case 'deleted':
        return false;
    }
  }
}

function put<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > MAX_REMEMBERED && oldest !== undefined) map.delete(oldest);
}
