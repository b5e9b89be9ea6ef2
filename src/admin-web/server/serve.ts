// Serves routes under /api/v1: who may, what was sent, the handler, the answer. The one place where a Route meets express.
import { pipeline } from 'node:stream/promises';
import express from 'express';
import type { Request, RequestHandler, Response, Router } from 'express';
import { actorOf, viewerOf } from './auth.ts';
import { Problem, check, notFound } from './errors.ts';
import type { WebParts } from './parts.ts';
import type { Call, Method, Route } from './route.ts';

/** An answer before it is sent: what an `Idempotency-Key` keeps. */
export interface Reply {
  readonly status: number;
  /** Undefined: no body. */
  readonly body: unknown;
  /** Answered from what was kept. */
  readonly isRepeat?: boolean;
}

/** Wraps a handler's run so that a repeat of the same request isn't done again. */
export type Once = (route: Route, call: Call, request: Request, run: () => Promise<Reply>) => Promise<Reply>;

const MOST_BYTES = 1024 * 1024;

/** Parses JSON bodies. To be used after the asker is known, so that strangers' bodies aren't read. */
export const readBody: RequestHandler = (request, response, next) => {
  const hasBody = request.headers['transfer-encoding'] !== undefined || Number(request.get('content-length') ?? 0) > 0;
  if (hasBody && !request.is('application/json')) {
    throw new Problem(415, 'The body must be JSON, sent as application/json.');
  }
  parseJson(request, response, next);
};

const parseJson = express.json({ limit: MOST_BYTES, inflate: false, strict: false });

/** All routes as a router. Anything else is answered 404, or 405 where the path is known. */
export function createRouter(parts: WebParts, routes: readonly Route[], once: Once): Router {
  const router = express.Router({ caseSensitive: true });
  const byPath = Map.groupBy(routes, (route) => route.path);
  // A fixed address before one that varies: `/chats/access` is no chat.
  for (const path of [...byPath.keys()].sort((left, right) => (rankOf(left) < rankOf(right) ? -1 : 1))) {
    const here = byPath.get(path) ?? [];
    for (const route of here) router[route.method](path, handlerOf(parts, route, once));
    router.all(path, refuseMethod(here.map((route) => route.method)));
  }
  router.use(() => {
    throw notFound('address');
  });
  return router;
}

const rankOf = (path: string): string => path.replaceAll(/:\w+/g, '\uffff');

function refuseMethod(methods: readonly Method[]): RequestHandler {
  const allow = methods.map((method) => method.toUpperCase()).join(', ');
  return () => {
    throw new Problem(405, `This address takes ${allow}.`, { headers: { allow } });
  };
}

function handlerOf(parts: WebParts, route: Route, once: Once): RequestHandler {
  return async (request, response) => {
    const viewer = viewerOf(request);
    if (route.who === 'admin' && viewer.role !== 'admin') throw new Problem(403, 'Only an admin may do this.');
    const actor = actorOf(viewer);
    const { source, ...who } = actor;
    const call: Call = {
      parts,
      viewer,
      actor,
      by: { actor: who, source },
      params: Object.fromEntries(Object.entries(request.params).map(([name, value]) => [name, String(value)])),
      query: check(route.query, { ...request.query }),
      body: check(route.body, request.body === undefined ? {} : (request.body as unknown)),
    };
    if (route.csv !== undefined && wantsCsv(request)) {
      await sendCsv(response, route, await route.csv(call));
      return;
    }
    const run = async (): Promise<Reply> => {
      const body = await route.handle(call);
      return { status: route.response === undefined ? 204 : (route.status ?? 200), body };
    };
    send(response, await (route.method === 'post' ? once(route, call, request, run) : run()));
  };
}

function send(response: Response, { status, body, isRepeat }: Reply): void {
  response.status(status);
  if (isRepeat === true) response.set('idempotency-replayed', 'true');
  if (body === undefined) response.end();
  else response.json(body);
}

const wantsCsv = (request: Request): boolean =>
  request.query['format'] === undefined
    ? request.accepts(['application/json', 'text/csv']) === 'text/csv'
    : request.query['format'] === 'csv';

/** Piece by piece, as fast as it is read; a break in the middle breaks the connection, so that half a list doesn't pass for a whole one. */
async function sendCsv(response: Response, route: Route, text: AsyncIterable<string>): Promise<void> {
  const parts = text[Symbol.asyncIterator]();
  // What fails before its first part can still be told as a refusal.
  const first = await parts.next();
  const name = route.path.split('/').at(-1) ?? 'list';
  response
    .set('content-type', 'text/csv; charset=utf-8')
    .set('content-disposition', `attachment; filename="${name}.csv"`)
    .vary('Accept');
  await pipeline(async function* () {
    for (let part = first; part.done !== true; part = await parts.next()) yield part.value;
  }, response);
}
