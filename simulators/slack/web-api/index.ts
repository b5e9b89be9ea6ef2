// The Web API's front desk: reads a request, checks its token, applies faults and budgets, runs the method, answers and keeps the record.
import { setTimeout as pause } from 'node:timers/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CallFault } from '../faults.ts';
import { isObject, parseJson } from '../json.ts';
import type { JsonObject } from '../json.ts';
import { appMethods } from './app.ts';
import { Args, Refusal, requireScope } from './call.ts';
import type { Method, Parts } from './call.ts';
import { chatMethods } from './chat.ts';
import { conversationMethods } from './conversations.ts';
import { fileMethods } from './files.ts';
import { historyMethods } from './history.ts';
import { reactionMethods } from './reactions.ts';
import { userMethods } from './users.ts';
import { viewMethods } from './views.ts';

const METHODS: ReadonlyMap<string, Method> = new Map(
  Object.entries({
    ...appMethods,
    ...chatMethods,
    ...conversationMethods,
    ...fileMethods,
    ...historyMethods,
    ...reactionMethods,
    ...userMethods,
    ...viewMethods,
  }),
);

/** One call as it came in; `ok` is absent while (or because) there was no answer. */
export interface RequestRecord {
  readonly method: string;
  /** The arguments without the token; JSON inside a form is parsed. */
  readonly args: JsonObject;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Whether the method did its work, whatever became of the answer. */
  applied: boolean;
  ok?: boolean;
  error?: string;
}

/** All calls and those nobody knows. */
export interface CallLog {
  readonly requests: RequestRecord[];
  readonly unknown: string[];
}

/** Answers one Web API request; `body` is already read. */
export async function answerCall(
  parts: Parts,
  log: CallLog,
  http: { request: IncomingMessage; response: ServerResponse; body: Buffer; url: URL },
  methodName: string,
): Promise<void> {
  const { request, response } = http;
  const values = await readArgs(request.headers['content-type'] ?? '', http.body, http.url);
  const { token, basicAuth } = credentials(request, values);
  const args = new Args(values);
  const record: RequestRecord = {
    method: methodName,
    args: recorded(values),
    at: parts.workspace.now(),
    applied: false,
  };
  log.requests.push(record);
  const channel = args.text('channel') || args.text('channel_id') || undefined;
  if (parts.faults.latencyMs > 0) await pause(parts.faults.latencyMs);
  const fault = parts.faults.takeCall(methodName, channel);
  if (fault !== undefined && failEarly(response, record, fault)) return;
  const method = METHODS.get(methodName);
  if (method === undefined) {
    log.unknown.push(methodName);
    finish(response, record, { ok: false, error: 'unknown_method', req_method: methodName });
    return;
  }
  const waitSeconds = parts.faults.overBudget(methodName, method.tier, channel, parts.workspace.now());
  if (waitSeconds !== undefined) {
    rateLimit(response, record, String(waitSeconds));
    return;
  }
  const answer = await run(parts, method, { args, token, basicAuth }, record);
  response.setHeader('x-oauth-scopes', [...parts.workspace.scopes].join(','));
  response.setHeader('x-accepted-oauth-scopes', method.scopes.join(','));
  if (fault?.kind === 'slow') {
    parts.workspace.later(fault.ms, () => {
      finish(response, record, answer);
    });
  } else if (fault?.kind === 'answer_lost') response.destroy();
  else if (fault?.kind === 'answer_cut') cutAnswer(response, answer);
  else if (fault?.kind !== 'answer_hangs') finish(response, record, answer);
}

async function run(
  parts: Parts,
  method: Method,
  input: { args: Args; token: string | undefined; basicAuth: string | undefined },
  record: RequestRecord,
): Promise<JsonObject> {
  const call = { ...parts, ...input };
  try {
    checkToken(parts, method, input.token);
    requireScope(call, ...method.scopes);
    const answer = await method.run(call);
    record.applied = true;
    return { ok: true, ...answer };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, error: error.code, ...error.extra };
    throw error;
  }
}

function checkToken(parts: Parts, method: Method, token: string | undefined): void {
  const { workspace } = parts;
  if (method.token === 'none') return;
  if (token === undefined) throw new Refusal('not_authed');
  const isApp = token === workspace.appToken;
  if (!isApp && token !== workspace.botToken) throw new Refusal('invalid_auth');
  if (workspace.tokenError !== undefined) throw new Refusal(workspace.tokenError);
  if (method.token !== 'either' && isApp !== (method.token === 'app')) throw new Refusal('not_allowed_token_type');
}

/** Faults that stand in place of the work; true when the request is dealt with. */
function failEarly(response: ServerResponse, record: RequestRecord, fault: CallFault): boolean {
  switch (fault.kind) {
    case 'rate_limited':
      rateLimit(response, record, fault.retryAfter);
      return true;
    case 'status':
      record.ok = false;
      record.error = `http_${fault.status}`;
      response
        .writeHead(fault.status, { 'content-type': fault.contentType ?? 'text/plain' })
        .end(fault.body ?? 'error');
      return true;
    case 'html':
      record.ok = false;
      record.error = 'html';
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
      response.end(
        '<!DOCTYPE html><html><head><title>Server Error | Slack</title></head><body>Something went wrong</body></html>',
      );
      return true;
    case 'error':
      finish(response, record, { ok: false, error: fault.error, ...fault.extra });
      return true;
    case 'hang':
      return true;
    case 'cut':
      response.destroy();
      return true;
    case 'slow':
    case 'answer_lost':
    case 'answer_hangs':
    case 'answer_cut':
      return false;
  }
}

function rateLimit(response: ServerResponse, record: RequestRecord, retryAfter: string | undefined): void {
  if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter);
  record.ok = false;
  record.error = 'ratelimited';
  response.writeHead(429, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify({ ok: false, error: 'ratelimited' }));
}

function finish(response: ServerResponse, record: RequestRecord, answer: JsonObject): void {
  record.ok = answer['ok'] === true;
  if (typeof answer['error'] === 'string') record.error = answer['error'];
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(answer));
}

function cutAnswer(response: ServerResponse, answer: JsonObject): void {
  const text = JSON.stringify(answer);
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
  response.end(text.slice(0, Math.floor(text.length / 2)));
}

async function readArgs(contentType: string, body: Buffer, url: URL): Promise<Record<string, unknown>> {
  const values: Record<string, unknown> = Object.fromEntries(url.searchParams);
  if (contentType.startsWith('application/json')) {
    const parsed = parseJson(body.toString());
    return isObject(parsed) ? { ...values, ...parsed } : values;
  }
  if (contentType.startsWith('multipart/form-data')) {
    const form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData();
    for (const [name, value] of form.entries()) values[name] = typeof value === 'string' ? value : '';
    return values;
  }
  return { ...values, ...Object.fromEntries(new URLSearchParams(body.toString())) };
}

function credentials(
  request: IncomingMessage,
  values: Record<string, unknown>,
): { token: string | undefined; basicAuth: string | undefined } {
  const header = request.headers.authorization ?? '';
  const inBody = typeof values['token'] === 'string' ? values['token'] : undefined;
  delete values['token'];
  const bearer = /^Bearer (\S+)$/i.exec(header)?.[1];
  const basic = /^Basic (\S+)$/i.exec(header)?.[1];
  return {
    token: bearer ?? inBody,
    basicAuth: basic === undefined ? undefined : Buffer.from(basic, 'base64').toString(),
  };
}

function recorded(values: Record<string, unknown>): JsonObject {
  const secrets = new Set(['client_secret', 'code']);
  const entries = Object.entries(values).filter(([name]) => !secrets.has(name));
  return Object.fromEntries(
    entries.map(([name, value]) => {
      if (typeof value === 'string') return [name, /^[[{]/.test(value) ? (parseJson(value) ?? value) : value];
      // What isn't text came out of a JSON body.
      return [name, value as JsonObject];
    }),
  );
}
