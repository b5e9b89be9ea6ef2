// Episode: from a customer's first unanswered message to the first human reply; recorded as messages pass.
import { defineEntity, p } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import { businessMs, COUNTING_RULES, parseCountingRules, type CountingRules } from '../domain/business-hours.ts';
import type { AgentId, ChatId, ContactId, MessageId } from '../domain/ids.ts';
import { AgentEntity } from './agent.ts';
import { ChatEntity } from './chat.ts';
import { chatLock, type Db } from './db.ts';
import { settingQueries } from './setting.ts';

export const EpisodeEntity = defineEntity({
  name: 'Episode',
  tableName: 'episode',
  properties: {
    id: p.bigint('string').primary().autoincrement(),
    chatId: p.manyToOne(ChatEntity).mapToPk().deleteRule('cascade'),
    /** The message that opened it: it stays the same Episode as long as that is so. */
    questionId: p.uuid().$type<MessageId>().unique('episode_question'),
    /** The messenger's time of that message. */
    askedAt: p.datetime(),
    answerId: p.uuid().$type<MessageId>().nullable(),
    /** When the messenger's server had the reply. */
    answeredAt: p.datetime().nullable(),
    /** Who is credited; nobody for the phone and for API tokens. */
    agentId: p.manyToOne(AgentEntity).mapToPk().nullable(),
    /** A platform's name, `web` or `phone`. */
    source: p.text().nullable(),
    seconds: p.double().nullable(),
    /** What of it lay in business hours; null where none are set. */
    businessSeconds: p.double().nullable(),
    /** Reminders already given while it was open. */
    nudges: p.integer().default(0),
  },
  indexes: [
    {
      name: 'episode_open',
      expression: 'create unique index "episode_open" on "episode" ("chat_id") where "answered_at" is null',
    },
    {
      name: 'episode_answered',
      expression:
        'create index "episode_answered" on "episode" ("answered_at") include ("agent_id", "seconds", "business_seconds", "chat_id")',
    },
    {
      name: 'episode_agent',
      expression: 'create index "episode_agent" on "episode" ("agent_id", "answered_at") include ("seconds")',
    },
    { name: 'episode_chat', properties: ['chatId', 'askedAt'] },
  ],
});

/** A customer who waits. */
export interface WaitingEpisode {
  readonly id: string;
  readonly chatId: ChatId;
  readonly askedAt: Date;
  readonly nudges: number;
  readonly labelIds: readonly string[];
  /** Whose the Chat's oldest unresolved Ticket is. */
  readonly assigneeId: AgentId | null;
}

interface Question {
  readonly id: MessageId;
  readonly at: Date;
}

interface Answer extends Question {
  readonly agentId: AgentId | null;
  readonly source: string;
}

interface Span {
  readonly question: Question;
  readonly answer: Answer | undefined;
}

/** Times of statements of our own come as text. */
type Raw<T> = Omit<T, 'at'> & { readonly at: string | Date };
const timed = <T extends Question>(row: Raw<T> | undefined): T | undefined =>
  row === undefined ? undefined : ({ ...row, at: new Date(row.at) } as T);

/** What a customer said that waits for an answer: not what a colleague said, not calls, not what is kept out of the mirrors. `m`: message, `k`: its contact. */
export const isQuestion = sql<boolean>`(m.direction = 'in' and m.source = 'contact' and m.kind not in ('change', 'call')
  and m.filtered is null and not coalesce(k.internal, false))`;

/** What a person said to a customer and the messenger's server took: not notes, not what the program sent, not what failed. `m`: message. */
export const isReply = sql<boolean>`(m.direction = 'out' and m.source in ('platform', 'web', 'phone')
  and m.kind not in ('change', 'call') and not m.note and m.filtered is null and m.acked_at is not null)`;

/** Where a reply was written: a platform's name, `web` or `phone`. `m`: message, `w`: its workspace. */
export const replySource = sql<string>`case when m.source = 'platform' then coalesce(w.platform, 'platform') else m.source end`;

export const episodeQueries = (db: Db, held?: Set<ChatId>) => {
  const rules = async (): Promise<CountingRules> => parseCountingRules(await settingQueries(db).get(COUNTING_RULES));

  /** One at a time in a Chat, until the transaction ends: two that pass at once would each not see the other's message. */
  const lock = chatLock(db, held);

  const firstQuestion = async (chatId: ChatId, from: Date, isAfter: boolean): Promise<Question | undefined> => {
    const bound = isAfter ? sql`m.sent_at > ${from}` : sql`m.sent_at >= ${from}`;
    const found = await sql<Raw<Question>>`select m.id, m.sent_at as at from message m
      left join contact k on k.id = m.contact_id
      where m.chat_id = ${chatId} and ${isQuestion} and ${bound} order by m.sent_at, m.id limit 1`.execute(db);
    return timed<Question>(found.rows[0]);
  };

  /** A reply at the very moment of the question answers it: the messenger's times are whole seconds. */
  const firstReply = async (chatId: ChatId, from: Date, countsPhone: boolean): Promise<Answer | undefined> => {
    const found = await sql<
      Raw<Answer>
    >`select m.id, m.acked_at as at, m.agent_id as "agentId", ${replySource} as source
      from message m left join workspace w on w.id = m.origin_workspace_id
      where m.chat_id = ${chatId} and ${isReply} and m.acked_at >= ${from} and (${countsPhone} or m.source <> 'phone')
      order by m.acked_at, m.id limit 1`.execute(db);
    return timed<Answer>(found.rows[0]);
  };

  const write = async (chatId: ChatId, { question, answer }: Span, { businessHours }: CountingRules): Promise<void> => {
    const values = {
      chatId,
      questionId: question.id,
      askedAt: question.at,
      answerId: answer?.id ?? null,
      answeredAt: answer?.at ?? null,
      agentId: answer?.agentId ?? null,
      source: answer?.source ?? null,
      seconds: answer === undefined ? null : (answer.at.getTime() - question.at.getTime()) / 1000,
      businessSeconds:
        answer === undefined || businessHours === null
          ? null
          : businessMs(question.at, answer.at, businessHours) / 1000,
    };
    await db
      .insertInto('episode')
      .values(values)
      .onConflict((conflict) => conflict.column('questionId').doUpdateSet(values))
      .execute();
  };

  /**
   * Makes the Episodes of a Chat what its messages say, in the order of the messenger's times, from the first one that something said at `at`
   * can have touched up to where they are again as they were. Absent: all of them.
   */
  const recount = async (chatId: ChatId, at?: Date): Promise<void> => {
    await lock(chatId);
    const counting = await rules();
    const touched = await db
      .selectFrom('episode')
      .select(['id', 'questionId', 'askedAt', 'answerId'])
      .where('chatId', '=', chatId)
      .where((eb) =>
        at === undefined ? eb.lit(true) : eb.or([eb('answeredAt', 'is', null), eb('answeredAt', '>=', at)]),
      )
      .orderBy('askedAt')
      .execute();
    const first = touched[0]?.askedAt;
    const from = at === undefined ? new Date(0) : first === undefined || first > at ? at : first;
    const answerBefore = new Map(touched.map(({ questionId, answerId }) => [questionId, answerId]));
    const spans: Span[] = [];
    let question = await firstQuestion(chatId, from, false);
    let unchangedFrom: Date | undefined;
    while (question !== undefined) {
      const answer = await firstReply(chatId, question.at, counting.countsPhone);
      // What follows an answer hangs on nothing before it, and all answers here come after what is new: one that's as it was leaves the rest so.
      if (at !== undefined && answer !== undefined && answerBefore.get(question.id) === answer.id) {
        unchangedFrom = question.at;
        break;
      }
      spans.push({ question, answer });
      question = answer === undefined ? undefined : await firstQuestion(chatId, answer.at, true);
    }
    const kept = new Set(spans.map((span) => span.question.id));
    const over = touched
      .filter(
        ({ questionId, askedAt }) => (unchangedFrom === undefined || askedAt < unchangedFrom) && !kept.has(questionId),
      )
      .map(({ id }) => id);
    if (over.length > 0) await db.deleteFrom('episode').where('id', 'in', over).execute();
    // The one that's open is the last: those before it are closed by then, and only one can be open.
    for (const span of spans) await write(chatId, span, counting);
  };

  const newest = (chatId: ChatId) =>
    db
      .selectFrom('episode')
      .select(['askedAt', 'answeredAt'])
      .where('chatId', '=', chatId)
      .orderBy('askedAt', 'desc')
      .limit(1)
      .executeTakeFirst();

  return {
    /** A message of a Chat's other side was recorded in this transaction; `at` is its `sentAt`. Whether it opens anything is decided here. */
    asked: async (chatId: ChatId, at: Date): Promise<void> => {
      await lock(chatId);
      const last = await newest(chatId);
      if (last !== undefined && last.answeredAt === null && last.askedAt <= at) return;
      await recount(chatId, at);
    },
    /** A message out was acknowledged in this transaction; `at` is its `ackedAt`. Whether it answers anything is decided here. */
    answered: async (chatId: ChatId, at: Date): Promise<void> => {
      await lock(chatId);
      const last = await newest(chatId);
      if (last === undefined || (last.answeredAt !== null && last.answeredAt <= at)) return;
      await recount(chatId, at);
    },
    /** All of a Chat anew: after Chats were merged, or somebody was marked internal. */
    recount: (chatId: ChatId): Promise<void> => recount(chatId),
    /** The Chats in which this Contact said something. */
    chatsOf: async (contactId: ContactId): Promise<ChatId[]> => {
      const rows = await sql<{ id: ChatId }>`select distinct chat_id as id from message
        where contact_id = ${contactId}`.execute(db);
      return rows.rows.map(({ id }) => id);
    },
    /** A merged Chat's messages were moved to the one that stays. */
    moveChat: async (from: ChatId, to: ChatId): Promise<void> => {
      await db.deleteFrom('episode').where('chatId', '=', from).execute();
      await recount(to);
    },
    /** Open Episodes of mirrored Chats that were asked by then, with what decides about reminders; by id, after `after`. */
    waiting: async (askedBefore: Date, after: string | undefined, limit: number): Promise<WaitingEpisode[]> => {
      const rows = await sql<Omit<WaitingEpisode, 'askedAt'> & { askedAt: string }>`select e.id::text,
          e.chat_id as "chatId", e.asked_at as "askedAt", e.nudges,
          array(select cl.label_id::text from chat_label cl where cl.chat_id = e.chat_id) as "labelIds",
          (select t.assignee_id from ticket t where t.chat_id = e.chat_id and t.status <> 'closed'
            order by t.number limit 1) as "assigneeId"
        from episode e join chat c on c.id = e.chat_id and c.mode <> 'never'
        where e.answered_at is null and e.asked_at <= ${askedBefore} and e.id > ${after ?? '0'}
        order by e.id limit ${limit}`.execute(db);
      return rows.rows.map((row) => ({ ...row, askedAt: new Date(row.askedAt) }));
    },
    /** False when somebody else reminded, or somebody answered, first. */
    nudged: async (id: string, before: number, after: number): Promise<boolean> => {
      const row = await db
        .updateTable('episode')
        .set({ nudges: after })
        .where('id', '=', id)
        .where('nudges', '=', before)
        .where('answeredAt', 'is', null)
        .returning('id')
        .executeTakeFirst();
      return row !== undefined;
    },
    /** Chats by id, for counting all of them anew. */
    chatsAfter: async (after: ChatId | null, limit: number): Promise<ChatId[]> => {
      let query = db.selectFrom('chat').select('id').orderBy('id').limit(limit);
      if (after !== null) query = query.where('id', '>', after);
      return (await query.execute()).map(({ id }) => id);
    },
  };
};
