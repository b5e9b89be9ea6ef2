// Every kind of WhatsApp message, as the content it becomes.
import { proto } from '@whiskeysockets/baileys';
import { expect, test } from 'vitest';
import type { Content } from '../../../../src/domain/content.ts';
import { plain } from '../../../../src/domain/text.ts';
import { contentOf, previewOf, unwrap } from '../../../../src/platforms/whatsapp/content.ts';
import { mediaPlace } from '../../../../src/platforms/whatsapp/ids.ts';

const context = { key: { chat: '1@lid', id: 'ABC', fromMe: false }, text: (text: string) => plain(text) };
const read = (message: proto.IMessage): Content | undefined => contentOf(unwrap(message), context);
const { MISSED } = proto.Message.CallLogMessage.CallOutcome;
const file = {
  directPath: '/v/t62/abc?x=1',
  mediaKey: Buffer.alloc(32, 1),
  fileSha256: Buffer.alloc(32, 2),
  fileLength: 12,
};
const poll = { name: 'Lunch?', options: [{ optionName: 'Soup' }, { optionName: 'Salad' }], selectableOptionsCount: 1 };
const asPoll = { kind: 'poll', question: 'Lunch?', options: ['Soup', 'Salad'], selectableCount: 1 };
const text = (words: string): object => ({ kind: 'text', text: plain(words) });
const media = (kind: string, more: object = {}): object => ({ kind: 'media', media: kind, viewOnce: false, ...more });
const card = (name: string, phone: string): object => ({
  displayName: name,
  vcard: `BEGIN:VCARD\nVERSION:3.0\nFN:${name}\nitem1.TEL;waid=49151:${phone}\nEND:VCARD`,
});

const CASES: readonly (readonly [string, proto.IMessage, object | undefined])[] = [
  ['a text', { conversation: 'hi' }, text('hi')],
  ['an extended text', { extendedTextMessage: { text: 'see https://a.example' } }, text('see https://a.example')],
  ['a disappearing text', { ephemeralMessage: { message: { conversation: 'hi' } } }, text('hi')],
  ['an image', { imageMessage: { ...file, caption: 'look' } }, media('image', { caption: plain('look') })],
  ['a video', { videoMessage: { ...file, seconds: 3 } }, media('video', { file: { durationSeconds: 3 } })],
  ['a GIF', { videoMessage: { ...file, gifPlayback: true } }, media('gif')],
  ['a round video', { ptvMessage: file }, media('video')],
  ['audio', { audioMessage: { ...file, ptt: false } }, media('audio')],
  ['a voice note', { audioMessage: { ...file, ptt: true } }, media('voice')],
  ['a sticker', { stickerMessage: { ...file, isAnimated: true } }, media('sticker', { file: { animated: true } })],
  ['a Lottie sticker', { lottieStickerMessage: { message: { stickerMessage: file } } }, media('sticker')],
  ['a document', { documentMessage: { ...file, fileName: 'a.pdf' } }, media('document', { file: { name: 'a.pdf' } })],
  [
    'a document with a caption',
    { documentWithCaptionMessage: { message: { documentMessage: { ...file, caption: 'sign it' } } } },
    media('document', { caption: plain('sign it') }),
  ],
  ['an old view-once', { viewOnceMessage: { message: { imageMessage: file } } }, media('image', { viewOnce: true })],
  [
    'a view-once voice',
    { viewOnceMessageV2Extension: { message: { audioMessage: file } } },
    media('audio', { viewOnce: true }),
  ],
  ['a view-once without its file', { viewOnceMessageV2: { message: { imageMessage: {} } } }, { kind: 'viewOnce' }],
  ['an image without its file', { imageMessage: {} }, { kind: 'unsupported', name: 'image without file' }],
  [
    'a place',
    { locationMessage: { degreesLatitude: 52.5, degreesLongitude: 13.4, name: 'Here', address: 'Street 1' } },
    { kind: 'location', latitude: 52.5, longitude: 13.4, live: false, name: 'Here', address: 'Street 1' },
  ],
  [
    'a live place',
    { liveLocationMessage: { degreesLatitude: 1, degreesLongitude: 2 } },
    { kind: 'location', latitude: 1, longitude: 2, live: true },
  ],
  [
    'a contact',
    { contactMessage: card('Bea', '+49 151 1') },
    { kind: 'contacts', cards: [{ name: 'Bea', phones: ['+49 151 1'] }] },
  ],
  [
    'contacts',
    { contactsArrayMessage: { contacts: [card('A', '1'), card('B', '2')] } },
    {
      kind: 'contacts',
      cards: [
        { name: 'A', phones: ['1'] },
        { name: 'B', phones: ['2'] },
      ],
    },
  ],
  ['a poll', { pollCreationMessage: poll }, asPoll],
  ['a poll of the second kind', { pollCreationMessageV2: poll }, asPoll],
  ['a poll of the third kind', { pollCreationMessageV3: poll }, asPoll],
  ['a poll of the fourth kind', { pollCreationMessageV4: { message: { pollCreationMessage: poll } } }, asPoll],
  ['a poll of the fifth kind', { pollCreationMessageV5: poll }, asPoll],
  [
    'an event',
    { eventMessage: { name: 'Party', startTime: 1_800_000_000, location: { name: 'Garden' } } },
    { kind: 'event', name: 'Party', cancelled: false, startsAt: '2027-01-15T08:00:00.000Z', place: 'Garden' },
  ],
  [
    'an album',
    { albumMessage: { expectedImageCount: 3, expectedVideoCount: 1 } },
    { kind: 'album', imageCount: 3, videoCount: 1 },
  ],
  [
    'a missed call',
    { callLogMesssage: { isVideo: true, callOutcome: MISSED } },
    { kind: 'call', video: true, missed: true },
  ],
  ['a pressed button', { buttonsResponseMessage: { selectedDisplayText: 'Yes' } }, text('Yes')],
  ['a pressed template button', { templateButtonReplyMessage: { selectedDisplayText: 'No' } }, text('No')],
  ['a chosen line', { listResponseMessage: { title: 'Row 1' } }, text('Row 1')],
  ['a message with buttons', { buttonsMessage: { contentText: 'Choose' } }, text('Choose')],
  ['an order', { orderMessage: { orderId: '1' } }, { kind: 'unsupported', name: 'orderMessage' }],
  ['a group’s key', { senderKeyDistributionMessage: { groupId: 'g' }, messageContextInfo: {} }, undefined],
  ['nothing', {}, undefined],
];

test.each(CASES)('reads %s', (_, message, expected) => {
  expect([read(message)]).toMatchObject([expected]);
});

test('a file’s reference holds all that fetching it takes', () => {
  const content = read({ imageMessage: { ...file, mimetype: 'image/png' } });
  if (content?.kind !== 'media') throw new Error('not a file');
  expect(content.file).toMatchObject({ mimeType: 'image/png', sizeBytes: 12, sha256: '02'.repeat(32) });
  expect(mediaPlace(content.file.ref)).toEqual({
    type: 'image',
    directPath: '/v/t62/abc?x=1',
    mediaKey: Buffer.alloc(32, 1).toString('base64'),
    sha256: Buffer.alloc(32, 2).toString('base64'),
    sizeBytes: 12,
    key: { chat: '1@lid', id: 'ABC', fromMe: false },
  });
});

test('takes the path from the address when there is no other', () => {
  const content = read({ imageMessage: { ...file, directPath: '', url: 'https://evil.example/path?y=2' } });
  if (content?.kind !== 'media') throw new Error('not a file');
  expect(mediaPlace(content.file.ref)?.directPath).toBe('/path?y=2');
});

test('does not follow wrappers for ever', () => {
  let message: proto.IMessage = { conversation: 'deep' };
  for (let depth = 0; depth < 100; depth += 1) message = { ephemeralMessage: { message } };
  expect(read(message)).toEqual({ kind: 'unsupported', name: 'ephemeralMessage' });
});

test.each([
  [{ conversation: 'words' }, 'words'],
  [{ imageMessage: { caption: 'a caption' } }, 'a caption'],
  [{ documentMessage: { fileName: 'a.pdf' } }, 'a.pdf'],
  [{ pollCreationMessageV3: { name: 'Lunch?' } }, 'Lunch?'],
  [{ stickerMessage: {} }, ''],
  [undefined, ''],
] as const)('previews a quoted message', (message, preview) => {
  expect(previewOf(message)).toBe(preview);
});
