// Chat: one WhatsApp conversation of an Account, under every address it turns up with.
import { defineEntity, p } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import type { ChatRef } from '../domain/events.ts';
import type { AccountId, ChatAddress, ChatId, ContactId } from '../domain/ids.ts';
import { AccountEntity } from './account.ts';
import { ContactEntity } from './contact.ts';
import { newId, type Db } from './db.ts';

/** Who may send from the channel by what; `off` is read only, `never` isn't mirrored at all. */
export type ChatMode = 'thread' | 'mention' | 'off' | 'never';

export const ChatEntity = defineEntity({
  name: 'Chat',
  tableName: 'chat',
  properties: {
    id: p.uuid().$type<ChatId>().primary(),
    accountId: p.manyToOne(AccountEntity).mapToPk().index('chat_account'),
    kind: p.text().$type<'direct' | 'group'>(),
    name: p.text().nullable(),
    contactId: p.manyToOne(ContactEntity).mapToPk().nullable().index('chat_contact'),
    mode: p.text().$type<ChatMode>().default('thread'),
    lastMessageAt: p.datetime().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
  },
  indexes: [{ name: 'chat_recent', properties: ['lastMessageAt'] }],
});

export const ChatAddressEntity = defineEntity({
  name: 'ChatAddress',
  tableName: 'chat_address',
  properties: {
    accountId: p.uuid().$type<AccountId>().primary(),
    address: p.text().$type<ChatAddress>().primary(),
    chatId: p.manyToOne(ChatEntity).mapToPk().index('chat_address_chat'),
    /** The one to send to: the messenger's preferred form. */
    preferred: p.boolean(),
  },
  indexes: [{ name: 'chat_address_address', properties: ['address'] }],
});

export interface Chat {
  readonly id: ChatId;
  readonly accountId: AccountId;
  readonly kind: 'direct' | 'group';
  readonly name: string | null;
  readonly contactId: ContactId | null;
  readonly mode: ChatMode;
  readonly lastMessageAt: Date | null;
}

const columns = ['id', 'accountId', 'kind', 'name', 'contactId', 'mode', 'lastMessageAt'] as const;

export const chatQueries = (db: Db, held?: Set<ChatId>) => ({
  find: (id: ChatId): Promise<Chat | undefined> =>
    db.selectFrom('chat').select(columns).where('id', '=', id).executeTakeFirst(),
  /** The address to send to. */
  address: async (id: ChatId): Promise<ChatAddress | undefined> => {
    const row = await db
      .selectFrom('chat_address')
      .select('address')
      .where('chatId', '=', id)
      .orderBy('preferred', 'desc')
      .executeTakeFirst();
    return row?.address;
  },
  /**
   * The Chat of an address, made when unknown. `merged` is a second Chat that turned out to be the same conversation under its other address:
   * its addresses are this one's now, and the caller moves what else hung on it, then calls `drop`.
   */
  resolve: async (
    accountId: AccountId,
    ref: ChatRef & { kind: 'direct' | 'group' },
    contactId: ContactId | null,
    now: Date,
  ): Promise<{ chat: Chat; created: boolean; merged?: ChatId }> => {
    const addresses = ref.alias === undefined ? [ref.address] : [ref.address, ref.alias];
    const known = await db
      .selectFrom('chat_address')
      .select(['address', 'chatId', 'preferred'])
      .where('accountId', '=', accountId)
      .where('address', 'in', addresses)
      .orderBy('chatId')
      .execute();
    const [first, second] = [...new Set(known.map((row) => row.chatId))];
    const id =
      first ??
      (
        await db
          .insertInto('chat')
          .values({ id: newId<ChatId>(now.getTime()), accountId, kind: ref.kind, name: ref.name ?? null, contactId })
          .returning('id')
          .executeTakeFirstOrThrow()
      ).id;
    if (second !== undefined) {
      await db.updateTable('chat_address').set({ chatId: id }).where('chatId', '=', second).execute();
    }
    for (const address of addresses) {
      const preferred = address === ref.address;
      const before = known.find((row) => row.address === address);
      if (before === undefined) {
        await db.insertInto('chat_address').values({ accountId, address, chatId: id, preferred }).execute();
      } else if (before.preferred !== preferred && ref.alias !== undefined) {
        await db
          .updateTable('chat_address')
          .set({ preferred })
          .where('accountId', '=', accountId)
          .where('address', '=', address)
          .execute();
      }
    }
    const before = await db.selectFrom('chat').select(columns).where('id', '=', id).executeTakeFirstOrThrow();
    const name = ref.name ?? before.name;
    const contact = contactId ?? before.contactId;
    if (name !== before.name || contact !== before.contactId) {
      await db.updateTable('chat').set({ name, contactId: contact }).where('id', '=', id).execute();
    }
    const chat: Chat = { ...before, name, contactId: contact };
    const created = first === undefined;
    return second === undefined ? { chat, created } : { chat, created, merged: second };
  },
  drop: async (id: ChatId): Promise<void> => {
    await db.deleteFrom('chat').where('id', '=', id).execute();
  },
  touch: async (id: ChatId, at: Date): Promise<void> => {
    await db
      .updateTable('chat')
      .set({ lastMessageAt: sql<Date>`greatest(coalesce("last_message_at", ${at}), ${at})` })
      .where('id', '=', id)
      .execute();
    // What changes a row locks it as `chatLock` does.
    held?.add(id);
  },
  rename: async (id: ChatId, name: string): Promise<void> => {
    await db.updateTable('chat').set({ name }).where('id', '=', id).execute();
  },
  moveContact: async (from: ContactId, to: ContactId): Promise<void> => {
    await db.updateTable('chat').set({ contactId: to }).where('contactId', '=', from).execute();
  },
  setMode: async (id: ChatId, mode: ChatMode): Promise<void> => {
    await db.updateTable('chat').set({ mode }).where('id', '=', id).execute();
  },
  /** The same group seen by another Account earlier: that one is mirrored, this one isn't. */
  earlierElsewhere: async (chat: Chat): Promise<ChatId | undefined> => {
    const row = await db
      .selectFrom('chat_address as mine')
      .innerJoin('chat_address as other', 'other.address', 'mine.address')
      .select('other.chatId')
      .where('mine.chatId', '=', chat.id)
      .whereRef('other.chatId', '<', 'mine.chatId')
      .orderBy('other.chatId')
      .executeTakeFirst();
    return row?.chatId;
  },
});
