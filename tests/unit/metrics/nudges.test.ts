// Reminders of customers who wait: once a step, by label, not at night, and not once somebody answered.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { AgentId, ChatId } from '../../../src/domain/ids.ts';
import { giveNudges, parseNudgeRules, reachedSteps, type Nudge } from '../../../src/metrics/nudges.ts';
import { connect } from '../../support/postgres.ts';
import { History } from './history.ts';

const rules = parseNudgeRules({ afterMinutes: [60, 30], byLabel: { vip: [5], slow: [] } });

test.each([
  [29, [], 0],
  [30, [], 1],
  [60, [], 2],
  [5, ['vip'], 1],
  [600, ['slow'], 0],
  [5, ['slow', 'vip', 'other'], 1],
])('after %s minutes with labels %s, %s steps are reached', (minutes, labels, expected) => {
  expect(reachedSteps(minutes * 60_000, labels, rules)).toBe(expected);
});

test('without a readable setting nobody is reminded', () => {
  expect(parseNudgeRules({ afterMinutes: 'soon', byLabel: [] })).toEqual({ afterMinutes: [], byLabel: {} });
});

let history: History;
let ana: AgentId;
let chat: ChatId;
let told: Nudge[];
const at = (time: string): Date => new Date(`2026-11-23T${time}Z`);
const give = (time: string): Promise<void> =>
  giveNudges(
    history.store,
    async (_, nudge) => {
      told.push(nudge);
    },
    at(time),
  );

beforeAll(async () => {
  history = await History.open();
  ana = await history.agent('ana');
});
afterAll(() => history.close());
beforeEach(async () => {
  told = [];
  const sql = await connect(history.database);
  await sql.query('delete from episode');
  await sql.end();
  chat = await history.chat('Mia');
  await history.store.read.settings.set('nudges', { afterMinutes: [30, 60] }, at('00:00:00'));
  await history.store.read.settings.set('metrics', {}, at('00:00:00'));
});

test('each step is told once, also by several processes, until somebody answers', async () => {
  await history.said({ chat, at: at('09:00:00') });
  await give('09:29:59');
  expect(told).toEqual([]);
  await Promise.all([give('09:30:00'), give('09:30:00'), give('09:31:00')]);
  expect(told).toHaveLength(1);
  expect(told[0]).toMatchObject({ chatId: chat, assigneeId: null });
  // The row is the same one, whatever else is said meanwhile.
  await history.said({ chat, at: at('09:40:00') });
  await give('10:00:00');
  expect(told.map(({ sentence }) => sentence).at(-1)).toBe('The customer has been waiting for an answer for 1h 00m.');
  await history.replied({ chat, agent: ana, source: 'web', at: at('10:05:00'), ackedAt: at('10:05:00') });
  await give('23:00:00');
  expect(told).toHaveLength(2);
});

test('steps that pass at night are one line in the morning', async () => {
  const days = Array.from({ length: 7 }, () => [['09:00', '17:00']]);
  await history.store.read.settings.set('metrics', { businessHours: { timeZone: 'UTC', days } }, at('00:00:00'));
  await history.said({ chat, at: at('05:00:00') });
  await give('08:59:00');
  expect(told).toEqual([]);
  await give('09:00:00');
  await give('09:01:00');
  expect(told).toHaveLength(1);
});
