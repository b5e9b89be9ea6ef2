// `npm run audit:verify`: walks the chain of the audit log and says whether anything in it was changed or taken out.
import path from 'node:path';
import { parseDatabaseUrl } from '../runtime/database-url.ts';
import { createLog } from '../runtime/log.ts';
import { startPostgres } from '../runtime/postgres.ts';
import { Store } from '../store/store.ts';
import { verifyAuditChain } from './audit-chain.ts';

const url = process.env['DATABASE_URL'];
const log = createLog({ level: 'warn' });
const embedded = url
  ? undefined
  : await startPostgres({ dataDir: path.resolve(process.env['DATA_DIR'] ?? 'data'), log });
const store = Store.create({ address: embedded ?? parseDatabaseUrl(url ?? '') });
try {
  const { checked, waiting, broken } = await verifyAuditChain(store);
  const tail = waiting === 0 ? '' : `; ${waiting} of the newest are not chained yet`;
  if (broken === undefined) process.stdout.write(`${checked} entries, all as they were written${tail}\n`);
  else
    process.stdout.write(
      `The audit log was changed: ${JSON.stringify(broken)} (${checked} entries before it are good)\n`,
    );
  process.exitCode = broken === undefined ? 0 : 1;
} finally {
  await store.close();
  await embedded?.stop();
}
