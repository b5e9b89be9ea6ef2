// Audit: who did what, on which Chat, when, through which door; only ever added to.
import { defineEntity, p } from '@mikro-orm/postgresql';
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
});
