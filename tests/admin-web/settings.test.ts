// /settings: what an admin chose, checked, stored as the parts that use it read it, and audited.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AgentId } from '../../src/domain/ids.ts';
import { parseCountingRules, COUNTING_RULES } from '../../src/domain/business-hours.ts';
import { NUDGES, parseNudgeRules } from '../../src/metrics/nudges.ts';
import { parseTicketRules, TICKET_RULES } from '../../src/tickets/rules.ts';
import { itemsOf, openDesk, pathsOf, refusalOf, type Desk } from './desk.ts';

const PATH = '/api/v1/settings';
const HOURS = {
  timeZone: 'Europe/Lisbon',
  days: [[['09:00', '12:30'], ['13:00', '17:00']], [['09:00', '24:00']], [], [], [], [], []], // prettier-ignore
};
const DEFAULTS = {
  tickets: { opensFor: [], graceHours: 24, emoji: { open: '🎫', take: '👀', close: '✅' } },
  metrics: { countsPhone: true, businessHours: null },
  nudges: { afterMinutes: [], byLabel: {} },
  maskPhones: false,
  resendEmoji: '🔁',
};

let desk: Desk;
let admin: AgentId;
let member: AgentId;
beforeAll(async () => {
  desk = await openDesk();
  admin = await desk.agent('boss@acme.com', 'admin');
  member = await desk.agent('ana@acme.com', 'member');
  for (const name of ['VIP', 'Orders']) await desk.ask('POST', '/api/v1/labels', { body: { name } });
});
afterAll(() => desk.close());

test('before anybody chose, the defaults hold; members may neither see nor change them', async () => {
  expect((await desk.ask('GET', PATH)).body).toEqual(DEFAULTS);
  for (const method of ['GET', 'PATCH'] as const) {
    const body = method === 'PATCH' ? { body: { maskPhones: true } } : {};
    expect(refusalOf(await desk.ask(method, PATH, { ...body, as: member }))).toBe(403);
  }
  expect((await desk.ask('GET', PATH)).body).toEqual(DEFAULTS);
});

test('what is changed is read by the parts that use it; what is left out stays; who did it is written down', async () => {
  const tickets = { opensFor: ['vip'], graceHours: 2, emoji: { open: '📌', take: '👀', close: '🏁' } };
  const nudges = { afterMinutes: [30, 120], byLabel: { Orders: [5] } };
  const changed = await desk.ask('PATCH', PATH, { body: { tickets, nudges }, as: admin });
  expect(changed.body).toEqual({ ...DEFAULTS, tickets: { ...tickets, opensFor: ['VIP'] }, nudges });
  const metrics = { countsPhone: false, businessHours: HOURS };
  await desk.ask('PATCH', PATH, { body: { metrics, maskPhones: true, resendEmoji: '📣' }, as: admin });
  expect((await desk.ask('GET', PATH)).body).toEqual({
    tickets: { ...tickets, opensFor: ['VIP'] },
    nudges,
    metrics,
    maskPhones: true,
    resendEmoji: '📣',
  });
  const clash = await desk.ask('PATCH', PATH, { body: { resendEmoji: '🏁' }, as: admin });
  expect([refusalOf(clash), pathsOf(clash)]).toEqual([400, ['resendEmoji']]);

  const { labels, settings } = desk.store.read;
  const ids = new Map((await labels.all()).map(({ name, id }) => [name, id]));
  expect(parseTicketRules(await settings.get(TICKET_RULES))).toEqual({
    opensFor: [ids.get('VIP')],
    graceMs: 2 * 60 * 60_000,
    emoji: tickets.emoji,
  });
  expect(parseNudgeRules(await settings.get(NUDGES)).byLabel).toEqual({ [String(ids.get('Orders'))]: [5] });
  const counting = parseCountingRules(await settings.get(COUNTING_RULES));
  expect(counting.countsPhone).toBe(false);
  expect(counting.businessHours?.days[0]?.[1]).toEqual({ from: 13 * 60, to: 17 * 60 });

  const audit = itemsOf(await desk.ask('GET', '/api/v1/audit?agent=boss@acme.com&action=settings.changed'));
  expect(audit.map(({ detail }) => (detail as { setting: string }).setting)).toEqual([
    'maskPhones',
    'resendEmoji',
    'metrics',
    'nudges',
    'tickets',
  ]);
});

test.each([
  ['an unknown label', { tickets: { ...DEFAULTS.tickets, opensFor: ['VIPs'] } }, 'tickets.opensFor.0'],
  [
    'an unknown label of a reminder',
    { nudges: { afterMinutes: [], byLabel: { Nobody: [5] } } },
    'nudges.byLabel.Nobody',
  ],
  ['a reminder after no time', { nudges: { afterMinutes: [0], byLabel: {} } }, 'nudges.afterMinutes.0'],
  ['a shift that ends before it begins', { metrics: { countsPhone: true, businessHours: { ...HOURS, days: [[['17:00', '09:00']], [], [], [], [], [], []] } } }, 'metrics.businessHours'], // prettier-ignore
  ['a time zone that is none', { metrics: { countsPhone: true, businessHours: { ...HOURS, timeZone: 'Mars/Olympus' } } }, 'metrics.businessHours'], // prettier-ignore
])('%s is refused by name, and nothing is changed', async (_, body, path) => {
  const before = (await desk.ask('GET', PATH)).body;
  const answer = await desk.ask('PATCH', PATH, { body });
  expect([answer.status, pathsOf(answer)]).toEqual([400, [path]]);
  expect((await desk.ask('GET', PATH)).body).toEqual(before);
});
