// Finds `@Name` of a group's participants in what an agent wrote. Pure.
import type { PersonRef } from '../domain/events.ts';
import type { Block, Inline, RichText } from '../domain/text.ts';

interface Named {
  readonly name: string;
  readonly lower: string;
  readonly person: PersonRef;
}

function splitInline(inline: Inline, people: readonly Named[]): Inline[] {
  if (inline.kind === 'mention') {
    const found = people.find((each) => each.lower === inline.name.toLowerCase());
    return [found === undefined ? inline : { kind: 'mention', name: found.name, person: found.person.address }];
  }
  if (inline.kind !== 'text' || inline.style?.code === true) return [inline];
  const { text } = inline;
  const lower = text.toLowerCase();
  const out: Inline[] = [];
  let from = 0;
  for (let at = lower.indexOf('@'); at !== -1; at = lower.indexOf('@', at + 1)) {
    const found = people.find((each) => lower.startsWith(each.lower, at + 1));
    // `lower` may be longer than `text` for a few letters: such names stay words.
    if (found === undefined || lower.length !== text.length) continue;
    if (at > from) out.push({ ...inline, text: text.slice(from, at) });
    out.push({ kind: 'mention', name: found.name, person: found.person.address });
    from = at + 1 + found.lower.length;
  }
  if (from < text.length) out.push({ ...inline, text: text.slice(from) });
  return out;
}

/** Turns the names of participants after an `@` into mentions; the longest name wins. */
export function resolveMentions(text: RichText, participants: readonly PersonRef[]): RichText {
  const people = participants
    .flatMap((person): Named[] =>
      person.name === undefined || person.name === ''
        ? []
        : [{ name: person.name, lower: person.name.toLowerCase(), person }],
    )
    .sort((a, b) => b.lower.length - a.lower.length);
  if (people.length === 0) return text;
  const inlines = (all: readonly Inline[]) => all.flatMap((inline) => splitInline(inline, people));
  return text.map((block): Block => {
    switch (block.kind) {
      case 'paragraph':
      case 'quote':
        return { ...block, inlines: inlines(block.inlines) };
      case 'list':
        return { ...block, items: block.items.map((item) => ({ ...item, inlines: inlines(item.inlines) })) };
      case 'code':
        return block;
    }
  });
}
