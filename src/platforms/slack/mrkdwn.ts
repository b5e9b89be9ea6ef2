// Slack's mrkdwn → the neutral rich text, for messages that come without a rich_text block. Pure, and linear in the length.
import { mergeInlines } from '../../domain/inline.ts';
import type { Block, Inline, RichText } from '../../domain/text.ts';
import { unicodeOf } from './emoji.ts';
import { userId } from './ids.ts';

/** How people and channels of the workspace are called, as far as known. */
export interface Names {
  user(id: string): string | undefined;
  channel(id: string): string | undefined;
}

type Marked = 'bold' | 'italic' | 'strike';
const MARKED = new Map<string, Marked>([
  ['*', 'bold'],
  ['_', 'italic'],
  ['~', 'strike'],
]);
const TOKEN = /<([^<>]+)>|`([^`]+)`|:([a-z0-9_+'\-]{1,80}(?:::skin-tone-[2-6](?:-[2-6])?)?):|[*_~]/gv;
const FENCE = '```';
const QUOTE = /^(?:&gt;|>) ?/v;
const ESCAPED = /&(lt|gt|amp);/gv;
const CHARACTERS = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
]);

const unescape = (text: string): string =>
  text.replaceAll(ESCAPED, (_whole, name: string) => CHARACTERS.get(name) ?? '');
const isSpace = (char: string): boolean => char === '' || /\s/v.test(char);
const isWord = (char: string): boolean => /[\p{L}\p{N}]/v.test(char);

/** A person of the workspace, by name; never a ping. */
export function mentionOf(id: string, names: Names): Inline {
  return { kind: 'mention', name: names.user(id) ?? id, user: userId(id) };
}

/** `#name` of a channel. One we don't know, such as somebody's private channel, stays nameless. */
export function channelText(id: string, names: Names): string {
  return `#${names.channel(id) ?? 'channel'}`;
}

/** A link as an agent meant it: an address that Slack linked by itself, or one of a mail or phone, is just its words. */
export function linkOf(url: string, label: string | undefined): Inline {
  if (!URL.canParse(url)) return { kind: 'text', text: label ?? url };
  if (label === undefined || label === '' || label === url) return { kind: 'link', url };
  const address = url.replace(/^(?:https?:\/\/|mailto:|tel:)/v, '');
  if (label === address || `${label}/` === address) return { kind: 'text', text: label };
  return { kind: 'link', url, label };
}

/** What stands between `<` and `>`. */
function bracketed(content: string, names: Names): Inline {
  const bar = content.indexOf('|');
  const target = bar < 0 ? content : content.slice(0, bar);
  const label = bar < 0 ? undefined : unescape(content.slice(bar + 1));
  const id = target.slice(1);
  switch (target.charAt(0)) {
    case '@': {
      const name = names.user(id) ?? label;
      return { kind: 'mention', name: name === undefined || name === '' ? id : name, user: userId(id) };
    }
    case '#':
      return { kind: 'text', text: label === undefined || label === '' ? channelText(id, names) : `#${label}` };
    case '!':
      if (label !== undefined) return { kind: 'text', text: label };
      return { kind: 'text', text: id.startsWith('subteam^') ? '@group' : `@${id}` };
    default:
      return linkOf(unescape(target), label);
  }
}

function inlineOf(token: RegExpMatchArray, names: Names): Inline | undefined {
  const [whole, content, code, emoji] = token;
  if (content !== undefined) return bracketed(content, names);
  if (code !== undefined) return { kind: 'text', text: unescape(code), style: { code: true } };
  if (emoji !== undefined) return { kind: 'text', text: unicodeOf(emoji) ?? whole };
  return undefined;
}

function lineInlines(line: string, names: Names): readonly Inline[] {
  const pieces: Inline[] = [];
  // The piece that is the marker, for each marker that waits for its end.
  const open = new Map<Marked, number>();

  const close = (style: Marked, openAt: number): void => {
    pieces[openAt] = { kind: 'text', text: '' };
    for (let index = openAt; index < pieces.length; index += 1) {
      const piece = pieces[index];
      if (piece !== undefined && piece.kind !== 'mention') {
        pieces[index] = { ...piece, style: { ...piece.style, [style]: true } };
      }
    }
    for (const [other, at] of open) if (at >= openAt) open.delete(other);
  };

  let from = 0;
  for (const token of line.matchAll(TOKEN)) {
    const marker = token[0];
    const end = token.index + marker.length;
    pieces.push({ kind: 'text', text: unescape(line.slice(from, token.index)) });
    from = end;
    const inline = inlineOf(token, names);
    const style = MARKED.get(marker);
    const openAt = style === undefined ? undefined : open.get(style);
    const previous = line.charAt(token.index - 1);
    const next = line.charAt(end);
    const isAlone = previous !== marker && next !== marker;
    if (inline !== undefined) pieces.push(inline);
    else if (style !== undefined && openAt !== undefined && isAlone && !isSpace(previous) && !isWord(next)) {
      close(style, openAt);
    } else {
      if (style !== undefined && openAt === undefined && isAlone && !isSpace(next) && !isWord(previous)) {
        open.set(style, pieces.length);
      }
      pieces.push({ kind: 'text', text: marker });
    }
  }
  pieces.push({ kind: 'text', text: unescape(line.slice(from)) });
  return pieces;
}

function lineBlocks(text: string, names: Names): Block[] {
  const blocks: { readonly kind: 'paragraph' | 'quote'; readonly inlines: Inline[] }[] = [];
  for (const line of text.split('\n')) {
    const kind = QUOTE.test(line) ? 'quote' : 'paragraph';
    const last = blocks.at(-1);
    const inlines = last?.kind === kind ? last.inlines : [];
    if (last?.kind === kind) inlines.push({ kind: 'text', text: '\n' });
    else blocks.push({ kind, inlines });
    for (const inline of lineInlines(line.replace(QUOTE, ''), names)) inlines.push(inline);
  }
  return blocks.map(({ kind, inlines }) => ({ kind, inlines: mergeInlines(inlines) }));
}

/** A fence's content is literal, but addresses in it are still bracketed and characters still escaped. */
function codeText(code: string): string {
  const bare = code.replaceAll(/<([^<>\|]+)(?:\|([^<>]*))?>/gv, (_whole, url: string, label?: string) => label ?? url);
  return unescape(bare).replace(/^\n/v, '').replace(/\n$/v, '');
}

/** What a message's `text` means. `:names:` of standard emoji become Unicode, those of a workspace's own stay. */
export function fromMrkdwn(text: string, names: Names): RichText {
  const blocks: Block[] = [];
  let from = 0;
  let open = text.indexOf(FENCE);
  while (open >= 0) {
    const close = text.indexOf(FENCE, open + FENCE.length);
    if (close < 0) break;
    const code = text.slice(open + FENCE.length, close);
    if (code.trim() === '') open = close;
    else {
      const before = text.slice(from, open).replace(/\n$/v, '');
      if (before !== '') for (const block of lineBlocks(before, names)) blocks.push(block);
      blocks.push({ kind: 'code', text: codeText(code) });
      from = close + FENCE.length;
      if (text.charAt(from) === '\n') from += 1;
      open = text.indexOf(FENCE, from);
    }
  }
  return from < text.length ? [...blocks, ...lineBlocks(text.slice(from), names)] : blocks;
}
