// A form as a person sends it: what they filled in, in the shape of the form.
import { ComponentType } from 'discord-api-types/v10';
import type { Modal } from './interactions.ts';
import { objectOf, objectsOf, textOf } from './json.ts';
import type { JsonObject } from './json.ts';

/** A value of one field. */
export type Filled = string | readonly string[] | boolean;

/** The components of a submitted form. Throws where the client wouldn't let it be sent. */
export function filledForm(modal: Modal, values: Readonly<Record<string, Filled>>): JsonObject[] {
  let id = 0;
  const next = (): number => {
    id += 1;
    return id;
  };
  const used = new Set<string>();
  const field = (component: JsonObject): JsonObject => {
    const customId = textOf(component['custom_id']);
    used.add(customId);
    const head = { type: component['type'], id: next(), custom_id: customId };
    return { ...head, ...filled(component, values[customId]) };
  };
  const components = modal.components.map((component): JsonObject => {
    const { type } = component;
    const own = next();
    if (type === ComponentType.Label) return { type, id: own, component: field(objectOf(component['component'])) };
    if (type === ComponentType.TextDisplay) return { type, id: own };
    return { type, id: own, components: objectsOf(component['components']).map(field) };
  });
  const strange = Object.keys(values).find((customId) => !used.has(customId));
  if (strange !== undefined) throw new Error(`the form has no field ${strange}`);
  return components;
}

function filled(component: JsonObject, given: Filled | undefined): JsonObject {
  const name = textOf(component['custom_id']);
  switch (component['type']) {
    case ComponentType.TextInput: {
      const value = given === undefined ? textOf(component['value']) : String(given);
      const [min, max] = [Number(component['min_length'] ?? 0), Number(component['max_length'] ?? 4_000)];
      if (value === '' && component['required'] !== false) throw new Error(`${name} is required`);
      if (value !== '' && (value.length < min || value.length > max))
        throw new Error(`${name} must have ${min} to ${max} characters`);
      return { value };
    }
    case ComponentType.RadioGroup: {
      const preset = objectsOf(component['options']).find((option) => option['default'] === true);
      const value = given === undefined ? (preset?.['value'] ?? null) : String(given);
      if (value === null && component['required'] !== false) throw new Error(`${name} is required`);
      return { value };
    }
    case ComponentType.Checkbox:
      return { value: given === undefined ? component['default'] === true : given === true };
    default: {
      const preset = objectsOf(component['options']).filter((option) => option['default'] === true);
      const values = given === undefined ? preset.map((option) => textOf(option['value'])) : [given].flat().map(String);
      const offered = objectsOf(component['options']).map((option) => textOf(option['value']));
      if (offered.length > 0 && values.some((value) => !offered.includes(value)))
        throw new Error(`${name} has no such option`);
      if (values.length === 0 && component['required'] !== false) throw new Error(`${name} is required`);
      return { values };
    }
  }
}
