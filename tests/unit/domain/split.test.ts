// Long texts in parts: no word lost, nothing cut that belongs together.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitText } from '../../../src/domain/split.ts';
import { plain, plainText, type Block, type Inline, type RichText } from '../../../src/domain/text.ts';

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
const characters = (text: string): string[] => Array.from(segmenter.segment(text), ({ segment }) => segment);
const t = (text: string): Inline => ({ kind: 'text', text });
const p = (...inlines: Inline[]): Block => ({ kind: 'paragraph', inlines });
const shown = (text: RichText, maxLength: number): string[] => splitText(text, maxLength).map(plainText);

function inlinesOf(block: Block): readonly Inline[] {
  switch (block.kind) {
    case 'paragraph':
    case 'quote':
      return block.inlines;
    case 'code':
      return [t(block.text)];
    case 'list':
      return block.items.flatMap((item) => item.inlines);
  }
}

const inlinesIn = (text: RichText): readonly Inline[] => text.flatMap(inlinesOf);
/** What the blocks say, without bullets and quote marks. */
const said = (text: RichText): string => plainText([p(...inlinesIn(text))]);

describe('cutting', () => {
  test.each<[string, RichText, number, string[]]>([
    ['nothing', [], 64, []],
    ['leaves what fits', plain('a'.repeat(64)), 64, ['a'.repeat(64)]],
    ['between blocks', [p(t('a'.repeat(40))), p(t('b'.repeat(40)))], 64, ['a'.repeat(40), 'b'.repeat(40)]],
    [
      'fills a part that is hardly begun',
      [p(t('a')), p(t('b '.repeat(40)))],
      64,
      [`a\n${'b '.repeat(31)}`, 'b '.repeat(9)],
    ],
    [
      'behind a paragraph',
      plain(`${'a '.repeat(20)}\n\n${'b\n'.repeat(9)}${'c '.repeat(9)}`),
      64,
      [`${'a '.repeat(20)}\n\n`, `${'b\n'.repeat(9)}${'c '.repeat(9)}`],
    ],
    ['behind a line', plain(`${'a '.repeat(20)}\n${'c '.repeat(20)}`), 64, [`${'a '.repeat(20)}\n`, 'c '.repeat(20)]],
    ['behind a word', plain(`${'abc '.repeat(15)}abcdefgh`), 64, ['abc '.repeat(15), 'abcdefgh']],
    ['inside a long word', plain('a'.repeat(100)), 64, ['a'.repeat(64), 'a'.repeat(36)]],
    ['not inside a character', plain(`${'a'.repeat(60)}👩‍👩‍👧‍👦b`), 64, ['a'.repeat(60), '👩‍👩‍👧‍👦b']],
    [
      'not inside a link',
      [p(t('a'.repeat(50)), { kind: 'link', url: 'https://a.example/xyz' })],
      64,
      ['a'.repeat(50), 'https://a.example/xyz'],
    ],
    [
      'not inside a mention',
      [p(t('a'.repeat(50)), { kind: 'mention', name: 'Ana Maria Souza' })],
      64,
      ['a'.repeat(50), '@Ana Maria Souza'],
    ],
    [
      'a quote goes on as a quote',
      [{ kind: 'quote', inlines: [t(`${'a '.repeat(25)}\n${'b '.repeat(20)}`)] }],
      64,
      [`> ${'a '.repeat(25)}\n> `, `> ${'b '.repeat(20)}`],
    ],
    [
      'leaves out blank parts',
      [p(t(`a${'\n'.repeat(100)}`)), p(t('b'))],
      64,
      [`a${'\n'.repeat(63)}`, `${'\n'.repeat(38)}b`],
    ],
    ['is nothing if there are only blanks', plain(' '.repeat(500)), 64, []],
  ])('%s', (_name, text, maxLength, parts) => {
    expect(shown(text, maxLength)).toEqual(parts);
  });

  test('goes on as the same kind, an item with its number', () => {
    const items = [
      { indent: 0, number: 7, inlines: [t('a'.repeat(70))] },
      { indent: 1, number: 1, inlines: [t('b')] },
    ];
    expect(splitText([{ kind: 'list', ordered: true, items }], 64)).toEqual([
      [{ kind: 'list', ordered: true, items: [{ indent: 0, number: 7, inlines: [t('a'.repeat(61))] }] }],
      [
        {
          kind: 'list',
          ordered: true,
          items: [
            { indent: 0, number: 7, inlines: [t('a'.repeat(9))] },
            { indent: 1, number: 1, inlines: [t('b')] },
          ],
        },
      ],
    ]);
    expect(splitText([{ kind: 'code', text: 'x'.repeat(70) }], 64)).toEqual([
      [{ kind: 'code', text: 'x'.repeat(64) }],
      [{ kind: 'code', text: 'x'.repeat(6) }],
    ]);
  });

  test('a link longer than a part goes on as words, in its style', () => {
    const url = `https://a.example/${'x'.repeat(80)}`;
    expect(splitText([p({ kind: 'link', url, style: { bold: true } })], 64)).toEqual([
      [p({ kind: 'text', text: url.slice(0, 64), style: { bold: true } })],
      [p({ kind: 'text', text: url.slice(64), style: { bold: true } })],
    ]);
  });

  test('a character longer than a part is cut between code points', () => {
    const pile = `a${'\u{1E8D0}'.repeat(60)}`;
    const parts = shown(plain(pile), 64);
    expect(parts.join('')).toBe(pile);
    expect(parts.every((part) => part.isWellFormed() && part.length <= 64)).toBe(true);
  });
});

const word = fc.constantFrom(
  'one',
  'zwei ',
  'три',
  '四五六',
  '👩‍🚀',
  '🏳️‍🌈',
  'e\u0301',
  '🇩🇪',
  '\n',
  '\n\n',
  ' ',
  '\r\n',
  '\uD83D',
  '\uDE00',
  '\u0600',
  '\u200D',
  'नमस्ते',
);
const words = fc.array(word, { minLength: 1, maxLength: 60 }).map((parts) => parts.join(''));
const inline: fc.Arbitrary<Inline> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('text' as const),
      text: words,
      style: fc.constantFrom({}, { bold: true as const }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.nat(30).map((length): Inline => ({ kind: 'link', url: `https://a.example/${'x'.repeat(length)}` })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Inline>({ kind: 'mention', name: 'Ana Maria' }, { kind: 'mention', name: 'Bo' }),
  },
);
const inlines = fc.array(inline, { maxLength: 5 });
const block: fc.Arbitrary<Block> = fc.oneof(
  fc.record({ kind: fc.constantFrom('paragraph' as const, 'quote' as const), inlines }),
  fc.record({ kind: fc.constant('code' as const), text: words }),
  fc.record({
    kind: fc.constant('list' as const),
    ordered: fc.boolean(),
    items: fc.array(fc.record({ indent: fc.nat(3), number: fc.integer({ min: 1, max: 99 }), inlines }), {
      minLength: 1,
      maxLength: 8,
    }),
  }),
);
const limits = fc.integer({ min: 64, max: 200 });
const withoutBlanks = (text: string): string => text.replaceAll(/\s/gv, '');

describe('for any text', () => {
  test('no part is too long or blank, and together they say what the text said', () => {
    fc.assert(
      fc.property(fc.array(block, { maxLength: 6 }), limits, (text, maxLength) => {
        const parts = splitText(text, maxLength);
        for (const part of parts) {
          expect(plainText(part).length).toBeLessThanOrEqual(maxLength);
          expect(plainText(part).trim()).not.toBe('');
        }
        expect(withoutBlanks(parts.map(said).join(''))).toBe(withoutBlanks(said(text)));
      }),
      { numRuns: 300 },
    );
  });

  test('the parts of a paragraph put together are the paragraph, cut between characters only', () => {
    fc.assert(
      fc.property(inlines, limits, (value, maxLength) => {
        const text = plainText([p(...value)]);
        // A part of blanks alone is left out: only a long run of them, or those at the end, can make one.
        fc.pre(!/\s{30}/v.test(text));
        fc.pre(text !== '' && text.trimEnd() === text);
        const parts = shown([p(...value)], maxLength);
        expect(parts.join('')).toBe(text);
        expect(parts.flatMap(characters)).toEqual(characters(text));
      }),
      { numRuns: 300 },
    );
  });

  test('links and mentions stay whole', () => {
    const whole = (text: RichText): readonly Inline[] => inlinesIn(text).filter(({ kind }) => kind !== 'text');
    fc.assert(
      fc.property(fc.array(block, { maxLength: 4 }), limits, (text, maxLength) => {
        expect(splitText(text, maxLength).flatMap(whole)).toEqual(whole(text));
      }),
    );
  });

  test.each(['a', 'ab ', '\n', '\u0301', '👩‍🚀', '\uD83D', '\u200D', ' '])(
    'work grows with the length only: %j',
    (unit) => {
      const text = unit.repeat(Math.ceil(65_536 / unit.length));
      const before = process.threadCpuUsage();
      splitText([{ kind: 'quote', inlines: [t(text)] }, p(t(text))], 2_000);
      splitText([p(...Array.from(text, t))], 2_000);
      expect(process.threadCpuUsage(before).user).toBeLessThan(2_000_000);
    },
  );

  test('10,000 mentions', () => {
    const mentions = Array.from({ length: 10_000 }, (): Inline => ({ kind: 'mention', name: 'Ana' }));
    const before = process.threadCpuUsage();
    expect(splitText([p(...mentions)], 2_000).flatMap(inlinesIn)).toEqual(mentions);
    expect(process.threadCpuUsage(before).user).toBeLessThan(2_000_000);
  });
});
