// What a Slack client makes of typed text: the escaped `text` and the rich_text block that go with it.
import { newBlockId } from './blocks.ts';
import { escapeText } from './escape.ts';
import type { JsonObject } from './json.ts';
import { typedInline } from './typed-inline.ts';
import type { Names } from './typed-inline.ts';

/** A typed message as it is sent. */
export interface Typed {
  readonly text: string;
  readonly blocks: JsonObject[];
}

interface Line {
  readonly kind: 'plain' | 'quote' | 'bullet' | 'ordered';
  readonly indent: number;
  readonly content: string;
  readonly number: string;
}

/** Reads `*bold*`, `_italic_`, `~strike~`, `` `code` ``, code blocks, `>` quotes, lists, links, mentions and emoji. */
export function typedText(typed: string, names: Names): Typed {
  const texts: string[] = [];
  const elements: JsonObject[] = [];
  const readPlain = (part: string): void => {
    const afterCode = texts.length > 0 ? part.replace(/^\n/, '') : part;
    const trimmed = afterCode.replace(/\n$/, '');
    if (trimmed !== '') readLines(trimmed, names, texts, elements);
  };
  let from = 0;
  for (const fence of typed.matchAll(/```([\s\S]*?)```/g)) {
    readPlain(typed.slice(from, fence.index));
    from = fence.index + fence[0].length;
    const code = (fence[1] ?? '').replace(/^\n/, '').replace(/\n$/, '');
    elements.push({ type: 'rich_text_preformatted', elements: [{ type: 'text', text: code }], border: 0 });
    texts.push(`\`\`\`${escapeText(code)}\`\`\``);
  }
  readPlain(typed.slice(from));
  const block = { type: 'rich_text', block_id: newBlockId(), elements };
  return { text: texts.join('\n'), blocks: [block] };
}

function readLines(part: string, names: Names, texts: string[], elements: JsonObject[]): void {
  const lines = part.split('\n').map(readLine);
  let from = 0;
  while (from < lines.length) {
    const first = lines[from];
    if (first === undefined) return;
    let to = from + 1;
    while (lines[to]?.kind === first.kind && lines[to]?.indent === first.indent) to += 1;
    const run = lines.slice(from, to);
    if (first.kind === 'bullet' || first.kind === 'ordered') {
      const items = run.map((line) => typedInline(line.content, names));
      elements.push({
        type: 'rich_text_list',
        elements: items.map((item) => ({ type: 'rich_text_section', elements: item.elements })),
        style: first.kind,
        indent: first.indent,
        border: 0,
      });
      const mark = (line: Line): string =>
        line.kind === 'bullet' ? (['•', '◦', '▪'][line.indent % 3] ?? '•') : `${line.number}.`;
      texts.push(...run.map((line, at) => `${'    '.repeat(line.indent)}${mark(line)} ${items[at]?.text ?? ''}`));
    } else {
      const inline = typedInline(run.map((line) => line.content).join('\n'), names);
      const isQuote = first.kind === 'quote';
      const isLast = to === lines.length;
      const tail = !isQuote && !isLast ? [{ type: 'text', text: '\n' }] : [];
      elements.push({
        type: isQuote ? 'rich_text_quote' : 'rich_text_section',
        elements: [...inline.elements, ...tail],
      });
      texts.push(...inline.text.split('\n').map((line) => (isQuote ? `&gt; ${line}` : line)));
    }
    from = to;
  }
}

function readLine(line: string): Line {
  const quote = /^> ?(.*)$/.exec(line);
  if (quote !== null) return { kind: 'quote', indent: 0, content: quote[1] ?? '', number: '' };
  const bullet = /^( *)[-•] (.*)$/.exec(line);
  if (bullet !== null) return { kind: 'bullet', indent: indentOf(bullet[1]), content: bullet[2] ?? '', number: '' };
  const ordered = /^( *)(\d+)\. (.*)$/.exec(line);
  if (ordered !== null) {
    return { kind: 'ordered', indent: indentOf(ordered[1]), content: ordered[3] ?? '', number: ordered[2] ?? '1' };
  }
  return { kind: 'plain', indent: 0, content: line, number: '' };
}

function indentOf(spaces = ''): number {
  return Math.min(8, Math.ceil(spaces.length / 4));
}
