// Discord's ids as the program carries them: the only place where one is made or taken apart.
import { as } from '../../domain/ids.ts';
import type { ChannelId, FileRef, PostId, UserId } from '../../domain/ids.ts';

/** Discord's first millisecond; source: docs.discord.com, "Snowflakes". */
const EPOCH_MS = 1_420_070_400_000;

/** The id of a text channel, or of a private thread used as one. */
export const channelId = (channel: string): ChannelId => as<ChannelId>(channel);

export const userId = (user: string): UserId => as<UserId>(user);

/** A message is fetched by the channel or thread it stands in and its id. */
export const postId = (channel: string, message: string): PostId => as<PostId>(`${channel}:${message}`);

/** The channel (or thread) and message of a post. */
export function postParts(post: PostId): { readonly channel: string; readonly message: string } {
  const colon = post.indexOf(':');
  return { channel: post.slice(0, colon), message: post.slice(colon + 1) };
}

/** An attachment has no address that lasts: it's asked for with its message. */
export const fileRef = (channel: string, message: string, attachment: string): FileRef =>
  as<FileRef>(`${channel}:${message}:${attachment}`);

/** Where an attachment is. */
export function fileParts(ref: FileRef) {
  const [channel = '', message = '', attachment = ''] = ref.split(':');
  return { channel, message, attachment };
}

/** The moment an id was made. */
export function dateOf(snowflake: string): Date {
  return new Date(Number(BigInt(snowflake) >> 22n) + EPOCH_MS);
}

/** The id before every id of that moment: `after` it comes all that was made from then on. */
export function idBefore(at: Date): string {
  const ms = BigInt(Math.max(0, Math.floor(at.getTime()) - EPOCH_MS));
  return String(ms === 0n ? 0n : (ms << 22n) - 1n);
}

/** Whether one id is older than another. */
export function isOlder(id: string, other: string): boolean {
  return BigInt(id) < BigInt(other);
}

/** Ids in the order they were made. */
export function byAge(one: string, other: string): number {
  return isOlder(one, other) ? -1 : one === other ? 0 : 1;
}
