// Delivery: carrying one thing to one place, and what became of it; claimed and settled by lanes.
import { defineEntity, p } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import { randomBytes } from 'node:crypto';
import type { ChatId, DeliveryId, DeliveryKey, MessageId, MirrorId } from '../domain/ids.ts';
import type { Db } from './db.ts';
import {
  isOfState,
  LaneEntity,
  laneKey,
  subjectOf,
  type DeliveryTask,
  type Lane,
  type LaneName,
  type LaneTarget,
} from './lane.ts';

export type DeliveryState = 'queued' | 'sending' | 'sent' | 'failed' | 'uncertain' | 'cancelled';

export const DeliveryEntity = defineEntity({
  name: 'Delivery',
  tableName: 'delivery',
  properties: {
    id: p.bigint('string').$type<DeliveryId>().primary().autoincrement(),
    laneId: p.manyToOne(LaneEntity).mapToPk(),
    seq: p.bigint('number'),
    task: p.json<DeliveryTask>(),
    /** Put on what we post: unique over all databases there ever were. */
    key: p.text().$type<DeliveryKey>(),
    subject: p.text(),
    state: p.text().$type<DeliveryState>().default('queued'),
    attempts: p.integer().default(0),
    /** False from the beginning of a try until it's known what became of it. */
    certain: p.boolean().default(true),
    /** Tries that ended without an answer, or by a fault of ours. A try that ended with this program doesn't count. */
    fruitless: p.integer().default(0),
    remembered: p.text().nullable(),
    reason: p.text().nullable(),
    code: p.text().nullable(),
    messageId: p.uuid().$type<MessageId>().nullable(),
    chatId: p.uuid().$type<ChatId>().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
    /** By the time of the platform it goes to. */
    firstTriedAt: p.datetime().nullable(),
    settledAt: p.datetime().nullable(),
  },
  uniques: [{ name: 'delivery_place', properties: ['laneId', 'seq'] }],
  indexes: [
    {
      name: 'delivery_waiting',
      expression: `create index "delivery_waiting" on "delivery" ("lane_id", "seq") where "state" in ('queued', 'sending')`,
    },
    {
      name: 'delivery_trouble',
      expression: `create index "delivery_trouble" on "delivery" ("id") where "state" in ('failed', 'uncertain')`,
    },
    { name: 'delivery_message', properties: ['messageId'] },
    { name: 'delivery_settled', properties: ['settledAt'] },
  ],
});

/** The order in which lanes are taken: what people wait for first. */
const URGENCY = sql.raw(`case class when 'live' then 0 when 'status' then 1 else 2 end`);

export interface Delivery {
  readonly id: DeliveryId;
  readonly laneId: string;
  readonly task: DeliveryTask;
  readonly key: DeliveryKey;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly certain: boolean;
  readonly fruitless: number;
  readonly remembered: string | null;
  readonly reason: string | null;
  readonly messageId: MessageId | null;
  readonly chatId: ChatId | null;
  readonly createdAt: Date;
  readonly firstTriedAt: Date | null;
}

const columns = [
  'id',
  'laneId',
  'task',
  'key',
  'state',
  'attempts',
  'certain',
  'fruitless',
  'remembered',
  'reason',
  'messageId',
  'chatId',
  'createdAt',
  'firstTriedAt',
] as const;

/** PostgreSQL takes 65,535 values in one statement. */
const ROWS_AT_ONCE = 1_000;

/** 20 characters of [0-9a-f]: within every platform's limit (Discord's nonce: 25). */
const newKey = (): DeliveryKey => randomBytes(10).toString('hex') as DeliveryKey;

export const deliveryQueries = (db: Db, enqueued: () => void) => ({
  /**
   * Puts a task at the end of its lane. The lane's row stays locked until the transaction ends, which makes the order of `seq` the order of
   * commits. A waiting task that makes something show its present state already does what another one would; `isFirst`: there can't be one.
   */
  enqueue: async (
    lane: LaneName,
    task: DeliveryTask,
    about: { messageId?: MessageId; chatId?: ChatId; isFirst?: boolean },
    now: Date,
  ): Promise<void> => {
    const subject = subjectOf(task);
    if (isOfState(task) && about.isFirst !== true) {
      // Locked first, so that what is looked for can't be taken up meanwhile.
      const row = await db
        .insertInto('lane')
        .values({ key: laneKey(lane), target: lane.target, class: lane.class, nextAt: now, nextSeq: 1 })
        .onConflict((conflict) => conflict.column('key').doUpdateSet({ class: lane.class }))
        .returning('id')
        .executeTakeFirstOrThrow();
      const waiting = await db
        .selectFrom('delivery')
        .select('id')
        .where('laneId', '=', row.id)
        .where('state', '=', 'queued')
        .where('subject', '=', subject)
        .executeTakeFirst();
      if (waiting !== undefined) return;
    }
    await sql`
      with place as (
        insert into lane (key, target, class, next_at, next_seq, waiting)
          values (${laneKey(lane)}, ${lane.target}, ${lane.class}, ${now}, 2, 1)
          on conflict (key) do update set class = excluded.class, next_seq = lane.next_seq + 1, waiting = lane.waiting + 1
          returning id, next_seq - 1 as seq)
      insert into delivery (lane_id, seq, task, key, subject, message_id, chat_id)
        select id, seq, ${JSON.stringify(task)}::jsonb, ${newKey()}::text, ${subject}::text,
          ${about.messageId ?? null}::uuid, ${about.chatId ?? null}::uuid from place`.execute(db);
    enqueued();
  },
  /** Puts many tasks that make something show its present state at the end of one lane; those that wait already do it. */
  enqueueAll: async (
    name: LaneName,
    tasks: readonly { readonly task: DeliveryTask; readonly chatId: ChatId }[],
    now: Date,
  ): Promise<void> => {
    const lane = await db
      .insertInto('lane')
      .values({ key: laneKey(name), target: name.target, class: name.class, nextAt: now, nextSeq: 1 })
      .onConflict((conflict) => conflict.column('key').doUpdateSet({ class: name.class }))
      .returning(['id', 'nextSeq'])
      .executeTakeFirstOrThrow();
    const waiting = await db
      .selectFrom('delivery')
      .select('subject')
      .where('laneId', '=', lane.id)
      .where('state', '=', 'queued')
      .execute();
    const there = new Set(waiting.map(({ subject }) => subject));
    const fresh = tasks.filter(({ task }) => !there.has(subjectOf(task)));
    for (let from = 0; from < fresh.length; from += ROWS_AT_ONCE) {
      const rows = fresh.slice(from, from + ROWS_AT_ONCE).map(({ task, chatId }, index) => ({
        laneId: lane.id,
        seq: lane.nextSeq + from + index,
        task,
        key: newKey(),
        subject: subjectOf(task),
        chatId,
      }));
      await db.insertInto('delivery').values(rows).execute();
    }
    if (fresh.length === 0) return;
    const count = fresh.length;
    await db
      .updateTable('lane')
      .set({ nextSeq: sql<number>`next_seq + ${count}::int`, waiting: sql<number>`waiting + ${count}::int` })
      .where('id', '=', lane.id)
      .execute();
    enqueued();
  },
  /**
   * Takes up to `limit` due lanes for the holder of `fence`, of each target no more than `share` together with those it works on already
   * (`busy`): a target that hangs leaves room for the others. Live lanes come first. Only trouble makes a lane wait: a time written before the
   * clock was set back doesn't.
   */
  claim: async (
    fence: bigint,
    busy: readonly Pick<Lane, 'id' | 'target'>[],
    { limit, share }: { readonly limit: number; readonly share: number },
    now: Date,
  ): Promise<Lane[]> => {
    const rows = await sql<Lane>`
      with busy as (select * from jsonb_to_recordset(${JSON.stringify(busy)}::jsonb) as b (id bigint, target text)),
        due as (select id, row_number() over (partition by target order by ${URGENCY}, next_at)
            + (select count(*) from busy where busy.target = lane.target) as rank
          from lane where waiting > 0 and (last_error is null or next_at <= ${now}) and id not in (select id from busy))
      update lane set fence = ${fence.toString()} where id in
        (select id from lane where id in (select id from due where rank <= ${share})
          order by ${URGENCY}, next_at limit ${limit} for update skip locked)
        returning id::text, key, target, class, attempts`.execute(db);
    return rows.rows;
  },
  head: (laneId: string): Promise<Delivery | undefined> =>
    db
      .selectFrom('delivery')
      .select(columns)
      .where('laneId', '=', laneId)
      .where('state', 'in', ['queued', 'sending'])
      .orderBy('seq')
      .executeTakeFirst(),
  /** Marks a try, before it's made. Undefined: the lane is not ours any more. */
  begin: (id: DeliveryId, laneId: string, fence: bigint, now: Date): Promise<Delivery | undefined> =>
    db
      .with('ours', (part) =>
        part
          .selectFrom('lane as l')
          .select('l.id')
          .where('l.id', '=', laneId)
          .where('l.fence', '=', fence.toString())
          .forUpdate(),
      )
      .updateTable('delivery')
      .set({
        state: 'sending',
        certain: false,
        attempts: sql<number>`attempts + 1`,
        firstTriedAt: sql<Date>`coalesce(first_tried_at, ${now})`,
      })
      .where('id', '=', id)
      .where('laneId', 'in', (eb) => eb.selectFrom('ours').select('ours.id'))
      .returning(columns)
      .executeTakeFirst(),
  remember: async (id: DeliveryId, remembered: string): Promise<void> => {
    await db.updateTable('delivery').set({ remembered }).where('id', '=', id).execute();
  },
  /**
   * Ends a Delivery. Undefined when the lane is not ours any more (then nothing was written); else how many wait in the lane: with none it's given
   * back.
   */
  settle: async (
    delivery: Pick<Delivery, 'id' | 'laneId'>,
    fence: bigint,
    outcome: { state: 'sent' | 'failed' | 'uncertain' | 'cancelled'; code?: string; reason?: string },
    now: Date,
  ): Promise<number | undefined> => {
    const settled = await db
      .with('ours', (part) =>
        part
          .updateTable('lane')
          .set({
            waiting: sql<number>`waiting - 1`,
            attempts: 0,
            lastError: null,
            nextAt: now,
            fence: sql<string | null>`case when waiting > 1 then fence end`,
          })
          .where('id', '=', delivery.laneId)
          .where('fence', '=', fence.toString())
          .returning(['id', 'waiting']),
      )
      .updateTable('delivery')
      .set({ state: outcome.state, code: outcome.code ?? null, reason: outcome.reason ?? null, settledAt: now })
      .where('id', '=', delivery.id)
      .where('laneId', 'in', (eb) => eb.selectFrom('ours').select('ours.id'))
      .returning((eb) => eb.selectFrom('ours').select('ours.waiting').as('waiting'))
      .executeTakeFirst();
    return settled?.waiting ?? undefined;
  },
  /** The head stays; the lane rests until `nextAt`. */
  postpone: async (
    delivery: Pick<Delivery, 'id' | 'laneId'>,
    fence: bigint,
    trouble: { nextAt: Date; code: string; reason: string; certain: boolean; fruitless: number; counts: boolean },
  ): Promise<void> => {
    const lane = await db
      .updateTable('lane')
      .set({
        nextAt: trouble.nextAt,
        lastError: trouble.code,
        ...(trouble.counts ? { attempts: sql<number>`attempts + 1` } : {}),
      })
      .where('id', '=', delivery.laneId)
      .where('fence', '=', fence.toString())
      .returning('id')
      .executeTakeFirst();
    if (lane === undefined) return;
    await db
      .updateTable('delivery')
      .set({
        code: trouble.code,
        reason: trouble.reason,
        certain: trouble.certain,
        fruitless: trouble.fruitless,
      })
      .where('id', '=', delivery.id)
      .execute();
  },
  /** Gives a lane back. */
  release: async (laneId: string, fence: bigint): Promise<void> => {
    await db
      .updateTable('lane')
      .set({ fence: null })
      .where('id', '=', laneId)
      .where('fence', '=', fence.toString())
      .execute();
  },
  /** What is on the other side may answer again: its lanes needn't wait. */
  wake: async (target: LaneTarget, now: Date): Promise<void> => {
    await db
      .updateTable('lane')
      .set({ nextAt: now })
      .where('target', '=', target)
      .where('waiting', '>', 0)
      .where('nextAt', '>', now)
      .execute();
    enqueued();
  },
  find: (id: DeliveryId): Promise<Delivery | undefined> =>
    db.selectFrom('delivery').select(columns).where('id', '=', id).executeTakeFirst(),
  list: (options: { states: readonly DeliveryState[]; limit: number; before?: DeliveryId }) => {
    let query = db
      .selectFrom('delivery')
      .innerJoin('lane', 'lane.id', 'delivery.laneId')
      .select([
        'delivery.id',
        'delivery.task',
        'delivery.state',
        'delivery.attempts',
        'delivery.reason',
        'delivery.createdAt',
        'delivery.chatId',
        'lane.target',
      ])
      .where('delivery.state', 'in', [...options.states])
      .orderBy('delivery.id', 'desc')
      .limit(options.limit);
    if (options.before !== undefined) query = query.where('delivery.id', '<', options.before);
    return query.execute();
  },
  /** Is anything still to be shown in this Mirror that may have been posted already without our knowing its post? */
  unsettledPost: async (mirrorId: MirrorId, triedBefore: Date): Promise<boolean> => {
    const row = await db
      .selectFrom('delivery')
      .innerJoin('lane', 'lane.id', 'delivery.laneId')
      .select('delivery.id')
      .where((eb) =>
        eb.or([
          eb('lane.key', 'like', `live:workspace:%:${mirrorId}`),
          eb.and([eb('lane.key', 'like', `status:workspace:%:${mirrorId}`), eb('delivery.subject', 'like', 'card:%')]),
        ]),
      )
      .where('delivery.state', 'in', ['queued', 'sending'])
      .where('delivery.firstTriedAt', '<=', triedBefore)
      .executeTakeFirst();
    return row !== undefined;
  },
  /** Gives up or brings back a settled Delivery; false if it isn't in `from`. */
  restate: async (id: DeliveryId, from: readonly DeliveryState[], state: 'cancelled'): Promise<boolean> => {
    const row = await db
      .updateTable('delivery')
      .set({ state })
      .where('id', '=', id)
      .where('state', 'in', [...from])
      .returning('id')
      .executeTakeFirst();
    return row !== undefined;
  },
  /** Puts an ended Delivery at the end of its lane again. */
  requeue: async (id: DeliveryId, now: Date): Promise<void> => {
    const row = await db.selectFrom('delivery').select('laneId').where('id', '=', id).executeTakeFirstOrThrow();
    const lane = await db
      .updateTable('lane')
      .set({ nextSeq: sql<number>`next_seq + 1`, waiting: sql<number>`waiting + 1`, nextAt: now })
      .where('id', '=', row.laneId)
      .returning(sql<number>`(next_seq - 1)::int`.as('seq'))
      .executeTakeFirstOrThrow();
    await db
      .updateTable('delivery')
      .set({ state: 'queued', seq: lane.seq, settledAt: null, reason: null, code: null, fruitless: 0 })
      .where('id', '=', id)
      .execute();
    enqueued();
  },
  counts: async (): Promise<{ state: DeliveryState; count: number; oldestAt: Date | null }[]> => {
    const rows = await db
      .selectFrom('delivery')
      .select(['state', sql<number>`count(*)::int`.as('count'), sql<string | null>`min(created_at)`.as('oldestAt')])
      .where('state', 'in', ['queued', 'sending', 'failed', 'uncertain'])
      .groupBy('state')
      .execute();
    return rows.map((row) => ({ ...row, oldestAt: row.oldestAt === null ? null : new Date(row.oldestAt) }));
  },
  prune: async (before: Date): Promise<void> => {
    await db.deleteFrom('delivery').where('settledAt', '<', before).where('state', '=', 'sent').execute();
  },
});
