// Checks blocks and views against Slack's documented limits; each error names its place as Slack's answers do.
import { checkElement, checkText } from './block-elements.ts';
import type { Report } from './block-elements.ts';
import { checkRichText } from './rich-text.ts';
import { isObject, objectOf, textOf } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import type { StoredFile } from './types.ts';

const LIMITS = {
  messageBlocks: 50,
  viewBlocks: 100,
  blockId: 255,
  section: 3_000,
  field: 2_000,
  fields: 10,
  header: 150,
  contextElements: 10,
  actionElements: 25,
  label: 2_000,
  altText: 2_000,
  url: 3_000,
  markdown: 12_000,
  viewTitle: 24,
  privateMetadata: 3_000,
  callbackId: 255,
};

/** Fields a block may have besides `type` and `block_id`. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  section: ['text', 'fields', 'accessory', 'expand'],
  divider: [],
  header: ['text', 'level'],
  context: ['elements'],
  actions: ['elements'],
  image: ['image_url', 'slack_file', 'alt_text', 'title'],
  input: ['label', 'element', 'dispatch_action', 'hint', 'optional'],
  rich_text: ['elements'],
  markdown: ['text'],
  file: ['external_id', 'source', 'file', 'file_id'],
  video: [
    'alt_text',
    'author_name',
    'description',
    'provider_icon_url',
    'provider_name',
    'title',
    'title_url',
    'thumbnail_url',
    'video_url',
  ],
  table: ['rows', 'column_settings'],
  context_actions: ['elements'],
};

/** What to check against. */
export interface CheckOptions {
  /** JSON pointer of the list. */
  readonly where: string;
  readonly surface: 'message' | 'view';
  readonly files: ReadonlyMap<string, StoredFile>;
}

/** The errors found, the whole length of the texts, and the blocks with a block_id each. */
export interface Checked {
  readonly errors: string[];
  readonly textLength: number;
  readonly blocks: JsonObject[];
}

/** Checks a list of blocks. */
export function checkBlocks(blocks: readonly unknown[], options: CheckOptions): Checked {
  const errors: string[] = [];
  const report: Report = (problem, where) => errors.push(`${problem} [json-pointer:${where}]`);
  const max = options.surface === 'message' ? LIMITS.messageBlocks : LIMITS.viewBlocks;
  if (blocks.length > max) report(`no more than ${max} items allowed`, options.where);
  const ids = new Set<string>();
  const kept: JsonObject[] = [];
  for (const [index, block] of blocks.entries()) {
    const where = `${options.where}/${index}`;
    if (!isObject(block)) {
      report('must be an object', where);
      continue;
    }
    checkBlock(block, where, options, report);
    const id = textOf(block['block_id']);
    if (id !== '' && ids.has(id)) report('block_id already exists', `${where}/block_id`);
    ids.add(id);
    kept.push({ ...block, block_id: id === '' ? newBlockId() : id });
  }
  return { errors, textLength: textLength(kept), blocks: kept };
}

/** Checks a modal or home tab. */
export function checkView(view: JsonObject, files: ReadonlyMap<string, StoredFile>): string[] {
  const errors: string[] = [];
  const report: Report = (problem, where) => errors.push(`${problem} [json-pointer:${where}]`);
  const isModal = view['type'] === 'modal';
  if (!isModal && view['type'] !== 'home') report('unsupported type', '/view/type');
  if (isModal) checkText(view['title'], '/view/title', { kind: 'plain_text', max: LIMITS.viewTitle }, report);
  for (const name of ['submit', 'close']) {
    if (view[name] !== undefined)
      checkText(view[name], `/view/${name}`, { kind: 'plain_text', max: LIMITS.viewTitle }, report);
  }
  if (textOf(view['private_metadata']).length > LIMITS.privateMetadata) {
    report(`must be less than ${LIMITS.privateMetadata + 1} characters`, '/view/private_metadata');
  }
  if (textOf(view['callback_id']).length > LIMITS.callbackId) {
    report(`must be less than ${LIMITS.callbackId + 1} characters`, '/view/callback_id');
  }
  const blocks = view['blocks'];
  if (!Array.isArray(blocks)) {
    report('missing required field: blocks', '/view');
    return errors;
  }
  errors.push(...checkBlocks(blocks, { where: '/view/blocks', surface: 'view', files }).errors);
  const hasInput = blocks.some((block) => isObject(block) && block['type'] === 'input');
  if (isModal && hasInput && view['submit'] === undefined) report('missing required field: submit', '/view');
  return errors;
}

function checkBlock(block: JsonObject, where: string, options: CheckOptions, report: Report): void {
  const type = textOf(block['type']);
  const fields = FIELDS[type];
  if (fields === undefined) {
    report(`unsupported type: ${type}`, `${where}/type`);
    return;
  }
  for (const name of Object.keys(block)) {
    if (name !== 'type' && name !== 'block_id' && !fields.includes(name)) {
      report(`invalid additional property: ${name}`, where);
    }
  }
  if (textOf(block['block_id']).length > LIMITS.blockId)
    report('must be less than 256 characters', `${where}/block_id`);
  checkContent(type, block, where, options, report);
}

function checkContent(type: string, block: JsonObject, where: string, options: CheckOptions, report: Report): void {
  switch (type) {
    case 'section':
      checkSection(block, where, report);
      return;
    case 'header':
      checkText(block['text'], `${where}/text`, { kind: 'plain_text', max: LIMITS.header }, report);
      return;
    case 'context':
      for (const [element, at] of listed(block['elements'], `${where}/elements`, LIMITS.contextElements, report)) {
        if (element['type'] === 'image') checkImage(element, at, options, report);
        else checkText(element, at, { kind: 'any', max: LIMITS.section }, report);
      }
      return;
    case 'actions': {
      const ids = new Set<string>();
      for (const [element, at] of listed(block['elements'], `${where}/elements`, LIMITS.actionElements, report)) {
        checkElement(element, at, report);
        const id = textOf(element['action_id']);
        if (id !== '' && ids.has(id)) report('action_id already exists', `${at}/action_id`);
        ids.add(id);
      }
      return;
    }
    case 'image':
      checkImage(block, where, options, report);
      return;
    case 'input':
      checkText(block['label'], `${where}/label`, { kind: 'plain_text', max: LIMITS.label }, report);
      if (block['hint'] !== undefined) {
        checkText(block['hint'], `${where}/hint`, { kind: 'plain_text', max: LIMITS.label }, report);
      }
      if (isObject(block['element'])) checkElement(block['element'], `${where}/element`, report);
      else report('missing required field: element', where);
      return;
    case 'rich_text':
      checkRichText(block['elements'], `${where}/elements`, report);
      return;
    case 'markdown':
      if (textOf(block['text']).length > LIMITS.markdown) report('must be less than 12001 characters', `${where}/text`);
      return;
    default:
  }
}

function checkSection(block: JsonObject, where: string, report: Report): void {
  if (block['text'] === undefined && block['fields'] === undefined) report('missing required field: text', where);
  if (block['text'] !== undefined)
    checkText(block['text'], `${where}/text`, { kind: 'any', max: LIMITS.section }, report);
  if (block['fields'] !== undefined) {
    for (const [field, at] of listed(block['fields'], `${where}/fields`, LIMITS.fields, report)) {
      checkText(field, at, { kind: 'any', max: LIMITS.field }, report);
    }
  }
  if (isObject(block['accessory']) && block['accessory']['type'] !== 'image') {
    checkElement(block['accessory'], `${where}/accessory`, report);
  }
}

function checkImage(image: JsonObject, where: string, options: CheckOptions, report: Report): void {
  if (textOf(image['alt_text']) === '') report('missing required field: alt_text', where);
  if (textOf(image['alt_text']).length > LIMITS.altText)
    report('must be less than 2001 characters', `${where}/alt_text`);
  const url = textOf(image['image_url']);
  const slackFile = objectOf(image['slack_file']);
  if (image['slack_file'] !== undefined) {
    const named = [...options.files.values()].some(
      (file) =>
        file.completed && !file.deleted && (file.id === slackFile['id'] || textOf(slackFile['url']).includes(file.id)),
    );
    if (!named) report('invalid slack file', `${where}/slack_file`);
    return;
  }
  if (url.length > LIMITS.url) report('must be less than 3001 characters', `${where}/image_url`);
  if (!/^https?:\/\/\S+$/.test(url)) report('downloading image failed', `${where}/image_url`);
}

function listed(value: Json | undefined, where: string, max: number, report: Report): [JsonObject, string][] {
  if (!Array.isArray(value) || value.length === 0) {
    report('must provide an array with at least 1 item', where);
    return [];
  }
  if (value.length > max) report(`no more than ${max} items allowed`, where);
  return value.map((item, index) => [objectOf(item), `${where}/${index}`]);
}

/** A block_id as Slack gives one to a block without. */
export function newBlockId(): string {
  return Math.random().toString(36).slice(2, 7).padEnd(5, 'x');
}

function textLength(value: Json | undefined): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + textLength(item), 0);
  if (!isObject(value)) return 0;
  const own = typeof value['text'] === 'string' ? value['text'].length : 0;
  return own + Object.values(value).reduce<number>((sum, item) => sum + textLength(item), 0);
}
