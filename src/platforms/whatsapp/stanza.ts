// What is stored of a stanza that arrived, and how: the payload of an Arrival. Pure but for the bytes' form.
import { createHash } from 'node:crypto';
import type { BinaryNode } from '@whiskeysockets/baileys';
import type { NewArrival } from '../../domain/session.ts';
import type { OwnJids } from './present.ts';

/** A node as JSON; bytes are base64. Ciphertexts are left out. */
export interface StoredNode {
  readonly tag: string;
  readonly attrs: Readonly<Record<string, string>>;
  readonly children?: readonly StoredNode[];
  readonly bytes?: string;
}

/** One readable part of a message stanza. `plaintext` is base64, unpadded for `plaintext`, padded for the Signal kinds. */
export interface StoredPart {
  readonly type: string;
  readonly plaintext: string;
}

export type StoredStanza = {
  readonly node: StoredNode;
  /** Milliseconds; our own time, for stanzas that carry none. */
  readonly receivedAt: number;
  /** Whose link it came on: who is *we* in it. */
  readonly me: OwnJids;
} & (
  | { readonly state: 'part'; readonly part: StoredPart }
  /** Not readable, or nothing in it to read. */
  | { readonly state: 'missing' }
  | { readonly state: 'whole' }
);

/** The Arrivals' kinds: the tag of the stanza, or `people` for pairs of LID and number. */
export type ArrivalKind = 'message' | 'receipt' | 'notification' | 'call' | 'ack' | 'people';

export function isArrivalKind(kind: string): kind is ArrivalKind {
  return ['message', 'receipt', 'notification', 'call', 'ack', 'people'].includes(kind);
}

const sha256 = (...parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
};

/** The key of a ciphertext: the same bytes are the same arrival. */
export function cipherKey(ciphertext: Uint8Array): string {
  return sha256('cipher', ciphertext);
}

/** A stanza's own key: its tag, sender and id. */
export function stanzaKey(node: BinaryNode, state: string): string {
  const { id = '', from = '', participant = '', type = '', t = '' } = node.attrs;
  return sha256(node.tag, state, id, from, participant, type, t, childNames(node));
}

/** The key of a message that couldn't be read: one for all its tries. */
export function missingKey(node: BinaryNode): string {
  const { id = '', from = '', participant = '' } = node.attrs;
  return sha256('missing', id, from, participant);
}

function childNames(node: BinaryNode): string {
  return Array.isArray(node.content) ? node.content.map(({ tag, attrs }) => `${tag} ${attrs['id'] ?? ''}`).join() : '';
}

function storedNode(node: BinaryNode): StoredNode {
  const { tag, attrs, content } = node;
  if (content === undefined || tag === 'enc' || tag === 'plaintext') return { tag, attrs };
  if (typeof content === 'string') return { tag, attrs, bytes: Buffer.from(content).toString('base64') };
  if (content instanceof Uint8Array) return { tag, attrs, bytes: Buffer.from(content).toString('base64') };
  return { tag, attrs, children: content.map(storedNode) };
}

/** When a stanza came, and on whose link. */
export interface Reception {
  readonly receivedAt: number;
  readonly me: OwnJids;
}

/** What to store of a stanza: whole, or with one readable part, or as missing. */
export function arrivalOf(
  node: BinaryNode,
  reception: Reception,
  key: string,
  part?: StoredPart | 'missing',
): NewArrival {
  const rest =
    part === undefined
      ? ({ state: 'whole' } as const)
      : part === 'missing'
        ? ({ state: 'missing' } as const)
        : ({ state: 'part', part } as const);
  const stanza: StoredStanza = { node: storedNode(node), ...reception, ...rest };
  return { kind: node.tag, payload: Buffer.from(JSON.stringify(stanza)), key };
}

/** Reads what `arrivalOf` wrote. */
export function stanzaOf(payload: Uint8Array): StoredStanza {
  return JSON.parse(Buffer.from(payload).toString()) as StoredStanza;
}

/** The pairs `keys.ts` wrote: LID user and number. */
export function pairsOf(payload: Uint8Array): readonly (readonly [string, string])[] {
  return JSON.parse(Buffer.from(payload).toString()) as [string, string][];
}

export const childOf = (node: StoredNode, tag: string): StoredNode | undefined =>
  node.children?.find((child) => child.tag === tag);
export const textOf = (node: StoredNode | undefined): string =>
  node?.bytes === undefined ? '' : Buffer.from(node.bytes, 'base64').toString();
