// The inbox of an Account: what is told when, also when something of a chat can't be told for a while.
import { proto } from '@whiskeysockets/baileys';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { MessengerEvent } from '../../../../src/domain/events.ts';
import { as, type AccountId } from '../../../../src/domain/ids.ts';
import { Inbox } from '../../../../src/platforms/whatsapp/inbox.ts';
import { arrivalOf } from '../../../../src/platforms/whatsapp/stanza.ts';
import { createLog } from '../../../../src/runtime/log.ts';
import { fakeClock } from '../../../../src/runtime/time.ts';
import { textOf } from '../../../contract/messenger/told.ts';
import { MemorySessions } from '../../../support/memory-sessions.ts';

const account: AccountId = as('acme');
const ANA = '491601111111@s.whatsapp.net';
const BEN = '491602222222@s.whatsapp.net';

const said = (from: string, text: string) => {
  const node = { tag: 'message', attrs: { id: text, from, t: '1700000000', type: 'text' } };
  const plaintext = Buffer.from(proto.Message.encode({ conversation: text }).finish()).toString('base64');
  const reception = { receivedAt: 0, me: { phone: as('491600000000@s.whatsapp.net'), lid: undefined } };
  return arrivalOf(node, reception, text, { type: 'plaintext', plaintext });
};

test('a chat whose head waits keeps its order, though the wait ends while others are being told', async () => {
  const clock = fakeClock();
  const sessions = new MemorySessions();
  await sessions.set(account, [], [said(ANA, 'first'), said(BEN, 'slow'), said(ANA, 'second')]);
  const told: string[] = [];
  let hasFailed = false;
  const onEvent = async (event: MessengerEvent): Promise<void> => {
    const text = event.kind === 'message' ? textOf(event) : event.kind;
    if (text === 'first' && !hasFailed) {
      hasFailed = true;
      throw new Error('the store is away');
    }
    // Longer than the chat's head is to wait.
    if (text === 'slow') await clock.advance(5_000);
    told.push(text);
  };
  const log = createLog({ level: 'fatal' });
  const inbox = new Inbox({
    account,
    sessions,
    clock,
    log,
    onEvent,
    fetchHistory: () => Promise.reject(new Error('there is no history')),
    fetchGroupName: () => Promise.resolve(undefined),
  });
  onTestFinished(() => inbox.stop());
  inbox.start();
  await vi.waitFor(() => expect(told).toHaveLength(3));
  expect(told).toEqual(['slow', 'first', 'second']);
});
