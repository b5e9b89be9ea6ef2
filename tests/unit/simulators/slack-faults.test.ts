// The Slack stand-in's files and what can go wrong with calls, driven by the real WebClient.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bench, errorOf } from './slack-client.ts';

let bench: Bench;

beforeEach(async () => {
  bench = await Bench.start();
});

afterEach(async () => {
  const unknown = await bench.stop();
  if (unknown.length > 0) throw new Error(`Slack doesn't know ${unknown.join(', ')}`);
});

describe('files', () => {
  it('takes uploaded bytes, shares them later into the thread and tells where', async () => {
    const channel = await bench.privateChannel();
    const { ts = '' } = await bench.post({ channel, text: 'x' });
    const bytes = Buffer.from([0, 1, 2, 255, 254, 10, 13, 0]);
    const upload = await bench.client.filesUploadV2({
      channel_id: channel,
      thread_ts: ts,
      file: bytes,
      filename: 'a b.png',
    });
    const id = upload.files[0]?.files?.[0]?.id ?? '';
    const shared = await bench.slack.until(() => bench.slack.workspace.files.get(id)?.shares[0], 'the share');
    expect(bench.slack.workspace.files.get(id)?.bytes).toEqual(bytes);
    expect(shared).toMatchObject({ channel, threadTs: ts });
    const info = await bench.client.files.info({ file: id });
    expect(info.file?.shares?.private?.[channel]?.[0]).toMatchObject({ ts: shared.ts, thread_ts: ts });
  });

  it('refuses an upload of another length', async () => {
    const { upload_url: url = '' } = await bench.client.files.getUploadURLExternal({ filename: 'a.txt', length: 3 });
    const response = await fetch(url, { method: 'POST', body: 'four' });
    expect(response.status).toBe(400);
  });

  it('gives bytes for the token and a 200 sign-in page without', async () => {
    const channel = await bench.privateChannel();
    const bytes = Buffer.from('%PDF-1.7 \u0000 end');
    const ts = await bench.ana.say(channel, '', { files: [{ name: 'Bill.pdf', bytes, mimetype: 'application/pdf' }] });
    const history = await bench.client.conversations.history({ channel });
    const file = history.messages?.find((message) => message.ts === ts)?.files?.[0];
    expect(file).toMatchObject({ size: bytes.length, mimetype: 'application/pdf' });
    const url = file?.url_private_download ?? '';
    const good = await fetch(url, { headers: { authorization: `Bearer ${bench.slack.botToken}` } });
    expect(Buffer.from(await good.arrayBuffer())).toEqual(bytes);
    const page = await fetch(url);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    bench.slack.faults.download({ kind: 'truncated', part: 0.5 });
    const cut = await fetch(url, { headers: { authorization: `Bearer ${bench.slack.botToken}` } });
    await expect(cut.arrayBuffer()).rejects.toThrow('terminated');
  });
});

describe('faults', () => {
  it('answers 429 with the header as ordered, once', async () => {
    const channel = await bench.privateChannel();
    const other = await bench.privateChannel('other', []);
    bench.slack.faults.call('chat.postMessage', { kind: 'rate_limited', retryAfter: '7' }, { channel });
    const rejecting = bench.clientFor(bench.slack.botToken, { rejectRateLimitedCalls: true });
    await bench.post({ channel: other, text: 'x' }, rejecting);
    await expect(bench.post({ channel, text: 'x' }, rejecting)).rejects.toMatchObject({ retryAfter: 7 });
    await bench.post({ channel, text: 'y' }, rejecting);
    const posts = bench.slack.requests.filter(({ method }) => method === 'chat.postMessage');
    expect(posts.map(({ ok, error }) => [ok, error])).toEqual([
      [true, undefined],
      [false, 'ratelimited'],
      [true, undefined],
    ]);
  });

  it('does the work but loses the answer, so that a retry posts twice', async () => {
    const channel = await bench.privateChannel();
    bench.slack.faults.call('chat.postMessage', { kind: 'answer_lost' });
    await expect(bench.post({ channel, text: 'once' })).rejects.toThrow('fetch failed');
    expect(bench.slack.requests.at(-1)).toMatchObject({ applied: true });
    bench.slack.faults.call('chat.postMessage', { kind: 'answer_lost' });
    const retrying = bench.clientFor(bench.slack.botToken, {
      retryConfig: { retries: 2, minTimeout: 1, maxTimeout: 5 },
    });
    await bench.post({ channel, text: 'twice' }, retrying);
    const texts = bench.slack.channel(channel).topLevel.map(({ text }) => text);
    expect(texts.filter((text) => text === 'once')).toHaveLength(1);
    expect(texts.filter((text) => text === 'twice')).toHaveLength(2);
  });

  it.each([
    [{ kind: 'status', status: 503 } as const, 'WebAPIHTTPError'],
    [{ kind: 'html' } as const, 'WebAPIPlatformError'],
    [{ kind: 'error', error: 'fatal_error' } as const, 'WebAPIPlatformError'],
    [{ kind: 'cut' } as const, 'WebAPIRequestError'],
    [{ kind: 'answer_cut' } as const, 'WebAPIPlatformError'],
    [{ kind: 'hang' } as const, 'WebAPIRequestError'],
    [{ kind: 'answer_hangs' } as const, 'WebAPIRequestError'],
  ])('makes %j a %s', async (fault, name) => {
    bench.slack.faults.call('auth.test', fault);
    const impatient = bench.clientFor(bench.slack.botToken, { timeout: 150 });
    const error: unknown = await impatient.auth.test().catch((reason: unknown) => reason);
    expect((error as Error).constructor.name).toBe(name);
    await impatient.auth.test();
  });

  it('keeps the rate limits of posts per channel when switched on', async () => {
    const channel = await bench.privateChannel();
    const other = await bench.privateChannel('other', []);
    bench.slack.faults.rateLimits = true;
    const rejecting = bench.clientFor(bench.slack.botToken, { rejectRateLimitedCalls: true });
    for (let index = 0; index < 3; index += 1) await bench.post({ channel, text: 'x' }, rejecting);
    await expect(bench.post({ channel, text: 'x' }, rejecting)).rejects.toThrow('rate-limit');
    await bench.post({ channel: other, text: 'x' }, rejecting);
  });
});

it('names a method it does not know', async () => {
  expect(await errorOf(bench.client.usergroups.list({}))).toBe('unknown_method');
  expect(bench.slack.unknown).toEqual(['usergroups.list']);
  (bench.slack.unknown as string[]).length = 0;
});

it.each([
  [{ kind: 'short', part: 0.5 } as const, 4],
  [{ kind: 'long', extraBytes: 3 } as const, 11],
  [{ kind: 'slow', chunkBytes: 3, pauseMs: 1 } as const, 8],
])('makes a download %j', async (fault, length) => {
  const channel = await bench.privateChannel();
  const ts = await bench.ana.say(channel, '', { files: [{ name: 'a.bin', bytes: Buffer.alloc(8) }] });
  const { messages } = await bench.client.conversations.history({ channel });
  const url = messages?.find((message) => message.ts === ts)?.files?.[0]?.url_private ?? '';
  bench.slack.faults.download(fault);
  const response = await fetch(url, { headers: { authorization: `Bearer ${bench.slack.botToken}` } });
  expect((await response.arrayBuffer()).byteLength).toBe(length);
});

it('takes JSON and multipart bodies as well as forms', async () => {
  const channel = await bench.privateChannel();
  const url = `${bench.slack.apiUrl}chat.postMessage`;
  const authorization = `Bearer ${bench.slack.botToken}`;
  const blocks = [{ type: 'divider' }];
  const json = await fetch(url, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify({ channel, text: 'json', blocks }),
  });
  expect(await json.json()).toMatchObject({ ok: true, message: { text: 'json', blocks } });
  const form = new FormData();
  form.set('token', bench.slack.botToken);
  form.set('channel', channel);
  form.set('text', 'multipart');
  const multipart = await fetch(url, { method: 'POST', body: form });
  expect(await multipart.json()).toMatchObject({ ok: true, message: { text: 'multipart' } });
  expect(JSON.stringify(bench.slack.requests)).not.toContain(bench.slack.botToken);
});

it('signs a person in and names them by an ID token', async () => {
  bench.slack.signIn(bench.ana);
  const origin = new URL(bench.slack.apiUrl).origin;
  const asked = new URLSearchParams({
    client_id: bench.slack.clientId,
    redirect_uri: 'http://127.0.0.1/back',
    state: 's',
    nonce: 'n',
  });
  const page = await fetch(`${origin}/openid/connect/authorize?${asked.toString()}`, { redirect: 'manual' });
  const back = new URL(page.headers.get('location') ?? '');
  const token = await bench.client.openid.connect.token({
    client_id: bench.slack.clientId,
    client_secret: bench.slack.clientSecret,
    code: back.searchParams.get('code') ?? '',
  });
  const claims: unknown = JSON.parse(Buffer.from(token.id_token?.split('.')[1] ?? '', 'base64url').toString());
  expect(claims).toMatchObject({ email: 'Ana@acme.com', nonce: 'n', 'https://slack.com/user_id': bench.ana.id });
  const info = await bench.clientFor(token.access_token ?? '').openid.connect.userInfo();
  expect(info.email).toBe('Ana@acme.com');
});

it('shows channels on its control page and lets people speak', async () => {
  const channel = await bench.privateChannel();
  const control = `${new URL(bench.slack.apiUrl).origin}/control`;
  const order = { email: 'ana@acme.com', channel: 'wa-lena', text: 'a <b>' };
  const said = await fetch(`${control}/say`, { method: 'POST', body: JSON.stringify(order) });
  expect(await said.json()).toMatchObject({ ok: true, ts: bench.slack.channel(channel).messages.at(-1)?.ts });
  expect(await (await fetch(control)).text()).toContain('a &lt;b&gt;');
  const state = (await (await fetch(`${control}/state`)).json()) as { channels: { name: string }[] };
  expect(state.channels.map(({ name }) => name)).toEqual(['wa-lena']);
});
