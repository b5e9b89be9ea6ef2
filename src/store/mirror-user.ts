// Queries about who is in a Mirror's channel, who left it by hand, and whom we took out.
import { sql } from 'kysely';
import type { AgentId, ChatId, MirrorId, UserId, WorkspaceId } from '../domain/ids.ts';
import type { Db } from './db.ts';

/** `left`: went by hand. `out`: taken out by us. */
export type MirrorUserState = 'in' | 'left' | 'out';

export const mirrorUserQueries = (db: Db) => ({
  users: (id: MirrorId): Promise<{ userId: UserId; state: MirrorUserState }[]> =>
    db.selectFrom('mirror_user').select(['userId', 'state']).where('mirrorId', '=', id).execute(),
  user: (id: MirrorId, userId: UserId): Promise<{ state: MirrorUserState; at: Date; outAt: Date | null } | undefined> =>
    db
      .selectFrom('mirror_user')
      .select(['state', 'at', 'outAt'])
      .where('mirrorId', '=', id)
      .where('userId', '=', userId)
      .executeTakeFirst(),
  /** The platform told of our taking out: from now on a leaving is by hand. */
  toldOut: async (id: MirrorId, userId: UserId): Promise<void> => {
    await db
      .updateTable('mirror_user')
      .set({ outAt: null })
      .where('mirrorId', '=', id)
      .where('userId', '=', userId)
      .execute();
  },
  /** Those of these Agents who left these Chats' channels by hand are wanted there again; the channels are stale then. */
  welcomeBack: async (agentIds: readonly AgentId[], chatIds: readonly ChatId[], now: Date): Promise<void> => {
    await sql`with back as (
        delete from mirror_user u using mirror m, identity i
        where u.state = 'left' and u.mirror_id = m.id and m.chat_id = any(${[...chatIds]}::uuid[])
          and i.workspace_id = m.workspace_id and i.user_id = u.user_id and i.agent_id = any(${[...agentIds]}::uuid[])
        returning u.mirror_id)
      update mirror set stale_at = greatest(${now}::timestamptz, stale_at + interval '1 millisecond'), check_after = null
      where state = 'open' and id in (select mirror_id from back)`.execute(db);
  },
  /** The Chats whose channels this Agent left by hand. */
  leftBy: (agentId: AgentId): Promise<{ chatId: ChatId; workspaceId: WorkspaceId }[]> =>
    db
      .selectFrom('mirror_user')
      .innerJoin('mirror', 'mirror.id', 'mirror_user.mirrorId')
      .innerJoin('identity', (join) =>
        join
          .onRef('identity.userId', '=', 'mirror_user.userId')
          .onRef('identity.workspaceId', '=', 'mirror.workspaceId'),
      )
      .select(['mirror.chatId', 'mirror.workspaceId'])
      .where('identity.agentId', '=', agentId)
      .where('mirror_user.state', '=', 'left')
      .where('mirror.state', '=', 'open')
      .execute(),
  forgetUser: async (id: MirrorId, userId: UserId): Promise<void> => {
    await db.deleteFrom('mirror_user').where('mirrorId', '=', id).where('userId', '=', userId).execute();
  },
  /** They had left by hand before that moment, and are in again. */
  cameBack: async (id: MirrorId, userIds: readonly UserId[], before: Date): Promise<void> => {
    if (userIds.length === 0) return;
    await db
      .updateTable('mirror_user')
      .set({ state: 'in', at: before })
      .where('mirrorId', '=', id)
      .where('userId', 'in', [...userIds])
      .where('state', '=', 'left')
      .where('at', '<=', before)
      .execute();
  },
  setUser: async (id: MirrorId, userId: UserId, state: MirrorUserState, now: Date): Promise<void> => {
    await db
      .insertInto('mirror_user')
      .values({ mirrorId: id, userId, state, at: now })
      .onConflict((conflict) => conflict.columns(['mirrorId', 'userId']).doUpdateSet({ state, at: now }))
      .execute();
  },
});
