// Slack's names of emoji ⇄ Unicode, from the table that emoji.generate.mjs writes.
import names from './emoji.json' with { type: 'json' };

const TONE = /::skin-tone-[\d\-]+$/v;
const SELECTORS = /[\uFE0E\uFE0F]/gv;

const unicodes: ReadonlyMap<string, string> = new Map(Object.entries(names));
// The first name of an emoji is the one Slack itself uses.
const shortNames = new Map<string, string>();
for (const [name, unicode] of unicodes) {
  const bare = unicode.replaceAll(SELECTORS, '');
  if (!shortNames.has(bare)) shortNames.set(bare, name);
}

/** The emoji of a name without outer colons (`+1`, `+1::skin-tone-3`), fully qualified. Undefined for a workspace's own emoji. */
export function unicodeOf(name: string): string | undefined {
  return unicodes.get(name) ?? unicodes.get(name.replace(TONE, ''));
}

/** Slack's name of an emoji, as `reactions.add` wants it. Variation selectors may be missing or too many. Undefined when Slack has none. */
export function nameOf(unicode: string): string | undefined {
  return shortNames.get(unicode.replaceAll(SELECTORS, ''));
}
