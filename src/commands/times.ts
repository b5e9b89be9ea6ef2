// The time zone that somebody's days are meant in, and moments as people write them.
import { COUNTING_RULES, parseCountingRules } from '../domain/business-hours.ts';
import { momentOf, parseTimeOfDay, type LocalDay } from '../domain/zone.ts';
import type { Ask, Parts, Refused } from './ask.ts';
import { durationMs } from './parse.ts';
import { quoted } from './words.ts';

/** The last minute of a day. */
const END_OF_DAY = 24 * 60 - 1;

/** The zone of the Workspace's digest; else that of the business hours; else the program's own. */
export async function zoneOf({ store, metrics }: Parts, ask: Pick<Ask, 'workspaceId'>): Promise<string> {
  const schedule = await metrics.schedule(ask.workspaceId);
  if (schedule !== undefined) return schedule.timeZone;
  const { businessHours } = parseCountingRules(await store.read.settings.get(COUNTING_RULES));
  return businessHours?.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** `4h`, `7d`, `2026-12-24` (all of that day), `2026-12-24T15:00` in the zone; `none`: null. */
export function dueOf(written: string, zone: string, now: Date): Date | null | Refused {
  const text = written.trim().toLowerCase();
  if (text === 'none') return null;
  const ms = durationMs(text);
  if (ms !== undefined) return new Date(now.getTime() + ms);
  const [, day, time] = /^(\d{4}-\d{2}-\d{2})(?:[t ](\d{1,2}:\d{2}))?$/u.exec(text) ?? [];
  const minutes = time === undefined ? END_OF_DAY : parseTimeOfDay(time);
  if (day === undefined || minutes === undefined || !isDay(day)) {
    return { refused: `${quoted(written)} is no date. Write it like 4h, 7d, 2026-12-24 or 2026-12-24T15:00.` };
  }
  const at = momentOf(zone, day, minutes);
  return at > now ? at : { refused: `${quoted(written)} is over already.` };
}

function isDay(text: string): text is LocalDay {
  const at = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}
