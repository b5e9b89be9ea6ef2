// `npm run bench:relay`: what the road from WhatsApp to Slack costs, beside a bare loop on the same simulators. Linux only: it reads /proc.
import { loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { Phone } from '../simulators/whatsapp/index.ts';
import { RelayWorld, until } from './relay-world.ts';

const CHATS = 20;
const BURST = 500;
const PACED_SECONDS = 5;
const OFFLINE = 2_000;
const PLATFORM_LATENCY_MS = 50;

type Kind = 'switchboard' | 'bare';

const rows: string[][] = [];
const say = (...cells: string[]): void => {
  rows.push(cells);
  console.log(cells.join('  |  '));
};
const ms = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
const percentile = (values: readonly number[], part: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? Number.NaN;

let number = 0;

/** A world with one linked number and chats that have their channels. */
async function furnished(kind: Kind): Promise<{ world: RelayWorld; office: Phone; customers: readonly Phone[] }> {
  const world = await RelayWorld.build(kind, kind === 'switchboard' ? process.argv.slice(2) : []);
  await world.start();
  const office = world.newPhone('Acme');
  await world.link(office);
  const customers = Array.from({ length: CHATS }, (_, index) => world.newPhone(`Chat${index}x`));
  await spread(world, office, customers, CHATS);
  return { world, office, customers };
}

/** Sends messages to the chats in turn, at a pace if one is given; resolves when all of them are posted. Gives when each was sent and posted. */
async function spread(
  world: RelayWorld,
  office: Phone,
  customers: readonly Phone[],
  count: number,
  aSecond = Infinity,
): Promise<{ readonly sentAt: ReadonlyMap<number, number>; readonly postedAt: ReadonlyMap<number, number> }> {
  const sentAt = new Map<number, number>();
  const startedAt = performance.now();
  for (let index = 0; index < count; index += 1) {
    const dueMs = (index * 1_000) / aSecond - (performance.now() - startedAt);
    if (dueMs > 1) await pause(dueMs);
    number += 1;
    const customer = customers[index % customers.length];
    sentAt.set(number, Date.now());
    await customer?.sendText(office, `m${number}`);
  }
  const mine = [...sentAt.keys()];
  const postedAt = await until(() => {
    const posted = world.posted();
    return mine.every((each) => posted.has(each)) ? posted : undefined;
  }, `${count} posts`);
  return { sentAt, postedAt };
}

interface Sped {
  readonly aSecond: number;
  readonly cpuMs: number;
}

/** As fast as the simulated customers can write. */
async function throughput({ world, office, customers }: Awaited<ReturnType<typeof furnished>>): Promise<Sped> {
  const cpuBefore = world.cpuMs();
  const startedAt = Date.now();
  const { sentAt, postedAt } = await spread(world, office, customers, BURST);
  const endedAt = Math.max(...[...sentAt.keys()].map((each) => postedAt.get(each) ?? 0));
  return { aSecond: (BURST * 1_000) / (endedAt - startedAt), cpuMs: (world.cpuMs() - cpuBefore) / BURST };
}

async function latencies(
  { world, office, customers }: Awaited<ReturnType<typeof furnished>>,
  aSecond: number,
): Promise<number[]> {
  const { sentAt, postedAt } = await spread(world, office, customers, aSecond * PACED_SECONDS, aSecond);
  return [...sentAt].map(([each, at]) => (postedAt.get(each) ?? 0) - at);
}

async function compared(): Promise<void> {
  const results = new Map<Kind, { speed: Sped; latency: Map<number, number[]>; slow: number[] }>();
  for (const kind of ['bare', 'switchboard'] as const) {
    const stage = await furnished(kind);
    // The first messages warm up what compiles and caches.
    await throughput(stage);
    const speed = await throughput(stage);
    const latency = new Map<number, number[]>();
    for (const aSecond of [50, 200]) latency.set(aSecond, await latencies(stage, aSecond));
    stage.world.slack.faults.latencyMs = PLATFORM_LATENCY_MS;
    const slow = await latencies(stage, 50);
    results.set(kind, { speed, latency, slow });
    await stage.world.close();
  }
  const bare = results.get('bare')!;
  const ours = results.get('switchboard')!;
  const beside = (what: string, show: (of: typeof bare) => string): void => say(what, show(ours), show(bare));
  say('', 'Switchboard', 'bare loop');
  beside('messages a second, 20 chats', ({ speed }) => speed.aSecond.toFixed(0));
  beside('processor time a message', ({ speed }) => ms(speed.cpuMs));
  for (const aSecond of [50, 200]) {
    const of = ({ latency }: typeof bare): number[] => latency.get(aSecond) ?? [];
    beside(
      `sent to posted, ${aSecond} a second (p50, p99)`,
      (each) => `${ms(percentile(of(each), 0.5))}, ${ms(percentile(of(each), 0.99))}`,
    );
  }
  beside(
    `the same, 50 a second, Slack ${PLATFORM_LATENCY_MS} ms away`,
    ({ slow }) => `${ms(percentile(slow, 0.5))}, ${ms(percentile(slow, 0.99))}`,
  );
}

/** What one broken channel or number does to the others. */
async function isolation(): Promise<void> {
  const stage = await furnished('switchboard');
  const { world, office } = stage;
  const [broken, ...others] = stage.customers;
  if (broken === undefined) return;
  const rest = { ...stage, customers: others };
  world.slack.faults.latencyMs = PLATFORM_LATENCY_MS;
  const second = world.newPhone('Second');
  await world.link(second);
  const channel = world.slack.channels().find(({ name }) => name.startsWith('wa-chat0x'));
  const p99 = async (): Promise<number> => percentile(await latencies(rest, 50), 0.99);
  await p99();
  const troubles: Readonly<Record<string, () => Promise<() => void>>> = {
    'a throttled channel': async () => {
      const fault = { kind: 'rate_limited', retryAfter: '1' } as const;
      const order = world.slack.faults.call('chat.postMessage', fault, { times: 1e6, channel: channel?.id ?? '' });
      for (let each = 0; each < 50; each += 1) await broken.sendText(office, 'wait');
      return () => order.cancel();
    },
    'a channel that answers 500': async () => {
      const fault = { kind: 'status', status: 500 } as const;
      const order = world.slack.faults.call('chat.postMessage', fault, { times: 1e6, channel: channel?.id ?? '' });
      for (let each = 0; each < 50; each += 1) await broken.sendText(office, 'fail');
      return () => order.cancel();
    },
    'a poison message': async () => {
      await world.sql(`create function poison() returns trigger language plpgsql as
        $$ begin if new.text like 'poison%' then raise exception 'poison'; end if; return new; end $$`);
      await world.sql('create trigger poison before insert on message for each row execute function poison()');
      await broken.sendText(office, 'poison');
      return () => undefined;
    },
    'a number that is logged out': async () => {
      second.unlink();
      return () => undefined;
    },
  };
  for (const [what, begin] of Object.entries(troubles)) {
    const calmMs = await p99();
    const end = await begin();
    const troubledMs = await p99();
    end();
    const ratio = troubledMs / calmMs;
    say(`p99 of 19 others beside ${what}`, `${ms(troubledMs)}, ${ratio.toFixed(2)} × (without: ${ms(calmMs)})`, '');
  }
  await world.close();
}

async function memory(): Promise<void> {
  const world = await RelayWorld.build('switchboard');
  await world.start();
  for (let count = 1; count <= 100; count += 1) {
    await world.link(world.newPhone(`Number ${count}`));
    if ([1, 20, 100].includes(count))
      say(`memory with ${count} linked numbers`, `${world.memoryMb().toFixed(0)} MB`, '');
  }
  await world.close();
}

async function catchUp(): Promise<void> {
  const { world, office, customers } = await furnished('switchboard');
  await world.stop();
  const first = number + 1;
  for (let index = 0; index < OFFLINE; index += 1) {
    number += 1;
    await customers[index % CHATS]?.sendText(office, `m${number}`);
  }
  const startedAt = Date.now();
  await world.start();
  const upAt = Date.now();
  const postedAt = await until(() => {
    const posted = world.posted();
    return posted.has(first) && posted.has(number) && posted.size >= number - first + 1 ? posted : undefined;
  }, 'the backlog');
  const seconds = (Math.max(...postedAt.values()) - upAt) / 1_000;
  say(
    `${OFFLINE} messages that came meanwhile`,
    `posted ${seconds.toFixed(1)} s after the start (${((upAt - startedAt) / 1_000).toFixed(1)} s)`,
    ms(world.cpuMs() / OFFLINE),
  );
  await world.close();
}

console.log(`load average at the start: ${loadavg()[0]?.toFixed(1)}`);
const parts = { compared, isolation, memory, catchUp };
const only = process.env['ONLY'];
for (const [name, part] of Object.entries(parts)) if (only === undefined || only === name) await part();
console.log(`load average at the end: ${loadavg()[0]?.toFixed(1)}\n`);
console.log(rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n'));
process.exit(0);
