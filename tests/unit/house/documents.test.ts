// The documents tell the truth about what can be looked up: files, commands, settings, and what is generated.
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readConfig } from '../../../src/config.ts';
import { GENERATED } from '../../generated-documents.ts';

const root = path.join(import.meta.dirname, '../../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const documents = globSync(['*.md', 'docs/**/*.md'], { cwd: root }).map((file) => file.split(path.sep).join('/'));
const scripts = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(read('package.json'))).scripts;

/** npm's own commands, which no script of ours has to provide. */
const OWN_COMMANDS = new Set(['ci', 'install', 'run']);
const TOP_LEVEL = /^(?:src|simulators|tests|docs|bench|\.ci)(?:\/|$)/;
const FILE_NAME = /^[\w.@/<>*-]+\.(?:ts|tsx|mjs|cjs|json|md|svg|png|sh)$/;

/** Words in code marks that name a file or folder of the project; `<name>` and `*` stand for anything. */
function pathsIn(text: string): string[] {
  const words = [...text.matchAll(/`([^`\n]+)`/g)].map(([, word = '']) => word.replace(/\/$/, ''));
  const links = [...text.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => target);
  return [
    ...words.filter((word) => !/^\/| /.test(word) && (TOP_LEVEL.test(word) || FILE_NAME.test(word))),
    ...links.filter((target) => !/^[a-z]+:/.test(target)),
  ];
}

function exists(name: string, from: string): boolean {
  const pattern = name.replaceAll(/<[^>]+>/g, '*');
  return [root, path.join(root, path.dirname(from))].some((folder) =>
    pattern.includes('*') ? globSync(pattern, { cwd: folder }).length > 0 : existsSync(path.join(folder, pattern)),
  );
}

/** npm's commands in code, marked or in a block; the word npm in a sentence is none. */
const commandsIn = (text: string): string[] =>
  [...text.matchAll(/```[^`]*```|`[^`\n]+`/g)]
    .flatMap(([code]) => [...code.matchAll(/\bnpm (run [\w:-]+|[a-z]+)/g)])
    .map(([, words = '']) => words.replace(/^run /, ''));

/** Names of settings in the rows of a table. */
const settingsIn = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`([A-Z][A-Z0-9_]*)/g)].map(([, name = '']) => name));

describe.for(documents)('%s', (file) => {
  const text = read(file);

  test('names only files that exist', () => {
    expect(pathsIn(text).filter((name) => !exists(name, file))).toEqual([]);
  });

  test('names only commands that exist', () => {
    expect(commandsIn(text).filter((name) => !OWN_COMMANDS.has(name) && scripts[name] === undefined)).toEqual([]);
  });
});

describe('README.md', () => {
  test('has a row for every setting that the program reads, and no other', () => {
    const asked = new Set<string>();
    readConfig(
      new Proxy<Record<string, string>>(
        {},
        {
          get: (_, name) => {
            asked.add(String(name));
            return undefined;
          },
        },
      ),
    );
    // Node.js itself reads the last one.
    expect(settingsIn(read('README.md')).toSorted()).toEqual([...asked, 'NODE_EXTRA_CA_CERTS'].toSorted());
  });

  test('tells how to try it and how to test it', () => {
    expect(read('README.md')).toContain('npm ci && npm run demo');
    expect(read('README.md')).toContain('npm ci && npm test');
  });

  test('leads to every other document', () => {
    const linked = new Set(pathsIn(read('README.md')));
    const others = documents.filter((file) => file.startsWith('docs/') && !file.startsWith('docs/decisions/'));
    expect(others.filter((file) => !linked.has(file))).toEqual([]);
  });
});

test.for(GENERATED)('$file is what its command makes', async ({ file, make }) => {
  expect(read(file)).toBe(await make());
});

describe('these readers', () => {
  test('find paths and commands', () => {
    const text =
      'See `src/main.ts`, `src/nowhere/` and [this](docs/nothing.md#a). Run `npm run nothing` or:\n```\nnpm ci && npm test\n```\nnpm is slow.';
    expect(pathsIn(text)).toEqual(['src/main.ts', 'src/nowhere', 'docs/nothing.md']);
    expect(pathsIn(text).map((name) => exists(name, 'README.md'))).toEqual([true, false, false]);
    expect(commandsIn(text)).toEqual(['nothing', 'ci', 'test']);
  });

  test('find settings', () => {
    expect(settingsIn('| `ONE`, `TWO` | `THREE` |\n`FOUR`')).toEqual(['ONE', 'TWO']);
  });
});
