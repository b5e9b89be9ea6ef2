// The WhatsApp simulator against a real Baileys client: linking, login, text, groups, media, receipts.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startWhatsApp, type Phone, type WhatsAppSimulator } from '../../../simulators/whatsapp/index.ts';
import { bodyOf, linkByQr, until, type Client } from './whatsapp-client.ts';

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

afterAll(async () => {
  await client.close();
  await simulator.stop();
});

describe('direct chats', () => {
  test('a first message arrives at the companion, with the sender in both forms', async () => {
    const id = await customer.sendText(organisation, 'Is the kayak still there?');
    await until(() => client.last.messages.some((message) => message.key.id === id));
    const message = client.last.messages.find((one) => one.key.id === id);
    expect(message && bodyOf(message)).toBe('Is the kayak still there?');
    expect(message?.key.remoteJid).toBe(customer.lid);
    expect(message?.key.remoteJidAlt).toBe(customer.jid);
    expect(message?.pushName).toBe('Ada');
  });

  test('the companion answers and the customer sees it once', async () => {
    const sent = await client.socket.sendMessage(customer.lid, { text: 'Yes, it is.' });
    const shown = await customer.received((message) => message.id === sent?.key.id);
    expect(shown).toMatchObject({ text: 'Yes, it is.', from: organisation.jid, copies: 1, fromMe: false });
  });
});
