// Local days, periods as people write them, and business hours, also where clocks are moved.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  businessMs,
  isBusinessTime,
  parseBusinessHours,
  parseCountingRules,
} from '../../../src/domain/business-hours.ts';
import { addDays, dayAt, minutesAt, momentOf, parseTimeOfDay, weekdayOf } from '../../../src/domain/zone.ts';
import { daysOf, parsePeriod } from '../../../src/metrics/figures.ts';

const HOUR_MS = 3_600_000;

test.each([
  ['Europe/Berlin', '2026-11-24', 23 * 60, '2026-11-24T22:00:00.000Z'],
  ['Europe/Berlin', '2026-03-29', 0, '2026-03-28T23:00:00.000Z'],
  // Skipped: 02:00 to 03:00.
  ['Europe/Berlin', '2026-03-29', 150, '2026-03-29T01:30:00.000Z'],
  // Twice: 02:00 to 03:00; the first is summer time.
  ['Europe/Berlin', '2026-10-25', 150, '2026-10-25T00:30:00.000Z'],
  // Midnight itself is skipped: the day begins at 01:00.
  ['America/Havana', '2026-03-08', 0, '2026-03-08T05:00:00.000Z'],
  ['Asia/Kathmandu', '2026-11-24', 0, '2026-11-23T18:15:00.000Z'],
  // A day that was left out when the date line moved.
  ['Pacific/Apia', '2011-12-31', 0, '2011-12-30T10:00:00.000Z'],
] as const)('in %s, %s at %s minutes is %s', (zone, day, minutes, expected) => {
  expect(momentOf(zone, day, minutes).toISOString()).toBe(expected);
});

test('every moment lies in the day that it is in, in any zone', () => {
  const zone = fc.constantFrom(
    'Europe/Berlin',
    'America/Havana',
    'Australia/Lord_Howe',
    'Pacific/Apia',
    'UTC',
    'America/St_Johns',
  );
  fc.assert(
    fc.property(zone, fc.integer({ min: Date.UTC(2011, 0), max: Date.UTC(2030, 0) }), (timeZone, ms) => {
      const at = new Date(ms);
      const day = dayAt(timeZone, at);
      expect(day).toBe(at.toLocaleDateString('sv-SE', { timeZone }));
      expect(momentOf(timeZone, day).getTime()).toBeLessThanOrEqual(ms);
      expect(momentOf(timeZone, addDays(day, 1)).getTime()).toBeGreaterThan(ms);
      expect(minutesAt(timeZone, at)).toBeLessThan(24 * 60);
    }),
  );
});

test('weeks begin on Monday; times of day are read or refused', () => {
  expect(weekdayOf('2026-11-23')).toBe(0);
  expect(weekdayOf('2026-11-29')).toBe(6);
  expect(['09:00', '9:05', '23:59', '24:00', '9', '09:60'].map(parseTimeOfDay)).toEqual([
    540,
    545,
    1439,
    undefined,
    undefined,
    undefined,
  ]);
});

test.each([
  ['today', '2026-11-23T23:00:00.000Z', '2026-11-24T23:00:00.000Z'],
  ['7d', '2026-11-17T23:00:00.000Z', '2026-11-24T23:00:00.000Z'],
  ['2026-10-25..2026-10-25', '2026-10-24T22:00:00.000Z', '2026-10-25T23:00:00.000Z'],
])('“%s” is a period of local days', (text, from, to) => {
  const period = parsePeriod(text, 'Europe/Berlin', new Date('2026-11-24T09:00:00Z'));
  expect([period?.from.toISOString(), period?.to.toISOString()]).toEqual([from, to]);
});

test.each(['yesterday', '0d', '2026-02-30..2026-03-01', '2026-03-02..2026-03-01', '2026-03-01'])(
  '“%s” is no period',
  (text) => {
    expect(parsePeriod(text, 'UTC', new Date('2026-11-24T09:00:00Z'))).toBeUndefined();
  },
);

test('days are cut to the period, and one with a change of clocks has its own length', () => {
  const days = daysOf('Europe/Berlin', {
    from: new Date('2026-10-24T12:00:00Z'),
    to: new Date('2026-10-26T12:00:00Z'),
  });
  expect(days.map(({ day, from, to }) => [day, (to.getTime() - from.getTime()) / HOUR_MS])).toEqual([
    ['2026-10-24', 10],
    ['2026-10-25', 25],
    ['2026-10-26', 13],
  ]);
});

const shifts = [
  ['09:00', '12:00'],
  ['13:00', '17:00'],
];
const hours = parseBusinessHours({ timeZone: 'Europe/Berlin', days: [shifts, shifts, shifts, shifts, shifts, [], []] });

test.each([
  ['within a shift', '2026-11-23T08:30:00Z', '2026-11-23T09:00:00Z', 0.5],
  ['over the break', '2026-11-23T10:00:00Z', '2026-11-23T13:00:00Z', 2],
  ['over a night', '2026-11-23T15:00:00Z', '2026-11-24T09:00:00Z', 2],
  ['over a weekend in which clocks are moved', '2026-10-23T14:00:00Z', '2026-10-26T09:00:00Z', 2],
  ['outside', '2026-11-21T08:00:00Z', '2026-11-22T20:00:00Z', 0],
])('business hours %s', (_, from, to, expected) => {
  if (hours === undefined) throw new Error('the hours were not read');
  expect(businessMs(new Date(from), new Date(to), hours) / HOUR_MS).toBe(expected);
});

test('business hours are the minutes that lie in them, also over the days on which clocks are moved', () => {
  const day = fc.integer({ min: Date.UTC(2026, 9, 23), max: Date.UTC(2026, 9, 27) });
  const minutes = fc.integer({ min: 0, max: 4 * 24 * 60 });
  fc.assert(
    fc.property(day, minutes, (ms, count) => {
      if (hours === undefined) throw new Error('the hours were not read');
      const begin = Math.floor(ms / 60_000) * 60_000;
      let inside = 0;
      for (let n = 0; n < count; n += 1) if (isBusinessTime(new Date(begin + n * 60_000), hours)) inside += 1;
      expect(businessMs(new Date(begin), new Date(begin + count * 60_000), hours)).toBe(inside * 60_000);
    }),
    { numRuns: 15 },
  );
});

test('a moment is in business hours or not; always where none are set', () => {
  const night = new Date('2026-11-23T22:00:00Z');
  expect([
    isBusinessTime(night, hours ?? null),
    isBusinessTime(new Date('2026-11-23T09:00:00Z'), hours ?? null),
  ]).toEqual([false, true]);
  expect(isBusinessTime(night, null)).toBe(true);
});

test.each([
  ['six days', { timeZone: 'UTC', days: [[], [], [], [], [], []] }],
  [
    'shifts that overlap',
    {
      timeZone: 'UTC',
      days: [
        [
          ['09:00', '12:00'],
          ['11:00', '13:00'],
        ],
        [],
        [],
        [],
        [],
        [],
        [],
      ],
    },
  ],
  ['a shift that ends before it begins', { timeZone: 'UTC', days: [[['12:00', '09:00']], [], [], [], [], [], []] }],
  ['an unknown time zone', { timeZone: 'Mars', days: [[], [], [], [], [], [], []] }],
])('%s are no business hours', (_, value) => {
  expect(parseBusinessHours(value)).toBeUndefined();
  expect(parseCountingRules({ businessHours: value, countsPhone: false })).toEqual({
    countsPhone: false,
    businessHours: null,
  });
});
