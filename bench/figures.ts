// `npm run bench:figures [messages] [chats]`: what the figures cost on many messages, beside the same told from messages alone; what Episodes cost
// on writing; and whether drawing a Digest's picture keeps the program from its work.
import { setTimeout as pause } from 'node:timers/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Content } from '../src/domain/content.ts';
import { as, type ChatId, type ContactId, type MessageId, type PostId, type RemoteId } from '../src/domain/ids.ts';
import type { Digest } from '../src/metrics/digest.ts';
import { plain } from '../src/domain/text.ts';
import { drawPicture } from '../src/metrics/draw.ts';
import { Metrics } from '../src/metrics/metrics.ts';
import { renderPicture } from '../src/metrics/picture.ts';
import type { EmbeddedPostgres } from '../src/runtime/postgres.ts';
import { createLog } from '../src/runtime/log.ts';
import { systemClock } from '../src/runtime/time.ts';
import { newId } from '../src/store/db.ts';
import type { Store, Tx } from '../src/store/store.ts';
import { DAYS, makeHistory, WINDOW_QUERY } from './figures-history.ts';
import { byTurns, inMs, machine, median, serverTime, table, timed, withDatabase } from './support.ts';

const [count = 2_000_000, chats = Math.max(1, Math.round(count / 500))] = process.argv.slice(2).map(Number);
if (!Number.isInteger(count) || count < 1000 || !Number.isInteger(chats) || chats < 1) {
  throw new Error('Give a number of messages (1000 at least) and perhaps of chats.');
}

const DAY_MS = 24 * 60 * 60_000;
const RUNS = 5;
const WRITES = 600;
const to = new Date('2026-11-24T00:00:00Z');
const words: Content = { kind: 'text', text: plain('some words') };

const print = (text: string): void => console.log(text);
const times = (one: number, other: number): string => `${(one / other).toFixed(one / other < 10 ? 2 : 0)} ×`;

function metricsOver(store: Store): Metrics {
  const nothing = async (): Promise<void> => {};
  const channelText = async () => (text: string) => text;
  const log = createLog({ level: 'warn' });
  return new Metrics({ store, clock: systemClock, log, postDigest: nothing, nudge: nothing, channelText });
}

/** Everything a summary tells, its part about first responses alone, and that part from messages alone: all of them, and those of 30 days before. */
async function reading(store: Store, server: EmbeddedPostgres): Promise<void> {
  const metrics = metricsOver(store);
  const rows: string[][] = [];
  for (const days of [1, 7, 30]) {
    const period = { from: new Date(to.getTime() - days * DAY_MS), to };
    const filter = { ...period, scope: 'all' as const };
    const window = (since: Date) => store.query(WINDOW_QUERY, [period.from, period.to, since]);
    const summary = await metrics.summary(filter);
    const [told] = await window(new Date(0));
    const { count: responses, medianSeconds } = summary.firstResponse;
    const isSame = told?.['count'] === responses && Math.abs(Number(told['median'] ?? 0) - (medianSeconds ?? 0)) < 0.01;
    if (!isSame) throw new Error(`Episodes and messages tell different first responses of ${days} days.`);
    const ms = await byTurns(
      {
        summary: () => metrics.summary(filter),
        series: () => metrics.series(filter, 'Europe/Berlin'),
        episodes: () => store.read.figures.firstResponses(filter),
      },
      RUNS,
    );
    // Too slow to be repeated.
    const { ms: whole } = await timed(() => window(new Date(0)));
    const { ms: cut } = await timed(() => window(new Date(period.from.getTime() - 30 * DAY_MS)));
    rows.push([
      `${days} day${days === 1 ? '' : 's'}`,
      String(summary.received + summary.replies.total),
      inMs(ms.summary),
      await serverTime(server, () => metrics.summary(filter), RUNS),
      inMs(ms.series),
      inMs(ms.episodes),
      `${inMs(whole)} (${times(whole, ms.episodes)})`,
      `${inMs(cut)} (${times(cut, ms.episodes)})`,
    ]);
  }
  const head = [
    'Period',
    'Messages in it',
    'Summary',
    'its processor time',
    'Chart',
    'First responses by Episodes',
    'by window, all',
    'by window, cut',
  ];
  print(`\n${table(head, rows)}`);
}

/** Messages into busy Chats as the bridge writes them, with and without their Episodes, by turns. */
async function writing(store: Store): Promise<void> {
  const busy = await store.query(
    'select chat_id as id, account_id from message group by 1, 2 order by count(*) desc limit 50',
    [],
  );
  const workspace = await store.read.workspaces.fromEnvironment('fake', to);
  const { contact } = await store.transaction((tx) => tx.contacts.resolve({ address: as('mia') }, to));
  let written = 0;
  const write = async (tx: Tx, isOurs: boolean, sentAt: Date): Promise<ChatId> => {
    written += 1;
    const chat = busy[written % busy.length] ?? {};
    const chatId = chat['id'] as ChatId;
    const platform = {
      source: 'platform',
      originWorkspaceId: workspace.id,
      originPostId: as<PostId>(`p-${written}`),
    } as const;
    const contactId: ContactId | null = isOurs ? null : contact.id;
    await tx.messages.insert({
      id: newId<MessageId>(sentAt.getTime()),
      accountId: as(String(chat['account_id'])),
      chatId,
      direction: isOurs ? 'out' : 'in',
      source: 'contact',
      ...(isOurs ? platform : {}),
      content: words,
      text: 'some words',
      remoteId: as<RemoteId>(`w-${written}`),
      author: isOurs ? 'us' : contact.id,
      contactId,
      sentAt,
      receivedAt: sentAt,
      ackedAt: isOurs ? sentAt : null,
    });
    await tx.chats.touch(chatId, sentAt);
    return chatId;
  };
  let nowMs = to.getTime();
  const next = (): Date => new Date((nowMs += 1000));
  const kinds = {
    'A customer’s message': { isOurs: false, at: next },
    'An agent’s reply': { isOurs: true, at: next },
    'A message that comes 30 days late': { isOurs: false, at: () => new Date(next().getTime() - 30 * DAY_MS) },
  };
  const rows: string[][] = [];
  for (const [name, { isOurs, at }] of Object.entries(kinds)) {
    const isLate = name.includes('late');
    const bare: number[] = [];
    const whole: number[] = [];
    for (let n = 0; n < (isLate ? WRITES / 20 : WRITES); n += 1) {
      bare.push((await timed(() => store.transaction((tx) => write(tx, isOurs, at())))).ms);
      const run = (): Promise<void> =>
        store.transaction(async (tx) => {
          const sentAt = at();
          const chatId = await write(tx, isOurs, sentAt);
          await (isOurs ? tx.episodes.answered(chatId, sentAt) : tx.episodes.asked(chatId, sentAt));
        });
      whole.push((await timed(run)).ms);
      // So that both pass all Chats.
      written += 1;
    }
    rows.push([name, inMs(median(bare)), inMs(median(whole)), times(median(whole), median(bare))]);
  }
  print(`\n${table(['Written, a transaction each', 'Message alone', 'With its Episode', ''], rows)}`);
}

/** The longest that the event loop stood still while `work` ran. */
async function standstill(work: () => Promise<unknown>): Promise<{ ms: number; cpuMs: number; longestMs: number }> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  // It counts from its first turn on.
  await pause(50);
  const before = process.cpuUsage();
  const { ms } = await timed(work);
  const { user, system } = process.cpuUsage(before);
  // What stood still is noticed with the next turn.
  await pause(50);
  delay.disable();
  return { ms, cpuMs: (user + system) / 1000, longestMs: delay.max / 1e6 };
}

async function drawing(store: Store): Promise<void> {
  const metrics = metricsOver(store);
  const workspace = await store.read.workspaces.fromEnvironment('fake', to);
  const by = { actor: { kind: 'program' as const }, source: 'program' };
  const made = await timed(() =>
    metrics.postNow(workspace.id, by, { channelId: as('figures'), timeZone: 'Europe/Berlin' }),
  );
  if ('refused' in made.value) throw new Error(made.value.refused);
  // Written by Metrics itself.
  const digest = made.value.digest.content as Digest;
  const works = {
    Nothing: () => pause(500),
    'Drawing as the program does, in a thread': () => drawPicture(digest),
    'Drawing in the main thread, to compare': () => renderPicture(digest),
  };
  const rows: string[][] = [];
  for (const [name, work] of Object.entries(works)) {
    const runs = [];
    for (let run = 0; run < RUNS; run += 1) runs.push(await standstill(work));
    const longest = runs.map(({ longestMs }) => longestMs);
    const cpu = inMs(median(runs.map(({ cpuMs }) => cpuMs)));
    rows.push([name, inMs(median(runs.map(({ ms }) => ms))), cpu, inMs(median(longest)), inMs(Math.max(...longest))]);
  }
  print(`\nMaking a Digest (its figures and those before, the chart, who waits): ${inMs(made.ms)}`);
  print(
    `\n${table(['Meanwhile', 'Takes', 'Processor time', 'Event loop stood still, median of the longest', 'at worst'], rows)}`,
  );
}

await withDatabase(async (store, server) => {
  print(`${count} messages of ${DAYS} days in ${chats} Chats. ${machine()}`);
  const { ms } = await timed(() =>
    makeHistory(store, count, chats, to, (done) => done % 500_000 === 0 && print(`  ${done} written`)),
  );
  const [size] = await store.query('select (select count(*)::int from episode) as episodes', []);
  print(`${Math.round(ms / 1000)} s to make them, with ${String(size?.['episodes'])} Episodes.`);
  await reading(store, server);
  await writing(store);
  await drawing(store);
  print(`\nload at the end: ${machine()}`);
});
