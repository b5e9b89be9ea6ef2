// How long a removal takes: on the wire of both stand-ins, and under Slack's rate limits on a clock that runs faster.
import { startSlack } from '../simulators/slack/index.ts';
import { Access } from '../src/access/access.ts';
import { as, type ChannelId, type ChatAddress, type MirrorId, type WorkspaceId } from '../src/domain/ids.ts';
import { commandTree } from '../src/commands/tree.ts';
import type { ChatPlatform } from '../src/platforms/platform.ts';
import { createSlack } from '../src/platforms/slack/index.ts';
import { createLog } from '../src/runtime/log.ts';
import { systemClock, type Clock } from '../src/runtime/time.ts';
import { newId } from '../src/store/db.ts';
import { Store } from '../src/store/store.ts';
import type { AccountId } from '../src/domain/ids.ts';
import { Estate, PLACES, type Place } from '../tests/flows/access-estate.ts';
import type { TestDatabase } from '../tests/support/postgres.ts';

const BY = { kind: 'program', source: 'program' } as const;
const log = createLog({ level: 'silent' });
const ROUNDS = 40;
const CHATS = 500;
const SPEED = 12;
/** Slack's third tier: so many calls of a method a minute. */
const KICKS_A_MINUTE = 50;
const LOOK_MS = 1;

/** The values at these parts of the sorted list, in its unit. */
export function quantiles(values: readonly number[]): { p50: number; p95: number; max: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
  return { p50: at(0.5), p95: at(0.95), max: at(1) };
}

const row = (name: string, values: readonly number[], digits = 0): string => {
  const { p50, p95, max } = quantiles(values);
  const cells = [p50, p95, max].map((value) => value.toFixed(digits).padStart(8));
  return `${name.padEnd(44)} p50 ${cells[0]}  p95 ${cells[1]}  max ${cells[2]}`;
};

async function when(isSo: () => boolean): Promise<number> {
  while (!isSo()) await systemClock.sleep(LOOK_MS);
  return performance.now();
}

/** One Chat, in Slack and in Discord at once. */
export async function oneChat(database: TestDatabase): Promise<string[]> {
  const estate = await Estate.build(database);
  try {
    const email = 'ben@acme.test';
    const users: Record<Place, string> = {
      slack: estate.slack.addPerson({ name: 'Ben', email }).id,
      discord: estate.discord.addPerson({ name: 'Ben', email }).id,
    };
    await estate.start();
    const inbox = await estate.customer('Mia');
    await estate.access.invite({ emails: email, role: 'member' }, BY);
    const userId = as<never>(users.discord);
    await estate.access.link({ workspaceId: estate.workspaces.discord, userId, email, how: 'admin' }, BY);
    const isIn: Record<Place, () => boolean> = {
      slack: () => estate.slack.channel(inbox.slack.channel).members.has(users.slack),
      discord: () => estate.discord.readers(estate.discord.channel(inbox.discord.channel)).includes(users.discord),
    };
    const chats = { chatIds: [inbox.chatId] };
    const times: Record<Place | 'commit', number[]> = { slack: [], discord: [], commit: [] };
    for (let round = 0; round < ROUNDS; round += 1) {
      await estate.access.apply({ kind: 'grant', agents: [email], chats }, BY);
      await when(() => PLACES.every((place) => isIn[place]()));
      await estate.quiet();
      const startedAt = performance.now();
      await estate.access.apply({ kind: 'revoke', agents: [email], chats }, BY);
      const committedAt = performance.now();
      times.commit.push(committedAt - startedAt);
      await Promise.all(
        PLACES.map(async (place) => {
          const outAt = await when(() => !isIn[place]());
          times[place].push(Math.max(0, outAt - committedAt));
        }),
      );
    }
    return [
      row('the change itself', times.commit, 1),
      row('out of the Slack channel', times.slack, 1),
      row('out of the Discord channel', times.discord, 1),
    ];
  } finally {
    await estate.close();
  }
}

/** Runs `SPEED` times as fast as the machine's clock. */
const fast = (): Clock => {
  const [wall, mono] = [Date.now(), systemClock.monotonicMs()];
  return {
    now: () => new Date(wall + (Date.now() - wall) * SPEED),
    monotonicMs: () => mono + (systemClock.monotonicMs() - mono) * SPEED,
    sleep: (ms, signal) => systemClock.sleep(ms / SPEED, signal),
  };
};

/** A member who sees 500 Chats by a Label loses it, while Slack keeps its tiers. */
export async function manyChats(database: TestDatabase): Promise<string[]> {
  const clock = fast();
  const slack = await startSlack({ now: () => clock.now().getTime() });
  const store = Store.create({ address: database });
  try {
    await store.migrate(database);
    const ben = slack.addPerson({ name: 'Ben', email: 'ben@acme.test' });
    const { id: workspaceId } = await store.read.workspaces.fromEnvironment('slack', clock.now());
    const { botToken, appToken, apiUrl } = slack;
    const platform = createSlack({ botToken, appToken, apiUrl, clock, log });
    await platform.start({ commands: commandTree, onEvent: () => Promise.resolve(), onState: () => undefined });
    const platforms = new Map<WorkspaceId, ChatPlatform>([[workspaceId, platform]]);
    const access = new Access({ store, platforms, clock, log });
    const channels = await openChannels(store, platform, workspaceId, clock);
    await access.createLabel({ name: 'VIP' }, BY);
    await access.apply({ kind: 'label', chats: { filter: {} }, labels: ['VIP'] }, BY);
    await access.invite({ emails: ben.email, role: 'member', labels: ['VIP'] }, BY);
    const isIn = (channel: ChannelId): boolean => slack.channel(channel).members.has(ben.id);
    access.start();
    await when(() => channels.every(isIn));
    while ((await store.read.mirrors.staleCounts()).length > 0) await systemClock.sleep(50);
    slack.faults.rateLimits = true;
    const refused = slack.requests.length;
    const startedAt = clock.monotonicMs();
    await access.apply({ kind: 'revoke', agents: [ben.email], labels: ['VIP'] }, BY);
    const committedAt = clock.monotonicMs();
    const left = new Set(channels);
    const seconds: number[] = [];
    while (left.size > 0) {
      await systemClock.sleep(LOOK_MS);
      for (const channel of left) {
        if (isIn(channel)) continue;
        left.delete(channel);
        seconds.push((clock.monotonicMs() - committedAt) / 1000);
      }
    }
    await access.stop();
    await platform.stop();
    const calls = slack.requests.slice(refused);
    const of = (method: string): number => calls.filter((call) => call.method === method).length;
    const floor = (Math.ceil(CHATS / KICKS_A_MINUTE) - 1) * 60;
    return [
      row(`out of a channel, ${CHATS} chats`, seconds),
      `the change itself, ${CHATS} chats: ${((committedAt - startedAt) / SPEED).toFixed(0)} ms of real time`,
      `all out after ${Math.max(...seconds).toFixed(0)} s; the least that ${KICKS_A_MINUTE} removals a minute allow is ${floor} s (ratio ${(Math.max(...seconds) / floor).toFixed(2)})`,
      `calls: ${of('conversations.kick')} conversations.kick, ${of('conversations.members')} conversations.members`,
    ];
  } finally {
    await slack.stop();
    await store.close();
    await database.drop();
  }
}

async function openChannels(
  store: Store,
  platform: ChatPlatform,
  workspaceId: WorkspaceId,
  clock: Clock,
): Promise<ChannelId[]> {
  const accountId = newId<AccountId>(clock.now().getTime());
  await store.read.accounts.create({ id: accountId, name: 'Main' });
  const channels: ChannelId[] = [];
  for (let count = 0; count < CHATS; count += 1) {
    const address = as<ChatAddress>(`chat-${count}`);
    const { chat } = await store.transaction((tx) =>
      tx.chats.resolve(accountId, { address, kind: 'group', name: `Chat ${count}` }, null, clock.now()),
    );
    const { id } = await store.read.mirrors.ensure(chat.id, workspaceId, clock.now());
    const opened = await platform.openChannel({ mirror: as<MirrorId>(id), name: `wa-${count}`, topic: '' });
    await store.read.mirrors.opened(
      id,
      { channelId: opened.channel, channelName: opened.name, url: null },
      clock.now(),
    );
    channels.push(opened.channel);
  }
  return channels;
}
