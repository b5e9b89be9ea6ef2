// Workspace: one Slack workspace or Discord guild that agents work in.
import { defineEntity, p } from '@mikro-orm/postgresql';
import type { Problem, WorkspaceState } from '../domain/events.ts';
import type { WorkspaceId } from '../domain/ids.ts';
import { newId, type Db } from './db.ts';

export const WorkspaceEntity = defineEntity({
  name: 'Workspace',
  tableName: 'workspace',
  properties: {
    id: p.uuid().$type<WorkspaceId>().primary(),
    platform: p.text(),
    /** Unknown until the platform first told who we are. */
    remoteId: p.text().nullable(),
    name: p.text(),
    state: p.text().$type<WorkspaceState>(),
    /** What the adapter itself told; what `setup()` finds is not stored. */
    problem: p.json<Problem>().nullable(),
    source: p.text().$type<'environment' | 'stored'>(),
    /** Sealed tokens of a stored Workspace. */
    credentials: p.blob().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
    /** Until when what people did there is surely recorded. */
    heardUntil: p.datetime().nullable(),
    removedAt: p.datetime().nullable(),
  },
  uniques: [{ name: 'workspace_remote', properties: ['platform', 'remoteId'] }],
});

export interface Workspace {
  readonly id: WorkspaceId;
  readonly platform: string;
  readonly remoteId: string | null;
  readonly name: string;
  readonly state: WorkspaceState;
  readonly problem: Problem | null;
  readonly source: 'environment' | 'stored';
  readonly credentials: Buffer | Uint8Array | null;
  readonly heardUntil: Date | null;
}

export const workspaceQueries = (db: Db) => ({
  all: (): Promise<Workspace[]> =>
    db.selectFrom('workspace').selectAll().where('removedAt', 'is', null).orderBy('id').execute(),
  find: (id: WorkspaceId): Promise<Workspace | undefined> =>
    db.selectFrom('workspace').selectAll().where('id', '=', id).where('removedAt', 'is', null).executeTakeFirst(),
  /** The Workspace that the environment's settings of a platform name; made when there is none yet. */
  fromEnvironment: async (platform: string, now: Date): Promise<Workspace> => {
    const found = await db
      .selectFrom('workspace')
      .selectAll()
      .where('platform', '=', platform)
      .where('source', '=', 'environment')
      .where('removedAt', 'is', null)
      .executeTakeFirst();
    if (found !== undefined) return found;
    return db
      .insertInto('workspace')
      .values({
        id: newId<WorkspaceId>(now.getTime()),
        platform,
        name: platform,
        state: 'connecting',
        source: 'environment',
      })
      .returningAll()
      .executeTakeFirstOrThrow();
  },
  setState: async (id: WorkspaceId, state: WorkspaceState, problem: Problem | null): Promise<void> => {
    await db.updateTable('workspace').set({ state, problem }).where('id', '=', id).execute();
  },
  setIdentity: async (id: WorkspaceId, identity: { remoteId: string; name: string }): Promise<void> => {
    await db.updateTable('workspace').set(identity).where('id', '=', id).execute();
  },
  setHeardUntil: async (id: WorkspaceId, heardUntil: Date): Promise<void> => {
    await db.updateTable('workspace').set({ heardUntil }).where('id', '=', id).execute();
  },
});
