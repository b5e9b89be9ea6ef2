// What a person types after the slash, as the options of an interaction.
import { ApplicationCommandOptionType as OptionType, ApplicationCommandType } from 'discord-api-types/v10';
import type { APIApplicationCommand } from 'discord-api-types/v10';
import { storeFile } from './files.ts';
import type { GivenFile } from './files.ts';
import { isObject, objectsOf, textOf } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import { permissionsIn } from './permissions.ts';
import { renderMemberOnly, renderRole, userOf } from './render.ts';
import { renderAttachment } from './render-message.ts';
import type { Guild } from './state.ts';
import type { Channel } from './types.ts';

/** A value as a person picks it: people, channels and roles by themselves or by id. */
export type OptionValue = string | number | boolean | { readonly id: string } | GivenFile;

/** The command, its options, and what the ids in them stand for. */
export interface TypedCommand {
  readonly definition: APIApplicationCommand;
  readonly options: JsonObject[];
  readonly resolved: JsonObject;
}

/** Reads `/name sub option:value other:value`; `values` adds options that aren't text. Throws what Discord's client would say. */
export function typedCommand(
  guild: Guild,
  channel: Channel,
  text: string,
  values: Readonly<Record<string, OptionValue>>,
  focus = false,
): TypedCommand {
  const [name = '', ...words] = text.replace(/^\//, '').split(' ');
  const commands = [...guild.commands.values()].filter(
    ({ definition }) => definition.name === name && definition.type === ApplicationCommandType.ChatInput,
  );
  const command = commands.find(({ scope }) => scope === 'guild') ?? commands[0];
  if (command === undefined) throw new Error(`there is no command /${name}`);
  const path: JsonObject[] = [];
  let defined = objectsOf(command.definition.options);
  for (let word = words[0]; word !== undefined; word = words[0]) {
    const sub = defined.find((option) => option['name'] === word && isSub(option));
    if (sub === undefined) break;
    words.shift();
    path.push(sub);
    defined = objectsOf(sub['options']);
  }
  if (defined.some(isSub))
    throw new Error(`/${name} needs a subcommand: ${defined.map((option) => textOf(option['name'])).join(', ')}`);
  const resolved: JsonObject = {};
  const typed = splitOptions(
    words.join(' '),
    defined.map((option) => textOf(option['name'])),
  );
  const given = new Map<string, OptionValue>([...typed, ...Object.entries(values)]);
  const last = [...given.keys()].at(-1);
  const options = defined.flatMap((option) => {
    const optionName = textOf(option['name']);
    const value = given.get(optionName);
    if (value === undefined) {
      if (option['required'] === true && !focus) throw new Error(`the option ${optionName} is required`);
      return [];
    }
    const focused = focus && optionName === last;
    const read = focused ? plain(value) : readValue(guild, channel, option, value, resolved);
    return [{ name: optionName, type: option['type'], value: read, ...(focused ? { focused: true } : {}) }];
  });
  const strange = [...given.keys()].find((key) => !defined.some((option) => option['name'] === key));
  if (strange !== undefined) throw new Error(`/${name} has no option ${strange}`);
  const nested = path.reduceRight<JsonObject[]>(
    (inner, sub) => [{ name: sub['name'], type: sub['type'], options: inner }],
    options,
  );
  return { definition: command.definition, options: nested, resolved };
}

function isSub(option: JsonObject): boolean {
  return option['type'] === OptionType.Subcommand || option['type'] === OptionType.SubcommandGroup;
}

/** Cuts at every `name:` of a known option. */
function splitOptions(text: string, names: readonly string[]): [string, string][] {
  if (text.trim() === '') return [];
  const marks = [...text.matchAll(/(?:^|\s)([^\s:]+):/g)].filter(([, name = '']) => names.includes(name));
  if (marks[0]?.index !== 0 && text.trim() !== '')
    throw new Error(`"${text}" doesn't begin with an option (${names.join(', ')})`);
  return marks.map((mark, at) => {
    const end = marks[at + 1]?.index ?? text.length;
    return [mark[1] ?? '', text.slice(mark.index + mark[0].length, end).trim()];
  });
}

function readValue(guild: Guild, channel: Channel, option: JsonObject, value: OptionValue, resolved: JsonObject): Json {
  const name = textOf(option['name']);
  switch (option['type']) {
    case OptionType.String:
      return readText(option, plain(value));
    case OptionType.Integer:
    case OptionType.Number: {
      const number = Number(value);
      if (!Number.isFinite(number)) throw new Error(`${name} must be a number`);
      return number;
    }
    case OptionType.Boolean:
      return value === true || plain(value).toLowerCase() === 'true';
    case OptionType.User:
    case OptionType.Mentionable:
      return resolveUser(guild, channel, value, resolved);
    case OptionType.Channel:
      return resolveChannel(guild, value, resolved);
    case OptionType.Role: {
      const role = [...guild.roles.values()].find((other) =>
        [other.id, other.name, `@${other.name}`].includes(plain(value)),
      );
      if (role === undefined) throw new Error(`there is no role ${plain(value)}`);
      note(resolved, 'roles', role.id, renderRole(role));
      return role.id;
    }
    case OptionType.Attachment: {
      if (typeof value !== 'object' || !('bytes' in value)) throw new Error(`${name} must be a file`);
      const file = storeFile(guild, channel.id, value);
      note(resolved, 'attachments', file.id, renderAttachment(guild, file, true));
      return file.id;
    }
    default:
      throw new Error(`${name} is of an unknown type`);
  }
}

function readText(option: JsonObject, text: string): string {
  const name = textOf(option['name']);
  const choices = objectsOf(option['choices']);
  if (choices.length > 0) {
    const choice = choices.find((other) => other['name'] === text || other['value'] === text);
    if (choice === undefined)
      throw new Error(`${name} must be one of ${choices.map((other) => textOf(other['name'])).join(', ')}`);
    return textOf(choice['value']);
  }
  const [min, max] = [Number(option['min_length'] ?? 0), Number(option['max_length'] ?? 6_000)];
  if (text.length < min || text.length > max) throw new Error(`${name} must have ${min} to ${max} characters`);
  return text;
}

function plain(value: OptionValue): string {
  if (typeof value !== 'object') return String(value);
  return 'id' in value ? value.id : value.name;
}

/** Notes what an id stands for, as `resolved` carries it. */
export function note(resolved: JsonObject, kind: string, id: string, shape: object): void {
  const there = resolved[kind];
  resolved[kind] = { ...(isObject(there) ? there : {}), [id]: shape as JsonObject };
}

function resolveUser(guild: Guild, channel: Channel, value: OptionValue, resolved: JsonObject): string {
  const wanted = plain(value).replace(/^@/, '');
  const user = [...guild.users.values()].find((other) => [other.id, other.username, other.globalName].includes(wanted));
  if (user === undefined) throw new Error(`there is nobody called ${wanted}`);
  noteUser(guild, channel, user.id, resolved);
  return user.id;
}

/** Notes a user and, if they are one, the member. */
export function noteUser(guild: Guild, channel: Channel, userId: string, resolved: JsonObject): void {
  note(resolved, 'users', userId, userOf(guild, userId));
  const member = guild.members.get(userId);
  if (member === undefined) return;
  const permissions = permissionsIn(guild, channel, userId).toString();
  note(resolved, 'members', userId, { ...renderMemberOnly(member), permissions });
}

function resolveChannel(guild: Guild, value: OptionValue, resolved: JsonObject): string {
  const wanted = plain(value).replace(/^#/, '');
  const channel = [...guild.channels.values()].find((other) => other.id === wanted || other.name === wanted);
  if (channel === undefined) throw new Error(`there is no channel ${wanted}`);
  const shape = {
    id: channel.id,
    name: channel.name,
    type: channel.type,
    permissions: '0',
    parent_id: channel.parentId,
  };
  note(resolved, 'channels', channel.id, shape);
  return channel.id;
}
