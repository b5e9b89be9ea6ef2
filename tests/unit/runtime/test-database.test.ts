// The databases that tests get: real, their own, and reachable by URL from a program under test.
import { expect, test, vi } from 'vitest';
import { parseDatabaseUrl } from '../../../src/runtime/database-url.ts';
import { connect, freshDatabase } from '../../support/postgres.ts';

vi.setConfig({ testTimeout: 60_000 });

test('two databases of one run do not see each other, and each is reached by its URL', async () => {
  const [first, second] = await Promise.all([freshDatabase(), freshDatabase()]);
  const client = await connect(parseDatabaseUrl(first.url));
  await client.query('create table mine (id int)');
  await client.end();
  const other = await connect(second);
  const { rows } = await other.query(`select to_regclass('mine') as mine`);
  expect(rows).toEqual([{ mine: null }]);
  await other.end();
  await Promise.all([first.drop(), second.drop()]);
});

test('dropping ends connections that were left open', async () => {
  const database = await freshDatabase();
  const client = await connect(database);
  const ended = new Promise<Error>((resolve) => client.on('error', resolve));
  await database.drop();
  expect((await ended).message).toContain('terminating connection');
  await expect(connect(database)).rejects.toThrow('does not exist');
});
