// Discord's markdown → the neutral rich text. Pure, and linear in the length.
import { mergeInlines } from '../../domain/inline.ts';
import type { Block, Inline, ListItem, RichText, Style } from '../../domain/text.ts';
import { userId } from './ids.ts';

/** How people, roles and channels named in a message are called, as far as known. */
export interface Names {
  user(id: string): string | undefined;
  channel(id: string): string | undefined;
}

type Marked = keyof Style;

const MARKERS = new Map<string, readonly Marked[]>([
  ['***', ['bold', 'italic']],
  ['**', ['bold']],
  ['*', ['italic']],
  // Underlined has no like on the other side.
  ['__', []],
  ['_', ['italic']],
  ['~~', ['strike']],
  // A spoiler is shown.
  ['||', []],
]);

const TOKEN =
  /\\([^0-9A-Za-z\s])|``([^\n]+?)``|`([^`\n]+)`|<(https?:\/\/[^\s<>]+)>|<@!?(\d+)>|<@&(\d+)>|<#(\d+)>|<a?:(\w+):\d+>|<t:(-?\d+)(?::\w)?>|<\/([^:>]+):\d+>|\[([^\[\]\n]+)\]\(<?(https?:\/\/[^\s<>\)]+)>?(?: "[^"\n]*")?\)|(https?:\/\/[^\s<>]*[^\s<>.,:;!?"'\)\]])|\*{1,3}|_{1,2}|~~|\|\|/gv;

const isSpace = (char: string): boolean => char === '' || /\s/v.test(char);
const isWord = (char: string): boolean => /[\p{L}\p{N}]/v.test(char);
const text = (words: string, style?: Style): Inline => ({ kind: 'text', text: words, ...(style ? { style } : {}) });

function inlineOf(token: RegExpMatchArray, names: Names): Inline | undefined {
  const [, escaped, code2, code1, bracketed, user, role, channel, emoji, time, command, label, url, bare] = token;
  if (escaped !== undefined) return text(escaped);
  const code = code2 ?? code1;
  if (code !== undefined) return text(code, { code: true });
  const address = bracketed ?? bare;
  if (address !== undefined) return { kind: 'link', url: address };
  if (user !== undefined) return { kind: 'mention', name: names.user(user) ?? user, user: userId(user) };
  if (role !== undefined) return text('@group');
  if (channel !== undefined) return text(`#${names.channel(channel) ?? 'channel'}`);
  if (emoji !== undefined) return text(`:${emoji}:`);
  if (time !== undefined) return text(dateText(Number(time)));
  if (command !== undefined) return text(`/${command}`);
  if (label !== undefined && url !== undefined) return { kind: 'link', url, label };
  return undefined;
}

function dateText(seconds: number): string {
  const at = new Date(seconds * 1000);
  return Number.isNaN(at.getTime()) ? '' : at.toUTCString();
}

/** A line's pieces; markers without a partner are literal. */
function lineInlines(line: string, names: Names): readonly Inline[] {
  const pieces: Inline[] = [];
  // The piece that is the marker, for each marker that waits for its end.
  const open = new Map<string, number>();

  const close = (marker: string, openAt: number): void => {
    pieces[openAt] = text('');
    for (let index = openAt; index < pieces.length; index += 1) {
      const piece = pieces[index];
      if (piece === undefined || piece.kind === 'mention') continue;
      const style: { -readonly [Key in Marked]?: true } = { ...piece.style };
      for (const marked of MARKERS.get(marker) ?? []) style[marked] = true;
      if (Object.keys(style).length > 0) pieces[index] = { ...piece, style };
    }
    for (const [other, at] of open) if (at >= openAt) open.delete(other);
  };

  let from = 0;
  for (const token of line.matchAll(TOKEN)) {
    const [whole] = token;
    const end = token.index + whole.length;
    pieces.push(text(line.slice(from, token.index)));
    from = end;
    const inline = inlineOf(token, names);
    if (inline !== undefined) {
      pieces.push(inline);
      continue;
    }
    const openAt = open.get(whole);
    const previous = line.charAt(token.index - 1);
    const next = line.charAt(end);
    const isUnderscore = whole.startsWith('_');
    if (whole === '***' && openAt === undefined && open.has('*') && open.has('**')) {
      // Ends two that were opened apart, the inner one first.
      const both = ['*', '**'].map((marker) => [marker, open.get(marker) ?? 0] as const);
      for (const [marker, at] of both.sort(([, one], [, other]) => other - one)) close(marker, at);
      continue;
    }
    if (openAt !== undefined && !isSpace(previous) && !(isUnderscore && isWord(next))) close(whole, openAt);
    else {
      if (openAt === undefined && !isSpace(next) && !(isUnderscore && isWord(previous))) open.set(whole, pieces.length);
      pieces.push(text(whole));
    }
  }
  pieces.push(text(line.slice(from)));
  return pieces;
}

interface Line {
  readonly kind: 'paragraph' | 'quote' | 'bullet' | 'number';
  readonly words: string;
  readonly indent: number;
  readonly number: number;
  readonly isBold: boolean;
}

const ITEM = /^(\s*)(?:([\-*])|(\d{1,9})\.) (.+)$/v;
const HEADING = /^#{1,3} (.+)$/v;
const SMALL = /^-# (.+)$/v;

function readLine(line: string, inQuote: boolean): Line {
  const plain = { kind: 'paragraph', words: line, indent: 0, number: 1, isBold: false } as const;
  if (inQuote) return { ...plain, kind: 'quote' };
  if (line.startsWith('> ')) return { ...plain, kind: 'quote', words: line.slice(2) };
  const item = ITEM.exec(line);
  if (item !== null) {
    const [, spaces = '', bullet, number = '1', words = ''] = item;
    const kind = bullet === undefined ? 'number' : 'bullet';
    return { ...plain, kind, words, indent: Math.floor(spaces.length / 2), number: Number(number) };
  }
  const heading = HEADING.exec(line);
  if (heading !== null) return { ...plain, words: heading[1] ?? '', isBold: true };
  return { ...plain, words: SMALL.exec(line)?.[1] ?? line };
}

function emboldened(inlines: readonly Inline[]): readonly Inline[] {
  return inlines.map((inline) =>
    inline.kind === 'mention' ? inline : { ...inline, style: { ...inline.style, bold: true as const } },
  );
}

type Open =
  | { readonly kind: 'paragraph' | 'quote'; readonly inlines: Inline[] }
  | { readonly kind: 'list'; readonly ordered: boolean; readonly items: ListItem[] };

function lineBlocks(source: string, names: Names): readonly Block[] {
  const blocks: Open[] = [];
  let inQuote = false;
  for (const raw of source.split('\n')) {
    const opensQuote: boolean = !inQuote && raw.startsWith('>>> ');
    inQuote ||= opensQuote;
    const line = readLine(opensQuote ? raw.slice(4) : raw, inQuote);
    const read = mergeInlines(lineInlines(line.words, names));
    const inlines = line.isBold ? emboldened(read) : read;
    const last = blocks.at(-1);
    switch (line.kind) {
      case 'paragraph':
      case 'quote':
        if (last?.kind === line.kind) last.inlines.push(text('\n'), ...inlines);
        else blocks.push({ kind: line.kind, inlines: [...inlines] });
        break;
      case 'bullet':
      case 'number': {
        const ordered = line.kind === 'number';
        const item = { indent: line.indent, ...(ordered ? { number: line.number } : {}), inlines };
        if (last?.kind === 'list' && last.ordered === ordered) last.items.push(item);
        else blocks.push({ kind: 'list', ordered, items: [item] });
        break;
      }
    }
  }
  return blocks.map((block) => (block.kind === 'list' ? block : { ...block, inlines: mergeInlines(block.inlines) }));
}

const FENCE = '```';

/** What a message's `content` means. */
export function fromMarkdown(content: string, names: Names): RichText {
  const blocks: Block[] = [];
  let from = 0;
  const take = (words: string): void => {
    if (words.trim() !== '') blocks.push(...lineBlocks(words, names));
  };
  for (let open = content.indexOf(FENCE); open >= 0; open = content.indexOf(FENCE, from)) {
    const close = content.indexOf(FENCE, open + FENCE.length);
    if (close < 0) break;
    take(content.slice(from, open).replace(/\n$/v, ''));
    const code = content.slice(open + FENCE.length, close).replace(/^[\w+.\-]*\n/v, '');
    blocks.push({ kind: 'code', text: code.replace(/\n$/v, '') });
    from = close + FENCE.length;
    if (content.charAt(from) === '\n') from += 1;
  }
  take(content.slice(from));
  return blocks;
}
