// A Chat's name → a channel name that Slack and Discord both take as it is. Pure.
import { firstCharacters } from '../domain/characters.ts';
import type { ChatRef } from '../domain/events.ts';

const PREFIX = 'wa-';

function cut(name: string, maxLength: number): string {
  return firstCharacters(name, maxLength).replace(/[\-_]+$/v, '');
}

/**
 * `wa-<name>`: lower case, letters and digits of any script, the rest (spaces, punctuation, emoji) as single dashes, decorated letters
 * (𝓐, Ａ) as plain ones. A Chat without a usable name is `wa-chat` or `wa-group`. Not unique: see `withSuffix`.
 */
export function channelName(chat: Pick<ChatRef, 'kind'> & { readonly name: string }, maxLength: number): string {
  const words = chat.name
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[\p{Cf}'’`]/gv, '')
    // Marks on nothing, and piles of them, are decoration or mischief.
    .replaceAll(/(?<![\p{L}\p{M}\p{N}])\p{M}+/gv, '')
    .replaceAll(/(\p{M}{2})\p{M}+/gv, '$1')
    .replaceAll(/[^\p{L}\p{M}\p{N}_]+/gv, '-')
    .replace(/^[\-_]+/v, '');
  const kept = cut(words, maxLength - PREFIX.length);
  return PREFIX + (/[\p{L}\p{N}]/v.test(kept) ? kept : chat.kind === 'group' ? 'group' : 'chat');
}

/** Whether a channel bears this name, perhaps with what platforms put behind it to make it unique. */
export function isVariantOf(name: string, wanted: string): boolean {
  const ending = name.startsWith(wanted) ? name.slice(wanted.length) : undefined;
  return ending !== undefined && /^(?:-\d{1,4})?(?:-[0-9a-f]{8})?$/.test(ending);
}

/** The name with `-<suffix>` behind it, shortened to leave room. `suffix` must be lower-case letters and digits. */
export function withSuffix(name: string, suffix: string, maxLength: number): string {
  return `${cut(name, maxLength - suffix.length - 1)}-${suffix}`;
}
