// One Web API call: its arguments, its refusals, and the parts of the simulator a method may use.
import { checkBlocks } from '../blocks.ts';
import { isObject, parseJson } from '../json.ts';
import type { Json, JsonObject } from '../json.ts';
import type { Faults, Tier } from '../faults.ts';
import type { Interactions } from '../interactions.ts';
import type { Sockets } from '../socket-mode.ts';
import type { Workspace } from '../state.ts';
import type { Channel, Message, User } from '../types.ts';

/** What the methods work on. */
export interface Parts {
  readonly workspace: Workspace;
  readonly faults: Faults;
  readonly sockets: Sockets;
  readonly interactions: Interactions;
}

/** `ok: false`, with its error string and what goes with it. */
export class Refusal extends Error {
  readonly code: string;
  readonly extra: JsonObject;

  constructor(code: string, extra: JsonObject = {}) {
    super(code);
    this.code = code;
    this.extra = extra;
  }
}

/** The arguments of a call, from a form or from JSON. */
export class Args {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  get values(): Readonly<Record<string, unknown>> {
    return this.#values;
  }

  has(name: string): boolean {
    return this.#values[name] !== undefined && this.#values[name] !== null;
  }

  /** The text of an argument; empty when absent. */
  text(name: string): string {
    const value = this.#values[name];
    if (typeof value === 'string') return value;
    return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
  }

  /** The text of an argument that must be there. */
  required(name: string): string {
    const value = this.text(name);
    if (value !== '') return value;
    throw new Refusal('invalid_arguments', {
      response_metadata: { messages: [`[ERROR] missing required field: ${name}`] },
    });
  }

  flag(name: string): boolean {
    return ['true', '1'].includes(this.text(name));
  }

  number(name: string, otherwise: number): number {
    const value = Number(this.text(name));
    return this.has(name) && Number.isFinite(value) ? value : otherwise;
  }

  /** The ids of a comma-separated argument. */
  list(name: string): string[] {
    const value = this.#values[name];
    const parts = Array.isArray(value) ? value.map(String) : this.text(name).split(',');
    return parts.map((part) => part.trim()).filter((part) => part !== '');
  }

  /** An argument that is JSON, also inside a form; undefined when absent or no JSON. */
  json(name: string): Json | undefined {
    const value = this.#values[name];
    if (typeof value === 'string') return parseJson(value);
    // What isn't text came out of a JSON body.
    return value as Json | undefined;
  }

  object(name: string): JsonObject | undefined {
    const value = this.json(name);
    return isObject(value) ? value : undefined;
  }
}

/** A call with its arguments. */
export interface Call extends Parts {
  readonly args: Args;
  readonly token: string | undefined;
  /** `id:secret` of a Basic authorisation. */
  readonly basicAuth: string | undefined;
}

/** A method: which token it wants, which of the scopes suffices, and what it does. */
export interface Method {
  readonly token: 'bot' | 'app' | 'either' | 'none';
  readonly scopes: readonly string[];
  readonly tier: Tier;
  run(call: Call): JsonObject | Promise<JsonObject>;
}

/** Refuses when the token lacks a scope. */
export function requireScope(call: Call, ...anyOf: string[]): void {
  const { scopes } = call.workspace;
  if (anyOf.length === 0 || anyOf.some((scope) => scopes.has(scope))) return;
  throw new Refusal('missing_scope', { needed: anyOf.join(','), provided: [...scopes].join(',') });
}

/** The scope of a family for this kind of conversation, as `groups:read`. */
export function scopeFor(channel: Channel, right: 'read' | 'history' | 'write'): string {
  if (channel.kind === 'im') return `im:${right}`;
  if (channel.kind === 'private') return `groups:${right}`;
  return right === 'write' ? 'channels:manage' : `channels:${right}`;
}

/** The conversation of an argument, as far as the bot can see it. */
export function channelOf(call: Call, name = 'channel'): Channel {
  const channel = call.workspace.channels.get(call.args.required(name));
  if (channel === undefined) throw new Refusal('channel_not_found');
  if (channel.kind !== 'public' && !channel.members.has(call.workspace.bot.id)) throw new Refusal('channel_not_found');
  return channel;
}

/** Refuses when the bot isn't a member or the channel is archived. */
export function requireActive(call: Call, channel: Channel): void {
  if (!channel.members.has(call.workspace.bot.id)) throw new Refusal('not_in_channel');
  if (channel.archived) throw new Refusal('is_archived');
}

/** The message of a `ts` or `timestamp` argument. */
export function messageOf(call: Call, channel: Channel, name: string): Message {
  const message = channel.message(call.args.required(name));
  if (message === undefined) throw new Refusal('message_not_found');
  return message;
}

/** The user of an argument. */
export function userOf(call: Call, name = 'user'): User {
  const user = call.workspace.users.get(call.args.required(name));
  if (user === undefined) throw new Refusal('user_not_found');
  return user;
}

/** One page of a list, by Slack's opaque cursors. */
export function pageOf<Item>(
  call: Call,
  items: readonly Item[],
  defaultLimit: number,
  maxLimit: number,
): { page: readonly Item[]; next: string } {
  const limit = call.args.number('limit', defaultLimit);
  if (limit < 1 || limit > maxLimit) throw new Refusal('invalid_limit');
  const cursor = call.args.text('cursor');
  const from = cursor === '' ? 0 : decodeCursor(cursor);
  const to = from + limit;
  return { page: items.slice(from, to), next: to < items.length ? encodeCursor(String(to)) : '' };
}

/** Wraps a position into a cursor. */
export function encodeCursor(position: string): string {
  return Buffer.from(`next:${position}`).toString('base64');
}

function decodeCursor(cursor: string): number {
  const position = Number(cursorPosition(cursor));
  if (!Number.isInteger(position)) throw new Refusal('invalid_cursor');
  return position;
}

/** The position in a cursor. */
export function cursorPosition(cursor: string): string {
  const text = Buffer.from(cursor, 'base64').toString();
  if (!text.startsWith('next:')) throw new Refusal('invalid_cursor');
  return text.slice('next:'.length);
}

/** The `blocks` of a message, checked as Slack checks them; none when there are none. */
export function blocksOf(call: Call): JsonObject[] {
  const { workspace, args } = call;
  if (!args.has('blocks') || args.text('blocks') === '[]') return [];
  const blocks = args.json('blocks');
  if (!Array.isArray(blocks)) throw new Refusal('invalid_blocks_format');
  const checked = checkBlocks(blocks, { where: '/blocks', surface: 'message', files: workspace.files });
  if (checked.errors.length > 0) {
    throw new Refusal('invalid_blocks', {
      errors: checked.errors,
      response_metadata: { messages: checked.errors.map((error) => `[ERROR] ${error}`) },
    });
  }
  if (checked.textLength > workspace.settings.blockTextLimit) {
    throw new Refusal('msg_blocks_too_long', { errors: ['msg_blocks_too_long'] });
  }
  return checked.blocks;
}
