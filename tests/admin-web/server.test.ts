// What holds for every request: health, who asks, what may be sent, and how refusals look.
import { request as rawRequest } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ADMIN_TOKEN, detailOf, openDesk, pathsOf, refusalOf, seedAccount } from './desk.ts';
import type { Desk } from './desk.ts';

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk({ METRICS_TOKEN: 'for-prometheus' });
});
afterAll(() => desk.close());
afterEach(() => {
  desk.phase = 'ready';
});

test('it is alive in every phase, and ready only when it is the one at work', async () => {
  const account = await seedAccount(desk.store);
  const workspace = await desk.store.read.workspaces.fromEnvironment('slack', new Date());
  const ready = await desk.ask('GET', '/readyz', { as: 'nobody' });
  expect([ready.status, ready.body]).toEqual([
    200,
    {
      status: 'ready',
      database: 'ok',
      accounts: [{ id: account.id, state: 'unlinked' }],
      workspaces: [{ id: workspace.id, state: 'connecting' }],
    },
  ]);
  for (const phase of ['starting', 'standing_by', 'stopping'] as const) {
    desk.phase = phase;
    const alive = await desk.ask('GET', '/healthz', { as: 'nobody' });
    const unready = await desk.ask('GET', '/readyz', { as: 'nobody' });
    expect([alive.status, unready.status]).toEqual([200, 503]);
    expect(unready.body).toMatchObject({ status: phase });
    const refused = await desk.ask('GET', '/api/v1/me');
    expect(refusalOf(refused)).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('5');
  }
});

test('without a database it is alive, not ready, and says which', async () => {
  const lonely = await openDesk();
  await lonely.loseDatabase();
  const [alive, ready, metrics] = await Promise.all(
    ['/healthz', '/readyz', '/metrics'].map((path) => lonely.ask('GET', path, { as: 'nobody' })),
  );
  expect([alive?.status, ready?.status, metrics?.status]).toEqual([200, 503, 200]);
  expect(ready?.body).toEqual({ status: 'no_database', database: 'unreachable', accounts: [], workspaces: [] });
  expect(metrics?.text).toContain('switchboard_database_up 0');
  const failed = await lonely.ask('GET', '/api/v1/accounts');
  expect(refusalOf(failed)).toBe(500);
  const id = /under ([0-9a-f-]{36})/.exec(detailOf(failed))?.[1];
  expect(lonely.lines.some((line) => line.includes(String(id)))).toBe(true);
  await lonely.close();
});

test('metrics tell rows by state, to whoever bears the token', async () => {
  expect(refusalOf(await desk.ask('GET', '/metrics', { as: 'nobody' }))).toBe(401);
  expect(refusalOf(await desk.ask('GET', '/metrics', { headers: { authorization: 'Bearer wrong' } }))).toBe(401);
  const answer = await desk.ask('GET', '/metrics', { headers: { authorization: 'Bearer for-prometheus' } });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
  expect(answer.text).toMatch(/^switchboard_accounts\{state="unlinked"\} \d+$/m);
  expect(answer.text).toMatch(/^switchboard_workspaces\{platform="slack",state="connecting"\} 1$/m);
  expect(answer.text).toMatch(/^switchboard_delivery_oldest_waiting_seconds 0$/m);
  expect(answer.text).toMatch(/^switchboard_inbox_waiting\{inbox="messenger"\} 0$/m);
  expect(answer.text).toMatch(/^switchboard_ready 1$/m);
  expect(answer.text).toMatch(/^process_cpu_seconds_total/m);
});

test('the admin token and a session open, anything else does not', async () => {
  const ana = await desk.agent('ana@acme.com', 'member');
  const byToken = await desk.ask('GET', '/api/v1/me');
  const bySession = await desk.ask('GET', '/api/v1/me', { as: ana });
  expect(byToken.body).toEqual({ email: null, role: 'admin', agentId: null });
  expect(bySession.body).toEqual({ email: 'ana@acme.com', role: 'member', agentId: ana });
  const nobody = await desk.ask('GET', '/api/v1/me', { as: 'nobody' });
  expect(refusalOf(nobody)).toBe(401);
  expect(nobody.headers.get('www-authenticate')).toMatch(/^Bearer/);
  for (const authorization of ['Bearer', `Bearer ${ADMIN_TOKEN}x`, `Basic ${ADMIN_TOKEN}`, `Bearer ${ADMIN_TOKEN} x`]) {
    expect(refusalOf(await desk.ask('GET', '/api/v1/me', { as: 'nobody', headers: { authorization } }))).toBe(401);
  }
});

test('a wrong token is not made good by a session', async () => {
  const bo = await desk.agent('bo@acme.com', 'admin');
  expect(
    refusalOf(await desk.ask('GET', '/api/v1/me', { as: bo, headers: { authorization: 'Bearer wrong-token' } })),
  ).toBe(401);
});

test('too many wrong tokens from one address are not listened to for a minute', async () => {
  const guarded = await openDesk();
  const headers = { authorization: 'Bearer a-guess-of-somebody' };
  const statuses: number[] = [];
  for (let n = 0; n < 35; n += 1) statuses.push((await guarded.ask('GET', '/api/v1/me', { headers })).status);
  expect(new Set(statuses.slice(0, 30))).toEqual(new Set([401]));
  expect(new Set(statuses.slice(30))).toEqual(new Set([429]));
  const right = await guarded.ask('GET', '/api/v1/me');
  expect(refusalOf(right)).toBe(429);
  expect(right.headers.get('retry-after')).toBe('60');
  expect((await guarded.ask('GET', '/healthz', { as: 'nobody' })).status).toBe(200);
  await guarded.clock.advance(60_000);
  expect((await guarded.ask('GET', '/api/v1/me')).status).toBe(200);
  await guarded.close();
});

test('answers are data that nothing may frame, sniff or cache', async () => {
  const { headers } = await desk.ask('GET', '/api/v1/me');
  expect(Object.fromEntries(headers)).toMatchObject({
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'content-security-policy': expect.stringContaining("default-src 'none'"),
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
  });
  expect(headers.get('x-powered-by')).toBeNull();
  expect(headers.get('strict-transport-security')).toBeNull();
});

const unknown: readonly (readonly [string, string, number])[] = [
  ['GET', '/api/v1/nothing', 404],
  ['GET', '/api/v1', 404],
  ['GET', '/api/v2/me', 404],
  ['GET', '/nothing', 404],
  ['GET', '/api/v1/%ff', 404],
  ['GET', '/api/v1/accounts/%ff', 400],
  ['DELETE', '/api/v1/me', 405],
  ['PUT', '/api/v1/accounts', 405],
];
test.each(unknown)('%s %s is refused as %i', async (method, path, status) => {
  expect(refusalOf(await desk.ask(method, path))).toBe(status);
});

test('a method that an address does not take is told which it takes', async () => {
  expect((await desk.ask('PUT', '/api/v1/accounts')).headers.get('allow')).toBe('GET, POST');
});

const badBodies: readonly (readonly [string, string, number, readonly string[]])[] = [
  ['unknown fields', '{"name":"x","color":"red","size":1}', 400, ['color', 'size']],
  ['a field of another type', '{"name":7}', 400, ['name']],
  ['an empty name', '{"name":"  "}', 400, ['name']],
  ['a name of two lines', '{"name":"a\\nb"}', 400, ['name']],
  ['a name with NUL', '{"name":"a\\u0000b"}', 400, ['name']],
  ['__proto__', '{"__proto__":{"isAdmin":true}}', 400, ['__proto__']],
  ['constructor', '{"constructor":{"prototype":{}}}', 400, ['constructor']],
  ['a list', '[]', 400, ['']],
  ['null', 'null', 400, ['']],
  ['a word', '"x"', 400, ['']],
  ['half an object', '{"name":', 400, []],
  ['deep nesting', `{"name":${'['.repeat(10_000)}${']'.repeat(10_000)}}`, 400, ['name']],
  ['deep nesting in an unknown field', `{"a":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`, 400, ['a']],
];
test.each(badBodies)('a body of %s is refused', async (_what, raw, status, paths) => {
  const answer = await desk.ask('POST', '/api/v1/accounts', { raw });
  expect(refusalOf(answer)).toBe(status);
  expect(pathsOf(answer)).toEqual(paths);
});

test('nothing that was sent changed what objects are', () => {
  expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined();
});

test('of a field that is there twice the last one counts', async () => {
  const answer = await desk.ask('POST', '/api/v1/accounts', { raw: '{"name":"first","name":"second"}' });
  expect([answer.status, answer.body]).toEqual([201, expect.objectContaining({ name: 'second' })]);
});

test('a body of 1 MiB is read and a larger one is not', async () => {
  const body = (bytes: number): string => `{"name":"${'x'.repeat(bytes - 11)}"}`;
  const allowed = await desk.ask('POST', '/api/v1/accounts', { raw: body(1024 * 1024) });
  expect(refusalOf(allowed)).toBe(400);
  expect(pathsOf(allowed)).toEqual(['name']);
  expect(refusalOf(await desk.ask('POST', '/api/v1/accounts', { raw: body(1024 * 1024 + 1) }))).toBe(413);
});

const badTypes: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
  ['plain text', { 'content-type': 'text/plain' }],
  ['another charset', { 'content-type': 'application/json; charset=latin1' }],
  ['a compressed body', { 'content-encoding': 'gzip' }],
];
test.each(badTypes)('%s is refused as no JSON', async (_what, headers) => {
  expect(refusalOf(await desk.ask('POST', '/api/v1/accounts', { raw: '{}', headers }))).toBe(415);
});

const badQueries: readonly (readonly [string, readonly string[]])[] = [
  ['limit=0', ['limit']],
  ['limit=201', ['limit']],
  ['limit=x', ['limit']],
  ['limit=1&limit=2', ['limit']],
  ['cursor=nonsense', ['cursor']],
  ['cursor=eyJhIjoxfQ', ['cursor']],
  ['colour=red', ['colour']],
  ['__proto__=x', ['__proto__']],
];
test.each(badQueries)('the query %s is refused by name', async (query, paths) => {
  const answer = await desk.ask('GET', `/api/v1/accounts?${query}`);
  expect(refusalOf(answer)).toBe(400);
  expect(pathsOf(answer)).toEqual(paths);
});

const origins: readonly (readonly [string, Readonly<Record<string, string>>, number])[] = [
  ['a program', {}, 201],
  ['our own page', { 'sec-fetch-site': 'same-origin' }, 201],
  ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, 403],
  ['another site with an old browser', { origin: 'https://evil.example' }, 403],
  ['a sister site', { 'sec-fetch-site': 'same-site' }, 403],
  ['a sandboxed frame', { origin: 'null' }, 403],
];
test.each(origins)('a write from %s is answered as it should', async (_what, headers, status) => {
  expect((await desk.ask('POST', '/api/v1/accounts', { body: {}, headers })).status).toBe(status);
});

test('a write by a session must say where it comes from', async () => {
  const admin = await desk.agent('cy@acme.com', 'admin');
  const cookie = `session=${admin}`;
  const silent = await desk.ask('POST', '/api/v1/accounts', { as: 'nobody', body: {}, headers: { cookie } });
  expect(refusalOf(silent)).toBe(403);
  const ours = { cookie, 'sec-fetch-site': 'same-origin' };
  expect((await desk.ask('POST', '/api/v1/accounts', { as: 'nobody', body: {}, headers: ours })).status).toBe(201);
});

test('reading needs no origin', async () => {
  const headers = { 'sec-fetch-site': 'cross-site' };
  expect((await desk.ask('GET', '/api/v1/accounts', { headers })).status).toBe(200);
});

test("a platform's own routes get the raw request, before anything reads it", async () => {
  const seen: { url: string | undefined; body: string }[] = [];
  const routes = (request: IncomingMessage, response: ServerResponse): void => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      seen.push({ url: request.url, body: Buffer.concat(parts).toString() });
      response.writeHead(200).end('taken');
    });
  };
  const open = await openDesk({}, { platforms: () => [{ name: 'slack', routes }, { name: 'discord' }] });
  const raw = 'payload=%7Bnot json';
  const taken = await open.ask('POST', '/slack/events?x=1', { as: 'nobody', raw });
  expect([taken.status, taken.text, seen]).toEqual([200, 'taken', [{ url: '/events?x=1', body: raw }]]);
  expect(refusalOf(await open.ask('POST', '/discord/events', { as: 'nobody', raw }))).toBe(404);
  await open.close();
});

test('an address in use is told at once', async () => {
  const { port } = new URL(desk.url);
  await expect(openDesk({ PORT: port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test('closing answers what is under way and takes no more', async () => {
  const open = await openDesk();
  const slow = rawRequest(`${open.url}/api/v1/accounts`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json', 'content-length': 2 },
  });
  const answered = new Promise<number | undefined>((resolve) =>
    slow.once('response', (one) => resolve(one.statusCode)),
  );
  await new Promise<void>((resolve) => slow.write('{', () => resolve()));
  // Its head has surely arrived when a later request on another connection was answered.
  await open.ask('GET', '/healthz');
  const closed = open.close();
  slow.end('}');
  expect(await answered).toBe(201);
  await closed;
  await expect(open.ask('GET', '/healthz')).rejects.toThrow('fetch failed');
});

test('no secret of a request stands in the log', async () => {
  await desk.ask('GET', '/api/v1/me', { headers: { authorization: 'Bearer a-canary-token-value' } });
  expect(desk.lines.join('\n')).not.toContain('a-canary-token-value');
});
