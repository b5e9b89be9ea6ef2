// Audit: who did what, on which Chat, when, through which door; only ever added to.
import { defineEntity, p } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import type { AgentId, ChatId } from '../domain/ids.ts';
import type { Db } from './db.ts';

export interface AuditEntry {
  readonly actor: {
    readonly kind: 'agent' | 'stranger' | 'token' | 'program';
    readonly agentId?: AgentId;
    readonly name?: string;
  };
  readonly action: string;
  readonly chatId?: ChatId;
  readonly agentId?: AgentId;
  /** Ids and facts; never message text or a secret. */
  readonly detail?: Readonly<Record<string, unknown>>;
  /** The door: a platform's name, `web`, `api`, `program`. */
  readonly source: string;
  readonly at: Date;
}

/** Who does it and through which door: for the audit row that a facade writes in its own transaction. */
export interface By {
  readonly actor: AuditEntry['actor'];
  readonly source: string;
}

export const AuditEntity = defineEntity({
  name: 'Audit',
  tableName: 'audit',
  properties: {
    id: p.bigint('string').primary().autoincrement(),
    at: p.datetime(),
    actorKind: p.text().$type<AuditEntry['actor']['kind']>(),
    actorAgentId: p.uuid().$type<AgentId>().nullable(),
    actorName: p.text().nullable(),
    action: p.text(),
    chatId: p.uuid().$type<ChatId>().nullable(),
    agentId: p.uuid().$type<AgentId>().nullable(),
    detail: p.json<Readonly<Record<string, unknown>>>().nullable(),
    source: p.text(),
    /** The row's place in the chain, and the hash over it and the row before (`access/audit-chain.ts`); none until the chain got there. */
    chainSeq: p.bigint('number').nullable().unique('audit_chain'),
    hash: p.text().nullable(),
  },
  indexes: [
    { name: 'audit_chat', properties: ['chatId', 'id'] },
    { name: 'audit_at', properties: ['at'] },
    { name: 'audit_agent', properties: ['agentId', 'id'] },
    { name: 'audit_actor', properties: ['actorAgentId', 'id'] },
    {
      name: 'audit_chats',
      expression: `create index "audit_chats" on "audit" using gin (("detail" -> 'chatIds')) where "detail" ? 'chatIds'`,
    },
    {
      name: 'audit_unchained',
      expression: 'create index "audit_unchained" on "audit" ("id") where "chain_seq" is null',
    },
  ],
  // The function itself is in the migration: it lets nothing but the chain be written onto a row.
  triggers: [
    {
      name: 'audit_append_only',
      timing: 'before',
      events: ['update', 'delete'],
      forEach: 'row',
      expression:
        'create trigger "audit_append_only" before update or delete on "audit" for each row execute function audit_audit_append_only_fn()',
    },
  ],
});

/** All that the chain's hash is made over. */
export interface ChainedRow {
  readonly id: string;
  readonly at: Date;
  readonly actorKind: string;
  readonly actorAgentId: string | null;
  readonly actorName: string | null;
  readonly action: string;
  readonly chatId: string | null;
  readonly agentId: string | null;
  readonly detail: Readonly<Record<string, unknown>> | null;
  readonly source: string;
}

const chainColumns = [
  'id',
  'at',
  'actorKind',
  'actorAgentId',
  'actorName',
  'action',
  'chatId',
  'agentId',
  'detail',
  'source',
] as const;

/** Any number that no other program on the database uses for `pg_advisory_xact_lock`. */
const CHAIN_LOCK = 727_004;

export const auditQueries = (db: Db) => ({
  add: async (entry: AuditEntry): Promise<void> => {
    await db
      .insertInto('audit')
      .values({
        at: entry.at,
        actorKind: entry.actor.kind,
        actorAgentId: entry.actor.agentId ?? null,
        actorName: entry.actor.name ?? null,
        action: entry.action,
        chatId: entry.chatId ?? null,
        agentId: entry.agentId ?? null,
        detail: entry.detail ?? null,
        source: entry.source,
      })
      .execute();
  },
  list: (options: { limit: number; before?: string; chatId?: ChatId; action?: string }) => {
    let query = db.selectFrom('audit').selectAll().orderBy('id', 'desc').limit(options.limit);
    if (options.before !== undefined) query = query.where('id', '<', options.before);
    if (options.chatId !== undefined) query = query.where('chatId', '=', options.chatId);
    if (options.action !== undefined) query = query.where('action', '=', options.action);
    return query.execute();
  },
  /** Lets one transaction at a time go on from here: two that read the same end of the chain would both go on from it. */
  lockChain: async (): Promise<void> => {
    await sql`select pg_advisory_xact_lock(${CHAIN_LOCK})`.execute(db);
  },
  /** Rows that stand in no chain yet, oldest first. */
  unchained: async (limit: number): Promise<ChainedRow[]> => {
    const rows = await db
      .selectFrom('audit')
      .select(chainColumns)
      .where('chainSeq', 'is', null)
      .orderBy('id')
      .limit(limit)
      .execute();
    return rows;
  },
  /** The chain from a place on, in its order. */
  chain: (
    afterSeq: number,
    limit: number,
  ): Promise<(ChainedRow & { chainSeq: number | null; hash: string | null })[]> =>
    db
      .selectFrom('audit')
      .select([...chainColumns, 'chainSeq', 'hash'])
      .where('chainSeq', '>', afterSeq)
      .orderBy('chainSeq')
      .limit(limit)
      .execute(),
  chainHead: async (): Promise<{ seq: number; hash: string } | undefined> => {
    const row = await db
      .selectFrom('audit')
      .select(['chainSeq', 'hash'])
      .where('chainSeq', 'is not', null)
      .orderBy('chainSeq', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row === undefined || row.chainSeq === null || row.hash === null
      ? undefined
      : { seq: row.chainSeq, hash: row.hash };
  },
  link: async (links: readonly { id: string; seq: number; hash: string }[]): Promise<void> => {
    await sql`update audit set chain_seq = l.seq, hash = l.hash
      from unnest(${links.map(({ id }) => id)}::bigint[], ${links.map(({ seq }) => seq)}::bigint[],
        ${links.map(({ hash }) => hash)}::text[]) as l (id, seq, hash)
      where audit.id = l.id`.execute(db);
  },
  unchainedCount: async (): Promise<number> => {
    const row = await db
      .selectFrom('audit')
      .select(sql<number>`count(*)::int`.as('count'))
      .where('chainSeq', 'is', null)
      .executeTakeFirstOrThrow();
    return row.count;
  },
});
