// The values that travel between the stand-in Discord and an app: JSON, and the few ways to look into it safely.

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

/** The value as a list of texts; ids given as numbers are taken as well. */
export function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

/** The value as a number, or 0; Discord takes numbers written as text. */
export function numberOf(value: unknown): number {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : 0;
}

/** An id or another short value as text: ids may come as numbers. */
export function wordOf(value: unknown): string {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : textOf(value);
}

/** A number as the member of an enum, or as a sum of its flags; the enums of discord-api-types name only single flags. */
export function enumOf<Enum extends number>(value: number): Enum {
  return value as Enum;
}

/** The value as a set of permission bits; none when it isn't a number or a text of digits. */
export function bitsOf(value: unknown): bigint {
  const text = typeof value === 'number' ? String(value) : textOf(value);
  return /^\d+$/.test(text) ? BigInt(text) : 0n;
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
