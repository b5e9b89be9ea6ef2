// The WhatsApp simulator against a real Baileys client: direct chats, groups, receipts, changes to messages.
import { decryptPollVote, jidNormalizedUser, WAMessageStatus, type WAMessage } from '@whiskeysockets/baileys';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startWhatsApp, type Phone, type WhatsAppSimulator } from '../../../simulators/whatsapp/index.ts';
import { bodyOf, linkByQr, until, type Client } from './whatsapp-client.ts';

let simulator: WhatsAppSimulator;
let organisation: Phone;
let ada: Phone;
let ben: Phone;
let client: Client;

beforeAll(async () => {
  simulator = await startWhatsApp();
  organisation = simulator.createPhone({ number: '4915112345678', name: 'Harbour Shop' });
  ada = simulator.createPhone({ number: '491701111111', name: 'Ada' });
  ben = simulator.createPhone({ number: '447700900123', name: 'Ben', addressing: 'pn' });
  client = await linkByQr(simulator, async (qr) => organisation.scanQr(qr));
});

afterAll(async () => {
  await client.close();
  await simulator.stop();
  if (simulator.unknown.length > 0) throw new Error(`unknown calls: ${simulator.unknown.join(', ')}`);
});

/** The message of an id as the client emitted it. */
async function arrived(id: string): Promise<WAMessage> {
  const find = (): WAMessage | undefined => client.last.messages.find((message) => message.key.id === id);
  await until(() => find() !== undefined);
  return find() as WAMessage;
}

/** Waits until the client knows this status of a message of its own; Baileys may merge it into the message it still buffers. */
async function reaches(id: string, status: NonNullable<WAMessage['status']>): Promise<void> {
  const { updates, messages } = client.last;
  await until(
    () =>
      updates.some((one) => one.key.id === id && one.update.status === status) ||
      messages.some((one) => one.key.id === id && one.status === status),
  );
}

describe('direct chats', () => {
  test('a first message arrives at the companion, with the sender in both forms', async () => {
    const id = await ada.sendText(organisation, 'Is the kayak still there?');
    const message = await arrived(id);
    expect(bodyOf(message)).toBe('Is the kayak still there?');
    expect(message.key).toMatchObject({ remoteJid: ada.lid, remoteJidAlt: ada.jid, fromMe: false });
    expect(message.pushName).toBe('Ada');
  });

  test('an account addressed by number arrives under its number, with the hidden id beside it', async () => {
    const message = await arrived(await ben.sendText(organisation, 'Hello from Leeds'));
    expect(message.key).toMatchObject({ remoteJid: ben.jid, remoteJidAlt: ben.lid });
  });

  test.each([
    ['hidden id', () => ada.lid, () => ada],
    ['number', () => ada.jid, () => ada],
    ['number of somebody who never wrote by hidden id', () => ben.jid, () => ben],
  ])('the companion writes to a customer by %s and the phone shows it once', async (_name, jid, phone) => {
    const sent = await client.socket.sendMessage(jid(), { text: 'Yes, it is.' });
    const shown = await phone().received((message) => message.id === sent?.key.id);
    expect(shown).toMatchObject({ text: 'Yes, it is.', from: organisation.jid, copies: 1, fromMe: false });
  });

  test('twenty messages each way keep their order', async () => {
    const texts = Array.from({ length: 20 }, (_, index) => `line ${index}`);
    const ids = await Promise.all(texts.map(async (text) => ada.sendText(organisation, text)));
    await arrived(ids.at(-1) ?? '');
    const seen = client.last.messages.filter((message) => ids.includes(message.key.id ?? ''));
    expect(seen.map(bodyOf)).toEqual(texts);
    for (const text of texts) await client.socket.sendMessage(ada.lid, { text: `re: ${text}` });
    await ada.received((message) => message.text === 're: line 19');
    const answers = ada.inbox.filter((message) => message.text.startsWith('re: '));
    expect(answers.map((message) => message.text)).toEqual(texts.map((text) => `re: ${text}`));
  });

  test('what the own phone types reaches the companion as its own, in the chat with the customer', async () => {
    const id = await organisation.sendText(ada, 'Typed on the phone');
    const message = await arrived(id);
    expect(message.key).toMatchObject({ remoteJid: ada.lid, fromMe: true });
    expect(bodyOf(message)).toBe('Typed on the phone');
    await ada.received((shown) => shown.id === id && shown.text === 'Typed on the phone');
  });

  test('what the companion sends shows on the own phone too', async () => {
    const sent = await client.socket.sendMessage(ada.lid, { text: 'Sent by an agent' });
    const shown = await organisation.received((message) => message.id === sent?.key.id);
    expect(shown).toMatchObject({ fromMe: true, chat: ada.jid, text: 'Sent by an agent' });
  });

  test('the server acks, the customer delivers and reads', async () => {
    const acked = client.ack('3EB0ABCDEF0123456789AA');
    await client.socket.sendMessage(ada.lid, { text: 'Ticks?' }, { messageId: '3EB0ABCDEF0123456789AA' });
    expect((await acked).attrs['error']).toBeUndefined();
    await reaches('3EB0ABCDEF0123456789AA', WAMessageStatus.DELIVERY_ACK);
    ada.markRead(organisation);
    await reaches('3EB0ABCDEF0123456789AA', WAMessageStatus.READ);
  });

  test('the companion reads and the customer gets blue ticks', async () => {
    const message = await arrived(await ada.sendText(organisation, 'Read me'));
    await client.socket.readMessages([message.key]);
    await until(() => ada.receipts.some((receipt) => receipt.attrs['type'] === 'read'));
    const read = ada.receipts.filter((receipt) => receipt.attrs['type'] === 'read');
    expect(read.map((receipt) => receipt.attrs['id'])).toEqual([message.key.id]);
  });

  test('a quote, a mention and the forwarded mark travel', async () => {
    const first = await ada.sendText(organisation, 'Original');
    const message = await arrived(
      await ada.sendText(organisation, 'About that', { quote: first, mentions: [ben], forwarded: true }),
    );
    const context = message.message?.extendedTextMessage?.contextInfo;
    expect(context).toMatchObject({ stanzaId: first, participant: ada.lid, isForwarded: true });
    expect(context?.mentionedJid).toEqual([ben.lid]);
    expect(context?.quotedMessage?.conversation).toBe('Original');
  });

  test('typing is seen by the companion', async () => {
    const seen: string[] = [];
    client.socket.ev.on('presence.update', ({ presences }) => {
      seen.push(...Object.values(presences).map((presence) => presence.lastKnownPresence));
    });
    ada.typing(organisation, 'composing');
    ada.typing(organisation, 'recording');
    ada.typing(organisation, 'paused');
    await until(() => seen.length === 3);
    expect(seen).toEqual(['composing', 'recording', 'available']); // Baileys' name for paused
  });
});

describe('changes to messages', () => {
  test('a customer edits, reacts and deletes', async () => {
    const id = await ada.sendText(organisation, 'tomorow');
    const edit = await arrived(await ada.edit(organisation, id, 'tomorrow'));
    expect(edit.message?.protocolMessage?.editedMessage?.conversation).toBe('tomorrow');
    expect(edit.message?.protocolMessage?.key?.id).toBe(id);
    const reaction = await arrived(await ada.react(organisation, id, '👍'));
    expect(reaction.message?.reactionMessage).toMatchObject({ text: '👍', key: { id } });
    const deletion = await arrived(await ada.revoke(organisation, id));
    expect(deletion.message?.protocolMessage?.key?.id).toBe(id);
  });

  test('the companion edits, reacts and deletes; the phone shows the result', async () => {
    const sent = await client.socket.sendMessage(ada.lid, { text: 'teh price' });
    const key = sent?.key ?? {};
    await ada.received((message) => message.id === key.id);
    await client.socket.sendMessage(ada.lid, { text: 'the price', edit: key });
    await ada.received((message) => message.id === key.id && message.text === 'the price');
    const asked = await arrived(await ada.sendText(organisation, 'ok?'));
    await client.socket.sendMessage(ada.lid, { react: { text: '✅', key: asked.key } });
    await ada.received((message) => message.id === asked.key.id && message.reactions.get(organisation.jid) === '✅');
    await client.socket.sendMessage(ada.lid, { delete: key });
    const shown = await ada.received((message) => message.id === key.id && message.isRevoked);
    expect(shown.editedFrom).toEqual(['teh price']);
  });

  test('a vote decrypts with the poll secret', async () => {
    const sent = await client.socket.sendMessage(ada.lid, {
      poll: { name: 'When?', values: ['today', 'later'], selectableCount: 1 },
    });
    const id = sent?.key.id ?? '';
    await ada.received((message) => message.id === id);
    const update = (await arrived(await ada.vote(organisation, id, ['later']))).message?.pollUpdateMessage;
    const vote = decryptPollVote(update?.vote ?? {}, {
      pollCreatorJid: jidNormalizedUser(client.creds.me?.lid),
      pollMsgId: id,
      pollEncKey: sent?.message?.messageContextInfo?.messageSecret ?? new Uint8Array(),
      voterJid: ada.lid,
    });
    expect(vote.selectedOptions).toHaveLength(1);
  });
});

describe.each(['lid', 'pn'] as const)('groups addressed by %s', (addressing) => {
  test('members and the companion read each other', async () => {
    const group = simulator.createGroup(organisation, 'Regatta', [ada, ben], addressing);
    const first = await arrived(await ada.sendText(group, 'Hi all'));
    const form = addressing === 'lid' ? [ada.lid, ada.jid] : [ada.jid, ada.lid];
    expect(first.key).toMatchObject({ remoteJid: group.jid, participant: form[0], participantAlt: form[1] });
    expect(bodyOf(first)).toBe('Hi all');
    expect(bodyOf(await arrived(await ada.sendText(group, 'again')))).toBe('again');
    expect(bodyOf(await arrived(await organisation.sendText(group, 'from the phone')))).toBe('from the phone');
    for (const text of ['one', 'two']) {
      const sent = await client.socket.sendMessage(group.jid, { text });
      for (const phone of [ada, ben, organisation]) {
        const shown = await phone.received((message) => message.id === sent?.key.id);
        expect(shown).toMatchObject({ text, chat: group.jid, from: organisation.jid, copies: 1 });
      }
    }
    await ben.received((message) => message.text === 'Hi all' && message.from === ada.jid);
  });

  test('changes are told to the companion and shown in the metadata', async () => {
    const group = simulator.createGroup(ada, 'Old name', [organisation], addressing);
    const changes: string[] = [];
    client.socket.ev.on('group-participants.update', (update) => changes.push(`${update.action} ${update.id}`));
    client.socket.ev.on('groups.update', (updates) =>
      changes.push(...updates.map((one) => `${one.subject} ${one.id}`)),
    );
    group.add(ada, ben);
    group.promote(ada, ben);
    group.setSubject(ada, 'New name');
    group.setDescription(ada, 'What it is for');
    group.remove(ada, ben);
    await until(() => changes.some((change) => change === `remove ${group.jid}`));
    expect(changes).toEqual(
      expect.arrayContaining([`add ${group.jid}`, `promote ${group.jid}`, `New name ${group.jid}`]),
    );
    const metadata = await client.socket.groupMetadata(group.jid);
    expect(metadata).toMatchObject({ subject: 'New name', desc: 'What it is for', addressingMode: addressing });
    expect(metadata.participants.map((participant) => participant.id)).toEqual([
      ada.account.jid(addressing),
      organisation.account.jid(addressing),
    ]);
  });
});

test('a group the account is not in is forbidden', async () => {
  const group = simulator.createGroup(ada, 'Private', [ben]);
  await expect(client.socket.groupMetadata(group.jid)).rejects.toThrow('forbidden');
});

test('the companion manages a group it is an admin of', async () => {
  const created = await client.socket.groupCreate('By the companion', [ada.lid]);
  await client.socket.groupUpdateSubject(created.id, 'Renamed');
  await client.socket.groupParticipantsUpdate(created.id, [ben.jid], 'add');
  const groups = await client.socket.groupFetchAllParticipating();
  expect(groups[created.id]).toMatchObject({ subject: 'Renamed', size: 3 });
});

test('who is on WhatsApp is answered by number', async () => {
  const answer = await client.socket.onWhatsApp('491701111111', '491999999999');
  expect(answer).toEqual([{ jid: ada.jid, exists: true }]);
});

test('a missed call rings and ends', async () => {
  const seen: string[] = [];
  client.socket.ev.on('call', (calls) =>
    seen.push(...calls.map((call) => `${call.status} ${call.id} ${call.isVideo}`)),
  );
  const callId = ada.call(organisation, 'video');
  await until(() => seen.length === 2);
  expect(seen).toEqual([`offer ${callId} true`, `timeout ${callId} true`]);
});

test('a status arrives where statuses are', async () => {
  const message = await arrived(await ada.postStatus('At the lake', [organisation]));
  expect(bodyOf(message)).toBe('At the lake');
  expect(message.key.remoteJid).toBe('status@broadcast');
  expect(message.key.participant).toBe(ada.lid);
});
