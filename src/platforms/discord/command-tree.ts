// The `/wa` tree → Discord's application commands, registered only when they changed. The drawing is pure.
import { Routes } from 'discord.js';
import type { CommandEntry, CommandOption, CommandTree } from '../../domain/command.ts';
import type { Api } from './api.ts';
import { FREE_TEXT } from './asked.ts';

/** Numbers of Discord's API; source: docs.discord.com, "Application Command Types" and "Option Types". */
const SLASH = 1;
const MESSAGE_MENU = 3;
const SUBCOMMAND = 1;
const GROUP = 2;
const STRING = 3;
const MAX_DESCRIPTION = 100;
const MAX_OPTIONS = 25;
const MAX_MENU_NAME = 32;

interface Option {
  readonly type: number;
  readonly name: string;
  readonly description: string;
  readonly required?: boolean;
  readonly autocomplete?: boolean;
  readonly choices?: readonly { readonly name: string; readonly value: string }[];
  readonly options?: readonly Option[];
}

export interface Command {
  readonly type: number;
  readonly name: string;
  /** Message menus have neither this nor options. */
  readonly description?: string;
  readonly options?: readonly Option[];
}

const cut = (text: string): string => text.slice(0, MAX_DESCRIPTION) || '…';

/** The commands of a tree. A path of three words and more isn't drawn: Discord has groups of one depth. */
export function toCommands(tree: CommandTree): readonly Command[] {
  const options = tree.entries.length === 0 ? [freeText] : entriesAt(tree.entries, 0);
  const menus = tree.shortcuts.map(({ label }) => ({ type: MESSAGE_MENU, name: label.slice(0, MAX_MENU_NAME) }));
  return [{ type: SLASH, name: tree.name, description: 'Switchboard', options }, ...menus];
}

const freeText: Option = { type: STRING, name: FREE_TEXT, description: 'What to do', required: false };

function entriesAt(entries: readonly CommandEntry[], depth: number): readonly Option[] {
  const names = [...new Set(entries.map((entry) => entry.path[depth] ?? ''))].filter((name) => name !== '');
  return names.slice(0, MAX_OPTIONS).map((name) => {
    const own = entries.filter((entry) => entry.path[depth] === name);
    const leaf = own.find((entry) => entry.path.length === depth + 1);
    if (leaf !== undefined)
      return { type: SUBCOMMAND, name, description: cut(leaf.description), options: optionsOf(leaf.options) };
    const description = cut(own.map((entry) => entry.path.at(-1)).join(', '));
    return { type: GROUP, name, description, options: entriesAt(own, depth + 1) };
  });
}

/** Discord wants required options first. */
function optionsOf(options: readonly CommandOption[]): readonly Option[] {
  const ordered = [...options.filter((option) => option.required), ...options.filter((option) => !option.required)];
  return ordered.slice(0, MAX_OPTIONS).map(({ name, description, required, kind, choices, autocomplete }) => ({
    type: STRING,
    name,
    description: cut(description),
    required,
    ...(autocomplete === true ? { autocomplete } : {}),
    ...(kind === 'choice' && choices !== undefined && choices.length <= MAX_OPTIONS
      ? { choices: choices.map((choice) => ({ name: choice, value: choice })) }
      : {}),
  }));
}

/** Makes the server know exactly these commands. */
export async function register(api: Api, applicationId: string, guildId: string, tree: CommandTree): Promise<void> {
  const wanted = toCommands(tree);
  const route = Routes.applicationGuildCommands(applicationId, guildId);
  const there = await api.call<readonly Command[]>('get', route);
  if (formOf(there) !== formOf(wanted)) await api.call('put', route, { body: wanted });
}

/** What counts of commands, in one form: Discord leaves out what is false or empty, and adds fields of its own. */
function formOf(commands: readonly Command[]): string {
  const option = (given: Option): unknown => [
    given.type,
    given.name,
    given.description,
    given.required ?? false,
    given.autocomplete ?? false,
    (given.choices ?? []).map(({ name, value }) => [name, value]),
    (given.options ?? []).map(option),
  ];
  const all = commands.map(({ type, name, description, options }) =>
    JSON.stringify([type, name, description ?? '', (options ?? []).map(option)]),
  );
  return all.sort().join('\n');
}
