// Invitation: an email asked to join, until it is claimed. The link's token is kept hashed.
import { defineEntity, p } from '@mikro-orm/postgresql';
import type { AgentId } from '../domain/ids.ts';
import { AgentEntity } from './agent.ts';
import { newId, type Db } from './db.ts';

declare const brand: unique symbol;
export type InvitationId = string & { readonly [brand]: 'Invitation' };

export const InvitationEntity = defineEntity({
  name: 'Invitation',
  tableName: 'invitation',
  properties: {
    id: p.uuid().$type<InvitationId>().primary(),
    agentId: p.manyToOne(AgentEntity).mapToPk().index('invitation_agent').deleteRule('cascade'),
    /** SHA-256 of the link's token, hex. */
    tokenHash: p.text().unique('invitation_token'),
    /** Who invited: an email, or the name of a token or the program. */
    by: p.text(),
    at: p.datetime(),
    expiresAt: p.datetime(),
    /** Claimed or taken back. */
    endedAt: p.datetime().nullable(),
  },
});

export interface Invitation {
  readonly id: InvitationId;
  readonly agentId: AgentId;
  readonly by: string;
  readonly at: Date;
  readonly expiresAt: Date;
  readonly endedAt: Date | null;
}

const columns = ['id', 'agentId', 'by', 'at', 'expiresAt', 'endedAt'] as const;

export const invitationQueries = (db: Db) => ({
  add: async (invitation: {
    agentId: AgentId;
    tokenHash: string;
    by: string;
    at: Date;
    expiresAt: Date;
  }): Promise<void> => {
    const id = newId<InvitationId>(invitation.at.getTime());
    await db
      .insertInto('invitation')
      .values({ id, ...invitation })
      .execute();
  },
  /** Stays locked until the transaction ends: a token is claimed once. */
  lockByToken: (tokenHash: string): Promise<Invitation | undefined> =>
    db.selectFrom('invitation').select(columns).where('tokenHash', '=', tokenHash).forUpdate().executeTakeFirst(),
  open: (at: Date): Promise<Invitation[]> =>
    db
      .selectFrom('invitation')
      .select(columns)
      .where('endedAt', 'is', null)
      .where('expiresAt', '>', at)
      .orderBy('id')
      .execute(),
  /** Forgets a token that nobody was ever given. */
  drop: async (tokenHash: string): Promise<void> => {
    await db.deleteFrom('invitation').where('tokenHash', '=', tokenHash).execute();
  },
  end: async (agentId: AgentId, at: Date): Promise<void> => {
    await db
      .updateTable('invitation')
      .set({ endedAt: at })
      .where('agentId', '=', agentId)
      .where('endedAt', 'is', null)
      .execute();
  },
});
