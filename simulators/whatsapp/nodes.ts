// Binary nodes and JIDs as every other file of the WhatsApp simulator handles them: reading children, naming people, telling conversations apart.
import {
  getBinaryNodeChild,
  getBinaryNodeChildren,
  jidDecode,
  jidEncode,
  type BinaryNode,
  type JidServer,
} from '@whiskeysockets/baileys';

export type { BinaryNode } from '@whiskeysockets/baileys';

/** Which of the two names of a person a stanza uses: the hidden id (`@lid`) or the phone number (`@s.whatsapp.net`). */
export type Addressing = 'lid' | 'pn';

/** The server part of a JID for an addressing. */
export const serverOf = { lid: 'lid', pn: 's.whatsapp.net' } as const;

export const SERVER = 's.whatsapp.net';

/** Where statuses are posted. */
export const STATUS = 'status@broadcast';

/** Makes a node; attributes given as undefined are left out. */
export function node(
  tag: string,
  attrs: Record<string, string | undefined> = {},
  content?: BinaryNode['content'],
): BinaryNode {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(attrs)) if (value !== undefined) kept[name] = value;
  return content === undefined ? { tag, attrs: kept } : { tag, attrs: kept, content };
}

export const child = getBinaryNodeChild;
export const children = getBinaryNodeChildren;

/** Every child of a node, or none when its content is text or bytes. */
export function allChildren(of: BinaryNode | undefined): BinaryNode[] {
  return Array.isArray(of?.content) ? of.content : [];
}

/** The bytes a node holds; empty when it holds none. */
export function bytesOf(of: BinaryNode | undefined): Buffer {
  const content = of?.content;
  if (typeof content === 'string') return Buffer.from(content);
  return content instanceof Uint8Array ? Buffer.from(content) : Buffer.alloc(0);
}

/** The addressing a JID is written in. */
export function addressingOf(jid: string): Addressing {
  return jid.endsWith('@lid') ? 'lid' : 'pn';
}

/** True for the JID of a group. */
export function isGroup(jid: string | undefined): boolean {
  return jid?.endsWith('@g.us') ?? false;
}

/** The user part of a JID ("4915…" or the LID's digits), or undefined for something that is no JID. */
export function userOf(jid: string | undefined): string | undefined {
  return jid === undefined ? undefined : jidDecode(jid)?.user;
}

/** The device number of a JID; the phone, device 0, has none written. */
export function deviceNumberOf(jid: string): number {
  return jidDecode(jid)?.device ?? 0;
}

/** Writes a JID; device 0 is left out, as WhatsApp does. */
export function jidOf(user: string, server: JidServer, device = 0): string {
  return jidEncode(user, server, device === 0 ? undefined : device);
}

/** Now, as the whole seconds a stanza's `t` carries. */
export function secondsNow(): string {
  return String(Math.floor(Date.now() / 1000));
}

/** Big-endian bytes of a number, as prekey and registration ids travel. */
export function bigEndian(value: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.writeUIntBE(value, 0, length);
  return bytes;
}
