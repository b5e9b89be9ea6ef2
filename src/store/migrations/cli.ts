// `npm run db:create` prints the SQL that would make the tables match the entities; `npm run db:check` fails when they don't.
import { parseDatabaseUrl } from '../../runtime/database-url.ts';
import { Store } from '../store.ts';

const url = process.env['DATABASE_URL'];
if (url === undefined) throw new Error('Set DATABASE_URL to an empty database for this.');
const address = parseDatabaseUrl(url);
const store = Store.create({ address });
try {
  await store.migrate(address);
  const drift = (await store.drift()).trim();
  if (process.argv[2] === 'create') {
    console.log(drift);
  } else if (drift !== '') {
    console.error(`The entities ask for what no migration makes:\n${drift}`);
    process.exitCode = 1;
  }
} finally {
  await store.close();
}
