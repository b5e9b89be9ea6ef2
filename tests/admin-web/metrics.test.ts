// /metrics: the figures over the API, worked by hand from what was seeded; the rows behind them, as JSON and as CSV.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MASK_PHONES } from '../../src/access/access.ts';
import type { AgentId, MessageId } from '../../src/domain/ids.ts';
import type { Account } from '../../src/store/account.ts';
import type { Chat } from '../../src/store/chat.ts';
import type { NewMessage } from '../../src/store/message.ts';
import {
  cursorOf,
  idsOf,
  itemsOf,
  openDesk,
  pathsOf,
  readAll,
  refusalOf,
  seedAccount,
  seedChat,
  seedMessage,
} from './desk.ts';
import type { Asked, Desk } from './desk.ts';

/** All of what follows happens on these two days; it is noon of the second. */
const [SATURDAY, SUNDAY] = ['2026-02-28', '2026-03-01'];
const NOWHERE = '018f0000-0000-7000-8000-000000000000';

let desk: Desk;
let support: Account;
let mia: Chat;
let tom: Chat;
let eve: Chat;
let lia: AgentId;
let max: AgentId;
/** Said by Mia on Sunday, and in no channel. */
let lost: MessageId;
beforeAll(async () => {
  desk = await openDesk();
  const { store } = desk;
  support = await seedAccount(store, 'Support');
  const sales = await seedAccount(store, 'Sales');
  mia = await seedChat(store, support, { name: 'Mia', phone: '+351912345678' });
  tom = await seedChat(store, support, { name: 'Tom' });
  eve = await seedChat(store, sales, { name: 'Eve' });
  lia = await desk.agent('lia@acme.com', 'member', [mia]);
  max = await desk.agent('max@acme.com', 'member', [tom]);
  const slack = await store.read.workspaces.fromEnvironment('slack', new Date());
  const vip = await store.read.labels.create({ name: 'VIP', color: '#ff0000' }, new Date());
  await store.read.labels.put(vip.id, [mia.id], new Date());
  const say = async (chat: Chat, at: string, lagMs?: number, more: Partial<NewMessage> = {}): Promise<MessageId> => {
    const sentAt = new Date(`${at}Z`);
    const { id } = await seedMessage(store, chat, { sentAt, ...more });
    if (lagMs !== undefined) await store.read.messages.posted(id, new Date(sentAt.getTime() + lagMs));
    return id;
  };
  await say(mia, `${SATURDAY}T09:00:00`, 2_000);
  await say(mia, `${SATURDAY}T09:10:00`, undefined, { source: 'web', state: 'sent', agentId: lia, text: '=1+1, "so"' });
  await say(tom, `${SATURDAY}T10:00:00`, 4_000);
  await say(tom, `${SATURDAY}T10:30:00`, undefined, {
    source: 'platform',
    state: 'sent',
    agentId: max,
    originWorkspaceId: slack.id,
    text: 'Call +351 912 345 678',
  });
  await say(tom, `${SATURDAY}T10:40:00`, undefined, { source: 'web', note: true, agentId: max });
  await say(tom, `${SATURDAY}T10:50:00`, undefined, { source: 'web', state: 'failed', agentId: max });
  await say(mia, `${SATURDAY}T23:30:00`, 6_000);
  await say(mia, `${SATURDAY}T23:50:00`, undefined, { source: 'phone', text: 'Later' });
  lost = await say(mia, `${SUNDAY}T11:00:00`);
  await say(tom, `${SUNDAY}T11:30:00`, undefined, { filtered: 'the chat is set to “never mirror”' });
  await say(eve, `${SUNDAY}T11:40:00`, 1_000);
  await desk.ask('POST', '/api/v1/tickets', { body: { chatId: mia.id, assignee: 'lia@acme.com' } });
  await desk.clock.advance(1_000);
});
afterAll(() => desk.close());

const summary = (query: string, as?: AgentId): Promise<Asked> =>
  desk.ask('GET', `/api/v1/metrics/summary?${query}`, as === undefined ? {} : { as });

test('the figures of Saturday are those of the hand-worked example', async () => {
  const { status, body } = await summary(`from=${SATURDAY}&to=${SATURDAY}`);
  const spread = (seconds: number) => ({
    count: 1,
    averageSeconds: seconds,
    medianSeconds: seconds,
    p90Seconds: seconds,
    business: null,
  });
  expect(status).toBe(200);
  expect(body).toEqual({
    from: '2026-02-28T00:00:00.000Z',
    to: '2026-03-01T00:00:00.000Z',
    replies: {
      total: 3,
      byAgent: [
        { agentId: lia, email: 'lia@acme.com', name: null, count: 1 },
        { agentId: max, email: 'max@acme.com', name: null, count: 1 },
      ],
      bySource: { slack: 1, web: 1, phone: 1 },
    },
    tickets: { open: 0, inProgress: 0, unresolved: 0, opened: 0, closed: 0 },
    // Lia 10 minutes, the phone 20, Max 30; p90 lies at 0.8 of the way from 20 to 30.
    firstResponse: {
      count: 3,
      averageSeconds: 1200,
      medianSeconds: 1200,
      p90Seconds: 1680,
      business: null,
      byAgent: [
        { agentId: lia, email: 'lia@acme.com', name: null, ...spread(600) },
        { agentId: max, email: 'max@acme.com', name: null, ...spread(1800) },
      ],
    },
    unanswered: { count: 2, oldestSince: '2026-03-01T11:00:00.000Z' },
    received: 3,
    activeChats: 2,
    // 2, 4 and 6 seconds; p99 lies at 0.98 of the way from 4 to 6.
    bridgeLag: { medianMs: 4000, p99Ms: 5960 },
    ledger: { received: 3, mirrored: 3, filtered: 0, gapCount: 0, gaps: [] },
  });
});

test('without a period it is today; what is in no channel is named', async () => {
  const { body } = await summary('');
  expect(body).toMatchObject({
    from: '2026-03-01T00:00:00.000Z',
    to: '2026-03-02T00:00:00.000Z',
    replies: { total: 0, byAgent: [], bySource: { slack: 0, web: 0, phone: 0 } },
    tickets: { open: 1, inProgress: 0, unresolved: 1, opened: 1, closed: 0 },
    firstResponse: { count: 0, averageSeconds: null },
    received: 3,
    activeChats: 2,
    ledger: { received: 3, mirrored: 1, filtered: 1, gapCount: 1, gaps: [lost] },
  });
});

test.each([
  // 23:30 of Saturday is 00:30 of Sunday in Berlin.
  [`from=${SUNDAY}&to=${SUNDAY}&timeZone=Europe/Berlin`, { replies: 1, received: 4, responses: 1 }],
  [`from=${SATURDAY}&to=${SATURDAY}&timeZone=Europe/Berlin`, { replies: 2, received: 2, responses: 2 }],
  ['from=2026-02-28T09:10:00Z&to=2026-02-28T12:30:00%2B02:00', { replies: 1, received: 1, responses: 1 }],
  [`from=${SATURDAY}&agent=lia@acme.com`, { replies: 1, received: 6, responses: 1 }],
  [`from=${SATURDAY}&label=vip`, { replies: 2, received: 3, responses: 2 }],
  [`from=${SATURDAY}&agent=nobody@acme.com`, { replies: 0, received: 0, responses: 0 }],
  [`from=${SATURDAY}&label=nothing`, { replies: 0, received: 0, responses: 0 }],
  [`from=${SATURDAY}&account=${NOWHERE}`, { replies: 0, received: 0, responses: 0 }],
])('?%s counts what it should', async (query, expected) => {
  const { body } = await summary(query);
  const { replies, received, firstResponse } = body as Record<string, { total?: number; count?: number }>;
  expect({ replies: replies?.total, received, responses: firstResponse?.count }).toEqual(expected);
});

test('by number and by chat', async () => {
  expect((await summary(`from=${SATURDAY}&account=${support.id}`)).body).toMatchObject({
    received: 5,
    unanswered: { count: 1 },
  });
  expect((await summary(`from=${SATURDAY}&chat=${tom.id}`)).body).toMatchObject({
    received: 2,
    replies: { total: 1 },
    ledger: { received: 2, mirrored: 1, filtered: 1, gaps: [] },
  });
});

test('members get the figures of their chats, and no others exist for them', async () => {
  const from = `from=${SATURDAY}`;
  expect((await summary(from, max)).body).toMatchObject({
    replies: { total: 1, byAgent: [{ email: 'max@acme.com', count: 1 }] },
    unanswered: { count: 0, oldestSince: null },
    received: 2,
    activeChats: 1,
    tickets: { open: 0, opened: 0 },
    ledger: { received: 2, gapCount: 0, gaps: [] },
  });
  const [hidden, missing] = [await summary(`chat=${eve.id}`, max), await summary(`chat=${NOWHERE}`, max)];
  expect([refusalOf(hidden), hidden.text]).toEqual([404, missing.text]);
  const waiting = (as: AgentId) => desk.ask('GET', '/api/v1/metrics/unanswered', { as });
  expect(itemsOf(await waiting(max))).toEqual([]);
  expect(itemsOf(await waiting(lia))).toMatchObject([{ chatId: mia.id, questionId: lost, waitingSeconds: 3601 }]);
  const csv = await desk.ask('GET', `/api/v1/metrics/replies?${from}&format=csv`, { as: max });
  expect(csv.text.split('\r\n').filter((line) => line !== '')).toHaveLength(2);
});

test('the points of the charts are local days, empty ones included', async () => {
  const query = 'from=2026-02-27&to=2026-03-01&timeZone=Europe/Berlin&by=day';
  const answer = await desk.ask('GET', `/api/v1/metrics/series?${query}`);
  const empty = { replies: 0, received: 0, responses: 0, medianSeconds: null };
  expect(itemsOf(answer)).toEqual([
    { day: '2026-02-27', from: '2026-02-26T23:00:00.000Z', to: '2026-02-27T23:00:00.000Z', ...empty },
    {
      day: '2026-02-28',
      from: '2026-02-27T23:00:00.000Z',
      to: '2026-02-28T23:00:00.000Z',
      replies: 2,
      received: 2,
      responses: 2,
      medianSeconds: 1200,
    },
    {
      day: '2026-03-01',
      from: '2026-02-28T23:00:00.000Z',
      to: '2026-03-01T23:00:00.000Z',
      replies: 1,
      received: 4,
      responses: 1,
      medianSeconds: 1200,
    },
  ]);
});

test('every figure opens onto its rows, page by page', async () => {
  const path = (name: string) => `/api/v1/metrics/${name}?from=${SATURDAY}&to=${SATURDAY}`;
  const replies = await desk.ask('GET', path('replies'));
  expect(itemsOf(replies).map(({ text, email, source }) => [text, email, source])).toEqual([
    ['Later', null, 'phone'],
    ['Call +351 912 345 678', 'max@acme.com', 'slack'],
    ['=1+1, "so"', 'lia@acme.com', 'web'],
  ]);
  const responses = await desk.ask('GET', path('first-responses'));
  expect(itemsOf(responses).map(({ chatName, seconds, askedAt }) => [chatName, seconds, askedAt])).toEqual([
    ['Mia', 1200, '2026-02-28T23:30:00.000Z'],
    ['Tom', 1800, '2026-02-28T10:00:00.000Z'],
    ['Mia', 600, '2026-02-28T09:00:00.000Z'],
  ]);
  const waiting = await desk.ask('GET', '/api/v1/metrics/unanswered');
  expect(itemsOf(waiting).map(({ chatName, since }) => [chatName, since])).toEqual([
    ['Mia', '2026-03-01T11:00:00.000Z'],
    ['Eve', '2026-03-01T11:40:00.000Z'],
  ]);
  for (const [name, whole] of [
    ['replies', replies],
    ['first-responses', responses],
    ['unanswered', waiting],
  ] as const) {
    expect(await readAll(desk, `${path(name)}&limit=1`)).toEqual(idsOf(whole));
    expect(cursorOf(whole)).toBeNull();
  }
});

test('rows come as CSV for whoever asks for it, safe for spreadsheets, phones masked for members', async () => {
  const path = `/api/v1/metrics/replies?from=${SATURDAY}&to=${SATURDAY}`;
  const csv = await desk.ask('GET', path, { headers: { accept: 'text/csv' } });
  expect([csv.status, csv.headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8']);
  expect(csv.headers.get('content-disposition')).toBe('attachment; filename="replies.csv"');
  const [head, ...lines] = csv.text.split('\r\n');
  expect(head).toBe('id,at,agentId,email,source,text,chatId,chatName,url');
  expect(lines.map((line) => line.slice(37))).toEqual([
    `2026-02-28T23:50:00.000Z,,,phone,Later,${mia.id},Mia,`,
    `2026-02-28T10:30:00.000Z,${max},max@acme.com,slack,Call +351 912 345 678,${tom.id},Tom,`,
    `2026-02-28T09:10:00.000Z,${lia},lia@acme.com,web,"'=1+1, ""so""",${mia.id},Mia,`,
    '',
  ]);
  expect((await desk.ask('GET', path, { headers: { accept: '*/*' } })).headers.get('content-type')).toContain('json');
  expect((await desk.ask('GET', `${path}&format=json`, { headers: { accept: 'text/csv' } })).body).toBeDefined();

  await desk.store.read.settings.set(MASK_PHONES, true, new Date());
  try {
    const masked = await desk.ask('GET', `${path}&format=csv`, { as: max });
    expect(masked.text).toContain('+35• ••• ••• •78');
    const json = await desk.ask('GET', path, { as: max });
    expect(json.text).not.toContain('912 345');
  } finally {
    await desk.store.read.settings.set(MASK_PHONES, false, new Date());
  }
});

test('a CSV holds all rows, also those that one page does not', async () => {
  await desk.store.query(
    `insert into message (id, account_id, chat_id, direction, source, kind, content, text, author, state, sent_at, acked_at)
     select gen_random_uuid(), $1, $2, 'out', 'web', 'text', '{}', 'n ' || n, 'us', 'sent',
       timestamptz '2026-01-05' + n * interval '1 second', timestamptz '2026-01-05' + (n / 3) * interval '1 second'
     from generate_series(1, 2500) as n`,
    [eve.accountId, eve.id],
  );
  const csv = await desk.ask('GET', '/api/v1/metrics/replies?from=2026-01-05&to=2026-01-05&format=csv');
  const texts = csv.text.match(/,n \d+,/g) ?? [];
  expect([texts.length, new Set(texts).size]).toEqual([2500, 2500]);
});

test.each([
  ['summary', 'from=yesterday', 'from'],
  ['summary', 'timeZone=Mars', 'timeZone'],
  ['summary', 'from=2026-03-02&to=2026-03-01', 'to'],
  ['summary', 'from=2026-02-30', 'from'],
  ['series', 'by=minute', 'by'],
  ['series', 'from=2020-01-01', 'from'],
  ['replies', 'format=xml', 'format'],
  ['replies', 'cursor=WyJ4IiwieSJd', 'cursor'],
  ['replies', 'workspace=x', 'workspace'],
])('%s?%s is refused by name', async (name, query, path) => {
  const answer = await desk.ask('GET', `/api/v1/metrics/${name}?${query}`);
  expect(refusalOf(answer)).toBe(400);
  expect(pathsOf(answer).every((one) => one.startsWith(path))).toBe(true);
});
