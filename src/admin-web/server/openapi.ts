// The OpenAPI document: made from the same routes and schemas that check requests, so that it can't say anything else.
import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { problemSchema } from './errors.ts';
import type { Route } from './route.ts';

type Json = Readonly<Record<string, unknown>>;

const BASE = '/api/v1';

/** An OpenAPI 3.1 document of these routes. */
export function describeApi(routes: readonly Route[]): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const path = BASE + route.path.replaceAll(/:(\w+)/g, '{$1}');
    (paths[path] ??= {})[route.method] = describeRoute(route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Switchboard',
      version: '1',
      description:
        'Lists take `limit` and `cursor` and answer `{items, nextCursor}`. Times are ISO 8601 in UTC. Absent values are null. ' +
        'Unknown fields are refused. Members get their own Chats; anything else is not found.',
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }, { session: [] }],
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer' },
        session: { type: 'apiKey', in: 'cookie', name: 'session' },
      },
      schemas: { Problem: schemaOf(problemSchema, 'output') },
      responses: {
        Problem: {
          description: 'A refusal.',
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
    },
  };
}

function describeRoute(route: Route): Json {
  const names = [...route.path.matchAll(/:(\w+)/g)].map((match) => match[1] ?? '');
  const status = route.response === undefined ? 204 : (route.status ?? 200);
  const body = schemaOf(route.body, 'input');
  const hasBody = Object.keys(properties(body)).length > 0 || 'oneOf' in body || 'anyOf' in body;
  return {
    operationId: operationId(route),
    summary: route.summary,
    description: route.who === 'admin' ? 'For admins.' : 'For everybody who is signed in, about their own Chats.',
    tags: [route.path.split('/')[1] ?? ''],
    parameters: [
      ...names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
      ...queryParameters(route.query),
      ...(route.method === 'post'
        ? [
            {
              name: 'Idempotency-Key',
              in: 'header',
              required: false,
              description: 'The same key with the same request is answered as before and done once.',
              schema: { type: 'string', minLength: 1, maxLength: 255 },
            },
          ]
        : []),
    ],
    ...(hasBody ? { requestBody: { required: true, content: { 'application/json': { schema: body } } } } : {}),
    responses: {
      [status]: {
        description: STATUS_CODES[status] ?? '',
        ...(route.response === undefined
          ? {}
          : {
              content: {
                'application/json': { schema: schemaOf(route.response, 'output') },
                ...(route.csv === undefined ? {} : { 'text/csv': { schema: { type: 'string' } } }),
              },
            }),
      },
      default: { $ref: '#/components/responses/Problem' },
    },
  };
}

function queryParameters(query: z.ZodType): Json[] {
  const schema = schemaOf(query, 'input');
  const required = Array.isArray(schema['required']) ? (schema['required'] as unknown[]) : [];
  return Object.entries(properties(schema)).map(([name, property]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema: property,
  }));
}

const properties = (schema: Json): Json => (schema['properties'] ?? {}) as Json;

/** `GET /chats/:id/messages` → `getChatsIdMessages`. */
function operationId({ method, path }: Route): string {
  const words = path.split(/[/:_-]+/).filter((word) => word !== '');
  return method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, target: 'draft-2020-12' });
  return rest;
}
