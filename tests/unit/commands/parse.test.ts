// What people type after /wa, and what is read from it.
import { describe, expect, test } from 'vitest';
import { durationMs, listOf, mentioned, parseCommand, type Parsed } from '../../../src/commands/parse.ts';
import { commandTree } from '../../../src/commands/tree.ts';

const parse = (text: string, given?: Record<string, string>): Parsed => parseCommand(commandTree, text, given);

/** The path and the options, or what is wrong. */
function read(text: string, given?: Record<string, string>): unknown {
  const parsed = parse(text, given);
  switch (parsed.kind) {
    case 'entry':
      return [parsed.entry.path.join(' '), parsed.options];
    case 'unknown':
      return ['unknown', parsed.word];
    case 'group':
      return ['group', parsed.group, parsed.word];
    case 'missing':
      return ['missing', parsed.option.name];
    case 'extra':
      return ['extra', parsed.word];
    case 'choice':
      return ['choice', parsed.option.name, parsed.value];
  }
}

const H = 3_600_000;

test.for([
  ['', ['help', {}]],
  ['help', ['help', {}]],
  ['HELP label add', ['help', { command: 'label add' }]],
  ['grant ana@x.com', ['grant', { agents: 'ana@x.com' }]],
  ['grant ana@x.com,ben@x.com label:VIP for 4h', ['grant', { agents: 'ana@x.com,ben@x.com', label: 'VIP', for: '4h' }]],
  ['grant ana@x.com, ben@x.com this for:7d', ['grant', { agents: 'ana@x.com, ben@x.com', chat: 'this', for: '7d' }]],
  ['grant ana THIS', ['grant', { agents: 'ana', chat: 'this' }]],
  ['grant chat:Mia,Leo ana', ['grant', { agents: 'ana', chat: 'Mia,Leo' }]],
  ['grant ana chat:Mia, Leo, this for 2w', ['grant', { agents: 'ana', chat: 'Mia,Leo,this', for: '2w' }]],
  ['grant ana chat: Mia', ['grant', { agents: 'ana', chat: 'Mia' }]],
  ['grant ana chat:Mia chat:Leo', ['grant', { agents: 'ana', chat: 'Mia,Leo' }]],
  ['grant ana chat:"Mia, Inc.",Leo', ['grant', { agents: 'ana', chat: '"Mia, Inc.",Leo' }]],
  ['grant “Ana Lima” chat:“Mia Müller”', ['grant', { agents: '“Ana Lima”', chat: '“Mia Müller”' }]],
  ['grant ana Label:VIP', ['grant', { agents: 'ana', label: 'VIP' }]],
  ['grant <mailto:ana@x.com|ana@x.com>', ['grant', { agents: 'ana@x.com' }]],
  ['grant <mailto:ana@x.com|ana@x.com>, <mailto:b@x.com|b@x.com>', ['grant', { agents: 'ana@x.com, b@x.com' }]],
  ['grant <@U123|ana> <@U9>', ['grant', { agents: '<@U123|ana> <@U9>' }]],
  ['grant ana for 4 h this', ['grant', { agents: 'ana', chat: 'this', for: '4 h' }]],
  ['grant for:4h ana', ['grant', { agents: 'ana', for: '4h' }]],
  ['grant for 4h ana', ['missing', 'agents']],
  ['grant ana for', ['grant', { agents: 'ana for' }]],
  ['grant', ['missing', 'agents']],
  ['grant label:VIP', ['missing', 'agents']],
  ['invite', ['invite', {}]],
  ['invite a@x.com, b@x.com role:ADMIN', ['invite', { emails: 'a@x.com, b@x.com', role: 'admin' }]],
  ['invite Ana Lima <a@x.com> labels:VIP', ['invite', { emails: 'Ana Lima a@x.com', labels: 'VIP' }]],
  ['invite a@x.com role:boss', ['choice', 'role', 'boss']],
  ['access', ['access', {}]],
  ['access this', ['access', { chat: 'this' }]],
  ['access Mia  Müller', ['access', { chat: 'Mia Müller' }]],
  ['access "Mia Müller"', ['access', { chat: 'Mia Müller' }]],
  ['access chat:Mia', ['access', { chat: 'Mia' }]],
  ['explain ana@x.com', ['explain', { agent: 'ana@x.com' }]],
  ['explain ana@x.com Mia Müller', ['explain', { agent: 'ana@x.com', chat: 'Mia Müller' }]],
  ['grant ana chat:<#C123|wa-mia>', ['grant', { agents: 'ana', chat: '#wa-mia' }]],
  ['new +491701 see <https://x.com/a|x.com/a>', ['new', { phone: '+491701', text: 'see https://x.com/a' }]],
  ['new +491701 2 < 3, 5 > 4', ['new', { phone: '+491701', text: '2 < 3, 5 > 4' }]],
  ['label', ['group', 'label', undefined]],
  ['label ad VIP', ['group', 'label', 'ad']],
  ['label add VIP,Berlin this', ['label add', { labels: 'VIP,Berlin', chat: 'this' }]],
  ['label rename VIP to Very important', ['label rename', { name: 'VIP', to: 'Very important' }]],
  ['label rename Old name to "Very important"', ['label rename', { name: 'Old name', to: 'Very important' }]],
  ['label rename VIP', ['missing', 'to']],
  ['label list all', ['extra', 'all']],
  ['mode off', ['mode', { mode: 'off' }]],
  ['mode never Mia Müller', ['mode', { mode: 'never', chat: 'Mia Müller' }]],
  ['mode loud', ['choice', 'mode', 'loud']],
  ['mode', ['missing', 'mode']],
  ['new +491701 Hello: "you", this is  us\nbye', ['new', { phone: '+491701', text: 'Hello: "you", this is  us\nbye' }]],
  ['new number:Sales +491701 chat: hi', ['new', { number: 'Sales', phone: '+491701', text: 'chat: hi' }]],
  ['new "+49 1701" number two', ['new', { phone: '+49 1701', text: 'number two' }]],
  ['new <tel:+491701|+49 1701> hi', ['new', { phone: '+491701', text: 'hi' }]],
  ['new +491701', ['missing', 'text']],
  ['number pair Support +49 170 1', ['number pair', { number: 'Support', phone: '+49 170 1' }]],
  ['number pair "Our Support"', ['number pair', { number: 'Our Support' }]],
  ['q good morning', ['q', { name: 'good morning' }]],
  ['chats it"s', ['chats', { search: 'it"s' }]],
  ['grnat ana', ['unknown', 'grnat']],
] as const)('reads “%s”', ([text, expected]) => {
  expect(read(text)).toEqual(expected);
});

describe('options that the platform parsed', () => {
  test.for([
    ['grant', { agents: 'ana@x.com', for: '4h' }, ['grant', { agents: 'ana@x.com', for: '4h' }]],
    ['label add', { labels: 'VIP' }, ['label add', { labels: 'VIP' }]],
    ['new', { phone: '+491701', text: 'this "is" it' }, ['new', { phone: '+491701', text: 'this "is" it' }]],
    ['mode', { mode: 'loud' }, ['choice', 'mode', 'loud']],
    ['grant', { agents: ' ' }, ['missing', 'agents']],
    ['access', { chat: 'Mia', nonsense: '1' }, ['access', { chat: 'Mia' }]],
  ] as const)('%s with %o', ([text, given, expected]) => {
    expect(read(text, given)).toEqual(expected);
  });
});

test.for([
  ['a,b', 'commas', ['a', 'b']],
  ['a, b;; c ,', 'commas', ['a', 'b', 'c']],
  ['Mia Müller, Leo', 'commas', ['Mia Müller', 'Leo']],
  ['"Mia, Inc.", Leo', 'commas', ['Mia, Inc.', 'Leo']],
  ['“Mia, Inc.”', 'commas', ['Mia, Inc.']],
  ['a b,c', 'words', ['a', 'b', 'c']],
  ['"Ana Lima" ben', 'words', ['Ana Lima', 'ben']],
  ['a,a', 'commas', ['a']],
  ['5" pipe, b', 'commas', ['5" pipe', 'b']],
  ['', 'commas', []],
] as const)('takes the list “%s” apart at %s', ([text, splitAt, expected]) => {
  expect(listOf(text, splitAt)).toEqual(expected);
});

test.for([
  ['4h', 4 * H],
  ['7d', 7 * 24 * H],
  ['2w', 14 * 24 * H],
  ['1d12h', 36 * H],
  ['1D 12H', 36 * H],
  ['0h', undefined],
  ['h', undefined],
  ['4', undefined],
  ['4m', undefined],
  ['-4h', undefined],
  ['4h!', undefined],
  ['99999w', undefined],
  ['', undefined],
] as const)('reads the length of time “%s”', ([text, expected]) => {
  expect(durationMs(text)).toBe(expected);
});

test.for([
  ['<@U123>', 'U123'],
  ['<@U123|ana>', 'U123'],
  ['<@!42>', '42'],
  ['@ana', undefined],
  ['U123', undefined],
] as const)('reads the mention “%s”', ([word, expected]) => {
  expect(mentioned(word)).toBe(expected);
});
