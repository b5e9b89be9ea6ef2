// A Ticket as a value: a piece of work on a Chat.
import type { AgentId, ChatId, MessageId } from './ids.ts';

declare const brand: unique symbol;
export type TicketId = string & { readonly [brand]: 'Ticket' };

export type TicketStatus = 'open' | 'in_progress' | 'closed';
export type TicketPriority = 'low' | 'normal' | 'high' | 'urgent';

export interface Ticket {
  readonly id: TicketId;
  /** What people call it: #128. */
  readonly number: number;
  readonly chatId: ChatId;
  /** The message it was opened on. */
  readonly messageId: MessageId | null;
  readonly subject: string;
  readonly status: TicketStatus;
  readonly assigneeId: AgentId | null;
  readonly priority: TicketPriority;
  readonly dueAt: Date | null;
  readonly openedAt: Date;
  readonly closedAt: Date | null;
}
