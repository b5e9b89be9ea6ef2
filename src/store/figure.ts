// The queries behind the figures: counts, percentiles and the rows they are made of, over messages, Episodes and Tickets. Reading only.
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { ReceivedCount, ReplyCount, ResponseCount, Spread, TicketCount } from '../domain/figure.ts';
import type { AccountId, AgentId, ChatId, MessageId, RemoteId } from '../domain/ids.ts';
import type { Db } from './db.ts';
import { isReply, replySource } from './episode.ts';
import { isGap } from './gap.ts';
import type { LabelId } from './label.ts';
import type { Scope } from './listing.ts';

/** From `from` (included) to `to` (not included). Absent doesn't filter; `scope` are the Chats that whoever asks may see. */
export interface FigureFilter {
  readonly from: Date;
  readonly to: Date;
  readonly scope: Scope;
  readonly agentId?: AgentId | undefined;
  readonly labelId?: LabelId | undefined;
  readonly accountId?: AccountId | undefined;
  readonly chatId?: ChatId | undefined;
}

/** Where a page of rows begins: after this one, in the order of the list. */
export interface RowPlace {
  readonly at: Date;
  readonly id: string;
}

interface InChat {
  readonly chatId: ChatId;
  readonly chatName: string | null;
  /** Its channel, where a platform has links. */
  readonly url: string | null;
}

export interface ReplyRow extends InChat {
  readonly id: MessageId;
  readonly at: Date;
  readonly agentId: AgentId | null;
  readonly email: string | null;
  readonly source: string;
  readonly text: string;
}

export interface ResponseRow extends InChat {
  readonly id: string;
  readonly askedAt: Date;
  readonly at: Date;
  readonly questionId: MessageId;
  readonly answerId: MessageId;
  readonly agentId: AgentId | null;
  readonly email: string | null;
  readonly source: string;
  readonly seconds: number;
  readonly businessSeconds: number | null;
}

export interface UnansweredRow extends InChat {
  readonly id: string;
  readonly at: Date;
  readonly questionId: MessageId;
}

type Raw<T> = { readonly [K in keyof T]: T[K] extends Date ? string : T[K] };

/** Times of statements of our own come as text. */
const date = (text: string): Date => new Date(text);

function inChats(column: string, { scope, labelId, accountId, chatId }: Omit<FigureFilter, 'from' | 'to'>) {
  const id = sql.raw(column);
  const all: RawBuilder<unknown>[] = [sql`true`];
  if (scope !== 'all') all.push(sql`${id} = any(${[...scope]}::uuid[])`);
  if (chatId !== undefined) all.push(sql`${id} = ${chatId}`);
  if (accountId !== undefined) all.push(sql`${id} in (select c.id from chat c where c.account_id = ${accountId})`);
  if (labelId !== undefined)
    all.push(sql`${id} in (select cl.chat_id from chat_label cl where cl.label_id = ${labelId})`);
  return sql.join(all, sql` and `);
}

const within = (column: string, { from, to }: Pick<FigureFilter, 'from' | 'to'>) =>
  sql`${sql.raw(column)} >= ${from} and ${sql.raw(column)} < ${to}`;

const byAgent = (column: string, agentId: AgentId | undefined) =>
  agentId === undefined ? sql`true` : sql`${sql.raw(column)} = ${agentId}`;

const isReceived = sql`m.direction = 'in' and m.source = 'contact'`;

/** What arrived and was never recorded; its Chat may be unknown, and then only who sees all Chats is told. */
const gapsOf = (filter: FigureFilter) => {
  const { accountId, ...rest } = filter;
  return sql`gap g left join chat_address ca on ca.account_id = g.account_id and ca.address = g.address
    where ${isGap} and ${within('g.sent_at', filter)} and ${inChats('ca.chat_id', rest)}
      and ${accountId === undefined ? sql`true` : sql`g.account_id = ${accountId}`}`;
};

/** The name and the channel of a row's Chat; `c`: chat, `k`: its contact. */
const chatColumns = sql`c.id as "chatId", coalesce(c.name, k.name, k.phone) as "chatName",
  (select mi.url from mirror mi where mi.chat_id = c.id and mi.state = 'open' and mi.url is not null order by mi.id limit 1) as url`;

const after = (column: string, id: string, place: RowPlace | undefined, isNewestFirst: boolean) =>
  place === undefined
    ? sql`true`
    : sql`(${sql.raw(column)}, ${sql.raw(id)}) ${sql.raw(isNewestFirst ? '<' : '>')} (${place.at}, ${place.id})`;

const spread = (column: string) => {
  const value = sql.raw(column);
  return sql`avg(${value})::float8 as average, percentile_cont(0.5) within group (order by ${value}) as median,
    percentile_cont(0.9) within group (order by ${value}) as p90`;
};

type FlatSpread = Readonly<Record<'average' | 'median' | 'p90', number | null>>;

export const figureQueries = (db: Db) => ({
  replies: async (filter: FigureFilter): Promise<ReplyCount[]> => {
    const found = await sql<ReplyCount>`select m.agent_id as "agentId", ${replySource} as source, count(*)::int as count
      from message m left join workspace w on w.id = m.origin_workspace_id
      where ${isReply} and ${within('m.acked_at', filter)} and ${inChats('m.chat_id', filter)}
        and ${byAgent('m.agent_id', filter.agentId)}
      group by 1, 2 order by 3 desc, 1, 2`.execute(db);
    return found.rows;
  },
  /** `all`, and by Agent; exact, not estimated. */
  firstResponses: async (filter: FigureFilter): Promise<{ all: ResponseCount; byAgent: ResponseCount[] }> => {
    type Row = { agentId: AgentId | null; isAll: boolean; count: number } & FlatSpread &
      Readonly<Record<'bAverage' | 'bMedian' | 'bP90', number | null>>;
    const found =
      await sql<Row>`select e.agent_id as "agentId", grouping(e.agent_id) = 1 as "isAll", count(*)::int as count,
        ${spread('e.seconds')}, avg(e.business_seconds)::float8 as "bAverage",
        percentile_cont(0.5) within group (order by e.business_seconds) as "bMedian",
        percentile_cont(0.9) within group (order by e.business_seconds) as "bP90"
      from episode e where ${within('e.answered_at', filter)} and ${inChats('e.chat_id', filter)}
        and ${byAgent('e.agent_id', filter.agentId)}
      group by grouping sets ((), (e.agent_id)) order by 3 desc, 1`.execute(db);
    const counts = found.rows.map(({ isAll, agentId, count, average, median, p90, bAverage, bMedian, bP90 }) => ({
      isAll,
      agentId,
      count,
      whole: { average, median, p90 },
      business: { average: bAverage, median: bMedian, p90: bP90 },
    }));
    const none: Spread = { average: null, median: null, p90: null };
    const { isAll: _, ...all } = counts.find(({ isAll }) => isAll) ?? {
      isAll: true,
      agentId: null,
      count: 0,
      whole: none,
      business: none,
    };
    return { all, byAgent: counts.filter(({ isAll }) => !isAll).map(({ isAll: __, ...count }) => count) };
  },
  /** Who waits at this moment; Chats that aren't mirrored any more don't. */
  unanswered: async (filter: Omit<FigureFilter, 'from' | 'to'>): Promise<{ count: number; oldestAt: Date | null }> => {
    const found = await sql<{ count: number; oldestAt: string | null }>`
      select count(*)::int as count, min(e.asked_at) as "oldestAt" from episode e join chat c on c.id = e.chat_id
      where e.answered_at is null and c.mode <> 'never' and ${inChats('e.chat_id', filter)}`.execute(db);
    const [row] = found.rows;
    const oldestAt = row?.oldestAt ?? null;
    return { count: row?.count ?? 0, oldestAt: oldestAt === null ? null : date(oldestAt) };
  },
  received: async (filter: FigureFilter): Promise<ReceivedCount> => {
    const lag = sql`1000 * extract(epoch from m.posted_at - m.sent_at)::float8`;
    const isMirrored = sql`m.filtered is null and m.posted_at is not null`;
    const found =
      await sql<ReceivedCount>`select (count(*) + (select count(*) from ${gapsOf(filter)}))::int as received,
        (count(*) filter (where m.filtered is not null))::int as filtered,
        (count(*) filter (where ${isMirrored}))::int as mirrored,
        (percentile_cont(0.5) within group (order by ${lag}) filter (where ${isMirrored}))::float8 as "lagMedianMs",
        (percentile_cont(0.99) within group (order by ${lag}) filter (where ${isMirrored}))::float8 as "lagP99Ms"
      from message m where ${isReceived} and ${within('m.sent_at', filter)} and ${inChats('m.chat_id', filter)}`.execute(
        db,
      );
    return found.rows[0] ?? { received: 0, mirrored: 0, filtered: 0, lagMedianMs: null, lagP99Ms: null };
  },
  /** What was recorded and is neither in a channel nor left out on purpose, oldest first. */
  gaps: async (filter: FigureFilter, limit: number): Promise<MessageId[]> => {
    const found = await sql<{ id: MessageId }>`select m.id from message m
      where ${isReceived} and m.filtered is null and m.posted_at is null
        and ${within('m.sent_at', filter)} and ${inChats('m.chat_id', filter)}
      order by m.sent_at, m.id limit ${limit}`.execute(db);
    return found.rows.map(({ id }) => id);
  },
  /** What arrived and was never recorded, oldest first, by the messenger's ids. */
  lost: async (filter: FigureFilter, limit: number): Promise<{ id: RemoteId; sentAt: Date }[]> => {
    const found = await sql<{ id: RemoteId; sentAt: string }>`select g.remote_id as id, g.sent_at as "sentAt"
      from ${gapsOf(filter)} order by g.sent_at, g.remote_id limit ${limit}`.execute(db);
    return found.rows.map((row) => ({ ...row, sentAt: date(row.sentAt) }));
  },
  /** Chats in which a customer or one of us said something. */
  activeChats: async (filter: FigureFilter): Promise<number> => {
    const found = await sql<{ count: number }>`select count(*)::int as count from (
        select m.chat_id from message m where ${isReceived} and m.filtered is null
          and ${within('m.sent_at', filter)} and ${inChats('m.chat_id', filter)}
        union
        select m.chat_id from message m where ${isReply} and ${within('m.acked_at', filter)} and ${inChats('m.chat_id', filter)}
      ) as active`.execute(db);
    return found.rows[0]?.count ?? 0;
  },
  /** How it stood at `at`; what happened from `from` to `to`. By Agent: whose it was then. */
  tickets: async (filter: FigureFilter, at: Date): Promise<TicketCount> => {
    const mine = byAgent('s.assignee_id', filter.agentId);
    const stood = await sql<{ status: string; count: number }>`select s.after as status, count(*)::int as count from (
        select distinct on (s.ticket_id) s.after, s.assignee_id from ticket_step s join ticket t on t.id = s.ticket_id
          where s.at < ${at} and ${inChats('t.chat_id', filter)} order by s.ticket_id, s.at desc, s.id desc
      ) as s where s.after <> 'closed' and ${mine} group by 1`.execute(db);
    const happened = await sql<{ opened: number; closed: number }>`select
        (count(*) filter (where s.before is null))::int as opened,
        (count(distinct s.ticket_id) filter (where s.before <> 'closed' and s.after = 'closed'))::int as closed
      from ticket_step s join ticket t on t.id = s.ticket_id
      where ${within('s.at', filter)} and ${inChats('t.chat_id', filter)} and ${mine}`.execute(db);
    const count = (status: string): number => stood.rows.find((row) => row.status === status)?.count ?? 0;
    const { opened, closed } = happened.rows[0] ?? { opened: 0, closed: 0 };
    return { open: count('open'), inProgress: count('in_progress'), opened, closed };
  },
  /** Between each two of these moments (in order, at least two): one point each, empty ones included. */
  series: async (
    filter: Omit<FigureFilter, 'from' | 'to'>,
    bounds: readonly Date[],
  ): Promise<{ replies: number; received: number; responses: number; medianSeconds: number | null }[]> => {
    const marks = sql`${bounds.map((bound) => bound.toISOString())}::timestamptz[]`;
    const bucket = (column: string) => sql`width_bucket(${sql.raw(column)}, ${marks})`;
    const [from, to] = [bounds[0] ?? new Date(0), bounds.at(-1) ?? new Date(0)];
    const whole = { ...filter, from, to };
    const replies = await sql<{
      bucket: number;
      count: number;
    }>`select ${bucket('m.acked_at')} as bucket, count(*)::int as count
      from message m where ${isReply} and ${within('m.acked_at', whole)} and ${inChats('m.chat_id', filter)}
        and ${byAgent('m.agent_id', filter.agentId)} group by 1`.execute(db);
    const received = await sql<{
      bucket: number;
      count: number;
    }>`select ${bucket('m.sent_at')} as bucket, count(*)::int as count
      from message m where ${isReceived} and ${within('m.sent_at', whole)} and ${inChats('m.chat_id', filter)} group by 1`.execute(
      db,
    );
    const responses = await sql<{ bucket: number; count: number; median: number | null }>`
      select ${bucket('e.answered_at')} as bucket, count(*)::int as count,
        percentile_cont(0.5) within group (order by e.seconds) as median
      from episode e where ${within('e.answered_at', whole)} and ${inChats('e.chat_id', filter)}
        and ${byAgent('e.agent_id', filter.agentId)} group by 1`.execute(db);
    const at = <T extends { bucket: number }>(rows: readonly T[], index: number) =>
      rows.find((row) => row.bucket === index + 1);
    return bounds.slice(1).map((_, index) => ({
      replies: at(replies.rows, index)?.count ?? 0,
      received: at(received.rows, index)?.count ?? 0,
      responses: at(responses.rows, index)?.count ?? 0,
      medianSeconds: at(responses.rows, index)?.median ?? null,
    }));
  },
  /** When the first message of all was said. */
  firstMessageAt: async (): Promise<Date | undefined> => {
    const row = await db.selectFrom('message').select('sentAt').orderBy('sentAt').limit(1).executeTakeFirst();
    return row?.sentAt;
  },
  /** Newest first. */
  replyRows: async (
    filter: FigureFilter,
    page: { limit: number; after?: RowPlace | undefined },
  ): Promise<ReplyRow[]> => {
    const found = await sql<Raw<ReplyRow>>`select m.id, m.acked_at as at, m.agent_id as "agentId", a.email,
        ${replySource} as source, m.text, ${chatColumns}
      from message m join chat c on c.id = m.chat_id left join contact k on k.id = c.contact_id
        left join workspace w on w.id = m.origin_workspace_id left join agent a on a.id = m.agent_id
      where ${isReply} and ${within('m.acked_at', filter)} and ${inChats('m.chat_id', filter)}
        and ${byAgent('m.agent_id', filter.agentId)} and ${after('m.acked_at', 'm.id', page.after, true)}
      order by m.acked_at desc, m.id desc limit ${page.limit}`.execute(db);
    return found.rows.map((row) => ({ ...row, at: date(row.at) }));
  },
  /** Newest answer first. */
  responseRows: async (
    filter: FigureFilter,
    page: { limit: number; after?: RowPlace | undefined },
  ): Promise<ResponseRow[]> => {
    const found = await sql<Raw<ResponseRow>>`select e.id::text, e.asked_at as "askedAt", e.answered_at as at,
        e.question_id as "questionId", e.answer_id as "answerId", e.agent_id as "agentId", a.email, e.source, e.seconds,
        e.business_seconds as "businessSeconds", ${chatColumns}
      from episode e join chat c on c.id = e.chat_id left join contact k on k.id = c.contact_id
        left join agent a on a.id = e.agent_id
      where ${within('e.answered_at', filter)} and ${inChats('e.chat_id', filter)}
        and ${byAgent('e.agent_id', filter.agentId)} and ${after('e.answered_at', 'e.id', page.after, true)}
      order by e.answered_at desc, e.id desc limit ${page.limit}`.execute(db);
    return found.rows.map((row) => ({ ...row, at: date(row.at), askedAt: date(row.askedAt) }));
  },
  /** Who has waited longest comes first; `at` is since when. */
  unansweredRows: async (
    filter: Omit<FigureFilter, 'from' | 'to'>,
    page: { limit: number; after?: RowPlace | undefined },
  ): Promise<UnansweredRow[]> => {
    const found = await sql<
      Raw<UnansweredRow>
    >`select e.id::text, e.asked_at as at, e.question_id as "questionId", ${chatColumns}
      from episode e join chat c on c.id = e.chat_id left join contact k on k.id = c.contact_id
      where e.answered_at is null and c.mode <> 'never' and ${inChats('e.chat_id', filter)}
        and ${after('e.asked_at', 'e.id', page.after, false)}
      order by e.asked_at, e.id limit ${page.limit}`.execute(db);
    return found.rows.map((row) => ({ ...row, at: date(row.at) }));
  },
});
