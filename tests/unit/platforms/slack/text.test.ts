// Rich text ⇄ Slack's blocks and mrkdwn: everything that goes out is literal, everything that comes in is understood.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { as, type PersonAddress, type UserId } from '../../../../src/domain/ids.ts';
import { plain, plainText, type Block, type Inline, type RichText, type Style } from '../../../../src/domain/text.ts';
import { cleanName, escape, fromMessage, toRichTextBlock, type Names } from '../../../../src/platforms/slack/text.ts';
import { toRichText } from '../../../../src/platforms/whatsapp/text.ts';

const names: Names = {
  user: (id) => (id === 'U1' ? 'Ana' : undefined),
  channel: (id) => (id === 'C1' ? 'sales' : undefined),
};
const t = (text: string, ...styles: (keyof Style)[]): Inline =>
  styles.length === 0
    ? { kind: 'text', text }
    : { kind: 'text', text, style: Object.fromEntries(styles.map((style) => [style, true])) };
const p = (...inlines: Inline[]): Block => ({ kind: 'paragraph', inlines });
const ana: Inline = { kind: 'mention', name: 'Ana', user: as<UserId>('U1') };
const section = (...elements: unknown[]): unknown => ({ type: 'rich_text_section', elements });
const text = (value: string, style?: Style): unknown => ({ type: 'text', text: value, ...(style ? { style } : {}) });
const list = (style: string, indent: number, items: string[], more: object = {}): unknown => ({
  type: 'rich_text_list',
  style,
  indent,
  elements: items.map((item) => section(text(item))),
  ...more,
});
const read = (...elements: unknown[]): RichText =>
  fromMessage({ text: 'fallback', blocks: [{ type: 'rich_text', elements }] }, names);
const readText = (value: string): RichText => fromMessage({ text: value }, names);

// Any UTF-16, sound or not.
const codeUnits = fc.array(fc.nat(0xffff), { maxLength: 12 }).map((units) => String.fromCharCode(...units));

describe('drawing', () => {
  test.each<[string, RichText, unknown[]]>([
    [
      'words and styles',
      [p(t('a '), t('b', 'bold', 'code'))],
      [section(text('a '), text('b', { bold: true, code: true }))],
    ],
    ['paragraphs on their own lines', [p(t('a')), p(t('b'))], [section(text('a\nb'))]],
    [
      'a blank line',
      [p(), { kind: 'code', text: 'x' }],
      [section(text('\n')), { type: 'rich_text_preformatted', elements: [text('x')] }],
    ],
    ['a quote', [{ kind: 'quote', inlines: [t('a\nb')] }], [{ type: 'rich_text_quote', elements: [text('a\nb')] }]],
    [
      'links',
      [
        p(
          { kind: 'link', url: 'https://a.example' },
          { kind: 'link', url: 'https://b.example', label: 'b', style: { bold: true } },
        ),
      ],
      [
        section(
          { type: 'link', url: 'https://a.example' },
          { type: 'link', url: 'https://b.example', text: 'b', style: { bold: true } },
        ),
      ],
    ],
    [
      'a link that is too long',
      [p({ kind: 'link', url: `https://a/${'x'.repeat(3_000)}` })],
      [section(text(`https://a/${'x'.repeat(3_000)}`))],
    ],
    [
      'mentions as words',
      [p(t('hi '), { kind: 'mention', name: 'Bo', person: as<PersonAddress>('1@lid') }, ana)],
      [section(text('hi '), text('@Bo'), text('@Ana'))],
    ],
    [
      'lists cut where depth or numbers change',
      [
        {
          kind: 'list',
          ordered: true,
          items: [
            { indent: 0, number: 3, inlines: [t('a')] },
            { indent: 0, number: 4, inlines: [] },
            { indent: 1, number: 1, inlines: [t('c')] },
            { indent: 0, number: 9, inlines: [t('d')] },
          ],
        },
        { kind: 'list', ordered: false, items: [{ indent: 12, inlines: [t('e')] }] },
      ],
      [
        list('ordered', 0, ['a', ' '], { offset: 2 }),
        list('ordered', 1, ['c']),
        list('ordered', 0, ['d'], { offset: 8 }),
        list('bullet', 8, ['e']),
      ],
    ],
    ['broken characters', plain('a\uD800b\0c'), [section(text('a\uFFFDb\uFFFDc'))]],
  ])('%s', (_name, value, elements) => {
    expect(toRichTextBlock(value)).toEqual({ type: 'rich_text', elements });
  });

  test('escapes what Slack would take for its own', () => {
    expect(escape('<!channel> & <@U1> &lt; <https://evil|bank.com> \uDC00')).toBe(
      '&lt;!channel&gt; &amp; &lt;@U1&gt; &amp;lt; &lt;https://evil|bank.com&gt; \uFFFD',
    );
  });
});

describe('what a customer writes', () => {
  const corpus = [
    '@channel @here @everyone <!channel> <!here|x> <!subteam^S1> <@U1> <#C1>',
    '<https://evil|bank.com> &lt;!channel&gt; &amp;lt; [x](javascript:alert(1)) <mailto:a@b|c>',
    '```<!channel>``` *<@U1>* _<https://evil|bank>_ ~&~ `<!here>` :wave:',
    '> <!channel>\n- <@U1>\n1. <https://evil|bank.com>\n/invite @U1\n>>> all',
    '\u202E<lennahc!> \u200B@channel \uD800 \0',
  ];

  test.each(corpus)('pings nobody, disguises nothing and keeps its words: %j', (value) => {
    const rich = toRichText(value, new Map());
    const block = toRichTextBlock(rich);
    const kinds = new Set<string>();
    const texts: string[] = [];
    JSON.stringify(block, (key, part: unknown) => {
      if (key === 'type') kinds.add(String(part));
      if (key === 'text' || key === 'url') texts.push(String(part));
      return part;
    });
    const harmless = /^(?:text|link|rich_text(?:_section|_list|_quote|_preformatted)?)$/v;
    expect([...kinds].filter((kind) => !harmless.test(kind))).toEqual([]);
    // A link shows its own address: it has no words of its own.
    expect(JSON.stringify(block)).not.toMatch(/"url":[^\}]*"text":/v);
    const bare = (whole: string): string => whole.replaceAll(/[\s*_~`>•\-\uD800\uFFFD\0]|\d\./gv, '');
    expect(bare(texts.join(''))).toBe(bare(value));
    expect(escape(value)).not.toMatch(/[<>]/v);
    expect(escape(value)).toMatch(/^(?:[^&]|&(?:amp|lt|gt);)*$/v);
  });
});

describe('reading blocks', () => {
  test.each<[string, unknown[], RichText]>([
    ['words and styles', [section(text('a '), text('b', { bold: true }))], [p(t('a '), t('b', 'bold'))]],
    ['styles we have no word for', [section({ type: 'text', text: 'u', style: { underline: true } })], [p(t('u'))]],
    [
      'a bare link',
      [section({ type: 'link', url: 'https://a.example' })],
      [p({ kind: 'link', url: 'https://a.example' })],
    ],
    [
      'a labelled link',
      [section({ type: 'link', url: 'https://a.example/x', text: 'x' })],
      [p({ kind: 'link', url: 'https://a.example/x', label: 'x' })],
    ],
    [
      'an address Slack linked by itself',
      [section({ type: 'link', url: 'http://a.example', text: 'a.example' })],
      [p(t('a.example'))],
    ],
    [
      'a mail address',
      [section({ type: 'link', url: 'mailto:a@b.example', text: 'a@b.example' })],
      [p(t('a@b.example'))],
    ],
    ['an emoji by its code', [section({ type: 'emoji', name: 'wave', unicode: '1f44b-1f3fb' })], [p(t('👋🏻'))]],
    ['an emoji by its name', [section({ type: 'emoji', name: 'wave', skin_tone: 3 })], [p(t('👋🏼'))]],
    ["a workspace's own emoji", [section({ type: 'emoji', name: 'our-logo' })], [p(t(':our-logo:'))]],
    ['an emoji with a broken code', [section({ type: 'emoji', name: 'x_y', unicode: 'zz' })], [p(t(':x_y:'))]],
    ['a person', [section({ type: 'user', user_id: 'U1' })], [p(ana)]],
    [
      'an unknown person',
      [section({ type: 'user', user_id: 'U9' })],
      [p({ kind: 'mention', name: 'U9', user: as<UserId>('U9') })],
    ],
    [
      'channels',
      [section({ type: 'channel', channel_id: 'C1' }, { type: 'channel', channel_id: 'C9' })],
      [p(t('#sales#channel'))],
    ],
    [
      'groups and broadcasts',
      [section({ type: 'usergroup', usergroup_id: 'S1' }, text(' '), { type: 'broadcast', range: 'here' })],
      [p(t('@group @here'))],
    ],
    ['a date', [section({ type: 'date', timestamp: 0, format: '{date}', fallback: 'today' })], [p(t('today'))]],
    [
      'a date without words',
      [section({ type: 'date', timestamp: 86_400, format: '{date}' })],
      [p(t('Fri, 02 Jan 1970 00:00:00 GMT'))],
    ],
    ['a colour', [section({ type: 'color', value: '#ff0000' })], [p(t('#ff0000'))]],
    [
      'something new with words',
      [section({ type: 'novelty', text: 'n' }, { type: 'other', fallback: 'o' })],
      [p(t('no'))],
    ],
    ['something new without', [{ type: 'rich_text_novelty' }], [p()]],
    [
      'a quote and the line behind it',
      [{ type: 'rich_text_quote', elements: [text('q')] }, section(text('\nx'))],
      [{ kind: 'quote', inlines: [t('q')] }, p(t('\nx'))],
    ],
    [
      'a section that ends its line',
      [section(text('a\n')), list('bullet', 0, ['b'])],
      [p(t('a')), { kind: 'list', ordered: false, items: [{ indent: 0, inlines: [t('b')] }] }],
    ],
    [
      'code',
      [{ type: 'rich_text_preformatted', elements: [text('a '), { type: 'link', url: 'https://a.example' }] }],
      [{ kind: 'code', text: 'a https://a.example' }],
    ],
    [
      'numbers go on behind a deeper list',
      [list('ordered', 0, ['a', 'b']), list('bullet', 1, ['x']), list('ordered', 1, ['y']), list('ordered', 0, ['c'])],
      [
        {
          kind: 'list',
          ordered: true,
          items: [
            { indent: 0, number: 1, inlines: [t('a')] },
            { indent: 0, number: 2, inlines: [t('b')] },
          ],
        },
        { kind: 'list', ordered: false, items: [{ indent: 1, inlines: [t('x')] }] },
        {
          kind: 'list',
          ordered: true,
          items: [
            { indent: 1, number: 1, inlines: [t('y')] },
            { indent: 0, number: 3, inlines: [t('c')] },
          ],
        },
      ],
    ],
    [
      'an offset',
      [list('ordered', 0, ['a'], { offset: 4 })],
      [{ kind: 'list', ordered: true, items: [{ indent: 0, number: 5, inlines: [t('a')] }] }],
    ],
  ])('%s', (_name, elements, expected) => {
    expect(read(...elements)).toEqual(expected);
  });

  test('falls back on the text when no block tells the words', () => {
    const blocks = [{ type: 'section', text: { type: 'mrkdwn', text: 'x' } }, null, 'junk'];
    expect(fromMessage({ text: 'hello', blocks }, names)).toEqual([p(t('hello'))]);
  });

  test('what is drawn is read back with the same words', () => {
    const inline = fc.oneof(
      fc.record({ kind: fc.constant('text' as const), text: fc.string({ minLength: 1 }) }),
      fc.constant<Inline>({ kind: 'link', url: 'https://a.example/b' }),
    );
    const inlines = fc.array(inline, { minLength: 1, maxLength: 4 });
    const block = fc.oneof(
      fc.record({ kind: fc.constant('paragraph' as const), inlines }),
      fc.record({ kind: fc.constant('code' as const), text: fc.string({ minLength: 1 }) }),
      fc
        .tuple(fc.integer({ min: 2, max: 40 }), fc.nat(3), fc.array(inlines, { minLength: 1 }))
        .map(([first, indent, lines]): Block => ({
          kind: 'list',
          ordered: true,
          items: lines.map((line, index) => ({ indent, number: first + index, inlines: line })),
        })),
    );
    fc.assert(
      fc.property(fc.array(block, { minLength: 1, maxLength: 5 }), (value) => {
        expect(plainText(read(...toRichTextBlock(value).elements))).toBe(plainText(value));
      }),
    );
  });
});

describe('reading mrkdwn', () => {
  test.each<[string, RichText]>([
    ['', []],
    [
      'a *b* _c_ ~d~ `e`',
      [p(t('a '), t('b', 'bold'), t(' '), t('c', 'italic'), t(' '), t('d', 'strike'), t(' '), t('e', 'code'))],
    ],
    ['*a _b_*', [p(t('a ', 'bold'), t('b', 'italic', 'bold'))]],
    ['2*3*4 a_b_c **x** * y *', [p(t('2*3*4 a_b_c **x** * y *'))]],
    ['&lt;!channel&gt; &amp;lt;', [p(t('<!channel> &lt;'))]],
    [
      '<@U1> <@U9|bo> <@U8>',
      [
        p(ana, t(' '), { kind: 'mention', name: 'bo', user: as<UserId>('U9') }, t(' '), {
          kind: 'mention',
          name: 'U8',
          user: as<UserId>('U8'),
        }),
      ],
    ],
    ['<#C1> <#C9|ops> <#C8|>', [p(t('#sales #ops #channel'))]],
    ['<!here> <!subteam^S1> <!subteam^S1|@team> <!date^0^{date}|today>', [p(t('@here @group @team today'))]],
    ['<https://a.example/?a=1&amp;b=2>', [p({ kind: 'link', url: 'https://a.example/?a=1&b=2' })]],
    [
      '<https://a.example/x|see> <http://a.example|a.example> <mailto:a@b.example|a@b.example>',
      [p({ kind: 'link', url: 'https://a.example/x', label: 'see' }, t(' a.example a@b.example'))],
    ],
    [':wave: :+1::skin-tone-3: :our-logo: 10:30:15', [p(t('👋 👍🏼 :our-logo: 10:30:15'))]],
    ['&gt; q\n&gt;r\nx', [{ kind: 'quote', inlines: [t('q\nr')] }, p(t('x'))]],
    ['a\n```\nb &lt; <https://a.example|a>\n```\nc', [p(t('a')), { kind: 'code', text: 'b < a' }, p(t('c'))]],
    ['```open', [p(t('```open'))]],
    ['< > <>', [p(t('  <>'))]],
  ])('%j', (value, expected) => {
    expect(readText(value)).toEqual(expected);
  });
});

describe('names', () => {
  test.each<[string, string]>([
    ['Ana Lee', 'Ana Lee'],
    ['  Ana\n\tLee ', 'Ana Lee'],
    ['Ana\u202Eeel\u200B\u0000', 'Anaeel'],
    ['\u200B\u2060\uFEFF', 'Unknown'],
    ['\u3164\u2800', 'Unknown'],
    ['', 'Unknown'],
    ['👩‍🚀 Ana 👍🏽‍', '👩‍🚀 Ana 👍🏽'],
    ['a\u200Db', 'ab'],
    [`e${'\u0301'.repeat(500)}`, 'e\u0301\u0301\u0301'],
    ['\uD800Ana', 'Ana'],
    ['नमस्ते', 'नमस्ते'],
    [`${'x'.repeat(79)}👩‍🚀`, 'x'.repeat(79)],
    [`${'\u200B'.repeat(5_000)}Ana`, 'Ana'],
  ])('%j', (name, clean) => {
    expect(cleanName(name)).toBe(clean);
  });

  test('are never empty, too long or on two lines', () => {
    fc.assert(
      fc.property(codeUnits, (name) => {
        const clean = cleanName(name);
        expect(clean.length).toBeGreaterThan(0);
        expect(clean.length).toBeLessThanOrEqual(80);
        expect(clean).not.toMatch(/[\p{Cc}\u202A-\u202E\u2066-\u2069\u200B]/v);
      }),
    );
  });
});

describe('work grows with the length only', () => {
  test.each([
    '<',
    '<@',
    '<a>',
    '`',
    '*_~',
    '* _a ~b ',
    ':',
    ':a',
    '```\n',
    '&gt; *a\n',
    '&amp;',
    '\u200D',
    '\u0301',
    '\uD800',
    ' ',
  ])('%j repeated', (unit) => {
    const value = unit.repeat(Math.ceil(40_000 / unit.length));
    const before = process.threadCpuUsage();
    toRichTextBlock(readText(value));
    cleanName(value);
    escape(value);
    expect(process.threadCpuUsage(before).user).toBeLessThan(2_000_000);
  });
});
