// Stanzas → events: who wrote, in which chat, and which message another one means; each in both forms of address.
import { proto } from '@whiskeysockets/baileys';
import { expect, test } from 'vitest';
import { as, type AccountId } from '../../../../src/domain/ids.ts';
import { plain } from '../../../../src/domain/text.ts';
import {
  ackEvents,
  callEvents,
  callIn,
  notificationEvents,
  receiptEvents,
} from '../../../../src/platforms/whatsapp/notices.ts';
import type { Known } from '../../../../src/platforms/whatsapp/people.ts';
import {
  envelopeOf,
  missingEvents,
  receive,
  sealedIn,
  type Attrs,
} from '../../../../src/platforms/whatsapp/receive.ts';
import type { StoredNode } from '../../../../src/platforms/whatsapp/stanza.ts';

const { EPHEMERAL_SETTING, MESSAGE_EDIT, REVOKE, ...others } = proto.Message.ProtocolMessage.Type;

const ANA_LID = '111@lid';
const ANA = '4915100000002@s.whatsapp.net';
const BEN_LID = '222@lid';
const BEN = '4915100000003@s.whatsapp.net';
const US_LID = '999@lid';
const US = '4915100000001@s.whatsapp.net';
const GROUP = '120363@g.us';

const known: Known = {
  account: as<AccountId>('acme'),
  me: { phone: US, lid: US_LID },
  otherForm: new Map([
    [BEN, BEN_LID],
    [BEN_LID, BEN],
  ]),
  names: new Map([[BEN_LID, 'Ben']]),
};
const ana = { address: ANA_LID, alias: ANA, phone: '+4915100000002', name: 'Ana' };
const ben = { address: BEN_LID, alias: BEN, phone: '+4915100000003', name: 'Ben' };

function told(attrs: Attrs, message: proto.IMessage, opened?: Parameters<typeof receive>[3]): object[] {
  const envelope = envelopeOf(known, { id: 'M1', t: '1800000000', ...attrs }, 0);
  if (envelope === undefined) throw new Error('no envelope');
  return receive(known, envelope, message, opened);
}

const fromAna = { from: '111:3@lid', sender_pn: ANA, notify: 'Ana' };
const fromBenInGroup = { from: GROUP, participant: '4915100000003:1@s.whatsapp.net', participant_lid: BEN_LID };
const fromOurPhone = { from: US_LID, recipient: ANA_LID, peer_recipient_pn: ANA };

test.each([
  ['under a LID', fromAna],
  ['under a number with its LID', { from: ANA, sender_lid: ANA_LID, notify: 'Ana' }],
] as const)('a direct text %s is in one chat', (_, attrs) => {
  expect(told(attrs, { conversation: 'hi' })).toEqual([
    {
      kind: 'message',
      account: 'acme',
      chat: { address: ANA_LID, alias: ANA, kind: 'direct', person: ana },
      at: new Date(1_800_000_000_000),
      key: { id: 'M1', author: { kind: 'person', person: ana } },
      content: { kind: 'text', text: plain('hi') },
      forwarded: false,
    },
  ]);
});

test('a number whose LID was learned before is told under the LID', () => {
  const [event] = told({ from: BEN, notify: 'Ben' }, { conversation: 'hi' });
  expect(event).toMatchObject({ chat: { address: BEN_LID, alias: BEN, person: ben } });
});

test('a number without a LID stands for itself', () => {
  const [event] = told({ from: '4930111@s.whatsapp.net' }, { conversation: 'hi' });
  expect(event).toMatchObject({ chat: { address: '4930111@s.whatsapp.net', person: { phone: '+4930111' } } });
  expect(event).not.toHaveProperty('chat.alias');
});

test('a group’s text is by its participant', () => {
  const [event] = told(fromBenInGroup, { conversation: 'hi' });
  expect(event).toMatchObject({
    chat: { address: GROUP, kind: 'group' },
    key: { author: { kind: 'person', person: ben } },
  });
});

test.each([
  ['in its envelope', fromOurPhone, { conversation: 'hi' }],
  ['wrapped', fromOurPhone, { deviceSentMessage: { destinationJid: ANA_LID, message: { conversation: 'hi' } } }],
  [
    'wrapped under the other form',
    fromOurPhone,
    { deviceSentMessage: { destinationJid: ANA, message: { conversation: 'hi' } } },
  ],
] as const)('what our phone sent is ours, in the chat it went to: %s', (_, attrs, message) => {
  const [event] = told(attrs, message);
  expect(event).toMatchObject({ chat: { address: ANA_LID, alias: ANA }, key: { author: { kind: 'us' } } });
});

test('what our phone sent to a group is ours', () => {
  const [event] = told(
    { from: GROUP, participant: US_LID },
    { deviceSentMessage: { destinationJid: GROUP, message: { conversation: 'hi' } } },
  );
  expect(event).toMatchObject({ chat: { address: GROUP }, key: { author: { kind: 'us' } } });
});

test('a stranger can’t pass a message off as ours', () => {
  const [event] = told(fromAna, { deviceSentMessage: { destinationJid: BEN_LID, message: { conversation: 'hi' } } });
  expect(event).toBeUndefined();
});

test.each(['status@broadcast', '5000@newsletter', '1234@broadcast'])('%s is a broadcast', (from) => {
  const [event] = told({ from, participant: ANA, participant_lid: ANA_LID }, { conversation: 'news' });
  expect(event).toMatchObject({ chat: { kind: 'broadcast' } });
});

test.each([
  ['Ana’s own message', fromAna, { fromMe: true }, { kind: 'person', person: ana }],
  ['our message', fromAna, { fromMe: false, remoteJid: US }, { kind: 'us' }],
  ['Ben’s message in a group', { ...fromBenInGroup }, { fromMe: true }, { kind: 'person', person: ben }],
  ['our message in a group', fromBenInGroup, { fromMe: false, participant: '999:4@lid' }, { kind: 'us' }],
  ['our message, from our phone', fromOurPhone, { fromMe: true }, { kind: 'us' }],
  ['Ana’s message, from our phone', fromOurPhone, { fromMe: false }, { kind: 'person', person: { address: ANA_LID } }],
] as const)('a reaction means %s', (_, attrs, key, author) => {
  const [event] = told(attrs, { reactionMessage: { key: { ...key, id: 'T1' }, text: '👍' } });
  expect(event).toMatchObject({ kind: 'reacted', target: { id: 'T1', author }, emoji: '👍' });
});

test('an empty reaction takes it back', () => {
  const [event] = told(fromAna, { reactionMessage: { key: { fromMe: true, id: 'T1' }, text: '' } });
  expect(event).toMatchObject({ kind: 'reacted' });
  expect(event).not.toHaveProperty('emoji');
});

test('an edit is of the editor’s own message', () => {
  const edit = { key: { id: 'T1', fromMe: true }, type: MESSAGE_EDIT, editedMessage: { conversation: 'better' } };
  const expected = {
    kind: 'edited',
    target: { id: 'T1', author: { kind: 'person', person: ana } },
    content: { text: plain('better') },
  };
  expect(told(fromAna, { protocolMessage: edit })).toMatchObject([expected]);
  expect(told(fromAna, { editedMessage: { message: { protocolMessage: edit } } })).toMatchObject([expected]);
});

test('a deletion is of one’s own message, or an admin’s of another’s', () => {
  const own = told(fromAna, { protocolMessage: { key: { id: 'T1', fromMe: true }, type: REVOKE } });
  expect(own).toMatchObject([{ kind: 'deleted', target: { author: { person: ana } }, by: { person: ana } }]);
  const key = { id: 'T1', fromMe: false, participant: ANA_LID };
  const admin = told(fromBenInGroup, { protocolMessage: { key, type: REVOKE } });
  expect(admin).toMatchObject([
    { kind: 'deleted', target: { author: { person: { address: ANA_LID } } }, by: { person: ben } },
  ]);
});

test('quotes name the author and show the words', () => {
  const contextInfo = { stanzaId: 'Q1', participant: BEN, quotedMessage: { conversation: 'who?' }, isForwarded: true };
  const [event] = told(fromAna, { extendedTextMessage: { text: 'me', contextInfo } });
  expect(event).toMatchObject({
    forwarded: true,
    quoted: { key: { id: 'Q1', author: { person: ben } }, preview: 'who?' },
  });
});

test('a mention is shown by name, whichever form stands in the text', () => {
  for (const digits of ['222', '4915100000003']) {
    const contextInfo = { mentionedJid: [BEN_LID] };
    const [event] = told(fromAna, { extendedTextMessage: { text: `ask @${digits}`, contextInfo } });
    const mention = { kind: 'mention', name: 'Ben', person: BEN_LID };
    expect(event).toMatchObject({ content: { text: [{ inlines: [{ text: 'ask ' }, mention] }] } });
  }
});

test('disappearing messages are a change of the chat', () => {
  const [event] = told(fromAna, { protocolMessage: { type: EPHEMERAL_SETTING, ephemeralExpiration: 86_400 } });
  expect(event).toMatchObject({ kind: 'changed', change: { what: 'other', name: 'disappearing messages' }, by: ana });
});

test.each([
  others.HISTORY_SYNC_NOTIFICATION,
  others.APP_STATE_SYNC_KEY_SHARE,
  others.PEER_DATA_OPERATION_REQUEST_MESSAGE,
  others.INITIAL_SECURITY_NOTIFICATION_SETTING_SYNC,
])('protocol message %i between own devices says nothing', (type) => {
  expect(told({ from: US, category: 'peer' }, { protocolMessage: { type } })).toEqual([]);
});

test('a vote is told once opened, and not before', () => {
  const message = {
    pollUpdateMessage: { pollCreationMessageKey: { id: 'P1', fromMe: false }, vote: { encPayload: Buffer.alloc(1) } },
  };
  expect(sealedIn(message)?.kind).toBe('vote');
  expect(told(fromAna, message)).toEqual([]);
  const [event] = told(fromAna, message, { kind: 'vote', options: ['Soup'] });
  expect(event).toMatchObject({
    kind: 'voted',
    target: { id: 'P1', author: { kind: 'us' } },
    options: ['Soup'],
    by: { person: ana },
  });
});

test('an encrypted edit is told once opened', () => {
  const message = {
    secretEncryptedMessage: { targetMessageKey: { id: 'T1', fromMe: true }, encPayload: Buffer.alloc(1) },
  };
  const [event] = told(fromAna, message, { kind: 'edit', message: { conversation: 'new' } });
  expect(event).toMatchObject({ kind: 'edited', target: { id: 'T1' }, content: { text: plain('new') } });
});

test('what could not be read is missing, unless it is between own devices', () => {
  const envelope = envelopeOf(known, { id: 'M1', ...fromAna }, 5_000);
  if (envelope === undefined) throw new Error('no envelope');
  expect(missingEvents(known, envelope, false)).toMatchObject([{ content: { kind: 'missing' }, at: new Date(5_000) }]);
  expect(missingEvents(known, envelope, true)).toMatchObject([{ content: { kind: 'viewOnce' } }]);
  expect(missingEvents(known, { ...envelope, isPeer: true }, false)).toEqual([]);
});

const node = (tag: string, attrs: Attrs, children: StoredNode[] = []): StoredNode => ({ tag, attrs, children });

test.each([
  [{}, 'delivered'],
  [{ type: 'inactive' }, 'delivered'],
  [{ type: 'read' }, 'read'],
  [{ type: 'played' }, 'read'],
] as const)('a receipt %j says %s', (attrs, status) => {
  const list = node('list', {}, [node('item', { id: 'M2' }), node('item', { id: 'M3' })]);
  const events = receiptEvents(
    known,
    node('receipt', { id: 'M1', from: ANA_LID, sender_pn: ANA, t: '5', ...attrs }, [list]),
    0,
  );
  expect(events).toMatchObject([
    { kind: 'receipt', ids: ['M1', 'M2', 'M3'], status, by: { address: ANA_LID }, chat: { address: ANA_LID } },
  ]);
});

test.each(['retry', 'sender', 'read-self', 'peer_msg', 'hist_sync', 'server-error'])(
  'a receipt of type %s says nothing',
  (type) => {
    expect(receiptEvents(known, node('receipt', { id: 'M1', from: ANA_LID, type }), 0)).toEqual([]);
  },
);

test('a receipt of our own other device says nothing', () => {
  expect(receiptEvents(known, node('receipt', { id: 'M1', from: '999:2@lid', type: 'read' }), 0)).toEqual([]);
});

test('late acknowledgements', () => {
  expect(ackEvents(known, node('ack', { id: 'M1', from: ANA, class: 'message', t: '5' }), 0)).toMatchObject([
    { status: 'acked', ids: ['M1'] },
  ]);
  expect(ackEvents(known, node('ack', { id: 'M1', from: ANA, error: '463' }), 0)).toMatchObject([
    { status: 'refused', ids: ['M1'] },
  ]);
});

const participants = [node('participant', { jid: BEN, lid: BEN_LID })];
test.each([
  ['add', participants, { what: 'joined', people: ['Ben'] }],
  ['remove', participants, { what: 'removed', people: ['Ben'] }],
  ['remove', [node('participant', { jid: ANA_LID })], { what: 'left', people: [ANA_LID.slice(0, 3)] }],
  ['promote', participants, { what: 'promoted', people: ['Ben'] }],
  ['demote', participants, { what: 'demoted', people: ['Ben'] }],
  ['locked', [], { what: 'other', name: 'locked' }],
] as const)('a group’s %s', (tag, children, change) => {
  const attrs = { id: 'N1', type: 'w:gp2', from: GROUP, participant: ANA_LID, t: '5', notify: 'Ana' };
  const events = notificationEvents(known, node('notification', attrs, [node(tag, {}, [...children])]), 0);
  expect(events).toMatchObject([
    { kind: 'changed', id: 'N1', chat: { address: GROUP }, change, by: { address: ANA_LID, name: 'Ana' } },
  ]);
});

test('a group’s new name and description', () => {
  const attrs = { id: 'N1', type: 'w:gp2', from: GROUP };
  const subject = notificationEvents(known, node('notification', attrs, [node('subject', { subject: 'New' })]), 0);
  expect(subject).toMatchObject([{ chat: { name: 'New' }, change: { what: 'renamed', name: 'New' } }]);
  const body: StoredNode = { tag: 'body', attrs: {}, bytes: Buffer.from('Rules').toString('base64') };
  const described = notificationEvents(known, node('notification', attrs, [node('description', {}, [body])]), 0);
  expect(described).toMatchObject([{ change: { what: 'described', description: 'Rules' } }]);
});

test('other notifications say nothing', () => {
  expect(
    notificationEvents(known, node('notification', { id: 'N1', type: 'encrypt', from: US }, [node('count', {})]), 0),
  ).toEqual([]);
});

const call = (tag: string, attrs: Attrs = {}, children: StoredNode[] = []): StoredNode => {
  const named = { 'call-id': 'C1', 'call-creator': ANA_LID, caller_pn: ANA, ...attrs };
  return node('call', { from: ANA_LID, id: 'X', t: '5' }, [node(tag, named, children)]);
};

test.each([
  ['offer', 'offered'],
  ['offer_notice', 'announced'],
  ['terminate', 'ended'],
] as const)('a call’s %s is a step: %s', (tag, step) => {
  expect(callIn(call(tag, {}, [node('video', {})]))).toEqual({ id: 'C1', step, video: true });
});

test('what devices say of a call among themselves is no step', () => {
  expect(callIn(call('relaylatency'))).toBeUndefined();
});

test.each([
  [{ reason: 'timeout' }, true],
  [{}, true],
  [{ reason: 'accepted_elsewhere' }, false],
  [{ reason: 'rejected_elsewhere' }, false],
] as const)('a call that ended with %j is missed: %s', (attrs, missed) => {
  const events = callEvents(known, call('terminate', attrs), true, 0);
  expect(events).toMatchObject([{ key: { id: 'C1' }, content: { kind: 'call', video: true, missed } }]);
});
