// The values that travel between the stand-in Slack and an app: JSON, and the few ways to look into it safely.

/** A JSON value; an undefined field is one that is left out when written. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;

/** A JSON object. */
export interface JsonObject {
  [field: string]: Json | undefined;
}

/** Whether a value is an object (not an array, not null). */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value as an object, or an empty one. */
export function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/** The value as a list of objects; anything else in it is left out. */
export function objectsOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** The value as text, or an empty text. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Parses JSON; undefined when it isn't any. */
export function parseJson(text: string): Json | undefined {
  try {
    // What JSON.parse returns is JSON by definition.
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
