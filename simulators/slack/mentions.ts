// Reads a message as Slack would show it: whom it notifies and which links it carries, so that tests can forbid both.
import { CONTROL, unescapeText } from './escape.ts';
import { isObject, objectOf, objectsOf, textOf } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import type { ShownLink } from './types.ts';

/** What a message does beyond showing text. */
export interface Effects {
  readonly pings: string[];
  readonly links: ShownLink[];
}

const BROADCASTS = new Set(['channel', 'here', 'everyone', 'group']);
const BARE_LINK = /(?<![<|\w])https?:\/\/[^\s<>|]+/gi;
const BARE_BROADCAST = /(?<![\w<!@])@(channel|here|everyone)\b/g;

/**
 * The effects of a message. Its `text` counts for notifications even when blocks are shown in its place, so mentions in it are always
 * taken; its links only when there are no blocks. `linkNames` is the caller's `link_names` or `parse: full`.
 */
export function effectsOf(message: {
  readonly text: string;
  readonly blocks: readonly JsonObject[] | undefined;
  readonly attachments?: readonly JsonObject[] | undefined;
  readonly linkNames?: boolean;
}): Effects {
  const effects: Effects = { pings: [], links: [] };
  const shown = message.blocks !== undefined && message.blocks.length > 0;
  readMrkdwn(message.text, { pings: effects.pings, links: shown ? [] : effects.links }, message.linkNames ?? false);
  for (const block of message.blocks ?? []) readBlock(block, effects);
  for (const attachment of message.attachments ?? []) {
    for (const field of ['pretext', 'text', 'title']) readMrkdwn(textOf(attachment[field]), effects, false);
    for (const field of objectsOf(attachment['fields'])) readMrkdwn(textOf(field['value']), effects, false);
    for (const block of objectsOf(attachment['blocks'])) readBlock(block, effects);
    const link = textOf(attachment['title_link']);
    if (link !== '') effects.links.push({ url: link, text: textOf(attachment['title']) });
  }
  return { pings: [...new Set(effects.pings)], links: effects.links };
}

function readMrkdwn(text: string, effects: Effects, linkNames: boolean): void {
  for (const match of text.matchAll(CONTROL)) {
    const target = match[1] ?? '';
    const label = match[2]?.slice(1);
    if (target.startsWith('@')) effects.pings.push(target.slice(1));
    else if (target.startsWith('!')) readSpecial(target.slice(1), effects);
    else if (!target.startsWith('#')) {
      effects.links.push({ url: unescapeText(target), text: unescapeText(label ?? target) });
    }
  }
  const rest = text.replaceAll(CONTROL, ' ');
  for (const [url] of rest.matchAll(BARE_LINK)) effects.links.push({ url: unescapeText(url), text: unescapeText(url) });
  if (!linkNames) return;
  for (const match of rest.matchAll(BARE_BROADCAST)) effects.pings.push(match[1] ?? '');
}

function readSpecial(command: string, effects: Effects): void {
  const [name = '', argument] = command.split('^');
  if (BROADCASTS.has(name)) effects.pings.push(name === 'group' ? 'channel' : name);
  if (name === 'subteam' && argument !== undefined) effects.pings.push(argument);
}

function readBlock(block: JsonObject, effects: Effects): void {
  if (block['type'] === 'rich_text') {
    readRich(block['elements'], effects);
    return;
  }
  for (const value of Object.values(block)) readComposition(value, effects);
}

/** Every mrkdwn text object, wherever it stands in a block; the documentation has unverbatim ones linkify bare names as well. */
function readComposition(value: Json | undefined, effects: Effects): void {
  if (Array.isArray(value)) {
    for (const item of value) readComposition(item, effects);
    return;
  }
  if (!isObject(value)) return;
  if (value['type'] === 'mrkdwn') {
    readMrkdwn(textOf(value['text']), effects, value['verbatim'] !== true);
    return;
  }
  if (value['type'] === 'plain_text') return;
  if (typeof value['url'] === 'string' && value['type'] === 'button') {
    effects.links.push({ url: value['url'], text: textOf(objectOf(value['text'])['text']) });
  }
  for (const inner of Object.values(value)) readComposition(inner, effects);
}

function readRich(elements: Json | undefined, effects: Effects): void {
  for (const element of objectsOf(elements)) {
    switch (element['type']) {
      case 'user':
        effects.pings.push(textOf(element['user_id']));
        break;
      case 'usergroup':
        effects.pings.push(textOf(element['usergroup_id']));
        break;
      case 'broadcast':
        effects.pings.push(textOf(element['range']));
        break;
      case 'link': {
        const url = textOf(element['url']);
        const text = textOf(element['text']);
        effects.links.push({ url, text: text === '' ? url : text });
        break;
      }
      default:
        readRich(element['elements'], effects);
    }
  }
}
