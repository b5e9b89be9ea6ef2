// A process that works under a lease: acts as often as it can while the lease is valid. Run by lease.test.ts.
import { Client } from 'pg';
import { parseDatabaseUrl } from '../../../../src/runtime/database-url.ts';
import { Lease } from '../../../../src/runtime/lease.ts';
import { createLog } from '../../../../src/runtime/log.ts';
import { systemClock } from '../../../../src/runtime/time.ts';

const [url = '', owner = '', ttlMs = ''] = process.argv.slice(2);
const { dbName: database, ...address } = parseDatabaseUrl(url);
const client = new Client({ ...address, database });
await client.connect();

const lease = new Lease({
  query: async (sql, parameters) => (await client.query(sql, [...parameters])).rows,
  name: 'work',
  owner,
  clock: systemClock,
  log: createLog({ level: 'silent' }),
  ttlMs: Number(ttlMs),
  renewMs: Number(ttlMs) / 3,
});

const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());

while (await lease.acquire(stop.signal)) {
  const { fence, lost } = lease;
  process.stdout.write(`acquired ${fence}\n`);
  while (!lost.aborted && !stop.signal.aborted) {
    // As a send would be: what others see is decided in the same turn in which valid() was asked, and at that moment.
    const decidedAt = new Date();
    if (lease.valid())
      await client.query('insert into act (owner, fence, decided_at) values ($1, $2, $3)', [
        owner,
        String(fence),
        decidedAt,
      ]);
    await systemClock.sleep(5);
  }
  process.stdout.write(lost.aborted ? 'lost\n' : 'stopping\n');
}
await lease.release();
await client.end();
