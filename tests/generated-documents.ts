// The documents that are made from code: `npm run docs:parity` writes what platforms can do, `npm run docs:manifest` Slack's app manifest.
import { globSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { commandTree } from '../src/commands/tree.ts';
import { slackManifest } from '../src/platforms/slack/manifest.ts';

const root = path.join(import.meta.dirname, '..');

/** A generated document, its command and what it must hold. */
export const GENERATED = [
  { file: 'docs/parity.md', command: 'parity', make: parity },
  { file: 'docs/slack-app-manifest.json', command: 'manifest', make: manifest },
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
  if (key.endsWith('Ms')) return value >= 3_600_000 ? `${value / 3_600_000} hours` : `${value / 60_000} minutes`;
  return value.toLocaleString('en');
}

/** For Socket Mode: paste it at api.slack.com/apps. */
async function manifest(): Promise<string> {
  return `${JSON.stringify(slackManifest(commandTree, { name: 'Switchboard' }), null, 2)}\n`;
}

if (process.argv[1] === import.meta.filename) {
  for (const { file, command, make } of GENERATED) {
    if (command !== process.argv[2]) continue;
    await writeFile(path.join(root, file), await make());
    process.stdout.write(`wrote ${file}\n`);
  }
}
