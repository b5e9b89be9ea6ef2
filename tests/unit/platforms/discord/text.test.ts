// Rich text → Discord's markdown and back: everything that goes out is literal, everything that comes in is understood.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { as } from '../../../../src/domain/ids.ts';
import type { UserId } from '../../../../src/domain/ids.ts';
import { plain, plainText } from '../../../../src/domain/text.ts';
import type { Block, Inline, RichText, Style } from '../../../../src/domain/text.ts';
import { fromMarkdown } from '../../../../src/platforms/discord/markdown.ts';
import type { Names } from '../../../../src/platforms/discord/markdown.ts';
import { cleanName, escape, quoteLines, smallLine, toMarkdown } from '../../../../src/platforms/discord/text.ts';

const names: Names = {
  user: (id) => (id === '1' ? 'Ana' : undefined),
  channel: (id) => (id === '2' ? 'sales' : undefined),
};
const t = (text: string, ...styles: (keyof Style)[]): Inline =>
  styles.length === 0
    ? { kind: 'text', text }
    : { kind: 'text', text, style: Object.fromEntries(styles.map((style) => [style, true])) };
const p = (...inlines: Inline[]): Block => ({ kind: 'paragraph', inlines });
const ana: Inline = { kind: 'mention', name: 'Ana', user: as<UserId>('1') };
const read = (content: string): RichText => fromMarkdown(content, names);

describe('drawing', () => {
  test.each<[string, RichText, string]>([
    ['styles, with spaces outside the markers', [p(t(' a ', 'bold'), t('b', 'italic', 'strike'))], ' **a** *~~b~~*'],
    ['code as it is', [p(t('a*b', 'code'))], '`a*b`'],
    ['code with a backtick in it', [p(t('a`b', 'code'))], '``a`b``'],
    ['code that can’t be code', [p(t('`a``b', 'code'))], '\\`a\\`\\`b'],
    ['a code block that holds a fence', [{ kind: 'code', text: 'a```b' }], '```\na`\u200B`\u200B`b\n```'],
    ['a quote on each line', [{ kind: 'quote', inlines: [t('a\nb')] }], '> a\n> b'],
    [
      'lists',
      [
        { kind: 'list', ordered: true, items: [{ indent: 0, number: 3, inlines: [t('a')] }] },
        { kind: 'list', ordered: false, items: [{ indent: 1, inlines: [t('b')] }] },
      ],
      '3. a\n  - b',
    ],
    ['a link without its preview', [p({ kind: 'link', url: 'https://a.example/x_y' })], '<https://a.example/x_y>'],
    [
      'a link with a label',
      [p({ kind: 'link', url: 'https://a.example', label: 'a]b' })],
      '[a\\]b](<https://a.example>)',
    ],
    [
      'no link of another kind',
      [p({ kind: 'link', url: 'javascript:alert(1)', label: 'x' })],
      'x (javascript:alert(1))',
    ],
    [
      'no link that would end early',
      [p({ kind: 'link', url: 'https://a.example/> @everyone' })],
      'https\\://a.example/\\> \\@everyone',
    ],
    ['a person of the workspace without a ping', [p(ana)], '@Ana'],
  ])('%s', (_what, text, markdown) => {
    expect(toMarkdown(text)).toBe(markdown);
  });

  test.each([
    '@everyone @here',
    '<@1> <@!1> <@&1> <#2> <:a:1> <t:1:R> </wa:1>',
    '[bank](https://evil.example) https://evil.example',
    '**a** __b__ *c* _d_ ~~e~~ ||f|| `g` ```h```',
    '# a\n## b\n> c\n>>> d\n- e\n* f\n1. g\n-# h\n  - i',
    'back\\slash \\* \\\\',
  ])('keeps %j as it is', (words) => {
    expect(plainText(read(toMarkdown(plain(words))))).toBe(words);
  });

  test('keeps any line literal: what is read back is what was meant', () => {
    const pieces = fc.constantFrom(
      '*',
      '_',
      '~',
      '`',
      '|',
      '<',
      '>',
      '[',
      ']',
      '(',
      ')',
      '@everyone',
      '\\',
      '#',
      '-',
      '1.',
      ' ',
      'a',
      'ß',
      '😀',
      'https://x.y',
      '\n',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
        const words = parts.join('');
        fc.pre(words.trim() !== '');
        const back = read(escape(words));
        expect(plainText(back)).toBe(words);
        const styles = JSON.stringify(back);
        expect(styles).not.toMatch(/"style"|"link"|"mention"|"quote"|"list"|"code"/);
      }),
      { numRuns: 500 },
    );
  });

  test('replaces what would have the call refused', () => {
    expect(escape('a\0b\uD83D')).toBe('a\uFFFDb\uFFFD');
  });

  test('draws names and small lines on one line', () => {
    expect(smallLine('a\nb')).toBe('-# a b');
    expect(quoteLines('A*\nB', 'x\ny')).toBe('> **A\\* B**\n> x\n> y');
  });
});

test.each([
  ['Bob', 'Bob'],
  ['DISCORD support', 'DIS-CORD support'],
  ['clyde', 'cly-de'],
  ['everyone', 'everyone.'],
  [' \u202E ', 'Unknown'],
  ['a\nb', 'a b'],
  ['x'.repeat(100), 'x'.repeat(80)],
  ['@here#1', 'here1'],
  ['ana@acme.test', 'ana＠acme.test'],
  ['Ana @ Acme', 'Ana Acme'],
])('cleans the name %j to %j', (name, cleaned) => {
  expect(cleanName(name)).toBe(cleaned);
});

describe('reading', () => {
  test.each<[string, string, RichText]>([
    [
      'styles',
      '**a** *b* _c_ ~~d~~ __e__ ||f||',
      [p(t('a', 'bold'), t(' '), t('b', 'italic'), t(' '), t('c', 'italic'), t(' '), t('d', 'strike'), t(' e f'))],
    ],
    ['styles in styles', '**a *b***', [p(t('a ', 'bold'), t('b', 'bold', 'italic'))]],
    ['lone markers', '2 * 3 * 4 snake_case_name **', [p(t('2 * 3 * 4 snake_case_name **'))]],
    ['code', '`a*b*` ``c`d``', [p(t('a*b*', 'code'), t(' '), t('c`d', 'code'))]],
    [
      'code blocks with a language',
      'x\n```ts\na\n\nb\n```\ny',
      [p(t('x')), { kind: 'code', text: 'a\n\nb' }, p(t('y'))],
    ],
    [
      'people, channels, groups, emoji',
      'hi <@1> <@!9> <#2> <#7> <@&5> <a:wave:123> 😀',
      [
        p(
          t('hi '),
          ana,
          t(' '),
          { kind: 'mention', name: '9', user: as<UserId>('9') },
          t(' #sales #channel @group :wave: 😀'),
        ),
      ],
    ],
    [
      'links',
      '<https://a.example> https://b.example/x). [c](https://c.example)',
      [
        p({ kind: 'link', url: 'https://a.example' }, t(' '), { kind: 'link', url: 'https://b.example/x' }, t('). '), {
          kind: 'link',
          url: 'https://c.example',
          label: 'c',
        }),
      ],
    ],
    ['quotes', '> a\n> b\nc', [{ kind: 'quote', inlines: [t('a\nb')] }, p(t('c'))]],
    ['quotes to the end', '>>> a\nb', [{ kind: 'quote', inlines: [t('a\nb')] }]],
    [
      'lists',
      '- a\n  - b\n1. c',
      [
        {
          kind: 'list',
          ordered: false,
          items: [
            { indent: 0, inlines: [t('a')] },
            { indent: 1, inlines: [t('b')] },
          ],
        },
        { kind: 'list', ordered: true, items: [{ indent: 0, number: 1, inlines: [t('c')] }] },
      ],
    ],
    ['headings and small lines', '# a\n-# b', [p(t('a', 'bold'), t('\nb'))]],
    ['escapes', '\\*a\\* \\<@1>', [p(t('*a* <@1>'))]],
    ['times', '<t:0:R>', [p(t('Thu, 01 Jan 1970 00:00:00 GMT'))]],
    ['nothing', ' ', []],
  ])('%s', (_what, content, text) => {
    expect(read(content)).toEqual(text);
  });

  test('takes no longer than its length says', () => {
    for (const piece of ['*', '_a', '[', '`', '<@', '**a', '> ', '~~']) {
      const startedAt = performance.now();
      read(piece.repeat(20_000 / piece.length));
      expect(performance.now() - startedAt).toBeLessThan(2_000);
    }
  });
});
