// What people type after `/wa` → the entry of the tree and its options; lists and durations inside of options. Pure.
import type { CommandEntry, CommandOption, CommandTree } from '../domain/command.ts';

type Options = Readonly<Record<string, string>>;

/** `group`: the first word stands for several commands and none of them was named. `extra`, `choice`: words that the entry has no use for. */
export type Parsed =
  | { readonly kind: 'entry'; readonly entry: CommandEntry; readonly options: Options }
  | { readonly kind: 'unknown'; readonly word: string }
  | { readonly kind: 'group'; readonly group: string; readonly word: string | undefined }
  | { readonly kind: 'missing'; readonly entry: CommandEntry; readonly option: CommandOption }
  | { readonly kind: 'extra'; readonly entry: CommandEntry; readonly word: string }
  | {
      readonly kind: 'choice';
      readonly entry: CommandEntry;
      readonly option: CommandOption;
      readonly value: string;
    };

/** A piece of the text without blanks outside of quotes; `key` when it begins with a name and a colon. */
interface Token {
  readonly startsAt: number;
  readonly raw: string;
}

const QUOTES = new Set(['"', '“', '”', '„', '‟', '«', '»']);
const BLANK = /\s/u;

/** Reads what was typed; `given` are options that the platform has parsed already. Nothing typed is `help`. */
export function parseCommand(tree: CommandTree, text: string, given: Options = {}): Parsed {
  const plain = withoutLinks(text).trim();
  const tokens = tokensOf(plain);
  const [first, second] = tokens.map(({ raw }) => raw.toLowerCase());
  const ofFirst = tree.entries.filter(({ path }) => path[0] === (first ?? 'help'));
  const single = ofFirst.find(({ path }) => path.length === 1);
  if (single !== undefined) return ofEntry(single, plain, tokens.slice(1), given);
  if (first === undefined || ofFirst.length === 0) return { kind: 'unknown', word: tokens[0]?.raw ?? '' };
  const entry = ofFirst.find(({ path }) => path[1] === second);
  if (entry === undefined) return { kind: 'group', group: first, word: tokens[1]?.raw };
  return ofEntry(entry, plain, tokens.slice(2), given);
}

/** What a client made links of (`<mailto:a@b|a@b>`, `<tel:1|1>`, `<https://c|c>`, `<#C1|channel>`) becomes plain words again. */
function withoutLinks(text: string): string {
  return text
    .replaceAll(/<#[^|<>\s]+\|([^<>]+)>/gu, '#$1')
    .replaceAll(/<(?:mailto:|tel:)?([^@#!|<>\s][^|<>\s]*)(?:\|[^<>]*)?>/gu, '$1');
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    if (BLANK.test(text.charAt(at))) at += 1;
    else {
      const end = endOfToken(text, at);
      tokens.push({ startsAt: at, raw: text.slice(at, end) });
      at = end;
    }
  }
  return tokens;
}

/** A quote that is never closed is a character like others. */
function endOfToken(text: string, startsAt: number): number {
  let at = startsAt;
  while (at < text.length && !BLANK.test(text.charAt(at))) {
    at = (QUOTES.has(text.charAt(at)) ? closingQuote(text, at) : undefined) ?? at;
    at += 1;
  }
  return at;
}

function closingQuote(text: string, openedAt: number): number | undefined {
  for (let at = openedAt + 1; at < text.length; at += 1) if (QUOTES.has(text.charAt(at))) return at;
  return undefined;
}

const isPlace = ({ typed = 'word' }: CommandOption): boolean => typed !== 'key' && typed !== 'after';

function ofEntry(entry: CommandEntry, text: string, tokens: readonly Token[], given: Options): Parsed {
  const found = new Map<string, string[]>();
  const put = (option: CommandOption, raw: string): void => {
    found.set(option.name, [...(found.get(option.name) ?? []), raw]);
  };
  const places = entry.options.filter((option) => isPlace(option) && given[option.name] === undefined);
  // Where words are taken as they stand, `this` is one of them.
  const isLiteral = entry.options.some(({ typed }) => typed === 'rest');
  const chat = isLiteral ? undefined : entry.options.find(({ name, typed }) => name === 'chat' && typed === 'key');
  let place = 0;
  /** The option after whose name words stand now. */
  let open: CommandOption | undefined;
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at];
    if (token === undefined) break;
    const named = namedOption(entry, token.raw, tokens[at + 1]?.raw);
    if (named !== undefined) {
      let value = named.value;
      // `chat:Mia, Leo` goes on after its comma.
      while (value === '' || value.endsWith(',')) {
        const next = tokens[at + 1]?.raw;
        if (next === undefined || namedOption(entry, next, undefined) !== undefined) break;
        value += next;
        at += 1;
      }
      put(named.option, value);
      open = named.isOpen ? named.option : undefined;
      continue;
    }
    if (chat !== undefined && token.raw.toLowerCase() === 'this') {
      put(chat, 'this');
      continue;
    }
    if (open !== undefined) {
      put(open, token.raw);
      continue;
    }
    const option = places[place];
    if (option === undefined) return { kind: 'extra', entry, word: token.raw };
    if (option.typed === 'rest') {
      put(option, text.slice(token.startsAt));
      break;
    }
    put(option, token.raw);
    if (option.typed !== 'words') place += 1;
  }
  return checked(entry, { ...optionsOf(entry, found), ...given });
}

/** `name:value`, and for options that are written so, `name value …`: words up to the next option belong to it. */
function namedOption(
  entry: CommandEntry,
  raw: string,
  next: string | undefined,
): { readonly option: CommandOption; readonly value: string; readonly isOpen: boolean } | undefined {
  const colon = raw.indexOf(':');
  const name = (colon < 0 ? raw : raw.slice(0, colon)).toLowerCase();
  const option = entry.options.find((one) => one.name === name && one.typed !== 'rest');
  if (option === undefined) return undefined;
  if (colon >= 0) return { option, value: raw.slice(colon + 1), isOpen: false };
  return option.typed === 'after' && next !== undefined ? { option, value: '', isOpen: true } : undefined;
}

function optionsOf(entry: CommandEntry, found: ReadonlyMap<string, readonly string[]>): Record<string, string> {
  const options: Record<string, string> = {};
  for (const [name, pieces] of found) {
    const option = entry.options.find((one) => one.name === name);
    // The pieces of a list keep their quotes: `listOf` reads them. What is taken as it stands may hold quotes of its own.
    if (option?.list === true) options[name] = pieces.join(isPlace(option) ? ' ' : ',');
    else if (option?.typed === 'rest') options[name] = pieces.join(' ');
    else options[name] = pieces.map(unquoted).join(' ').trim();
  }
  return options;
}

function checked(entry: CommandEntry, options: Options): Parsed {
  const cleaned: Record<string, string> = {};
  for (const option of entry.options) {
    const value = options[option.name];
    if (value === undefined || value.trim() === '') {
      if (option.required) return { kind: 'missing', entry, option };
      continue;
    }
    if (option.choices === undefined) {
      cleaned[option.name] = value;
      continue;
    }
    const choice = option.choices.find((one) => one === value.trim().toLowerCase());
    if (choice === undefined) return { kind: 'choice', entry, option, value };
    cleaned[option.name] = choice;
  }
  return { kind: 'entry', entry, options: cleaned };
}

function unquoted(text: string): string {
  let plain = '';
  let at = 0;
  while (at < text.length) {
    const closedAt = QUOTES.has(text.charAt(at)) ? closingQuote(text, at) : undefined;
    plain += closedAt === undefined ? text.charAt(at) : text.slice(at + 1, closedAt);
    at = (closedAt ?? at) + 1;
  }
  return plain;
}

/** The parts of a list: split at commas and semicolons outside of quotes; `words`: at blanks too. Empty parts and doubles fall out. */
export function listOf(text: string, splitAt: 'commas' | 'words' = 'commas'): string[] {
  const separator = splitAt === 'commas' ? /[,;]/u : /[,;\s]/u;
  const parts: string[] = [];
  let part = '';
  let at = 0;
  while (at < text.length) {
    const closedAt = QUOTES.has(text.charAt(at)) ? closingQuote(text, at) : undefined;
    if (closedAt === undefined && separator.test(text.charAt(at))) {
      parts.push(part);
      part = '';
    } else part += text.slice(at, (closedAt ?? at) + 1);
    at = (closedAt ?? at) + 1;
  }
  return [...new Set([...parts, part].map((one) => unquoted(one).trim()))].filter((one) => one !== '');
}

const HOUR_MS = 60 * 60_000;
const UNITS: Readonly<Record<string, number>> = { h: HOUR_MS, d: 24 * HOUR_MS, w: 7 * 24 * HOUR_MS };
const LONGEST_MS = 5 * 365 * 24 * HOUR_MS;

/** `4h`, `7d`, `2w`, `1d12h` in milliseconds; undefined for everything else, for nothing at all and for more than five years. */
export function durationMs(text: string): number | undefined {
  const compact = text.toLowerCase().replaceAll(/\s/gu, '');
  if (!/^(?:\d{1,5}[hdw])+$/u.test(compact)) return undefined;
  let total = 0;
  for (const [, count = '', unit = ''] of compact.matchAll(/(\d+)([hdw])/gu))
    total += Number(count) * (UNITS[unit] ?? 0);
  return total > 0 && total <= LONGEST_MS ? total : undefined;
}

/** The user whom a mention means (`<@U1>`, `<@U1|ana>`, `<@!1>`), as the platform names them. */
export function mentioned(word: string): string | undefined {
  return /^<@!?([\dA-Za-z]+)(?:\|[^>]*)?>$/u.exec(word)?.[1];
}
