// Contact: a person on the WhatsApp side, under every address they turn up with.
import { defineEntity, p } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import type { PersonRef } from '../domain/events.ts';
import type { ContactId, PersonAddress } from '../domain/ids.ts';
import { newId, type Db } from './db.ts';

export const ContactEntity = defineEntity({
  name: 'Contact',
  tableName: 'contact',
  properties: {
    id: p.uuid().$type<ContactId>().primary(),
    name: p.text().nullable(),
    phone: p.text().nullable(),
    internal: p.boolean().default(false),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});

export const ContactAddressEntity = defineEntity({
  name: 'ContactAddress',
  tableName: 'contact_address',
  properties: {
    address: p.text().$type<PersonAddress>().primary(),
    contactId: p.manyToOne(ContactEntity).mapToPk().index('contact_address_contact'),
  },
});

export interface Contact {
  readonly id: ContactId;
  readonly name: string | null;
  readonly phone: string | null;
  readonly internal: boolean;
}

export const contactQueries = (db: Db) => ({
  find: (id: ContactId): Promise<Contact | undefined> =>
    db.selectFrom('contact').select(['id', 'name', 'phone', 'internal']).where('id', '=', id).executeTakeFirst(),
  many: async (ids: readonly ContactId[]): Promise<ReadonlyMap<ContactId, Contact>> => {
    if (ids.length === 0) return new Map();
    const rows = await db
      .selectFrom('contact')
      .select(['id', 'name', 'phone', 'internal'])
      .where('id', 'in', [...ids])
      .execute();
    return new Map(rows.map((row) => [row.id, row]));
  },
  addresses: async (id: ContactId): Promise<PersonAddress[]> => {
    const rows = await db.selectFrom('contact_address').select('address').where('contactId', '=', id).execute();
    return rows.map((row) => row.address);
  },
  /**
   * The Contact of a person, made when unknown; what the messenger newly told about them is kept. `merged` is a second Contact that turned out
   * to be the same person: its addresses are this one's now, and the caller moves what else hung on it, then calls `drop`.
   */
  resolve: async (person: PersonRef, now: Date): Promise<{ contact: Contact; merged?: ContactId }> => {
    const addresses = person.alias === undefined ? [person.address] : [person.address, person.alias];
    const known = await db
      .selectFrom('contact_address')
      .select(['address', 'contactId'])
      .where('address', 'in', addresses)
      .orderBy('contactId')
      .forUpdate()
      .execute();
    const [first, second] = [...new Set(known.map((row) => row.contactId))];
    const id =
      first ??
      (
        await db
          .insertInto('contact')
          .values({ id: newId<ContactId>(now.getTime()), name: person.name ?? null, phone: person.phone ?? null })
          .returning('id')
          .executeTakeFirstOrThrow()
      ).id;
    if (second !== undefined) {
      await db.updateTable('contact_address').set({ contactId: id }).where('contactId', '=', second).execute();
      // A colleague under one of the two addresses is one under both.
      await sql`update contact set internal = true where id = ${id}
        and exists (select 1 from contact other where other.id = ${second} and other.internal)`.execute(db);
    }
    const missing = addresses.filter((address) => !known.some((row) => row.address === address));
    if (missing.length > 0) {
      await db
        .insertInto('contact_address')
        .values(missing.map((address) => ({ address, contactId: id })))
        .execute();
    }
    const before = await db.selectFrom('contact').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
    const name = person.name ?? before.name;
    const phone = person.phone ?? before.phone;
    if (name !== before.name || phone !== before.phone) {
      await db.updateTable('contact').set({ name, phone }).where('id', '=', id).execute();
    }
    const contact: Contact = { id, name, phone, internal: before.internal };
    return second === undefined ? { contact } : { contact, merged: second };
  },
  setInternal: async (id: ContactId, internal: boolean): Promise<void> => {
    await db.updateTable('contact').set({ internal }).where('id', '=', id).execute();
  },
  drop: async (id: ContactId): Promise<void> => {
    await db.deleteFrom('contact').where('id', '=', id).execute();
  },
});
