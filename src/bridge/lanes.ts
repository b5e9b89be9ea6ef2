// Which lanes Deliveries go into: the one place that says what is shown where, and in which order.
import type { AccountId, AgentId, ChatId, MirrorId, RemoteId, WorkspaceId } from '../domain/ids.ts';
import type { Ticket } from '../domain/ticket.ts';
import type { DigestRow } from '../store/digest.ts';
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

/** Lines under replies, and cards: they never hold up messages. */
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

/** Names and topics of a Workspace's channels, one after the other: its limits on them hold up nothing else. */
const namesLane = (workspaceId: WorkspaceId): LaneName => ({
  target: `workspace:${workspaceId}`,
  class: 'history',
  of: 'names',
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
    { ...about(message), isFirst: true },
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

/** A reply is taken back: one that never left is cancelled, another is deleted on the messenger's side (`remoteId` is the deletion's own); its posts follow. */
export async function takeBack(tx: Tx, message: Message, remoteId: RemoteId, at: Date, now: Date): Promise<void> {
  const isUnsent = message.state === 'held' || message.state === 'failed' || message.state === 'cancelled';
  await tx.messages.update(message.id, { deletedAt: at, ...(isUnsent ? { state: 'cancelled' as const } : {}) });
  if (!isUnsent) {
    const task = { kind: 'revoke', messageId: message.id, remoteId } as const;
    await tx.deliveries.enqueue(chatLane(message), task, about(message), now);
  }
  await updateInMirrors(tx, message, now);
  await showLine(tx, message, now);
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

/** A Ticket changed: its card in each channel of its Chat is to show it as it stands. */
export async function showCards(tx: Tx, { id: ticketId, chatId }: Ticket, now: Date): Promise<void> {
  for (const mirror of await tx.mirrors.ofChat(chatId)) {
    await tx.deliveries.enqueue(lineLane(mirror), { kind: 'card', ticketId, mirrorId: mirror.id }, { chatId }, now);
  }
}

/** How phone numbers are shown changed: every channel there is gets the name and topic it would be opened with now. */
export async function describeChannels(tx: Tx, now: Date, mirrors?: readonly Mirror[]): Promise<void> {
  const open = mirrors ?? (await tx.mirrors.allOpen());
  for (const [workspaceId, those] of Map.groupBy(open, (mirror) => mirror.workspaceId)) {
    const tasks = those.map(({ id, chatId }) => ({ task: { kind: 'describe', mirrorId: id } as const, chatId }));
    await tx.deliveries.enqueueAll(namesLane(workspaceId), tasks, now);
  }
}

/** A Digest was made: it's to be posted into its channel. */
export async function postDigest(tx: Tx, { id: digestId, workspaceId }: DigestRow, now: Date): Promise<void> {
  const lane: LaneName = { target: `workspace:${workspaceId}`, class: 'status', of: 'digests' };
  await tx.deliveries.enqueue(lane, { kind: 'digest', digestId, workspaceId }, {}, now);
}

/** A customer waits: one line in each channel of the Chat, and one to `assigneeId`, who sees the Chat; null: there's nobody. */
export async function remind(
  tx: Tx,
  reminder: { readonly chatId: ChatId; readonly assigneeId: AgentId | null; readonly sentence: string },
  now: Date,
): Promise<void> {
  const { chatId, assigneeId, sentence } = reminder;
  const identities = assigneeId === null ? [] : await tx.agents.identities(assigneeId);
  for (const mirror of await tx.mirrors.ofChat(chatId)) {
    if (mirror.state !== 'open') continue;
    const { id: mirrorId, workspaceId, channelName } = mirror;
    const task = { kind: 'notice', workspaceId } as const;
    await tx.deliveries.enqueue(
      lineLane(mirror),
      { ...task, mirrorId, notice: { kind: 'info', sentence } },
      { chatId },
      now,
    );
    for (const { userId } of identities.filter((identity) => identity.workspaceId === workspaceId)) {
      await tx.deliveries.enqueue(
        noticeLane(workspaceId),
        { ...task, userId, notice: { kind: 'info', sentence: `#${channelName ?? 'a chat'}: ${sentence}` } },
        { chatId },
        now,
      );
    }
  }
}
