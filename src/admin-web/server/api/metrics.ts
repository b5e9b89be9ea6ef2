// /metrics: the figures of a period over the Chats somebody sees, the points of the charts, and the rows behind them, also as CSV.
import { z } from 'zod';
import type { AccountId, AgentId } from '../../../domain/ids.ts';
import { addDays, dayAt, isTimeZone, momentOf } from '../../../domain/zone.ts';
import { csvHead, csvRows, type CsvColumns } from '../../../metrics/metrics.ts';
import type { FigureFilter, ReplyRow, ResponseRow, RowPlace, UnansweredRow } from '../../../store/figure.ts';
import { badInput } from '../errors.ts';
import type { MetricsFacade, Viewer, WebParts } from '../parts.ts';
import { asRowId, iso, listOf, pageOf, pageQuery, readCursor, route, text, time } from '../route.ts';
import { scopeOf, visibleChat } from '../scope.ts';

type Summary = Awaited<ReturnType<MetricsFacade['summary']>>;

/** A chart of more days is none. */
const MOST_DAYS = 750;
const DAY_MS = 24 * 60 * 60_000;
/** Rows of a CSV that are read at once. */
const CSV_ROWS = 1000;

const moment = z.union([z.iso.datetime({ offset: true }), z.iso.date()], 'must be a day or a time (ISO 8601)');
const filterShape = {
  /** A day is meant whole, in `timeZone`; a time to the millisecond, and `to` isn't part of it. */
  from: moment.optional(),
  to: moment.optional(),
  timeZone: text(100).refine(isTimeZone, 'is no time zone').default('UTC'),
  agent: text(320).optional(),
  label: text(200).optional(),
  account: z.string().optional(),
  chat: z.string().optional(),
};
const figureQuery = z.strictObject(filterShape);
type FigureQuery = z.output<typeof figureQuery>;
const rowQuery = pageQuery.extend({ ...filterShape, format: z.enum(['json', 'csv']).optional() });

const seconds = z.number().nullable();
const spread = { averageSeconds: seconds, medianSeconds: seconds, p90Seconds: seconds };
const response = { count: z.int(), ...spread, business: z.strictObject(spread).nullable() };
const agent = { agentId: z.string(), email: z.string(), name: z.string().nullable() };

const summarySchema = z.strictObject({
  from: time,
  to: time,
  replies: z.strictObject({
    total: z.int(),
    byAgent: z.array(z.strictObject({ ...agent, count: z.int() })),
    bySource: z.record(z.string(), z.int()),
  }),
  tickets: z.strictObject({
    open: z.int(),
    inProgress: z.int(),
    unresolved: z.int(),
    opened: z.int(),
    closed: z.int(),
  }),
  firstResponse: z.strictObject({ ...response, byAgent: z.array(z.strictObject({ ...agent, ...response })) }),
  unanswered: z.strictObject({ count: z.int(), oldestSince: time.nullable() }),
  received: z.int(),
  activeChats: z.int(),
  bridgeLag: z.strictObject({ medianMs: z.number().nullable(), p99Ms: z.number().nullable() }),
  ledger: z.strictObject({
    received: z.int(),
    mirrored: z.int(),
    filtered: z.int(),
    gapCount: z.int(),
    gaps: z.array(z.string()),
  }),
});

const point = z.strictObject({
  day: z.iso.date(),
  from: time,
  to: time,
  replies: z.int(),
  received: z.int(),
  responses: z.int(),
  medianSeconds: seconds,
});

const inChat = { chatId: z.string(), chatName: z.string().nullable(), url: z.string().nullable() };
const replySchema = z.strictObject({
  id: z.string(),
  at: time,
  agentId: z.string().nullable(),
  email: z.string().nullable(),
  source: z.string(),
  text: z.string(),
  ...inChat,
});
const responseSchema = z.strictObject({
  id: z.string(),
  askedAt: time,
  answeredAt: time,
  questionId: z.string(),
  answerId: z.string(),
  agentId: z.string().nullable(),
  email: z.string().nullable(),
  source: z.string(),
  seconds: z.number(),
  businessSeconds: seconds,
  ...inChat,
});
const unansweredSchema = z.strictObject({
  id: z.string(),
  since: time,
  waitingSeconds: z.number(),
  questionId: z.string(),
  ...inChat,
});

/** Absent: today so far as whole days, in `timeZone`. */
function periodOf({ from, to, timeZone }: FigureQuery, now: Date): { from: Date; to: Date } {
  const isDay = (value: string): boolean => !value.includes('T');
  const startOf = (value: string) => momentOf(timeZone, value as ReturnType<typeof dayAt>);
  const endOf = (value: string) => momentOf(timeZone, addDays(value as ReturnType<typeof dayAt>, 1));
  const begin = from ?? dayAt(timeZone, now);
  const end = to ?? dayAt(timeZone, now);
  const period = {
    from: isDay(begin) ? startOf(begin) : new Date(begin),
    to: isDay(end) ? endOf(end) : new Date(end),
  };
  if (period.from >= period.to) throw badInput([{ path: 'to', message: 'must come after from' }]);
  return period;
}

/** What names an agent, label or number that isn't there matches nothing; a Chat that the viewer doesn't see is not there. */
async function filterOf(parts: WebParts, viewer: Viewer, query: FigureQuery): Promise<FigureFilter> {
  const { agents, labels, accounts } = parts.store.read;
  const period = periodOf(query, parts.clock.now());
  const chat = query.chat === undefined ? undefined : await visibleChat(parts, viewer, query.chat);
  const rowId = asRowId<AgentId>(query.agent);
  const who =
    query.agent === undefined
      ? undefined
      : await (rowId === undefined ? agents.byEmail(query.agent) : agents.find(rowId));
  const label = query.label === undefined ? undefined : await labels.byName(query.label);
  const accountId = asRowId<AccountId>(query.account);
  const account = accountId === undefined ? undefined : await accounts.find(accountId);
  const isNothing =
    (query.agent !== undefined && who === undefined) ||
    (query.label !== undefined && label === undefined) ||
    (query.account !== undefined && account === undefined);
  const scope = isNothing ? new Set<never>() : await scopeOf(parts, viewer);
  return { ...period, scope, agentId: who?.id, labelId: label?.id, accountId: account?.id, chatId: chat?.id };
}

const showSummary = (filter: FigureFilter, found: Summary): z.input<typeof summarySchema> => ({
  ...found,
  from: filter.from.toISOString(),
  to: filter.to.toISOString(),
  replies: { ...found.replies, byAgent: [...found.replies.byAgent], bySource: { ...found.replies.bySource } },
  firstResponse: { ...found.firstResponse, byAgent: [...found.firstResponse.byAgent] },
  unanswered: { count: found.unanswered.count, oldestSince: iso(found.unanswered.oldestSince) },
  ledger: { ...found.ledger, gaps: [...found.ledger.gaps] },
});

type Mask = (text: string) => string;
const chatOf = (row: { chatId: string; chatName: string | null; url: string | null }, mask: Mask) => ({
  chatId: row.chatId,
  chatName: row.chatName === null ? null : mask(row.chatName),
  url: row.url,
});

const showReply = (row: ReplyRow, mask: Mask): z.input<typeof replySchema> => ({
  id: row.id,
  at: row.at.toISOString(),
  agentId: row.agentId,
  email: row.email,
  source: row.source,
  text: mask(row.text),
  ...chatOf(row, mask),
});

const showResponse = (row: ResponseRow, mask: Mask): z.input<typeof responseSchema> => ({
  id: row.id,
  askedAt: row.askedAt.toISOString(),
  answeredAt: row.at.toISOString(),
  questionId: row.questionId,
  answerId: row.answerId,
  agentId: row.agentId,
  email: row.email,
  source: row.source,
  seconds: row.seconds,
  businessSeconds: row.businessSeconds,
  ...chatOf(row, mask),
});

const showUnanswered = (row: UnansweredRow, mask: Mask, now: Date): z.input<typeof unansweredSchema> => ({
  id: row.id,
  since: row.at.toISOString(),
  waitingSeconds: Math.max(0, (now.getTime() - row.at.getTime()) / 1000),
  questionId: row.questionId,
  ...chatOf(row, mask),
});

interface Page {
  readonly limit: number;
  readonly after: RowPlace | undefined;
}

/** A list of rows, in pages as JSON and whole as CSV, with the columns in the order of the fields. */
function rowsRoute<Row extends { readonly at: Date; readonly id: string }, Item extends z.ZodObject>(spec: {
  readonly path: string;
  readonly summary: string;
  readonly item: Item;
  /** What its ids look like. */
  readonly id: z.ZodType<string>;
  readonly read: (metrics: MetricsFacade, filter: FigureFilter, page: Page) => Promise<Row[]>;
  readonly show: (row: Row, mask: Mask, now: Date) => z.input<Item>;
}) {
  const { path, summary, item, read, show } = spec;
  const place = z.tuple([z.iso.datetime(), spec.id]);
  type Cells = Readonly<Record<string, string | number | null>>;
  const columns: CsvColumns<Cells> = Object.fromEntries(
    Object.keys(item.shape).map((key) => [key, (row: Cells) => row[key] ?? null]),
  );
  async function* csv(parts: WebParts, filter: FigureFilter, mask: Mask): AsyncGenerator<string> {
    yield csvHead(columns);
    let after: RowPlace | undefined;
    do {
      const rows = await read(parts.metrics, filter, { limit: CSV_ROWS, after });
      // Fields are texts and numbers, by the schemas above.
      yield csvRows(
        rows.map((row) => show(row, mask, parts.clock.now()) as Cells),
        columns,
      );
      after = rows.length < CSV_ROWS ? undefined : rows.at(-1);
    } while (after !== undefined);
  }
  return route({
    method: 'get',
    path,
    summary,
    who: 'agent',
    query: rowQuery,
    response: listOf(item),
    handle: async ({ parts, viewer, query }) => {
      const { limit, cursor, ...wanted } = query;
      const start = readCursor(place, cursor);
      const after = start === undefined ? undefined : { at: new Date(start[0]), id: start[1] };
      const filter = await filterOf(parts, viewer, wanted);
      const mask = await parts.access.phonesFor(viewer);
      const rows = await read(parts.metrics, filter, { limit: limit + 1, after });
      return pageOf(
        rows,
        limit,
        (row) => [row.at.toISOString(), row.id],
        (row) => show(row, mask, parts.clock.now()),
      );
    },
    csv: async ({ parts, viewer, query }) =>
      csv(parts, await filterOf(parts, viewer, query), await parts.access.phonesFor(viewer)),
  });
}

const episodeId = z.string().regex(/^[1-9]\d{0,17}$/);

export const metricsRoutes = [
  route({
    method: 'get',
    path: '/metrics/summary',
    summary: 'All figures of a period over the chats I see; without from and to: of today',
    who: 'agent',
    query: figureQuery,
    response: summarySchema,
    handle: async ({ parts, viewer, query }) => {
      const filter = await filterOf(parts, viewer, query);
      return showSummary(filter, await parts.metrics.summary(filter));
    },
  }),
  route({
    method: 'get',
    path: '/metrics/series',
    summary: 'The points of the charts: one a local day, empty ones included, all on one page',
    who: 'agent',
    query: figureQuery.extend({ by: z.enum(['day']).default('day') }),
    response: listOf(point),
    handle: async ({ parts, viewer, query }) => {
      const filter = await filterOf(parts, viewer, query);
      if (filter.to.getTime() - filter.from.getTime() > MOST_DAYS * DAY_MS) {
        throw badInput([{ path: 'from', message: `must be at most ${MOST_DAYS} days before to` }]);
      }
      const points = await parts.metrics.series(filter, query.timeZone);
      const items = points.map((one) => ({ ...one, from: one.from.toISOString(), to: one.to.toISOString() }));
      return { items, nextCursor: null };
    },
  }),
  rowsRoute({
    path: '/metrics/replies',
    summary: 'The replies that were counted, the newest first',
    item: replySchema,
    id: z.uuid(),
    read: (metrics, filter, page) => metrics.replies(filter, page),
    show: showReply,
  }),
  rowsRoute({
    path: '/metrics/first-responses',
    summary: 'The first responses that were counted, the newest answer first',
    item: responseSchema,
    id: episodeId,
    read: (metrics, filter, page) => metrics.firstResponses(filter, page),
    show: showResponse,
  }),
  rowsRoute({
    path: '/metrics/unanswered',
    summary: 'Who waits for an answer now, the longest first; the period plays no part',
    item: unansweredSchema,
    id: episodeId,
    read: (metrics, filter, page) => metrics.unanswered(filter, page),
    show: showUnanswered,
  }),
];
