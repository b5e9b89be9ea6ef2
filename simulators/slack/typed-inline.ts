// The inside of a typed line: styles, code, links, mentions and emoji, as text and as rich_text elements.
import { emojiNamed, splitEmoji } from './emoji.ts';
import { escapeText } from './escape.ts';
import type { JsonObject } from './json.ts';

/** Who and what can be mentioned by name. */
export interface Names {
  /** `@` names (without the sign) and the user they mean; longer names first. */
  readonly people: readonly { readonly name: string; readonly id: string }[];
  readonly channels: ReadonlyMap<string, string>;
}

/** A typed line in both forms. */
export interface Inline {
  readonly text: string;
  readonly elements: JsonObject[];
}

type StyleName = 'bold' | 'italic' | 'strike';

const MARKS: Readonly<Record<string, StyleName>> = { '*': 'bold', _: 'italic', '~': 'strike' };
const LINK = /^https?:\/\/[^\s<>|]+[^\s<>|.,;:!?'")\]*_~`]/i;
const EMAIL = /^[\w.+-]+@[\w-]+(?:\.[\w-]+)+/;
/** Slack links these without a scheme too. */
const BARE_DOMAIN = /^(?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|app|de|co)(?:\/[^\s<>|]*)?(?![\w@.-])/i;

/** Reads one line or several lines of the same kind. */
export function typedInline(typed: string, names: Names, styles: readonly StyleName[] = []): Inline {
  const output: { text: string; elements: JsonObject[] } = { text: '', elements: [] };
  let plain = '';
  const flush = (): void => {
    if (plain !== '') addPlain(output, plain, styles);
    plain = '';
  };
  let at = 0;
  while (at < typed.length) {
    const rest = typed.slice(at);
    const before = at === 0 ? '' : (typed[at - 1] ?? '');
    const found = tokenAt(rest, before, names, styles);
    if (found === undefined) {
      plain += typed[at];
      at += 1;
      continue;
    }
    flush();
    output.text += found.text;
    output.elements.push(...found.elements);
    at += found.length;
  }
  flush();
  return output;
}

interface Token extends Inline {
  readonly length: number;
}

function tokenAt(rest: string, before: string, names: Names, styles: readonly StyleName[]): Token | undefined {
  const isStart = before === '' || /[\s([{"'*_~]/.test(before);
  return (
    codeAt(rest, styles) ??
    (isStart ? styledAt(rest, names, styles) : undefined) ??
    (isStart ? linkAt(rest, styles) : undefined) ??
    (isStart ? mentionAt(rest, names) : undefined) ??
    emojiAt(rest)
  );
}

function codeAt(rest: string, styles: readonly StyleName[]): Token | undefined {
  const match = /^`([^`\n]+)`/.exec(rest);
  if (match === null) return undefined;
  const code = match[1] ?? '';
  const style = { ...styleOf(styles), code: true };
  return { length: match[0].length, text: `\`${escapeText(code)}\``, elements: [{ type: 'text', text: code, style }] };
}

function styledAt(rest: string, names: Names, styles: readonly StyleName[]): Token | undefined {
  const mark = rest[0] ?? '';
  const style = MARKS[mark];
  if (style === undefined || styles.includes(style)) return undefined;
  const sign = `[${mark}]`;
  const match = new RegExp(`^${sign}(?=\\S)([^\\n]*?\\S)${sign}(?![\\p{L}\\p{N}])`, 'u').exec(rest);
  if (match === null) return undefined;
  const inner = typedInline(match[1] ?? '', names, [...styles, style]);
  return { length: match[0].length, text: `${mark}${inner.text}${mark}`, elements: inner.elements };
}

function linkAt(rest: string, styles: readonly StyleName[]): Token | undefined {
  const style = styles.length === 0 ? {} : { style: styleOf(styles) };
  const link = LINK.exec(rest)?.[0];
  if (link !== undefined) {
    return { length: link.length, text: `<${escapeText(link)}>`, elements: [{ type: 'link', url: link, ...style }] };
  }
  const email = EMAIL.exec(rest)?.[0];
  if (email !== undefined) {
    const element = { type: 'link', url: `mailto:${email}`, text: email, ...style };
    return { length: email.length, text: `<mailto:${email}|${email}>`, elements: [element] };
  }
  const domain = BARE_DOMAIN.exec(rest)?.[0];
  if (domain === undefined) return undefined;
  const element = { type: 'link', url: `http://${domain}`, text: domain, ...style };
  return { length: domain.length, text: `<http://${domain}|${domain}>`, elements: [element] };
}

function mentionAt(rest: string, names: Names): Token | undefined {
  const range = /^@(here|channel|everyone)\b/.exec(rest)?.[1];
  if (range !== undefined) {
    return { length: range.length + 1, text: `<!${range}>`, elements: [{ type: 'broadcast', range }] };
  }
  if (rest.startsWith('@')) {
    const person = names.people.find(({ name }) => rest.toLowerCase().startsWith(`@${name.toLowerCase()}`));
    if (person === undefined) return undefined;
    const elements = [{ type: 'user', user_id: person.id }];
    return { length: person.name.length + 1, text: `<@${person.id}>`, elements };
  }
  const channel = /^#([\p{L}\p{N}_-]+)/u.exec(rest)?.[1];
  const id = channel === undefined ? undefined : names.channels.get(channel);
  if (channel === undefined || id === undefined) return undefined;
  return { length: channel.length + 1, text: `<#${id}|${channel}>`, elements: [{ type: 'channel', channel_id: id }] };
}

function emojiAt(rest: string): Token | undefined {
  const match = /^:([a-z0-9_+'-]+(?:::skin-tone-[2-6])?):/.exec(rest);
  const emoji = emojiNamed(match?.[1] ?? '');
  if (match === null || emoji === undefined) return undefined;
  return { length: match[0].length, text: match[0], elements: [emojiElement(emoji)] };
}

function addPlain(output: { text: string; elements: JsonObject[] }, plain: string, styles: readonly StyleName[]): void {
  for (const part of splitEmoji(plain)) {
    if (typeof part === 'string') {
      output.text += escapeText(part);
      output.elements.push({ type: 'text', text: part, ...(styles.length === 0 ? {} : { style: styleOf(styles) }) });
    } else {
      output.text += `:${part.name}:`;
      output.elements.push(emojiElement(part));
    }
  }
}

function emojiElement(emoji: { readonly name: string; readonly unicode: string }): JsonObject {
  const [name = '', tone] = emoji.name.split('::skin-tone-');
  return { type: 'emoji', name, unicode: emoji.unicode, ...(tone === undefined ? {} : { skin_tone: Number(tone) }) };
}

function styleOf(styles: readonly StyleName[]): JsonObject {
  return Object.fromEntries(styles.map((style) => [style, true]));
}
