// Local days and times of a time zone, also where clocks are moved. Pure: what the zone's rules are, the runtime's Intl data knows.

const formats = new Map<string, Intl.DateTimeFormat>();

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** A day of the calendar, as `2026-11-24`. */
export type LocalDay = `${number}-${number}-${number}`;

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'iso8601',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  formats.set(timeZone, format);
  return format;
}

/** Is it a name that `Intl` knows (`Europe/Berlin`, `UTC`)? */
export function isTimeZone(timeZone: string): boolean {
  try {
    formatOf(timeZone);
    return true;
  } catch {
    return false;
  }
}

/** What clocks in the zone show at that moment, as if it were UTC, in milliseconds since 1970. */
function wallMs(timeZone: string, at: number): number {
  const parts = new Map(
    formatOf(timeZone)
      .formatToParts(at)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  const seconds = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  return seconds + (((at % 1000) + 1000) % 1000);
}

const offsetMs = (timeZone: string, at: number): number => wallMs(timeZone, at) - at;

const dayOfMs = (ms: number): LocalDay => new Date(ms).toISOString().slice(0, 10) as LocalDay;

/** The day that it is in the zone at that moment. */
export const dayAt = (timeZone: string, at: Date): LocalDay => dayOfMs(wallMs(timeZone, at.getTime()));

/** Minutes since midnight as clocks in the zone show them. */
export const minutesAt = (timeZone: string, at: Date): number =>
  Math.floor((wallMs(timeZone, at.getTime()) % DAY_MS) / MINUTE_MS);

export const addDays = (day: LocalDay, count: number): LocalDay =>
  dayOfMs(Date.parse(`${day}T00:00:00Z`) + count * DAY_MS);

/** 0 is Monday, 6 is Sunday. */
export const weekdayOf = (day: LocalDay): number => (new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7;

/**
 * The moment at which clocks in the zone show these minutes since midnight of that day. A time that comes twice means the first; one that is
 * skipped means as long after the skip as it lies in it, so that a day which has no midnight begins when its clocks begin.
 */
export function momentOf(timeZone: string, day: LocalDay, minutes = 0): Date {
  const wall = Date.parse(`${day}T00:00:00Z`) + minutes * MINUTE_MS;
  const before = offsetMs(timeZone, wall - DAY_MS);
  const after = offsetMs(timeZone, wall + DAY_MS);
  const fitting = [wall - before, wall - after].filter((at) => wallMs(timeZone, at) === wall);
  return new Date(fitting.length === 0 ? wall - before : Math.min(...fitting));
}

/** `HH:MM` → minutes since midnight; undefined when it's no time of day. */
export function parseTimeOfDay(text: string): number | undefined {
  const [, hours, minutes] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text.trim()) ?? [];
  return hours === undefined || minutes === undefined ? undefined : Number(hours) * 60 + Number(minutes);
}
