// What every file of the project keeps to, and no tool of `npm run check` looks at.
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const root = path.join(import.meta.dirname, '../../..');
const CODE = ['{src,simulators,tests,bench,docs}/**/*.{ts,tsx,mjs}', '*.{ts,mjs,cjs}', '.dependency-cruiser.cjs'];
const TEXTS = ['{src,simulators,tests,bench,docs}/**/*', '*.*', '.*', '.ci/*'];
const NO_TEXT = /\.(png|jpe?g|webp|gif|ogg|opus|mp4|m4a|mp3|pdf|woff2?|ico)$/;

const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

function filesOf(patterns: readonly string[]): string[] {
  return globSync(patterns, { cwd: root, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .toSorted();
}

/** The lines of the files in which something forbidden stands, as `file:line: text`. */
function linesWith(files: readonly string[], pattern: RegExp): string[] {
  return files.flatMap((file) =>
    read(file)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim().slice(0, 120)}`] : [])),
  );
}

/** A folder of the machine that a file was written on. */
const MACHINE_PATH = /(^|[^.\w])\/(work|farm|root|home|Users)\//;
const DOWNLOAD = /"resolved": *"http|\/\/[\w.-]*registry[\w.-]*\//;
const UNFINISHED_TEST = /\b(?:it|test|describe|suite)(?:\.\w+)*\.(?:only|skip|todo|fails)\b/;
const SWITCHED_OFF = /(?:oxlint|eslint)-disable|@ts-(?:ignore|nocheck)/;

describe('every file', () => {
  const code = filesOf(CODE);
  const texts = filesOf(TEXTS).filter((file) => !NO_TEXT.test(file));

  test('is found', () => {
    expect(code).toContain('src/main.ts');
    expect(code).toContain('tests/unit/house/files.test.ts');
    expect(texts).toContain('package-lock.json');
    expect(texts).toContain('.ci/run');
  });

  test('begins with a comment that says its part', () => {
    const first = (file: string): string =>
      read(file)
        .split('\n')
        .find((line) => !line.startsWith('#!')) ?? '';
    expect(code.filter((file) => !/^(\/\/|\/\*)\s*\S+ \S/.test(first(file)))).toEqual([]);
  });

  test('has at most 400 lines', () => {
    expect(code.filter((file) => read(file).trimEnd().split('\n').length > 400)).toEqual([]);
  });

  test('names no folder of a machine and no place to download from', () => {
    expect(linesWith(texts, MACHINE_PATH)).toEqual([]);
    expect(linesWith(texts, DOWNLOAD)).toEqual([]);
  });

  test('leaves no test out', () => {
    expect(linesWith(code, UNFINISHED_TEST)).toEqual([]);
  });

  test('switches no check off', () => {
    expect(linesWith(code, SWITCHED_OFF)).toEqual([]);
  });
});

describe('these patterns', () => {
  // The sign | stands in them so that this file doesn't hold what it forbids.
  test.for([
    [MACHINE_PATH, 'see /|home/ana/notes'],
    [MACHINE_PATH, "'/|root/x'"],
    [DOWNLOAD, '"resolved|": "https://example.org/a.tgz"'],
    [DOWNLOAD, 'https://|registry.example.org/a'],
    [UNFINISHED_TEST, "test|.only('x')"],
    [UNFINISHED_TEST, "describe|.concurrent.skip('x')"],
    [SWITCHED_OFF, '// oxlint|-disable-next-line'],
  ] as const)('%s sees %s', ([pattern, line]) => {
    expect(line.replace('|', '')).toMatch(pattern);
    expect(line).not.toMatch(pattern);
  });

  test.for([
    [MACHINE_PATH, 'src/work/list.ts'],
    [MACHINE_PATH, '/homepage/'],
    [UNFINISHED_TEST, "test.skipIf(isWindows)('x')"],
    [UNFINISHED_TEST, 'latest.skip'],
  ] as const)('%s lets %s be', ([pattern, line]) => {
    expect(line).not.toMatch(pattern);
  });
});
