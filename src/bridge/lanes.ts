// Which lanes a Message's Deliveries go into: the one place that says what is shown where, and in which order.
import type { AccountId, ChatId, MirrorId, WorkspaceId } from '../domain/ids.ts';
import type { LaneName } from '../store/lane.ts';
import type { Message } from '../store/message.ts';
import type { Mirror } from '../store/mirror.ts';
import type { Tx } from '../store/store.ts';

/** Messages into a channel, in order. */
export const mirrorLane = (mirror: { id: MirrorId; workspaceId: WorkspaceId }): LaneName => ({
  target: `workspace:${mirror.workspaceId}`,
  class: 'live',
  of: mirror.id,
});

/** Lines under replies: they never hold up messages. */
export const lineLane = (mirror: { id: MirrorId; workspaceId: WorkspaceId }): LaneName => ({
  target: `workspace:${mirror.workspaceId}`,
  class: 'status',
  of: mirror.id,
});

/** What goes out to a Chat, in order. */
export const chatLane = (chat: { accountId: AccountId; chatId: ChatId }): LaneName => ({
  target: `account:${chat.accountId}`,
  class: 'live',
  of: chat.chatId,
});

/** Read marks to a Chat. */
export const readLane = (chat: { accountId: AccountId; chatId: ChatId }): LaneName => ({
  target: `account:${chat.accountId}`,
  class: 'status',
  of: chat.chatId,
});

/** Notices of a Workspace that belong to no channel. */
export const noticeLane = (workspaceId: WorkspaceId): LaneName => ({
  target: `workspace:${workspaceId}`,
  class: 'live',
  of: 'notices',
});

/** Was it written in this Workspace as a post? Then it is there already. What a command wrote is to be shown like any other. */
export const isWrittenIn = (
  { originWorkspaceId, originPostId }: Pick<Message, 'originWorkspaceId' | 'originPostId'>,
  workspaceId: WorkspaceId,
): boolean => originWorkspaceId === workspaceId && originPostId !== null;

const about = (message: Message) => ({ messageId: message.id, chatId: message.chatId });

async function show(tx: Tx, message: Message, mirror: Mirror, now: Date): Promise<void> {
  await tx.deliveries.enqueue(
    mirrorLane(mirror),
    { kind: 'show', messageId: message.id, mirrorId: mirror.id },
    about(message),
    now,
  );
}

/** Shows a new Message in every Workspace, but not where an agent wrote it; Mirrors that aren't there yet are made. */
export async function showInMirrors(tx: Tx, message: Message, now: Date): Promise<void> {
  for (const workspace of await tx.workspaces.all()) {
    if (isWrittenIn(message, workspace.id)) continue;
    await show(tx, message, await tx.mirrors.ensure(message.chatId, workspace.id, now), now);
  }
}

/** Something about a Message changed: what its Mirrors show of it is to be made true again. */
export async function updateInMirrors(
  tx: Tx,
  message: Message,
  now: Date,
  kind: 'show' | 'reactions' = 'show',
): Promise<void> {
  if (message.filtered !== null) return;
  for (const mirror of await tx.mirrors.ofChat(message.chatId)) {
    await tx.deliveries.enqueue(
      mirrorLane(mirror),
      { kind, messageId: message.id, mirrorId: mirror.id },
      about(message),
      now,
    );
  }
}

/** How far a reply got changed: the line under it, and in the other Mirrors the post itself, say so. */
export async function showLine(tx: Tx, message: Message, now: Date): Promise<void> {
  const isReply = message.agentId !== null || message.source === 'web';
  if (message.direction !== 'out' || !isReply || message.note) return;
  for (const mirror of await tx.mirrors.ofChat(message.chatId)) {
    if (isWrittenIn(message, mirror.workspaceId)) {
      await tx.deliveries.enqueue(
        lineLane(mirror),
        { kind: 'line', messageId: message.id, mirrorId: mirror.id },
        about(message),
        now,
      );
    } else {
      await show(tx, message, mirror, now);
    }
  }
}
