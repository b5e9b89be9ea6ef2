// SignInLink: a link that somebody in a Workspace asked for, to prove by a sign-in who they are. Once, for minutes; its token is kept hashed.
import { defineEntity, p } from '@mikro-orm/postgresql';
import type { UserId, WorkspaceId } from '../domain/ids.ts';
import { newId, type Db } from './db.ts';
import { WorkspaceEntity } from './workspace.ts';

declare const brand: unique symbol;
export type SignInLinkId = string & { readonly [brand]: 'SignInLink' };

export const SignInLinkEntity = defineEntity({
  name: 'SignInLink',
  tableName: 'sign_in_link',
  properties: {
    id: p.uuid().$type<SignInLinkId>().primary(),
    workspaceId: p.manyToOne(WorkspaceEntity).mapToPk().deleteRule('cascade'),
    /** Who asked: nobody else can use it. */
    userId: p.text().$type<UserId>(),
    /** SHA-256 of the link's token, hex. */
    tokenHash: p.text().unique('sign_in_link_token'),
    expiresAt: p.datetime().index('sign_in_link_age'),
    usedAt: p.datetime().nullable(),
  },
  indexes: [{ name: 'sign_in_link_user', properties: ['workspaceId', 'userId'] }],
});

export interface SignInLink {
  readonly id: SignInLinkId;
  readonly workspaceId: WorkspaceId;
  readonly userId: UserId;
  readonly expiresAt: Date;
  readonly usedAt: Date | null;
}

const columns = ['id', 'workspaceId', 'userId', 'expiresAt', 'usedAt'] as const;

export const signInLinkQueries = (db: Db) => ({
  /** The only link of this person that is good from now on: earlier ones that weren't used end. */
  replace: async (
    link: { workspaceId: WorkspaceId; userId: UserId; tokenHash: string; expiresAt: Date },
    now: Date,
  ): Promise<void> => {
    const { workspaceId, userId } = link;
    await db
      .deleteFrom('sign_in_link')
      .where('workspaceId', '=', workspaceId)
      .where('userId', '=', userId)
      .where('usedAt', 'is', null)
      .execute();
    await db
      .insertInto('sign_in_link')
      .values({ id: newId<SignInLinkId>(now.getTime()), ...link })
      .execute();
  },
  byToken: (tokenHash: string): Promise<SignInLink | undefined> =>
    db.selectFrom('sign_in_link').select(columns).where('tokenHash', '=', tokenHash).executeTakeFirst(),
  find: (id: SignInLinkId): Promise<SignInLink | undefined> =>
    db.selectFrom('sign_in_link').select(columns).where('id', '=', id).executeTakeFirst(),
  /** Stays locked until the transaction ends: a link is used once. */
  lock: (id: SignInLinkId): Promise<SignInLink | undefined> =>
    db.selectFrom('sign_in_link').select(columns).where('id', '=', id).forUpdate().executeTakeFirst(),
  use: async (id: SignInLinkId, at: Date): Promise<void> => {
    await db.updateTable('sign_in_link').set({ usedAt: at }).where('id', '=', id).execute();
  },
  prune: async (before: Date): Promise<void> => {
    await db.deleteFrom('sign_in_link').where('expiresAt', '<', before).execute();
  },
});
