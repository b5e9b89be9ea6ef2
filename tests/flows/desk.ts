// How flow tests look at a workspace, whichever it is: what the channel of a customer shows, and where.
import { createHash } from 'node:crypto';
import type { Town } from './town.ts';
import type { ShownFile, TownChannel, TownPerson, TownPost, TownWorkspace } from './workspace.ts';

/** Generous: the machine may be busy; waits end as soon as the state is there. */
export const PATIENCE_MS = Number(process.env['PATIENCE_MS'] ?? 60_000);

/** The channel of a customer or group; undefined as long as there is none. */
export function channelOf(desk: TownWorkspace, name: string): TownChannel | undefined {
  return desk.channels().find((channel) => channel.name.startsWith(`wa-${name.toLowerCase()}`));
}

/** What a channel shows, in order, one text each. */
export function texts(channel: TownChannel | undefined): readonly string[] {
  return (channel?.posts ?? []).map(({ text }) => text);
}

/** How many posts of a channel have this text in them. */
export function count(channel: TownChannel | undefined, text: string): number {
  return texts(channel).filter((each) => each.includes(text)).length;
}

/** The post that shows this text, once it's there. */
export async function postWith(
  town: Town,
  name: string,
  text: string,
  desk = town.desk,
  timeoutMs = PATIENCE_MS,
): Promise<TownPost> {
  return town.until(
    () => channelOf(desk, name)?.posts.find((post) => post.text.includes(text)),
    `“${text}” in the ${desk.platform} channel of ${name}`,
    timeoutMs,
  );
}

/** The channel of a customer or group, once it's there and these people can read it. */
export async function channelWith(
  town: Town,
  name: string,
  people: readonly TownPerson[],
  desk = town.desk,
  timeoutMs = PATIENCE_MS,
): Promise<TownChannel> {
  return town.until(
    () => {
      const channel = channelOf(desk, name);
      return people.every((person) => channel?.has(person)) ? channel : undefined;
    },
    `${people.map((person) => person.name).join(', ')} in the ${desk.platform} channel of ${name}`,
    timeoutMs,
  );
}

/** The first file of a channel that is accepted, with its post, once it's there. */
export async function fileIn(
  town: Town,
  name: string,
  accept: (file: ShownFile) => boolean,
  desk = town.desk,
  timeoutMs = PATIENCE_MS,
): Promise<{ readonly file: ShownFile; readonly post: TownPost }> {
  return town.until(
    () => {
      for (const post of channelOf(desk, name)?.posts ?? []) {
        const file = post.files.find(accept);
        if (file !== undefined) return { file, post };
      }
      return undefined;
    },
    `a file in the ${desk.platform} channel of ${name}`,
    timeoutMs,
  );
}

export const sha256 = (bytes: Uint8Array | undefined): string =>
  createHash('sha256')
    .update(bytes ?? '')
    .digest('hex');
