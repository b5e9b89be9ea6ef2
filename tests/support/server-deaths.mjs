// Preloaded into the program by the tests of its start: counts its statements to the embedded PostgreSQL, and kills that server at one.
import { appendFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';

/** At which statement the server dies, from 1; at 0 it lives. */
const dieAt = Number(process.env.SERVER_DIES_AT ?? 0);
/** Where a line is written for each statement. */
const log = process.env.STATEMENT_LOG;

let count = 0;
const clients = new Set();

function killServer() {
  const [pid] = readFileSync(path.join(process.env.DATA_DIR, 'pg18/postmaster.pid'), 'utf8').split('\n');
  process.kill(Number(pid), 'SIGKILL');
  process.stderr.write('the server was killed\n');
  // Its sessions end a moment later by themselves; at once, so that it's this statement that fails.
  for (const client of clients) client.connection.stream.destroy();
}

const query = pg.Client.prototype.query;
pg.Client.prototype.query = function (...args) {
  clients.add(this);
  count += 1;
  if (log !== undefined) appendFileSync(log, `${count}\n`);
  if (count === dieAt) killServer();
  return query.apply(this, args);
};
