// Lists of emails as people write them, each address judged by itself; masking of numbers; “did you mean”.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { INVITED_AT_ONCE, judgeAddressees, parseEmails } from '../../../src/access/invite.ts';
import { maskPhones } from '../../../src/access/mask.ts';
import { nearest } from '../../../src/domain/nearest.ts';

const emails = (text: string) => parseEmails(text).map(({ email }) => email);

test.each([
  ['a@x.com, b@y.com', ['a@x.com', 'b@y.com']],
  ['a@x.com;b@y.com', ['a@x.com', 'b@y.com']],
  ['a@x.com b@y.com\n c@z.org\r\n', ['a@x.com', 'b@y.com', 'c@z.org']],
  [',, ;\n', []],
  ['Ana Lopez <Ana@X.com>, ben@y.com', ['ana@x.com', 'ben@y.com']],
  ['"Lopez, Ana" <ana@x.com>; Ben <ben@y.com>', ['ana@x.com', 'ben@y.com']],
  ['Ana <ana@x.com> Ben <ben@y.com>', ['ana@x.com', 'ben@y.com']],
  ['mailto:ana@x.com', ['ana@x.com']],
  ['ana.o+wa@sub.x.co.uk', ['ana.o+wa@sub.x.co.uk']],
  ['jürgen@müller.de', ['jürgen@müller.de']],
])('reads %j', (text, expected) => {
  expect(emails(text)).toEqual(expected);
  expect(parseEmails(text).every(({ isAddress }) => isAddress)).toBe(true);
});

test('keeps the name that stands before an address', () => {
  expect(parseEmails('"Lopez, Ana" <ana@x.com>, ben@y.com').map(({ name }) => name)).toEqual(['Lopez, Ana', null]);
});

test.each([
  'plain',
  '@x.com',
  'a@',
  'a@x',
  'a@x..com',
  'a@-x.com',
  '.a@x.com',
  'a..b@x.com',
  'a@b@',
  'a"b@x.com',
  'a@x.123',
  '<>',
  `${'a'.repeat(65)}@x.com`,
  `a@${'b'.repeat(64)}.com`,
])('%s is no address', (text) => {
  expect(parseEmails(text).map(({ isAddress }) => isAddress)).toEqual([false]);
});

test('takes any text in its stride, and finds every address that stands between separators', () => {
  const address = fc.stringMatching(/^[a-z]{1,8}$/).map((name) => `${name}@acme.com`);
  fc.assert(
    fc.property(fc.array(address), fc.constantFrom(',', ';', ' ', '\n', ', '), (list, separator) => {
      expect(emails(list.join(separator))).toEqual(list);
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => parseEmails(text).every(({ email }) => typeof email === 'string')));
});

test.each([
  '<'.repeat(50_000),
  '"'.repeat(50_001),
  `${'a <'.repeat(20_000)}>`,
  '@'.repeat(50_000),
  'a.'.repeat(25_000),
])('is done with hostile text at once (%#)', (text) => {
  const startedAt = performance.now();
  parseEmails(text);
  expect(performance.now() - startedAt).toBeLessThan(500);
});

test('judges each address by itself', () => {
  const known = new Map([
    ['in@x.com', { status: 'active' as const }],
    ['asked@x.com', { status: 'invited' as const }],
    ['gone@x.com', { status: 'deactivated' as const }],
  ]);
  const list = parseEmails('new@x.com, NEW@x.com, new@x.com, wrong, in@x.com, asked@x.com, gone@x.com');
  const { good, refused } = judgeAddressees(list, known);
  expect(good.map(({ email }) => email)).toEqual(['new@x.com']);
  expect(refused.map(({ email, code }) => `${email} ${code}`)).toEqual([
    'new@x.com twice',
    'wrong bad',
    'in@x.com active',
    'asked@x.com invited',
    'gone@x.com deactivated',
  ]);
  for (const { reason } of refused) expect(reason).toMatch(/\.$/);
});

test('refuses what is too many by name', () => {
  const list = parseEmails(Array.from({ length: INVITED_AT_ONCE + 1 }, (_, index) => `p${index}@x.com`).join(','));
  const { good, refused } = judgeAddressees(list, new Map());
  expect([good.length, refused.map(({ code }) => code)]).toEqual([INVITED_AT_ONCE, ['too_many']]);
});

test.each([
  ['+49 170 1234567', '+49 ••• •••••67'],
  ['+491701234567', '+49••••••••67'],
  ['Call (030) 123-4567 now', 'Call (03•) •••-••67 now'],
  ['2026', '2026'],
  ['12.03.26', '12.03.26'],
  ['Acme', 'Acme'],
])('masks %s', (text, masked) => {
  expect(maskPhones(text)).toBe(masked);
});

test('no more than four digits of a number are left to be seen', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^\+\d{7,15}$/), (phone) => {
      expect(maskPhones(`x ${phone} y`).replaceAll(/\D/g, '')).toHaveLength(4);
    }),
  );
});

test('masking is done with hostile text at once', () => {
  const startedAt = performance.now();
  maskPhones(`1${' '.repeat(50_000)}x${'1('.repeat(25_000)}`);
  expect(performance.now() - startedAt).toBeLessThan(500);
});

test.each([
  ['vipp', ['VIP', 'Sales'], 'VIP'],
  ['slaes', ['VIP', 'Sales'], 'Sales'],
  ['acmee', ['Acme', 'Acme Europe'], 'Acme'],
  ['zzz', ['VIP', 'Sales'], undefined],
  ['', ['VIP'], undefined],
  ['x'.repeat(10_000), ['VIP'], undefined],
])('for %j among %j means %j', (name, names, meant) => {
  expect(nearest(name, names)).toBe(meant);
});
