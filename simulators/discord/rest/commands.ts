// Operations on application commands: registered for the guild or everywhere, one by one or all at once.
import {
  ApplicationCommandOptionType as OptionType,
  ApplicationCommandType,
  RESTJSONErrorCodes as Code,
} from 'discord-api-types/v10';
import type { APIApplicationCommand } from 'discord-api-types/v10';
import { Form, refusal } from '../errors.ts';
import { enumOf, numberOf, objectsOf, textOf, wordOf } from '../json.ts';
import type { JsonObject } from '../json.ts';
import type { Command } from '../types.ts';
import { param } from './call.ts';
import type { Call, Operation } from './call.ts';

const GLOBAL = '/applications/{application}/commands';
const GUILD = '/applications/{application}/guilds/{guild}/commands';
/** How many of each type a scope holds; source: Discord's change log of 2026-03-03. */
const MOST: readonly (readonly [ApplicationCommandType, number])[] = [
  [ApplicationCommandType.ChatInput, 100],
  [ApplicationCommandType.User, 15],
  [ApplicationCommandType.Message, 15],
];

/** Of a slash command with all that belongs to it; source: discord/discord-api-docs, pull request 6668. */
const MOST_CHARACTERS = 8_000;

export const COMMAND_OPERATIONS: readonly Operation[] = [
  ...operationsIn('global', GLOBAL, ''),
  ...operationsIn('guild', GUILD, '_guild'),
];

function operationsIn(scope: Command['scope'], path: string, word: string): Operation[] {
  return [
    {
      name: `list${word}_application_commands`,
      method: 'GET',
      path,
      auth: 'bot',
      handle: (call) => registered(call, scope).map((command) => command.definition),
    },
    {
      name: `bulk_set${word}_application_commands`,
      method: 'PUT',
      path,
      auth: 'bot',
      handle: (call) => setAll(call, scope),
    },
    {
      name: `create${word}_application_command`,
      method: 'POST',
      path,
      auth: 'bot',
      success: 201,
      handle: (call) => setOne(call, scope, call.body).definition,
    },
    {
      name: `get${word}_application_command`,
      method: 'GET',
      path: `${path}/{command}`,
      auth: 'bot',
      handle: (call) => commandOf(call, scope).definition,
    },
    {
      name: `update${word}_application_command`,
      method: 'PATCH',
      path: `${path}/{command}`,
      auth: 'bot',
      handle: (call) => {
        const { definition } = commandOf(call, scope);
        return setOne(call, scope, { ...(definition as unknown as JsonObject), ...call.body }, definition.id)
          .definition;
      },
    },
    {
      name: `delete${word}_application_command`,
      method: 'DELETE',
      path: `${path}/{command}`,
      auth: 'bot',
      handle: (call) => {
        call.guild.commands.delete(commandOf(call, scope).definition.id);
      },
    },
  ];
}

function registered(call: Call, scope: Command['scope']): Command[] {
  if (param(call, 'application') !== call.guild.applicationId) throw refusal(Code.MissingAccess);
  if (scope === 'guild' && (param(call, 'guild') !== call.guild.id || !call.guild.hasBot))
    throw refusal(Code.MissingAccess);
  return [...call.guild.commands.values()].filter((command) => command.scope === scope);
}

function commandOf(call: Call, scope: Command['scope']): Command {
  const found = registered(call, scope).find(({ definition }) => definition.id === param(call, 'command'));
  if (found === undefined) throw refusal(Code.UnknownApplicationCommand);
  return found;
}

/** Replaces all commands of the scope; one of the same name and type keeps its id. */
function setAll(call: Call, scope: Command['scope']): object {
  const before = registered(call, scope);
  const given = objectsOf(call.raw);
  for (const [type, most] of MOST) {
    const count = given.filter((definition) => typeOf(definition) === type).length;
    if (count > most) throw refusal(Code.MaximumNumberOfApplicationCommandsReached);
  }
  given.forEach((definition, at) => checkDefinition(definition, `${at}.`));
  for (const { definition } of before) call.guild.commands.delete(definition.id);
  return given.map((definition) => {
    const same = before.find((old) => isSame(old, definition));
    return setOne(call, scope, definition, same?.definition.id).definition;
  });
}

function typeOf(definition: JsonObject): ApplicationCommandType {
  return enumOf(numberOf(definition['type']) || ApplicationCommandType.ChatInput);
}

function isSame(command: Command, definition: JsonObject): boolean {
  const type = typeOf(definition);
  return command.definition.name === definition['name'] && command.definition.type === type;
}

function setOne(call: Call, scope: Command['scope'], given: JsonObject, id?: string): Command {
  const before = registered(call, scope);
  checkDefinition(given, '');
  const { guild } = call;
  const own = id ?? before.find((old) => isSame(old, given))?.definition.id ?? guild.newId();
  const definition = {
    ...given,
    id: own,
    application_id: guild.applicationId,
    version: guild.newId(),
    type: typeOf(given),
    description: textOf(given['description']),
    default_member_permissions: given['default_member_permissions'] ?? null,
    nsfw: given['nsfw'] === true,
    ...(scope === 'guild' ? { guild_id: guild.id } : {}),
  };
  // The checks above hold its shape.
  const command: Command = { scope, definition: definition as unknown as APIApplicationCommand };
  guild.commands.set(own, command);
  return command;
}

const NAME = /^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$/u;

function checkDefinition(definition: JsonObject, prefix: string): void {
  const form = new Form();
  const type = typeOf(definition);
  if (type === ApplicationCommandType.ChatInput) {
    checkName(form, definition, prefix);
    form.length(`${prefix}description`, definition['description'] ?? '', 100, 1);
    checkOptions(form, objectsOf(definition['options']), `${prefix}options`);
    if (sizeOf(definition) > MOST_CHARACTERS)
      form.fail(prefix, 'APPLICATION_COMMAND_TOO_LARGE', `Command exceeds maximum size (${MOST_CHARACTERS})`);
  } else form.length(`${prefix}name`, definition['name'], 32, 1);
  form.check();
}

/** Of names, descriptions and choices, with those of all options. */
function sizeOf(part: JsonObject): number {
  const own = [part['name'], part['description']].reduce<number>((sum, text) => sum + textOf(text).length, 0);
  const choices = objectsOf(part['choices']).map(({ name, value }) => textOf(name).length + wordOf(value).length);
  return [own, ...choices, ...objectsOf(part['options']).map(sizeOf)].reduce((sum, size) => sum + size, 0);
}

function checkName(form: Form, named: JsonObject, prefix: string): void {
  const name = textOf(named['name']);
  if (!NAME.test(name) || name !== name.toLowerCase())
    form.fail(`${prefix}name`, 'APPLICATION_COMMAND_INVALID_NAME', 'Command name is invalid');
}

function checkOptions(form: Form, options: readonly JsonObject[], path: string): void {
  if (options.length > 25) form.fail(path, 'BASE_TYPE_MAX_LENGTH', 'Must be 25 or fewer in length.');
  let optionalBefore = false;
  options.forEach((option, at) => {
    const place = `${path}.${at}.`;
    checkName(form, option, place);
    form.length(`${place}description`, option['description'] ?? '', 100, 1);
    form.count(`${place}choices`, option['choices'], 25);
    objectsOf(option['choices']).forEach((choice, index) => {
      form.length(`${place}choices.${index}.name`, choice['name'], 100, 1);
    });
    if (option['autocomplete'] === true && objectsOf(option['choices']).length > 0)
      form.fail(
        `${place}autocomplete`,
        'APPLICATION_COMMAND_AUTOCOMPLETE_CHOICES',
        'Choices and autocomplete exclude each other',
      );
    const isSub = option['type'] === OptionType.Subcommand || option['type'] === OptionType.SubcommandGroup;
    if (!isSub && option['required'] === true && optionalBefore)
      form.fail(
        path,
        'APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID',
        'Required options must be placed before non-required',
      );
    optionalBefore ||= !isSub && option['required'] !== true;
    checkOptions(form, objectsOf(option['options']), `${place}options`);
  });
}
