// What both comparisons are made of: one line of words for each thing shown, and the differences of two lists of them.
import { createHash } from 'node:crypto';
import { isAgent, isGuildAgent, type Speaker } from './model.ts';
import { agents, customers, guildAgents, office, stranger } from './script.ts';

/** What stands in the place of something its author deleted. */
export const DELETED = '🗑 This message was deleted';

/** One thing as it must stand, or stands, somewhere: equal when the texts are. */
export interface Shown {
  readonly what: string;
  readonly id?: string;
}

/** The differences of two lists, each entry of which must stand in its place. */
export function listDifferences(where: string, expected: readonly Shown[], actual: readonly Shown[]): string[] {
  const at = expected.findIndex((entry, index) => entry.what !== actual[index]?.what);
  if (at >= 0) {
    const is = actual[at] === undefined ? 'there is nothing' : `there is  ${actual[at].what}`;
    return [`${where}, message ${at + 1}: expected  ${expected[at]?.what ?? ''}\n    but ${is}`];
  }
  return actual.slice(expected.length).map((entry) => `${where}: nobody said  ${entry.what}`);
}

/** How somebody is called. */
export function nameOf(who: Speaker): string {
  if (isAgent(who)) return agents[who].name;
  if (isGuildAgent(who)) return guildAgents[who].name;
  if (who === 'phone') return office.name;
  return who === 'stranger' ? stranger.name : customers[who].name;
}

export function describe(parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join(' · ');
}

const hashes = new WeakMap<Uint8Array, string>();

/** Twelve digits of a file's SHA-256. */
export function fileHash(bytes: Buffer): string {
  const hash = hashes.get(bytes) ?? createHash('sha256').update(bytes).digest('hex').slice(0, 12);
  hashes.set(bytes, hash);
  return hash;
}

/** An emoji without the mark that only asks for its colourful form. */
export const bare = (emoji: string): string => emoji.replaceAll('\uFE0F', '');
