// What may become of a Ticket, step by step; its card; its subject; its emoji.
import { describe, expect, test } from 'vitest';
import { as, type AgentId, type ChatId } from '../../../src/domain/ids.ts';
import type { Ticket, TicketId, TicketStatus } from '../../../src/domain/ticket.ts';
import { composeCard, parseTicketAction } from '../../../src/tickets/card.ts';
import {
  isWithinGrace,
  parseTicketRules,
  stepOfEmoji,
  subjectOf,
  transition,
  type Step,
} from '../../../src/tickets/rules.ts';

const ana = as<AgentId>('ana');
const ben = as<AgentId>('ben');
const now = new Date('2026-11-24T09:00:00Z');
const id = '00000000-0000-7000-8000-000000000001' as TicketId;

const ticket = (status: TicketStatus, assigneeId: AgentId | null = null): Ticket => ({
  id,
  number: 128,
  chatId: as<ChatId>('chat'),
  messageId: null,
  subject: 'Broken lamp',
  status,
  assigneeId,
  priority: 'normal',
  dueAt: null,
  openedAt: new Date('2026-11-24T08:00:00Z'),
  closedAt: status === 'closed' ? new Date('2026-11-24T08:30:00Z') : null,
});

type Row = readonly [name: string, before: Ticket, step: Step, after: readonly [TicketStatus, AgentId | null] | string];
const rows: readonly Row[] = [
  ['an open one is taken', ticket('open'), { kind: 'take', agentId: ana }, ['in_progress', ana]],
  [
    'one assigned to another, but not begun, is taken',
    ticket('open', ben),
    { kind: 'take', agentId: ana },
    ['in_progress', ana],
  ],
  ['one’s own is taken again', ticket('in_progress', ana), { kind: 'take', agentId: ana }, ['in_progress', ana]],
  [
    'what another works on is not taken',
    ticket('in_progress', ben),
    { kind: 'take', agentId: ana },
    '#128 is being worked on by ben@acme.com. Assign it to yourself to take it over.',
  ],
  ['a closed one is not taken', ticket('closed'), { kind: 'take', agentId: ana }, '#128 is closed. Reopen it first.'],
  ['assigning changes whose it is, not how far it is', ticket('open'), { kind: 'assign', agentId: ben }, ['open', ben]],
  ['assigning takes over', ticket('in_progress', ben), { kind: 'assign', agentId: ana }, ['in_progress', ana]],
  ['what is nobody’s is open', ticket('in_progress', ben), { kind: 'assign', agentId: null }, ['open', null]],
  [
    'a closed one is not assigned',
    ticket('closed', ben),
    { kind: 'assign', agentId: ana },
    '#128 is closed. Reopen it first.',
  ],
  ['starting keeps whose it is', ticket('open', ben), { kind: 'start', agentId: ana }, ['in_progress', ben]],
  [
    'starting makes it one’s own where it was nobody’s',
    ticket('open'),
    { kind: 'start', agentId: ana },
    ['in_progress', ana],
  ],
  [
    'a closed one is not started',
    ticket('closed'),
    { kind: 'start', agentId: ana },
    '#128 is closed. Reopen it first.',
  ],
  ['an open one is closed', ticket('open'), { kind: 'close' }, ['closed', null]],
  ['one in progress is closed and stays whose it was', ticket('in_progress', ana), { kind: 'close' }, ['closed', ana]],
  ['a closed one stays closed', ticket('closed', ana), { kind: 'close' }, ['closed', ana]],
  ['a closed one is reopened, still whose it was', ticket('closed', ana), { kind: 'reopen' }, ['open', ana]],
  ['one in progress is put back', ticket('in_progress', ana), { kind: 'reopen' }, ['open', ana]],
];

test.each(rows)('%s', (_, before, step, after) => {
  const result = transition(before, step, now, 'ben@acme.com');
  const found = 'refused' in result ? result.refused : [result.ticket.status, result.ticket.assigneeId];
  expect(found).toEqual(after);
});

test('the moment of closing is kept when it is closed again, and forgotten when it is reopened', () => {
  const closed = ticket('closed');
  expect(transition(ticket('open'), { kind: 'close' }, now, undefined)).toMatchObject({ ticket: { closedAt: now } });
  expect(transition(closed, { kind: 'close' }, now, undefined)).toEqual({ ticket: closed });
  expect(transition(closed, { kind: 'reopen' }, now, undefined)).toMatchObject({ ticket: { closedAt: null } });
});

test('editing changes what is named only; a due date can be taken off', () => {
  const before = { ...ticket('open'), dueAt: now };
  const edited = transition(before, { kind: 'edit', priority: 'urgent' }, now, undefined);
  expect(edited).toEqual({ ticket: { ...before, priority: 'urgent' } });
  expect(transition(before, { kind: 'edit', dueAt: null }, now, undefined)).toMatchObject({ ticket: { dueAt: null } });
});

describe('what brings a closed one back', () => {
  const rules = parseTicketRules({ graceHours: 2 });
  const closedAt = new Date('2026-11-24T08:30:00Z');
  test.each([
    ['a message at the moment of closing', '2026-11-24T08:30:00Z', true],
    ['one at the end of the grace time', '2026-11-24T10:30:00Z', true],
    ['one after it', '2026-11-24T10:30:00.001Z', false],
    ['one from before the closing that only arrives now', '2026-11-24T08:29:59Z', false],
  ])('%s', (_, saidAt, expected) => {
    expect(isWithinGrace(closedAt, new Date(saidAt), rules)).toBe(expected);
  });
});

test('what was said in the second of the closing counts as said after it: the messenger tells whole seconds', () => {
  const closedAt = new Date('2026-11-24T08:30:00.700Z');
  const rules = parseTicketRules(undefined);
  expect(isWithinGrace(closedAt, new Date('2026-11-24T08:30:00Z'), rules)).toBe(true);
  expect(isWithinGrace(closedAt, new Date('2026-11-24T08:29:59Z'), rules)).toBe(false);
});

test('what is stored unreadably counts as not stored', () => {
  expect(parseTicketRules({ opensFor: 'VIP', graceHours: -1, emoji: { take: 7 } })).toEqual(
    parseTicketRules(undefined),
  );
  expect(parseTicketRules({ opensFor: ['a', 7], graceHours: 0 })).toMatchObject({ opensFor: ['a'], graceMs: 0 });
});

test('emoji do their step with and without the selector of their coloured form', () => {
  const rules = parseTicketRules({ emoji: { close: '✔️' } });
  expect(['🎫', '👀', '✔', '✔️', '✅', '👍'].map((emoji) => stepOfEmoji(emoji, rules))).toEqual([
    'open',
    'take',
    'close',
    'close',
    undefined,
    undefined,
  ]);
});

test('a subject is one line, cut at a whole character', () => {
  expect(subjectOf(' My lamp\n\n is   broken ')).toBe('My lamp is broken');
  expect(subjectOf(' \n ')).toBeUndefined();
  expect(subjectOf('🧨'.repeat(200))).toBe(`${'🧨'.repeat(59)}…`);
});

test('a card says how it stands and offers what can be done', () => {
  const open = composeCard(
    { ...ticket('open'), priority: 'high', dueAt: new Date('2026-11-24T08:00:00Z') },
    undefined,
    now,
  );
  expect(open.lines).toEqual(['open · nobody’s yet · high priority · was due 2026-11-24 08:00 UTC']);
  expect(open.buttons.map(({ action }) => action)).toEqual([`ticket:take:${id}`, `ticket:close:${id}`]);
  const closed = composeCard(ticket('closed', ana), 'ana@acme.com', now);
  expect(closed.lines).toEqual(['closed · ana@acme.com · 2026-11-24 08:30 UTC']);
  expect(closed.summary).toContain('#128 Broken lamp');
  expect(closed.buttons.map(({ label }) => label)).toEqual(['Reopen']);
});

test('a card’s button comes back as what it asks; anything else doesn’t', () => {
  const [button] = composeCard(ticket('in_progress', ana), 'ana@acme.com', now).buttons;
  expect(parseTicketAction(button?.action ?? '')).toEqual({ what: 'close', ticketId: id });
  expect([`ticket:drop:${id}`, 'ticket:take:7', `resend:${id}`].map(parseTicketAction)).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
