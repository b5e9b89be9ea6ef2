// The OpenAPI document: it is one, it names every route that is served, and every route in it answers.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { apiRoutes } from '../../src/admin-web/server/app.ts';
import { openDesk, seedAccount, seedChat, seedMessage } from './desk.ts';
import type { Desk } from './desk.ts';

/** What OpenAPI 3.1 (spec.openapis.org/oas/v3.1.0) asks of the parts that we use. */
const schema = z.record(z.string(), z.unknown());
const content = z.record(z.string(), z.strictObject({ schema }));
const operation = z.strictObject({
  operationId: z.string().regex(/^[a-z]\w+$/i),
  summary: z.string().min(1),
  description: z.string(),
  tags: z.array(z.string().min(1)).min(1),
  parameters: z.array(
    z.strictObject({
      name: z.string(),
      in: z.enum(['path', 'query', 'header']),
      required: z.boolean(),
      description: z.string().optional(),
      schema,
    }),
  ),
  requestBody: z.strictObject({ required: z.literal(true), content }).optional(),
  responses: z.record(
    z.string().regex(/^(?:[1-5]\d\d|default)$/),
    z.union([
      z.strictObject({ $ref: z.string() }),
      z.strictObject({ description: z.string().min(1), content: content.optional() }),
    ]),
  ),
});
const documentSchema = z.strictObject({
  openapi: z.literal('3.1.0'),
  info: z.strictObject({ title: z.string(), version: z.string(), description: z.string() }),
  servers: z.array(z.strictObject({ url: z.string() })),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  paths: z.record(
    z.string().startsWith('/api/v1/'),
    z.partialRecord(z.enum(['get', 'post', 'put', 'patch', 'delete']), operation),
  ),
  components: z.strictObject({
    securitySchemes: z.record(z.string(), z.record(z.string(), z.string())),
    schemas: z.record(z.string(), schema),
    responses: z.record(z.string(), z.strictObject({ description: z.string(), content })),
  }),
});
type Operation = z.output<typeof operation>;

let desk: Desk;
let document: z.output<typeof documentSchema>;
let operations: readonly { readonly path: string; readonly method: string; readonly operation: Operation }[];
beforeAll(async () => {
  desk = await openDesk();
  const answer = await desk.ask('GET', '/api/v1/openapi.json', { as: 'nobody' });
  document = documentSchema.parse(answer.body);
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) => ({ path, method, operation: one })),
  );
});
afterAll(() => desk.close());

test('it is an OpenAPI 3.1 document whose references lead somewhere and whose operations have names of their own', () => {
  const text = JSON.stringify(document);
  const isThere = (reference: string): boolean =>
    reference
      .replace(/^#\//, '')
      .split('/')
      .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document) !== undefined;
  const references = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference = '']) => reference);
  expect(references.filter((reference) => !isThere(reference))).toEqual([]);
  const ids = operations.map((one) => one.operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(text).not.toContain('"$schema"');
});

test('every part of a path that varies is described, and nothing else is', () => {
  for (const { path, operation: one } of operations) {
    const varying = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    const described = one.parameters.filter((parameter) => parameter.in === 'path').map((parameter) => parameter.name);
    expect(described).toEqual(varying);
  }
});

test('what a body or a query must hold is said in it', () => {
  const link = document.paths['/api/v1/accounts/{id}/link']?.post?.requestBody?.content['application/json']?.schema;
  expect(JSON.stringify(link)).toContain('"additionalProperties":false');
  expect(JSON.stringify(link)).toContain('"const":"qr"');
  const limit = document.paths['/api/v1/chats']?.get?.parameters.find(({ name }) => name === 'limit');
  expect(limit).toMatchObject({ in: 'query', required: false, schema: { minimum: 1, maximum: 200, default: 50 } });
});

test('every route in it is served, and no other method is', async () => {
  const wrong: string[] = [];
  for (const path of Object.keys(document.paths)) {
    const address = path.replaceAll(/\{\w+\}/g, '018f0000-0000-7000-8000-000000000000');
    for (const method of ['get', 'post', 'put', 'patch', 'delete']) {
      const answer = await desk.ask(method, address, method === 'get' || method === 'delete' ? {} : { body: {} });
      const isDescribed = operations.some((one) => one.path === path && one.method === method);
      const isServed = answer.status !== 405 && !answer.text.includes('There is no such address.');
      if (isServed !== isDescribed || answer.status >= 500) wrong.push(`${method} ${path}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('every route that is served is in it', () => {
  const served = apiRoutes.map(({ method, path }) => `${method} /api/v1${path.replaceAll(/:(\w+)/g, '{$1}')}`);
  expect(operations.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(served.sort());
});

test('what is answered is what it says', async () => {
  const account = await seedAccount(desk.store);
  const chat = await seedChat(desk.store, account, { name: 'Ana', phone: '+351912345678' });
  await seedMessage(desk.store, chat);
  await desk.ask('POST', '/api/v1/tickets', { body: { chatId: chat.id } });
  const slack = await desk.store.read.workspaces.fromEnvironment('slack', new Date());
  const body = { channelId: 'C1', at: '09:00', timeZone: 'Europe/Berlin' };
  await desk.ask('PUT', `/api/v1/workspaces/${slack.id}/digest`, { body });
  await desk.ask('PATCH', `/api/v1/accounts/${account.id}`, { body: { signature: true } });
  const checked: [string, string][] = [];
  for (const route of apiRoutes.filter(({ method }) => method === 'get')) {
    const id = route.path.startsWith('/chats') ? chat.id : route.path.startsWith('/workspaces') ? slack.id : account.id;
    const query = route.path === '/access/explain' ? `?agent=ana@acme.com&chat=${chat.id}` : '';
    const answer = await desk.ask('GET', `/api/v1${route.path.replaceAll(/:\w+/g, id)}${query}`);
    const error = route.response?.safeParse(answer.body).error;
    checked.push([route.path, error?.message ?? 'as said']);
  }
  expect(checked).toEqual(checked.map(([path]) => [path, 'as said']));
  expect(checked.length).toBeGreaterThan(5);
});
