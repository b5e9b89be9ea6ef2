// Threads with the system messages that go with them: started, somebody added, somebody taken out.
import { ChannelType, GatewayDispatchEvents, MessageType } from 'discord-api-types/v10';
import { authorFrom, post, tell } from './messages.ts';
import type { Guild } from './state.ts';
import { joinThread, leaveThread, openThread } from './threads.ts';
import type { NewThread } from './threads.ts';
import type { Channel } from './types.ts';

/** Starts a thread on a message, or on its own; its channel says so, but for private threads and forum posts. */
export function startThread(guild: Guild, parent: Channel, init: NewThread): Channel {
  const channel = openThread(guild, parent, init);
  if (init.starter !== undefined) {
    const reference = { channelId: parent.id, messageId: init.starter.id };
    post(guild, channel, { author: init.starter.author, type: MessageType.ThreadStarterMessage, reference });
    tell(guild, GatewayDispatchEvents.MessageUpdate, parent, init.starter);
  } else if (init.type !== ChannelType.PrivateThread && parent.type !== ChannelType.GuildForum) {
    const reference = { channelId: channel.id, messageId: undefined };
    const author = authorFrom(guild, init.ownerId);
    post(guild, parent, { author, type: MessageType.ThreadCreated, content: init.name, reference });
  }
  return channel;
}

/** Somebody adds a user to a thread, which the thread says. */
export function addToThread(guild: Guild, channel: Channel, userId: string, by: string): void {
  if (!joinThread(guild, channel, userId) || by === userId) return;
  const author = authorFrom(guild, by);
  post(guild, channel, {
    author,
    type: MessageType.RecipientAdd,
    content: `<@${userId}>`,
    allowed: { users: [userId] },
  });
}

/** Somebody takes a user out of a thread, which the thread says. */
export function takeFromThread(guild: Guild, channel: Channel, userId: string, by: string): void {
  if (!leaveThread(guild, channel, userId) || by === userId) return;
  const author = authorFrom(guild, by);
  post(guild, channel, { author, type: MessageType.RecipientRemove, content: `<@${userId}>`, allowed: {} });
}
