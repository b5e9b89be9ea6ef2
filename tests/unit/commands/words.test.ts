// The sentences of commands: lists of names, reasons, what a change did and would do.
import { describe, expect, test } from 'vitest';
import type { ChangeResult, Preview } from '../../../src/commands/ask.ts';
import { fault, help, may } from '../../../src/commands/help.ts';
import { hintAt, nearest } from '../../../src/domain/nearest.ts';
import { parseCommand } from '../../../src/commands/parse.ts';
import { commandTree } from '../../../src/commands/tree.ts';
import { becauseOf, namesOf, outcomeOf, previewOf, timeOf } from '../../../src/commands/words.ts';
import { as, type ChatId } from '../../../src/domain/ids.ts';
import { plainText } from '../../../src/domain/text.ts';

const at = new Date('2026-11-01T09:30:00Z');
const until = new Date('2026-11-08T09:30:00Z');
const chat = as<ChatId>('chat-1');
const nameOf = (id: string): string => (id === 'chat-1' ? 'Mia' : 'another chat');

test.for([
  [[], 'nobody'],
  [['a'], 'a'],
  [['a', 'b'], 'a and b'],
  [['a', 'b', 'c'], 'a, b and c'],
  [['a', 'b', 'c', 'd', 'e'], 'a, b, c, d and e'],
  [['a', 'b', 'c', 'd', 'e', 'f'], 'a, b, c, d and 2 more'],
] as const)('names %o', ([names, expected]) => {
  expect(namesOf(names)).toBe(expected);
});

test('tells a time with its zone', () => {
  expect(timeOf(at, 'UTC')).toBe('1 Nov 2026, 09:30 UTC');
});

test('says because of what somebody sees a chat', () => {
  expect(becauseOf([{ kind: 'admin' }])).toBe('admin');
  expect(
    becauseOf(
      [
        { kind: 'grant', by: 'ana@x.com', at, until },
        { kind: 'label', label: 'VIP', until: null },
      ],
      'UTC',
    ),
  ).toBe('granted by ana@x.com on 1 Nov 2026, 09:30 UTC until 8 Nov 2026, 09:30 UTC · label VIP');
});

describe('the outcome of a change', () => {
  const said = { done: 'Done.', same: 'It was so already.' };
  const nothing: ChangeResult = { changed: 0, unchanged: 0, refused: [], still: [] };
  const admin = { code: 'admin', agent: 'ben@x.com', reason: 'ben@x.com is an admin.' } as const;

  test.for([
    [{ ...nothing, changed: 1 }, ['Done.']],
    [{ ...nothing, unchanged: 2 }, ['It was so already.']],
    [{ ...nothing, refused: [admin, admin] }, ['ben@x.com is an admin.']],
    [{ ...nothing, changed: 1, unchanged: 1, refused: [admin] }, ['Done.', 'ben@x.com is an admin.']],
    [
      {
        ...nothing,
        changed: 1,
        still: [
          { agent: 'a@x.com', chatId: chat, label: 'VIP' },
          { agent: 'a@x.com', chatId: as<ChatId>('chat-2'), label: 'VIP' },
        ],
      },
      ['Done.', 'a@x.com still sees “Mia” and “another chat” through the label VIP.'],
    ],
    [nothing, ['There was nothing to do.']],
  ] satisfies [ChangeResult, string[]][])('%o', ([result, expected]) => {
    expect(outcomeOf(result, said, nameOf)).toEqual(expected);
  });
});

describe('the preview of a change', () => {
  const empty: Preview = { gained: [], lost: [], refused: [] };
  const many = Array.from({ length: 20 }, (_, index) => ({ agent: `${index}@x.com`, chatId: chat }));
  test.for([
    [empty, ['Nobody sees more or less through this.']],
    [{ ...empty, lost: [{ agent: 'a@x.com', chatId: chat }] }, ['a@x.com no longer sees “Mia”.']],
    [
      { ...empty, gained: Array.from({ length: 6 }, () => ({ agent: 'a@x.com', chatId: chat })) },
      ['a@x.com will see 6 chats.'],
    ],
  ] satisfies [Preview, string[]][])('%o', ([preview, expected]) => {
    expect(previewOf(preview, nameOf)).toEqual(expected);
  });

  test('of very many people counts the rest', () => {
    const lines = previewOf({ ...empty, lost: many }, nameOf);
    expect(lines).toHaveLength(12);
    expect(lines.at(-1)).toBe('… and 9 people more.');
  });
});

describe('did you mean', () => {
  test.for([
    ['grnat', ['grant', 'revoke'], 'grant'],
    ['acmee', ['Acme', 'Beta'], 'Acme'],
    ['zzzzzz', ['Acme'], undefined],
    ['', ['Acme'], undefined],
  ] as const)('%s among %o', ([name, names, expected]) => {
    expect(nearest(name, names)).toBe(expected);
    expect(hintAt(name, names)).toBe(expected === undefined ? '' : ` Did you mean “${expected}”?`);
  });
});

test.for([
  ['anyone', undefined, true],
  ['agent', undefined, false],
  ['agent', { role: 'member', status: 'active' }, true],
  ['agent', { role: 'admin', status: 'deactivated' }, false],
  ['agent', { role: 'member', status: 'invited' }, false],
  ['admin', { role: 'member', status: 'active' }, false],
  ['admin', { role: 'admin', status: 'active' }, true],
  ['admin', { role: 'admin', status: 'invited' }, false],
] as const)('what is for %s is decided by role and status: %o', ([who, agent, expected]) => {
  expect(may(who, agent)).toBe(expected);
});

test.for([
  ['grnat ana', 'There is no command “grnat”. Did you mean “grant”?'],
  ['xyzzy', 'There is no command “xyzzy”. /wa help lists what there is.'],
  ['label ad', '/wa label goes on with add, remove, create, rename, delete and list. Did you mean “add”?'],
  ['grant', 'Something is missing: agents. Write it like /wa grant <agents> [chat:…] [label:…] [for …]'],
  ['label list all', '“all” is one word too many. Write it like /wa label list'],
  ['mode of', 'mode is one of thread, mention, off and never, not “of”. Did you mean “off”?'],
] as const)('answers “%s” with what is wrong', ([text, expected]) => {
  const parsed = parseCommand(commandTree, text);
  expect(parsed.kind === 'entry' ? '' : plainText(fault(commandTree, parsed).text)).toBe(expected);
});

test('help never names a command that isn’t for the reader', () => {
  const member = { id: as<never>('1'), email: 'c@x.com', name: null, role: 'member', status: 'active' } as const;
  const shown = plainText(help(commandTree, member, undefined).text);
  expect(shown).toContain('/wa chats');
  expect(shown).not.toContain('/wa grant');
  expect(plainText(help(commandTree, member, 'grant').text)).toContain('There is no command “grant” for you.');
  expect(plainText(help(commandTree, undefined, undefined).text)).toContain('Nobody invited you');
});
