// What the figures are: periods of local days, the summary as it's told, and how it compares with the period before. Pure.
import type { ReceivedCount, ReplyCount, ResponseCount, Spread, TicketCount } from '../domain/figure.ts';
import type { AgentId, MessageId, RemoteId } from '../domain/ids.ts';
import { addDays, dayAt, momentOf, weekdayOf, type LocalDay } from '../domain/zone.ts';

/** From `from` (included) to `to` (not included). */
export interface Period {
  readonly from: Date;
  readonly to: Date;
}

/** Replies from the phone and with an API token belong to nobody. */
export interface AgentReplies {
  readonly agentId: AgentId;
  readonly email: string;
  readonly name: string | null;
  readonly count: number;
}

/** Spans in seconds. */
export interface ResponseFigures {
  readonly count: number;
  readonly averageSeconds: number | null;
  readonly medianSeconds: number | null;
  readonly p90Seconds: number | null;
  /** The same in business hours; null where none are set. */
  readonly business: {
    readonly averageSeconds: number | null;
    readonly medianSeconds: number | null;
    readonly p90Seconds: number | null;
  } | null;
}

export interface AgentResponses extends ResponseFigures {
  readonly agentId: AgentId;
  readonly email: string;
  readonly name: string | null;
}

/** All figures of a period, as the API tells them. */
export interface Summary {
  readonly replies: {
    readonly total: number;
    readonly byAgent: readonly AgentReplies[];
    /** By a platform's name, `web` and `phone`. */
    readonly bySource: Readonly<Record<string, number>>;
  };
  readonly tickets: {
    readonly open: number;
    readonly inProgress: number;
    readonly unresolved: number;
    readonly opened: number;
    readonly closed: number;
  };
  readonly firstResponse: ResponseFigures & { readonly byAgent: readonly AgentResponses[] };
  readonly unanswered: { readonly count: number; readonly oldestSince: Date | null };
  readonly received: number;
  readonly activeChats: number;
  readonly bridgeLag: { readonly medianMs: number | null; readonly p99Ms: number | null };
  readonly ledger: {
    readonly received: number;
    readonly mirrored: number;
    readonly filtered: number;
    /** How many are missing; the oldest of them by id: ours, or the messenger's where a message wasn't even recorded. */
    readonly gapCount: number;
    readonly gaps: readonly (MessageId | RemoteId)[];
  };
}

/** What the store found, for `summarise`. */
export interface Findings {
  readonly replies: readonly ReplyCount[];
  readonly firstResponses: { readonly all: ResponseCount; readonly byAgent: readonly ResponseCount[] };
  readonly unanswered: { readonly count: number; readonly oldestAt: Date | null };
  readonly received: ReceivedCount;
  readonly gaps: readonly (MessageId | RemoteId)[];
  readonly activeChats: number;
  readonly tickets: TicketCount;
  /** Everybody who ever was of the team: who left keeps their figures. */
  readonly agents: ReadonlyMap<AgentId, { readonly email: string; readonly name: string | null }>;
  /** The platforms there are: each has its number, also when it's 0. */
  readonly platforms: readonly string[];
}

/** One point of the charts: a local day. */
export interface DayPoint {
  readonly day: LocalDay;
  readonly from: Date;
  readonly to: Date;
  readonly replies: number;
  readonly received: number;
  readonly responses: number;
  readonly medianSeconds: number | null;
}

/** Milliseconds are as fine as times are stored. */
const rounded = (seconds: number | null): number | null =>
  seconds === null ? null : Math.round(seconds * 1000) / 1000;

const spreadFigures = ({ average, median, p90 }: Spread) => ({
  averageSeconds: rounded(average),
  medianSeconds: rounded(median),
  p90Seconds: rounded(p90),
});

const responseFigures = ({ count, whole, business }: ResponseCount): ResponseFigures => ({
  count,
  ...spreadFigures(whole),
  business: business.average === null ? null : spreadFigures(business),
});

/** Puts the findings together. Names nothing that wasn't found. */
export function summarise(found: Findings): Summary {
  const { replies, firstResponses, tickets, received, agents } = found;
  const sum = (rows: readonly ReplyCount[]): number => rows.reduce((total, { count }) => total + count, 0);
  const bySource = Object.fromEntries(
    [...found.platforms, 'web', 'phone'].map((source) => [source, 0] as [string, number]),
  );
  for (const { source, count } of replies) bySource[source] = (bySource[source] ?? 0) + count;
  const byAgent = [...Map.groupBy(replies, ({ agentId }) => agentId)].flatMap(([agentId, rows]) => {
    const agent = agentId === null ? undefined : agents.get(agentId);
    return agentId === null || agent === undefined ? [] : [{ agentId, ...agent, count: sum(rows) }];
  });
  return {
    replies: {
      total: sum(replies),
      byAgent: byAgent.sort((one, other) => other.count - one.count || (one.email < other.email ? -1 : 1)),
      bySource,
    },
    tickets: { ...tickets, unresolved: tickets.open + tickets.inProgress },
    firstResponse: {
      ...responseFigures(firstResponses.all),
      byAgent: firstResponses.byAgent.flatMap((row) => {
        const agent = row.agentId === null ? undefined : agents.get(row.agentId);
        return row.agentId === null || agent === undefined
          ? []
          : [{ agentId: row.agentId, ...agent, ...responseFigures(row) }];
      }),
    },
    unanswered: { count: found.unanswered.count, oldestSince: found.unanswered.oldestAt },
    received: received.received,
    activeChats: found.activeChats,
    bridgeLag: {
      medianMs: received.lagMedianMs === null ? null : Math.round(received.lagMedianMs),
      p99Ms: received.lagP99Ms === null ? null : Math.round(received.lagP99Ms),
    },
    ledger: {
      received: received.received,
      mirrored: received.mirrored,
      filtered: received.filtered,
      gapCount: received.received - received.mirrored - received.filtered,
      gaps: found.gaps,
    },
  };
}

/** The local day that began `ago` days ago (0: today), whole. */
export function dayPeriod(timeZone: string, day: LocalDay): Period {
  return { from: momentOf(timeZone, day), to: momentOf(timeZone, addDays(day, 1)) };
}

/** The Monday of the week in which the day lies. */
export const mondayOf = (day: LocalDay): LocalDay => addDays(day, -weekdayOf(day));

/** Whole local days that touch the period, oldest first; the first and the last are cut to it. */
export function daysOf(timeZone: string, { from, to }: Period): { day: LocalDay; from: Date; to: Date }[] {
  if (from >= to) return [];
  const days: { day: LocalDay; from: Date; to: Date }[] = [];
  const last = dayAt(timeZone, new Date(to.getTime() - 1));
  for (let day = dayAt(timeZone, from); day <= last; day = addDays(day, 1)) {
    const whole = dayPeriod(timeZone, day);
    const begin = whole.from < from ? from : whole.from;
    const end = whole.to > to ? to : whole.to;
    if (begin < end) days.push({ day, from: begin, to: end });
  }
  return days;
}

/** `today`, `7d` and `30d` (with today), or `2026-11-01..2026-11-24` (both included), in local days. Undefined: it's none of these. */
export function parsePeriod(text: string, timeZone: string, now: Date): Period | undefined {
  const today = dayAt(timeZone, now);
  const until = momentOf(timeZone, addDays(today, 1));
  const word = text.trim().toLowerCase();
  if (word === '' || word === 'today') return { from: momentOf(timeZone, today), to: until };
  const [, count] = /^(\d{1,3})d$/.exec(word) ?? [];
  if (count !== undefined && Number(count) > 0) {
    return { from: momentOf(timeZone, addDays(today, 1 - Number(count))), to: until };
  }
  const [, first, last] = /^(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})$/.exec(word) ?? [];
  if (first === undefined || last === undefined || !isDay(first) || !isDay(last) || first > last) return undefined;
  return { from: momentOf(timeZone, first), to: momentOf(timeZone, addDays(last, 1)) };
}

function isDay(text: string): text is LocalDay {
  const at = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}

/** By how much it changed, in per cent of before; null where there's nothing to compare with. */
export const changePercent = (now: number | null, before: number | null): number | null =>
  now === null || before === null || before === 0 ? null : Math.round(((now - before) / before) * 100);
