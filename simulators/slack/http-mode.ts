// HTTP mode: signed requests to the app's address, and the forged ones a test wants refused.
import { createHmac, randomUUID } from 'node:crypto';
import type { Carrier, Parcel, Receipt } from './carrier.ts';
import { parseJson, textOf } from './json.ts';
import type { JsonObject } from './json.ts';
import type { Workspace } from './state.ts';

/** Ways a request can fail to be Slack's. */
export type Forgery =
  | 'wrong_secret'
  | 'stale'
  | 'swapped_body'
  | 'other_version'
  | 'short_signature'
  | 'no_signature'
  | 'no_timestamp'
  | 'future';

/** Carries to the request URL, each parcel in one signed POST. */
export class HttpMode implements Carrier {
  requestUrl: string | undefined;
  readonly #workspace: Workspace;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  async carry(parcel: Parcel): Promise<Receipt> {
    const connection = this.requestUrl ?? '';
    const retry: Record<string, string> =
      parcel.retry.attempt > 0
        ? { 'x-slack-retry-num': String(parcel.retry.attempt), 'x-slack-retry-reason': httpReason(parcel.retry.reason) }
        : {};
    const { body, contentType } = encode(parcel);
    let response: Response;
    try {
      response = await this.#post(body, { ...this.sign(body), ...retry, 'content-type': contentType });
    } catch (error) {
      const timedOut = error instanceof Error && error.name === 'TimeoutError';
      return { kind: timedOut ? 'timeout' : 'unreachable', connection };
    }
    const text = await response.text().catch(() => '');
    if (!response.ok) {
      const noRetry = response.headers.get('x-slack-no-retry') === '1';
      return { kind: 'http_error', status: response.status, connection, noRetry };
    }
    return { kind: 'acked', answer: text === '' ? undefined : (parseJson(text) ?? text), connection };
  }

  /** Slack's check of a new request URL; true when the challenge came back. */
  async verifyUrl(): Promise<boolean> {
    const challenge = randomUUID();
    const body = JSON.stringify({ token: this.#workspace.verificationToken, challenge, type: 'url_verification' });
    const response = await this.#post(body, { ...this.sign(body), 'content-type': 'application/json' });
    return response.ok && (await response.text()).includes(challenge);
  }

  /** Sends a body with a signature that isn't right, and answers the status. */
  async forge(forgery: Forgery, event: JsonObject): Promise<number> {
    const body = JSON.stringify(event);
    const headers = forgedHeaders(forgery, (secret, at) => this.sign(body, secret, at), this.#workspace);
    const sent = forgery === 'swapped_body' ? body.replace('}', ',"swapped":1}') : body;
    const response = await this.#post(sent, { ...headers, 'content-type': 'application/json' });
    await response.arrayBuffer();
    return response.status;
  }

  /** Sends one well-signed request `times` times, byte for byte the same, as somebody who recorded it would; the statuses. */
  async replay(event: JsonObject, times: number): Promise<number[]> {
    const body = JSON.stringify(event);
    const headers = { ...this.sign(body), 'content-type': 'application/json' };
    const statuses: number[] = [];
    for (let index = 0; index < times; index += 1) {
      const response = await this.#post(body, headers);
      await response.arrayBuffer();
      statuses.push(response.status);
    }
    return statuses;
  }

  /** Signature headers for a body; `at` in seconds. */
  sign(
    body: string,
    secret = this.#workspace.signingSecret,
    at = Math.floor(Date.now() / 1000),
  ): Record<string, string> {
    const signature = createHmac('sha256', secret).update(`v0:${at}:${body}`).digest('hex');
    return { 'x-slack-request-timestamp': String(at), 'x-slack-signature': `v0=${signature}` };
  }

  async #post(body: string, headers: Record<string, string>): Promise<Response> {
    return fetch(this.requestUrl ?? '', {
      method: 'POST',
      headers: { 'user-agent': 'Slackbot 1.0 (+https://api.slack.com/robots)', accept: '*/*', ...headers },
      body,
      signal: AbortSignal.timeout(this.#workspace.settings.ackTimeoutMs),
    });
  }
}

function forgedHeaders(
  forgery: Forgery,
  sign: (secret?: string, at?: number) => Record<string, string>,
  workspace: Workspace,
): Record<string, string> {
  const now = Math.floor(Date.now() / 1000);
  const good = sign();
  const signature = good['x-slack-signature'] ?? '';
  const timestamp = good['x-slack-request-timestamp'] ?? '';
  switch (forgery) {
    case 'wrong_secret':
      return sign('f'.repeat(workspace.signingSecret.length));
    case 'stale':
      return sign(undefined, now - 6 * 60);
    case 'future':
      return sign(undefined, now + 6 * 60);
    case 'swapped_body':
      return good;
    case 'other_version':
      return { ...good, 'x-slack-signature': signature.replace('v0=', 'v1=') };
    case 'short_signature':
      return { ...good, 'x-slack-signature': signature.slice(0, 20) };
    case 'no_signature':
      return { 'x-slack-request-timestamp': timestamp };
    case 'no_timestamp':
      return { 'x-slack-signature': signature };
  }
}

function encode(parcel: Parcel): { body: string; contentType: string } {
  const form = 'application/x-www-form-urlencoded';
  switch (parcel.kind) {
    case 'events_api':
      return { body: JSON.stringify(parcel.body), contentType: 'application/json' };
    case 'slash_commands': {
      const fields = new URLSearchParams();
      for (const [name, value] of Object.entries(parcel.body)) fields.set(name, textOf(value));
      return { body: fields.toString(), contentType: form };
    }
    case 'interactive':
      return { body: new URLSearchParams({ payload: JSON.stringify(parcel.body) }).toString(), contentType: form };
  }
}

function httpReason(reason: string): string {
  return reason === 'timeout' ? 'http_timeout' : reason;
}
