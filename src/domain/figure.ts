// What the store counts and the figures are made of.
import type { AgentId } from './ids.ts';

export interface ReplyCount {
  /** Null: the phone, or an API token. */
  readonly agentId: AgentId | null;
  /** A platform's name, `web` or `phone`. */
  readonly source: string;
  readonly count: number;
}

/** Spans in seconds; null where there is nothing to take them of. */
export interface Spread {
  readonly average: number | null;
  readonly median: number | null;
  readonly p90: number | null;
}

export interface ResponseCount {
  readonly agentId: AgentId | null;
  readonly count: number;
  readonly whole: Spread;
  readonly business: Spread;
}

export interface ReceivedCount {
  readonly received: number;
  readonly mirrored: number;
  readonly filtered: number;
  readonly lagMedianMs: number | null;
  readonly lagP99Ms: number | null;
}

export interface TicketCount {
  readonly open: number;
  readonly inProgress: number;
  readonly opened: number;
  readonly closed: number;
}
