// What stands in every test's database before the test begins: the tables of all migrations, and no rows.
import type { DatabaseAddress } from '../../src/runtime/database-url.ts';
import { Store } from '../../src/store/store.ts';

/** Fills the template database, which is new and empty. Called once per run; must close its connections, or nothing can be cloned. */
export async function prepareTemplate(template: DatabaseAddress): Promise<void> {
  const store = Store.create({ address: template });
  try {
    await store.migrate(template);
    const drift = (await store.drift()).trim();
    if (drift !== '') throw new Error(`The entities ask for what no migration makes:\n${drift}`);
  } finally {
    await store.close();
  }
}
