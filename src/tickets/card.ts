// The card of a Ticket: what a channel shows of it, edited in place, and what its buttons ask. Pure.
import type { Button, Post } from '../domain/post.ts';
import { plainText, type RichText } from '../domain/text.ts';
import type { Ticket, TicketId, TicketStatus } from '../domain/ticket.ts';

/** What a card's button asks for. */
export interface TicketAction {
  readonly what: 'take' | 'close' | 'reopen';
  readonly ticketId: TicketId;
}

const statusWords: Readonly<Record<TicketStatus, string>> = {
  open: 'open',
  in_progress: 'in progress',
  closed: 'closed',
};

function buttonsOf({ id, status }: Ticket): Button[] {
  const button = (what: TicketAction['what'], label: string, tone: Button['tone']): Button => ({
    action: `ticket:${what}:${id}`,
    label,
    tone,
  });
  switch (status) {
    case 'open':
      return [button('take', 'Take', 'primary'), button('close', 'Close', 'normal')];
    case 'in_progress':
      return [button('close', 'Close', 'primary'), button('reopen', 'Put back', 'normal')];
    case 'closed':
      return [button('reopen', 'Reopen', 'normal')];
  }
}

/** `2026-11-24 09:00 UTC`: a channel's people may sit in any zone. */
const moment = (at: Date): string => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** The post that shows a Ticket as it stands. `assigneeEmail`: whose it is. */
export function composeCard(ticket: Ticket, assigneeEmail: string | undefined, now: Date): Post {
  const { number, subject, status, priority, dueAt, closedAt } = ticket;
  const whose = assigneeEmail === undefined ? 'nobody’s yet' : assigneeEmail;
  const isLate = dueAt !== null && status !== 'closed' && dueAt < now;
  const facts = [
    statusWords[status],
    ...(status === 'closed' && assigneeEmail === undefined ? [] : [whose]),
    ...(priority === 'normal' ? [] : [`${priority} priority`]),
    ...(dueAt === null || status === 'closed' ? [] : [`${isLate ? 'was due' : 'due'} ${moment(dueAt)}`]),
    ...(closedAt === null ? [] : [moment(closedAt)]),
  ];
  const text: RichText = [
    {
      kind: 'paragraph',
      inlines: [
        { kind: 'text', text: `🎫 #${number}`, style: { bold: true } },
        { kind: 'text', text: ` ${subject}`, ...(status === 'closed' ? { style: { strike: true as const } } : {}) },
      ],
    },
  ];
  const lines = [facts.join(' · ')];
  return { marks: [], text, lines, buttons: buttonsOf(ticket), summary: [plainText(text), ...lines].join('\n') };
}

/** What a button's action asks for; undefined: it's no card's. */
export function parseTicketAction(action: string): TicketAction | undefined {
  const [, what, id] = /^ticket:(take|close|reopen):([0-9a-f-]{36})$/.exec(action) ?? [];
  return what === undefined || id === undefined
    ? undefined
    : { what: what as TicketAction['what'], ticketId: id as TicketId };
}
