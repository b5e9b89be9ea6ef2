// The packages: exact versions, one WhatsApp library, and a lockfile that installs anywhere.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';

const root = path.join(import.meta.dirname, '../../..');
const versions = z.record(z.string(), z.string()).default({});
const manifest = z
  .object({ scripts: versions, dependencies: versions, optionalDependencies: versions, devDependencies: versions })
  .parse(JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')));
const locked = z
  .object({
    packages: z.record(
      z.string(),
      z.object({ version: z.string().optional(), name: z.string().optional(), optionalDependencies: versions }),
    ),
  })
  .parse(JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'))).packages;

test('every version in package.json is exact', () => {
  const asked = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.devDependencies };
  expect(Object.entries(asked).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
});

test('what is locked is what package.json asks for', () => {
  const asked = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.devDependencies };
  const differing = Object.entries(asked).filter(
    ([name, version]) => locked[`node_modules/${name}`]?.version !== version,
  );
  expect(differing).toEqual([]);
});

test('what is locked is whole, for every system: npm ci refuses a lockfile that lacks an optional package', () => {
  const lacking = Object.entries(locked).flatMap(([place, { optionalDependencies }]) =>
    Object.keys(optionalDependencies).filter((name) => !isLockedFor(place, name)),
  );
  expect(lacking).toEqual([]);
});

/** Whether the package at `place` finds `name` beside or above itself, as Node.js looks for it. */
function isLockedFor(place: string, name: string): boolean {
  for (let at = place; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    if (locked[`${at === '' ? '' : `${at}/`}node_modules/${name}`] !== undefined) return true;
    if (at === '') return false;
  }
}

test('there is one WhatsApp library, at the version that was read and tested, and no copy or fork of it', () => {
  const nameOf = (place: string): string => place.split('node_modules/').at(-1) ?? place;
  const found = Object.entries(locked).filter(([place, { name }]) => /baileys/i.test(`${nameOf(place)} ${name ?? ''}`));
  expect(found.map(([place, { version }]) => [place, version])).toEqual([
    ['node_modules/@whiskeysockets/baileys', '7.0.0-rc14'],
  ]);
});

test('every script of package.json runs a file that exists', () => {
  const files = Object.values(manifest.scripts).flatMap((script) => script.match(/[\w./-]+\.(?:ts|mjs)\b/g) ?? []);
  expect(files).not.toEqual([]);
  expect(files.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
});
