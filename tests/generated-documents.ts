// The documents that are made from code: `npm run docs:parity` writes what platforms can do, `npm run docs:manifest` Slack's app manifest,
// `npm run docs:commands` what can be asked with /wa.
import { globSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { commandTree, usageOf } from '../src/commands/tree.ts';
import type { CommandEntry } from '../src/domain/command.ts';
import { slackManifest } from '../src/platforms/slack/manifest.ts';

const root = path.join(import.meta.dirname, '..');

/** A generated document, its command and what it must hold. */
export const GENERATED = [
  { file: 'docs/parity.md', command: 'parity', make: parity },
  { file: 'docs/slack-app-manifest.json', command: 'manifest', make: manifest },
  { file: 'docs/commands.md', command: 'commands', make: commands },
] as const;

const capabilities = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
const nameOf = (file: string): string => path.basename(path.dirname(file));

/** One table for chat platforms, one for messengers: rows are capabilities, columns the adapters. */
async function parity(): Promise<string> {
  const adapters = [];
  for (const file of globSync('src/platforms/*/capabilities.ts', { cwd: root }).toSorted()) {
    const exported = z.record(z.string(), z.unknown()).parse(await import(pathToFileURL(path.join(root, file)).href));
    const found = Object.values(exported).find((value) => typeof value === 'object' && value !== null);
    adapters.push({ name: nameOf(file), can: capabilities.parse(found) });
  }
  const groups = Map.groupBy(adapters, ({ can }) => ('threads' in can ? 'Where agents are' : 'Where customers are'));
  const tables = [...groups].map(([title, group]) => `## ${title}\n\n${table(group)}\n`);
  return `# What each platform can do

Made by \`npm run docs:parity\` from \`src/platforms/<name>/capabilities.ts\`; don't edit it by hand.
\`native\`: the platform has it. \`fallback\`: shown in another way. \`dropped\`: not shown.

${tables.join('\n')}`;
}

function table(group: readonly { readonly name: string; readonly can: z.infer<typeof capabilities> }[]): string {
  const keys = [...new Set(group.flatMap(({ can }) => Object.keys(can)))];
  const rows = [
    ['Capability', ...group.map(({ name }) => name)],
    ['---', ...group.map(() => '---')],
    ...keys.map((key) => [wordsOf(key), ...group.map(({ can }) => shown(key, can[key]))]),
  ];
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** "maxTextLength" → "max text length"; the unit stands with the number. */
const wordsOf = (key: string): string =>
  key
    .replace(/(Ms|Bytes)$/, '')
    .replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .trim();

function shown(key: string, value: string | number | boolean | undefined): string {
  if (value === undefined) return '–';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return value;
  if (key.endsWith('Bytes')) return value % 2 ** 20 === 0 ? `${value / 2 ** 20} MiB` : `${value / 1e6} MB`;
  if (key.endsWith('Ms')) return spanOf(value);
  return value.toLocaleString('en');
}

function spanOf(ms: number): string {
  if (ms >= 3_600_000) return `${ms / 3_600_000} hours`;
  return ms >= 60_000 ? `${ms / 60_000} minutes` : `${ms / 1_000} seconds`;
}

/** For Socket Mode: paste it at api.slack.com/apps. */
async function manifest(): Promise<string> {
  return `${JSON.stringify(slackManifest(commandTree, { name: 'Switchboard' }), null, 2)}\n`;
}

const WHO: Readonly<Record<CommandEntry['who'], string>> = {
  anyone: 'Anyone',
  agent: 'Everybody of the team, for the chats they see',
  admin: 'Admins',
};

const SHORTCUT_WORDS: Readonly<Record<string, string>> = {
  ticket: 'a ticket on this message, with its words for a subject; once, as long as that ticket is not closed',
  note: 'a form, and what is written in it is shown to the team under this message; the customer never gets it',
  resend: 'a reply that failed or wasn’t confirmed, once more',
  delete: 'a reply of yours is deleted on WhatsApp, within two days; admins may delete anybody’s',
  access: 'who sees this chat, and why',
};

function shortcutWords(action: string): string {
  const words = SHORTCUT_WORDS[action];
  if (words === undefined) throw new Error(`nothing is said of the shortcut ${action}`);
  return words;
}

/** A table of all commands, each in full, and the shortcuts. */
async function commands(): Promise<string> {
  const { name, entries, shortcuts } = commandTree;
  const cell = (text: string): string => text.replaceAll('|', String.raw`\|`);
  const rows = entries.map(
    (entry) => `| \`/${cell(usageOf(commandTree, entry))}\` | ${cell(entry.description)} | ${entry.who} |`,
  );
  return `# Commands

Made by \`npm run docs:commands\` from \`src/commands/tree.ts\`; don't edit it by hand.

The same on every platform, and answered to you alone. Where commands are typed as text, \`<…>\` must be given and \`[…]\` may be;
lists are separated by commas, and a name with blanks or commas in it stands in quotes. \`this\`, or no chat at all, is the chat of the channel you are in.
People go by email, name or mention. Who may give a command is decided by the rules of access, never by the platform's own permissions.

| Command | What it does | Who |
| --- | --- | --- |
${rows.join('\n')}

${entries.map(inFull).join('\n\n')}

## On messages

Where there are no commands (inside of threads), a message's own menu does the work. The same rules apply.

${shortcuts.map(({ label, action }) => `- **${label}**: ${shortcutWords(action)}`).join('\n')}

In text: \`/${name} help\` shows all this to each person as far as it is for them.
`;
}

function inFull(entry: CommandEntry): string {
  const options = entry.options.map((option) => `- \`${option.name}\`: ${option.description}`);
  const examples = (entry.examples ?? []).map((example) => `/${commandTree.name} ${example}`);
  return [
    `## /${commandTree.name} ${entry.path.join(' ')}`,
    `${entry.description}. ${WHO[entry.who]}.`,
    ...(options.length === 0 ? [] : [options.join('\n')]),
    ['```', ...examples, '```'].join('\n'),
  ].join('\n\n');
}

if (process.argv[1] === import.meta.filename) {
  for (const { file, command, make } of GENERATED) {
    if (command !== process.argv[2]) continue;
    await writeFile(path.join(root, file), await make());
    process.stdout.write(`wrote ${file}\n`);
  }
}
