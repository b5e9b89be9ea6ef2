// An expected no to somebody in a channel: asked of the rules, told to the person, and in the audit log.
import type { Access, Decision } from '../access/access.ts';
import type { ChatId, PostId, UserId } from '../domain/ids.ts';
import type { Agent } from '../store/agent.ts';
import type { Mirror } from '../store/mirror.ts';
import type { Tx } from '../store/store.ts';
import { noticeLane } from './lanes.ts';

/** Somebody's doing in a Mirror's channel. */
export interface Doing {
  readonly mirror: Mirror;
  readonly user: UserId;
  /** Undefined: nobody we know. */
  readonly agent: Agent | undefined;
  readonly post: PostId;
  readonly thread?: PostId | undefined;
}

/** May this person act on the Chat? Asked in the transaction that acts. */
export async function decide(
  access: Access,
  tx: Tx,
  agent: Agent | undefined,
  chatId: ChatId,
  now: Date,
): Promise<Decision> {
  if (agent === undefined) {
    return { allowed: false, sentence: 'Nobody has invited you to Switchboard, so this was not sent. Ask an admin.' };
  }
  return access.decide(tx, agent.id, chatId, now);
}

/** Tells the person why nothing came of what they did. */
export async function tellWhy(tx: Tx, { mirror, user, thread }: Doing, sentence: string, now: Date): Promise<void> {
  const { id: mirrorId, workspaceId, chatId } = mirror;
  const notice = { kind: 'refused', sentence } as const;
  const place = thread === undefined ? {} : { threadId: thread };
  await tx.deliveries.enqueue(
    noticeLane(workspaceId),
    { kind: 'notice', workspaceId, notice, mirrorId, userId: user, ...place },
    { chatId },
    now,
  );
}

/** The same, and writes down that it was tried. */
export async function refuse(tx: Tx, doing: Doing, action: string, sentence: string, now: Date): Promise<void> {
  const { mirror, agent, user, post } = doing;
  await tx.audit.add({
    actor: agent === undefined ? { kind: 'stranger', name: user } : { kind: 'agent', agentId: agent.id },
    action,
    chatId: mirror.chatId,
    detail: { postId: post },
    source: 'channel',
    at: now,
  });
  await tellWhy(tx, doing, sentence, now);
}
