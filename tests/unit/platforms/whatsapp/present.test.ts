// What we send, as WhatsApp's protobuf.
import { proto } from '@whiskeysockets/baileys';
import { expect, test } from 'vitest';
import { as, type PersonAddress, type RemoteId } from '../../../../src/domain/ids.ts';
import { plain } from '../../../../src/domain/text.ts';
import type { MediaKind } from '../../../../src/domain/content.ts';
import {
  presentEdit,
  presentMessage,
  presentReaction,
  presentRevoke,
  withRoomForText,
} from '../../../../src/platforms/whatsapp/present.ts';

const OWN = { phone: '4915100000001@s.whatsapp.net', lid: '999@lid' };
const SECRET = Buffer.alloc(32, 7);
const UPLOADED = {
  url: 'https://m/x',
  directPath: '/x',
  mediaKey: Buffer.alloc(32),
  fileEncSha256: Buffer.alloc(32),
  fileSha256: Buffer.alloc(32),
  fileLength: 5,
};
const ana = { kind: 'person', person: { address: as<PersonAddress>('111@lid') } } as const;
const us = { kind: 'us' } as const;
const key = (author: typeof ana | typeof us, id = 'T1'): { id: RemoteId; author: typeof ana | typeof us } => ({
  id: as<RemoteId>(id),
  author,
});
const file = (media: MediaKind): Parameters<typeof presentMessage>[1]['file'] & object => ({
  media,
  name: 'a.bin',
  mimeType: 'x/y',
  sizeBytes: 5,
  durationSeconds: 2.4,
  open: () => Promise.reject(new Error('not opened here')),
});
const { MESSAGE_EDIT, REVOKE } = proto.Message.ProtocolMessage.Type;

test('a plain text carries its secret', () => {
  const { edit, message } = presentMessage('111@lid', { text: plain('hi') }, OWN, SECRET);
  expect(message).toEqual({ conversation: 'hi', messageContextInfo: { messageSecret: SECRET } });
  expect(edit).toBeUndefined();
});

test.each([
  ['111@lid', key(ana), '111@lid'],
  ['111@lid', key(us), '999@lid'],
  ['4915100000002@s.whatsapp.net', key(us), '4915100000001@s.whatsapp.net'],
  ['5@g.us', key(us), '999@lid'],
] as const)('in %s a quote names its author', (chat, quoted, participant) => {
  const { message } = presentMessage(
    chat,
    { text: plain('yes'), quote: { key: quoted, preview: 'well?' } },
    OWN,
    SECRET,
  );
  expect(message.extendedTextMessage?.contextInfo).toEqual({
    stanzaId: 'T1',
    participant,
    quotedMessage: { conversation: 'well?' },
  });
});

test('a mention stands in the text and beside it', () => {
  const text = [
    { kind: 'paragraph', inlines: [{ kind: 'mention', name: 'Ana', person: ana.person.address }] },
  ] as const;
  const { message } = presentMessage('5@g.us', { text }, OWN, SECRET);
  expect(message.extendedTextMessage).toEqual({ text: '@111', contextInfo: { mentionedJid: ['111@lid'] } });
});

test.each([
  ['image', 'imageMessage', { caption: 'see' }],
  ['video', 'videoMessage', { caption: 'see', seconds: 2 }],
  ['gif', 'videoMessage', { gifPlayback: true }],
  ['audio', 'audioMessage', { ptt: false, seconds: 2 }],
  ['voice', 'audioMessage', { ptt: true, seconds: 2 }],
  ['sticker', 'stickerMessage', { mimetype: 'x/y' }],
] as const)('a file of kind %s', (media, field, expected) => {
  const { message } = presentMessage('111@lid', { text: plain('see'), file: file(media) }, OWN, SECRET, UPLOADED);
  expect(message[field]).toMatchObject({ ...expected, directPath: '/x', fileLength: 5 });
});

test('a document is wrapped when it has a caption', () => {
  const document = { fileName: 'a.bin', mimetype: 'x/y' };
  const bare = presentMessage('111@lid', { text: plain(''), file: file('document') }, OWN, SECRET, UPLOADED);
  expect(bare.message.documentMessage).toMatchObject(document);
  const captioned = presentMessage('111@lid', { text: plain('see'), file: file('document') }, OWN, SECRET, UPLOADED);
  const inner = captioned.message.documentWithCaptionMessage?.message?.documentMessage;
  expect(inner).toMatchObject({ ...document, caption: 'see' });
});

test('edits, deletions and reactions name their target', () => {
  const edit = presentEdit('111@lid', key(us), { text: plain('better') }, OWN, 5);
  expect(edit).toEqual({
    edit: '1',
    message: {
      protocolMessage: {
        key: { remoteJid: '111@lid', fromMe: true, id: 'T1' },
        type: MESSAGE_EDIT,
        editedMessage: { conversation: 'better' },
        timestampMs: 5,
      },
    },
  });
  const own = presentRevoke('111@lid', key(us));
  expect(own).toMatchObject({ edit: '7', message: { protocolMessage: { type: REVOKE, key: { fromMe: true } } } });
  const admin = presentRevoke('5@g.us', key(ana));
  expect(admin).toMatchObject({
    edit: '8',
    message: { protocolMessage: { key: { fromMe: false, participant: '111@lid' } } },
  });
  const reaction = presentReaction('5@g.us', key(ana), undefined, 5);
  expect(reaction.message.reactionMessage).toMatchObject({ text: '', key: { fromMe: false, participant: '111@lid' } });
});

test.each(['audio', 'voice', 'sticker'] as const)('a text with a file of kind %s is not lost', (media) => {
  const content = { text: plain('listen'), file: file(media) };
  expect(withRoomForText(content).file?.media).toBe('document');
  expect(withRoomForText({ ...content, text: [] }).file?.media).toBe(media);
  expect(withRoomForText({ ...content, file: file('image') }).file?.media).toBe('image');
});
