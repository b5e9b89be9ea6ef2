// GET /media/:token: opened by a good link, after sign-in, by someone who may see the chat; shown only when it can do no harm.
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mediaPath } from '../../src/admin-web/server/media.ts';
import { BridgeError } from '../../src/domain/errors.ts';
import type { AgentId } from '../../src/domain/ids.ts';
import type { Message } from '../../src/store/message.ts';
import { ADMIN_TOKEN, detailOf, openDesk, refusalOf, seedAccount, seedChat, seedMessage } from './desk.ts';
import type { Desk } from './desk.ts';

let desk: Desk;
let message: Message;
let member: AgentId;
let stranger: AgentId;
beforeAll(async () => {
  desk = await openDesk();
  const chat = await seedChat(desk.store, await seedAccount(desk.store), { name: 'Customer' });
  message = await seedMessage(desk.store, chat);
  member = await desk.agent('member@acme.com', 'member', [chat]);
  stranger = await desk.agent('stranger@acme.com', 'member');
});
afterAll(() => desk.close());

const link = (minutes = 10): string =>
  mediaPath(desk.vault, message.id, new Date(desk.clock.now().getTime() + minutes * 60_000));
const put = (name: string, mimeType: string, bytes = Buffer.from('bytes')): void => {
  desk.bridge.files.set(message.id, { bytes, name, mimeType });
};

test('whoever may see the chat gets the bytes, and nobody else', async () => {
  put('cat.jpg', 'image/jpeg', Buffer.from('a cat'));
  const own = await desk.ask('GET', link(), { as: member });
  expect([own.status, own.text]).toEqual([200, 'a cat']);
  expect(refusalOf(await desk.ask('GET', link(), { as: 'nobody' }))).toBe(401);
  expect(refusalOf(await desk.ask('GET', link(), { as: stranger }))).toBe(404);
});

test('a link that is over, changed or made for something else opens nothing', async () => {
  const good = link();
  const other = desk.vault.signLink(`invitation|${message.id}`, new Date('2027-01-01T00:00:00Z'));
  expect(refusalOf(await desk.ask('GET', link(-1)))).toBe(410);
  for (const bad of [
    `${good}x`,
    good.replace('/media/', '/media/A'),
    `/media/${other}`,
    '/media/x',
    '/media/%2e%2e%2f',
  ]) {
    expect(refusalOf(await desk.ask('GET', bad))).toBe(404);
  }
});

test('a file that is gone is not there', async () => {
  desk.bridge.files.delete(message.id);
  expect(refusalOf(await desk.ask('GET', link()))).toBe(404);
});

const types: readonly (readonly [string, string, 'inline' | 'attachment'])[] = [
  ['image/png', 'image/png', 'inline'],
  ['audio/ogg; codecs=opus', 'audio/ogg', 'inline'],
  ['VIDEO/MP4', 'video/mp4', 'inline'],
  ['image/svg+xml', 'application/octet-stream', 'attachment'],
  ['text/html', 'application/octet-stream', 'attachment'],
  ['application/pdf', 'application/octet-stream', 'attachment'],
  ['text/html\r\nset-cookie: a=b', 'application/octet-stream', 'attachment'],
  ['', 'application/octet-stream', 'attachment'],
];
test.each(types)('a file of the type %j is sent as %s, %s', async (claimed, sent, how) => {
  put('file', claimed);
  const { headers } = await desk.ask('GET', link());
  expect(headers.get('content-type')).toBe(sent);
  expect(headers.get('content-disposition')).toMatch(new RegExp(`^${how};`));
  expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*sandbox/);
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('cache-control')).toContain('no-store');
  expect(headers.get('set-cookie')).toBeNull();
});

const names: readonly (readonly [string, string])[] = [
  ['report.pdf', `attachment; filename="report.pdf"; filename*=UTF-8''report.pdf`],
  ['../../etc/passwd', `attachment; filename="passwd"; filename*=UTF-8''passwd`],
  [String.raw`C:\secret\a.txt`, `attachment; filename="a.txt"; filename*=UTF-8''a.txt`],
  ['.bashrc', `attachment; filename="bashrc"; filename*=UTF-8''bashrc`],
  ['relatório (1).pdf', `attachment; filename="relat_rio (1).pdf"; filename*=UTF-8''relat%C3%B3rio%20%281%29.pdf`],
  ['a"b\r\nx: y.txt', `attachment; filename="abx: y.txt"; filename*=UTF-8''abx%3A%20y.txt`],
  ['cod\u202Etxt.exe', `attachment; filename="codtxt.exe"; filename*=UTF-8''codtxt.exe`],
  ['\0', `attachment; filename="file"; filename*=UTF-8''file`],
  ['\ud800', `attachment; filename="_"; filename*=UTF-8''%EF%BF%BD`],
  ['x'.repeat(4_000), `attachment; filename="${'x'.repeat(150)}"; filename*=UTF-8''${'x'.repeat(150)}`],
];
test.each(names)('the name %j is made harmless', async (name, disposition) => {
  put(name, 'application/zip');
  expect((await desk.ask('GET', link())).headers.get('content-disposition')).toBe(disposition);
});

/** A server whose one file is this stream. */
async function openFile(stream: Readable): Promise<{ desk: Desk; path: string }> {
  const opened = await openDesk();
  const chat = await seedChat(opened.store, await seedAccount(opened.store), { name: 'Customer' });
  const { id } = await seedMessage(opened.store, chat);
  opened.bridge.openMedia = async () => ({ name: 'cat.jpg', mimeType: 'image/jpeg', stream });
  return { desk: opened, path: mediaPath(opened.vault, id, new Date('2027-01-01T00:00:00Z')) };
}

const gone = new BridgeError('bad_media', 'gone', {
  sentence: 'The file is gone from WhatsApp.',
  retry: 'never',
  certain: true,
});

test('a file that fails before its first byte is told as a refusal', async () => {
  const failing = await openFile(
    new Readable({
      read() {
        this.destroy(gone);
      },
    }),
  );
  const answer = await failing.desk.ask('GET', failing.path);
  expect([refusalOf(answer), detailOf(answer)]).toEqual([409, 'The file is gone from WhatsApp.']);
  expect(answer.headers.get('content-disposition')).toBeNull();
  await failing.desk.close();
});

test('a file that fails in the middle is seen to be cut off', async () => {
  const stream = Readable.from(
    (async function* () {
      yield Buffer.alloc(100_000);
      await Promise.resolve();
      throw gone;
    })(),
  );
  const failing = await openFile(stream);
  await expect(failing.desk.ask('GET', failing.path)).rejects.toThrow(/terminated|fetch failed/);
  expect((await failing.desk.ask('GET', '/api/v1/me')).status).toBe(200);
  await failing.desk.close();
});

test('a file that nobody waits for any more is let go', async () => {
  const stream = new Readable({
    read() {
      setImmediate(() => this.push(Buffer.alloc(65_536)));
    },
  });
  const endless = await openFile(stream);
  const leaving = new AbortController();
  const response = await fetch(endless.desk.url + endless.path, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    signal: leaving.signal,
  });
  expect(response.status).toBe(200);
  const closed = new Promise((resolve) => stream.once('close', resolve));
  leaving.abort();
  await closed;
  await endless.desk.close();
});
