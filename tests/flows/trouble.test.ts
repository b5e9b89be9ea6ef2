// When something is wrong: each trouble has a clear sentence, and nothing else stops.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { said, channelOf, count } from './crash.ts';
import type { Person } from '../../simulators/slack/index.ts';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import { connect } from '../support/postgres.ts';
import { startProxy, type Proxy } from '../support/proxy.ts';
import { Town } from './town.ts';

let town: Town;
let proxy: Proxy;
let office: Phone;
let mia: Phone;
let leo: Phone;
let ana: Person;
let accountId: string;

beforeAll(async () => {
  town = await Town.build();
  const { host, port, user, dbName } = town.database;
  proxy = await startProxy(host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port });
  town.settings['DATABASE_URL'] = `postgres://${user}@127.0.0.1:${proxy.port}/${dbName}`;
  office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
  mia = town.whatsapp.createPhone({ number: '4915110000002', name: 'Mia' });
  leo = town.whatsapp.createPhone({ number: '4915110000003', name: 'Leo' });
  ana = town.person('Ana', 'ana@acme.test');
  await town.start();
  accountId = await town.link(office);
  await mia.sendText(office, 'first');
  await town.until(() => count(channelOf(town, 'mia'), 'first') === 1, 'the first message');
  const channel = await town.channel('wa-mia');
  await town.until(() => channel.members.has(ana.id), 'Ana in the channel');
}, 120_000);

afterAll(async () => {
  await town.close();
  await proxy.stop();
});

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

test('changes its key: with both, then with the new one alone, the number stays linked', async () => {
  const old = town.settings['ENCRYPTION_KEY'] ?? '';
  town.settings['ENCRYPTION_KEY'] = Buffer.from('89abcdef0123456789abcdef01234567').toString('base64');
  await town.stop();
  const program = await town.start({ ENCRYPTION_KEY_PREVIOUS: old });
  await program.line('ENCRYPTION_KEY_PREVIOUS is not needed any more');
  await town.stop();
  await town.start();
  await town.until(() => town.isConnected(), 'the number to be connected with the new key');
  expect((await town.api('GET', `/api/v1/accounts/${accountId}`)).body).toMatchObject({ state: 'connected' });
});

test('a reply by somebody nobody invited reaches no customer; they are told why, and are taken out again', async () => {
  const channel = await town.channel('wa-mia');
  const stranger = town.person('Stan', 'stan@elsewhere.test');
  const root = said(channel).find((message) => message.text.includes('first'))!;
  await ana.invite(channel, stranger);
  await stranger.say(channel, 'you owe us money', { thread: root.ts });
  await town.until(
    () =>
      [...stranger.privateAnswers(), ...stranger.directMessages()].some((told) =>
        JSON.stringify(told).includes('invited'),
      ),
    'the refusal',
  );
  await town.until(() => !channel.members.has(stranger.id), 'the stranger to be taken out');
  await town.quiet();
  expect(mia.inbox.filter((message) => message.text === 'you owe us money')).toEqual([]);
  const audit = await town.api('GET', '/api/v1/audit');
  expect(JSON.stringify(audit.body)).toContain('reply.refuse');
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

test('a database that goes away is waited for; what was said meanwhile comes, in order, once', async () => {
  const channel = await town.channel('wa-mia');
  const root = said(channel).find((message) => message.text.includes('first'))!;
  proxy.cut();
  await town.until(
    async () => (await town.api('GET', '/readyz')).status === 503,
    'readiness to say that there is no database',
  );
  await mia.sendText(office, 'gone 1');
  await mia.sendText(office, 'gone 2');
  await ana.say(channel, 'are you there', { thread: root.ts });
  await town.until(
    () =>
      town.program.lines.some(
        (line) =>
          line.includes('does not answer') ||
          line.includes('ECONNREFUSED') ||
          line.includes('failed and will try again'),
      ),
    'the log to say so',
  );
  proxy.mend();
  await town.until(() => count(channelOf(town, 'mia'), 'gone 2') > 0, 'the messages', 60_000);
  await mia.received((message) => message.text === 'are you there', 60_000);
  // Shorter cuts hit other moments: while keys are read, while the commit is under way.
  for (const round of [3, 5]) {
    proxy.cut();
    await mia.sendText(office, `gone ${round}`);
    await mia.sendText(office, `gone ${round + 1}`);
    proxy.mend();
    await town.until(
      () => count(channelOf(town, 'mia'), `gone ${round + 1}`) > 0,
      'the messages of a short cut',
      60_000,
    );
  }
  await town.quiet();
  const texts = said(channel)
    .map(({ text }) => /gone \d/.exec(text)?.[0])
    .filter((text) => text !== undefined);
  expect(texts).toEqual(['gone 1', 'gone 2', 'gone 3', 'gone 4', 'gone 5', 'gone 6']);
  expect(mia.inbox.filter((message) => message.text === 'are you there')).toHaveLength(1);
}, 240_000);

test('a number that is logged out is told to the admins, and another number goes on', async () => {
  const shop = town.whatsapp.createPhone({ number: '4915110000009', name: 'Acme Shop' });
  await town.link(shop, 'Shop');
  office.unlink();
  await town.until(
    async () => (await town.api('GET', `/api/v1/accounts/${accountId}`)).body['state'] === 'logged_out',
    'the log-out',
  );
  await town.until(
    () => ana.directMessages().some((message) => JSON.stringify(message).includes('logged out')),
    'Ana to be told',
  );
  await leo.sendText(shop, 'is the shop open?');
  await town.until(() => count(channelOf(town, 'leo'), 'is the shop open?') > 0, 'the other number’s message');
  await town.quiet();
  expect(count(channelOf(town, 'leo'), 'is the shop open?')).toBe(1);
});

test('a revoked Slack token is named with its fix; what comes from WhatsApp is kept and shown later', async () => {
  town.slack.revokeToken();
  await leo.sendText(
    town.whatsapp.phones.find((phone) => phone.name === 'Acme Shop')!,
    'while Slack refuses us',
  );
  await town.until(
    async () => JSON.stringify((await town.api('GET', '/readyz')).body).includes('refused'),
    'the workspace to be refused',
  );
  const workspaces = JSON.stringify((await town.api('GET', '/api/v1/workspaces')).body);
  expect(workspaces).toMatch(/token/i);
  expect(workspaces).toMatch(/SLACK_BOT_TOKEN/);
  town.slack.restoreToken();
  await town.stop();
  await town.start();
  await town.until(
    () => count(channelOf(town, 'leo'), 'while Slack refuses us') === 1,
    'the message after the token is good again',
  );
});
