// The only place that makes or parses WhatsApp's addresses: JIDs to the domain's opaque ids and back. Pure.
import type { ChatAddress, MediaRef, PersonAddress, RemoteId } from '../../domain/ids.ts';

/** A JID without device: `4915…@s.whatsapp.net`, `123…@lid`, `…@g.us`, `…@newsletter`, `…@broadcast`. */
export type Jid = string;

interface Parts {
  readonly user: string;
  readonly server: string;
  readonly device: number;
}

/** Hosted devices answer for the same person (Baileys `jid-utils.js`, domain types 128 and 129). */
const PLAIN_SERVERS: Readonly<Record<string, string>> = {
  'c.us': 's.whatsapp.net',
  hosted: 's.whatsapp.net',
  'hosted.lid': 'lid',
};

function parse(jid: string): Parts | undefined {
  const at = jid.lastIndexOf('@');
  if (at < 0) return undefined;
  const server = jid.slice(at + 1);
  const [agentUser = '', device] = jid.slice(0, at).split(':');
  const [user = ''] = agentUser.split('_');
  return { user, server: PLAIN_SERVERS[server] ?? server, device: device === undefined ? 0 : Number(device) };
}

/** The JID of the person or chat, whichever of their devices `jid` names; undefined for something that is no JID. */
export function bareJid(jid: string | null | undefined): Jid | undefined {
  if (jid === null || jid === undefined) return undefined;
  const parts = parse(jid);
  if (parts === undefined || parts.server === '') return undefined;
  if (parts.user === '' && parts.server !== 's.whatsapp.net') return undefined;
  return parts.user === '' ? parts.server : `${parts.user}@${parts.server}`;
}

const hasServer = (jid: string | undefined, server: string): boolean => jid?.endsWith(`@${server}`) ?? false;

export const isGroupJid = (jid: string | undefined): boolean => hasServer(jid, 'g.us');
export const isLidJid = (jid: string | undefined): boolean => hasServer(jid, 'lid') || hasServer(jid, 'hosted.lid');
export const isPhoneJid = (jid: string | undefined): boolean =>
  hasServer(jid, 's.whatsapp.net') || hasServer(jid, 'hosted') || hasServer(jid, 'c.us');
export const isBroadcastJid = (jid: string | undefined): boolean =>
  hasServer(jid, 'broadcast') || hasServer(jid, 'newsletter');
export const isPersonJid = (jid: string | undefined): boolean => isLidJid(jid) || isPhoneJid(jid);

/** True when both name the same person or chat in the same form. */
export function isSame(one: string | undefined, other: string | undefined): boolean {
  const bare = bareJid(one);
  return bare !== undefined && bare === bareJid(other);
}

/** What stands before the `@`: digits of the number, of the LID or of the group. */
export function userPart(jid: Jid): string {
  return parse(jid)?.user ?? '';
}

/** The device number a JID names; 0 is the phone. */
export function deviceOf(jid: string): number {
  return parse(jid)?.device ?? 0;
}

/** E.164 with the plus, for a JID that is a phone number. */
export function phoneOf(jid: Jid | undefined): string | undefined {
  if (jid === undefined || !isPhoneJid(jid)) return undefined;
  const user = userPart(jid);
  return /^\d{5,15}$/.test(user) ? `+${user}` : undefined;
}

/** The JID of a phone number; anything but digits is left out. */
export function phoneJid(phone: string): Jid {
  return `${phone.replaceAll(/\D/g, '')}@s.whatsapp.net`;
}

/** The digits a pairing code is asked for. */
export function phoneDigits(phone: string): string {
  return phone.replaceAll(/\D/g, '');
}

export const lidJid = (user: string): Jid => `${user}@lid`;
export const phoneUserJid = (user: string): Jid => `${user}@s.whatsapp.net`;

/** `jid` must be bare and, for a person, the canonical form: the LID where known. */
export const chatAddress = (jid: Jid): ChatAddress => jid as ChatAddress;
export const personAddress = (jid: Jid): PersonAddress => jid as PersonAddress;
export const jidOf = (address: ChatAddress | PersonAddress): Jid => address;
export const remoteId = (id: string): RemoteId => id as RemoteId;

/** A message's key, as the parts of `messageSecret` rows and of media requests. */
export interface RawKey {
  readonly chat: Jid;
  readonly id: string;
  readonly fromMe: boolean;
  readonly participant?: Jid;
}

/** All that is needed to fetch a file: where, and the keys. Bytes are base64. */
export interface MediaPlace {
  readonly type: string;
  readonly directPath: string;
  readonly mediaKey: string;
  readonly encSha256?: string;
  readonly sha256?: string;
  readonly sizeBytes?: number;
  /** The message it came with, for asking the phone to upload it again. */
  readonly key: RawKey;
}

/** The reference holds the file's keys: never log it. */
export function mediaRef(place: MediaPlace): MediaRef {
  return Buffer.from(JSON.stringify(place)).toString('base64url') as MediaRef;
}

/** Undefined when it isn't a reference of ours. */
export function mediaPlace(ref: MediaRef): MediaPlace | undefined {
  try {
    const place = JSON.parse(Buffer.from(ref, 'base64url').toString()) as MediaPlace;
    return typeof place.directPath === 'string' && typeof place.mediaKey === 'string' ? place : undefined;
  } catch {
    return undefined;
  }
}
