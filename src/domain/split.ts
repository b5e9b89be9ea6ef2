// Cuts a text that is too long for one post into parts. Pure, and linear in the length of the text.
import { plainText, type Block, type Inline, type ListItem, type RichText } from './text.ts';

/** Part of a stretch that comes from one inline: [from, to) in the stretch's text. */
interface Piece {
  readonly from: number;
  readonly to: number;
  readonly inline: Inline;
}

/** What may be cut inside: a paragraph, a quote, a code block, one item of a list. */
interface Stretch {
  readonly text: string;
  readonly pieces: readonly Piece[];
  /** Characters that stand in front of it when shown, and behind each line break in it. */
  readonly lead: number;
  readonly perBreak: number;
  /** The block that shows a part of it. */
  readonly block: (inlines: readonly Inline[]) => Block;
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

const said = (inlines: readonly Inline[]): string => plainText([{ kind: 'paragraph', inlines }]);

function stretch(inlines: readonly Inline[], block: Stretch['block'], perBreak = 0): Stretch {
  const pieces: Piece[] = [];
  const texts: string[] = [];
  let from = 0;
  for (const inline of inlines) {
    const text = said([inline]);
    pieces.push({ from, to: from + text.length, inline });
    texts.push(text);
    from += text.length;
  }
  return { text: texts.join(''), pieces, lead: plainText([block([])]).length, perBreak, block };
}

function stretches(block: Block): readonly Stretch[] {
  switch (block.kind) {
    case 'paragraph':
      return [stretch(block.inlines, (inlines) => ({ ...block, inlines }))];
    case 'quote':
      return [stretch(block.inlines, (inlines) => ({ ...block, inlines }), '> '.length)];
    case 'code':
      return [stretch([{ kind: 'text', text: block.text }], (inlines) => ({ ...block, text: said(inlines) }))];
    case 'list':
      return block.items.map((item) =>
        stretch(item.inlines, (inlines) => ({ ...block, items: [{ ...item, inlines }] })),
      );
  }
}

/** The index of the last piece that begins at or before `at`. */
function pieceIndex(pieces: readonly Piece[], at: number): number {
  let low = 0;
  let high = pieces.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((pieces[middle]?.from ?? 0) <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** What stands in [from, to). A link or mention that is cut, because it fills more than a whole part, goes on as words. */
function cutOut({ text, pieces }: Stretch, from: number, to: number): readonly Inline[] {
  const inlines: Inline[] = [];
  for (let index = pieceIndex(pieces, from); index < pieces.length; index += 1) {
    const piece = pieces[index];
    if (piece === undefined || piece.from >= to) break;
    const words = text.slice(Math.max(piece.from, from), Math.min(piece.to, to));
    const style = piece.inline.kind === 'mention' ? undefined : piece.inline.style;
    if (piece.from >= from && piece.to <= to) inlines.push(piece.inline);
    else if (words !== '') inlines.push({ kind: 'text', text: words, ...(style === undefined ? {} : { style }) });
  }
  return inlines;
}

/** How far one gets from `from` with `room` characters. */
function reach({ text, perBreak }: Stretch, from: number, room: number): number {
  if (perBreak === 0) return Math.min(text.length, from + Math.max(0, room));
  let at = from;
  for (let left = room; at < text.length; at += 1) {
    left -= text.charAt(at) === '\n' ? 1 + perBreak : 1;
    if (left < 0) break;
  }
  return at;
}

/** The border between characters, as people see them, at or before `at`. `from` is such a border. */
function characterBorder(text: string, from: number, at: number): number {
  const window = text.slice(from, at + 2);
  return from + (segmenter.segment(window).containing(at - from)?.index ?? window.length);
}

/** `at`, or the nearest place before it that is neither inside a character nor inside a link or mention. */
function soundBorder({ text, pieces }: Stretch, from: number, at: number): number {
  let border = at;
  for (let before = -1; border !== before && border > from;) {
    before = border;
    const piece = pieces[pieceIndex(pieces, border)];
    if (piece !== undefined && piece.inline.kind !== 'text') border = Math.max(from, piece.from);
    border = characterBorder(text, from, border);
  }
  return border;
}

/** Where to cut in [from, limit): behind a paragraph, a line or a word of the second half, else wherever it may be cut. */
function bestBorder(of: Stretch, from: number, limit: number): number {
  const window = of.text.slice(from, limit);
  const half = window.length / 2;
  for (const gap of ['\n\n', '\n']) {
    const end = window.lastIndexOf(gap) + gap.length;
    const border = end > half && end > gap.length ? soundBorder(of, from, from + end) : from;
    if (border > from) return border;
  }
  let end = window.length;
  while (end > half && !/\s/v.test(window.charAt(end - 1))) end -= 1;
  return soundBorder(of, from, end > half ? from + end : limit);
}

/** When a single character, link or mention fills more than a part: between characters if possible, never inside a code point. */
function forcedBorder(text: string, from: number, limit: number): number {
  const border = characterBorder(text, from, limit);
  if (border > from) return border;
  const isInsidePair = (text.codePointAt(limit - 1) ?? 0) > 0xffff;
  return Math.max(isInsidePair ? limit - 1 : limit, from + String.fromCodePoint(text.codePointAt(from) ?? 0).length);
}

class Parts {
  private readonly maxLength: number;
  private readonly done: Block[][] = [];
  private part: Block[] = [];
  private used = 0;
  /** The list that the last block of the part shows, and the items it has so far. */
  private list: { readonly source: Block; readonly items: ListItem[] } | undefined;

  constructor(maxLength: number) {
    this.maxLength = maxLength;
  }

  add(source: Block, of: Stretch): void {
    for (let from = 0; ;) {
      const room = this.maxLength - this.used - this.gap() - of.lead;
      const limit = reach(of, from, room);
      if (limit === of.text.length && room >= 0) return this.put(source, of, from, limit);
      const border = this.used * 2 < this.maxLength ? bestBorder(of, from, limit) : from;
      if (border > from) {
        this.put(source, of, from, border);
        from = border;
      } else if (this.part.length === 0) {
        const forced = forcedBorder(of.text, from, limit);
        this.put(source, of, from, forced);
        from = forced;
      }
      this.close();
    }
  }

  /** Platforms refuse a blank post, so a blank part is left out. */
  end(): RichText[] {
    this.close();
    return this.done.filter((part) => plainText(part).trim() !== '');
  }

  private gap(): number {
    return this.part.length === 0 ? 0 : 1;
  }

  private put(source: Block, of: Stretch, from: number, to: number): void {
    const inlines = cutOut(of, from, to);
    const block = of.block(inlines);
    this.used += this.gap() + plainText([block]).length;
    if (block.kind !== 'list') this.part.push(block);
    else if (this.list?.source === source) this.list.items.push(...block.items);
    else {
      this.list = { source, items: [...block.items] };
      this.part.push({ ...block, items: this.list.items });
    }
  }

  private close(): void {
    if (this.part.length > 0) this.done.push(this.part);
    this.part = [];
    this.used = 0;
    this.list = undefined;
  }
}

/**
 * The text in parts of at most `maxLength` UTF-16 units of plain text each (at least 64, so that there is room for a list's margin). No word
 * is lost: what the parts' blocks say, one after the other, is what the text said. A cut falls between blocks, paragraphs, lines or words
 * if there is such a place in the second half of a part; never inside a character, a link or a mention, unless that alone is longer than a
 * part. A cut quote, code block or list goes on as one; a cut item keeps its number.
 */
export function splitText(text: RichText, maxLength: number): RichText[] {
  const parts = new Parts(maxLength);
  for (const block of text) for (const of of stretches(block)) parts.add(block, of);
  return parts.end();
}
