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
}

const columns = ['id', 'email', 'name', 'role', 'status'] as const;

export const agentQueries = (db: Db) => ({
  find: (id: AgentId): Promise<Agent | undefined> =>
    db.selectFrom('agent').select(columns).where('id', '=', id).executeTakeFirst(),
  byEmail: (email: string): Promise<Agent | undefined> =>
    db.selectFrom('agent').select(columns).where('email', '=', email.toLowerCase()).executeTakeFirst(),
  all: (): Promise<Agent[]> => db.selectFrom('agent').select(columns).orderBy('email').execute(),
  active: (): Promise<Agent[]> =>
    db.selectFrom('agent').select(columns).where('status', '=', 'active').orderBy('email').execute(),
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
    db
      .selectFrom('identity')
      .select(['workspaceId', 'userId', 'agentId', 'how'])
      .where('agentId', '=', agentId)
      .execute(),
  identitiesIn: (workspaceId: WorkspaceId): Promise<Identity[]> =>
    db
      .selectFrom('identity')
      .select(['workspaceId', 'userId', 'agentId', 'how'])
      .where('workspaceId', '=', workspaceId)
      .execute(),
  identity: (workspaceId: WorkspaceId, userId: UserId): Promise<Identity | undefined> =>
    db
      .selectFrom('identity')
      .select(['workspaceId', 'userId', 'agentId', 'how'])
      .where('workspaceId', '=', workspaceId)
      .where('userId', '=', userId)
      .executeTakeFirst(),
  identify: async (identity: Identity, at: Date): Promise<void> => {
    const { workspaceId, userId, agentId, how } = identity;
    await db
      .insertInto('identity')
      .values({ workspaceId, userId, agentId, how, at })
      .onConflict((conflict) => conflict.columns(['workspaceId', 'userId']).doUpdateSet({ agentId, how, at }))
      .execute();
  },
  forget: async (workspaceId: WorkspaceId, userId: UserId): Promise<void> => {
    await db.deleteFrom('identity').where('workspaceId', '=', workspaceId).where('userId', '=', userId).execute();
  },
});
