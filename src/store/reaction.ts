// Reaction and vote: what people put on a Message, one each.
import { defineEntity, p } from '@mikro-orm/postgresql';
import type { AgentId, MessageId } from '../domain/ids.ts';
import type { Db } from './db.ts';
import { MessageEntity } from './message.ts';

export const ReactionEntity = defineEntity({
  name: 'Reaction',
  tableName: 'reaction',
  properties: {
    messageId: p.manyToOne(MessageEntity).mapToPk().primary().deleteRule('cascade'),
    /** A Contact's id, or `us`. */
    doer: p.text().primary(),
    emoji: p.text(),
    /** The agent, when `us` reacted from a channel. */
    agentId: p.uuid().$type<AgentId>().nullable(),
    at: p.datetime(),
  },
});

export const VoteEntity = defineEntity({
  name: 'Vote',
  tableName: 'vote',
  properties: {
    messageId: p.manyToOne(MessageEntity).mapToPk().primary().deleteRule('cascade'),
    doer: p.text().primary(),
    options: p.json<readonly string[]>(),
    at: p.datetime(),
  },
});

export interface Reaction {
  readonly doer: string;
  readonly emoji: string;
  readonly agentId: AgentId | null;
}

export interface Vote {
  readonly doer: string;
  readonly options: readonly string[];
}

export const reactionQueries = (db: Db) => ({
  of: (messageId: MessageId): Promise<Reaction[]> =>
    db
      .selectFrom('reaction')
      .select(['doer', 'emoji', 'agentId'])
      .where('messageId', '=', messageId)
      .orderBy('at')
      .execute(),
  votes: (messageId: MessageId): Promise<Vote[]> =>
    db.selectFrom('vote').select(['doer', 'options']).where('messageId', '=', messageId).orderBy('at').execute(),
  /** The doer's one reaction; null takes it back. An older telling never overwrites a newer one. */
  set: async (
    messageId: MessageId,
    doer: string,
    reaction: { emoji: string | null; agentId: AgentId | null; at: Date },
  ): Promise<void> => {
    const { emoji, agentId, at } = reaction;
    if (emoji === null) {
      await db
        .deleteFrom('reaction')
        .where('messageId', '=', messageId)
        .where('doer', '=', doer)
        .where('at', '<=', at)
        .execute();
      return;
    }
    await db
      .insertInto('reaction')
      .values({ messageId, doer, emoji, agentId, at })
      .onConflict((conflict) =>
        conflict.columns(['messageId', 'doer']).doUpdateSet({ emoji, agentId, at }).where('reaction.at', '<=', at),
      )
      .execute();
  },
  vote: async (messageId: MessageId, doer: string, options: readonly string[], at: Date): Promise<void> => {
    await db
      .insertInto('vote')
      .values({ messageId, doer, options, at })
      .onConflict((conflict) =>
        conflict.columns(['messageId', 'doer']).doUpdateSet({ options, at }).where('vote.at', '<=', at),
      )
      .execute();
  },
});
