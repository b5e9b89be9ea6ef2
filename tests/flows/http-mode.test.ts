// Slack by HTTP instead of sockets, a database over TCP, and a number linked by its pairing code: the other doors of the same road.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Person } from '../../simulators/slack/index.ts';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import { startProxy, type Proxy } from '../support/proxy.ts';
import { Town } from './town.ts';

let town: Town;
let proxy: Proxy;
let office: Phone;
let mia: Phone;
let ana: Person;

beforeAll(async () => {
  town = await Town.build();
  const { host, port, user, dbName } = town.database;
  proxy = await startProxy(host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port });
  town.settings['DATABASE_URL'] = `postgres://${user}@127.0.0.1:${proxy.port}/${dbName}`;
  town.settings['SLACK_SIGNING_SECRET'] = town.slack.signingSecret;
  delete town.settings['SLACK_APP_TOKEN'];
  office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
  mia = town.whatsapp.createPhone({ number: '4915110000002', name: 'Mia' });
  ana = town.person('Ana', 'ana@acme.test');
  await town.start();
  town.slack.setRequestUrl(`${town.url}/slack/events`);
}, 120_000);

afterAll(async () => {
  await town.close();
  await proxy.stop();
});

test('links a number by the code that its phone types', async () => {
  const { body } = await town.api('POST', '/api/v1/accounts', { name: 'Support' });
  const route = `/api/v1/accounts/${String(body['id'])}`;
  const started = await town.api('POST', `${route}/link`, { method: 'code', phone: `+${office.number}` });
  expect(started.status).toBe(202);
  const code = await town.until(async () => {
    const { body: step } = await town.api('GET', `${route}/link`);
    return step['step'] === 'code' ? String(step['code']) : undefined;
  }, 'a pairing code');
  await office.enterPairingCode(code);
  await town.until(
    async () => (await town.api('GET', route)).body['state'] === 'connected',
    'the number to be connected',
  );
  expect((await town.api('GET', `${route}/link`)).body).toMatchObject({ step: 'linked' });
});

test('carries a message and its reply when Slack calls us by signed requests', async () => {
  await mia.sendText(office, 'by HTTP');
  const channel = await town.channel('wa-mia');
  const post = await town.until(() => channel.topLevel.find(({ text }) => text.includes('by HTTP')), 'the post');
  await town.until(() => channel.members.has(ana.id), 'Ana in the channel');
  await ana.say(channel, 'answered by HTTP', { thread: post.ts });
  const received = await mia.received(({ text }) => text === 'answered by HTTP', 60_000);
  expect(mia.copiesOf(received.id)).toBe(1);
});

test('takes nothing that Slack did not sign', async () => {
  const response = await fetch(`${town.url}/slack/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-slack-request-timestamp': '1', 'x-slack-signature': 'v0=00' },
    body: JSON.stringify({ type: 'event_callback', event_id: 'Ev1' }),
  });
  expect(response.status).toBe(401);
});
