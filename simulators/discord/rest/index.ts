// The REST API: finds the operation, asks who calls, orders faults and limits, does it, answers, and keeps a record of it all.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { RestError } from '../errors.ts';
import type { CallFault } from '../faults.ts';
import type { Json } from '../json.ts';
import { ANSWER_OPERATIONS } from './answers.ts';
import { readCallBody } from './body.ts';
import type { ReadBody } from './body.ts';
import type { Call, Operation, Parts } from './call.ts';
import { CHANNEL_OPERATIONS } from './channels.ts';
import { COMMAND_OPERATIONS } from './commands.ts';
import { GUILD_OPERATIONS } from './guilds.ts';
import { TooOften } from './limits.ts';
import type { Refused } from './limits.ts';
import { MEMBER_OPERATIONS } from './members.ts';
import { MESSAGE_OPERATIONS } from './messages.ts';
import { REACTION_OPERATIONS } from './reactions.ts';
import { THREAD_OPERATIONS } from './threads.ts';
import { WEBHOOK_OPERATIONS } from './webhooks.ts';

/** One call, retries included. */
export interface RequestRecord {
  readonly at: number;
  readonly method: string;
  /** The path below `/api/v10`, with its query. */
  readonly path: string;
  /** The name of the operation; empty for none that is known. */
  readonly operation: string;
  readonly params: Readonly<Record<string, string>>;
  body: Json | undefined;
  /** Names and sizes of the files that came along. */
  files: readonly { readonly name: string; readonly size: number }[];
  /** The answer's status; 0 while there is none, or when there never is one. */
  status: number;
  /** Discord's error code, when it was refused. */
  code: number | undefined;
  /** Whether the work was done, whatever the answer. */
  applied: boolean;
  answer: object | undefined;
  /** What it was answered instead, in JSON, when it was refused. */
  refusal: object | undefined;
}

/** What is noted about calls. */
export interface CallLog {
  readonly requests: RequestRecord[];
  readonly unknown: string[];
}

/** A request as the server took it. */
export interface Incoming {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly bytes: Buffer;
  readonly url: URL;
}

interface Route {
  readonly operation: Operation;
  readonly parts: readonly string[];
}

const ROUTES: readonly Route[] = [
  ...GUILD_OPERATIONS,
  ...CHANNEL_OPERATIONS,
  ...MESSAGE_OPERATIONS,
  ...REACTION_OPERATIONS,
  ...THREAD_OPERATIONS,
  ...WEBHOOK_OPERATIONS,
  ...ANSWER_OPERATIONS,
  ...COMMAND_OPERATIONS,
  ...MEMBER_OPERATIONS,
].map((operation) => ({ operation, parts: operation.path.slice(1).split('/') }));

interface Found {
  readonly operation: Operation;
  readonly params: Record<string, string>;
}

/** Finds the operation; a fixed part (`@me`) wins over a variable one. discord.js percent-encodes `@me` in places. */
function find(method: string, path: string): Found | undefined {
  const given = path.slice(1).split('/').map(decodeURIComponent);
  const fitting = ROUTES.filter(
    ({ operation, parts }) =>
      operation.method === method &&
      parts.length === given.length &&
      parts.every((part, at) => part.startsWith('{') || part === given[at]),
  );
  const fixedCount = ({ parts }: Route): number => parts.filter((part) => !part.startsWith('{')).length;
  const [best] = fitting.sort((one, other) => fixedCount(other) - fixedCount(one));
  if (best === undefined) return undefined;
  const params = best.parts.flatMap((part, at) => (part.startsWith('{') ? [[part.slice(1, -1), given[at] ?? '']] : []));
  return { operation: best.operation, params: Object.fromEntries(params) as Record<string, string> };
}

/** Answers one call below `/api`. */
export async function answerCall(parts: Parts, log: CallLog, incoming: Incoming): Promise<void> {
  const { request, response, url } = incoming;
  const { faults, limits, guild } = parts;
  const method = request.method ?? 'GET';
  const path = url.pathname.replace(/^\/api(\/v\d+)?/, '');
  const found = url.pathname.startsWith('/api/v10/') ? find(method, path) : undefined;
  const record: RequestRecord = {
    at: guild.now(),
    method,
    path: path + url.search,
    operation: found?.operation.name ?? '',
    params: found?.params ?? {},
    body: undefined,
    files: [],
    status: 0,
    code: undefined,
    applied: false,
    answer: undefined,
    refusal: undefined,
  };
  log.requests.push(record);
  if (found === undefined) {
    log.unknown.push(`${method} ${url.pathname}`);
    send(response, record, 404, { message: '404: Not Found', code: 0 });
    return;
  }
  if (limits.invalidCount >= guild.settings.invalidRequestLimit) {
    // The ban of an address comes from the proxy in front, without JSON.
    record.status = 429;
    response.writeHead(429, { 'content-type': 'text/plain', 'retry-after': '3600' }).end('error code: 1015');
    return;
  }
  if (faults.latencyMs > 0) await wait(faults.latencyMs);
  const fault = faults.takeCall(found.operation.name, channelsOf(parts, found, url));
  if (fault !== undefined && insteadOf(parts, incoming, record, found, fault)) return;
  try {
    const read = await readCallBody(request, incoming.bytes);
    record.body = read.raw;
    record.files = read.uploads.map(({ name, bytes }) => ({ name, size: bytes.length }));
    const answer = await work(parts, incoming, found, read);
    record.applied = true;
    record.answer = answer;
    await afterwards(parts, response, record, found, fault, answer);
  } catch (error) {
    refuse(parts, response, record, found, error);
  }
}

/** The channels a call is about: that of the path, the webhook's, the thread in the query. */
function channelsOf(parts: Parts, found: Found, url: URL): string[] {
  const webhook = parts.guild.webhooks.get(found.params['webhook'] ?? '');
  return [found.params['channel'], webhook?.channelId, url.searchParams.get('thread_id') ?? undefined].filter(
    (id) => id !== undefined,
  );
}

async function work(parts: Parts, incoming: Incoming, found: Found, read: ReadBody): Promise<object | undefined> {
  const { operation, params } = found;
  const bearer = authorize(parts, incoming.request, operation);
  if (incoming.bytes.length > parts.guild.settings.maxRequestBytes)
    throw new RestError(413, 40_005, 'Request entity too large');
  // Answers to interactions are outside the global limit.
  const isAnswer = operation.auth === 'token';
  const refused =
    (parts.faults.globalLimit && !isAnswer ? parts.limits.takeGlobal() : undefined) ??
    (parts.faults.rateLimits ? parts.limits.takeBucket(operation.name, majorOf(found), operation.limit) : undefined);
  if (refused !== undefined) throw new TooOften(refused);
  const call: Call = { ...parts, params, query: incoming.url.searchParams, ...read, bearer };
  return operation.handle(call);
}

function authorize(parts: Parts, request: IncomingMessage, operation: Operation): Call['bearer'] {
  const { authorization = '' } = request.headers;
  const { auth } = operation;
  if (auth === 'none' || auth === 'token') return undefined;
  const unauthorized = new RestError(401, 0, '401: Unauthorized');
  if (authorization.startsWith('Bearer ') && auth !== 'bot') {
    const bearer = parts.oauth.bearer(authorization.slice('Bearer '.length));
    if (bearer === undefined) throw unauthorized;
    return bearer;
  }
  const isBot = authorization === `Bot ${parts.guild.botToken}` && parts.guild.tokenValid;
  if (!isBot || auth === 'bearer') throw unauthorized;
  return undefined;
}

/** The part of the path that has a bucket of its own. */
function majorOf(found: Found): string {
  const { channel, guild, webhook, token } = found.params;
  return [channel ?? guild ?? webhook ?? '', webhook === undefined ? '' : (token ?? '')].join(' ');
}

/** Faults that come instead of the work; true when there was one. */
function insteadOf(parts: Parts, incoming: Incoming, record: RequestRecord, found: Found, fault: CallFault): boolean {
  const { response } = incoming;
  switch (fault.kind) {
    case 'rate_limited':
      sendTooOften(parts, response, record, found, {
        scope: fault.scope ?? 'user',
        retryAfterMs: (fault.retryAfter ?? 1) * 1000,
        ...(fault.header === undefined ? {} : { header: fault.header }),
      });
      return true;
    case 'status':
      sendText(response, record, fault.status, fault.body ?? '', fault.contentType ?? 'text/plain');
      return true;
    case 'html':
      sendText(response, record, 200, '<!DOCTYPE html><title>Just a moment...</title>', 'text/html; charset=utf-8');
      return true;
    case 'error':
      record.code = fault.code;
      send(response, record, fault.status, { message: fault.message, code: fault.code });
      return true;
    case 'hang':
      return true;
    case 'cut':
      response.destroy();
      return true;
    case 'slow':
    case 'answer_lost':
    case 'answer_hangs':
    case 'answer_status':
    case 'answer_cut':
      return false;
  }
}

/** The answer, or what a fault makes of it after the work. */
async function afterwards(
  parts: Parts,
  response: ServerResponse,
  record: RequestRecord,
  found: Found,
  fault: CallFault | undefined,
  answer: object | undefined,
): Promise<void> {
  switch (fault?.kind) {
    case 'answer_lost':
      response.destroy();
      return;
    case 'answer_hangs':
      return;
    case 'answer_status':
      sendText(response, record, fault.status, '', 'text/plain');
      return;
    case 'answer_cut': {
      const text = JSON.stringify(answer ?? {});
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
      response.write(text.slice(0, text.length / 2), () => response.destroy());
      return;
    }
    case 'slow':
      await wait(fault.ms);
      break;
    case undefined:
    default:
  }
  const status = answer === undefined ? 204 : (found.operation.success ?? 200);
  send(response, record, status, answer, bucketHeaders(parts, found));
}

function refuse(parts: Parts, response: ServerResponse, record: RequestRecord, found: Found, error: unknown): void {
  if (error instanceof TooOften) {
    sendTooOften(parts, response, record, found, error.refused);
    return;
  }
  if (!(error instanceof RestError)) throw error;
  if (error.status === 401 || error.status === 403) parts.limits.countInvalid();
  record.code = error.code;
  const body = {
    message: error.message,
    code: error.code,
    ...(error.errors === undefined ? {} : { errors: error.errors }),
  };
  send(response, record, error.status, body, bucketHeaders(parts, found));
}

function bucketHeaders(parts: Parts, found: Found): Record<string, string> {
  const bucket = parts.limits.bucket(found.operation.name, majorOf(found), found.operation.limit);
  return {
    'x-ratelimit-limit': String(bucket.limit),
    'x-ratelimit-remaining': String(bucket.remaining),
    'x-ratelimit-reset': (bucket.resetAt / 1000).toFixed(3),
    'x-ratelimit-reset-after': (Math.max(0, bucket.resetAt - parts.guild.now()) / 1000).toFixed(3),
    'x-ratelimit-bucket': bucket.hash,
  };
}

/** 429: `retry_after` is a float, the header an integer. */
function sendTooOften(
  parts: Parts,
  response: ServerResponse,
  record: RequestRecord,
  found: Found,
  refused: Refused & { readonly header?: string },
): void {
  const isGlobal = refused.scope === 'global';
  const seconds = Math.max(0.001, refused.retryAfterMs / 1000);
  const header = refused.header ?? String(Math.ceil(seconds));
  if (refused.scope !== 'shared') parts.limits.countInvalid();
  const body = { message: 'You are being rate limited.', retry_after: seconds, global: isGlobal };
  send(response, record, 429, body, {
    ...(isGlobal ? { 'x-ratelimit-global': 'true' } : bucketHeaders(parts, found)),
    'x-ratelimit-scope': refused.scope,
    ...(header === '' ? {} : { 'retry-after': header }),
  });
}

function send(
  response: ServerResponse,
  record: RequestRecord,
  status: number,
  body: object | undefined,
  headers: Readonly<Record<string, string>> = {},
): void {
  record.status = status;
  if (status >= 400) record.refusal = body;
  response.writeHead(status, { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

function sendText(response: ServerResponse, record: RequestRecord, status: number, text: string, type: string): void {
  record.status = status;
  response.writeHead(status, { 'content-type': type }).end(text);
}

async function wait(ms: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
