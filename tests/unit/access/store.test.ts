import { afterAll, expect, test } from 'vitest';
import { Store } from '../../../src/store/store.ts';
import { freshDatabase } from '../../support/postgres.ts';

const database = await freshDatabase();
const store = Store.create({ address: database });
afterAll(async () => {
  await store.close();
  await database.drop();
});

test('the migrations make what the entities say', async () => {
  await store.migrate(database);
  expect((await store.drift()).trim()).toBe('');
});
