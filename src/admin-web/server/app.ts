// The web server: platforms' own routes, health, and the API, in the order a request passes them.
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type { Express, RequestHandler } from 'express';
import helmet from 'helmet';
import { accountRoutes } from './api/accounts.ts';
import { accessRoutes } from './api/access.ts';
import { agentRoutes } from './api/agents.ts';
import { auditRoutes } from './api/audit.ts';
import { chatRoutes } from './api/chats.ts';
import { deliveryRoutes } from './api/deliveries.ts';
import { digestRoutes } from './api/digests.ts';
import { labelRoutes } from './api/labels.ts';
import { meRoutes } from './api/me.ts';
import { messageRoutes } from './api/messages.ts';
import { metricsRoutes } from './api/metrics.ts';
import { settingsRoutes } from './api/settings.ts';
import { ticketRoutes } from './api/tickets.ts';
import { workspaceRoutes } from './api/workspaces.ts';
import { createDoors } from './doors.ts';
import { FailureLimit, requireOwnOrigin, requireViewer } from './auth.ts';
import { createErrorHandler, notFound } from './errors.ts';
import { alive, createReadiness, requireReady } from './health.ts';
import { createMedia } from './media.ts';
import { createMetrics } from './metrics.ts';
import { createOnce } from './once.ts';
import { describeApi } from './openapi.ts';
import type { WebParts } from './parts.ts';
import type { Route } from './route.ts';
import { createRouter, readBody } from './serve.ts';

export type { BridgeFacade, Health, WebParts } from './parts.ts';

/** Every route of `/api/v1`. */
export const apiRoutes: readonly Route[] = [
  ...meRoutes,
  ...accountRoutes,
  ...workspaceRoutes,
  ...accessRoutes,
  ...chatRoutes,
  ...messageRoutes,
  ...deliveryRoutes,
  ...labelRoutes,
  ...agentRoutes,
  ...auditRoutes,
  ...ticketRoutes,
  ...metricsRoutes,
  ...digestRoutes,
  ...settingsRoutes,
];

/** How long requests under way may take at a stop. */
const LONGEST_GOODBYE_MS = 5_000;
/** Nobody sends us anything long. */
const LONGEST_REQUEST_MS = 30_000;

export interface WebServer {
  /** Rejects when the address can't be listened on. `url` is where people reach it. Call it once. */
  listen(): Promise<{ readonly url: string; readonly port: number }>;
  /** Takes no more requests and resolves when those under way are answered, or after five seconds. */
  close(): Promise<void>;
}

/** Makes the web server without listening yet. */
export function createWebServer(parts: WebParts): WebServer {
  const { config, clock } = parts;
  let port = config.port;
  const app = createApp(parts, () => originsOf(parts, port));
  let isClosing = false;
  const underWay = new Set<ServerResponse>();
  const server = createServer({ requestTimeout: LONGEST_REQUEST_MS }, (request, response) => {
    underWay.add(response);
    response.once('close', () => underWay.delete(response));
    if (isClosing) endConnectionAfter(response);
    app(request, response);
  });
  return {
    listen: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(config.port, config.host, () => {
          server.removeListener('error', reject);
          ({ port } = server.address() as AddressInfo);
          // Without PUBLIC_URL and with PORT=0, the port is known only now.
          const isOpen = new URL(config.publicUrl).port === '0';
          resolve({ url: isOpen ? `http://localhost:${port}` : config.publicUrl, port });
        });
      }),
    close: async () => {
      isClosing = true;
      for (const response of underWay) endConnectionAfter(response);
      const closed = new AbortController();
      const end = new Promise<void>((resolve) => {
        server.close(() => {
          closed.abort();
          resolve();
        });
      });
      server.closeIdleConnections();
      await clock.sleep(LONGEST_GOODBYE_MS, closed.signal);
      server.closeAllConnections();
      await end;
    },
  };
}

/** A connection that is kept alive would hold up the stop for as long as its client likes. */
function endConnectionAfter(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('connection', 'close');
}

/** The pages' own origins: where people reach us, and this machine's names for it. */
function originsOf({ config }: WebParts, port: number): ReadonlySet<string> {
  return new Set([config.publicUrl, `http://localhost:${port}`, `http://127.0.0.1:${port}`, `http://[::1]:${port}`]);
}

function createApp(parts: WebParts, ownOrigins: () => ReadonlySet<string>): Express {
  const app = express();
  app.set('query parser', 'simple');
  app.set('etag', false);
  // A proxy on this machine tells whom it speaks for; nobody else is believed.
  app.set('trust proxy', 'loopback');
  app.use('/:platform', platformRoutes(parts));
  app.use(securityHeaders(parts));
  app.get('/healthz', alive);
  app.get('/readyz', createReadiness(parts));
  const limit = new FailureLimit(parts.clock);
  app.get('/metrics', createMetrics(parts, limit));
  app.get('/media/:token', noStore, requireReady(parts), requireViewer(parts, limit), createMedia(parts));
  app.use('/api/v1', noStore, createApi(parts, limit, ownOrigins));
  app.use(noStore, createDoors(parts, ownOrigins));
  app.use(() => {
    throw notFound('page');
  });
  app.use(createErrorHandler(parts.log));
  return app;
}

function createApi(parts: WebParts, limit: FailureLimit, ownOrigins: () => ReadonlySet<string>): RequestHandler {
  const api = express.Router();
  const description = describeApi(apiRoutes);
  api.get('/openapi.json', (_request, response) => {
    response.json(description);
  });
  api.use(requireReady(parts), requireViewer(parts, limit), requireOwnOrigin(ownOrigins), readBody);
  api.use(createRouter(parts, apiRoutes, createOnce(parts)));
  return api;
}

/** Before anything that would read the request: a signature counts over its raw bytes. */
function platformRoutes(parts: WebParts): RequestHandler {
  return (request, response, next) => {
    const name = request.params['platform'];
    const platform = [...parts.platforms()].find((one) => one.name === name && one.routes !== undefined);
    if (platform?.routes === undefined) next();
    else platform.routes(request, response);
  };
}

const noStore: RequestHandler = (_request, response, next) => {
  response.set('cache-control', 'no-store');
  next();
};

/** Answers of the API are data: nothing in them may run, be framed or be cached. */
function securityHeaders({ config }: WebParts): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], formAction: ["'none'"], baseUri: ["'none'"] },
    },
    frameguard: { action: 'deny' },
    hsts: config.publicUrl.startsWith('https:'),
  });
}
