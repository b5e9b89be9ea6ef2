// Slack's ids as the program carries them: the only place where one is made or taken apart.
import { as } from '../../domain/ids.ts';
import type { ChannelId, FileRef, PostId, UserId } from '../../domain/ids.ts';

/** The id of a conversation, `C…` or `D…`. */
export const channelId = (channel: string): ChannelId => as<ChannelId>(channel);

/** The id of a person or bot, `U…` or `W…`. */
export const userId = (user: string): UserId => as<UserId>(user);

/** The id of a file, `F…`; its address is asked for when it's opened. */
export const fileRef = (file: string): FileRef => as<FileRef>(file);

/** A message is known by its channel and its `ts`, which is unique only within the channel. */
export const postId = (channel: string, ts: string): PostId => as<PostId>(`${channel}:${ts}`);

/** The channel and `ts` of a post. */
export function postParts(post: PostId): { readonly channel: string; readonly ts: string } {
  const colon = post.indexOf(':');
  return { channel: post.slice(0, colon), ts: post.slice(colon + 1) };
}

/** The moment a `ts` ("seconds.microseconds") stands for. */
export function dateOf(ts: string): Date {
  return new Date(Math.floor(Number(ts) * 1000));
}

/** The `ts` of a moment, for reading history from there on: no message of that millisecond comes before it. */
export function tsOf(at: Date): string {
  const ms = Math.max(0, at.getTime());
  return `${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, '0')}000`;
}
