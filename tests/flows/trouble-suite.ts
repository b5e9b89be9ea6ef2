// When something is wrong while people work: each trouble has a clear sentence, nothing else stops, and nothing is lost.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import { startProxy, type Proxy } from '../support/proxy.ts';
import { channelOf, channelWith, count, PATIENCE_MS, postWith, texts } from './desk.ts';
import { Town } from './town.ts';
import type { PlatformName, TownPerson } from './workspace.ts';

export function troubleSuite(platform: PlatformName): void {
  let town: Town;
  let proxy: Proxy;
  let office: Phone;
  let shop: Phone;
  let mia: Phone;
  let leo: Phone;
  let ana: TownPerson;
  let accountId: string;

  beforeAll(async () => {
    town = await Town.build({ workspaces: [platform] });
    const { host, port, user, dbName } = town.database;
    proxy = await startProxy(host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port });
    town.settings['DATABASE_URL'] = `postgres://${user}@127.0.0.1:${proxy.port}/${dbName}`;
    office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
    mia = town.whatsapp.createPhone({ number: '4915110000002', name: 'Mia' });
    leo = town.whatsapp.createPhone({ number: '4915110000003', name: 'Leo' });
    shop = town.whatsapp.createPhone({ number: '4915110000009', name: 'Acme Shop' });
    ana = town.desk.addPerson('Ana', 'ana@acme.test');
    await town.start();
    accountId = await town.link(office);
    await mia.sendText(office, 'first');
    await channelWith(town, 'mia', [ana]);
  }, 120_000);

  afterAll(async () => {
    await town.close();
    await proxy.stop();
  });

  test('a reply by somebody nobody invited reaches no customer; they are told why, and are taken out again', async () => {
    const channel = channelOf(town.desk, 'mia')!;
    const stranger = town.desk.addPerson('Stan', 'stan@elsewhere.test');
    const root = await postWith(town, 'mia', 'first');
    await town.desk.letIn(channel, ana, stranger);
    await stranger.say(channel, 'you owe us money', { replyTo: root });
    const isTold = (): boolean => stranger.toldPrivately().some((told) => told.includes('invited'));
    await town.until(isTold, 'the refusal', PATIENCE_MS);
    await town.until(() => !channel.has(stranger), 'the stranger to be taken out', PATIENCE_MS);
    await town.quiet();
    expect(mia.inbox.filter((message) => message.text === 'you owe us money')).toEqual([]);
    expect(JSON.stringify((await town.api('GET', '/api/v1/audit')).body)).toContain('reply.refuse');
  });

  test('a database that goes away is waited for; what was said meanwhile comes, in order, once', async () => {
    const channel = channelOf(town.desk, 'mia')!;
    const root = await postWith(town, 'mia', 'first');
    proxy.cut();
    await town.until(
      async () => (await town.api('GET', '/readyz')).status === 503,
      'readiness to say that there is no database',
    );
    await mia.sendText(office, 'gone 1');
    await mia.sendText(office, 'gone 2');
    await ana.say(channel, 'are you there', { replyTo: root });
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
    await postWith(town, 'mia', 'gone 2');
    await mia.received((message) => message.text === 'are you there', PATIENCE_MS);
    // Shorter cuts hit other moments: while keys are read, while the commit is under way.
    for (const round of [3, 5]) {
      proxy.cut();
      await mia.sendText(office, `gone ${round}`);
      await mia.sendText(office, `gone ${round + 1}`);
      proxy.mend();
      await postWith(town, 'mia', `gone ${round + 1}`);
    }
    await town.quiet();
    expect(texts(channel).flatMap((text) => /gone \d/.exec(text)?.[0] ?? [])).toEqual([
      'gone 1',
      'gone 2',
      'gone 3',
      'gone 4',
      'gone 5',
      'gone 6',
    ]);
    expect(mia.inbox.filter((message) => message.text === 'are you there')).toHaveLength(1);
  }, 240_000);

  test('a number that is logged out is told to the admins, and another number goes on', async () => {
    await town.link(shop, 'Shop');
    office.unlink();
    await town.until(
      async () => (await town.api('GET', `/api/v1/accounts/${accountId}`)).body['state'] === 'logged_out',
      'the log-out',
    );
    const isTold = (): boolean => ana.directMessages().some((told) => told.includes('logged out'));
    await town.until(isTold, 'Ana to be told', PATIENCE_MS);
    await leo.sendText(shop, 'is the shop open?');
    await postWith(town, 'leo', 'is the shop open?');
    await town.quiet();
    expect(count(channelOf(town.desk, 'leo'), 'is the shop open?')).toBe(1);
  });

  test('a revoked token is named with its fix; what comes from WhatsApp is kept and shown once it is good again', async () => {
    town.desk.revokeToken();
    await leo.sendText(shop, 'while we are refused');
    await town.until(
      async () => JSON.stringify((await town.api('GET', '/readyz')).body).includes('refused'),
      'the workspace to be refused',
      PATIENCE_MS,
    );
    const workspaces = JSON.stringify((await town.api('GET', '/api/v1/workspaces')).body);
    expect(workspaces).toMatch(/token/i);
    expect(workspaces).toContain(town.desk.tokenSetting);
    town.desk.restoreToken();
    await town.stop();
    await town.start();
    await postWith(town, 'leo', 'while we are refused');
    await town.quiet();
    expect(count(channelOf(town.desk, 'leo'), 'while we are refused')).toBe(1);
  }, 180_000);
}
