// Rows as CSV.
import { expect, test } from 'vitest';
import { csvHead, csvRows, type CsvColumns } from '../../../src/metrics/csv.ts';

const toCsv = <T>(rows: readonly T[], columns: CsvColumns<T>): string => csvHead(columns) + csvRows(rows, columns);

test.each([
  ['plain', 'plain'],
  ['with, a comma', '"with, a comma"'],
  ['a "quote"', '"a ""quote"""'],
  ['two\nlines', '"two\nlines"'],
  [' spaces ', '" spaces "'],
  ['=1+1', "'=1+1"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['+49 1511', "'+49 1511"],
  ['-2', "'-2"],
  [-2, '-2'],
  [null, ''],
  [true, 'true'],
  [new Date('2026-11-24T09:00:00Z'), '2026-11-24T09:00:00.000Z'],
])('%j is written %j', (cell, written) => {
  expect(toCsv([cell], { 'the value': (row) => row })).toBe(`the value\r\n${written}\r\n`);
});

test('columns stand in their order, and without rows there are only their names', () => {
  const columns = { one: (row: { a: number; b: string }) => row.b, two: (row: { a: number; b: string }) => row.a };
  expect(toCsv([{ a: 1, b: 'x' }], columns)).toBe('one,two\r\nx,1\r\n');
  expect(toCsv([], columns)).toBe('one,two\r\n');
});
