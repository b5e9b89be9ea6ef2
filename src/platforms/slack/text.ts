// The neutral rich text ⇄ Slack: rich_text blocks both ways, the `text` field, and names. Pure; everything that goes out is literal.
import type { types as slack } from '@slack/bolt';
import { firstCharacters } from '../../domain/characters.ts';
import { mergeInlines } from '../../domain/inline.ts';
import { plainText, type Block, type Inline, type ListItem, type RichText, type Style } from '../../domain/text.ts';
import { unicodeOf } from './emoji.ts';
import { channelText, fromMrkdwn, linkOf, mentionOf, type Names } from './mrkdwn.ts';

export type { Names } from './mrkdwn.ts';

/** Slack draws lists at most this deep. */
const INDENT_MAX = 8;
/** The longest `url` Slack takes in a link; a longer one is shown as words. */
const URL_MAX = 3_000;
const NAME_MAX = 80;

/** `offset` is what Slack's clients send and accept, though its types leave it out: the first number less one. */
type RichTextList = slack.RichTextList & { offset?: number };

// A lone half of a character or a NUL would have the whole call refused.
const sound = (text: string): string => text.toWellFormed().replaceAll('\0', '\uFFFD');

/** Literal text for a `text` field: nothing in it is a mention, a link or a command. */
export function escape(text: string): string {
  return sound(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function styled(style: Style | undefined): { style?: Style } {
  return style === undefined ? {} : { style };
}

function drawInline(inline: Inline): slack.RichTextText | slack.RichTextLink {
  switch (inline.kind) {
    case 'text':
      return { type: 'text', text: sound(inline.text), ...styled(inline.style) };
    case 'link': {
      const label = inline.label === undefined || inline.label === '' ? {} : { text: sound(inline.label) };
      if (inline.url.length <= URL_MAX)
        return { type: 'link', url: sound(inline.url), ...label, ...styled(inline.style) };
      return { type: 'text', text: sound(inline.url), ...styled(inline.style) };
    }
    case 'mention':
      return { type: 'text', text: sound(`@${inline.name}`) };
  }
}

/** Slack refuses empty texts and empty sections. */
function drawInlines(inlines: readonly Inline[], ifEmpty: string): (slack.RichTextText | slack.RichTextLink)[] {
  const drawn = mergeInlines(inlines).map(drawInline);
  return drawn.length === 0 ? [{ type: 'text', text: ifEmpty }] : drawn;
}

/** One list of Slack's has one depth and counts by itself, so a list is cut where depth or counting changes. */
function lists(items: readonly ListItem[], ordered: boolean): RichTextList[] {
  const drawn: RichTextList[] = [];
  let previous: ListItem | undefined;
  for (const item of items) {
    const section: slack.RichTextSection = { type: 'rich_text_section', elements: drawInlines(item.inlines, ' ') };
    const isNext = !ordered || item.number === undefined || item.number === (previous?.number ?? 0) + 1;
    if (previous?.indent === item.indent && isNext) drawn.at(-1)?.elements.push(section);
    else {
      const offset = Math.max(0, (item.number ?? 1) - 1);
      drawn.push({
        type: 'rich_text_list',
        style: ordered ? 'ordered' : 'bullet',
        indent: Math.min(item.indent, INDENT_MAX),
        ...(ordered && offset > 0 ? { offset } : {}),
        elements: [section],
      });
    }
    previous = item;
  }
  return drawn;
}

/** Paragraphs that follow each other become one, for Slack puts no line break between two sections. */
function joined(text: RichText): RichText {
  const blocks: Block[] = [];
  let paragraph: Inline[] | undefined;
  for (const block of text) {
    if (block.kind !== 'paragraph') {
      paragraph = undefined;
      blocks.push(block);
    } else if (paragraph === undefined) {
      paragraph = [...block.inlines];
      blocks.push({ kind: 'paragraph', inlines: paragraph });
    } else {
      paragraph.push({ kind: 'text', text: '\n' });
      for (const inline of block.inlines) paragraph.push(inline);
    }
  }
  return blocks;
}

function drawBlock(block: Block): slack.RichTextBlock['elements'] {
  switch (block.kind) {
    case 'paragraph':
      return [{ type: 'rich_text_section', elements: drawInlines(block.inlines, '\n') }];
    case 'quote':
      return [{ type: 'rich_text_quote', elements: drawInlines(block.inlines, ' ') }];
    case 'code':
      return [{ type: 'rich_text_preformatted', elements: [{ type: 'text', text: sound(block.text) || ' ' }] }];
    case 'list':
      return lists(block.items, block.ordered);
  }
}

/** The text as a block that pings nobody and formats nothing by itself. Not for an empty text: Slack refuses a block without elements. */
export function toRichTextBlock(text: RichText): slack.RichTextBlock {
  return { type: 'rich_text', elements: joined(text).flatMap(drawBlock) };
}

type Json = Readonly<Record<string, unknown>>;

const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const jsons = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isJson) : []);
const string = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const integer = (value: unknown): number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : 0;

function styleOf(element: Json): { style?: Style } {
  const given = isJson(element['style']) ? element['style'] : {};
  const style: Style = {
    ...(given['bold'] === true ? { bold: true } : {}),
    ...(given['italic'] === true ? { italic: true } : {}),
    ...(given['strike'] === true ? { strike: true } : {}),
    ...(given['code'] === true ? { code: true } : {}),
  };
  return Object.keys(style).length === 0 ? {} : { style };
}

function emojiText(element: Json): string {
  const codes = (string(element['unicode']) ?? '').split('-').map((hex) => Number.parseInt(hex, 16));
  if (codes.every((code) => code > 0 && code <= 0x10ffff)) return String.fromCodePoint(...codes);
  const name = string(element['name']) ?? '';
  const tone = integer(element['skin_tone']);
  return unicodeOf(tone > 0 ? `${name}::skin-tone-${tone}` : name) ?? `:${name}:`;
}

function dateText(element: Json): string {
  return string(element['fallback']) ?? new Date(integer(element['timestamp']) * 1000).toUTCString();
}

function inlineOf(element: Json, names: Names): Inline {
  const id = (key: string): string => string(element[key]) ?? '';
  const literal = (text: string): Inline => ({ kind: 'text', text, ...styleOf(element) });
  switch (element['type']) {
    case 'link': {
      const url = id('url');
      return url === '' ? literal(id('text')) : { ...linkOf(url, string(element['text'])), ...styleOf(element) };
    }
    case 'emoji':
      return literal(emojiText(element));
    case 'user':
      return mentionOf(id('user_id'), names);
    case 'channel':
      return literal(channelText(id('channel_id'), names));
    case 'usergroup':
      return literal('@group');
    case 'broadcast':
      return literal(`@${id('range')}`);
    case 'date':
      return literal(dateText(element));
    case 'color':
      return literal(id('value'));
    default:
      return literal(string(element['text']) ?? id('fallback'));
  }
}

/** Slack ends a section with a line break when another element follows it. */
function readInlines(element: Json, isLast: boolean, names: Names): readonly Inline[] {
  const read = jsons(element['elements']).map((inline) => inlineOf(inline, names));
  const end = read.at(-1);
  if (!isLast && end?.kind === 'text' && end.text.endsWith('\n'))
    read.splice(-1, 1, { ...end, text: end.text.slice(0, -1) });
  return mergeInlines(read);
}

function readBlock(element: Json, isLast: boolean, names: Names): Block {
  const inlines = readInlines(element, isLast, names);
  switch (element['type']) {
    case 'rich_text_quote':
      return { kind: 'quote', inlines };
    case 'rich_text_preformatted':
      return { kind: 'code', text: plainText([{ kind: 'paragraph', inlines }]) };
    default:
      return { kind: 'paragraph', inlines };
  }
}

/** Reads the elements of rich_text blocks. Ordered lists keep counting across the deeper lists between their items. */
function readElements(elements: readonly Json[], names: Names): RichText {
  const blocks: Block[] = [];
  let list: { readonly ordered: boolean; readonly items: ListItem[] } | undefined;
  /** The last number used at each depth of the lists that are going on. */
  let counts: number[] = [];

  const readList = (element: Json): void => {
    const ordered = element['style'] === 'ordered';
    const indent = Math.min(integer(element['indent']), INDENT_MAX);
    let number = integer(element['offset']) || (counts[indent] ?? 0);
    if (list?.ordered !== ordered) {
      list = { ordered, items: [] };
      blocks.push({ kind: 'list', ...list });
    }
    for (const section of jsons(element['elements'])) {
      number += 1;
      list.items.push({ indent, ...(ordered ? { number } : {}), inlines: readInlines(section, true, names) });
    }
    counts = counts.slice(0, indent);
    if (ordered) counts[indent] = number;
  };

  elements.forEach((element, index) => {
    if (element['type'] === 'rich_text_list') return readList(element);
    list = undefined;
    counts = [];
    blocks.push(readBlock(element, index === elements.length - 1, names));
  });
  return blocks;
}

/**
 * What a message of Slack's says. Its rich_text blocks tell; without them (files, other apps) its `text` does. Mentions of people carry
 * their user id, everything else that Slack would resolve (channels, groups, `@here`, dates) is written out.
 */
export function fromMessage(
  message: { readonly text: string; readonly blocks?: readonly unknown[] },
  names: Names,
): RichText {
  const blocks = jsons(message.blocks).filter((block) => block['type'] === 'rich_text');
  const read = readElements(
    blocks.flatMap((block) => jsons(block['elements'])),
    names,
  );
  return read.length === 0 ? fromMrkdwn(message.text, names) : read;
}

// Joiners stay between the parts of an emoji; anywhere else they, like all that can't be seen or turns text round, only disguise.
const INVISIBLE =
  /(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F])\u200D|\u200D(?!\p{Extended_Pictographic})|[[\p{Cf}\p{Cs}\p{Co}\u115F\u1160\u2800\u3164\uFFA0]--[\u200D]]/gv;

/**
 * A name fit to stand above a message: one line, nothing invisible, no pile of accents, at most 80 characters, cut between characters as
 * people see them. A name of which nothing remains becomes `Unknown`.
 */
export function cleanName(name: string): string {
  const visible = name
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gv, ' ')
    .replaceAll(INVISIBLE, '')
    .replaceAll(/(\p{M}{3})\p{M}+/gv, '$1')
    .trim();
  return firstCharacters(visible, NAME_MAX).trim() || 'Unknown';
}
