// Grant: this Agent may see this Chat, or every Chat that carries this Label. Facts only: what follows from them, access/policy.ts says.
import { defineEntity, p } from '@mikro-orm/postgresql';
import { sql, type RawBuilder } from 'kysely';
import type { AgentId, ChatId, MirrorId, UserId, WorkspaceId } from '../domain/ids.ts';
import { AgentEntity, type Agent } from './agent.ts';
import { ChatEntity } from './chat.ts';
import type { Db } from './db.ts';
import { LabelEntity, type LabelId } from './label.ts';

export const ChatGrantEntity = defineEntity({
  name: 'ChatGrant',
  tableName: 'chat_grant',
  properties: {
    chatId: p.manyToOne(ChatEntity).mapToPk().primary().deleteRule('cascade'),
    agentId: p.manyToOne(AgentEntity).mapToPk().primary().deleteRule('cascade'),
    /** Who granted: an email as it was then, or the name of a token or the program. */
    by: p.text(),
    at: p.datetime(),
    until: p.datetime().nullable(),
  },
  indexes: [
    { name: 'chat_grant_agent', properties: ['agentId', 'chatId'] },
    {
      name: 'chat_grant_until',
      expression: 'create index "chat_grant_until" on "chat_grant" ("until") where "until" is not null',
    },
  ],
});

export const LabelGrantEntity = defineEntity({
  name: 'LabelGrant',
  tableName: 'label_grant',
  properties: {
    labelId: p.manyToOne(LabelEntity).mapToPk().primary().deleteRule('cascade'),
    agentId: p.manyToOne(AgentEntity).mapToPk().primary().deleteRule('cascade'),
    by: p.text(),
    at: p.datetime(),
    until: p.datetime().nullable(),
  },
  indexes: [
    { name: 'label_grant_agent', properties: ['agentId', 'labelId'] },
    {
      name: 'label_grant_until',
      expression: 'create index "label_grant_until" on "label_grant" ("until") where "until" is not null',
    },
  ],
});

/** One reason that may let an Agent see a Chat. */
export type GrantFact =
  | { readonly kind: 'chat'; readonly by: string; readonly at: Date; readonly until: Date | null }
  | {
      readonly kind: 'label';
      readonly label: string;
      readonly by: string;
      readonly at: Date;
      readonly until: Date | null;
    };

export interface GrantTerms {
  readonly by: string;
  readonly at: Date;
  readonly until: Date | null;
}

/** Absent means all. */
export interface Part {
  readonly agentIds?: readonly AgentId[];
  readonly chatIds?: readonly ChatId[];
}

export interface Pair {
  readonly agentId: AgentId;
  readonly chatId: ChatId;
}

/**
 * The rule of access/policy.ts over many rows at once: (agent_id, chat_id) of all who see, without their reasons. A test holds the two together;
 * a decision about one Agent and one Chat is always the policy's.
 */
function seesSql(part: Part, at: Date): RawBuilder<unknown> {
  const among = (column: string) =>
    part.chatIds === undefined ? sql`true` : sql`${sql.raw(column)} = any(${[...part.chatIds]}::uuid[])`;
  const agents = part.agentIds === undefined ? sql`true` : sql`a.id = any(${[...part.agentIds]}::uuid[])`;
  return rule({ agents, among, at, together: sql`union` });
}

function rule({
  agents,
  among,
  at,
  together,
}: {
  agents: RawBuilder<unknown>;
  /** Which Chats, as a condition on a column. */
  among: (column: string) => RawBuilder<unknown>;
  at: Date;
  /** `union all` where the same pair may come twice. */
  together: RawBuilder<unknown>;
}): RawBuilder<unknown> {
  return sql`(
    select a.id as agent_id, c.id as chat_id from agent a cross join chat c
      where a.status = 'active' and a.role = 'admin' and ${agents} and ${among('c.id')}
    ${together}
    select g.agent_id, g.chat_id from chat_grant g join agent a on a.id = g.agent_id
      where a.status = 'active' and a.role = 'member' and (g.until is null or g.until > ${at})
        and ${agents} and ${among('g.chat_id')}
    ${together}
    select g.agent_id, cl.chat_id from label_grant g join agent a on a.id = g.agent_id
      join chat_label cl on cl.label_id = g.label_id
      where a.status = 'active' and a.role = 'member' and (g.until is null or g.until > ${at})
        and ${agents} and ${among('cl.chat_id')}
  )`;
}

type FactRow = {
  readonly agentId: AgentId;
  readonly label: string | null;
  readonly by: string;
  readonly at: Date;
  readonly until: Date | null;
};

const factOf = ({ label, by, at, until }: FactRow): GrantFact =>
  label === null ? { kind: 'chat', by, at, until } : { kind: 'label', label, by, at, until };

async function factRows(db: Db, chatId: ChatId, agentId: AgentId | undefined): Promise<FactRow[]> {
  let direct = db
    .selectFrom('chat_grant')
    .select(['agentId', sql<string | null>`null::text`.as('label'), 'by', 'at', 'until'])
    .where('chatId', '=', chatId);
  let labelled = db
    .selectFrom('chat_label')
    .innerJoin('label_grant', 'label_grant.labelId', 'chat_label.labelId')
    .innerJoin('label', 'label.id', 'chat_label.labelId')
    .select([
      'label_grant.agentId',
      sql<string | null>`label.name`.as('label'),
      'label_grant.by',
      'label_grant.at',
      'label_grant.until',
    ])
    .where('chat_label.chatId', '=', chatId);
  if (agentId !== undefined) {
    direct = direct.where('agentId', '=', agentId);
    labelled = labelled.where('label_grant.agentId', '=', agentId);
  }
  return [...(await direct.execute()), ...(await labelled.orderBy('label.name').execute())];
}

/** Any number that no other program on the database uses for `pg_advisory_xact_lock`. */
const CHANGE_LOCK = 727_002;

export const grantQueries = (db: Db) => ({
  /**
   * One change of access at a time, until the transaction ends: two at once, each taking one of somebody's two reasons, would both find that
   * the other one still stands.
   */
  lockChanges: async (): Promise<void> => {
    await sql`select pg_advisory_xact_lock(${CHANGE_LOCK})`.execute(db);
  },
  /** Those of these that there are, each once. */
  existingChats: async (chatIds: readonly ChatId[]): Promise<ChatId[]> => {
    const rows = await sql<{ id: ChatId }>`select id from chat where id = any(${[...chatIds]}::uuid[])`.execute(db);
    return rows.rows.map((row) => row.id);
  },
  /** Everything that may let this Agent see this Chat, ended grants included. */
  facts: async (agentId: AgentId, chatId: ChatId): Promise<GrantFact[]> =>
    (await factRows(db, chatId, agentId)).map(factOf),
  /** The same for everybody whom something may let see this Chat, admins included, in the order of emails. */
  factsOfChat: async (chatId: ChatId): Promise<{ agent: Agent; facts: GrantFact[] }[]> => {
    const rows = await factRows(db, chatId, undefined);
    const ids = [...new Set(rows.map((row) => row.agentId))];
    const agents: Agent[] = await db
      .selectFrom('agent')
      .select(['id', 'email', 'name', 'role', 'status'])
      .where((eb) => eb.or([eb('role', '=', 'admin'), ...(ids.length === 0 ? [] : [eb('id', 'in', ids)])]))
      .orderBy('email')
      .execute();
    return agents.map((agent) => ({
      agent,
      facts: rows.filter((row) => row.agentId === agent.id).map(factOf),
    }));
  },
  /** Adds or renews; tells the pairs whose terms changed. */
  grantChats: async (agentIds: readonly AgentId[], chatIds: readonly ChatId[], terms: GrantTerms): Promise<Pair[]> => {
    const rows = await sql<Pair>`insert into chat_grant (chat_id, agent_id, by, at, until)
      select c.id, a.id, ${terms.by}, ${terms.at}, ${terms.until}::timestamptz
      from unnest(${[...chatIds]}::uuid[]) as c (id) cross join unnest(${[...agentIds]}::uuid[]) as a (id)
      on conflict (chat_id, agent_id) do update set by = excluded.by, at = excluded.at, until = excluded.until
        where chat_grant.until is distinct from excluded.until
      returning agent_id as "agentId", chat_id as "chatId"`.execute(db);
    return rows.rows;
  },
  revokeChats: async (agentIds: readonly AgentId[], chatIds: readonly ChatId[]): Promise<Pair[]> => {
    const rows = await sql<Pair>`delete from chat_grant
      where agent_id = any(${[...agentIds]}::uuid[]) and chat_id = any(${[...chatIds]}::uuid[])
      returning agent_id as "agentId", chat_id as "chatId"`.execute(db);
    return rows.rows;
  },
  grantLabels: async (
    agentIds: readonly AgentId[],
    labelIds: readonly LabelId[],
    terms: GrantTerms,
  ): Promise<{ agentId: AgentId; labelId: LabelId }[]> => {
    const rows = await sql<{
      agentId: AgentId;
      labelId: LabelId;
    }>`insert into label_grant (label_id, agent_id, by, at, until)
      select l.id, a.id, ${terms.by}, ${terms.at}, ${terms.until}::timestamptz
      from unnest(${[...labelIds]}::uuid[]) as l (id) cross join unnest(${[...agentIds]}::uuid[]) as a (id)
      on conflict (label_id, agent_id) do update set by = excluded.by, at = excluded.at, until = excluded.until
        where label_grant.until is distinct from excluded.until
      returning agent_id as "agentId", label_id as "labelId"`.execute(db);
    return rows.rows;
  },
  revokeLabels: async (
    agentIds: readonly AgentId[],
    labelIds: readonly LabelId[],
  ): Promise<{ agentId: AgentId; labelId: LabelId }[]> => {
    const rows = await sql<{ agentId: AgentId; labelId: LabelId }>`delete from label_grant
      where agent_id = any(${[...agentIds]}::uuid[]) and label_id = any(${[...labelIds]}::uuid[])
      returning agent_id as "agentId", label_id as "labelId"`.execute(db);
    return rows.rows;
  },
  /** The Labels granted to each Agent, by name. */
  labelsOfAgents: async (): Promise<ReadonlyMap<AgentId, readonly string[]>> => {
    const rows = await db
      .selectFrom('label_grant')
      .innerJoin('label', 'label.id', 'label_grant.labelId')
      .select(['label_grant.agentId', 'label.name'])
      .orderBy('label.name')
      .execute();
    const byAgent = new Map<AgentId, string[]>();
    for (const { agentId, name } of rows) byAgent.set(agentId, [...(byAgent.get(agentId) ?? []), name]);
    return byAgent;
  },
  /** Those of the given Agents and Chats that a Label still lets see, by which. */
  throughLabels: async (
    agentIds: readonly AgentId[],
    chatIds: readonly ChatId[],
    at: Date,
  ): Promise<(Pair & { readonly label: string })[]> => {
    const rows = await sql<Pair & { label: string }>`
      select g.agent_id as "agentId", cl.chat_id as "chatId", l.name as label
      from label_grant g join agent a on a.id = g.agent_id and a.status = 'active'
        join label l on l.id = g.label_id join chat_label cl on cl.label_id = g.label_id
      where (g.until is null or g.until > ${at}) and g.agent_id = any(${[...agentIds]}::uuid[])
        and cl.chat_id = any(${[...chatIds]}::uuid[]) order by a.email, cl.chat_id, l.name`.execute(db);
    return rows.rows;
  },
  /** Who sees what: for tests, exports and previews; a whole installation has millions of pairs. */
  pairs: async (part: Part, at: Date): Promise<Pair[]> => {
    const rows = await sql<Pair>`select agent_id as "agentId", chat_id as "chatId"
      from ${seesSql(part, at)} as sees`.execute(db);
    return rows.rows;
  },
  /** Remembers who sees what now; `changedSince`, in the same transaction, compares with it. */
  remember: async (part: Part, at: Date): Promise<void> => {
    await sql`create temporary table seen_before on commit drop as select * from ${seesSql(part, at)} as sees`.execute(
      db,
    );
  },
  changedSince: async (part: Part, at: Date): Promise<(Pair & { readonly gained: boolean })[]> => {
    const rows = await sql<Pair & { gained: boolean }>`
      select coalesce(n.agent_id, b.agent_id) as "agentId", coalesce(n.chat_id, b.chat_id) as "chatId",
        b.agent_id is null as gained
      from ${seesSql(part, at)} as n full join seen_before b using (agent_id, chat_id)
      where n.agent_id is null or b.agent_id is null order by 1, 2`.execute(db);
    await sql`drop table seen_before`.execute(db);
    return rows.rows;
  },
  /**
   * The people of a channel as the rules want them: the users, in this Workspace, of the Agents who may see the Chat; null where we know none.
   * Those who are known and away at the moment aren't there.
   */
  wantedUsers: async (
    chatId: ChatId,
    workspaceId: WorkspaceId,
    at: Date,
  ): Promise<{ agent: Agent; userId: UserId | null }[]> => {
    const rows = await sql<Agent & { userId: UserId | null }>`
      select a.id, a.email, a.name, a.role, a.status, i.user_id as "userId"
      from ${seesSql({ chatIds: [chatId] }, at)} as sees join agent a on a.id = sees.agent_id
        left join identity i on i.agent_id = a.id and i.workspace_id = ${workspaceId}
      where i.active is not false`.execute(db);
    return rows.rows.map(({ userId, ...agent }) => ({ agent, userId }));
  },
  /**
   * Every open Mirror whose recorded people are not those the rules want: the whole installation's difference in one statement. `urgent`:
   * somebody is in who shouldn't be. It sorts millions of rows: call it in a transaction, which lends it memory.
   */
  outOfStep: async (at: Date): Promise<{ mirrorId: MirrorId; urgent: boolean }[]> => {
    await sql`select set_config('work_mem', '128MB', true)`.execute(db);
    const among = (column: string) => sql`${sql.raw(column)} in (select chat_id from mirror where state = 'open')`;
    const sees = rule({ agents: sql`true`, among, at, together: sql`union all` });
    const rows = await sql<{ mirrorId: MirrorId; urgent: boolean }>`
      with want as (
        select m.id as mirror_id, i.user_id from ${sees} as sees
          join mirror m on m.chat_id = sees.chat_id and m.state = 'open'
          join identity i on i.agent_id = sees.agent_id and i.workspace_id = m.workspace_id and i.active
          left join mirror_user u on u.mirror_id = m.id and u.user_id = i.user_id and u.state = 'left'
          where u.user_id is null
      ), have as (
        select u.mirror_id, u.user_id from mirror_user u join mirror m on m.id = u.mirror_id and m.state = 'open'
          where u.state = 'in'
      )
      select coalesce(w.mirror_id, h.mirror_id) as "mirrorId", bool_or(w.user_id is null) as urgent
      from want w full join have h using (mirror_id, user_id)
      where w.user_id is null or h.user_id is null group by 1`.execute(db);
    return rows.rows;
  },
  /** Takes away grants whose time is over; tells which. */
  endDue: async (
    at: Date,
  ): Promise<{ agentId: AgentId; chatId: ChatId | null; labelId: LabelId | null; until: Date }[]> => {
    // What isn't a typed column comes as text.
    const rows = await sql<{ agentId: AgentId; chatId: ChatId | null; labelId: LabelId | null; until: string }>`
      with direct as (delete from chat_grant where until <= ${at} returning agent_id, chat_id, until),
        labelled as (delete from label_grant where until <= ${at} returning agent_id, label_id, until)
      select agent_id as "agentId", chat_id as "chatId", null::uuid as "labelId", until from direct
      union all select agent_id, null::uuid, label_id, until from labelled`.execute(db);
    return rows.rows.map((row) => ({ ...row, until: new Date(row.until) }));
  },
  /** When the next grant ends. */
  nextEnd: async (): Promise<Date | undefined> => {
    const chat = await db
      .selectFrom('chat_grant')
      .select((eb) => eb.fn.min('until').as('at'))
      .executeTakeFirst();
    const label = await db
      .selectFrom('label_grant')
      .select((eb) => eb.fn.min('until').as('at'))
      .executeTakeFirst();
    const ends = [chat?.at, label?.at].flatMap((end) => (end === undefined || end === null ? [] : [new Date(end)]));
    return ends.sort((a, b) => a.getTime() - b.getTime())[0];
  },
  /** A merged Chat's grants go to the one that stays. */
  moveChat: async (from: ChatId, to: ChatId): Promise<void> => {
    await sql`insert into chat_grant (chat_id, agent_id, by, at, until)
      select ${to}, agent_id, by, at, until from chat_grant where chat_id = ${from} on conflict do nothing`.execute(db);
    await db.deleteFrom('chat_grant').where('chatId', '=', from).execute();
  },
});
