// /wa ticket …: opened, taken, assigned, changed, closed, reopened and listed; the shortcut that opens one on a message, and the buttons of cards.
import type { Answer, Form } from '../domain/command.ts';
import { as, type AgentId, type ChatId } from '../domain/ids.ts';
import type { Inline } from '../domain/text.ts';
import type { Ticket, TicketPriority, TicketStatus } from '../domain/ticket.ts';
import type { ListedMirror } from '../store/listing.ts';
import type { ListedTicket } from '../store/ticket.ts';
import type { TicketResult } from '../tickets/tickets.ts';
import { isRefused, type Ask, type Parts, type Refused } from './ask.ts';
import { channelWords } from './chats.ts';
import { chatName, findAgent, findChat, postAbout } from './find.ts';
import { dueOf, zoneOf } from './times.ts';
import { listed, namesOf, quoted, say, timeOf, tooOldWords, words } from './words.ts';

const PAGE = 10;
const UNRESOLVED: readonly TicketStatus[] = ['open', 'in_progress'];
const PRIORITIES = ['low', 'normal', 'high', 'urgent'] as const satisfies readonly TicketPriority[];
/** The column holds numbers of at most so many digits. */
const NUMBER = /^#?(\d{1,9})$/u;

const priorityOf = (written: string | undefined): TicketPriority | undefined =>
  PRIORITIES.find((one) => one === written);

const nameOf = (ask: Ask, { number, subject }: Ticket): string => `#${number} ${quoted(ask.phones(subject))}`;

/** What became of it, in words. `same`: it was so already. */
function outcome(result: TicketResult, done: (ticket: Ticket) => string, same: (ticket: Ticket) => string): Answer {
  if (isRefused(result)) return say(result.refused);
  return say(result.isSame ? same(result.ticket) : done(result.ticket));
}

/** Whose a ticket becomes: `me`, `nobody`, or somebody of the team. */
async function whose(parts: Parts, ask: Ask, written: string): Promise<AgentId | null | Refused> {
  const word = written.trim().toLowerCase();
  if (word === 'me') return ask.agent.id;
  if (word === 'nobody') return null;
  const agent = await findAgent(parts, ask, written);
  return isRefused(agent) ? agent : agent.id;
}

/** The ticket that is named, or the only one in question of the channel's chat; of chats that the asker sees. */
async function findTicket(parts: Parts, ask: Ask, among: readonly TicketStatus[]): Promise<Ticket | Refused> {
  const { store, access } = parts;
  const written = ask.options['ticket'];
  if (written === undefined) return onlyTicketHere(parts, ask, among);
  const [, digits] = NUMBER.exec(written.trim()) ?? [];
  if (digits === undefined) return { refused: `${quoted(written)} is no ticket’s number. Write it like #12.` };
  const scope = await access.scopeOf(ask.agent.id);
  const ticket = await store.read.tickets.byNumber(Number(digits));
  const isSeen = ticket !== undefined && (scope === 'all' || scope.has(ticket.chatId));
  return isSeen
    ? ticket
    : { refused: `There is no ticket #${digits} among those you see. /wa ticket list shows them.` };
}

async function onlyTicketHere(parts: Parts, ask: Ask, among: readonly TicketStatus[]): Promise<Ticket | Refused> {
  if (ask.here === undefined) {
    return { refused: 'Say which ticket, like #12, or ask in the channel of its chat. /wa ticket list shows them.' };
  }
  const chat = await findChat(parts, ask, 'this');
  if (isRefused(chat)) return chat;
  const found = await parts.store.read.tickets.list(
    { scope: new Set([chat.id]), chatId: chat.id, statuses: among },
    { limit: PAGE },
  );
  const [only, another] = found;
  if (only !== undefined && another === undefined) return only;
  return only === undefined
    ? { refused: 'No ticket of this chat is in question. /wa ticket list all this shows what there was.' }
    : { refused: `Say which ticket: ${namesOf(found.map(({ number }) => `#${number}`))}.` };
}

export async function openTicket(parts: Parts, ask: Ask): Promise<Answer> {
  const { subject, chat: named, assignee, priority, due } = ask.options;
  const chat = await findChat(parts, ask, named);
  if (isRefused(chat)) return say(chat.refused);
  if (subject === undefined) return { text: [], form: openForm(chat.id, { priority, due }) };
  const assigneeId = assignee === undefined ? null : await whose(parts, ask, assignee);
  if (isRefused(assigneeId)) return say(assigneeId.refused);
  const dueAt = due === undefined ? null : dueOf(due, await zoneOf(parts, ask), parts.clock.now());
  if (isRefused(dueAt)) return say(dueAt.refused);
  return open(parts, ask, chat.id, { subject, assigneeId, priority, dueAt });
}

async function open(
  parts: Parts,
  ask: Ask,
  chatId: ChatId,
  wanted: { subject: string; assigneeId: AgentId | null; priority: string | undefined; dueAt: Date | null },
): Promise<Answer> {
  const { subject, assigneeId, priority, dueAt } = wanted;
  const result = await parts.tickets.open(
    {
      chatId,
      subject,
      priority: priorityOf(priority),
      dueAt,
      ...(assigneeId === null ? {} : { assigneeId }),
    },
    ask.by,
  );
  return outcome(
    result,
    (ticket) => `${nameOf(ask, ticket)} is open.`,
    (ticket) => `${nameOf(ask, ticket)} is open already.`,
  );
}

const openForm = (chatId: ChatId, given: { priority: string | undefined; due: string | undefined }): Form => ({
  action: `ticket-open:${chatId}`,
  title: 'Open a ticket',
  submit: 'Open',
  fields: [
    { id: 'subject', label: 'What it is about', kind: 'text', required: true },
    {
      id: 'priority',
      label: 'Priority',
      kind: 'choice',
      required: true,
      initial: given.priority ?? 'normal',
      options: PRIORITIES.map((one) => ({ value: one, label: one })),
    },
    { id: 'assignee', label: 'Whose it is', kind: 'text', required: false, hint: 'An email, a name, or “me”' },
    {
      id: 'due',
      label: 'Until when',
      kind: 'text',
      required: false,
      hint: 'Like 4h, 7d, 2026-12-24 or 2026-12-24T15:00',
      ...(given.due === undefined ? {} : { initial: given.due }),
    },
  ],
});

/** The form of `/wa ticket open`. */
export async function ticketFormSent(parts: Parts, ask: Ask): Promise<Answer> {
  const { subject = '', priority, assignee, due } = ask.options;
  const assigneeId = assignee === undefined ? null : await whose(parts, ask, assignee);
  const dueAt = due === undefined ? null : dueOf(due, await zoneOf(parts, ask), parts.clock.now());
  const fieldErrors = {
    ...(subject.trim() === '' ? { subject: 'It needs a subject.' } : {}),
    ...(isRefused(assigneeId) ? { assignee: assigneeId.refused } : {}),
    ...(isRefused(dueAt) ? { due: dueAt.refused } : {}),
  };
  if (isRefused(assigneeId) || isRefused(dueAt) || Object.keys(fieldErrors).length > 0) {
    return { text: [], fieldErrors };
  }
  return open(parts, ask, as<ChatId>(ask.id), { subject, assigneeId, priority, dueAt });
}

/** The shortcut on a message: a ticket on it, with its words for a subject; once, as long as that isn't resolved. */
export async function openOnPost(parts: Parts, ask: Ask): Promise<Answer> {
  const found = await postAbout(parts, ask);
  if (isRefused(found)) return say(found.refused);
  const { chat, message } = found;
  const result = await parts.tickets.open({ chatId: chat.id, messageId: message?.id }, ask.by);
  return outcome(
    result,
    (ticket) => `${nameOf(ask, ticket)} is open.`,
    (ticket) => `There is a ticket on it already: ${nameOf(ask, ticket)}.`,
  );
}

export async function takeTicket(parts: Parts, ask: Ask): Promise<Answer> {
  const ticket = await findTicket(parts, ask, UNRESOLVED);
  if (isRefused(ticket)) return say(ticket.refused);
  return outcome(
    await parts.tickets.take(ticket.id, ask.agent.id, ask.by),
    (taken) => `${nameOf(ask, taken)} is yours, and in progress.`,
    (taken) => `${nameOf(ask, taken)} is yours already.`,
  );
}

export async function assignTicket(parts: Parts, ask: Ask): Promise<Answer> {
  const ticket = await findTicket(parts, ask, UNRESOLVED);
  if (isRefused(ticket)) return say(ticket.refused);
  const agentId = await whose(parts, ask, ask.options['agent'] ?? '');
  if (isRefused(agentId)) return say(agentId.refused);
  const result = await parts.tickets.assign(ticket.id, agentId, ask.by);
  const agent = agentId === null ? undefined : await parts.store.read.agents.find(agentId);
  const owner = agent === undefined ? 'nobody’s' : `${agent.email}’s`;
  return outcome(
    result,
    (assigned) => `${nameOf(ask, assigned)} is ${owner} now.`,
    (assigned) => `${nameOf(ask, assigned)} is ${owner} already.`,
  );
}

export async function editTicket(parts: Parts, ask: Ask): Promise<Answer> {
  const ticket = await findTicket(parts, ask, [...UNRESOLVED, 'closed']);
  if (isRefused(ticket)) return say(ticket.refused);
  const { subject, priority, due } = ask.options;
  const dueAt = due === undefined ? undefined : dueOf(due, await zoneOf(parts, ask), parts.clock.now());
  if (isRefused(dueAt)) return say(dueAt.refused);
  if (subject === undefined && priority === undefined && dueAt === undefined) {
    return say('Say what is to change: a subject, priority:… or due:….');
  }
  return outcome(
    await parts.tickets.change(ticket.id, { subject, priority: priorityOf(priority), dueAt }, ask.by),
    (changed) => `${nameOf(ask, changed)} is changed.`,
    (same) => `${nameOf(ask, same)} is so already.`,
  );
}

export async function closeTicket(parts: Parts, ask: Ask): Promise<Answer> {
  const ticket = await findTicket(parts, ask, UNRESOLVED);
  if (isRefused(ticket)) return say(ticket.refused);
  return outcome(
    await parts.tickets.close(ticket.id, ask.by),
    (closed) => `${nameOf(ask, closed)} is closed.`,
    (closed) => `${nameOf(ask, closed)} is closed already.`,
  );
}

export async function reopenTicket(parts: Parts, ask: Ask): Promise<Answer> {
  const ticket = await findTicket(parts, ask, ['closed']);
  if (isRefused(ticket)) return say(ticket.refused);
  return outcome(
    await parts.tickets.reopen(ticket.id, ask.by),
    (again) => `${nameOf(ask, again)} is open again.`,
    (again) => `${nameOf(ask, again)} is open already.`,
  );
}

export const listTickets = (parts: Parts, ask: Ask): Promise<Answer> => ticketPage(parts, ask, undefined);

async function ticketPage(parts: Parts, ask: Ask, before: number | undefined): Promise<Answer> {
  const { store, access, offers } = parts;
  const { which = 'unresolved', chat: named } = ask.options;
  const chat = named === undefined ? undefined : await findChat(parts, ask, named);
  if (isRefused(chat)) return say(chat.refused);
  const filter = {
    scope: await access.scopeOf(ask.agent.id),
    ...(chat === undefined ? {} : { chatId: chat.id }),
    ...(which === 'all' ? {} : { statuses: which === 'closed' ? (['closed'] as const) : UNRESOLVED }),
    ...(which === 'mine' ? { assigneeId: ask.agent.id } : which === 'free' ? { assigneeId: null } : {}),
  };
  const rows = await store.read.tickets.list(filter, { limit: PAGE + 1, before });
  const page = rows.slice(0, PAGE);
  if (page.length === 0) return say(before === undefined ? noneWords(which) : 'That were all of them.');
  const mirrors = await store.read.listings.mirrors([...new Set(page.map(({ chatId }) => chatId))]);
  const zone = await zoneOf(parts, ask);
  const items = await Promise.all(
    page.map(async (ticket) => lineOf(parts, ask, ticket, { zone, mirrors: mirrors.get(ticket.chatId) ?? [] })),
  );
  const last = page.at(-1)?.number;
  const buttons =
    rows.length > page.length
      ? [
          offers.button(ask, { label: 'More' }, (again, asked) =>
            ticketPage(again, { ...asked, options: ask.options }, last),
          ),
        ]
      : [];
  return listed(TITLES[which] ?? 'Tickets', items, { buttons });
}

const TITLES: Readonly<Record<string, string>> = {
  unresolved: 'Unresolved tickets, the newest first',
  mine: 'Your tickets, the newest first',
  free: 'Tickets that are nobody’s, the newest first',
  closed: 'Closed tickets, the newest first',
  all: 'All tickets, the newest first',
};

function noneWords(which: string): string {
  switch (which) {
    case 'mine':
      return 'No unresolved ticket is yours.';
    case 'free':
      return 'No unresolved ticket is nobody’s.';
    case 'closed':
      return 'There are no closed tickets.';
    case 'all':
      return 'There are no tickets. /wa ticket open makes one.';
    default:
      return 'There are no unresolved tickets.';
  }
}

async function lineOf(
  { store, clock }: Parts,
  ask: Ask,
  ticket: ListedTicket,
  { zone, mirrors }: { zone: string; mirrors: readonly ListedMirror[] },
): Promise<Inline[]> {
  const { status, assigneeEmail, priority, dueAt, chatId } = ticket;
  const row = await store.read.listings.chat(chatId);
  const isLate = dueAt !== null && dueAt < clock.now();
  const notes = [
    status === 'in_progress' ? 'in progress' : status,
    assigneeEmail ?? 'nobody’s',
    ...(priority === 'normal' ? [] : [`${priority} priority`]),
    ...(dueAt === null || status === 'closed' ? [] : [`${isLate ? 'was due' : 'due'} ${timeOf(dueAt, zone)}`]),
    ...(row === undefined ? [] : [chatName(ask, row)]),
  ];
  const here = mirrors.find(({ workspaceId }) => workspaceId === ask.workspaceId);
  return [words(`${nameOf(ask, ticket)} — ${notes.join(' · ')}`), ...channelWords(here)];
}

/** A button under a card: the card itself shows what became of it. */
export async function pressed(parts: Parts, ask: Ask): Promise<Answer> {
  const result = await parts.tickets.pressed(`ticket:${ask.id}`, ask.agent.id, ask.by);
  if (result === undefined) return say(tooOldWords);
  if (isRefused(result)) return say(result.refused);
  return result.isSame ? say('It is so already.') : say();
}
