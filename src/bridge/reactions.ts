// Records what agents do with emoji: a step of a Ticket or a word to send again, which never leave, or the number's reaction on the customer's message.
import type { Access } from '../access/access.ts';
import type { PlatformEvent } from '../domain/events.ts';
import type { WorkspaceId } from '../domain/ids.ts';
import type { TicketId } from '../domain/ticket.ts';
import type { Messenger } from '../platforms/messenger.ts';
import type { Clock } from '../runtime/time.ts';
import type { Agent } from '../store/agent.ts';
import type { Message } from '../store/message.ts';
import type { Mirror } from '../store/mirror.ts';
import type { PostRole } from '../store/post.ts';
import type { Store, Tx } from '../store/store.ts';
import type { Tickets } from '../tickets/tickets.ts';
import { chatLane } from './lanes.ts';
import type { Outcome } from './outbound.ts';
import type { Replies } from './replies.ts';
import { decide, refuse, tellWhy, type Doing } from './refusals.ts';

type Reacted = Extract<PlatformEvent, { kind: 'reacted' }>;

export interface ReactionsParts {
  readonly store: Store;
  readonly access: Access;
  readonly tickets: Pick<Tickets, 'reacted' | 'isTicketEmoji'>;
  readonly messenger: Messenger;
  readonly replies: Pick<Replies, 'resumeIn'>;
  readonly clock: Clock;
}

/** What a reaction was put on: a card, or a post of a Message. */
interface Target {
  readonly ticketId?: TicketId;
  readonly message?: Message;
  readonly role?: PostRole;
}

/** The setting of the emoji that sends a reply again when put on it or on the line under it. Work of the team as the ticket emoji are: it never leaves. */
export const RESEND_EMOJI = 'resendEmoji';

/** What is stored, or the default where nothing (or nothing readable) is. */
export const parseResendEmoji = (value: unknown): string => (typeof value === 'string' && value !== '' ? value : '🔁');

/** Emoji come with and without the selector of their coloured form (U+FE0F). */
const isSame = (left: string, right: string): boolean =>
  left.replaceAll('\uFE0F', '') === right.replaceAll('\uFE0F', '');

/** Telling an event again changes nothing. */
export class Reactions {
  readonly #parts: ReactionsParts;

  constructor(parts: ReactionsParts) {
    this.#parts = parts;
  }

  /** Resolves once it's recorded. */
  async record(workspaceId: WorkspaceId, mirror: Mirror, event: Reacted): Promise<Outcome> {
    const { store, access, tickets } = this.#parts;
    const isOfTicket = await tickets.isTicketEmoji(store.read, event.emoji);
    const resend = parseResendEmoji(await store.read.settings.get(RESEND_EMOJI));
    const isResend = !isOfTicket && isSame(event.emoji, resend);
    const isWork = isOfTicket || isResend;
    if ((isWork && !event.on) || event.emoji.startsWith(':')) return 'ignored';
    const target = await this.#targetOf(workspaceId, mirror, event);
    if (target === undefined) {
      // The post may be one whose posting we haven't recorded yet.
      return (await store.read.deliveries.unsettledPost(mirror.id, event.at)) ? 'later' : 'ignored';
    }
    const agent = await access.agentFor(workspaceId, event.user);
    return store.transaction((tx) => {
      if (isResend) return this.#resend(tx, mirror, event, agent, target);
      return isOfTicket ? this.#onTicket(tx, mirror, event, agent, target) : this.#onMessage(tx, event, agent, target);
    });
  }

  /** On anything but a reply that failed or wasn't confirmed it says nothing: such emoji are put on by habit. */
  async #resend(
    tx: Tx,
    mirror: Mirror,
    { user, post }: Reacted,
    agent: Agent | undefined,
    { message }: Target,
  ): Promise<Outcome> {
    const { access, replies, clock } = this.#parts;
    if (message?.state !== 'failed' && message?.state !== 'uncertain') return 'ignored';
    const decision = await decide(access, tx, agent, mirror.chatId, clock.now());
    if (!decision.allowed) {
      await refuse(tx, { mirror, user, agent, post }, 'reply.refuse', decision.sentence, clock.now());
      return 'ignored';
    }
    await replies.resumeIn(tx, decision.agent.id, message.id, 'resend');
    return 'recorded';
  }

  async #targetOf(workspaceId: WorkspaceId, mirror: Mirror, { post }: Reacted): Promise<Target | undefined> {
    const { posts, tickets, messages } = this.#parts.store.read;
    const row = await posts.byPostId(mirror.id, post);
    if (row !== undefined) {
      const message = await messages.find(row.messageId);
      return message === undefined ? undefined : { message, role: row.role };
    }
    const ticketId = await tickets.byPost(mirror.id, post);
    if (ticketId !== undefined) return { ticketId };
    const [own] = await messages.byOrigin(workspaceId, post);
    return own === undefined ? undefined : { message: own, role: 'origin' };
  }

  async #onTicket(
    tx: Tx,
    mirror: Mirror,
    { user, post, emoji }: Reacted,
    agent: Agent | undefined,
    { ticketId, message }: Target,
  ): Promise<Outcome> {
    const { access, clock, tickets } = this.#parts;
    const now = clock.now();
    const doing: Doing = { mirror, user, agent, post };
    const decision = await decide(access, tx, agent, mirror.chatId, now);
    if (!decision.allowed) {
      await refuse(tx, doing, 'ticket.refuse', decision.sentence, now);
      return 'ignored';
    }
    const { id: agentId } = decision.agent;
    const on = { chatId: mirror.chatId, ticketId, messageId: message?.id };
    const by = { actor: { kind: 'agent', agentId }, source: 'channel' } as const;
    const result = await tickets.reacted(tx, on, emoji, agentId, by);
    if (result !== undefined && 'refused' in result) await tellWhy(tx, doing, result.refused, now);
    return 'recorded';
  }

  async #onMessage(tx: Tx, event: Reacted, agent: Agent | undefined, target: Target): Promise<Outcome> {
    const { access, clock, messenger } = this.#parts;
    if (target.message === undefined || target.role === 'line') return 'ignored';
    const message = await tx.messages.find(target.message.id);
    if (message === undefined || message.remoteId === null || message.deletedAt !== null) return 'ignored';
    const chat = await tx.chats.find(message.chatId);
    const decision = await decide(access, tx, agent, message.chatId, clock.now());
    if (!decision.allowed || chat === undefined || chat.mode === 'off' || chat.mode === 'never') return 'ignored';
    const before = (await tx.reactions.of(message.id)).find((reaction) => reaction.doer === 'us');
    // One reaction is the number's: taking back another one than the present changes nothing.
    if (event.on ? before?.emoji === event.emoji : before?.emoji !== event.emoji) return 'recorded';
    await tx.reactions.set(message.id, 'us', {
      emoji: event.on ? event.emoji : null,
      agentId: decision.agent.id,
      at: event.at,
    });
    const remoteId = messenger.newMessageId(message.accountId);
    await tx.deliveries.enqueue(
      chatLane(message),
      { kind: 'react', messageId: message.id, remoteId },
      { messageId: message.id, chatId: message.chatId },
      clock.now(),
    );
    return 'recorded';
  }
}
