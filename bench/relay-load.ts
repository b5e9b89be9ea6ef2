// The load of the bench of the relay: numbered messages of many chats at a pace, and when each of them was posted.
import { setTimeout as pause } from 'node:timers/promises';
import type { Phone } from '../simulators/whatsapp/index.ts';
import { RelayWorld, until } from './relay-world.ts';

/** A world with one linked number, and chats that have their channels. */
export interface Stage {
  readonly world: RelayWorld;
  readonly office: Phone;
  readonly customers: readonly Phone[];
}

/** One numbered message: who sent it, when, and when it stood in its channel; in milliseconds since 1970. */
export interface Carried {
  readonly customer: Phone;
  readonly sentAt: number;
  readonly postedAt: number;
}

let lastNumber = 0;

/** The next number, and the text of a message that bears it. */
export function nextText(): { readonly number: number; readonly text: string } {
  lastNumber += 1;
  return { number: lastNumber, text: `m${lastNumber}` };
}

/** Starts what is measured, links a number to it and lets a channel open for each chat. */
export async function furnish(
  kind: 'switchboard' | 'bare',
  chatCount: number,
  nodeOptions: readonly string[] = [],
): Promise<Stage> {
  const world = await RelayWorld.build(kind, nodeOptions);
  await world.start();
  const office = world.newPhone('Acme');
  await world.link(office);
  const customers = Array.from({ length: chatCount }, (_, index) => world.newPhone(`Chat${index}x`));
  const stage = { world, office, customers };
  await carry(stage, { count: chatCount });
  return stage;
}

/**
 * The chats write in turn, `aSecond` messages a second in all, or as fast as the simulated phones can. Resolves when all of them are posted, but
 * for those of a chat that isn't waited for. Rejects when one is posted twice or out of its order.
 */
export async function carry(
  { world, office, customers }: Stage,
  load: {
    readonly count: number;
    readonly aSecond?: number;
    readonly unwaited?: Phone;
    readonly to?: (customer: Phone) => Phone;
  },
): Promise<readonly Carried[]> {
  const sent: { readonly number: number; readonly customer: Phone; readonly sentAt: number }[] = [];
  const startedAtMs = performance.now();
  for (let index = 0; index < load.count; index += 1) {
    const dueMs = load.aSecond === undefined ? 0 : (index * 1_000) / load.aSecond - (performance.now() - startedAtMs);
    if (dueMs > 1) await pause(dueMs);
    const customer = customers[index % customers.length];
    if (customer === undefined) throw new Error('there is no chat');
    const { number, text } = nextText();
    sent.push({ number, customer, sentAt: Date.now() });
    await customer.sendText(load.to?.(customer) ?? office, text);
  }
  const waited = sent.filter(({ customer }) => customer !== load.unwaited);
  return until(() => {
    const posted = world.posted();
    const carried: Carried[] = [];
    for (const { number, ...each } of waited) {
      const postedAt = posted.get(number);
      if (postedAt === undefined) return undefined;
      carried.push({ ...each, postedAt });
    }
    return carried;
  }, `${waited.length} posts`);
}

/** From sent to posted, in milliseconds. */
export const latencies = (carried: readonly Carried[]): number[] =>
  carried.map(({ sentAt, postedAt }) => postedAt - sentAt);

/** From the first sent to the last posted, in milliseconds. */
export const spanMs = (carried: readonly Carried[]): number =>
  Math.max(...carried.map(({ postedAt }) => postedAt)) - Math.min(...carried.map(({ sentAt }) => sentAt));

/** The value below which `part` (0 to 1) of them lie; NaN of none. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
