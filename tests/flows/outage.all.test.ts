// A database that is away for half a minute, longer than the lease lasts: the program waits, takes up its work again, and nothing is lost or doubled.
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Person } from '../../simulators/slack/index.ts';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import { startProxy, type Proxy } from '../support/proxy.ts';
import { channelOf, count, said } from './crash.ts';
import { Town } from './town.ts';

const AWAY_MS = 30_000;

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
  office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
  mia = town.whatsapp.createPhone({ number: '4915110000002', name: 'Mia' });
  ana = town.person('Ana', 'ana@acme.test');
  await town.start();
  await town.link(office);
});

afterAll(async () => {
  await town.close();
  await proxy.stop();
});

test('half a minute without a database', async () => {
  await mia.sendText(office, 'before');
  const channel = await town.channel('wa-mia');
  const root = await town.until(() => said(channel).find(({ text }) => text.includes('before')), 'the first message');
  await town.until(() => channel.members.has(ana.id), 'Ana in the channel');
  proxy.cut();
  await mia.sendText(office, 'while 1');
  await ana.say(channel, 'answer', { thread: root.ts });
  // The length of the outage is what this test is about.
  await pause(AWAY_MS);
  expect((await town.api('GET', '/healthz')).status).toBe(200);
  expect((await town.api('GET', '/readyz')).body).toMatchObject({ status: 'no_database' });
  await mia.sendText(office, 'while 2');
  proxy.mend();
  await town.until(() => count(channelOf(town, 'mia'), 'while 2') > 0, 'the messages', 120_000);
  await mia.received(({ text }) => text === 'answer', 120_000);
  await town.quiet();
  const texts = said(channel).flatMap(({ text }) => /before|while \d|answer/.exec(text)?.[0] ?? []);
  expect(texts.filter((text) => text !== 'answer')).toEqual(['before', 'while 1', 'while 2']);
  expect(mia.inbox.filter(({ text }) => text === 'answer')).toHaveLength(1);
  expect((await town.api('GET', '/readyz')).status).toBe(200);
}, 400_000);
