// What may become of a Ticket: every step from how it stands to how it stands then, or why not. Pure.
import { firstCharacters } from '../domain/characters.ts';
import type { AgentId } from '../domain/ids.ts';
import type { Ticket, TicketPriority } from '../domain/ticket.ts';

/**
 * `take`: it's mine and I work on it. `start`: somebody (`agentId`, else whose it is) works on it. `assign`: it's theirs; null: nobody's.
 * `reopen`: back to be done, whether it was closed or in progress. `edit`: what is left out stays.
 */
export type Step =
  | { readonly kind: 'take'; readonly agentId: AgentId }
  | { readonly kind: 'start'; readonly agentId: AgentId | null }
  | { readonly kind: 'assign'; readonly agentId: AgentId | null }
  | { readonly kind: 'close' }
  | { readonly kind: 'reopen' }
  | {
      readonly kind: 'edit';
      readonly subject?: string | undefined;
      readonly priority?: TicketPriority | undefined;
      readonly dueAt?: Date | null | undefined;
    };

/** How it stands then (perhaps as before). `refused`: plain words, with the number. */
export type StepResult = { readonly ticket: Ticket } | { readonly refused: string };

/** What an admin chose; the defaults are in `parseTicketRules`. */
export interface TicketRules {
  /** Ids of the Labels whose Chats get a Ticket by themselves. */
  readonly opensFor: readonly string[];
  /** How long after closing a customer's message reopens. */
  readonly graceMs: number;
  /** Emoji that do a step when put onto a message or a card. */
  readonly emoji: Readonly<Record<'open' | 'take' | 'close', string>>;
}

/** The setting's key. Stored: `{opensFor?: [labelId], graceHours?: number, emoji?: {open?, take?, close?}}`. */
export const TICKET_RULES = 'tickets';

const HOUR_MS = 60 * 60_000;
const GRACE_HOURS = 24;
const LONGEST_SUBJECT = 120;

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** What is stored, or the defaults where nothing (or nothing readable) is. */
export function parseTicketRules(value: unknown): TicketRules {
  const stored = isRecord(value) ? value : {};
  const { opensFor, graceHours, emoji } = stored;
  const emojiOf = (name: string, byDefault: string): string => {
    const chosen = isRecord(emoji) ? emoji[name] : undefined;
    return typeof chosen === 'string' && chosen !== '' ? chosen : byDefault;
  };
  return {
    opensFor: Array.isArray(opensFor) ? opensFor.filter((id) => typeof id === 'string') : [],
    graceMs: (typeof graceHours === 'number' && graceHours >= 0 ? graceHours : GRACE_HOURS) * HOUR_MS,
    emoji: { open: emojiOf('open', '🎫'), take: emojiOf('take', '👀'), close: emojiOf('close', '✅') },
  };
}

/** Emoji come with and without the selector of their coloured form (U+FE0F). */
const bare = (emoji: string): string => emoji.replaceAll('\uFE0F', '');

/** The step that an emoji does; undefined: it's none of them, and stays a reaction. */
export function stepOfEmoji(emoji: string, rules: TicketRules): 'open' | 'take' | 'close' | undefined {
  const steps = ['open', 'take', 'close'] as const;
  return steps.find((step) => bare(rules.emoji[step]) === bare(emoji));
}

/** Words fit for a subject: one line, cut where they are long; undefined when there are none. */
export function subjectOf(text: string): string | undefined {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  if (line === '') return undefined;
  return line.length <= LONGEST_SUBJECT ? line : `${firstCharacters(line, LONGEST_SUBJECT - 1).trimEnd()}…`;
}

/** `holderEmail`: whose it is now, for the words of a refusal. */
export function transition(ticket: Ticket, step: Step, at: Date, holderEmail: string | undefined): StepResult {
  const name = `#${ticket.number}`;
  const isClosed = ticket.status === 'closed';
  const whileClosed: StepResult = { refused: `${name} is closed. Reopen it first.` };
  switch (step.kind) {
    case 'take':
      if (isClosed) return whileClosed;
      if (ticket.status === 'in_progress' && ticket.assigneeId !== null && ticket.assigneeId !== step.agentId) {
        return {
          refused: `${name} is being worked on by ${holderEmail ?? 'somebody else'}. Assign it to yourself to take it over.`,
        };
      }
      return { ticket: { ...ticket, status: 'in_progress', assigneeId: step.agentId } };
    case 'start':
      if (isClosed) return whileClosed;
      return { ticket: { ...ticket, status: 'in_progress', assigneeId: ticket.assigneeId ?? step.agentId } };
    case 'assign':
      if (isClosed) return whileClosed;
      // What is nobody's is worked on by nobody.
      return {
        ticket: { ...ticket, assigneeId: step.agentId, status: step.agentId === null ? 'open' : ticket.status },
      };
    case 'close':
      return { ticket: isClosed ? ticket : { ...ticket, status: 'closed', closedAt: at } };
    case 'reopen':
      return { ticket: { ...ticket, status: 'open', closedAt: null } };
    case 'edit': {
      const { subject, priority, dueAt } = step;
      return {
        ticket: {
          ...ticket,
          subject: subject ?? ticket.subject,
          priority: priority ?? ticket.priority,
          dueAt: dueAt === undefined ? ticket.dueAt : dueAt,
        },
      };
    }
  }
}

/** Was it said before the closing? The messenger's times are whole seconds: what was said in the closing's own second counts as said after it. */
export const wasSaidBefore = (closedAt: Date, saidAt: Date): boolean =>
  saidAt.getTime() < Math.floor(closedAt.getTime() / 1000) * 1000;

/** Does a customer's message of that time bring a closed Ticket back? Not one from before the closing that only arrives now. */
export function isWithinGrace(closedAt: Date | null, saidAt: Date, rules: TicketRules): boolean {
  if (closedAt === null || wasSaidBefore(closedAt, saidAt)) return false;
  return saidAt.getTime() - closedAt.getTime() <= rules.graceMs;
}

/** Do both stand the same? */
export function isEqual(one: Ticket, other: Ticket): boolean {
  const keys = ['subject', 'status', 'assigneeId', 'priority'] as const;
  return keys.every((key) => one[key] === other[key]) && one.dueAt?.getTime() === other.dueAt?.getTime();
}
