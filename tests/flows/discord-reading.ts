// What a Discord client shows of markdown: the words, and which styles are in them. Written for tests, apart from the program's own reading.
import type { Style } from './workspace.ts';

export interface Reading {
  readonly words: string;
  readonly styles: ReadonlySet<Style>;
}

const PUNCTUATION = /[!-\/:-@\[-`\{-~]/v;
const MARKS: readonly [string, Style | undefined][] = [
  ['**', 'bold'],
  ['~~', 'strike'],
  ['||', undefined],
  ['__', undefined],
  ['*', 'italic'],
  ['_', 'italic'],
];

/** Reads a message's markdown. Links come out as `[label](address)`, bare ones as `[address](address)`. */
export function readMarkdown(markdown: string): Reading {
  const styles = new Set<Style>();
  const words = markdown
    .split(/(```[\s\S]*?```)/)
    .map((part, index) => {
      if (index % 2 === 0)
        return part
          .split('\n')
          .map((line) => readLine(line, styles))
          .join('\n');
      styles.add('code');
      return part.slice(3, -3).replace(/^\n/, '').replace(/\n$/, '');
    })
    .join('');
  return { words, styles };
}

function readLine(line: string, styles: Set<Style>): string {
  const start = /^(?:(> )|(-# )|(\s*(?:[*-]|\d+\.) )|(#{1,3} ))/.exec(line);
  if (start?.[1] !== undefined) styles.add('quote');
  if (start?.[3] !== undefined) styles.add('list');
  return readInline(line.slice(start?.[0].length ?? 0), styles);
}

function readInline(text: string, styles: Set<Style>): string {
  let out = '';
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const one = piece(rest, styles);
    out += one.words;
    at += one.length;
  }
  return out;
}

function piece(rest: string, styles: Set<Style>): { readonly words: string; readonly length: number } {
  const [first = '', second = ''] = rest;
  if (first === '\\' && PUNCTUATION.test(second)) return { words: second, length: 2 };
  const code = /^(`{1,2})(.+?)\1(?!`)/.exec(rest);
  if (code !== null) {
    styles.add('code');
    return { words: code[2] ?? '', length: code[0].length };
  }
  const masked = /^\[((?:\\.|[^\]\\])+)\]\(<?(https?:\/\/[^\s<>)]+)>?\)/.exec(rest);
  if (masked !== null)
    return { words: `[${readInline(masked[1] ?? '', styles)}](${masked[2]})`, length: masked[0].length };
  const bare = /^<(https?:\/\/[^\s<>]+)>/.exec(rest) ?? /^(https?:\/\/[^\s<>)]+)/.exec(rest);
  if (bare !== null) return { words: `[${bare[1]}](${bare[1]})`, length: bare[0].length };
  for (const [mark, style] of MARKS) {
    const closes = rest.startsWith(mark) ? closingOf(rest, mark) : -1;
    if (closes === -1) continue;
    if (style !== undefined) styles.add(style);
    return { words: readInline(rest.slice(mark.length, closes), styles), length: closes + mark.length };
  }
  const [character = ''] = Array.from(rest.slice(0, 2));
  return { words: character, length: character.length };
}

/** Where the words after a mark end; -1 when nothing closes it, so that it's shown as it is. */
function closingOf(rest: string, mark: string): number {
  for (let at = mark.length; at < rest.length; at += 1) {
    if (rest[at] === '\\') at += 1;
    else if (at > mark.length && rest.startsWith(mark, at) && rest[at + mark.length] !== mark[0]) return at;
  }
  return -1;
}
