// The neutral rich text → Discord's markdown, and names. Pure; everything that goes out is literal. Reading is in markdown.ts.
import { firstCharacters } from '../../domain/characters.ts';
import { mergeInlines } from '../../domain/inline.ts';
import type { Block, Inline, ListItem, RichText, Style } from '../../domain/text.ts';

const NAME_MAX = 80;
/** Longer addresses are shown as words. */
const URL_MAX = 512;

// A lone half of a character or a NUL would have the whole call refused.
const sound = (text: string): string => text.toWellFormed().replaceAll('\0', '\uFFFD');

/** Literal text: nothing in it formats, pings, links or becomes an emoji. Also safe at the beginning of a line. */
export function escape(text: string): string {
  return sound(text)
    .replaceAll(/[\\*_~`\|<>\[\]]/gv, String.raw`\$&`)
    .replaceAll(/@(?=everyone|here)/gv, String.raw`\@`)
    .replaceAll('://', String.raw`\://`)
    .replaceAll(/^(\s*)([#\-+])/gmv, String.raw`$1\$2`)
    .replaceAll(/^(\s*\d+)\./gmv, String.raw`$1\.`);
}

/** One line without control characters and the invisible marks that turn the reading direction round. */
export function oneLine(text: string): string {
  return sound(text)
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gv, ' ')
    .replaceAll(/[\u200E\u200F\u202A-\u202E\u2066-\u2069\uFEFF]/g, '')
    .replaceAll(/ {2,}/g, ' ')
    .trim();
}

/** A sender's name as a webhook may bear it: 1 to 80 characters, and none of the words for which Discord refuses the whole message. */
export function cleanName(name: string): string {
  const cleaned = oneLine(name)
    .replaceAll(/(dis)(cord)/giv, '$1-$2')
    .replaceAll(/(cly)(de)/giv, '$1-$2')
    // Discord takes no @ in names. An address keeps a sign that looks like it: what an agent wrote elsewhere bears theirs.
    .replaceAll(/(?<=[\p{L}\p{N}])@(?=[\p{L}\p{N}])/gv, '＠')
    .replaceAll(/@|#|```/gv, '');
  const cut = firstCharacters(oneLine(cleaned), NAME_MAX).trim();
  if (cut === '') return 'Unknown';
  return /^(?:everyone|here)$/iv.test(cut) ? `${cut}.` : cut;
}

function code(text: string): string | undefined {
  if (text.includes('\n') || text.trim() === '') return undefined;
  if (!text.includes('`')) return `\`${text}\``;
  // Inside double backticks single ones are literal, but not at the ends.
  return text.includes('``') || text.startsWith('`') || text.endsWith('`') ? undefined : `\`\`${text}\`\``;
}

/** Markers only work when they touch the words. */
function wrapped(text: string, marker: string): string {
  return text.replace(/^(\s*)(.*?)(\s*)$/sv, (whole, before: string, words: string, after: string) =>
    words === '' ? whole : `${before}${marker}${words}${marker}${after}`,
  );
}

function styledText(text: string, style: Style | undefined): string {
  const plain = (style?.code === true ? code(sound(text)) : undefined) ?? escape(text);
  const struck = style?.strike === true ? wrapped(plain, '~~') : plain;
  const slanted = style?.italic === true ? wrapped(struck, '*') : struck;
  return style?.bold === true ? wrapped(slanted, '**') : slanted;
}

function drawInline(inline: Inline): string {
  switch (inline.kind) {
    case 'text':
      return styledText(inline.text, inline.style);
    case 'link': {
      const { url, label } = inline;
      if (url.length > URL_MAX || /[\s<>]/.test(url) || !/^https?:\/\//i.test(url))
        return escape(label === undefined || label === url ? url : `${label} (${url})`);
      // The angle brackets keep Discord from fetching a preview.
      return label === undefined || label === '' || label === url
        ? `<${url}>`
        : `[${escape(oneLine(label))}](<${url}>)`;
    }
    case 'mention':
      return escape(`@${inline.name}`);
  }
}

function drawInlines(inlines: readonly Inline[]): string {
  return mergeInlines(inlines).map(drawInline).join('');
}

function quoted(text: string): string {
  return text
    .split('\n')
    .map((line) => `> ${line}`)
    .join('\n');
}

function drawItem(item: ListItem, ordered: boolean): string {
  const bullet = ordered ? `${item.number ?? 1}.` : '-';
  const indent = '  '.repeat(Math.min(item.indent, 10));
  return `${indent}${bullet} ${drawInlines(item.inlines).replaceAll('\n', `\n${indent}  `)}`;
}

function drawBlock(block: Block): string {
  switch (block.kind) {
    case 'paragraph':
      return drawInlines(block.inlines);
    case 'quote':
      return quoted(drawInlines(block.inlines));
    case 'code':
      // A fence in the text would end the block.
      return `\`\`\`\n${sound(block.text).replaceAll('```', '`\u200B`\u200B`')}\n\`\`\``;
    case 'list':
      return block.items.map((item) => drawItem(item, block.ordered)).join('\n');
  }
}

/** The text as Discord's markdown. */
export function toMarkdown(text: RichText): string {
  return text.map(drawBlock).join('\n');
}

/** Words quoted with their author, as a block of their own. */
export function quoteLines(author: string, text: string): string {
  return quoted(`${wrapped(escape(oneLine(author)), '**')}\n${escape(text)}`);
}

/** A small grey line. */
export function smallLine(text: string): string {
  return `-# ${escape(oneLine(text))}`;
}
