// A Digest as a value: all that its post and its picture show, made once and stored. Pure.
import { momentOf, addDays, dayAt, minutesAt, weekdayOf, type LocalDay } from '../domain/zone.ts';
import { dayPeriod, mondayOf, type DayPoint, type Period, type Summary } from './figures.ts';

/** What is compared with the period before. Spans in seconds. */
export interface DigestFigures {
  readonly replies: number;
  readonly received: number;
  readonly activeChats: number;
  readonly unresolved: number;
  readonly opened: number;
  readonly closed: number;
  readonly responses: number;
  readonly averageSeconds: number | null;
  readonly medianSeconds: number | null;
  readonly p90Seconds: number | null;
}

export interface DigestAgent {
  readonly email: string;
  readonly name: string | null;
  readonly replies: number;
  readonly medianSeconds: number | null;
}

/** Times are ISO texts: it's stored as JSON. */
export interface Digest {
  readonly kind: 'daily' | 'weekly' | 'now';
  readonly timeZone: string;
  readonly from: string;
  readonly to: string;
  readonly madeAt: string;
  /** It was due a good while before it was made. */
  readonly isLate: boolean;
  readonly numbers: number;
  readonly figures: DigestFigures;
  /** Null: there was nothing before. */
  readonly before: DigestFigures | null;
  readonly inProgress: number;
  readonly phoneReplies: number;
  /** Who replied most comes first. */
  readonly agents: readonly DigestAgent[];
  readonly waiting: {
    readonly count: number;
    readonly oldestSince: string | null;
    /** The longest; names only where the setting allows them. */
    readonly longest: readonly { readonly name: string | null; readonly since: string; readonly url: string | null }[];
  };
  readonly lag: { readonly medianMs: number | null; readonly p99Ms: number | null };
  readonly ledger: {
    readonly received: number;
    readonly mirrored: number;
    readonly filtered: number;
    readonly gapCount: number;
  };
  /** The days up to the end of the period, oldest first. */
  readonly days: readonly {
    readonly day: LocalDay;
    readonly replies: number;
    readonly medianSeconds: number | null;
  }[];
}

/** A Digest that the clock asks for. `period` is the first day it's about. */
export interface Due extends Period {
  readonly kind: 'daily' | 'weekly';
  readonly period: LocalDay;
  readonly dueAt: Date;
}

/** How many days the chart shows. */
export const CHART_DAYS = 14;

/**
 * The newest Digests that were due at `now`: of the day before, and where wanted of the week before. Older ones that were missed aren't made up
 * for, nor what was due before `since`. A time of day that a change of clocks skips is due right after; one that comes twice, the first time.
 */
export function dueDigests(
  schedule: { readonly timeZone: string; readonly minutes: number; readonly weekly: boolean; readonly since: Date },
  now: Date,
): Due[] {
  const { timeZone, minutes, weekly, since } = schedule;
  const dueOn = (day: LocalDay): Date => momentOf(timeZone, day, minutes);
  const today = dayAt(timeZone, now);
  const day = dueOn(today) <= now ? today : addDays(today, -1);
  const thisMonday = mondayOf(today);
  const monday = dueOn(thisMonday) <= now ? thisMonday : addDays(thisMonday, -7);
  const daily: Due = {
    kind: 'daily',
    period: addDays(day, -1),
    dueAt: dueOn(day),
    ...dayPeriod(timeZone, addDays(day, -1)),
  };
  const week: Due = {
    kind: 'weekly',
    period: addDays(monday, -7),
    dueAt: dueOn(monday),
    from: momentOf(timeZone, addDays(monday, -7)),
    to: momentOf(timeZone, monday),
  };
  return [daily, ...(weekly ? [week] : [])].filter(({ dueAt }) => dueAt >= since);
}

/** Today so far. */
export const soFar = (timeZone: string, now: Date): Period => ({
  from: momentOf(timeZone, dayAt(timeZone, now)),
  to: now,
});

/** What a period is compared with: as many local days before; of today, yesterday until the same time of day. */
export function periodBefore(kind: Digest['kind'], timeZone: string, { from, to }: Period): Period {
  const first = dayAt(timeZone, from);
  switch (kind) {
    case 'daily':
      return { from: momentOf(timeZone, addDays(first, -1)), to: from };
    case 'weekly':
      return { from: momentOf(timeZone, addDays(first, -7)), to: from };
    case 'now':
      return {
        from: momentOf(timeZone, addDays(first, -1)),
        to: momentOf(timeZone, addDays(first, -1), minutesAt(timeZone, to)),
      };
  }
}

export const isWeekend = (day: LocalDay): boolean => weekdayOf(day) >= 5;

/** The part of a summary that Digests compare. */
export function digestFigures({ replies, received, activeChats, tickets, firstResponse }: Summary): DigestFigures {
  const { count: responses, averageSeconds, medianSeconds, p90Seconds } = firstResponse;
  const { unresolved, opened, closed } = tickets;
  return {
    replies: replies.total,
    received,
    activeChats,
    unresolved,
    opened,
    closed,
    responses,
    averageSeconds,
    medianSeconds,
    p90Seconds,
  };
}

/** Everybody who replied, most first, with their own median. */
export function rankAgents({ replies, firstResponse }: Summary): DigestAgent[] {
  return replies.byAgent.map(({ agentId, email, name, count }) => ({
    email,
    name,
    replies: count,
    medianSeconds: firstResponse.byAgent.find((row) => row.agentId === agentId)?.medianSeconds ?? null,
  }));
}

export const chartDays = (points: readonly DayPoint[]): Digest['days'] =>
  points.map(({ day, replies, medianSeconds }) => ({ day, replies, medianSeconds }));

/** Did nothing at all happen? */
export const isEmpty = ({ figures }: Digest): boolean =>
  figures.replies === 0 && figures.received === 0 && figures.opened === 0 && figures.closed === 0;
