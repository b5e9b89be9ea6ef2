// Filling in blocks: finding the element behind an action_id, and the state a form is submitted with.
import { isObject, objectOf, objectsOf, textOf } from './json.ts';
import type { Json, JsonObject } from './json.ts';

/** Values by action_id: text, or several for multi-selects and checkboxes. */
export type Filled = Readonly<Record<string, string | readonly string[] | number>>;

/** The `actions` entry of clicking an element; undefined when there is none with this action_id. */
export function findAction(blocks: readonly JsonObject[], actionId: string, value?: string): JsonObject | undefined {
  for (const block of blocks) {
    for (const element of elementsOf(block)) {
      if (element['action_id'] !== actionId) continue;
      const base = { action_id: actionId, block_id: block['block_id'], type: element['type'] };
      if (element['type'] === 'button') {
        const own = value ?? element['value'];
        return { ...base, text: element['text'], ...(own === undefined ? {} : { value: own }) };
      }
      return { ...base, ...stateOf(element, value) };
    }
  }
  return undefined;
}

/** The values of every element that has a state, as `{ block_id: { action_id: … } }`. */
export function filledValues(blocks: readonly JsonObject[], filled: Filled): JsonObject {
  const values: JsonObject = {};
  const known = new Set<string>();
  for (const block of blocks) {
    for (const element of elementsOf(block)) {
      const actionId = textOf(element['action_id']);
      known.add(actionId);
      if (actionId === '' || element['type'] === 'button') continue;
      const state = { type: element['type'], ...stateOf(element, filled[actionId]) };
      values[textOf(block['block_id'])] = { ...objectOf(values[textOf(block['block_id'])]), [actionId]: state };
    }
  }
  for (const actionId of Object.keys(filled)) {
    if (!known.has(actionId)) throw new Error(`the form has no field ${actionId}`);
  }
  return values;
}

function elementsOf(block: JsonObject): JsonObject[] {
  const several =
    block['type'] === 'actions' || block['type'] === 'context_actions' ? objectsOf(block['elements']) : [];
  return [...several, ...[block['accessory'], block['element']].filter(isObject)];
}

function stateOf(element: JsonObject, given: string | readonly string[] | number | undefined): JsonObject {
  const one = Array.isArray(given) ? given[0] : given;
  const many = given === undefined ? undefined : [given].flat().map(String);
  switch (element['type']) {
    case 'static_select':
    case 'external_select':
    case 'radio_buttons':
    case 'overflow':
      return {
        selected_option: one === undefined ? (element['initial_option'] ?? null) : option(element, String(one)),
      };
    case 'multi_static_select':
    case 'multi_external_select':
    case 'checkboxes':
      return { selected_options: many?.map((value) => option(element, value)) ?? element['initial_options'] ?? [] };
    case 'users_select':
      return { selected_user: one ?? element['initial_user'] ?? null };
    case 'multi_users_select':
      return { selected_users: many ?? element['initial_users'] ?? [] };
    case 'conversations_select':
      return { selected_conversation: one ?? element['initial_conversation'] ?? null };
    case 'multi_conversations_select':
      return { selected_conversations: many ?? element['initial_conversations'] ?? [] };
    case 'channels_select':
      return { selected_channel: one ?? element['initial_channel'] ?? null };
    case 'multi_channels_select':
      return { selected_channels: many ?? element['initial_channels'] ?? [] };
    case 'datepicker':
      return { selected_date: one ?? element['initial_date'] ?? null };
    case 'timepicker':
      return { selected_time: one ?? element['initial_time'] ?? null };
    case 'datetimepicker':
      return { selected_date_time: one ?? element['initial_date_time'] ?? null };
    default:
      return { value: one === undefined || one === '' ? (element['initial_value'] ?? null) : String(one) };
  }
}

function option(element: JsonObject, value: string): Json {
  const groups = objectsOf(element['option_groups']).flatMap((group) => objectsOf(group['options']));
  const found = [...objectsOf(element['options']), ...groups].find((candidate) => candidate['value'] === value);
  if (found !== undefined) return found;
  if (textOf(element['type']).includes('external'))
    return { text: { type: 'plain_text', text: value, emoji: true }, value };
  throw new Error(`the menu has no option ${value}`);
}
