// Part of `npm run check`: a platform's name stands in code only in its own folder, in main.ts and in config.ts; all else asks capabilities.
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseSync } from '@swc/core';

/** Where a platform is named in code that must not know it. */
export interface NameFault {
  /** Relative to the root that was looked at. */
  readonly file: string;
  /** The identifier, or the text of the literal. */
  readonly text: string;
}

/** The folders of the platforms that we have; whoever adds one needn't tell this file. */
const foldersIn = (root: string): string[] =>
  globSync('src/platforms/*/index.ts', { cwd: root }).map((file) => path.basename(path.dirname(file)));
const OURS = foldersIn(path.join(import.meta.dirname, '..'));
/** As words are joined, too: `whats_app`. */
const spelled = (name: string): string => name.replace('app', '_?app');
/** The product that customers use: people must be told of it, in sentences. */
const PRODUCT_WORD = /\bWhatsApp\b/g;
const MAY_NAME = /^src\/(?:main\.ts|config\.ts|platforms\/[^/]+\/)/;
/** Kinds of nodes that hold a word of code, and the field it stands in. Comments are no nodes. */
const WORDS: Readonly<Record<string, string>> = {
  Identifier: 'value',
  PrivateName: 'value',
  StringLiteral: 'value',
  TemplateElement: 'raw',
  JSXText: 'value',
  RegExpLiteral: 'pattern',
};
const SENTENCES = new Set(['StringLiteral', 'TemplateElement', 'JSXText']);

/** Reads all of `root`'s src/ and finds the names; empty when all is well. Throws when a file can't be parsed. */
export function findPlatformNames(root: string): NameFault[] {
  const names = new RegExp([...new Set([...OURS, ...foldersIn(root)])].map(spelled).join('|'), 'i');
  return globSync('src/**/*.{ts,tsx,mts,mjs}', { cwd: root })
    .map((file) => file.split(path.sep).join('/'))
    .filter((file) => !MAY_NAME.test(file))
    .toSorted()
    .flatMap((file) => {
      const source = readFileSync(path.join(root, file), 'utf8');
      const tree = parseSync(source, { syntax: 'typescript', tsx: file.endsWith('x'), target: 'es2024' });
      return wordsOf(tree, names).map((text) => ({ file, text }));
    });
}

function wordsOf(node: unknown, names: RegExp): string[] {
  if (typeof node !== 'object' || node === null) return [];
  const found: string[] = [];
  const type: unknown = Reflect.get(node, 'type');
  const field = typeof type === 'string' ? WORDS[type] : undefined;
  const text: unknown = field === undefined ? undefined : Reflect.get(node, field);
  if (typeof type === 'string' && typeof text === 'string') {
    const rest = SENTENCES.has(type) ? text.replaceAll(PRODUCT_WORD, '') : text;
    if (names.test(rest)) found.push(text);
  }
  return found.concat(Object.values(node).flatMap((part) => wordsOf(part, names)));
}

if (process.argv[1] === import.meta.filename) {
  const faults = findPlatformNames(path.join(import.meta.dirname, '..'));
  for (const { file, text } of faults) process.stderr.write(`${file}: names a platform: ${JSON.stringify(text)}\n`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
