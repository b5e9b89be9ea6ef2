// Metrics, the facade: the figures of any period, the rows behind them, and the Digests that are posted by the clock, each once.
import cron, { type ScheduledTask } from 'node-cron';
import { Readable } from 'node:stream';
import { COUNTING_RULES, parseCountingRules } from '../domain/business-hours.ts';
import type { AgentId, ChannelId, ChatId, WorkspaceId } from '../domain/ids.ts';
import type { Post } from '../domain/post.ts';
import { isTimeZone } from '../domain/zone.ts';
import type { Log } from '../runtime/log.ts';
import { Loop, type Clock } from '../runtime/time.ts';
import type { By } from '../store/audit.ts';
import type { DigestId, DigestRow, DigestSchedule } from '../store/digest.ts';
import type { FigureFilter, ReplyRow, ResponseRow, RowPlace, UnansweredRow } from '../store/figure.ts';
import type { Store, Tx } from '../store/store.ts';
import { dueDigests, isEmpty, soFar, type Digest } from './digest.ts';
import { drawPicture } from './draw.ts';
import { daysOf, summarise, type DayPoint, type Period, type Summary } from './figures.ts';
import { makeDigest } from './make-digest.ts';
import { giveNudges, type Nudge } from './nudges.ts';
import { altText, presentDigest } from './present.ts';

export { csvHead, csvRows, type CsvColumns } from './csv.ts';
export { parsePeriod, type Period, type Summary } from './figures.ts';
export { NUDGES, parseNudgeRules } from './nudges.ts';
export { durationWords } from './present.ts';

export interface MetricsParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Queues the posting of a Digest into its channel. Must only change the store. */
  readonly postDigest: (tx: Tx, digest: DigestRow, now: Date) => Promise<void>;
  /** Queues a reminder into the Chat's channels, and to the assignee. Must only change the store. */
  readonly nudge: (tx: Tx, nudge: Nudge, now: Date) => Promise<void>;
  /** What a channel may read of a text: phone numbers masked where that is set. */
  readonly channelText: () => Promise<(text: string) => string>;
}

export interface WantedSchedule {
  readonly channelId: ChannelId;
  /** Minutes since local midnight. */
  readonly minutes: number;
  readonly timeZone: string;
  /** On Mondays, the week before as well. Absent: as it was, else no. */
  readonly weekly?: boolean | undefined;
  /** May it name the Chats that wait? Absent: as it was, else no. */
  readonly namesChats?: boolean | undefined;
}

interface Page {
  /** At most so many rows. */
  readonly limit: number;
  /** The last row of the page before. */
  readonly after?: RowPlace | undefined;
}

/** How many missing messages are named; all are counted. */
const GAPS_NAMED = 200;
/** From here on a Digest says that it's late. */
const LATE_MS = 15 * 60_000;
/** Should the clock's call not come. */
const EVERY_MS = 10 * 60_000;
const RECOUNT_EVERY_MS = 60_000;
const CHATS_AT_ONCE = 100;
/** The setting in which it stands how far Episodes were counted by which rules: `{rules, after}`; `after` is null when all are. */
const RECOUNTED = 'metrics-recounted';

/** Reads work in any process; `start` only in the one that works. */
export class Metrics {
  readonly #parts: MetricsParts;
  readonly #digests: Loop;
  readonly #nudges: Loop;
  readonly #recount: Loop;
  #cron: ScheduledTask | undefined;

  constructor(parts: MetricsParts) {
    this.#parts = parts;
    const { store, clock, log, nudge } = parts;
    this.#digests = new Loop({ name: 'digests', clock, log, everyMs: EVERY_MS, run: () => this.#makeDue() });
    this.#nudges = new Loop({
      name: 'nudges',
      clock,
      log,
      everyMs: EVERY_MS,
      run: () => giveNudges(store, nudge, clock.now()),
    });
    this.#recount = new Loop({
      name: 'recount',
      clock,
      log,
      everyMs: RECOUNT_EVERY_MS,
      run: (signal) => this.#recountAll(signal),
    });
  }

  /** Begins to make Digests and to remind when that's due: at once what was missed, then looking at each full minute. */
  start(): void {
    this.#digests.start();
    this.#nudges.start();
    this.#recount.start();
    const wake = (): void => {
      this.#digests.wake();
      this.#nudges.wake();
    };
    this.#cron = cron.schedule('* * * * *', wake, { name: 'metrics' });
  }

  async stop(): Promise<void> {
    await this.#cron?.destroy();
    await Promise.all([this.#digests.stop(), this.#nudges.stop(), this.#recount.stop()]);
  }

  /** All figures of a period over the Chats in `scope`. With an Agent, what can be credited is theirs alone: replies, first responses, Tickets. */
  async summary(filter: FigureFilter): Promise<Summary> {
    const { store, clock } = this.#parts;
    const now = clock.now();
    const { figures, agents, workspaces } = store.read;
    const [replies, firstResponses, unanswered, received, gaps, lost, activeChats, tickets, team, places] =
      await Promise.all([
        figures.replies(filter),
        figures.firstResponses(filter),
        figures.unanswered(filter),
        figures.received(filter),
        figures.gaps(filter, GAPS_NAMED),
        figures.lost(filter, GAPS_NAMED),
        figures.activeChats(filter),
        figures.tickets(filter, filter.to < now ? filter.to : now),
        agents.all(),
        workspaces.all(),
      ]);
    return summarise({
      replies,
      firstResponses,
      unanswered,
      received,
      gaps: [...lost.map(({ id }) => id), ...gaps].slice(0, GAPS_NAMED),
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

  schedule(workspaceId: WorkspaceId): Promise<DigestSchedule | undefined> {
    return this.#parts.store.read.digests.schedule(workspaceId);
  }

  /** When and where a Workspace gets its Digests. What was due before isn't made up for. */
  async setSchedule(
    workspaceId: WorkspaceId,
    wanted: WantedSchedule,
    by: By,
  ): Promise<{ readonly schedule: DigestSchedule } | { readonly refused: string }> {
    const { channelId, minutes, timeZone } = wanted;
    if (!isTimeZone(timeZone)) return { refused: `There is no time zone called “${timeZone}”.` };
    const { store, clock } = this.#parts;
    const result = await store.transaction(async (tx) => {
      if ((await tx.workspaces.find(workspaceId)) === undefined) return { refused: 'There is no such workspace.' };
      const now = clock.now();
      const before = await tx.digests.schedule(workspaceId);
      const weekly = wanted.weekly ?? before?.weekly ?? false;
      const namesChats = wanted.namesChats ?? before?.namesChats ?? false;
      const schedule = { workspaceId, channelId, minutes, timeZone, weekly, namesChats, since: now };
      await tx.digests.setSchedule(schedule);
      const detail = { workspaceId, channelId, minutes, timeZone, weekly, namesChats };
      await tx.audit.add({ ...by, action: 'digest schedule', detail, at: now });
      return { schedule };
    });
    this.#digests.wake();
    return result;
  }

  /** No more Digests there; false when there were none. */
  dropSchedule(workspaceId: WorkspaceId, by: By): Promise<boolean> {
    const { store, clock } = this.#parts;
    return store.transaction(async (tx) => {
      const was = await tx.digests.dropSchedule(workspaceId);
      if (was) await tx.audit.add({ ...by, action: 'digest off', detail: { workspaceId }, at: clock.now() });
      return was;
    });
  }

  /** Posts today's figures so far, once each time it's asked. `place`: where, for a Workspace without a schedule. */
  async postNow(
    workspaceId: WorkspaceId,
    by: By,
    place?: { readonly channelId: ChannelId; readonly timeZone: string },
  ): Promise<{ readonly digest: DigestRow } | { readonly refused: string }> {
    const { store, clock } = this.#parts;
    const schedule = await store.read.digests.schedule(workspaceId);
    const channelId = place?.channelId ?? schedule?.channelId;
    const timeZone = place?.timeZone ?? schedule?.timeZone;
    if (channelId === undefined || timeZone === undefined) {
      return { refused: 'No channel is set for the digest yet.' };
    }
    const now = clock.now();
    const wanted = { kind: 'now' as const, ...soFar(timeZone, now), timeZone };
    const namesChats = schedule?.namesChats ?? false;
    const content = await this.#make({ ...wanted, namesChats, isLate: false }, now);
    const row = { workspaceId, kind: 'now' as const, period: now.toISOString(), channelId, content, madeAt: now };
    const digest = await store.transaction(async (tx) => {
      const claimed = await this.#claim(tx, row, now);
      if (claimed !== undefined) {
        await tx.audit.add({ ...by, action: 'digest now', detail: { workspaceId, digestId: claimed.id }, at: now });
      }
      return claimed;
    });
    return digest === undefined ? { refused: 'It is being posted already.' } : { digest };
  }

  /** What its channel shows of a Digest; undefined: there is none. For the delivery; the picture is drawn when its file is opened. */
  async post(id: DigestId): Promise<{ readonly channelId: ChannelId; readonly post: Post } | undefined> {
    const row = await this.#parts.store.read.digests.find(id);
    if (row === undefined) return undefined;
    // Written by ourselves, in one transaction with the claim.
    const digest = row.content as Digest;
    const post = presentDigest(digest);
    if (isEmpty(digest)) return { channelId: row.channelId, post };
    const file = {
      media: 'image' as const,
      name: 'digest.png',
      mimeType: 'image/png',
      altText: altText(digest),
      open: async () => Readable.from([await drawPicture(digest)]),
    };
    return { channelId: row.channelId, post: { ...post, file } };
  }

  #make(
    wanted: Period & { kind: Digest['kind']; timeZone: string; namesChats: boolean; isLate: boolean },
    now: Date,
  ): Promise<Digest> {
    const { store, channelText } = this.#parts;
    const summary = (filter: FigureFilter) => this.summary(filter);
    const series = (filter: FigureFilter, timeZone: string) => this.series(filter, timeZone);
    return makeDigest({ store, summary, series, channelText }, wanted, now);
  }

  async #claim(tx: Tx, row: Omit<DigestRow, 'id'>, now: Date): Promise<DigestRow | undefined> {
    const digest = await tx.digests.claim(row);
    if (digest !== undefined) await this.#parts.postDigest(tx, digest, now);
    return digest;
  }

  /** Makes what is due and not made yet. The row that is unique a Workspace, kind and period decides who posts it. */
  async #makeDue(): Promise<void> {
    const { store, clock, log } = this.#parts;
    for (const schedule of await store.read.digests.schedules()) {
      const now = clock.now();
      const { workspaceId, channelId, timeZone, namesChats } = schedule;
      for (const { kind, period, dueAt, from, to } of dueDigests(schedule, now)) {
        if (await store.read.digests.isMade(workspaceId, kind, period)) continue;
        const isLate = now.getTime() - dueAt.getTime() > LATE_MS;
        const content = await this.#make({ kind, from, to, timeZone, namesChats, isLate }, now);
        const row = { workspaceId, kind, period, channelId, content, madeAt: now };
        const claimed = await store.transaction((tx) => this.#claim(tx, row, now));
        if (claimed !== undefined) log.info({ workspaceId, kind, period, isLate }, 'a digest is on its way');
      }
    }
  }

  /** Counts the Episodes of all Chats anew where the rules aren't those they were counted by; goes on where it was interrupted. */
  async #recountAll(signal: AbortSignal): Promise<void> {
    const { store, clock, log } = this.#parts;
    const rules = JSON.stringify(parseCountingRules(await store.read.settings.get(COUNTING_RULES)));
    const stored = (await store.read.settings.get(RECOUNTED)) as { rules: string; after: ChatId | null } | undefined;
    if (stored?.rules === rules && stored.after === null) return;
    let after = stored?.rules === rules ? stored.after : null;
    log.info({}, 'counting first responses anew');
    while (!signal.aborted) {
      const chats = await store.read.episodes.chatsAfter(after, CHATS_AT_ONCE);
      for (const chatId of chats) await store.transaction((tx) => tx.episodes.recount(chatId));
      after = chats.at(-1) ?? null;
      await store.read.settings.set(RECOUNTED, { rules, after }, clock.now());
      if (after === null) return;
    }
  }
}
