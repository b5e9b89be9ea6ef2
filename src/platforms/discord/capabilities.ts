// What Discord can do, as values that the rest of the program reads instead of its name.
import type { Capabilities } from '../platform.ts';

/** Discord's caps, in characters; source: docs.discord.com, channel, message and webhook resources. */
export const MAX_CONTENT = 2_000;
export const MAX_EMBED = 4_096;
export const MAX_TOPIC = 1_024;
export const MAX_CHANNEL_NAME = 100;

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
  maxFileBytes: 10 * 1_024 * 1_024,
  // Room for the suffix of a name that is taken, or of a private thread.
  channelNameLength: MAX_CHANNEL_NAME - 9,
};
