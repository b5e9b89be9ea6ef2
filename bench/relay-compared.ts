// What the whole road costs, beside a bare loop on the same simulators: both run at once and are measured by turns.
import { carry, furnish, latencies, percentile, spanMs, type Stage } from './relay-load.ts';
import { inMs, table } from './support.ts';

const CHATS = 20;
const PLATFORM_LATENCY_MS = 50;
const PACES = [50, 200] as const;

export interface Amount {
  readonly rounds: number;
  readonly burst: number;
  readonly seconds: number;
}

/** What was measured of one of the two, all rounds together. */
class Measured {
  readonly #stage: Stage;
  count = 0;
  spanMs = 0;
  cpuMs = 0;
  databaseMs = 0;
  readonly latency = new Map<string, number[]>();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  async burst(count: number): Promise<void> {
    const { world } = this.#stage;
    const [cpuMs, databaseMs] = [world.cpuMs(), await world.databaseCpuMs()];
    this.spanMs += spanMs(await carry(this.#stage, { count }));
    this.cpuMs += world.cpuMs() - cpuMs;
    this.databaseMs += (await world.databaseCpuMs()) - databaseMs;
    this.count += count;
  }

  async paced(aSecond: number, seconds: number, latencyMs: number): Promise<void> {
    const { faults } = this.#stage.world.slack;
    faults.latencyMs = latencyMs;
    const carried = await carry(this.#stage, { count: aSecond * seconds, aSecond });
    faults.latencyMs = 0;
    const name = `${aSecond} ${latencyMs}`;
    this.latency.set(name, [...(this.latency.get(name) ?? []), ...latencies(carried)]);
  }
}

/** Markdown: Switchboard beside the bare loop, and what lies between them. */
export async function compared(amount: Amount, nodeOptions: readonly string[]): Promise<string> {
  const stages = [await furnish('switchboard', CHATS, nodeOptions), await furnish('bare', CHATS)] as const;
  const [ours, bare] = [new Measured(stages[0]), new Measured(stages[1])];
  // The first messages warm up what compiles and caches.
  for (const stage of stages) await carry(stage, { count: amount.burst });
  const atRest = stages.map(({ world }) => world.memoryMb());
  for (let round = 0; round < amount.rounds; round += 1) {
    for (const each of [bare, ours]) await each.burst(amount.burst);
    for (const aSecond of PACES) for (const each of [bare, ours]) await each.paced(aSecond, amount.seconds, 0);
    for (const each of [bare, ours]) await each.paced(50, amount.seconds, PLATFORM_LATENCY_MS);
  }
  for (const { world } of stages) await world.close();

  const aSecond = (of: Measured): number => (of.count * 1_000) / of.spanMs;
  const rows = [
    ['Messages a second, as fast as it goes', aSecond(ours).toFixed(0), aSecond(bare).toFixed(0), times(aSecond(ours) / aSecond(bare))],
    ['Processor time a message', inMs(ours.cpuMs / ours.count), inMs(bare.cpuMs / bare.count), times(ours.cpuMs / ours.count / (bare.cpuMs / bare.count))],
    ['The database’s processor time a message', inMs(ours.databaseMs / ours.count), '–', ''],
    ...[...ours.latency].flatMap(([name, values]) => latencyRows(name, values, bare.latency.get(name) ?? [])),
    ['Memory after the first burst', ...atRest.map((mb) => `${mb.toFixed(0)} MB`), ''],
  ]; // prettier-ignore
  return table([`${CHATS} chats, one number`, 'Switchboard', 'Bare loop', 'Ratio or added'], rows);
}

const times = (ratio: number): string => `${ratio.toFixed(2)} ×`;

function latencyRows(name: string, ours: readonly number[], bare: readonly number[]): string[][] {
  const [aSecond, latencyMs] = name.split(' ');
  const where = latencyMs === '0' ? '' : `, Slack ${latencyMs} ms away`;
  return [0.5, 0.99].map((part) => {
    const [one, other] = [percentile(ours, part), percentile(bare, part)];
    const added = one - other;
    return [
      `Sent to posted, ${aSecond} a second${where}: p${part * 100}`,
      inMs(one),
      inMs(other),
      `${added < 0 ? '−' : '+'} ${inMs(Math.abs(added))}`,
    ];
  });
}
