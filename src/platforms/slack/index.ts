// The Slack adapter's one door.
import type { ChatPlatform } from '../platform.ts';
import { SlackPlatform } from './adapter.ts';
import type { SlackOptions } from './adapter.ts';

export type { SlackOptions } from './adapter.ts';
export { slackManifest } from './manifest.ts';

/** Makes the adapter of one Slack workspace. Nothing is connected before `start`. */
export function createSlack(options: SlackOptions): ChatPlatform {
  return new SlackPlatform(options);
}
