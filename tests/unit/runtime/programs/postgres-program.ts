// A process that owns an embedded PostgreSQL and writes numbered rows to it, telling each one that was committed. Run by postgres.test.ts.
import { Client } from 'pg';
import { createLog } from '../../../../src/runtime/log.ts';
import { PostgresError, startPostgres } from '../../../../src/runtime/postgres.ts';

const [dataDir = ''] = process.argv.slice(2);
try {
  const server = await startPostgres({ dataDir, log: createLog({ level: 'info' }) });
  process.stdout.write(`serving ${server.pid} ${server.host}\n`);
  const stopping = new AbortController();
  process.once('SIGTERM', () => stopping.abort());
  const client = new Client({ host: server.host, port: server.port, user: server.user, database: server.dbName });
  await client.connect();
  await client.query('create table if not exists kept (id bigserial primary key)');
  while (!stopping.signal.aborted) {
    const { rows } = await client.query<{ id: string }>('insert into kept default values returning id');
    process.stdout.write(`committed ${rows[0]?.id}\n`);
  }
  await client.end();
  await server.stop();
  process.stdout.write('stopped\n');
} catch (error) {
  process.stdout.write(error instanceof PostgresError ? `refused: ${error.message}\n` : `failed: ${String(error)}\n`);
  process.exitCode = 1;
}
