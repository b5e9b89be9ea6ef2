// WhatsApp's text ⇄ the neutral rich text: the blocks (a line's inside is `line.ts`). Pure, and linear in the length.
import type { PersonAddress } from '../../domain/ids.ts';
import { mergeInlines } from '../../domain/inline.ts';
import type { Block, Inline, ListItem, RichText } from '../../domain/text.ts';
import { drawLine, FENCE, readLine, type Mentioned, type Piece } from './line.ts';

const INDENT = '  ';
const LIST_ITEM = /^( {0,16})([\-*]|\d{1,9}\.) (?=\S)/v;

function withoutOuterBreaks(code: string): string {
  return code.slice(code.startsWith('\n') ? 1 : 0, code.endsWith('\n') ? -1 : undefined);
}

/** Collects lines into blocks: neighbours of one kind become one block. */
class BlockReader {
  readonly blocks: Block[] = [];
  private readonly mentions: ReadonlyMap<string, Mentioned>;
  private kind: 'paragraph' | 'quote' | undefined;
  private inlines: Inline[] = [];
  private list: { readonly ordered: boolean; readonly items: ListItem[] } | undefined;
  private depth = -1;

  constructor(mentions: ReadonlyMap<string, Mentioned>) {
    this.mentions = mentions;
  }

  lines(text: string): void {
    for (const line of text.split('\n')) {
      const item = LIST_ITEM.exec(line);
      const spaces = item?.[1]?.length ?? 0;
      if (item !== null && (spaces === 0 || this.depth >= 0)) {
        this.item(
          item[2] ?? '',
          Math.min(Math.floor(spaces / INDENT.length), this.depth + 1),
          line.slice(item[0].length),
        );
      } else if (line.startsWith('> ')) this.line('quote', line.slice(2));
      else this.line('paragraph', line);
    }
  }

  code(text: string): void {
    this.end();
    this.blocks.push({ kind: 'code', text });
  }

  /** Closes the block being collected. */
  end(): void {
    if (this.kind !== undefined) this.blocks.push({ kind: this.kind, inlines: mergeInlines(this.inlines) });
    if (this.list !== undefined) this.blocks.push({ kind: 'list', ...this.list });
    this.kind = undefined;
    this.inlines = [];
    this.list = undefined;
    this.depth = -1;
  }

  private line(kind: 'paragraph' | 'quote', line: string): void {
    if (this.kind !== kind) this.end();
    else this.inlines.push({ kind: 'text', text: '\n' });
    this.kind = kind;
    for (const inline of this.read(line)) this.inlines.push(inline);
  }

  private item(bullet: string, indent: number, line: string): void {
    const ordered = bullet.endsWith('.');
    if (this.list?.ordered !== ordered) {
      this.end();
      this.list = { ordered, items: [] };
    }
    this.depth = indent;
    const number = ordered ? { number: Number.parseInt(bullet, 10) } : {};
    this.list.items.push({ indent, ...number, inlines: mergeInlines(this.read(line)) });
  }

  private read(line: string): readonly Inline[] {
    return readLine(line, this.mentions);
  }
}

/**
 * What a WhatsApp text means. `mentions` is looked up by what follows the `@` (the user part of a phone-number id or LID); an `@` that
 * isn't found there stays literal, and so does every marker that WhatsApp itself would show as typed (`2*3*4`, `snake_case`).
 * A fence that spans lines or stands alone on its line is a code block, any other is code within the line.
 */
export function toRichText(text: string, mentions: ReadonlyMap<string, Mentioned>): RichText {
  const source = text.replaceAll('\r\n', '\n');
  const reader = new BlockReader(mentions);
  let from = 0;
  let open = source.indexOf(FENCE);
  while (open >= 0) {
    const close = source.indexOf(FENCE, open + 3);
    if (close < 0) break;
    const end = close + 3;
    const code = source.slice(open + 3, close);
    const startsLine = open === from || source.charAt(open - 1) === '\n';
    const endsLine = end === source.length || source.charAt(end) === '\n';
    if (code.trim() === '') open = close;
    else if (code.includes('\n') || (startsLine && endsLine)) {
      if (open > from) reader.lines(source.slice(from, startsLine ? open - 1 : open));
      reader.code(withoutOuterBreaks(code));
      from = endsLine ? end + 1 : end;
      open = source.indexOf(FENCE, from);
    } else open = source.indexOf(FENCE, end);
  }
  // A line break behind a closing fence was taken with it: nothing is left to read after the last line.
  if (from < source.length) reader.lines(source.slice(from));
  reader.end();
  return reader.blocks;
}

/** What stands behind the `@` for a person. */
type UserPart = (person: PersonAddress) => string;

function linkText(link: Extract<Inline, { kind: 'link' }>): string {
  return link.label === undefined || link.label === link.url ? link.url : `${link.label} (${link.url})`;
}

function pieceOf(inline: Inline, userPart: UserPart): Piece {
  switch (inline.kind) {
    case 'text':
      return { text: inline.text, style: inline.style ?? {} };
    case 'link':
      return { text: linkText(inline), style: inline.style ?? {} };
    case 'mention':
      return { text: `@${inline.person === undefined ? inline.name : userPart(inline.person)}`, style: {} };
  }
}

function linesOf(inlines: readonly Inline[], userPart: UserPart): string[] {
  const lines: Piece[][] = [[]];
  for (const inline of inlines) {
    const piece = pieceOf(inline, userPart);
    piece.text.split('\n').forEach((text, index) => {
      if (index > 0) lines.push([]);
      if (text !== '') lines.at(-1)?.push({ ...piece, text });
    });
  }
  return lines.map((line) => drawLine(line));
}

function codeText(text: string): string {
  if (text.trim() === '' || text.includes(FENCE)) return text;
  const needsBreaks = text.startsWith('`') || text.endsWith('`') || text !== withoutOuterBreaks(text);
  return needsBreaks ? `${FENCE}\n${text}\n${FENCE}` : `${FENCE}${text}${FENCE}`;
}

function itemText(item: ListItem, ordered: boolean, userPart: UserPart): string {
  const margin = INDENT.repeat(item.indent);
  const bullet = ordered ? `${item.number ?? 1}.` : '-';
  return `${margin}${bullet} ${linesOf(item.inlines, userPart).join(`\n${margin}${INDENT}`)}`;
}

function blockText(block: Block, userPart: UserPart): string {
  switch (block.kind) {
    case 'paragraph':
      return linesOf(block.inlines, userPart).join('\n');
    case 'quote':
      return `> ${linesOf(block.inlines, userPart).join('\n> ')}`;
    case 'code':
      return codeText(block.text);
    case 'list':
      return block.items.map((item) => itemText(item, block.ordered, userPart)).join('\n');
  }
}

/**
 * The text to send, and whom it mentions (each once). Markers hug words; where WhatsApp would show a marker as typed, the style is
 * dropped. A labelled link becomes `label (url)`. `userPart` gives what stands behind the `@` for a person; a mention of a workspace's
 * user is just a name.
 */
export function fromRichText(
  text: RichText,
  userPart: (person: PersonAddress) => string,
): { readonly text: string; readonly mentions: readonly PersonAddress[] } {
  const mentions = new Set<PersonAddress>();
  const mention: UserPart = (person) => {
    mentions.add(person);
    return userPart(person);
  };
  return { text: text.map((block) => blockText(block, mention)).join('\n'), mentions: [...mentions] };
}
