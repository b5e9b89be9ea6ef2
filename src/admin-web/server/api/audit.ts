// /audit: who did what, on which chat, when, from where.
import { z } from 'zod';
import type { AgentId, ChatId } from '../../../domain/ids.ts';
import type { ListedAudit } from '../../../store/listing.ts';
import type { WebParts } from '../parts.ts';
import { asRowId, listOf, pageOf, pageQuery, readCursor, route, text, time } from '../route.ts';

const entry = z.strictObject({
  id: z.string(),
  at: time,
  actor: z.strictObject({
    kind: z.enum(['agent', 'stranger', 'token', 'program']),
    email: z.string().nullable(),
    name: z.string().nullable(),
  }),
  action: z.string(),
  chatId: z.string().nullable(),
  agentId: z.string().nullable(),
  detail: z.record(z.string(), z.unknown()).nullable(),
  source: z.string(),
});

const showEntry = (row: ListedAudit): z.input<typeof entry> => ({
  id: row.id,
  at: row.at.toISOString(),
  actor: { kind: row.actorKind, email: row.actorEmail, name: row.actorName },
  action: row.action,
  chatId: row.chatId,
  agentId: row.agentId,
  detail: row.detail,
  source: row.source,
});

/** By email or by id; undefined when there's no such Agent. */
async function agentOf({ store }: WebParts, agent: string): Promise<AgentId | undefined> {
  return asRowId<AgentId>(agent) ?? (await store.read.agents.byEmail(agent))?.id;
}

export const auditRoutes = [
  route({
    method: 'get',
    path: '/audit',
    summary: 'What was done, the newest first; `agent` (email or id) did it or it is about them',
    who: 'admin',
    query: pageQuery.extend({
      agent: text(320).optional(),
      chat: z.string().optional(),
      action: text(100).optional(),
      from: z.iso.datetime({ offset: true }).optional(),
      to: z.iso.datetime({ offset: true }).optional(),
    }),
    response: listOf(entry),
    handle: async ({ parts, query }) => {
      const agentId = query.agent === undefined ? undefined : await agentOf(parts, query.agent);
      const chatId = asRowId<ChatId>(query.chat);
      const isNobody = query.agent !== undefined && agentId === undefined;
      if (isNobody || (query.chat !== undefined && chatId === undefined)) return { items: [], nextCursor: null };
      const before = readCursor(z.string().regex(/^[1-9]\d{0,17}$/), query.cursor);
      const date = (at: string | undefined) => (at === undefined ? undefined : new Date(at));
      const filter = { agentId, chatId, action: query.action, from: date(query.from), to: date(query.to), before };
      const rows = await parts.store.read.listings.audit(filter, query.limit + 1);
      return pageOf(rows, query.limit, (row) => row.id, showEntry);
    },
  }),
];
