// Emoji between the two ways Slack writes them: the character and the `:name:`.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { objectOf, objectsOf, parseJson, textOf } from './json.ts';

/** An emoji as a rich_text element has it. */
export interface Emoji {
  /** Slack's first name, with `::skin-tone-N` when it has one. */
  readonly name: string;
  /** Code points in lower-case hex, joined by `-`. */
  readonly unicode: string;
}

const SKIN_TONES = new Map([
  ['1F3FB', 2],
  ['1F3FC', 3],
  ['1F3FD', 4],
  ['1F3FE', 5],
  ['1F3FF', 6],
]);

interface Table {
  readonly byName: ReadonlyMap<string, Emoji>;
  readonly byUnicode: ReadonlyMap<string, Emoji>;
}

let table: Table | undefined;

/** The emoji of a name (aliases too), as `+1::skin-tone-3` or `thumbsup`; undefined for unknown names. */
export function emojiNamed(name: string): Emoji | undefined {
  return emojiTable().byName.get(name);
}

/** The emoji a single character (grapheme) stands for. */
export function emojiOf(grapheme: string): Emoji | undefined {
  if (!/\p{Emoji_Presentation}|\uFE0F|\u20E3/u.test(grapheme)) return undefined;
  const hex = Array.from(grapheme, (point) => (point.codePointAt(0) ?? 0).toString(16).padStart(4, '0'));
  const { byUnicode } = emojiTable();
  return byUnicode.get(hex.join('-')) ?? byUnicode.get(hex.filter((point) => point !== 'fe0f').join('-'));
}

/** Cuts a text into what is emoji and what isn't, in order. */
export function splitEmoji(text: string): (string | Emoji)[] {
  const parts: (string | Emoji)[] = [];
  let plain = '';
  for (const { segment } of new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text)) {
    const emoji = emojiOf(segment);
    if (emoji === undefined) {
      plain += segment;
      continue;
    }
    if (plain !== '') parts.push(plain);
    plain = '';
    parts.push(emoji);
  }
  if (plain !== '') parts.push(plain);
  return parts;
}

/** Writes the emoji characters of a text as `:names:`. */
export function emojiAsNames(text: string): string {
  if (!/[^\p{ASCII}]/u.test(text)) return text;
  return splitEmoji(text)
    .map((part) => (typeof part === 'string' ? part : `:${part.name}:`))
    .join('');
}

function emojiTable(): Table {
  table ??= readTable();
  return table;
}

function readTable(): Table {
  const path = createRequire(import.meta.url).resolve('emoji-datasource/emoji.json');
  const byName = new Map<string, Emoji>();
  const byUnicode = new Map<string, Emoji>();
  for (const entry of objectsOf(parseJson(readFileSync(path, 'utf8')))) {
    const names = Array.isArray(entry['short_names']) ? entry['short_names'].map(textOf) : [];
    const forms = [{ unified: textOf(entry['unified']), suffix: '', other: entry['non_qualified'] }];
    for (const [tones, variation] of Object.entries(objectOf(entry['skin_variations']))) {
      const numbers = tones.split('-').map((tone) => SKIN_TONES.get(tone));
      const { unified, non_qualified: other } = objectOf(variation);
      forms.push({ unified: textOf(unified), suffix: `::skin-tone-${numbers.join('-')}`, other });
    }
    for (const form of forms) {
      const unicode = form.unified.toLowerCase();
      const emoji = { name: `${textOf(entry['short_name'])}${form.suffix}`, unicode };
      for (const name of names) byName.set(`${name}${form.suffix}`, emoji);
      byUnicode.set(unicode, emoji);
      byUnicode.set(unicode.replaceAll('-fe0f', ''), emoji);
      if (typeof form.other === 'string') byUnicode.set(form.other.toLowerCase(), emoji);
    }
  }
  return { byName, byUnicode };
}
