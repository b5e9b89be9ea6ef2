// What stands in every test's database before the test begins.
import type { DatabaseAddress } from '../../src/runtime/database-url.ts';

/** Fills the template database, which is new and empty. Called once per run; must close its connections, or nothing can be cloned. */
export async function prepareTemplate(_template: DatabaseAddress): Promise<void> {}
