// The HTTP server: routes every request to the part it belongs to, and notes those that belong nowhere.
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { serveFile, SIGN_IN_PAGE, takeUpload } from './files.ts';
import { objectOf, parseJson } from './json.ts';
import { answerCall } from './web-api/index.ts';
import type { CallLog } from './web-api/index.ts';
import type { Parts } from './web-api/call.ts';

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
      // Whoever asked went away in the middle: a file's source failed, say.
      if (!request.destroyed || request.complete) log.unknown.push(`failure: ${String(error)}`);
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
    parts.sockets.upgrade(request, stream, head);
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
  const url = new URL(request.url ?? '/', parts.workspace.origin);
  const body = await readBody(request);
  const [, first = '', second = '', third = ''] = url.pathname.split('/');
  switch (first) {
    case 'api':
      await answerCall(parts, log, { request, response, body, url }, second);
      return;
    case 'upload':
      await upload(parts, request, response, body, third);
      return;
    case 'files-pri':
      await download(parts, request, response, url, second, third === 'download');
      return;
    case 'actions':
      respond(parts, response, body, third);
      return;
    case 'avatars':
      response.writeHead(200, { 'content-type': 'image/png' }).end(PIXEL);
      return;
    case 'oauth':
    case 'openid':
      authorize(parts, response, url);
      return;
    case '':
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(SIGN_IN_PAGE);
      return;
    default:
      if (await extra(request, response, body, url)) return;
      log.unknown.push(`${request.method ?? ''} ${url.pathname}`);
      response.writeHead(404, { 'content-type': 'text/plain' }).end('not found');
  }
}

/** The page where a person lets the app know them: taken for agreed at once, as whoever is signed in. */
function authorize(parts: Parts, response: ServerResponse, url: URL): void {
  const { workspace } = parts;
  const asked = url.searchParams;
  const back = asked.get('redirect_uri') ?? '';
  if (asked.get('client_id') !== workspace.clientId || !URL.canParse(back)) {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<!DOCTYPE html>Something went wrong');
    return;
  }
  const target = new URL(back);
  if (workspace.signedIn === undefined) target.searchParams.set('error', 'access_denied');
  else target.searchParams.set('code', workspace.newCode(workspace.signedIn, asked.get('nonce') ?? undefined));
  target.searchParams.set('state', asked.get('state') ?? '');
  response.writeHead(302, { location: target.href }).end();
}

async function upload(
  parts: Parts,
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
  key: string,
): Promise<void> {
  const fault = parts.faults.takeCall('upload', undefined);
  if (fault?.kind === 'status') {
    response.writeHead(fault.status).end(fault.body);
    return;
  }
  if (fault?.kind === 'hang') return;
  if (fault?.kind === 'cut') {
    response.destroy();
    return;
  }
  const { status, body: text } = takeUpload(parts.workspace, key, await uploadedBytes(request, body));
  if (fault?.kind === 'answer_lost') response.destroy();
  else response.writeHead(status, { 'content-type': 'text/plain' }).end(text);
}

/** The bytes of an upload: the whole body, or the first file of a form. */
async function uploadedBytes(request: IncomingMessage, body: Buffer): Promise<Buffer> {
  const contentType = request.headers['content-type'] ?? '';
  if (!contentType.startsWith('multipart/form-data')) return body;
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData();
  const file = [...form.values()].find((value) => typeof value !== 'string');
  return file === undefined ? Buffer.alloc(0) : Buffer.from(await file.arrayBuffer());
}

async function download(
  parts: Parts,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  place: string,
  asDownload: boolean,
): Promise<void> {
  const { workspace, faults } = parts;
  const file = workspace.files.get(place.slice(place.indexOf('-') + 1));
  const isOurs = request.headers.authorization === `Bearer ${workspace.botToken}`;
  const shared = file?.shares.some(
    ({ channel }) => workspace.channels.get(channel)?.members.has(workspace.bot.id) === true,
  );
  const visible = file === undefined || file.user === workspace.bot.id || shared === true;
  const mayRead = isOurs && workspace.tokenError === undefined && workspace.scopes.has('files:read') && visible;
  await serveFile(response, { file, mayRead, path: url.pathname, asDownload }, faults);
}

function respond(parts: Parts, response: ServerResponse, body: Buffer, key: string): void {
  const fault = parts.faults.takeCall('response_url', undefined);
  if (fault?.kind === 'status') {
    response.writeHead(fault.status).end(fault.body);
    return;
  }
  const { status, body: text } = parts.interactions.respond(key, objectOf(parseJson(body.toString())));
  if (fault?.kind === 'answer_lost') response.destroy();
  else response.writeHead(status, { 'content-type': 'text/plain' }).end(text);
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
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
