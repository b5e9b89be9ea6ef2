// Media through the WhatsApp simulator's https host, up and down, with a real Baileys client; and what a faulty host does.
import { randomBytes } from 'node:crypto';
import { downloadMediaMessage, type WAMessage } from '@whiskeysockets/baileys';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startWhatsApp, type Phone, type WhatsAppSimulator } from '../../../simulators/whatsapp/index.ts';
import { linkByQr, until, type Client } from './whatsapp-client.ts';

let simulator: WhatsAppSimulator;
let organisation: Phone;
let customer: Phone;
let client: Client;

beforeAll(async () => {
  simulator = await startWhatsApp();
  organisation = simulator.createPhone({ number: '4915112345678', name: 'Harbour Shop' });
  customer = simulator.createPhone({ number: '491701111111', name: 'Ada' });
  client = await linkByQr(simulator, async (qr) => organisation.scanQr(qr));
});

afterEach(() => simulator.faults.clear());

afterAll(async () => {
  await client.close();
  await simulator.stop();
  if (simulator.unknown.length > 0) throw new Error(`unknown calls: ${simulator.unknown.join(', ')}`);
});

async function arrived(id: string): Promise<WAMessage> {
  const find = (): WAMessage | undefined => client.last.messages.find((message) => message.key.id === id);
  await until(() => find() !== undefined);
  return find() as WAMessage;
}

async function download(message: WAMessage): Promise<Buffer> {
  return downloadMediaMessage(message, 'buffer', {});
}

describe('media', () => {
  test.each(['image', 'video', 'gif', 'audio', 'voice', 'document', 'sticker'] as const)(
    'a %s from a customer comes down whole',
    async (kind) => {
      const bytes = randomBytes(70_001);
      const message = await arrived(await customer.sendMedia(organisation, kind, bytes, { fileName: 'plan.pdf' }));
      expect((await download(message)).equals(bytes)).toBe(true);
    },
  );

  test.each([
    ['image', { image: randomBytes(40_000), caption: 'Look', jpegThumbnail: '' }],
    ['video', { video: randomBytes(50_000), jpegThumbnail: '' }],
    ['audio', { audio: randomBytes(3_000), mimetype: 'audio/mp4', seconds: 1 }],
    ['document', { document: randomBytes(9), mimetype: 'application/pdf', fileName: 'a.pdf', caption: 'The plan' }],
  ] as const)('a %s from the companion goes up whole', async (kind, content) => {
    const sent = await client.socket.sendMessage(customer.lid, content);
    const shown = await customer.received((message) => message.id === sent?.key.id);
    expect(customer.downloadMedia(shown).equals(Reflect.get(content, kind) as Buffer)).toBe(true);
    expect(shown.text).toBe('caption' in content ? content.caption : '');
  });

  test('an expired file is gone', async () => {
    const message = await arrived(await customer.sendMedia(organisation, 'image', randomBytes(100)));
    simulator.media.expire(message.message?.imageMessage?.directPath ?? '');
    await expect(download(message)).rejects.toThrow('Failed to fetch stream');
  });
});

test('the own phone uploads an expired file again when the companion asks', async () => {
  const bytes = randomBytes(2_000);
  const message = await arrived(await customer.sendMedia(organisation, 'image', bytes));
  simulator.media.expire(message.message?.imageMessage?.directPath ?? '');
  const updated = await client.socket.updateMediaMessage(message);
  // Baileys may name WhatsApp's own host there; the path is what counts.
  Object.assign(updated.message?.imageMessage ?? {}, { url: `https://${simulator.media.host}/` });
  expect((await download(updated)).equals(bytes)).toBe(true);
});

describe('a faulty media host', () => {
  test('answers with a status', async () => {
    const message = await arrived(await customer.sendMedia(organisation, 'image', randomBytes(100)));
    simulator.faults.media({ on: 'download', fault: { kind: 'status', status: 503 }, times: 1 });
    await expect(download(message)).rejects.toThrow('Failed to fetch stream');
    expect(await download(message)).toHaveLength(100);
  });

  test('breaks off in the middle', async () => {
    const message = await arrived(await customer.sendMedia(organisation, 'image', randomBytes(200_000)));
    simulator.faults.media({ on: 'download', fault: { kind: 'truncated' }, times: 1 });
    // Not through Baileys: its download never ends then, and the error of the response stream goes uncaught.
    const response = await fetch(message.message?.imageMessage?.url ?? '');
    await expect(response.arrayBuffer()).rejects.toThrow('terminated');
  });

  test('gives other bytes, which Baileys does not notice', async () => {
    const bytes = randomBytes(1_000);
    const message = await arrived(await customer.sendMedia(organisation, 'image', bytes));
    simulator.faults.media({ on: 'download', fault: { kind: 'corrupt' }, times: 1 });
    const got = await download(message);
    expect(got).toHaveLength(1_000);
    expect(got.equals(bytes)).toBe(false);
  });

  test('spoils an upload, which the customer notices', async () => {
    simulator.faults.media({ on: 'upload', fault: { kind: 'corrupt' }, times: 1 });
    const sent = await client.socket.sendMessage(customer.lid, { image: randomBytes(1_000), jpegThumbnail: '' });
    const shown = await customer.received((message) => message.id === sent?.key.id);
    expect(() => customer.downloadMedia(shown)).toThrow('fileEncSha256');
  });

  test('refuses an upload', async () => {
    simulator.faults.media({ on: 'upload', fault: { kind: 'status', status: 500 }, times: 1 });
    const sending = client.socket.sendMessage(customer.lid, { image: randomBytes(1_000), jpegThumbnail: '' });
    await expect(sending).rejects.toThrow('upload failed');
  });

  test('is slow', async () => {
    const message = await arrived(await customer.sendMedia(organisation, 'image', randomBytes(100)));
    simulator.faults.media({ on: 'download', fault: { kind: 'slow', delayMs: 60 }, times: 1 });
    const startedAt = performance.now();
    await download(message);
    expect(performance.now() - startedAt).toBeGreaterThan(50);
  });

  test('a message may claim a wrong hash', async () => {
    const id = await customer.sendMedia(organisation, 'image', randomBytes(100), { claimsWrongHash: true });
    const shown = customer.inbox.find((message) => message.id === id);
    expect(() => shown && customer.downloadMedia(shown)).toThrow('fileSha256');
    expect((await arrived(id)).message?.imageMessage?.fileSha256).toHaveLength(32);
  });
});
