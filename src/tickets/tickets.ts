// Tickets, the facade: opens, takes, assigns, closes and reopens, each in one transaction with its audit row and its card.
import type { AgentId, ChatId, MessageId } from '../domain/ids.ts';
import type { Post } from '../domain/post.ts';
import type { Ticket, TicketId, TicketPriority, TicketStatus } from '../domain/ticket.ts';
import type { Clock } from '../runtime/time.ts';
import type { By } from '../store/audit.ts';
import type { Message } from '../store/message.ts';
import type { Store, Tx } from '../store/store.ts';
import { composeCard, parseTicketAction } from './card.ts';
import {
  isEqual,
  isWithinGrace,
  parseTicketRules,
  stepOfEmoji,
  subjectOf,
  TICKET_RULES,
  transition,
  wasSaidBefore,
  type Step,
} from './rules.ts';

export { parseTicketRules, TICKET_RULES } from './rules.ts';

export interface TicketsParts {
  readonly store: Store;
  readonly clock: Clock;
  /** Why this Agent may not work on that Chat, in plain words; undefined: they may. Asked in the transaction that acts. */
  readonly refusal: (tx: Tx, agentId: AgentId, chatId: ChatId, now: Date) => Promise<string | undefined>;
  /** Queues what makes the Ticket's card in the Chat's channels show it as it stands. Must only change the store. */
  readonly showCard: (tx: Tx, ticket: Ticket, now: Date) => Promise<void>;
}

export interface OpenTicket {
  readonly chatId: ChatId;
  /** Opened on a message: once, as long as that Ticket isn't resolved. */
  readonly messageId?: MessageId | undefined;
  /** Absent: from the message. */
  readonly subject?: string | undefined;
  readonly assigneeId?: AgentId | undefined;
  readonly priority?: TicketPriority | undefined;
  readonly dueAt?: Date | null | undefined;
}

/** Changes of several things at once: all of them or none. */
export interface TicketChange {
  readonly status?: TicketStatus | undefined;
  readonly assigneeId?: AgentId | null | undefined;
  readonly subject?: string | undefined;
  readonly priority?: TicketPriority | undefined;
  readonly dueAt?: Date | null | undefined;
}

/**
 * `isSame`: nothing had to be done. `why`: `unknown` there is no such Ticket or Chat; `not_allowed` the person may not; `conflict` it doesn't go as
 * it stands now. `refused` is for the person, in plain words.
 */
export type TicketResult =
  | { readonly ticket: Ticket; readonly isSame: boolean }
  | { readonly refused: string; readonly why: 'unknown' | 'not_allowed' | 'conflict' };

/** What ends with an Agent, as `Access` calls it. */
interface Leaver {
  readonly kind: 'agent' | 'token' | 'program';
  readonly agentId?: AgentId;
  readonly name?: string;
  readonly source: string;
}

const PROGRAM: By = { actor: { kind: 'program' }, source: 'program' };
const NO_TICKET: TicketResult = { refused: 'There is no such ticket.', why: 'unknown' };

export class Tickets {
  readonly #parts: TicketsParts;

  constructor(parts: TicketsParts) {
    this.#parts = parts;
  }

  /** Opens one; where the message has an unresolved one already, that is the answer. */
  open(wanted: OpenTicket, by: By): Promise<TicketResult> {
    return this.#parts.store.transaction((tx) => this.#open(tx, wanted, by));
  }

  /** It's mine, and I work on it. Of two who take it at once, the second is told who was first. */
  take(id: TicketId, agentId: AgentId, by: By): Promise<TicketResult> {
    return this.#step(id, [{ kind: 'take', agentId }], by);
  }

  /** Null: it's nobody's, and open. */
  assign(id: TicketId, agentId: AgentId | null, by: By): Promise<TicketResult> {
    return this.#step(id, [{ kind: 'assign', agentId }], by);
  }

  close(id: TicketId, by: By): Promise<TicketResult> {
    return this.#step(id, [{ kind: 'close' }], by);
  }

  reopen(id: TicketId, by: By): Promise<TicketResult> {
    return this.#step(id, [{ kind: 'reopen' }], by);
  }

  /** Several things at once. A closed one is reopened first where the status asks for that. */
  change(id: TicketId, wanted: TicketChange, by: By): Promise<TicketResult> {
    const { status, assigneeId, subject, priority, dueAt } = wanted;
    const me = by.actor.agentId ?? null;
    return this.#step(
      id,
      (ticket) => [
        ...(status !== undefined && status !== 'closed' && ticket.status === 'closed'
          ? [{ kind: 'reopen' } as const]
          : []),
        ...(assigneeId === undefined ? [] : [{ kind: 'assign', agentId: assigneeId } as const]),
        ...(subject === undefined && priority === undefined && dueAt === undefined
          ? []
          : [
              {
                kind: 'edit',
                subject: subject === undefined ? undefined : subjectOf(subject),
                priority,
                dueAt,
              } as const,
            ]),
        ...(status === 'in_progress' ? [{ kind: 'start', agentId: me } as const] : []),
        ...(status === 'open' ? [{ kind: 'reopen' } as const] : []),
        ...(status === 'closed' ? [{ kind: 'close' } as const] : []),
      ],
      by,
    );
  }

  /** A button of a card was pressed. Undefined: it's no card's button. */
  async pressed(action: string, agentId: AgentId, by: By): Promise<TicketResult | undefined> {
    const asked = parseTicketAction(action);
    switch (asked?.what) {
      case undefined:
        return undefined;
      case 'take':
        return this.take(asked.ticketId, agentId, by);
      case 'close':
        return this.close(asked.ticketId, by);
      case 'reopen':
        return this.reopen(asked.ticketId, by);
    }
  }

  /** Does this emoji do something with Tickets (and so never leaves for the customer)? */
  async isTicketEmoji(tx: Tx, emoji: string): Promise<boolean> {
    return stepOfEmoji(emoji, await this.#rules(tx)) !== undefined;
  }

  /**
   * An Agent put an emoji onto a message or a card, in the transaction that records it. Undefined: it's none of a Ticket's. The step is about the card's
   * Ticket; else the message's; else the only unresolved one of the Chat.
   */
  async reacted(
    tx: Tx,
    on: {
      readonly chatId: ChatId;
      readonly messageId?: MessageId | undefined;
      readonly ticketId?: TicketId | undefined;
    },
    emoji: string,
    agentId: AgentId,
    by: By,
  ): Promise<TicketResult | undefined> {
    const step = stepOfEmoji(emoji, await this.#rules(tx));
    if (step === undefined) return undefined;
    const { chatId, messageId } = on;
    if (step === 'open' && on.ticketId === undefined) return this.#open(tx, { chatId, messageId }, by);
    const id = on.ticketId ?? (await this.#meant(tx, chatId, messageId));
    if (id === undefined) {
      return {
        refused: 'It isn’t clear which ticket is meant: react on its card, or open one first.',
        why: 'conflict',
      };
    }
    switch (step) {
      case 'open':
        return this.#stepIn(tx, id, [{ kind: 'reopen' }], by);
      case 'take':
        return this.#stepIn(tx, id, [{ kind: 'take', agentId }], by);
      case 'close':
        return this.#stepIn(tx, id, [{ kind: 'close' }], by);
    }
  }

  /**
   * A customer's message was recorded in this transaction: it reopens what was closed a short while ago; else, where a Label of the Chat asks for
   * it and nothing is unresolved, it opens a Ticket.
   */
  async customerSaid(tx: Tx, message: Message): Promise<void> {
    if (message.direction !== 'in' || message.source !== 'contact' || message.filtered !== null) return;
    if (message.kind === 'call' || message.kind === 'change') return;
    const contact = message.contactId === null ? undefined : await tx.contacts.find(message.contactId);
    if (contact?.internal === true) return;
    const rules = await this.#rules(tx);
    const { chatId, sentAt } = message;
    await tx.tickets.lockChat(chatId);
    if ((await tx.tickets.unresolvedOf(chatId)).length > 0) return;
    const last = await tx.tickets.lastClosedOf(chatId);
    if (last !== undefined && isWithinGrace(last.closedAt, sentAt, rules)) {
      await this.#stepIn(tx, last.id, [{ kind: 'reopen' }], PROGRAM);
      return;
    }
    // What was said before the last one was closed is dealt with.
    const isOld = last !== undefined && last.closedAt !== null && wasSaidBefore(last.closedAt, sentAt);
    if (isOld || rules.opensFor.length === 0) return;
    const labels = await tx.tickets.labelIdsOf(chatId);
    if (labels.some((label) => rules.opensFor.includes(label))) {
      await this.#open(tx, { chatId, messageId: message.id }, PROGRAM);
    }
  }

  /** Somebody leaves the team: what they had is nobody's, and open, for the others to take. Runs in the transaction that deactivates them. */
  readonly releaseOf = async (tx: Tx, agentId: AgentId, actor: Leaver, now: Date): Promise<void> => {
    const { source, ...who } = actor;
    for (const ticket of await tx.tickets.unresolvedBy(agentId)) {
      await this.#write(
        tx,
        ticket,
        { ...ticket, assigneeId: null, status: 'open' },
        'release',
        { actor: who, source },
        now,
      );
    }
  };

  /** The post that shows a Ticket as it stands; undefined: there is none. For the delivery of its card. */
  async card(id: TicketId): Promise<Post | undefined> {
    const { store, clock } = this.#parts;
    const ticket = await store.read.tickets.find(id);
    if (ticket === undefined) return undefined;
    const assignee = ticket.assigneeId === null ? undefined : await store.read.agents.find(ticket.assigneeId);
    return composeCard(ticket, assignee?.email, clock.now());
  }

  async #rules(tx: Tx) {
    return parseTicketRules(await tx.settings.get(TICKET_RULES));
  }

  async #meant(tx: Tx, chatId: ChatId, messageId: MessageId | undefined): Promise<TicketId | undefined> {
    const ofMessage = messageId === undefined ? undefined : await tx.tickets.ofMessage(messageId);
    if (ofMessage !== undefined) return ofMessage.id;
    const [only, another] = await tx.tickets.unresolvedOf(chatId);
    return another === undefined ? only?.id : undefined;
  }

  /** Why it may not be: the doer, or the one it would become whose. The program and an admin's token may. */
  async #refusal(
    tx: Tx,
    by: By,
    assigneeId: AgentId | null,
    chatId: ChatId,
    now: Date,
  ): Promise<TicketResult | undefined> {
    const doer = by.actor.agentId;
    const words = doer === undefined ? undefined : await this.#parts.refusal(tx, doer, chatId, now);
    if (words !== undefined) return { refused: words, why: 'not_allowed' };
    if (assigneeId === null || assigneeId === doer) return undefined;
    if ((await this.#parts.refusal(tx, assigneeId, chatId, now)) === undefined) return undefined;
    const email = (await tx.agents.find(assigneeId))?.email ?? 'That person';
    return { refused: `${email} doesn’t see this chat.`, why: 'conflict' };
  }

  async #open(tx: Tx, wanted: OpenTicket, by: By): Promise<TicketResult> {
    const now = this.#parts.clock.now();
    const { chatId, messageId, assigneeId = null, priority = 'normal', dueAt = null } = wanted;
    if ((await tx.chats.find(chatId)) === undefined) return { refused: 'There is no such chat.', why: 'unknown' };
    const refusal = await this.#refusal(tx, by, assigneeId, chatId, now);
    if (refusal !== undefined) return refusal;
    await tx.tickets.lockChat(chatId);
    const message = messageId === undefined ? undefined : await tx.messages.find(messageId);
    if (messageId !== undefined && message?.chatId !== chatId) {
      return { refused: 'There is no such message in this chat.', why: 'unknown' };
    }
    const there = messageId === undefined ? undefined : await tx.tickets.ofMessage(messageId);
    if (there !== undefined && there.status !== 'closed') return { ticket: there, isSame: true };
    const words = subjectOf(wanted.subject ?? '') ?? subjectOf(message?.text ?? '') ?? 'Conversation';
    const ticket = await tx.tickets.insert({
      chatId,
      messageId: messageId ?? null,
      subject: words,
      status: 'open',
      assigneeId,
      priority,
      dueAt,
      openedAt: now,
    });
    await this.#tell(tx, ticket, 'open', by, now);
    return { ticket, isSame: false };
  }

  #step(id: TicketId, steps: readonly Step[] | ((ticket: Ticket) => readonly Step[]), by: By): Promise<TicketResult> {
    return this.#parts.store.transaction((tx) => this.#stepIn(tx, id, steps, by));
  }

  async #stepIn(
    tx: Tx,
    id: TicketId,
    steps: readonly Step[] | ((ticket: Ticket) => readonly Step[]),
    by: By,
  ): Promise<TicketResult> {
    const now = this.#parts.clock.now();
    const before = await tx.tickets.lock(id);
    if (before === undefined) return NO_TICKET;
    const list = typeof steps === 'function' ? steps(before) : steps;
    const holder = before.assigneeId === null ? undefined : await tx.agents.find(before.assigneeId);
    let ticket = before;
    for (const step of list) {
      const result = transition(ticket, step, now, holder?.email);
      if ('refused' in result) return { refused: result.refused, why: 'conflict' };
      ({ ticket } = result);
    }
    const gains = ticket.assigneeId === before.assigneeId ? null : ticket.assigneeId;
    const refusal = await this.#refusal(tx, by, gains, ticket.chatId, now);
    if (refusal !== undefined) return refusal;
    const isSame = isEqual(ticket, before);
    const [only, more] = list;
    if (!isSame)
      await this.#write(tx, before, ticket, more === undefined && only !== undefined ? only.kind : 'change', by, now);
    return { ticket, isSame };
  }

  async #write(tx: Tx, before: Ticket, after: Ticket, action: string, by: By, now: Date): Promise<void> {
    await tx.tickets.update(before, after, now);
    await this.#tell(tx, after, action, by, now);
  }

  /** The audit row and the card. */
  async #tell(tx: Tx, ticket: Ticket, action: string, by: By, now: Date): Promise<void> {
    const { id, number, status, assigneeId, chatId } = ticket;
    await tx.audit.add({
      ...by,
      action: `ticket ${action}`,
      chatId,
      ...(assigneeId === null ? {} : { agentId: assigneeId }),
      detail: { ticketId: id, number, status },
      at: now,
    });
    await this.#parts.showCard(tx, ticket, now);
  }
}
