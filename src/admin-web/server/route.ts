// A route of /api/v1 as one value: its checks, its handler and its page in the OpenAPI document all come from it.
import { z } from 'zod';
import { badInput } from './errors.ts';
import type { By } from '../../store/audit.ts';
import type { Actor, Viewer, WebParts } from './parts.ts';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** One request, checked. */
export interface Call<Q = unknown, B = unknown> {
  readonly parts: WebParts;
  readonly viewer: Viewer;
  /** Who does it: for Access. */
  readonly actor: Actor;
  /** The same, for the Bridge. */
  readonly by: By;
  /** The `:names` of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Q;
  readonly body: B;
}

interface RouteSpec<Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType> {
  readonly method: Method;
  /** Under `/api/v1`, with `:name` for what varies. */
  readonly path: string;
  readonly summary: string;
  /** `agent`: everybody who is signed in, about their own Chats. */
  readonly who: 'agent' | 'admin';
  readonly query?: Q;
  readonly body?: B;
  /** Absent: the answer is 204 without a body. */
  readonly response?: R;
  /** 200 when absent. */
  readonly status?: 201 | 202;
  readonly handle: (call: Call<z.output<Q>, z.output<B>>) => Promise<z.input<R>>;
  /** The whole list as text/csv, piece by piece, for whoever prefers that (`Accept`) or asks for it (`?format=csv`, to be in `query`). */
  readonly csv?: (call: Call<z.output<Q>, z.output<B>>) => Promise<AsyncIterable<string>>;
}

const nothing = z.strictObject({});

/** A route whose handler's types are sealed in: whoever serves it checks query and body with its schemas first. */
export interface Route extends Omit<RouteSpec<z.ZodType, z.ZodType, z.ZodType>, 'handle' | 'query' | 'body' | 'csv'> {
  readonly query: z.ZodType;
  readonly body: z.ZodType;
  readonly handle: (call: Call) => Promise<unknown>;
  readonly csv?: (call: Call) => Promise<AsyncIterable<string>>;
}

export function route<
  R extends z.ZodType = z.ZodVoid,
  Q extends z.ZodType = typeof nothing,
  B extends z.ZodType = typeof nothing,
>(spec: RouteSpec<Q, B, R>): Route {
  const { handle, csv, query = nothing, body = nothing, ...rest } = spec;
  const sealed = (call: Call) => call as Call<z.output<Q>, z.output<B>>;
  return {
    ...rest,
    query,
    body,
    handle: (call) => handle(sealed(call)),
    ...(csv === undefined ? {} : { csv: (call: Call) => csv(sealed(call)) }),
  };
}

/** What every list takes. */
export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional(),
});

/** What every list answers. */
export const listOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({ items: z.array(item), nextCursor: z.string().nullable() });

/** Text that can be stored: PostgreSQL has no place for NUL. */
export const text = (longest: number) =>
  z
    .string()
    .max(longest)
    .refine((value) => !value.includes('\0'), 'holds a NUL character');

/** A name that people read: something, on one line. */
export const nameText = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(200)
  .refine((value) => !/\p{Cc}/u.test(value), 'must be on one line');

/** Several words in one parameter, separated by commas. */
export const commaList = <T extends string>(words: readonly [T, ...T[]]) =>
  z
    .string()
    .max(500)
    .transform((value) => value.split(','))
    .pipe(z.array(z.enum(words)));

/** A place in a list as an opaque string. */
export const writeCursor = (place: unknown): string => Buffer.from(JSON.stringify(place)).toString('base64url');

/** Reads what `writeCursor` wrote. Throws a Problem for anything else. */
export function readCursor<T extends z.ZodType>(schema: T, cursor: string | undefined): z.output<T> | undefined {
  if (cursor === undefined) return undefined;
  const result = schema.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString()));
  if (result.success) return result.data;
  throw badInput([{ path: 'cursor', message: 'is none that this list gave' }]);
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** One page of rows that were asked for with one more than `limit`; `placeOf` tells where the next page begins. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  placeOf: (row: Row) => unknown,
  show: (row: Row) => Item,
): { items: Item[]; nextCursor: string | null } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const nextCursor = rows.length > limit && last !== undefined ? writeCursor(placeOf(last)) : null;
  return { items: page.map(show), nextCursor };
}

/** One page of a list so short that it's read whole, by a key that orders it. */
export function pageOfAll<Row, Item>(
  rows: readonly Row[],
  query: z.output<typeof pageQuery>,
  keyOf: (row: Row) => string,
  show: (row: Row) => Item,
): { items: Item[]; nextCursor: string | null } {
  const after = readCursor(z.string(), query.cursor);
  const rest = after === undefined ? rows : rows.slice(rows.findIndex((row) => keyOf(row) === after) + 1);
  return pageOf(rest, query.limit, keyOf, show);
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The id of a row from a path or body; undefined when it can't be one. */
export const asRowId = <T extends string>(value: string | undefined): T | undefined =>
  value !== undefined && UUID.test(value) ? (value.toLowerCase() as T) : undefined;

export const iso = (at: Date | null): string | null => at?.toISOString() ?? null;
export const time = z.iso.datetime();
