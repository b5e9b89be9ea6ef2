// Checks a rich_text block: its sections, lists, quotes and preformatted parts, and the elements inside.
import type { Report } from './block-elements.ts';
import { isObject, objectOf, textOf } from './json.ts';
import type { Json, JsonObject } from './json.ts';

const PARTS = new Set(['rich_text_section', 'rich_text_list', 'rich_text_quote', 'rich_text_preformatted']);
const STYLES = new Set(['bold', 'italic', 'strike', 'code', 'underline', 'highlight', 'client_highlight', 'unlink']);
const RANGES = new Set(['here', 'channel', 'everyone']);
/** Deepest list indent Slack takes. */
const MAX_INDENT = 8;

/** Checks the elements of a rich_text block. */
export function checkRichText(elements: Json | undefined, where: string, report: Report): void {
  if (!Array.isArray(elements)) {
    report('missing required field: elements', where);
    return;
  }
  for (const [index, part] of elements.entries()) checkPart(objectOf(part), `${where}/${index}`, report);
}

function checkPart(part: JsonObject, where: string, report: Report): void {
  const type = textOf(part['type']);
  if (!PARTS.has(type)) {
    report(`unsupported type: ${type}`, `${where}/type`);
    return;
  }
  const elements = part['elements'];
  if (!Array.isArray(elements)) {
    report('missing required field: elements', where);
    return;
  }
  const inside = elements.map((element, index) => ({ element: objectOf(element), at: `${where}/elements/${index}` }));
  if (type === 'rich_text_list') {
    if (part['style'] !== 'bullet' && part['style'] !== 'ordered')
      report('must be a valid enum value', `${where}/style`);
    const indent = part['indent'];
    if (indent !== undefined && (typeof indent !== 'number' || indent < 0 || indent > MAX_INDENT)) {
      report(`must be between 0 and ${MAX_INDENT}`, `${where}/indent`);
    }
    for (const { element, at } of inside) {
      if (element['type'] !== 'rich_text_section') report('unsupported type in list', `${at}/type`);
      else checkPart(element, at, report);
    }
    return;
  }
  for (const { element, at } of inside) checkInline(element, at, type === 'rich_text_preformatted', report);
}

function checkInline(element: JsonObject, where: string, preformatted: boolean, report: Report): void {
  const type = textOf(element['type']);
  if (preformatted && type !== 'text' && type !== 'link') {
    report(`unsupported type: ${type}`, `${where}/type`);
    return;
  }
  if (isObject(element['style'])) {
    for (const name of Object.keys(element['style'])) {
      if (!STYLES.has(name)) report(`invalid additional property: ${name}`, `${where}/style`);
    }
  }
  switch (type) {
    case 'text':
      present(element, 'text', where, report);
      return;
    case 'link':
      present(element, 'url', where, report);
      if (!/^[a-z][a-z0-9+.-]*:/i.test(textOf(element['url']))) report('invalid url', `${where}/url`);
      return;
    case 'emoji':
      present(element, 'name', where, report);
      return;
    case 'user':
      matching(element, 'user_id', /^[UW][A-Z0-9]+$/, where, report);
      return;
    case 'channel':
      matching(element, 'channel_id', /^[CDG][A-Z0-9]+$/, where, report);
      return;
    case 'usergroup':
      matching(element, 'usergroup_id', /^S[A-Z0-9]+$/, where, report);
      return;
    case 'broadcast':
      if (!RANGES.has(textOf(element['range']))) report('must be a valid enum value', `${where}/range`);
      return;
    case 'date':
      if (typeof element['timestamp'] !== 'number') report('missing required field: timestamp', where);
      present(element, 'format', where, report);
      return;
    case 'color':
      matching(element, 'value', /^#[0-9a-f]{6}$/i, where, report);
      return;
    case 'team':
      present(element, 'team_id', where, report);
      return;
    default:
      report(`unsupported type: ${type}`, `${where}/type`);
  }
}

function present(element: JsonObject, name: string, where: string, report: Report): void {
  if (typeof element[name] !== 'string') report(`missing required field: ${name}`, where);
  else if (element[name] === '') report('must be more than 0 characters', `${where}/${name}`);
}

function matching(element: JsonObject, name: string, pattern: RegExp, where: string, report: Report): void {
  if (!pattern.test(textOf(element[name]))) report(`invalid ${name}`, `${where}/${name}`);
}
