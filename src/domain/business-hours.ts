// How first responses are counted, as an admin chose it: with phone replies or without, and the hours the team works. Pure.
import { addDays, dayAt, isTimeZone, momentOf, parseTimeOfDay, weekdayOf } from './zone.ts';

/** Minutes since midnight; `to` is not included and may be 24 × 60. */
export interface Shift {
  readonly from: number;
  readonly to: number;
}

export interface BusinessHours {
  readonly timeZone: string;
  /** By weekday, Monday first; seven lists, each in order and without overlaps. */
  readonly days: readonly (readonly Shift[])[];
}

export interface CountingRules {
  /** Does a reply from the organisation's own phone answer the customer? */
  readonly countsPhone: boolean;
  /** Null: none are set, so there is no business-hours value. */
  readonly businessHours: BusinessHours | null;
}

/** The setting's key. Stored: `{countsPhone?: boolean, businessHours?: {timeZone, days: [[["09:00", "17:00"]], … 7]} | null}`. */
export const COUNTING_RULES = 'metrics';

const DAY_MINUTES = 24 * 60;

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

function parseShift(value: unknown): Shift | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [from, to] = value.map((time) =>
    time === '24:00' ? DAY_MINUTES : typeof time === 'string' ? parseTimeOfDay(time) : undefined,
  );
  return from === undefined || to === undefined || from >= to ? undefined : { from, to };
}

/** Undefined when it isn't a week of shifts in a time zone. */
export function parseBusinessHours(value: unknown): BusinessHours | undefined {
  if (!isRecord(value) || typeof value['timeZone'] !== 'string' || !isTimeZone(value['timeZone'])) return undefined;
  const { timeZone, days } = value;
  if (!Array.isArray(days) || days.length !== 7) return undefined;
  const week: Shift[][] = [];
  for (const day of days) {
    if (!Array.isArray(day)) return undefined;
    const shifts = day.map(parseShift);
    if (shifts.some((shift, index) => shift === undefined || shift.from < (shifts[index - 1]?.to ?? 0)))
      return undefined;
    week.push(shifts.filter((shift) => shift !== undefined));
  }
  return { timeZone, days: week };
}

/** What is stored, or the defaults where nothing (or nothing readable) is. */
export function parseCountingRules(value: unknown): CountingRules {
  const stored = isRecord(value) ? value : {};
  return {
    countsPhone: stored['countsPhone'] !== false,
    businessHours: parseBusinessHours(stored['businessHours']) ?? null,
  };
}

/** How much of the time from `from` to `to` lies in business hours, in milliseconds. */
export function businessMs(from: Date, to: Date, { timeZone, days }: BusinessHours): number {
  let sum = 0;
  const last = dayAt(timeZone, to);
  for (let day = dayAt(timeZone, from); day <= last; day = addDays(day, 1)) {
    for (const shift of days[weekdayOf(day)] ?? []) {
      const begin = Math.max(momentOf(timeZone, day, shift.from).getTime(), from.getTime());
      const end = Math.min(momentOf(timeZone, day, shift.to).getTime(), to.getTime());
      sum += Math.max(0, end - begin);
    }
  }
  return sum;
}

/** Is it a moment at which the team works? Always, where no hours are set. */
export const isBusinessTime = (at: Date, hours: BusinessHours | null): boolean =>
  hours === null || businessMs(at, new Date(at.getTime() + 1), hours) > 0;
