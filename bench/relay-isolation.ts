// What one broken channel, message or number does to the others: rounds with and without the fault by turns, under the same load.
import { setTimeout as pause } from 'node:timers/promises';
import type { Phone } from '../simulators/whatsapp/index.ts';
import { carry, furnish, latencies, percentile, type Stage } from './relay-load.ts';
import { until } from './relay-world.ts';
import { inMs, table } from './support.ts';

const CHATS = 20;
/** Far from what the machine can carry, so that a ratio says something of the fault and not of a queue. */
const A_SECOND = 30;
const PLATFORM_LATENCY_MS = 50;
/** What is broken may have to be asked again for so long after it's whole. */
const DRAINED_MS = 120_000;

export interface Amount {
  readonly rounds: number;
  readonly seconds: number;
}

/** Breaks something; gives how to make it whole again. */
type Trouble = () => Promise<() => Promise<void>>;

/** Markdown: for each trouble the others' time from sent to posted, without it and with it. */
export async function isolation(amount: Amount): Promise<string> {
  const stage = await furnish('switchboard', CHATS);
  const { world, office, customers } = stage;
  const [broken] = customers;
  if (broken === undefined) throw new Error('there is no chat');
  world.slack.faults.latencyMs = PLATFORM_LATENCY_MS;
  let second = await newNumber(stage, broken);
  const channel = world.slack.channels().find(({ name }) => name.startsWith('wa-chat0x'));
  if (channel === undefined) throw new Error('the chat has no channel');

  const posting = (fault: Parameters<typeof world.slack.faults.call>[1]): Trouble =>
    async () => {
      const order = world.slack.faults.call('chat.postMessage', fault, { times: 1e6, channel: channel.id });
      return async () => order.cancel();
    }; // prettier-ignore
  const poison: Trouble = async () => {
    await world.sql(`create or replace function poison() returns trigger language plpgsql as
      $$ begin if new.text like 'poison%' then raise exception 'poison'; end if; return new; end $$`);
    await world.sql('create trigger poison before insert on message for each row execute function poison()');
    await broken.sendText(office, 'poison');
    return () => world.sql('drop trigger poison on message');
  };
  const loggedOut: Trouble = async () => {
    second.unlink();
    return async () => {
      second = await newNumber(stage, broken);
    };
  };
  const nothing: Trouble = async () => () => Promise.resolve();
  const troubles: readonly (readonly [string, Trouble, (() => Phone)?])[] = [
    ['None: what chance alone does', nothing],
    ['A throttled channel', posting({ kind: 'rate_limited', retryAfter: '1' })],
    ['A channel that answers 500', posting({ kind: 'status', status: 500 })],
    ['A poison message', poison],
    ['A number that is logged out', loggedOut, () => second],
  ];
  const rows: string[][] = [];
  for (const [what, trouble, number] of troubles) {
    const to = (customer: Phone): Phone => (customer === broken ? (number?.() ?? office) : office);
    const others = async (): Promise<number[]> => {
      const count = A_SECOND * amount.seconds;
      const carried = await carry(stage, { count, aSecond: A_SECOND, unwaited: broken, to });
      return latencies(carried);
    };
    await others();
    // Of all rounds together: of one alone the p99 would be its second-slowest message.
    const without: number[] = [];
    const beside: number[] = [];
    for (let round = 0; round < amount.rounds; round += 1) {
      without.push(...(await others()));
      const end = await trouble();
      beside.push(...(await others()));
      await end();
      await drained(stage);
    }
    const ratio = percentile(beside, 0.99) / percentile(without, 0.99);
    rows.push([
      what,
      ...[0.5, 0.99].flatMap((part) => [inMs(percentile(without, part)), inMs(percentile(beside, part))]),
      `${ratio.toFixed(2)} ×`,
    ]);
  }
  await world.close();
  const head = ['Trouble in one of 20 chats', 'The others’ p50 without', 'with', 'p99 without', 'with', 'p99: ratio'];
  return table(head, rows);
}

/** One more linked number that the chat writes to, and its channel. */
async function newNumber({ world }: Stage, customer: Phone): Promise<Phone> {
  const number = world.newPhone('Second');
  await world.link(number);
  await carry({ world, office: number, customers: [customer] }, { count: 1 });
  return number;
}

/** Waits until nothing waits any more: the next round is to begin as the first did. */
async function drained({ world }: Stage): Promise<void> {
  const endsAtMs = performance.now() + DRAINED_MS;
  await until(async () => {
    if (performance.now() > endsAtMs) throw new Error('what was broken never came through');
    const waiting = await world.count(
      `select (select count(*) from lane where waiting > 0) + (select count(*) from arrival where done_at is null)`,
    );
    return waiting === 0;
  }, 'what was broken');
  await pause(200);
}
