// The Ledger's received is counted from what arrived: a message that is let go without having been recorded is a gap, and named.
import { randomBytes } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Inbound } from '../../../src/bridge/inbound.ts';
import type { MessengerEvent } from '../../../src/domain/events.ts';
import { as, type ChatId } from '../../../src/domain/ids.ts';
import { Inbox } from '../../../src/platforms/whatsapp/inbox.ts';
import { arrivalOf } from '../../../src/platforms/whatsapp/stanza.ts';
import { createLog } from '../../../src/runtime/log.ts';
import { Vault } from '../../../src/runtime/secrets.ts';
import { fakeClock, systemClock } from '../../../src/runtime/time.ts';
import { History } from '../metrics/history.ts';

const FROM = new Date('2026-11-23T00:00:00Z');
const TO = new Date('2026-11-24T00:00:00Z');
const log = createLog({ level: 'silent' });

let history: History;
beforeAll(async () => {
  history = await History.open();
});
afterAll(() => history.close());

const ledger = async (scope: 'all' | ReadonlySet<ChatId> = 'all') =>
  (await history.metrics(fakeClock(TO.toISOString())).summary({ from: FROM, to: TO, scope })).ledger;

const message = (id: string, from: string, content: proto.IMessage) => {
  const t = String(FROM.getTime() / 1000 + 3600);
  const node = { tag: 'message', attrs: { id, from: `${from}@s.whatsapp.net`, type: 'text', t } };
  const plaintext = Buffer.from(proto.Message.encode(content).finish()).toString('base64');
  const me = { phone: '4930111@s.whatsapp.net' };
  return arrivalOf(node, { receivedAt: FROM.getTime(), me }, `key of ${id}`, { type: 'plaintext', plaintext });
};

const recorder = new Map<string, MessengerEvent>();
/** Tells all that is stored and waits until it's let go; what is lost by `loses` is told to nobody, as by a bug in what listens. */
async function tellAll(loses: (event: MessengerEvent) => boolean): Promise<void> {
  const { store, account } = history;
  const inbound = new Inbound({ store, tickets: { customerSaid: async () => undefined }, clock: systemClock, log });
  const inbox = new Inbox({
    account,
    sessions: store.sessions(new Vault({ current: KEY })),
    clock: systemClock,
    log,
    onEvent: async (event) => {
      if (event.kind === 'message') recorder.set(event.key.id, event);
      if (event.kind !== 'connection' && !loses(event)) await inbound.record(event);
    },
    fetchHistory: () => Promise.reject(new Error('there is no history')),
    fetchGroupName: async () => undefined,
  });
  inbox.start();
  await expect.poll(async () => (await store.read.inbox.waitingCounts()).arrivals, { timeout: 20_000 }).toBe(0);
  await inbox.stop();
}

const KEY = randomBytes(32);

test('a message that arrived and was swallowed is a gap by its own id, until it is recorded after all', async () => {
  const { store, account } = history;
  const sessions = store.sessions(new Vault({ current: KEY }));
  const ref = { remoteJid: '49151@s.whatsapp.net', id: 'KEPT', fromMe: false };
  await sessions.set(
    account,
    [],
    [
      message('KEPT', '49151', { conversation: 'kept' }),
      message('LOST', '49151', { conversation: 'lost' }),
      message('STRAY', '49152', { conversation: 'lost with its chat' }),
      // Neither is a message of its own.
      message('EDIT', '49151', { reactionMessage: { key: ref, text: '👍', senderTimestampMs: 1 } }),
      message('REVOKE', '49151', { protocolMessage: { key: ref, type: proto.Message.ProtocolMessage.Type.REVOKE } }),
    ],
  );
  await tellAll((event) => event.kind === 'message' && event.key.id !== 'KEPT');
  const found = await store.query('select id, chat_id from message where remote_id = $1', ['KEPT']);
  const [kept] = found;
  expect(await ledger()).toEqual({
    received: 3,
    mirrored: 0,
    filtered: 0,
    gapCount: 3,
    gaps: ['LOST', 'STRAY', kept?.['id']],
  });

  await store.read.messages.posted(as(String(kept?.['id'])), new Date());
  expect(await ledger()).toMatchObject({ received: 3, mirrored: 1, gapCount: 2, gaps: ['LOST', 'STRAY'] });
  // Who sees one Chat is told of what was lost there; of what was lost with its Chat only who sees all.
  expect(await ledger(new Set([kept?.['chat_id'] as ChatId]))).toMatchObject({ received: 2, gaps: ['LOST'] });
  expect(await ledger(new Set([await history.chat('another')]))).toMatchObject({ received: 0, gaps: [] });

  // Everything that was done is forgotten some day; gaps are not.
  await store.read.inbox.prune(new Date(Date.now() + 60_000));
  expect(await ledger()).toMatchObject({ gapCount: 2 });

  const inbound = new Inbound({ store, tickets: { customerSaid: async () => undefined }, clock: systemClock, log });
  const lost = recorder.get('LOST');
  if (lost?.kind === 'message') await inbound.record(lost);
  const [late] = await store.query('select id from message where remote_id = $1', ['LOST']);
  expect(await ledger()).toMatchObject({ received: 3, mirrored: 1, gapCount: 2, gaps: ['STRAY', late?.['id']] });
});
