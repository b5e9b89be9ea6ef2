// What a Slack client makes of typed text, case by case: the escaped text and the rich_text elements.
import { describe, expect, it } from 'vitest';
import { normaliseText } from '../../../simulators/slack/escape.ts';
import { typedText } from '../../../simulators/slack/typed-text.ts';

const names = {
  people: [
    { name: 'Ben Ruiz', id: 'U2' },
    { name: 'Ben', id: 'U1' },
  ],
  channels: new Map([['wa-lena', 'C1']]),
};

const plain = (text: string) => ({ type: 'text', text });
const styled = (text: string, ...styles: string[]) => ({
  type: 'text',
  text,
  style: Object.fromEntries(styles.map((style) => [style, true])),
});
const section = (...elements: object[]) => ({ type: 'rich_text_section', elements });

describe('typed text', () => {
  it.each([
    ['a < b & c > d', 'a &lt; b &amp; c &gt; d', [section(plain('a < b & c > d'))]],
    [
      '*bold* _it_ ~no~',
      '*bold* _it_ ~no~',
      [section(styled('bold', 'bold'), plain(' '), styled('it', 'italic'), plain(' '), styled('no', 'strike'))],
    ],
    ['*_both_*', '*_both_*', [section(styled('both', 'bold', 'italic'))]],
    ['2*3*4 and snake_case_name', '2*3*4 and snake_case_name', [section(plain('2*3*4 and snake_case_name'))]],
    ['* not bold *', '* not bold *', [section(plain('* not bold *'))]],
    ['run `a < b`', 'run `a &lt; b`', [section(plain('run '), styled('a < b', 'code'))]],
    ['<!channel>', '&lt;!channel&gt;', [section(plain('<!channel>'))]],
    ['@here now', '<!here> now', [section({ type: 'broadcast', range: 'here' }, plain(' now'))]],
    [
      '@Ben Ruiz and @Ben',
      '<@U2> and <@U1>',
      [section({ type: 'user', user_id: 'U2' }, plain(' and '), { type: 'user', user_id: 'U1' })],
    ],
    ['see #wa-lena', 'see <#C1|wa-lena>', [section(plain('see '), { type: 'channel', channel_id: 'C1' })]],
    [
      'https://a.example/?q=1&r.',
      '<https://a.example/?q=1&amp;r>.',
      [section({ type: 'link', url: 'https://a.example/?q=1&r' }, plain('.'))],
    ],
    [
      'ana@acme.com',
      '<mailto:ana@acme.com|ana@acme.com>',
      [section({ type: 'link', url: 'mailto:ana@acme.com', text: 'ana@acme.com' })],
    ],
    ['acme.com', '<http://acme.com|acme.com>', [section({ type: 'link', url: 'http://acme.com', text: 'acme.com' })]],
    [
      'hi 👋🏿 :tada: :nope:',
      'hi :wave::skin-tone-6: :tada: :nope:',
      [
        section(
          plain('hi '),
          { type: 'emoji', name: 'wave', unicode: '1f44b-1f3ff', skin_tone: 6 },
          plain(' '),
          { type: 'emoji', name: 'tada', unicode: '1f389' },
          plain(' :nope:'),
        ),
      ],
    ],
    ['❤️ 1 ©', ':heart: 1 ©', [section({ type: 'emoji', name: 'heart', unicode: '2764-fe0f' }, plain(' 1 ©'))]],
    ['one\ntwo', 'one\ntwo', [section(plain('one\ntwo'))]],
    [
      '> said\nand then',
      '&gt; said\nand then',
      [{ type: 'rich_text_quote', elements: [plain('said')] }, section(plain('and then'))],
    ],
    [
      '```\nlet x = 1 < 2;\n```',
      '```let x = 1 &lt; 2;```',
      [{ type: 'rich_text_preformatted', elements: [plain('let x = 1 < 2;')], border: 0 }],
    ],
    ['a ``` b', 'a ``` b', [section(plain('a ``` b'))]],
    [
      'see\n```x```\nend',
      'see\n```x```\nend',
      [
        section(plain('see')),
        { type: 'rich_text_preformatted', elements: [plain('x')], border: 0 },
        section(plain('end')),
      ],
    ],
  ])('reads %j', (typed, text, elements) => {
    const result = typedText(typed, names);
    expect(result.text).toBe(text);
    expect(result.blocks[0]?.['elements']).toEqual(elements);
  });

  it('writes nested lists as successive lists with growing indent', () => {
    const { text, blocks } = typedText('to do:\n- one\n    - *two*\n- three\n1. first', names);
    expect(text).toBe('to do:\n• one\n    ◦ *two*\n• three\n1. first');
    const list = (style: string, indent: number, ...items: object[]) => ({
      type: 'rich_text_list',
      elements: items.map((item) => section(item)),
      style,
      indent,
      border: 0,
    });
    expect(blocks[0]?.['elements']).toEqual([
      section(plain('to do:'), plain('\n')),
      list('bullet', 0, plain('one')),
      list('bullet', 1, styled('two', 'bold')),
      list('bullet', 0, plain('three')),
      list('ordered', 0, plain('first')),
    ]);
  });
});

it.each([
  ['a & b < c', 'a &amp; b &lt; c'],
  ['&lt;safe&gt; &amp;', '&lt;safe&gt; &amp;'],
  ['<@U1> <https://a.example|a> <b>', '<@U1> <https://a.example|a> &lt;b&gt;'],
  ['go https://a.example.', 'go <https://a.example>.'],
  ['👍', ':+1:'],
])('keeps of the posted text %j', (posted, kept) => {
  expect(normaliseText(posted, true)).toBe(kept);
});
