// The tree of commands keeps within what platforms take, and says of itself what is true.
import { describe, expect, test } from 'vitest';
import { parseCommand } from '../../../src/commands/parse.ts';
import { commandTree, usageOf } from '../../../src/commands/tree.ts';

const NAME = /^[a-z-]{1,32}$/;
const { entries, shortcuts } = commandTree;

test('has at most 25 commands at the top, and 25 in each group', () => {
  const groups = Map.groupBy(entries, ({ path }) => path[0]);
  expect(groups.size).toBeLessThanOrEqual(25);
  for (const group of groups.values()) expect(group.length).toBeLessThanOrEqual(25);
});

test('names no command twice, and none that is a group as well', () => {
  const paths = entries.map(({ path }) => path.join(' '));
  expect(new Set(paths).size).toBe(paths.length);
  const groups = entries.flatMap(({ path: [first = ''], path: { length } }) => (length > 1 ? [first] : []));
  expect(groups.filter((group) => paths.includes(group))).toEqual([]);
});

describe.for(entries.map((entry) => [entry.path.join(' '), entry] as const))('%s', ([, entry]) => {
  test('has names and descriptions that every platform takes', () => {
    for (const word of entry.path) expect(word).toMatch(NAME);
    for (const { name } of entry.options) expect(name).toMatch(NAME);
    for (const { description } of [entry, ...entry.options]) {
      expect(description.length).toBeGreaterThan(0);
      expect(description.length).toBeLessThanOrEqual(100);
    }
    expect(entry.path.length).toBeLessThanOrEqual(2);
    expect(entry.options.length).toBeLessThanOrEqual(25);
  });

  test('names what must be given before what may be, as platforms want it', () => {
    const order = entry.options.map(({ required }) => required);
    expect(order).toEqual(order.toSorted((a, b) => Number(b) - Number(a)));
  });

  test('has examples that are read as itself', () => {
    expect(entry.examples?.length).toBeGreaterThan(0);
    for (const example of entry.examples ?? []) {
      const parsed = parseCommand(commandTree, example);
      expect(parsed.kind === 'entry' ? parsed.entry.path : parsed).toEqual(entry.path);
    }
  });

  test('can be written in only one way: at most one option takes all the words, and it comes last', () => {
    const places = entry.options.filter(({ typed = 'word' }) => typed !== 'key' && typed !== 'after');
    const early = places.slice(0, -1).filter(({ typed }) => typed === 'words' || typed === 'rest');
    expect(early).toEqual([]);
  });
});

test('shows how commands are written', () => {
  const usage = (path: string): string | undefined => {
    const entry = entries.find((one) => one.path.join(' ') === path);
    return entry === undefined ? undefined : usageOf(commandTree, entry);
  };
  expect(usage('grant')).toBe('wa grant <agents> [chat:…] [label:…] [for …]');
  expect(usage('label rename')).toBe('wa label rename <name> to …');
  expect(usage('mode')).toBe('wa mode <thread|mention|off|never> [chat]');
  expect(usage('new')).toBe('wa new <phone> <text> [number:…]');
});

test('has at most five shortcuts on messages, with names that fit', () => {
  expect(shortcuts.length).toBeLessThanOrEqual(5);
  for (const { label } of shortcuts) expect(label.length).toBeLessThanOrEqual(24);
});
