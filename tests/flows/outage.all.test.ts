// A database that is away for half a minute, longer than the lease lasts: the program waits, takes up its work again, and nothing is lost or doubled in either place.
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import { startProxy, type Proxy } from '../support/proxy.ts';
import { channelOf, channelWith, postWith, texts } from './desk.ts';
import { Town } from './town.ts';
import type { TownPerson, TownWorkspace } from './workspace.ts';

const AWAY_MS = 30_000;

let town: Town;
let proxy: Proxy;
let office: Phone;
let mia: Phone;
let agents: readonly { readonly desk: TownWorkspace; readonly ana: TownPerson }[];

beforeAll(async () => {
  town = await Town.build({ workspaces: ['slack', 'discord'] });
  const { host, port, user, dbName } = town.database;
  proxy = await startProxy(host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port });
  town.settings['DATABASE_URL'] = `postgres://${user}@127.0.0.1:${proxy.port}/${dbName}`;
  office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
  mia = town.whatsapp.createPhone({ number: '4915110000002', name: 'Mia' });
  agents = town.workspaces.map((desk) => ({ desk, ana: desk.addPerson('Ana', 'ana@acme.test') }));
  await town.start();
  await town.link(office);
});

afterAll(async () => {
  await town.close();
  await proxy.stop();
});

test('half a minute without a database', async () => {
  await mia.sendText(office, 'before');
  for (const { desk, ana } of agents) await channelWith(town, 'mia', [ana], desk);
  const roots = await Promise.all(agents.map(({ desk }) => postWith(town, 'mia', 'before', desk)));
  proxy.cut();
  await mia.sendText(office, 'while 1');
  for (const [index, { desk, ana }] of agents.entries()) {
    await ana.say(channelOf(desk, 'mia')!, `answer from ${desk.platform}`, { replyTo: roots[index]! });
  }
  // The length of the outage is what this test is about.
  await pause(AWAY_MS);
  expect((await town.api('GET', '/healthz')).status).toBe(200);
  expect((await town.api('GET', '/readyz')).body).toMatchObject({ status: 'no_database' });
  await mia.sendText(office, 'while 2');
  proxy.mend();
  for (const { desk } of agents) {
    await postWith(town, 'mia', 'while 2', desk, 120_000);
    await mia.received(({ text }) => text === `answer from ${desk.platform}`, 120_000);
  }
  await town.quiet();
  for (const { desk } of agents) {
    const said = texts(channelOf(desk, 'mia')).filter((text) => /^(before|while \d)$/.test(text));
    expect(said).toEqual(['before', 'while 1', 'while 2']);
    expect(mia.inbox.filter(({ text }) => text === `answer from ${desk.platform}`)).toHaveLength(1);
  }
  expect((await town.api('GET', '/readyz')).status).toBe(200);
}, 400_000);
