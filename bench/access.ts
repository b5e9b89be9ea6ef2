// `npm run bench:access`: how long somebody whose access was taken stays in a channel, and what the rules cost over a large installation. Prints
// tables; docs/performance.md says how to read them. BENCH_CHATS makes the installation smaller.
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createLog } from '../src/runtime/log.ts';
import { startPostgres } from '../src/runtime/postgres.ts';
import { createDatabase, dropDatabase, type TestDatabase } from '../tests/support/postgres.ts';
import { formatDatabaseUrl } from '../src/runtime/database-url.ts';
import { oneChat, manyChats } from './access-removals.ts';
import { rules } from './access-rules.ts';

const CHAT_COUNT = Number(process.env['BENCH_CHATS'] ?? 100_000);

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const dataDir = await mkdtemp(path.join(os.tmpdir(), 'switchboard-bench-'));
const server = await startPostgres({ dataDir, log: createLog({ level: 'warn' }) });
try {
  let count = 0;
  const fresh = async (): Promise<TestDatabase> => {
    count += 1;
    const { host, port, user } = server;
    const address = { host, port, user, dbName: `bench_${count}` };
    await createDatabase(address, address.dbName);
    return { ...address, url: formatDatabaseUrl(address), drop: () => dropDatabase(address, address.dbName) };
  };
  say(
    `Node ${process.version}, ${os.cpus().length} × ${os.cpus()[0]?.model.trim() ?? 'unknown'}, embedded PostgreSQL\n`,
  );
  say('From the commit of a revocation to the person being out, one chat, 40 times (ms)');
  for (const line of await oneChat(await fresh())) say(line);
  say('\nOne person loses 500 chats at once, Slack’s tiers kept, on a clock 12 times as fast (simulated seconds)');
  for (const line of await manyChats(await fresh())) say(line);
  say(`\nThe rules over ${CHAT_COUNT} chats × 500 members × 200 labels (ms; “plain” is the query beside it)`);
  for await (const line of rules(await fresh(), CHAT_COUNT)) say(line);
} finally {
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}
