// When something is wrong with Discord: each trouble has a clear sentence, and nothing else stops.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import { channelOf, channelWith, count, PATIENCE_MS, postWith } from './desk.ts';
import { Town } from './town.ts';
import type { TownPerson } from './workspace.ts';

let town: Town;
let office: Phone;
let mia: Phone;
let ana: TownPerson;

beforeAll(async () => {
  town = await Town.build({ workspaces: ['discord'] });
  office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
  mia = town.whatsapp.createPhone({ number: '4915110000002', name: 'Mia' });
  ana = town.desk.addPerson('Ana', 'ana@acme.test');
  await town.start();
  await town.link(office);
  await mia.sendText(office, 'first');
  await channelWith(town, 'mia', [ana]);
}, 120_000);

afterAll(() => town.close());

test('a reply by somebody nobody invited reaches no customer; they are told why, and are taken out again', async () => {
  const channel = channelOf(town.desk, 'mia')!;
  const stranger = town.desk.addPerson('Stan', 'stan@elsewhere.test');
  const root = await postWith(town, 'mia', 'first');
  await town.desk.letIn(channel, ana, stranger);
  await stranger.say(channel, 'you owe us money', { replyTo: root });
  await town.until(() => stranger.toldPrivately().some((told) => told.includes('invited')), 'the refusal', PATIENCE_MS);
  await town.until(() => !channel.has(stranger), 'the stranger to be taken out', PATIENCE_MS);
  await town.quiet();
  expect(mia.inbox.filter((message) => message.text === 'you owe us money')).toEqual([]);
  expect(JSON.stringify((await town.api('GET', '/api/v1/audit')).body)).toContain('reply.refuse');
});

test('a revoked token is named with its fix; what comes from WhatsApp is kept and shown once it is good again', async () => {
  town.desk.revokeToken();
  await mia.sendText(office, 'while Discord refuses us');
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
  await postWith(town, 'mia', 'while Discord refuses us');
  await town.quiet();
  expect(count(channelOf(town.desk, 'mia'), 'while Discord refuses us')).toBe(1);
}, 180_000);
