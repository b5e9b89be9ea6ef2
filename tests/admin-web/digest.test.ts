// /workspaces/:id/digest: when and where a workspace gets its figures, and getting them at once.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AgentId } from '../../src/domain/ids.ts';
import type { Workspace } from '../../src/store/workspace.ts';
import { detailOf, idOf, itemsOf, openDesk, pathsOf, refusalOf, seedAccount, seedChat, seedMessage } from './desk.ts';
import type { Desk } from './desk.ts';

let desk: Desk;
let slack: Workspace;
let admin: AgentId;
let member: AgentId;
let path: string;
beforeAll(async () => {
  desk = await openDesk();
  slack = await desk.store.read.workspaces.fromEnvironment('slack', new Date());
  path = `/api/v1/workspaces/${slack.id}/digest`;
  const chat = await seedChat(desk.store, await seedAccount(desk.store), { name: 'Mia' });
  admin = await desk.agent('boss@acme.com', 'admin');
  member = await desk.agent('ana@acme.com', 'member', [chat]);
  await seedMessage(desk.store, chat, { sentAt: new Date('2026-03-01T09:00:00Z') });
  const reply = { source: 'web', state: 'sent', agentId: member, sentAt: new Date('2026-03-01T09:05:00Z') } as const;
  await seedMessage(desk.store, chat, reply);
});
afterAll(() => desk.close());

const wanted = { channelId: 'C0FIGURES', at: '9:05', timeZone: 'Europe/Berlin' };
const digests = () => desk.store.query('select id, kind, channel_id, content from digest order by made_at', []);

test('without a schedule there is none, and posting at once needs to be told where', async () => {
  expect(refusalOf(await desk.ask('GET', path))).toBe(404);
  expect(refusalOf(await desk.ask('DELETE', path))).toBe(404);
  const now = await desk.ask('POST', `${path}/now`, { body: {} });
  expect([refusalOf(now), detailOf(now)]).toEqual([409, 'No channel is set for the digest yet.']);
  expect(await digests()).toEqual([]);
  const body = { channelId: 'C0OTHER', timeZone: 'UTC' };
  const posted = await desk.ask('POST', `${path}/now`, { body });
  expect([posted.status, posted.body]).toMatchObject([201, { workspaceId: slack.id, channelId: 'C0OTHER' }]);
});

test('a schedule is set, read, changed and taken away; each change is audited with who made it', async () => {
  const shown = { workspaceId: slack.id, ...wanted, at: '09:05', weekly: false, namesChats: false };
  const set = await desk.ask('PUT', path, { body: wanted, as: admin });
  expect([set.status, set.body]).toEqual([200, shown]);
  expect((await desk.ask('GET', path)).body).toEqual(shown);
  const weekly = await desk.ask('PUT', path, { body: { ...wanted, at: '23:59', weekly: true }, as: admin });
  expect(weekly.body).toEqual({ ...shown, at: '23:59', weekly: true });
  // What isn't named stays.
  expect((await desk.ask('PUT', path, { body: wanted })).body).toEqual({ ...shown, weekly: true });
  expect((await desk.ask('DELETE', path, { as: admin })).status).toBe(204);
  expect(refusalOf(await desk.ask('GET', path))).toBe(404);
  const audit = itemsOf(await desk.ask('GET', '/api/v1/audit?agent=boss@acme.com'));
  expect(audit.map(({ action, detail }) => [action, (detail as { minutes?: number }).minutes])).toEqual([
    ['digest off', undefined],
    ['digest schedule', 23 * 60 + 59],
    ['digest schedule', 9 * 60 + 5],
  ]);
});

test('posted at once, it holds the figures so far; the same key posts it once', async () => {
  await desk.ask('PUT', path, { body: wanted });
  await desk.clock.advance(1_000);
  const before = (await digests()).length;
  const send = () => desk.ask('POST', `${path}/now`, { body: {}, headers: { 'idempotency-key': 'now' } });
  const [one, other] = [await send(), await send()];
  expect([one.status, other.body]).toEqual([201, one.body]);
  const rows = await digests();
  expect(rows).toHaveLength(before + 1);
  expect(rows.at(-1)).toMatchObject({
    id: idOf(one),
    kind: 'now',
    channel_id: 'C0FIGURES',
    content: {
      timeZone: 'Europe/Berlin',
      from: '2026-02-28T23:00:00.000Z',
      figures: { replies: 1, received: 1, responses: 1, medianSeconds: 300 },
      ledger: { received: 1, mirrored: 0, filtered: 0, gapCount: 1 },
    },
  });
});

test.each([
  [{ ...wanted, at: '24:00' }, ['at']],
  [{ ...wanted, timeZone: 'Mars' }, ['timeZone']],
  [{ ...wanted, channelId: '' }, ['channelId']],
  [{ at: '09:00', hour: 9 }, ['channelId', 'timeZone', 'hour']],
])('%j is refused by name', async (body, paths) => {
  const answer = await desk.ask('PUT', path, { body });
  expect([refusalOf(answer), pathsOf(answer)]).toEqual([400, paths]);
});

test('a channel without a time zone is refused; so is a workspace that is not there, and a member', async () => {
  expect(refusalOf(await desk.ask('POST', `${path}/now`, { body: { channelId: 'C1' } }))).toBe(400);
  const nowhere = '/api/v1/workspaces/018f0000-0000-7000-8000-000000000000/digest';
  expect(refusalOf(await desk.ask('PUT', nowhere, { body: wanted }))).toBe(404);
  expect(refusalOf(await desk.ask('POST', `${nowhere}/now`, { body: {} }))).toBe(404);
  const asMember = [
    await desk.ask('GET', path, { as: member }),
    await desk.ask('PUT', path, { as: member, body: wanted }),
    await desk.ask('POST', `${path}/now`, { as: member, body: {} }),
    await desk.ask('DELETE', path, { as: member }),
  ];
  expect(asMember.map(refusalOf)).toEqual([403, 403, 403, 403]);
});
