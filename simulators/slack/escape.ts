// Slack's three control characters, and what the server does to a text that was posted as it stands.
import { emojiAsNames } from './emoji.ts';

/** `<https://…>`, `<@U…>`, `<#C…|name>`, `<!here>`: what Slack reads as a link or mention. */
export const CONTROL = /<([a-z][a-z0-9+.-]*:[^<>|\s]+|@[UW][A-Z0-9]+|#C[A-Z0-9]+|![a-z][^<>|]*)(\|[^<>]*)?>/gi;

const BARE_LINK = /https?:\/\/[^\s<>|]+[^\s<>|.,;:!?'")\]]/gi;

/** Escapes what Slack would otherwise read as control characters. */
export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** The reverse of `escapeText`. */
export function unescapeText(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

/**
 * What Slack keeps of a text an app posted: control sequences stay, stray control characters are escaped, emoji become names and, unless
 * `linkBare` is off, bare addresses become links.
 */
export function normaliseText(text: string, linkBare: boolean): string {
  let result = '';
  let from = 0;
  for (const match of text.matchAll(CONTROL)) {
    result += normalisePlain(text.slice(from, match.index), linkBare) + match[0];
    from = match.index + match[0].length;
  }
  return result + normalisePlain(text.slice(from), linkBare);
}

function normalisePlain(text: string, linkBare: boolean): string {
  const escaped = text
    .replaceAll(/&(?!amp;|lt;|gt;)/g, '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
  const named = emojiAsNames(escaped);
  return linkBare ? named.replaceAll(BARE_LINK, (link) => `<${link}>`) : named;
}
