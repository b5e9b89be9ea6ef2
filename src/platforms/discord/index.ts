// The Discord adapter's one door.
import type { ChatPlatform } from '../platform.ts';
import { DiscordPlatform } from './adapter.ts';
import type { DiscordOptions } from './adapter.ts';

export type { DiscordOptions } from './adapter.ts';

/** Makes the adapter of one Discord server. Nothing is connected before `start`. */
export function createDiscord(options: DiscordOptions): ChatPlatform {
  return new DiscordPlatform(options);
}
