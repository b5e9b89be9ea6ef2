// Addresses: every form in which WhatsApp writes one, and what is made of it.
import { expect, test } from 'vitest';
import { as, type MediaRef } from '../../../../src/domain/ids.ts';
import {
  bareJid,
  deviceOf,
  isBroadcastJid,
  isGroupJid,
  isLidJid,
  isPersonJid,
  isSame,
  mediaPlace,
  mediaRef,
  phoneDigits,
  phoneJid,
  phoneOf,
  userPart,
} from '../../../../src/platforms/whatsapp/ids.ts';

test.each([
  ['49151:12@s.whatsapp.net', '49151@s.whatsapp.net', 12],
  ['49151@c.us', '49151@s.whatsapp.net', 0],
  ['49151_1:3@s.whatsapp.net', '49151@s.whatsapp.net', 3],
  ['123:99@hosted.lid', '123@lid', 99],
  ['49151:99@hosted', '49151@s.whatsapp.net', 99],
  ['120363@g.us', '120363@g.us', 0],
  ['4915-1234@g.us', '4915-1234@g.us', 0],
  ['status@broadcast', 'status@broadcast', 0],
  ['s.whatsapp.net', undefined, 0],
  ['@s.whatsapp.net', 's.whatsapp.net', 0],
  ['', undefined, 0],
  [undefined, undefined, 0],
] as const)('the bare form of %s is %s', (jid, bare, device) => {
  expect(bareJid(jid)).toBe(bare);
  expect(deviceOf(jid ?? '')).toBe(device);
});

test('tells kinds of addresses apart', () => {
  expect(isGroupJid('1@g.us')).toBe(true);
  expect(isLidJid('1@lid')).toBe(true);
  expect(isPersonJid('1@s.whatsapp.net')).toBe(true);
  expect(isPersonJid('1@g.us')).toBe(false);
  expect(isBroadcastJid('1@newsletter')).toBe(true);
  expect(isSame('1:3@lid', '1@lid')).toBe(true);
  expect(isSame('1@lid', '1@s.whatsapp.net')).toBe(false);
  expect(isSame(undefined, undefined)).toBe(false);
});

test('phone numbers go both ways', () => {
  expect(phoneOf('4915112345678@s.whatsapp.net')).toBe('+4915112345678');
  expect(phoneOf('123@lid')).toBeUndefined();
  expect(phoneOf('12@s.whatsapp.net')).toBeUndefined();
  expect(phoneJid('+49 151 123')).toBe('49151123@s.whatsapp.net');
  expect(phoneDigits('+49 (151) 123')).toBe('49151123');
  expect(userPart('4915:2@s.whatsapp.net')).toBe('4915');
});

test('a media reference comes back whole, and others are refused', () => {
  const place = { type: 'image', directPath: '/x', mediaKey: 'AA==', key: { chat: '1@lid', id: 'M', fromMe: false } };
  expect(mediaPlace(mediaRef(place))).toEqual(place);
  expect(mediaPlace(as<MediaRef>('%%%'))).toBeUndefined();
  expect(mediaPlace(as<MediaRef>(Buffer.from('{"type":"image"}').toString('base64url')))).toBeUndefined();
});
