// What Discord can do, as values that the rest of the program reads instead of its name.
import type { Capabilities } from '../platform.ts';

/** Discord's caps, in characters; source: docs.discord.com, channel, message and webhook resources. */
export const MAX_CONTENT = 2_000;
export const MAX_EMBED = 4_096;
export const MAX_TOPIC = 1_024;
export const MAX_CHANNEL_NAME = 100;

/** Of a server that nobody boosts; source: docs.discord.com, "Uploading Files". */
const FILE_BYTES = 10 * 1_024 * 1_024;
/** A whole request may have 25 MiB (the same source): what a boosted server takes beyond that can't be sent. A part is left for the words. */
const REQUEST_FILE_BYTES = 25 * 1_024 * 1_024 - 64 * 1_024;
/** From this boost tier on a server takes larger files. */
const TIER_OF_LARGE_FILES = 2;

/** The largest file that a server of this boost tier takes from us, in bytes. */
export function maxFileBytesOf(tier: number): number {
  return tier >= TIER_OF_LARGE_FILES ? REQUEST_FILE_BYTES : FILE_BYTES;
}

export const discordCapabilities: Capabilities = {
  // A webhook's message carries files under any name, and our key in its button.
  namedFiles: 'native',
  threads: 'native',
  reactions: 'native',
  // Only answers to interactions can be private; anything else goes as a direct message.
  privateNotices: 'fallback',
  findsUsersByEmail: false,
  // Less than the cap, for what escaping, marks and quotes add.
  maxTextLength: 1_600,
  maxFileBytes: FILE_BYTES,
  // Room for the suffix of a name that is taken, or of a private thread.
  channelNameLength: MAX_CHANNEL_NAME - 9,
  // One connection, and each event of it is numbered.
  eventsSwapWithinMs: 0,
};
