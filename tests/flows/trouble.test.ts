// What the program refuses to start with, each in a sentence; how its key changes; and a disk that is full.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatDatabaseUrl } from '../../src/runtime/database-url.ts';
import { channelOf, count } from './crash.ts';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import { connect } from '../support/postgres.ts';
import { Town } from './town.ts';

let town: Town;
let office: Phone;
let mia: Phone;
let accountId: string;

beforeAll(async () => {
  town = await Town.build();
  office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
  mia = town.whatsapp.createPhone({ number: '4915110000002', name: 'Mia' });
  await town.start();
  accountId = await town.link(office);
  await mia.sendText(office, 'first');
  await town.until(() => count(channelOf(town, 'mia'), 'first') === 1, 'the first message');
}, 120_000);

afterAll(() => town.close());

test('names every wrong setting at once and starts nothing', async () => {
  const program = town.run({
    PORT: 'eighty',
    ADMIN_EMAILS: 'nobody',
    WHATSAPP_WEBSOCKET_URL: 'wss://elsewhere.test/',
    ALLOW_CUSTOM_WHATSAPP_ENDPOINT: '',
  });
  expect(await program.ended).toBe(1);
  const output = program.lines.join('\n');
  expect(output).toContain('4 settings are wrong');
  for (const setting of ['PORT', 'ADMIN_EMAILS', 'WHATSAPP_WEBSOCKET_URL', 'WHATSAPP_NOISE_ROOT'])
    expect(output).toContain(setting);
  town.forget(program);
});

test('says in a sentence when its port is taken', async () => {
  const program = town.run({ PORT: new URL(town.url).port });
  expect(await program.ended).toBe(1);
  expect(program.lines.join('\n')).toContain('choose another PORT');
  town.forget(program);
});

test('refuses to start with another key than the database’s', async () => {
  const program = town.run({ ENCRYPTION_KEY: Buffer.from('fedcba9876543210fedcba9876543210').toString('base64') });
  expect(await program.ended).toBe(1);
  expect(program.lines.join('\n')).toContain('ENCRYPTION_KEY is not the key of this database');
  town.forget(program);
});

test('ends, and says why, when the database forbids what it needs', async () => {
  const role = 'who_may_nothing';
  const sql = await town.sql();
  await sql.query(`drop role if exists ${role}`);
  await sql.query(`create role ${role} login password 'p'`);
  await sql.end();
  const program = town.run({ DATABASE_URL: formatDatabaseUrl({ ...town.database, user: role, password: 'p' }) });
  expect(await program.ended).toBe(1);
  expect(program.lines.join('\n')).toContain('permission denied');
  town.forget(program);
});

test('changes its key: with both, then with the new one alone, the number stays linked', async () => {
  const old = town.settings['ENCRYPTION_KEY'] ?? '';
  town.settings['ENCRYPTION_KEY'] = Buffer.from('89abcdef0123456789abcdef01234567').toString('base64');
  await town.stop();
  const program = await town.start({ ENCRYPTION_KEY_PREVIOUS: old });
  await program.line('ENCRYPTION_KEY_PREVIOUS is not needed any more');
  await town.stop();
  await town.start();
  const isConnected = async () =>
    (await town.api('GET', `/api/v1/accounts/${accountId}`)).body['state'] === 'connected';
  await town.until(isConnected, 'the number to be connected with the new key');
  expect(await isConnected()).toBe(true);
});

test('a full disk holds messages back at their sender, and loses none', async () => {
  const client = await connect(town.database);
  client.on('error', () => undefined);
  await client.query(`create function disk_full() returns trigger language plpgsql as
    $$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$`);
  await client.query('create trigger disk_full before insert on arrival execute function disk_full()');
  await mia.sendText(office, 'while the disk is full');
  await town.until(() => town.program.lines.some((line) => line.includes('53100')), 'the log to name the full disk');
  expect((await town.api('GET', '/healthz')).status).toBe(200);
  await client.query('drop trigger disk_full on arrival');
  await client.end();
  await town.until(
    () => count(channelOf(town, 'mia'), 'while the disk is full') === 1,
    'the message, once the disk has room',
    60_000,
  );
});
