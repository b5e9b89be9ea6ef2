// Linking and logging in to the WhatsApp simulator with a real Baileys client: QR, pairing code, history, unlinking, certificates.
import { Curve, WA_CERT_DETAILS } from '@whiskeysockets/baileys';
import { verifySignature } from 'libsignal/src/curve.js';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startWhatsApp, type Phone, type WhatsAppSimulator } from '../../../simulators/whatsapp/index.ts';
import { bodyOf, Client, linkByQr, until } from './whatsapp-client.ts';

let simulator: WhatsAppSimulator;
let customer: Phone;
const clients: Client[] = [];
let numbers = 0;

beforeAll(async () => {
  simulator = await startWhatsApp();
  customer = simulator.createPhone({ number: '491701111111', name: 'Ada' });
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map(async (client) => client.close()));
});

afterAll(async () => {
  await simulator.stop();
  if (simulator.unknown.length > 0) throw new Error(`unknown calls: ${simulator.unknown.join(', ')}`);
});

function newPhone(): Phone {
  numbers += 1;
  return simulator.createPhone({ number: `49151000000${String(numbers).padStart(2, '0')}`, name: `Shop ${numbers}` });
}

async function newLinked(phone = newPhone()): Promise<{ phone: Phone; client: Client }> {
  const client = await linkByQr(simulator, async (qr) => phone.scanQr(qr));
  clients.push(client);
  return { phone, client };
}

describe('linking', () => {
  test('by QR: the first socket is told to restart, the second one is the account', async () => {
    const { phone, client } = await newLinked();
    expect(client.runs[0]?.closeCode).toBe(515);
    expect(client.creds.me).toMatchObject({
      id: phone.account.jid('pn', 1),
      lid: phone.account.jid('lid', 1),
    });
    expect(phone.companions()).toEqual([{ deviceId: 1, isOnline: true }]);
  });

  test('by pairing code', async () => {
    const phone = newPhone();
    const client = new Client(simulator);
    clients.push(client);
    const run = client.connect();
    await until(() => run.qr.length > 0);
    const code = await client.socket.requestPairingCode(phone.number);
    await phone.enterPairingCode(`${code.slice(0, 4)}-${code.slice(4)}`);
    await until(() => run.closeCode !== undefined);
    expect(run.closeCode).toBe(515);
    await client.login();
    const id = await customer.sendText(phone, 'Paired?');
    await until(() => client.last.messages.some((message) => message.key.id === id && bodyOf(message) === 'Paired?'));
  });

  test('a QR code that nobody shows any more is refused', async () => {
    const client = new Client(simulator);
    clients.push(client);
    const run = client.connect();
    await until(() => run.qr.length > 0);
    await client.disconnect();
    await expect(newPhone().scanQr(run.qr[0] ?? '')).rejects.toThrow('not valid');
  });

  test('two companions of one number get everything, and each what the other sends', async () => {
    const { phone, client: first } = await newLinked();
    const { client: second } = await newLinked(phone);
    expect(phone.companions().map((companion) => companion.deviceId)).toEqual([1, 2]);
    const id = await customer.sendText(phone, 'For both');
    for (const client of [first, second]) {
      await until(() => client.last.messages.some((message) => message.key.id === id));
    }
    const sent = await first.socket.sendMessage(customer.lid, { text: 'From the first' });
    await until(() =>
      second.last.messages.some((message) => message.key.id === sent?.key.id && message.key.fromMe === true),
    );
  });

  test('a companion linked later gets what an earlier one sends to a chat it knew before', async () => {
    const { phone, client: first } = await newLinked();
    await first.socket.sendMessage(customer.lid, { text: 'Alone' });
    const { client: second } = await newLinked(phone);
    await until(() =>
      simulator.history.some((entry) => {
        const isNews = entry.kind === 'received' && entry.account === phone.number && entry.deviceId === 1;
        return isNews && entry.stanza.tag === 'ack' && entry.stanza.attrs['type'] === 'devices';
      }),
    );
    const sent = await first.socket.sendMessage(customer.lid, { text: 'In company' });
    await until(() => second.last.messages.some((message) => message.key.id === sent?.key.id));
    expect(second.last.messages.map(bodyOf)).toContain('In company');
  });

  test('old chats are sent after linking', async () => {
    const phone = newPhone();
    const at = Date.parse('2024-05-01T10:00:00Z');
    phone.remember(customer, [
      { id: 'OLD1', from: customer, text: 'Months ago', at },
      { id: 'OLD2', text: 'We answered', at: at + 60_000 },
    ]);
    const histories: { chats: string[]; messages: string[] }[] = [];
    const client = new Client(simulator);
    clients.push(client);
    const run = client.connect();
    await until(() => run.qr.length > 0);
    await phone.scanQr(run.qr[0] ?? '');
    await until(() => run.closeCode !== undefined);
    client.connect().socket.ev.on('messaging-history.set', ({ chats, messages }) => {
      histories.push({
        chats: chats.map((chat) => chat.id ?? ''),
        messages: messages.map((message) => message.key.id ?? ''),
      });
    });
    await until(() => histories.length > 0);
    expect(histories).toEqual([{ chats: [customer.lid], messages: ['OLD2', 'OLD1'] }]);
  });
});

describe('logging in', () => {
  test('with saved credentials', async () => {
    const { phone, client } = await newLinked();
    await client.disconnect();
    await until(() => phone.companions()[0]?.isOnline === false);
    expect((await client.login()).isOpen).toBe(true);
  });

  test('with a wrong Noise key is refused with 401', async () => {
    const { client } = await newLinked();
    await client.disconnect();
    Object.assign(client.creds, { noiseKey: Curve.generateKeyPair() });
    expect((await client.login()).closeCode).toBe(401);
  });

  test('twice at once ends the earlier connection with 440', async () => {
    const { client } = await newLinked();
    const earlier = client.last;
    await client.login();
    await until(() => earlier.closeCode !== undefined);
    expect(earlier.closeCode).toBe(440);
  });

  test('is over after the phone unlinks the companion', async () => {
    const { phone, client } = await newLinked();
    phone.unlink();
    await until(() => client.last.closeCode !== undefined);
    expect(client.last.closeCode).toBe(401);
    expect((await client.login()).closeCode).toBe(401);
    expect(phone.companions()).toEqual([]);
  });

  test('is over after the companion logs itself out', async () => {
    const { phone, client } = await newLinked();
    await client.socket.logout();
    await until(() => phone.companions().length === 0);
    expect((await client.login()).closeCode).toBe(401);
  });
});

test('a query nobody here knows is refused and noted by name', async () => {
  const other = await startWhatsApp();
  const phone = other.createPhone({ number: '4930123456', name: 'Other' });
  const client = await linkByQr(other, async (qr) => phone.scanQr(qr));
  const query = { tag: 'iq', attrs: { xmlns: 'made:up', type: 'get', to: '@s.whatsapp.net' } };
  await expect(client.socket.query(query)).rejects.toThrow('feature-not-implemented');
  expect(other.unknown).toEqual(['iq made:up']);
  await client.close();
  await other.stop();
});

describe('certificates', () => {
  const { verify } = Curve;
  const stockRoot = WA_CERT_DETAILS.PUBLIC_KEY;

  /** Baileys' own check takes every signature; this is the one it means to make. */
  beforeAll(() => {
    Curve.verify = (key, message, signature) =>
      verifySignature(Buffer.concat([Buffer.from([5]), key]), Buffer.from(message), Buffer.from(signature));
  });

  afterAll(() => {
    Curve.verify = verify;
    WA_CERT_DETAILS.PUBLIC_KEY = stockRoot;
    simulator.faults.certificate = 'genuine';
  });

  test.each([
    ['genuine', true],
    ['unknown-root', false],
    ['forged-intermediate', false],
    ['forged-leaf', false],
    ['other-static', true], // Baileys never compares the leaf's key with the handshake's
  ] as const)('a client that checks signatures against our root accepts a %s chain: %s', async (mode, isAccepted) => {
    WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(simulator.noiseRoot, 'hex');
    simulator.faults.certificate = mode;
    const client = new Client(simulator);
    clients.push(client);
    const run = client.connect();
    await until(() => run.qr.length > 0 || run.closeCode !== undefined);
    expect(run.qr.length > 0).toBe(isAccepted);
  });

  test('a client that checks against the stock root refuses the simulator', async () => {
    WA_CERT_DETAILS.PUBLIC_KEY = stockRoot;
    simulator.faults.certificate = 'genuine';
    const client = new Client(simulator);
    clients.push(client);
    const run = client.connect();
    await until(() => run.closeCode !== undefined);
    expect(run.closeCode).toBe(400);
  });
});
