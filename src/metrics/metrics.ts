// Metrics, the facade: the figures of any period, the rows behind them, and the Digests that are posted by the clock, each once.
import type { AgentId } from '../domain/ids.ts';
import type { Clock } from '../runtime/time.ts';
import type { FigureFilter, ReplyRow, ResponseRow, RowPlace, UnansweredRow } from '../store/figure.ts';
import type { Store } from '../store/store.ts';
import { daysOf, summarise, type DayPoint, type Summary } from './figures.ts';

export interface MetricsParts {
  readonly store: Store;
  readonly clock: Clock;
}

interface Page {
  /** At most so many rows. */
  readonly limit: number;
  /** The last row of the page before. */
  readonly after?: RowPlace | undefined;
}

/** How many missing messages are named; all are counted. */
const GAPS_NAMED = 200;

/** Reads work in any process; `start` only in the one that works. */
export class Metrics {
  readonly #parts: MetricsParts;

  constructor(parts: MetricsParts) {
    this.#parts = parts;
  }

  /** All figures of a period over the Chats in `scope`. With an Agent, what can be credited is theirs alone: replies, first responses, Tickets. */
  async summary(filter: FigureFilter): Promise<Summary> {
    const { store, clock } = this.#parts;
    const now = clock.now();
    const { figures, agents, workspaces } = store.read;
    const [replies, firstResponses, unanswered, received, gaps, activeChats, tickets, team, places] = await Promise.all(
      [
        figures.replies(filter),
        figures.firstResponses(filter),
        figures.unanswered(filter),
        figures.received(filter),
        figures.gaps(filter, GAPS_NAMED),
        figures.activeChats(filter),
        figures.tickets(filter, filter.to < now ? filter.to : now),
        agents.all(),
        workspaces.all(),
      ],
    );
    return summarise({
      replies,
      firstResponses,
      unanswered,
      received,
      gaps,
      activeChats,
      tickets,
      agents: new Map<AgentId, { email: string; name: string | null }>(
        team.map(({ id, email, name }) => [id, { email, name }]),
      ),
      platforms: places.map(({ platform }) => platform),
    });
  }

  /** The points of the charts, a local day each, empty ones included. */
  async series(filter: FigureFilter, timeZone: string): Promise<DayPoint[]> {
    const days = daysOf(timeZone, filter);
    const last = days.at(-1);
    if (last === undefined) return [];
    const points = await this.#parts.store.read.figures.series(filter, [...days.map(({ from }) => from), last.to]);
    return days.flatMap((day, index) => {
      const point = points[index];
      return point === undefined ? [] : [{ ...day, ...point }];
    });
  }

  /** The replies that were counted, the newest first. */
  replies(filter: FigureFilter, page: Page): Promise<ReplyRow[]> {
    return this.#parts.store.read.figures.replyRows(filter, page);
  }

  /** The first responses that were counted, the newest first. */
  firstResponses(filter: FigureFilter, page: Page): Promise<ResponseRow[]> {
    return this.#parts.store.read.figures.responseRows(filter, page);
  }

  /** Who waits for an answer at this moment, the longest first. */
  unanswered(filter: Omit<FigureFilter, 'from' | 'to'>, page: Page): Promise<UnansweredRow[]> {
    return this.#parts.store.read.figures.unansweredRows(filter, page);
  }
}
