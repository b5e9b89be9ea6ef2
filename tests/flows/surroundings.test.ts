// What the program stands on goes wrong: a database that is slow, read-only, out of connections or full, and a clock that jumps.
import type { Client } from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Channel, Person } from '../../simulators/slack/index.ts';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import { startProxy, type Proxy } from '../support/proxy.ts';
import { channelOf } from './crash.ts';
import { PATIENCE_MS, postWith, texts } from './look.ts';
import { Town } from './town.ts';

const PRELOAD = new URL('../support/clock-jump.mjs', import.meta.url).pathname;
const HOUR_MS = 60 * 60_000;
const ROLE = 'program_under_test';

let town: Town;
let proxy: Proxy;
let office: Phone;
let mia: Phone;
let ana: Person;
let channel: Channel;
let root: string;
/** The server's superuser, past the proxy. */
let server: Client;

beforeAll(async () => {
  town = await Town.build();
  const { host, port, dbName } = town.database;
  proxy = await startProxy(host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port });
  server = await town.sql();
  // Limits on connections and read-only databases don't bind a superuser.
  await server.query(`drop role if exists ${ROLE}`);
  await server.query(`create role ${ROLE} login password 'p'`);
  await server.query(`grant all on schema public to ${ROLE}`);
  await server.query(`grant all on all tables in schema public to ${ROLE}`);
  await server.query(`grant all on all sequences in schema public to ${ROLE}`);
  town.settings['DATABASE_URL'] = `postgres://${ROLE}:p@127.0.0.1:${proxy.port}/${dbName}`;
  office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
  mia = town.whatsapp.createPhone({ number: '4915110000002', name: 'Mia' });
  ana = town.person('Ana', 'ana@acme.test');
  await town.start({ CLOCK_JUMPS: `${HOUR_MS},${-HOUR_MS},${-HOUR_MS},${HOUR_MS}` }, ['--import', PRELOAD]);
  await town.link(office);
  await mia.sendText(office, 'hello');
  root = (await postWith(town, 'mia', 'hello')).ts;
  channel = channelOf(town, 'mia')!;
  await town.until(() => channel.members.has(ana.id), 'Ana in the channel', PATIENCE_MS);
  await town.quiet();
});

afterAll(async () => {
  await server.end();
  await town.close();
  await proxy.stop();
});

/** Both sides say three things. */
async function speak(word: string): Promise<void> {
  for (const number of [1, 2, 3]) {
    await mia.sendText(office, `${word} question ${number}`);
    await ana.say(channel, `${word} answer ${number}`, { thread: root });
  }
}

const numbered = (what: string): string[] => [1, 2, 3].map((number) => `${what} ${number}`);

/** What came through of it, once all of it has, or nothing more comes. */
async function outcome(word: string): Promise<{ readonly questions: string[]; readonly answers: string[] }> {
  await postWith(town, 'mia', `${word} question 3`);
  await mia.received((message) => message.text === `${word} answer 3`, PATIENCE_MS);
  await town.quiet();
  const answers = mia.inbox.filter(({ text }) => text.startsWith(`${word} answer`));
  return {
    questions: texts(channel).filter((text) => text.startsWith(`${word} question`)),
    answers: answers.flatMap(({ text, copies }) => Array.from({ length: copies }, () => text)),
  };
}

/** All of it, in order, once. */
const whole = (word: string) => ({
  questions: numbered(`${word} question`),
  answers: numbered(`${word} answer`),
});

const endConnections = (): Promise<unknown> =>
  server.query(`select pg_terminate_backend(pid) from pg_stat_activity where usename = '${ROLE}'`);

const logged = (code: string): Promise<unknown> =>
  town.until(() => town.program.lines.some((line) => line.includes(code)), `the log to name ${code}`);

test('a slow database slows things down, and that is all', async () => {
  onTestFinished(() => proxy.mend());
  proxy.slow(10);
  await speak('slow');
  expect(await outcome('slow')).toEqual(whole('slow'));
}, 120_000);

test('a read-only database is waited out', async () => {
  const { dbName } = town.database;
  onTestFinished(async () => void (await server.query(`alter database ${dbName} reset default_transaction_read_only`)));
  await server.query(`alter database ${dbName} set default_transaction_read_only = on`);
  await endConnections();
  await speak('read-only');
  await logged('25006');
  await server.query(`alter database ${dbName} reset default_transaction_read_only`);
  await endConnections();
  expect(await outcome('read-only')).toEqual(whole('read-only'));
}, 120_000);

test('a database without a free connection is waited out', async () => {
  onTestFinished(async () => void (await server.query(`alter role ${ROLE} connection limit -1`)));
  await server.query(`alter role ${ROLE} connection limit 0`);
  await endConnections();
  await speak('crowded');
  await logged('53300');
  await server.query(`alter role ${ROLE} connection limit -1`);
  expect(await outcome('crowded')).toEqual(whole('crowded'));
}, 120_000);

test('a full database is waited out, wherever in their work the disk ends', async () => {
  // Not a full disk, but what PostgreSQL says of one, by every table at once.
  await server.query(`create function disk_full() returns trigger language plpgsql as
    $$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$`);
  const { rows } = await server.query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'public'`,
  );
  const mend = async (): Promise<void> => {
    for (const { name } of rows) await server.query(`drop trigger if exists disk_full on "${name}"`);
  };
  onTestFinished(mend);
  // The first posts are under way when the disk ends.
  town.slack.faults.call('chat.postMessage', { kind: 'slow', ms: 300 });
  const asked = town.slack.requests.length;
  const spoken = speak('full');
  await town.until(
    () => town.slack.requests.slice(asked).some(({ method }) => method === 'chat.postMessage'),
    'the first post',
  );
  for (const { name } of rows) {
    await server.query(
      `create trigger disk_full before insert or update on "${name}" for each statement execute function disk_full()`,
    );
  }
  await spoken;
  await logged('53100');
  expect((await town.api('GET', '/healthz')).status).toBe(200);
  await mend();
  expect(await outcome('full')).toEqual(whole('full'));
}, 120_000);

test('a clock that jumps ahead and back by an hour holds nothing up, and doubles nothing', async () => {
  const jump = async (offsetMs: number): Promise<void> => {
    const count = town.program.lines.length;
    town.program.signal('SIGUSR2');
    await town.until(
      () => town.program.lines.slice(count).some((line) => line.includes(`"offsetMs":${offsetMs}`)),
      'the clock to jump',
    );
  };
  await jump(HOUR_MS);
  await speak('ahead');
  expect(await outcome('ahead')).toEqual(whole('ahead'));
  await jump(0);
  await speak('back');
  expect(await outcome('back')).toEqual(whole('back'));
  await jump(-HOUR_MS);
  await speak('behind');
  expect(await outcome('behind')).toEqual(whole('behind'));
  await jump(0);
  await speak('right');
  expect(await outcome('right')).toEqual(whole('right'));
}, 180_000);
