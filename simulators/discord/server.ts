// The HTTP server: routes every request to the part it belongs to, and notes those that belong nowhere.
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { serveFile } from './files.ts';
import { answerCall } from './rest/index.ts';
import type { CallLog } from './rest/index.ts';
import { readCallBody } from './rest/body.ts';
import type { Parts } from './rest/call.ts';

/** A route of somebody else's (the control interface); true when it took the request. */
export type ExtraRoute = (
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
  url: URL,
) => Promise<boolean>;

/** A running server. */
export interface Listening {
  readonly origin: string;
  stop(): Promise<void>;
}

/** Starts listening on loopback; port 0 takes a free one. */
export async function listen(
  parts: Parts,
  log: CallLog,
  options: { readonly port: number; readonly extra: ExtraRoute },
): Promise<Listening> {
  const server = createServer((request, response) => {
    route(parts, log, options.extra, request, response).catch((error: unknown) => {
      log.unknown.push(`failure: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
      response.end('simulator failure');
    });
  });
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  server.on('upgrade', (request, stream, head) => {
    parts.gateway.upgrade(request, stream, head);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  // A server listening on TCP has an address object.
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    stop: async () => {
      await close(server, open);
    },
  };
}

async function close(server: Server, open: ReadonlySet<Socket>): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  for (const socket of open) socket.destroy();
  await closed;
}

async function route(
  parts: Parts,
  log: CallLog,
  extra: ExtraRoute,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', parts.guild.origin);
  const bytes = await readBytes(request);
  const place = `${request.method ?? ''} ${url.pathname.replace(/^\/api\/v10\/oauth2/, '/api/oauth2')}`;
  if (place === 'GET /oauth2/authorize' || place === 'GET /api/oauth2/authorize') parts.oauth.authorize(response, url);
  else if (place === 'POST /api/oauth2/token' || place === 'POST /api/oauth2/token/revoke') {
    const { body } = await readCallBody(request, bytes);
    const { status, body: answer } = place.endsWith('revoke')
      ? parts.oauth.revoke(request, body)
      : parts.oauth.token(request, body);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  } else if (url.pathname.startsWith('/api/')) await answerCall(parts, log, { request, response, bytes, url });
  else if (url.pathname.startsWith('/cdn/attachments/')) await serveFile(parts.guild, parts.faults, response, url);
  else if (/^\/cdn\/(embed\/)?(avatars|icons)\//.test(url.pathname))
    response.writeHead(200, { 'content-type': 'image/png' }).end(PIXEL);
  else if (!(await extra(request, response, bytes, url))) {
    log.unknown.push(`${request.method ?? ''} ${url.pathname}`);
    response.writeHead(404, { 'content-type': 'text/plain' }).end('not found');
  }
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  // A request without an encoding yields buffers.
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** A transparent PNG of one pixel. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
);
