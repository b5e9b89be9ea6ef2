// Checks text objects and interactive elements (buttons, menus, inputs) against Slack's documented limits.
import { isObject, objectOf, objectsOf, textOf } from './json.ts';
import type { Json, JsonObject } from './json.ts';

/** Takes a problem and the JSON pointer of its place. */
export type Report = (problem: string, where: string) => void;

const LIMITS = {
  actionId: 255,
  buttonText: 75,
  buttonValue: 2_000,
  url: 3_000,
  optionText: 75,
  optionValue: 150,
  placeholder: 150,
  options: 100,
  overflowOptions: 5,
  checkOptions: 10,
  accessibility: 75,
  confirmTitle: 100,
  confirmText: 300,
  confirmButton: 30,
};

const MENUS = new Set([
  'static_select',
  'multi_static_select',
  'external_select',
  'multi_external_select',
  'users_select',
  'multi_users_select',
  'conversations_select',
  'multi_conversations_select',
  'channels_select',
  'multi_channels_select',
]);

const OTHERS = new Set([
  'plain_text_input',
  'email_text_input',
  'url_text_input',
  'number_input',
  'datepicker',
  'timepicker',
  'datetimepicker',
  'radio_buttons',
  'checkboxes',
  'file_input',
  'rich_text_input',
  'workflow_button',
  'icon_button',
  'feedback_buttons',
]);

/** Checks a text object. */
export function checkText(
  value: Json | undefined,
  where: string,
  rule: { readonly kind: 'plain_text' | 'any'; readonly max: number },
  report: Report,
): void {
  if (!isObject(value)) {
    report('must be an object', where);
    return;
  }
  const type = textOf(value['type']);
  if (type !== 'plain_text' && (rule.kind === 'plain_text' || type !== 'mrkdwn'))
    report(`unsupported type: ${type}`, where);
  const allowed = type === 'mrkdwn' ? ['type', 'text', 'verbatim'] : ['type', 'text', 'emoji'];
  for (const name of Object.keys(value)) {
    if (!allowed.includes(name)) report(`invalid additional property: ${name}`, where);
  }
  const length = textOf(value['text']).length;
  if (length === 0) report('must be more than 0 characters', `${where}/text`);
  if (length > rule.max) report(`must be less than ${rule.max + 1} characters`, `${where}/text`);
}

/** Checks an interactive element. */
export function checkElement(element: JsonObject, where: string, report: Report): void {
  const type = textOf(element['type']);
  atMost(element['action_id'], LIMITS.actionId, `${where}/action_id`, report);
  if (element['confirm'] !== undefined) checkConfirm(objectOf(element['confirm']), `${where}/confirm`, report);
  if (element['placeholder'] !== undefined) {
    checkText(element['placeholder'], `${where}/placeholder`, { kind: 'plain_text', max: LIMITS.placeholder }, report);
  }
  if (type === 'button') checkButton(element, where, report);
  else if (type === 'overflow') checkOptions(element['options'], `${where}/options`, LIMITS.overflowOptions, report);
  else if (MENUS.has(type)) checkMenu(type, element, where, report);
  else if (type === 'radio_buttons' || type === 'checkboxes') {
    checkOptions(element['options'], `${where}/options`, LIMITS.checkOptions, report);
  } else if (!OTHERS.has(type)) report(`unsupported type: ${type}`, `${where}/type`);
}

function checkButton(button: JsonObject, where: string, report: Report): void {
  checkText(button['text'], `${where}/text`, { kind: 'plain_text', max: LIMITS.buttonText }, report);
  atMost(button['value'], LIMITS.buttonValue, `${where}/value`, report);
  atMost(button['url'], LIMITS.url, `${where}/url`, report);
  atMost(button['accessibility_label'], LIMITS.accessibility, `${where}/accessibility_label`, report);
  if (button['style'] !== undefined && button['style'] !== 'primary' && button['style'] !== 'danger') {
    report('must be a valid enum value', `${where}/style`);
  }
  const allowed = ['type', 'text', 'action_id', 'url', 'value', 'style', 'confirm', 'accessibility_label'];
  for (const name of Object.keys(button)) {
    if (!allowed.includes(name)) report(`invalid additional property: ${name}`, where);
  }
}

function checkMenu(type: string, menu: JsonObject, where: string, report: Report): void {
  if (!type.endsWith('static_select')) return;
  if (menu['option_groups'] === undefined) {
    checkOptions(menu['options'], `${where}/options`, LIMITS.options, report);
    return;
  }
  for (const [index, group] of objectsOf(menu['option_groups']).entries()) {
    const at = `${where}/option_groups/${index}`;
    checkText(group['label'], `${at}/label`, { kind: 'plain_text', max: LIMITS.optionText }, report);
    checkOptions(group['options'], `${at}/options`, LIMITS.options, report);
  }
}

function checkOptions(value: Json | undefined, where: string, max: number, report: Report): void {
  const options = objectsOf(value);
  if (options.length === 0) report('must provide an array with at least 1 item', where);
  if (options.length > max) report(`no more than ${max} items allowed`, where);
  for (const [index, option] of options.entries()) {
    const at = `${where}/${index}`;
    checkText(option['text'], `${at}/text`, { kind: 'any', max: LIMITS.optionText }, report);
    if (option['description'] !== undefined) {
      checkText(option['description'], `${at}/description`, { kind: 'any', max: LIMITS.optionText }, report);
    }
    atMost(option['value'], LIMITS.optionValue, `${at}/value`, report);
  }
}

function checkConfirm(confirm: JsonObject, where: string, report: Report): void {
  checkText(confirm['title'], `${where}/title`, { kind: 'plain_text', max: LIMITS.confirmTitle }, report);
  checkText(confirm['text'], `${where}/text`, { kind: 'any', max: LIMITS.confirmText }, report);
  for (const name of ['confirm', 'deny']) {
    if (confirm[name] === undefined) continue;
    checkText(confirm[name], `${where}/${name}`, { kind: 'plain_text', max: LIMITS.confirmButton }, report);
  }
}

function atMost(value: Json | undefined, max: number, where: string, report: Report): void {
  if (textOf(value).length > max) report(`must be less than ${max + 1} characters`, where);
}
