// Agent: a person of the team, by email; Identity: who that is in a Workspace.
import { defineEntity, p } from '@mikro-orm/postgresql';
import type { AgentId, UserId, WorkspaceId } from '../domain/ids.ts';
import { newId, type Db } from './db.ts';
import { WorkspaceEntity } from './workspace.ts';

export type Role = 'admin' | 'member';
export type AgentStatus = 'invited' | 'active' | 'deactivated';
/** How we know: the platform vouches for the email, the person proved it, or an admin said so. */
export type IdentityProof = 'email' | 'claim' | 'admin';

export const AgentEntity = defineEntity({
  name: 'Agent',
  tableName: 'agent',
  properties: {
    id: p.uuid().$type<AgentId>().primary(),
    /** Lower case. */
    email: p.text().unique('agent_email'),
    name: p.text().nullable(),
    role: p.text().$type<Role>(),
    status: p.text().$type<AgentStatus>(),
    createdAt: p.datetime().defaultRaw('now()'),
    deactivatedAt: p.datetime().nullable(),
  },
});

export const IdentityEntity = defineEntity({
  name: 'Identity',
  tableName: 'identity',
  properties: {
    workspaceId: p.manyToOne(WorkspaceEntity).mapToPk().primary(),
    userId: p.text().$type<UserId>().primary(),
    agentId: p.manyToOne(AgentEntity).mapToPk().index('identity_agent'),
    how: p.text().$type<IdentityProof>(),
    /** False while the person is deactivated in the Workspace, or gone from it. */
    active: p.boolean().default(true),
    /** When the platform last vouched for the email. */
    checkedAt: p.datetime().nullable(),
    at: p.datetime().defaultRaw('now()'),
  },
});

export interface Agent {
  readonly id: AgentId;
  readonly email: string;
  readonly name: string | null;
  readonly role: Role;
  readonly status: AgentStatus;
}

export interface Identity {
  readonly workspaceId: WorkspaceId;
  readonly userId: UserId;
  readonly agentId: AgentId;
  readonly how: IdentityProof;
  readonly active: boolean;
}

const identityColumns = ['workspaceId', 'userId', 'agentId', 'how', 'active'] as const;
const columns = ['id', 'email', 'name', 'role', 'status'] as const;

export const agentQueries = (db: Db) => ({
  find: (id: AgentId): Promise<Agent | undefined> =>
    db.selectFrom('agent').select(columns).where('id', '=', id).executeTakeFirst(),
  byEmail: (email: string): Promise<Agent | undefined> =>
    db.selectFrom('agent').select(columns).where('email', '=', email.toLowerCase()).executeTakeFirst(),
  all: (): Promise<Agent[]> => db.selectFrom('agent').select(columns).orderBy('email').execute(),
  active: (): Promise<Agent[]> =>
    db.selectFrom('agent').select(columns).where('status', '=', 'active').orderBy('email').execute(),
  invited: (): Promise<Agent[]> =>
    db.selectFrom('agent').select(columns).where('status', '=', 'invited').orderBy('id').execute(),
  /** The first admins: made, promoted or taken back as often as the settings name them. */
  ensureAdmin: async (email: string, now: Date): Promise<void> => {
    await db
      .insertInto('agent')
      .values({ id: newId<AgentId>(now.getTime()), email: email.toLowerCase(), role: 'admin', status: 'active' })
      .onConflict((conflict) =>
        conflict.column('email').doUpdateSet({ role: 'admin', status: 'active', deactivatedAt: null }),
      )
      .execute();
  },
  identities: (agentId: AgentId): Promise<Identity[]> =>
    db.selectFrom('identity').select(identityColumns).where('agentId', '=', agentId).execute(),
  identitiesIn: (workspaceId: WorkspaceId): Promise<Identity[]> =>
    db.selectFrom('identity').select(identityColumns).where('workspaceId', '=', workspaceId).execute(),
  identity: (workspaceId: WorkspaceId, userId: UserId): Promise<Identity | undefined> =>
    db
      .selectFrom('identity')
      .select(identityColumns)
      .where('workspaceId', '=', workspaceId)
      .where('userId', '=', userId)
      .executeTakeFirst(),
  /** Makes or replaces who this user is; an identity is active when it's made. */
  identify: async (identity: Omit<Identity, 'active'>, at: Date): Promise<void> => {
    const { workspaceId, userId, agentId, how } = identity;
    const rest = { agentId, how, at, active: true, checkedAt: at };
    await db
      .insertInto('identity')
      .values({ workspaceId, userId, ...rest })
      .onConflict((conflict) => conflict.columns(['workspaceId', 'userId']).doUpdateSet(rest))
      .execute();
  },
  /** `active`: whether the person is there; `at`: when the platform said so. */
  checkedIdentity: async (workspaceId: WorkspaceId, userId: UserId, active: boolean, at: Date): Promise<void> => {
    await db
      .updateTable('identity')
      .set({ active, checkedAt: at })
      .where('workspaceId', '=', workspaceId)
      .where('userId', '=', userId)
      .execute();
  },
  /** Identities that rest on the platform's word for an email, not asked for since `before`: the longest ago first. */
  identitiesToCheck: (workspaceId: WorkspaceId, before: Date, limit: number): Promise<Identity[]> =>
    db
      .selectFrom('identity')
      .select(identityColumns)
      .where('workspaceId', '=', workspaceId)
      .where('how', '=', 'email')
      .where((eb) => eb.or([eb('checkedAt', 'is', null), eb('checkedAt', '<=', before)]))
      .orderBy('checkedAt')
      .limit(limit)
      .execute(),
  allIdentities: (): Promise<Identity[]> => db.selectFrom('identity').select(identityColumns).execute(),
  forget: async (workspaceId: WorkspaceId, userId: UserId): Promise<void> => {
    await db.deleteFrom('identity').where('workspaceId', '=', workspaceId).where('userId', '=', userId).execute();
  },
  byEmails: async (emails: readonly string[]): Promise<ReadonlyMap<string, Agent>> => {
    if (emails.length === 0) return new Map();
    const lower = emails.map((email) => email.toLowerCase());
    const rows: Agent[] = await db.selectFrom('agent').select(columns).where('email', 'in', lower).execute();
    return new Map(rows.map((row) => [row.email, row]));
  },
  /** Undefined when the email is there already. */
  add: (
    agent: { email: string; name: string | null; role: Role; status: AgentStatus },
    now: Date,
  ): Promise<Agent | undefined> =>
    db
      .insertInto('agent')
      .values({ id: newId<AgentId>(now.getTime()), ...agent, email: agent.email.toLowerCase(), createdAt: now })
      .onConflict((conflict) => conflict.column('email').doNothing())
      .returning(columns)
      .executeTakeFirst(),
  setRole: async (id: AgentId, role: Role): Promise<void> => {
    await db.updateTable('agent').set({ role }).where('id', '=', id).execute();
  },
  setStatus: async (id: AgentId, status: AgentStatus, now: Date): Promise<void> => {
    await db
      .updateTable('agent')
      .set({ status, deactivatedAt: status === 'deactivated' ? now : null })
      .where('id', '=', id)
      .execute();
  },
  /** All active admins, locked until the transaction ends: whoever takes one away knows that another one stays. */
  lockAdmins: (): Promise<Agent[]> =>
    db
      .selectFrom('agent')
      .select(columns)
      .where('role', '=', 'admin')
      .where('status', '=', 'active')
      .orderBy('id')
      .forUpdate()
      .execute(),
});
