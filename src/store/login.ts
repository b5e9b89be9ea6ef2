// LoginLink: the way into the admin web that an Agent asked for, once, for minutes; Login: a browser in which they are signed in. Tokens are kept hashed.
import { defineEntity, p } from '@mikro-orm/postgresql';
import type { AgentId } from '../domain/ids.ts';
import { AgentEntity, type Agent } from './agent.ts';
import { newId, type Db } from './db.ts';

declare const brand: unique symbol;
export type LoginLinkId = string & { readonly [brand]: 'LoginLink' };
export type LoginId = string & { readonly [brand]: 'Login' };

export const LoginLinkEntity = defineEntity({
  name: 'LoginLink',
  tableName: 'login_link',
  properties: {
    id: p.uuid().$type<LoginLinkId>().primary(),
    agentId: p.manyToOne(AgentEntity).mapToPk().index('login_link_agent').deleteRule('cascade'),
    /** SHA-256 of the link's token, hex. */
    tokenHash: p.text().unique('login_link_token'),
    expiresAt: p.datetime().index('login_link_age'),
    usedAt: p.datetime().nullable(),
  },
});

export const LoginEntity = defineEntity({
  name: 'Login',
  tableName: 'login',
  properties: {
    id: p.uuid().$type<LoginId>().primary(),
    agentId: p.manyToOne(AgentEntity).mapToPk().index('login_agent').deleteRule('cascade'),
    /** SHA-256 of what the browser's cookie holds, hex. */
    tokenHash: p.text().unique('login_token'),
    createdAt: p.datetime(),
    expiresAt: p.datetime().index('login_age'),
  },
});

export interface LoginLink {
  readonly id: LoginLinkId;
  readonly agentId: AgentId;
  readonly expiresAt: Date;
  readonly usedAt: Date | null;
}

const linkColumns = ['id', 'agentId', 'expiresAt', 'usedAt'] as const;

/** A token to be good until then. */
interface NewToken {
  readonly agentId: AgentId;
  readonly tokenHash: string;
  readonly expiresAt: Date;
}

export const loginQueries = (db: Db) => ({
  /** The only link of this Agent that is good from now on: earlier ones that weren't used end. */
  replaceLink: async (link: NewToken, now: Date): Promise<void> => {
    await db.deleteFrom('login_link').where('agentId', '=', link.agentId).where('usedAt', 'is', null).execute();
    await db
      .insertInto('login_link')
      .values({ id: newId<LoginLinkId>(now.getTime()), ...link })
      .execute();
  },
  link: (tokenHash: string): Promise<LoginLink | undefined> =>
    db.selectFrom('login_link').select(linkColumns).where('tokenHash', '=', tokenHash).executeTakeFirst(),
  /** Stays locked until the transaction ends: a link is used once. */
  lockLink: (tokenHash: string): Promise<LoginLink | undefined> =>
    db.selectFrom('login_link').select(linkColumns).where('tokenHash', '=', tokenHash).forUpdate().executeTakeFirst(),
  useLink: async (id: LoginLinkId, at: Date): Promise<void> => {
    await db.updateTable('login_link').set({ usedAt: at }).where('id', '=', id).execute();
  },
  open: async (login: NewToken, now: Date): Promise<void> => {
    await db
      .insertInto('login')
      .values({ id: newId<LoginId>(now.getTime()), ...login, createdAt: now })
      .execute();
  },
  /** Who is signed in by this token now, as they stand now; undefined when nobody is (any more). */
  agentOf: (tokenHash: string, now: Date): Promise<Agent | undefined> =>
    db
      .selectFrom('login')
      .innerJoin('agent', 'agent.id', 'login.agentId')
      .select(['agent.id', 'agent.email', 'agent.name', 'agent.role', 'agent.status'])
      .where('login.tokenHash', '=', tokenHash)
      .where('login.expiresAt', '>', now)
      .where('agent.status', '=', 'active')
      .executeTakeFirst(),
  /** Whose it was; undefined when it had ended already. */
  close: async (tokenHash: string): Promise<AgentId | undefined> => {
    const row = await db
      .deleteFrom('login')
      .where('tokenHash', '=', tokenHash)
      .returning(['login.agentId as agent'])
      .executeTakeFirst();
    return row?.agent;
  },
  /** All of an Agent's, and the links that would make new ones. */
  endAll: async (agentId: AgentId): Promise<void> => {
    await db.deleteFrom('login_link').where('agentId', '=', agentId).execute();
    await db.deleteFrom('login').where('agentId', '=', agentId).execute();
  },
  prune: async (before: Date): Promise<void> => {
    await db.deleteFrom('login_link').where('expiresAt', '<', before).execute();
    await db.deleteFrom('login').where('expiresAt', '<', before).execute();
  },
});
