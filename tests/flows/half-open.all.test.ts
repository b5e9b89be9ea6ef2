// Connections that look open and carry nothing: WhatsApp's, Slack's and Discord's all notice it, come back, and lose nothing.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import { channelOf, channelWith, postWith, texts } from './desk.ts';
import { Town } from './town.ts';
import type { TownPerson, TownWorkspace } from './workspace.ts';

/** Baileys asks every 30 seconds whether anybody is there, discord.js every 41: twice that, and a machine that is busy. */
const NOTICED_MS = 240_000;

let town: Town;
let office: Phone;
let agents: ReadonlyMap<TownWorkspace, TownPerson>;

beforeAll(async () => {
  town = await Town.build({ workspaces: ['slack', 'discord'] });
  office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
  agents = new Map(town.workspaces.map((desk) => [desk, desk.addPerson('Ana', 'ana@acme.test')]));
  await town.start();
  await town.link(office);
});

afterAll(() => town.close());

test('half-open connections on all sides are noticed, and what was said meanwhile comes in order, once', async () => {
  const mia = town.whatsapp.createPhone({ number: '4915110000002', name: 'Mia' });
  await mia.sendText(office, 'asks 0');
  const roots = [];
  for (const [desk, agent] of agents) {
    const channel = await channelWith(town, 'mia', [agent], desk);
    roots.push({ desk, agent, channel, root: await postWith(town, 'mia', 'asks 0', desk) });
  }
  await town.quiet();
  town.whatsapp.faults.cut(office, 'half-open');
  for (const desk of town.workspaces) desk.freezeConnection();
  for (const text of ['asks 1', 'asks 2']) await mia.sendText(office, text);
  for (const { desk, agent, channel, root } of roots) {
    for (const n of [1, 2]) await agent.say(channel, `${desk.platform} tells ${n}`, { replyTo: root });
  }
  const told = (platform: string) =>
    mia.inbox.filter(({ fromMe, text }) => !fromMe && text.startsWith(`${platform} tells`)).map(({ text }) => text);
  for (const { desk } of roots) {
    await postWith(town, 'mia', 'asks 2', desk, NOTICED_MS);
    await town.until(() => told(desk.platform).length >= 2, `the replies from ${desk.platform}`, NOTICED_MS);
  }
  await town.until(() => town.isConnected(), 'everything to be connected again', NOTICED_MS);
  await town.quiet();
  for (const { desk } of roots) {
    const asked = texts(channelOf(desk, 'mia')).filter((text) => text.startsWith('asks'));
    expect(asked, `shown in ${desk.platform}`).toEqual(['asks 0', 'asks 1', 'asks 2']);
    expect(told(desk.platform)).toEqual([`${desk.platform} tells 1`, `${desk.platform} tells 2`]);
  }
}, 600_000);
