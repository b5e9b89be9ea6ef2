// A change for many chats under Slack's rate limits, on a clock that runs faster: the answer says how far it is, until all of it is done.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSlack, type Ephemeral, type SlackSimulator } from '../../simulators/slack/index.ts';
import { Access } from '../../src/access/access.ts';
import { Bridge } from '../../src/bridge/bridge.ts';
import { Commands } from '../../src/commands/commands.ts';
import { commandTree } from '../../src/commands/tree.ts';
import { as, type AccountId, type ChatAddress, type MirrorId, type WorkspaceId } from '../../src/domain/ids.ts';
import type { ChatPlatform } from '../../src/platforms/platform.ts';
import { createSlack } from '../../src/platforms/slack/index.ts';
import { createLog } from '../../src/runtime/log.ts';
import { systemClock, type Clock } from '../../src/runtime/time.ts';
import { newId } from '../../src/store/db.ts';
import { Store } from '../../src/store/store.ts';
import { facadesOver } from '../support/facades.ts';
import { FakeMessenger } from '../support/fake-messenger.ts';
import { FakeNetwork } from '../support/fake-network.ts';
import { MemorySessions } from '../support/memory-sessions.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';
import { until } from './access-estate.ts';
import { buttonsIn, read } from './slack-workspace.ts';

/** More than Slack lets be removed in a minute (50), which takes this clock four seconds. */
const CHATS = 70;
const SPEED = 15;
const BY = { kind: 'program', source: 'program' } as const;
const WAIT_MS = 40_000;

const [wallMs, monotonicMs] = [Date.now(), systemClock.monotonicMs()];
const clock: Clock = {
  now: () => new Date(wallMs + (Date.now() - wallMs) * SPEED),
  monotonicMs: () => monotonicMs + (systemClock.monotonicMs() - monotonicMs) * SPEED,
  sleep: (ms, signal) => systemClock.sleep(ms / SPEED, signal),
};

let slack: SlackSimulator;
let database: TestDatabase;
let store: Store;
let access: Access;
let platform: ChatPlatform;
const channels: string[] = [];

beforeAll(async () => {
  [slack, database] = await Promise.all([startSlack({ now: () => clock.now().getTime() }), freshDatabase()]);
  store = Store.create({ address: database });
  await store.migrate(database);
  const log = createLog({ level: 'silent' });
  const { id: workspaceId } = await store.read.workspaces.fromEnvironment('slack', clock.now());
  const { botToken, appToken, apiUrl } = slack;
  platform = createSlack({ botToken, appToken, apiUrl, clock, log });
  const platforms = new Map<WorkspaceId, ChatPlatform>([[workspaceId, platform]]);
  access = new Access({ store, platforms, clock, log });
  const facades = facadesOver({ store, access, clock, log });
  const bridge = new Bridge({
    ...facades,
    digestPost: (id) => facades.metrics.post(id),
    store,
    messenger: new FakeMessenger(new FakeNetwork(), new MemorySessions()),
    platforms,
    access,
    lease: { valid: () => true, fence: 1n },
    clock,
    log,
    linkToFile: String,
  });
  const answer = platform.answer.bind(platform);
  const commands = new Commands({ store, bridge, access, ...facades, clock, answer: async (_id, ref, given) => answer(ref, given) }); // prettier-ignore
  await platform.start({
    commands: commandTree,
    onEvent: async (event) => {
      if (event.kind === 'asked') await commands.handle(workspaceId, event.request);
    },
    onState: () => undefined,
  });
  await store.read.agents.ensureAdmin('ana@acme.test', clock.now());
  const accountId = newId<AccountId>(clock.now().getTime());
  await store.read.accounts.create({ id: accountId, name: 'Main' });
  for (let count = 0; count < CHATS; count += 1) {
    const ref = { address: as<ChatAddress>(`chat-${count}`), kind: 'group', name: `Chat ${count}` } as const;
    const { chat } = await store.transaction((tx) => tx.chats.resolve(accountId, ref, null, clock.now()));
    const { id } = await store.read.mirrors.ensure(chat.id, workspaceId, clock.now());
    const opened = await platform.openChannel({ mirror: as<MirrorId>(id), name: `wa-${count}`, topic: '' });
    const channel = { channelId: opened.channel, channelName: opened.name, url: null };
    await store.read.mirrors.opened(id, channel, clock.now());
    channels.push(opened.channel);
  }
}, 60_000);

afterAll(async () => {
  await access.stop();
  await platform.stop();
  await slack.stop();
  await store.close();
  await database.drop();
});

test('somebody loses seventy chats at once: refused at once, out at Slack’s pace, and the answer tells how far it is', async () => {
  const [ana, ben] = [
    slack.addPerson({ name: 'Ana', email: 'ana@acme.test' }),
    slack.addPerson({ name: 'Ben', email: 'ben@acme.test' }),
  ];
  const lobby = await ana.create('lobby');
  await ana.invite(lobby, slack.bot);
  await access.createLabel({ name: 'VIP' }, BY);
  await access.apply({ kind: 'label', chats: { filter: {} }, labels: ['VIP'] }, BY);
  await access.invite({ emails: ben.email, role: 'member', labels: ['VIP'] }, BY);
  const inside = () => channels.filter((channel) => slack.channel(channel).members.has(ben.id)).length;
  access.start();
  await until(() => inside() === CHATS, 'Ben in all channels', WAIT_MS);
  while ((await access.progress()).length > 0) await systemClock.sleep(20);

  const told = async (count: number): Promise<Ephemeral> =>
    until(() => ana.privateAnswers()[count - 1], `answer ${count}`, WAIT_MS);
  const press = async (answer: Ephemeral, label: string) => {
    const button = buttonsIn(answer.blocks ?? []).find((each) => each.label === label);
    expect(button).toBeDefined();
    await ana.click({ ...answer, user: ana.id }, button!.action);
  };
  slack.faults.rateLimits = true;
  await ana.slashCommand(lobby, '/wa', 'revoke ben@acme.test label:VIP');
  const preview = await told(1);
  expect(read(preview)).toContain('Nothing is changed yet.');
  await press(preview, 'Do it');

  let count = 2;
  let answer = await told(count);
  expect(read(answer)).toContain('Taken back from ben@acme.test');
  const seen: number[] = [];
  for (;;) {
    const waiting = /(\d+) channels? here (?:is|are) still being put right/.exec(read(answer))?.[1];
    if (waiting === undefined) break;
    seen.push(Number(waiting));
    expect(read(answer)).toContain('Replies are refused already.');
    await press(answer, 'How far is it?');
    count += 1;
    answer = await told(count);
  }
  expect(seen[0] ?? 0).toBeGreaterThan(20);
  // What the minute's fifty left over was told of on the way.
  expect(seen.some((left) => left <= CHATS - 50 && left > 0)).toBe(true);
  expect(seen).toEqual(seen.toSorted((a, b) => b - a));
  expect(read(answer)).toContain('All channels here hold the people they should.');
  expect(inside()).toBe(0);
  expect(slack.requests.some(({ method, error }) => method === 'conversations.kick' && error === 'ratelimited')).toBe(
    true,
  );
}, 90_000);
