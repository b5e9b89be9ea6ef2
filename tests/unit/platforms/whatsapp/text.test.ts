// WhatsApp's markers: what they mean, what they don't, and the way back.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { as, type PersonAddress } from '../../../../src/domain/ids.ts';
import { plainText, type Block, type Inline, type RichText, type Style } from '../../../../src/domain/text.ts';
import { fromRichText, toRichText } from '../../../../src/platforms/whatsapp/text.ts';
import type { Mentioned } from '../../../../src/platforms/whatsapp/line.ts';

const ana = as<PersonAddress>('491701@lid');
const people = new Map<string, Mentioned>([
  ['491701', { name: 'Ana', person: ana }],
  ['55', { name: 'Bo' }],
]);
const userPart = (person: PersonAddress): string => person.split('@')[0] ?? '';
const read = (text: string): RichText => toRichText(text, people);
const write = (text: RichText): string => fromRichText(text, userPart).text;

const t = (text: string, ...styles: (keyof Style)[]): Inline =>
  styles.length === 0
    ? { kind: 'text', text }
    : { kind: 'text', text, style: Object.fromEntries(styles.map((style) => [style, true])) };
const link = (url: string): Inline => ({ kind: 'link', url });
const p = (...inlines: Inline[]): Block => ({ kind: 'paragraph', inlines });
const q = (...inlines: Inline[]): Block => ({ kind: 'quote', inlines });
const code = (text: string): Block => ({ kind: 'code', text });

describe('reading', () => {
  test.each<[string, Block[]]>([
    ['', []],
    ['plain', [p(t('plain'))]],
    ['*bold*', [p(t('bold', 'bold'))]],
    ['_italic_', [p(t('italic', 'italic'))]],
    ['~gone~', [p(t('gone', 'strike'))]],
    ['`code *x*`', [p(t('code *x*', 'code'))]],
    ['a ```b``` c', [p(t('a '), t('b', 'code'), t(' c'))]],
    ['*_both_*', [p(t('both', 'italic', 'bold'))]],
    ['*bold _and italic_*', [p(t('bold ', 'bold'), t('and italic', 'bold', 'italic'))]],
    ['say *a b*, ok', [p(t('say '), t('a b', 'bold'), t(', ok'))]],
    ['(*a*)', [p(t('('), t('a', 'bold'), t(')'))]],
    ['*a*b*', [p(t('a*b', 'bold'))]],
    ['*a _b* c_', [p(t('a _b', 'bold'), t(' c_'))]],
    ['*fett* ❤️*auch*', [p(t('fett', 'bold'), t(' ❤️'), t('auch', 'bold'))]],
    ['*один* два', [p(t('один', 'bold'), t(' два'))]],
    ['*`x`*', [p(t('x', 'code', 'bold'))]],
    // what stays as typed
    ['2*3*4', [p(t('2*3*4'))]],
    ['snake_case_name', [p(t('snake_case_name'))]],
    ['* a*', [{ kind: 'list', ordered: false, items: [{ indent: 0, inlines: [t('a*')] }] }]],
    ['x * a *', [p(t('x * a *'))]],
    ['*a *', [p(t('*a *'))]],
    ['**a**', [p(t('**a**'))]],
    ['*a\nb*', [p(t('*a\nb*'))]],
    ['नमस्ते*a*', [p(t('नमस्ते*a*'))]],
    ['``` ```', [p(t('``` ```'))]],
    ['```open', [p(t('```open'))]],
    ['a`b`c', [p(t('a`b`c'))]],
    // blocks
    ['```one\n  two```', [code('one\n  two')]],
    ['```\none\n```', [code('one')]],
    ['a\n```b```\nc', [p(t('a')), code('b'), p(t('c'))]],
    ['a ```b\nc``` d', [p(t('a ')), code('b\nc'), p(t(' d'))]],
    ['> one\n> *two*\nthree', [q(t('one\n'), t('two', 'bold')), p(t('three'))]],
    ['>no', [p(t('>no'))]],
    ['a\n\nb', [p(t('a\n\nb'))]],
    ['a\r\nb', [p(t('a\nb'))]],
    [
      '- a\n- *b*\n\nc',
      [
        {
          kind: 'list',
          ordered: false,
          items: [
            { indent: 0, inlines: [t('a')] },
            { indent: 0, inlines: [t('b', 'bold')] },
          ],
        },
        p(t('\nc')),
      ],
    ],
    [
      '3. a\n  - b\n7. c',
      [
        { kind: 'list', ordered: true, items: [{ indent: 0, number: 3, inlines: [t('a')] }] },
        { kind: 'list', ordered: false, items: [{ indent: 1, inlines: [t('b')] }] },
        { kind: 'list', ordered: true, items: [{ indent: 0, number: 7, inlines: [t('c')] }] },
      ],
    ],
    ['  - not a list', [p(t('  - not a list'))]],
    // links
    ['see https://a.example/x_y_z, ok', [p(t('see '), link('https://a.example/x_y_z'), t(', ok'))]],
    ['(https://a.example/b_(c))', [p(t('('), link('https://a.example/b_(c)'), t(')'))]],
    ['*https://a.example*', [p({ kind: 'link', url: 'https://a.example', style: { bold: true } })]],
    ['https://evil|bank.com', [p(link('https://evil'), t('|bank.com'))]],
    ['https://a.example/\u202Egpj.exe', [p(link('https://a.example/'), t('\u202Egpj.exe'))]],
    ['xhttps://a.example', [p(t('xhttps://a.example'))]],
    ['javascript:alert(1) http://', [p(t('javascript:alert(1) http://'))]],
    // mentions
    ['hi @491701!', [p(t('hi '), { kind: 'mention', name: 'Ana', person: ana }, t('!'))]],
    ['@55', [p({ kind: 'mention', name: 'Bo' })]],
    ['@4917012 @everyone a@b', [p(t('@4917012 @everyone a@b'))]],
    ['*a @55 b*', [p(t('a ', 'bold'), { kind: 'mention', name: 'Bo' }, t(' b', 'bold'))]],
  ])('%j', (text, blocks) => {
    expect(read(text)).toEqual(blocks);
  });
});

describe('writing', () => {
  test.each<[string, Block[], string]>([
    ['bold', [p(t('a '), t('b', 'bold'), t(' c'))], 'a *b* c'],
    ['spaces move outside', [p(t('a'), t(' b ', 'bold'), t('c'))], 'a *b* c'],
    ['styles nest', [p(t('a ', 'bold'), t('b', 'bold', 'italic'), t(' c', 'italic'))], '*a _b_* _c_'],
    ['all three', [p(t('x', 'bold', 'italic', 'strike'))], '*_~x~_*'],
    ['a style inside a word is dropped', [p(t('foo', 'bold'), t('bar'))], 'foobar'],
    ['a style round its own marker is dropped', [p(t('a*b', 'bold'))], 'a*b'],
    ['each line is marked', [p(t('a\nb', 'bold'))], '*a*\n*b*'],
    ['code', [p(t('run '), t('x y', 'code'))], 'run `x y`'],
    ['code with a tick', [p(t('a`b', 'code'))], '```a`b```'],
    ['only spaces', [p(t('   ', 'bold'))], '   '],
    ['quote', [q(t('a\nb'))], '> a\n> b'],
    ['code block', [code('a\nb')], '```a\nb```'],
    ['code block that ends in a tick', [code('a`')], '```\na`\n```'],
    ['code block with a fence inside', [code('a```b')], 'a```b'],
    ['labelled link', [p({ kind: 'link', url: 'https://a.example', label: 'here' })], 'here (https://a.example)'],
    ['bare link', [p({ kind: 'link', url: 'https://a.example', label: 'https://a.example' })], 'https://a.example'],
    ['mention of a user', [p({ kind: 'mention', name: 'Kim' })], '@Kim'],
    [
      'nested list',
      [
        { kind: 'list', ordered: true, items: [{ indent: 0, number: 4, inlines: [t('a')] }] },
        { kind: 'list', ordered: false, items: [{ indent: 1, inlines: [t('b\nc')] }] },
        { kind: 'list', ordered: true, items: [{ indent: 0, number: 5, inlines: [t('d', 'bold')] }] },
      ],
      '4. a\n  - b\n    c\n5. *d*',
    ],
  ])('%s', (_name, blocks, text) => {
    expect(write(blocks)).toBe(text);
  });

  test('names everybody mentioned once', () => {
    const mention: Inline = { kind: 'mention', name: 'Ana', person: ana };
    expect(fromRichText([p(mention, t(' and '), mention)], userPart)).toEqual({
      text: '@491701 and @491701',
      mentions: [ana],
    });
  });
});

// Any UTF-16, sound or not.
const codeUnits = fc.array(fc.nat(0xffff), { maxLength: 12 }).map((units) => String.fromCharCode(...units));

const adversarial = fc.array(
  fc.oneof(
    fc.constantFrom(
      '*',
      '_',
      '~',
      '`',
      '```',
      '\n',
      ' ',
      '> ',
      '- ',
      '1. ',
      '  ',
      '@491701',
      '@1',
      'https://a.example/_x_',
      '(',
      ')',
    ),
    fc.constantFrom('word', 'é', '漢', '😀', '\uD800', '\uDC00', '\0', '\u202E', '\u200B', '‍', '️'),
    codeUnits,
  ),
  { maxLength: 40 },
);
const word = fc.constantFrom('one', 'zwei', 'три', '四', '👍🏽', '3.5', 'a-b');
const styled = fc.tuple(
  fc.subarray<keyof Style>(['bold', 'italic', 'strike']),
  fc.array(word, { minLength: 1, maxLength: 3 }),
);

const bare = (text: string): string => text.replaceAll(/[\s*_~`>•\-]/gv, '');

function shown(text: RichText, style: keyof Style): string {
  const inlines = text.flatMap((block) => (block.kind === 'paragraph' ? block.inlines : []));
  const pieces = inlines.flatMap((inline) =>
    inline.kind === 'text' && inline.style?.[style] === true ? inline.text : [],
  );
  return pieces.join('').replaceAll(' ', '');
}

describe('for any text', () => {
  test('no word is lost and none is added', () => {
    fc.assert(
      fc.property(adversarial, (parts) => {
        const text = parts.join('');
        expect(bare(plainText(toRichText(text, new Map())))).toBe(bare(text));
      }),
      { numRuns: 500 },
    );
  });

  test('text without markers comes back as it was', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(word, fc.constantFrom(' ', '\n', '2*3*4', 'snake_case', '<!channel>', '&lt;'))),
        (parts) => {
          const text = parts.join('');
          expect(plainText(read(text))).toBe(text);
          expect(write(read(text))).toBe(text);
        },
      ),
    );
  });

  test('well-formed styles survive the way out and back', () => {
    fc.assert(
      fc.property(fc.array(styled, { minLength: 1, maxLength: 6 }), (spans) => {
        const inlines = spans.flatMap(([styles, words], index) => [
          ...(index === 0 ? [] : [t(' ')]),
          t(words.join(' '), ...styles),
        ]);
        const back = read(write([p(...inlines)]));
        expect(plainText(back)).toBe(plainText([p(...inlines)]));
        for (const style of ['bold', 'italic', 'strike'] as const) {
          expect(shown(back, style)).toBe(shown([p(...inlines)], style));
        }
      }),
    );
  });
});

describe('work grows with the length only', () => {
  test.each([
    '*_~',
    '* _a ~b ',
    '*a _b* ',
    '`a ',
    '` `` ``` ',
    '`',
    '```\n',
    '``` a',
    '@491701 ',
    '@1234567890',
    'http://[',
    'hhttp://a(',
    'https://a.example/).',
    '- a\n  - b\n',
    '> *a\n',
    '\u200B\u202E',
    '\uD800',
    '9',
    ' ',
  ])('%j repeated', (unit) => {
    const text = unit.repeat(Math.ceil(65_536 / unit.length));
    const before = process.threadCpuUsage();
    write(read(text));
    expect(process.threadCpuUsage(before).user).toBeLessThan(2_000_000);
  });
});
