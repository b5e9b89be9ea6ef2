// The faults of the WhatsApp simulator, each provoked against a real Baileys client.
import { proto, type WAMessage } from '@whiskeysockets/baileys';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  startWhatsApp,
  type CutKind,
  type Phone,
  type StreamEnd,
  type WhatsAppSimulator,
} from '../../../simulators/whatsapp/index.ts';
import { bodyOf, linkByQr, until, type Client } from './whatsapp-client.ts';

let simulator: WhatsAppSimulator;
let shop: Phone;
let ada: Phone;
let client: Client;

beforeAll(async () => {
  simulator = await startWhatsApp();
  shop = simulator.createPhone({ number: '4915112345678', name: 'Harbour Shop' });
  ada = simulator.createPhone({ number: '491701111111', name: 'Ada' });
  client = await linkByQr(simulator, async (qr) => shop.scanQr(qr));
  await said(await ada.sendText(shop, 'Hello'));
  const answer = await client.socket.sendMessage(ada.lid, { text: 'Hello back' });
  await ada.received((message) => message.id === answer?.key.id);
});

afterEach(async () => {
  simulator.faults.clear();
  if (client.last.closeCode !== undefined) await client.login();
});

afterAll(async () => {
  await client.close();
  await simulator.stop();
  if (simulator.unknown.length > 0) throw new Error(`unknown calls: ${simulator.unknown.join(', ')}`);
});

function shown(id: string): WAMessage[] {
  return client.last.messages.filter((message) => message.key.id === id);
}

async function said(id: string): Promise<void> {
  await until(() => shown(id).length > 0);
}

async function closed(): Promise<number | undefined> {
  const { last } = client;
  await until(() => last.closeCode !== undefined);
  return last.closeCode;
}

async function offline(): Promise<void> {
  await client.disconnect();
  await until(() => shop.companions()[0]?.isOnline === false);
}

describe('links', () => {
  test.each([
    ['reset', 428],
    ['mid-frame', 428],
  ] as const)('are cut by %s', async (how: CutKind, code) => {
    simulator.faults.cut(shop, how);
    expect(await closed()).toBe(code);
  });

  test('fall silent half open: nothing comes and nothing ends, and what was said meanwhile waits for the next login', async () => {
    simulator.faults.cut(shop, 'half-open');
    const silent = client.last;
    const id = await ada.sendText(shop, 'Into the void');
    await client.login();
    await said(id);
    expect(silent.messages.filter((message) => message.key.id === id)).toEqual([]);
    expect(silent.closeCode).toBeUndefined();
  });

  test.each([
    ['restart', 515],
    ['unavailable', 503],
    ['replaced', 440],
    ['device-removed', 401],
  ] as const)('end with the stream error %s', async (reason: StreamEnd, code) => {
    simulator.faults.endStream(shop, reason);
    expect(await closed()).toBe(code);
  });

  test('are refused as often as told, with the reason given', async () => {
    await offline();
    simulator.faults.refuseLogins(shop, 503, 2);
    expect((await client.login()).closeCode).toBe(503);
    expect((await client.login()).closeCode).toBe(503);
    expect((await client.login()).isOpen).toBe(true);
  });
});

describe('the offline queue', () => {
  test('brings everything said meanwhile, in order, marked as a replay', async () => {
    await offline();
    const before = simulator.history.length;
    const texts = Array.from({ length: 12 }, (_, index) => `backlog ${index}`);
    for (const text of texts) await ada.sendText(shop, text);
    await client.login();
    await until(() => client.last.messages.filter((message) => bodyOf(message).startsWith('backlog')).length >= 12);
    expect(client.last.messages.map(bodyOf).filter((text) => text.startsWith('backlog'))).toEqual(texts);
    const companion = shop.account.devices.get(1);
    await until(() => companion !== undefined && 'queue' in companion && (companion.queue as unknown[]).length === 0);
    const replayed = simulator.history
      .slice(before)
      .filter(
        (entry) => entry.kind === 'sent' && entry.stanza.tag === 'message' && entry.stanza.attrs['offline'] === '0',
      );
    expect(replayed).toHaveLength(12);
  });

  test('is held and released', async () => {
    await offline();
    simulator.faults.holdQueue(shop);
    const id = await ada.sendText(shop, 'Held');
    const before = simulator.history.length;
    await client.login();
    await simulator.observed(
      (entry) => entry.sequence > before && entry.kind === 'received' && entry.stanza.tag === 'presence',
    );
    expect(shown(id)).toEqual([]);
    simulator.faults.releaseQueue(shop);
    await said(id);
  });

  test('is cut in the middle of its replay and goes on at the next login', async () => {
    await offline();
    const ids: string[] = [];
    for (let index = 0; index < 6; index += 1) ids.push(await ada.sendText(shop, `cut ${index}`));
    simulator.faults.cutReplayAfter(shop, 3);
    await client.login();
    expect(await closed()).toBe(428);
    await client.login();
    await said(ids.at(-1) ?? '');
    expect(ids.slice(3).flatMap(shown).map(bodyOf)).toEqual(['cut 3', 'cut 4', 'cut 5']);
  });

  test('comes without its end marker', async () => {
    await offline();
    simulator.faults.omitMarker(shop);
    const before = simulator.history.length;
    await client.login();
    await ada.sendText(shop, 'No marker');
    const { stanza } = (await simulator.observed(
      (entry) => entry.sequence > before && entry.kind === 'received' && entry.stanza.tag === 'receipt',
    )) as { stanza: { attrs: Record<string, string> } };
    expect(stanza.attrs['to']).toBe(ada.lid);
    const markers = simulator.history
      .slice(before)
      .filter(
        (entry) =>
          entry.kind === 'sent' && Array.isArray(entry.stanza.content) && entry.stanza.content[0]?.tag === 'offline',
      );
    expect(markers).toEqual([]);
  });

  test('comes again when the server forgot the acks', async () => {
    simulator.faults.forgetAcks(shop);
    const id = await ada.sendText(shop, 'Twice upon a time');
    await said(id);
    await offline();
    simulator.faults.forgetAcks(shop, false);
    await client.login();
    const sent = (): number =>
      simulator.history.filter((entry) => entry.kind === 'sent' && entry.stanza.attrs['id'] === id).length;
    await until(() => sent() >= 2);
    expect(sent()).toBeGreaterThanOrEqual(2);
  });
});

describe('messages to the companion', () => {
  test('arrive twice as the same stanza; the second copy cannot be decrypted and is asked for again', async () => {
    simulator.faults.duplicate(shop);
    const id = await ada.sendText(shop, 'Said once');
    await until(() => shown(id).length >= 2);
    const retried = await simulator.observed(
      (entry) => entry.kind === 'received' && entry.stanza.attrs['type'] === 'retry' && entry.stanza.attrs['id'] === id,
    );
    expect(retried.kind).toBe('received');
    await until(() => shown(id).filter((message) => bodyOf(message) === 'Said once').length >= 2);
  });

  test('in a group are sent again to a companion that lost the sender key', async () => {
    const group = simulator.createGroup(shop, 'Crew', [ada]);
    await said(await ada.sendText(group, 'One'));
    await client.socket.authState.keys.set({
      'sender-key': { [`${group.jid}::${ada.account.lidUser}_1::0`]: null },
    });
    const id = await ada.sendText(group, 'Two');
    await until(() => shown(id).some((message) => bodyOf(message) === 'Two'));
    expect(shown(id).map(bodyOf)).toContain('Two');
  });
});

describe('messages that cannot be read', () => {
  test('are sent again to a companion that lost its session with the customer', async () => {
    await client.socket.authState.keys.set({ session: { [`${ada.account.lidUser}_1.0`]: null } });
    const id = await ada.sendText(shop, 'Can you read this?');
    await until(() => shown(id).some((message) => bodyOf(message) === 'Can you read this?'));
    expect(ada.receipts.some((receipt) => receipt.attrs['type'] === 'retry' && receipt.attrs['id'] === id)).toBe(true);
  });

  test('are told once more by the own phone, in private', async () => {
    const id = await ada.sendText(shop, 'Lost on the way');
    await shop.received((message) => message.id === id);
    const key = { id, remoteJid: ada.lid, fromMe: false };
    const told = client.last.messages.length;
    await client.socket.sendPeerDataOperationMessage({
      placeholderMessageResendRequest: [{ messageKey: key }],
      peerDataOperationRequestType: proto.Message.PeerDataOperationRequestType.PLACEHOLDER_MESSAGE_RESEND,
    });
    const again = (): WAMessage[] => client.last.messages.slice(told).filter((message) => message.key.id === id);
    await until(() => again().some((message) => bodyOf(message) === 'Lost on the way'));
    expect(again().at(-1)?.key.remoteJid).toBe(ada.lid);
  });

  test('are asked for again by the customer when the companion used a group key twice', async () => {
    const group = simulator.createGroup(shop, 'Rollback', [ada]);
    const { keys } = client.socket.authState;
    await client.socket.sendMessage(group.jid, { text: 'Before' });
    const name = `${group.jid}::${shop.account.lidUser}_1::1`;
    const saved = await keys.get('sender-key', [name]);
    await client.socket.sendMessage(group.jid, { text: 'Between' });
    await ada.received((message) => message.text === 'Between');
    await keys.set({ 'sender-key': saved });
    const sent = await client.socket.sendMessage(group.jid, { text: 'After' });
    const message = await ada.received((one) => one.id === sent?.key.id);
    expect(message.text).toBe('After');
    expect(
      simulator.history.filter((entry) => entry.kind === 'undecryptable' && entry.messageId === message.id),
    ).not.toEqual([]);
  });
});

describe('messages of the companion', () => {
  const newId = (): string => `3EB0${Math.random().toString(16).slice(2, 14).toUpperCase().padEnd(18, '0')}`;

  test.each([463, 479])('are refused with %i and do not reach the customer', async (code) => {
    simulator.faults.acks(shop, { kind: 'refuse', code }, 1);
    const id = newId();
    const acked = client.ack(id);
    await client.socket.sendMessage(ada.lid, { text: 'Refused' }, { messageId: id });
    expect((await acked).attrs['error']).toBe(String(code));
    await ada.settled();
    expect(ada.copiesOf(id)).toBe(0);
  });

  test('are acked late', async () => {
    simulator.faults.acks(shop, { kind: 'delay', delayMs: 80 }, 1);
    const id = newId();
    const acked = client.ack(id);
    await client.socket.sendMessage(ada.lid, { text: 'Slow ack' }, { messageId: id });
    await ada.received((message) => message.id === id);
    const ackSent = (): boolean =>
      simulator.history.some(
        (entry) => entry.kind === 'sent' && entry.stanza.tag === 'ack' && entry.stanza.attrs['id'] === id,
      );
    expect(ackSent()).toBe(false);
    await acked;
    expect(ackSent()).toBe(true);
  });

  test('are delivered but never acked, or neither', async () => {
    const [withheld, lost] = [newId(), newId()];
    simulator.faults.acks(shop, { kind: 'withhold' }, 1);
    await client.socket.sendMessage(ada.lid, { text: 'No ack' }, { messageId: withheld });
    await ada.received((message) => message.id === withheld);
    simulator.faults.acks(shop, { kind: 'lose' }, 1);
    await client.socket.sendMessage(ada.lid, { text: 'Lost' }, { messageId: lost });
    const after = newId();
    const acked = client.ack(after);
    await client.socket.sendMessage(ada.lid, { text: 'After' }, { messageId: after });
    await acked;
    const acks = simulator.history.filter((entry) => entry.kind === 'sent' && entry.stanza.tag === 'ack');
    const ids = acks.map((entry) => (entry.kind === 'sent' ? entry.stanza.attrs['id'] : ''));
    expect(ids).not.toContain(withheld);
    expect(ids).not.toContain(lost);
    expect(ada.copiesOf(lost)).toBe(0);
  });

  test('are delivered, then the link dies before the ack; sent again with the same id the phone shows one', async () => {
    simulator.faults.acks(shop, { kind: 'cut' }, 1);
    const id = newId();
    await client.socket.sendMessage(ada.lid, { text: 'Did it arrive?' }, { messageId: id });
    expect(await closed()).toBe(428);
    await client.login();
    const acked = client.ack(id);
    await client.socket.sendMessage(ada.lid, { text: 'Did it arrive?' }, { messageId: id });
    await acked;
    const message = await ada.received((one) => one.id === id && one.copies === 2);
    expect(ada.inbox.filter((one) => one.id === id)).toEqual([message]);
  });

  test('wait for queries that are not answered', async () => {
    simulator.faults.withhold(shop, 'w:g2');
    const group = simulator.createGroup(shop, 'Silence', [ada]);
    let isDone = false;
    const asking = client.socket.groupMetadata(group.jid).finally(() => {
      isDone = true;
    });
    await simulator.observed(
      (entry) =>
        entry.kind === 'received' && entry.stanza.attrs['xmlns'] === 'w:g2' && entry.stanza.attrs['to'] === group.jid,
    );
    expect(isDone).toBe(false);
    simulator.faults.cut(shop);
    await expect(asking).rejects.toBe(1006); // what Baileys rejects with is the close code itself
  });
});

test('drained prekeys are replenished by the companion, and a new contact gets through meanwhile', async () => {
  const before = simulator.history.length;
  simulator.faults.drainPreKeys(shop);
  const stranger = simulator.createPhone({ number: '33612345678', name: 'Chloé' });
  await said(await stranger.sendText(shop, 'Bonjour'));
  const uploaded = await simulator.observed(
    ({ sequence, ...entry }) =>
      sequence > before &&
      entry.kind === 'received' &&
      entry.stanza.attrs['xmlns'] === 'encrypt' &&
      entry.stanza.attrs['type'] === 'set',
  );
  expect(uploaded.account).toBe(shop.number);
});

test('an offline customer gets everything when back', async () => {
  ada.setOnline(false);
  const sent = await client.socket.sendMessage(ada.lid, { text: 'When you are back' });
  ada.setOnline(true);
  const message = await ada.received((one) => one.id === sent?.key.id);
  expect(message.text).toBe('When you are back');
});

test('a customer without receipts leaves the message at one tick', async () => {
  ada.sendsDeliveryReceipts = false;
  const sent = await client.socket.sendMessage(ada.lid, { text: 'Quiet' });
  await ada.received((one) => one.id === sent?.key.id);
  await ada.settled();
  ada.sendsDeliveryReceipts = true;
  const receipts = simulator.history.filter(
    (entry) => entry.kind === 'sent' && entry.stanza.tag === 'receipt' && entry.stanza.attrs['id'] === sent?.key.id,
  );
  expect(receipts).toEqual([]);
});
