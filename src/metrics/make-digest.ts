// Makes a Digest: asks for the figures of its period and of the one before, and puts together what will be shown.
import type { Store } from '../store/store.ts';
import { addDays, dayAt, momentOf } from '../domain/zone.ts';
import { CHART_DAYS, chartDays, digestFigures, periodBefore, rankAgents, type Digest } from './digest.ts';
import type { DayPoint, Period, Summary } from './figures.ts';
import type { FigureFilter } from '../store/figure.ts';

export interface DigestSources {
  readonly store: Store;
  readonly summary: (filter: FigureFilter) => Promise<Summary>;
  readonly series: (filter: FigureFilter, timeZone: string) => Promise<DayPoint[]>;
  /** What a channel may read of a text: phone numbers masked where that is set. */
  readonly channelText: () => Promise<(text: string) => string>;
}

const LONGEST_NAMED = 5;

/** All Chats count: every Workspace shows them all. `isLate`: it should have been made a good while ago. */
export async function makeDigest(
  sources: DigestSources,
  wanted: Period & {
    readonly kind: Digest['kind'];
    readonly timeZone: string;
    readonly namesChats: boolean;
    readonly isLate: boolean;
  },
  now: Date,
): Promise<Digest> {
  const { store, summary, series, channelText } = sources;
  const { kind, timeZone, from, to, namesChats, isLate } = wanted;
  const all = { scope: 'all' as const };
  const lastDay = dayAt(timeZone, new Date(to.getTime() - 1));
  const chart = { ...all, from: momentOf(timeZone, addDays(lastDay, 1 - CHART_DAYS)), to };
  const [figures, before, points, waiting, accounts, shown] = await Promise.all([
    summary({ ...all, from, to }),
    summary({ ...all, ...periodBefore(kind, timeZone, { from, to }) }),
    series(chart, timeZone),
    store.read.figures.unansweredRows(all, { limit: LONGEST_NAMED }),
    store.read.accounts.all(),
    channelText(),
  ]);
  const firstAt = await store.read.figures.firstMessageAt();
  return {
    kind,
    timeZone,
    from: from.toISOString(),
    to: to.toISOString(),
    madeAt: now.toISOString(),
    isLate,
    numbers: accounts.length,
    figures: digestFigures(figures),
    before: firstAt === undefined || firstAt >= from ? null : digestFigures(before),
    inProgress: figures.tickets.inProgress,
    phoneReplies: figures.replies.bySource['phone'] ?? 0,
    agents: rankAgents(figures),
    waiting: {
      count: figures.unanswered.count,
      oldestSince: figures.unanswered.oldestSince?.toISOString() ?? null,
      longest: waiting.map(({ chatName, at, url }) => ({
        name: namesChats && chatName !== null ? shown(chatName) : null,
        since: at.toISOString(),
        url: namesChats ? url : null,
      })),
    },
    lag: figures.bridgeLag,
    ledger: {
      received: figures.ledger.received,
      mirrored: figures.ledger.mirrored,
      filtered: figures.ledger.filtered,
      gapCount: figures.ledger.gapCount,
    },
    days: chartDays(points),
  };
}
