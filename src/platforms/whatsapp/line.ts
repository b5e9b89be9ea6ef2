// One line of WhatsApp text: its markers, code, links and mentions ⇄ inlines. Pure, and linear in the length of the line.
import type { PersonAddress } from '../../domain/ids.ts';
import type { Inline, Style } from '../../domain/text.ts';

/** Who an `@digits` in a text stands for. Without `person` only the name is shown. */
export interface Mentioned {
  readonly name: string;
  readonly person?: PersonAddress;
}

type Marked = 'bold' | 'italic' | 'strike';
const MARKERS: readonly (readonly [Marked, string])[] = [
  ['bold', '*'],
  ['italic', '_'],
  ['strike', '~'],
];
const MARKED = new Map(MARKERS.map(([style, marker]) => [marker, style]));
/** Encloses code, also over several lines. */
export const FENCE = '```';

const SPACE = /\s/v;
// Emoji selectors and enclosing marks belong to symbols, not to words.
const WORD = /[[\p{L}\p{N}\p{M}]--[\uFE00-\uFE0F\u20D0-\u20FF]]/v;
const URL_HEAD = /^https?:\/\//iv;
// Besides white space: what no client puts in a link, and what hides or turns text round.
const URL_STOP = /[\s\p{Cc}\p{Cf}\p{Cs}<>"`\{\}\|\\^]/v;
const URL_TAIL = new Set(".,;:!?'*_~]…");

function charBefore(text: string, at: number): string {
  const pair = text.slice(Math.max(0, at - 2), at);
  return pair.length === 2 && (pair.codePointAt(0) ?? 0) > 0xffff ? pair : pair.slice(-1);
}

function charAt(text: string, at: number): string {
  const code = text.codePointAt(at);
  return code === undefined ? '' : String.fromCodePoint(code);
}

const isSpace = (char: string): boolean => char === '' || SPACE.test(char);
const isWord = (char: string): boolean => char !== '' && WORD.test(char);

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Where the URL that starts at `at` ends, and whether it is one. */
function urlAt(text: string, at: number): { readonly end: number; readonly isValid: boolean } | undefined {
  if (isWord(charBefore(text, at)) || !URL_HEAD.test(text.slice(at, at + 8))) return undefined;
  let end = at;
  let surplus = 0;
  for (let char = charAt(text, end); char !== '' && !URL_STOP.test(char); char = charAt(text, end)) {
    if (char === '(') surplus -= 1;
    if (char === ')') surplus += 1;
    end += char.length;
  }
  for (; end > at; end -= 1) {
    const char = text.charAt(end - 1);
    if (char === ')' && surplus > 0) surplus -= 1;
    else if (!URL_TAIL.has(char)) break;
  }
  return { end, isValid: URL.canParse(text.slice(at, end)) };
}

/** Reads one line: markers, code, links and mentions. */
class LineReader {
  private readonly line: string;
  private readonly mentions: ReadonlyMap<string, Mentioned>;
  private readonly pieces: Inline[] = [];
  /** The piece that begins with the marker, for each marker that waits for its end. */
  private readonly open = new Map<Marked, number>();
  private at = 0;
  private literalFrom = 0;
  private closingTick = 0;

  constructor(line: string, mentions: ReadonlyMap<string, Mentioned>) {
    this.line = line;
    this.mentions = mentions;
  }

  read(): readonly Inline[] {
    while (this.at < this.line.length) {
      const char = this.line.charAt(this.at);
      const style = MARKED.get(char);
      if (style !== undefined) this.marker(char, style);
      else if (char === '`') this.ticks();
      else if (char === '@') this.mention();
      else if (char === 'h' || char === 'H') this.link();
      else this.at += 1;
    }
    this.flush();
    return this.pieces;
  }

  private flush(): void {
    const text = this.line.slice(this.literalFrom, this.at);
    if (text !== '') this.pieces.push({ kind: 'text', text });
    this.literalFrom = this.at;
  }

  private take(inline: Inline, end: number): void {
    this.flush();
    this.pieces.push(inline);
    this.at = end;
    this.literalFrom = end;
  }

  private run(char: string): number {
    let end = this.at;
    while (this.line.charAt(end) === char) end += 1;
    return end - this.at;
  }

  /** A doubled marker means nothing; a single one opens in front of a word's start and closes behind a word's end. */
  private marker(char: string, style: Marked): void {
    const length = this.run(char);
    const previous = charBefore(this.line, this.at);
    const next = charAt(this.line, this.at + length);
    const openAt = this.open.get(style);
    if (length === 1 && openAt !== undefined && !isSpace(previous) && !isWord(next)) return this.close(style, openAt);
    if (length === 1 && openAt === undefined && !isSpace(next) && !isWord(previous)) {
      this.flush();
      this.open.set(style, this.pieces.length);
    }
    this.at += length;
  }

  private close(style: Marked, openAt: number): void {
    this.flush();
    this.at += 1;
    this.literalFrom = this.at;
    for (const [other, at] of this.open) if (at >= openAt) this.open.delete(other);
    for (let index = openAt; index < this.pieces.length; index += 1) {
      const piece = this.pieces[index];
      if (piece === undefined || piece.kind === 'mention') continue;
      const styled = { ...piece, style: { ...piece.style, [style]: true } };
      const isOpener = index === openAt && styled.kind === 'text';
      this.pieces[index] = isOpener ? { ...styled, text: styled.text.slice(1) } : styled;
    }
  }

  private ticks(): void {
    if (this.line.startsWith(FENCE, this.at)) {
      const end = this.line.indexOf(FENCE, this.at + FENCE.length);
      const text = end < 0 ? '' : this.line.slice(this.at + FENCE.length, end);
      if (text.trim() === '') this.at += FENCE.length;
      else this.take({ kind: 'text', text, style: { code: true } }, end + FENCE.length);
      return;
    }
    const length = this.run('`');
    const end = length === 1 ? this.tickAfter() : -1;
    if (end < 0) this.at += length;
    else this.take({ kind: 'text', text: this.line.slice(this.at + 1, end), style: { code: true } }, end + 1);
  }

  /** The tick that ends the code beginning here, or -1. No stretch of the line is searched twice. */
  private tickAfter(): number {
    if (isSpace(charAt(this.line, this.at + 1)) || isWord(charBefore(this.line, this.at))) return -1;
    let at = Math.max(this.closingTick, this.at + 2);
    while (at < this.line.length && !this.endsCode(at)) at += 1;
    this.closingTick = at;
    return at < this.line.length ? at : -1;
  }

  private endsCode(at: number): boolean {
    if (this.line.charAt(at) !== '`' || this.line.charAt(at - 1) === '`' || this.line.charAt(at + 1) === '`')
      return false;
    return !isSpace(charBefore(this.line, at)) && !isWord(charAt(this.line, at + 1));
  }

  private mention(): void {
    let end = this.at + 1;
    while (isDigit(this.line.charCodeAt(end))) end += 1;
    const mentioned = this.mentions.get(this.line.slice(this.at + 1, end));
    if (mentioned === undefined) this.at = end;
    else this.take({ kind: 'mention', ...mentioned }, end);
  }

  private link(): void {
    const url = urlAt(this.line, this.at);
    if (url === undefined) this.at += 1;
    else if (url.isValid) this.take({ kind: 'link', url: this.line.slice(this.at, url.end) }, url.end);
    else this.at = url.end;
  }
}

/** What one line (no line break in it) means. Pieces of the same style may stand side by side. */
export function readLine(line: string, mentions: ReadonlyMap<string, Mentioned>): readonly Inline[] {
  return new LineReader(line, mentions).read();
}

/** A piece of a line on its way out: what it says, without markers. */
export interface Piece {
  readonly text: string;
  readonly style: Style;
}

/** Puts markers round a piece, if WhatsApp would take them for markers there: else the words go out without. */
function mark(text: string, marker: string, previous: string, next: string): string {
  const core = text.trim();
  if (core === '' || core.includes(marker)) return text;
  const start = text.indexOf(core);
  const end = start + core.length;
  const outside = [start > 0 ? ' ' : previous, end < text.length ? ' ' : next];
  if (outside.some((char) => isWord(char) || char === marker.charAt(0))) return text;
  return `${text.slice(0, start)}${marker}${core}${marker}${text.slice(end)}`;
}

function markCode(text: string, previous: string, next: string): string {
  const core = text.trim();
  if (core.startsWith('`') || core.endsWith('`')) return text;
  return mark(text, core.includes('`') ? FENCE : '`', previous, next);
}

/** Draws the pieces with the markers from `level` on: the outermost first, so that markers never cross. */
function draw(pieces: readonly Piece[], level: number, previous: string, next: string): string {
  const [style, marker] = MARKERS[level] ?? [];
  let drawn = '';
  let before = previous;
  for (let from = 0; from < pieces.length;) {
    const first = pieces[from];
    if (first === undefined) break;
    let to = from + 1;
    if (style !== undefined) while (to < pieces.length && pieces[to]?.style[style] === first.style[style]) to += 1;
    const follows = to < pieces.length ? charAt(pieces[to]?.text ?? '', 0) : next;
    if (style === undefined) drawn += first.style.code === true ? markCode(first.text, before, follows) : first.text;
    else {
      const inner = draw(pieces.slice(from, to), level + 1, before, follows);
      drawn += marker !== undefined && first.style[style] === true ? mark(inner, marker, before, follows) : inner;
    }
    const last = pieces[to - 1]?.text ?? '';
    before = charBefore(last, last.length);
    from = to;
  }
  return drawn;
}

/** One line with its markers. They hug words; where WhatsApp would show a marker as typed, the style is dropped. */
export function drawLine(pieces: readonly Piece[]): string {
  return draw(pieces, 0, '', '');
}
