// What Slack can do, as values that the rest of the program reads instead of its name.
import type { Capabilities } from '../platform.ts';

/** Slack's caps on a channel's name and topic, in characters; source: docs.slack.dev, conversations.create and conversations.setTopic. */
export const MAX_CHANNEL_NAME = 80;
export const MAX_TOPIC = 250;

export const slackCapabilities: Capabilities = {
  // A file's post is always the bot's own: it bears neither a name nor metadata of ours.
  namedFiles: 'fallback',
  threads: 'native',
  reactions: 'native',
  privateNotices: 'native',
  findsUsersByEmail: true,
  // chat.update takes 4,000 characters and chat.postMessage 40,000: what can't be edited later isn't posted in one piece.
  maxTextLength: 3_500,
  maxFileBytes: 1_000_000_000,
  channelNameLength: MAX_CHANNEL_NAME,
  // Two connections, or calls side by side, and no word of Slack's about their order. The number is ours: two messages of a person are further apart.
  eventsSwapWithinMs: 300,
};
