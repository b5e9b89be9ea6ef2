// Reads a post of the channel back into typed text: formatting as the marks people type, small print apart.
import { emojiNamed } from '../slack/emoji.ts';
import type { JsonObject } from '../slack/json.ts';
import { isObject, objectOf, objectsOf, textOf } from '../slack/json.ts';
import type { Message } from '../slack/index.ts';

/** The words of a message, formatted as `*bold*`, `_italic_`, `~struck~` and `` `code` ``. */
export function drawn(message: Pick<Message, 'blocks' | 'text'>): string {
  const rich = (message.blocks ?? []).filter((block) => block['type'] === 'rich_text');
  if (rich.length === 0) return message.blocks === undefined ? message.text : '';
  return rich.flatMap((block) => objectsOf(block['elements']).map(part)).join('\n');
}

/** The small grey lines of a message. */
export function smallLines(message: Pick<Message, 'blocks'>): string[] {
  const contexts = (message.blocks ?? []).filter((block) => block['type'] === 'context');
  return contexts.flatMap((block) => objectsOf(block['elements']).map((element) => textOf(element['text'])));
}

function part(element: JsonObject): string {
  const children = objectsOf(element['elements']);
  switch (element['type']) {
    case 'rich_text_list':
      return children.map((item) => `- ${inline(item)}`).join('\n');
    case 'rich_text_quote':
      return `> ${inline(element).replaceAll('\n', '\n> ')}`;
    case 'rich_text_preformatted':
      return `\`\`\`${inline(element)}\`\`\``;
    default:
      return inline(element).replace(/\n$/, '');
  }
}

const MARKS = [
  ['bold', '*'],
  ['italic', '_'],
  ['strike', '~'],
  ['code', '`'],
] as const;

function inline(section: JsonObject): string {
  return objectsOf(section['elements'])
    .map((element) => {
      const style = isObject(element['style']) ? objectOf(element['style']) : {};
      const marks = MARKS.filter(([name]) => style[name] === true).map(([, mark]) => mark);
      return `${marks.join('')}${words(element)}${marks.toReversed().join('')}`;
    })
    .join('');
}

function words(element: JsonObject): string {
  switch (element['type']) {
    case 'emoji':
      return character(textOf(element['unicode']));
    case 'link':
      return textOf(element['text']) || textOf(element['url']);
    default:
      return textOf(element['text']);
  }
}

/** The emoji that Slack calls so; `:name:` when there is none. */
export function emojiCalled(name: string): string {
  const emoji = emojiNamed(name);
  return emoji === undefined ? `:${name}:` : character(emoji.unicode);
}

/** `1f44d-1f3fb`, as Slack writes code points. */
function character(unicode: string): string {
  return String.fromCodePoint(...unicode.split('-').map((code) => Number.parseInt(code, 16)));
}
