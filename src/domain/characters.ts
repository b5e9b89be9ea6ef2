// Characters as people see them: what a cut must not fall into.
const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** The beginning of a text, at most `maxLength` UTF-16 units, cut between characters. Reads no further than that. */
export function firstCharacters(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  let length = 0;
  for (const { segment } of segmenter.segment(text)) {
    if (length + segment.length > maxLength) break;
    length += segment.length;
  }
  return text.slice(0, length);
}
