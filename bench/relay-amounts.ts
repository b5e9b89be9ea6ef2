// How much memory numbers take, and how fast the program catches up with what came while it was away.
import type { Phone } from '../simulators/whatsapp/index.ts';
import { furnish, nextText, type Stage } from './relay-load.ts';
import { RelayWorld, until } from './relay-world.ts';
import { inMs, table } from './support.ts';

const CHATS = 20;

/** Markdown: the program's memory with so many linked numbers, all connected: as linking left it, and after a start with them. */
export async function memory(counts: readonly number[]): Promise<string> {
  const world = await RelayWorld.build('switchboard');
  await world.start();
  const phones: Phone[] = [];
  const rows: string[][] = [];
  let before: { readonly count: number; readonly mb: number } | undefined;
  for (const count of counts) {
    while (phones.length < count) {
      const phone = world.newPhone(`Number ${phones.length + 1}`);
      await world.link(phone);
      phones.push(phone);
    }
    const linkedMb = world.memoryMb();
    await world.stop();
    const startedAtMs = performance.now();
    await world.start();
    await until(
      () => phones.every((phone) => phone.companions().some(({ isOnline }) => isOnline)) || undefined,
      'all numbers to be connected',
    );
    const seconds = (performance.now() - startedAtMs) / 1_000;
    const mb = world.memoryMb();
    const each = before === undefined ? '' : `${((mb - before.mb) / (count - before.count)).toFixed(1)} MB`;
    rows.push([String(count), `${linkedMb.toFixed(0)} MB`, `${mb.toFixed(0)} MB`, each, `${seconds.toFixed(1)} s`]);
    before = { count, mb };
  }
  await world.close();
  const head = [
    'Linked numbers',
    'Memory after linking them',
    'After a start',
    'Each more than the row before',
    'Start',
  ];
  return table(head, rows);
}

/** Markdown: messages that came while the program was stopped; the second time Slack keeps its documented rate of one post a second and channel. */
export async function catchUp(counts: { readonly free: number; readonly limited: number }): Promise<string> {
  const stage = await furnish('switchboard', CHATS);
  const free = await caughtUp(stage, counts.free);
  stage.world.slack.faults.rateLimits = true;
  const limited = await caughtUp(stage, counts.limited);
  const { postBurst, postEveryMs } = stage.world.slack.faults;
  const leastMs = (counts.limited / CHATS - postBurst) * postEveryMs;
  await stage.world.close();
  const row = (what: string, count: number, { ms, upMs, cpuMs, memoryMb }: CaughtUp, note: string): string[] => [
    what,
    `${(upMs / 1_000).toFixed(1)} s`,
    `${(ms / 1_000).toFixed(1)} s`,
    ((count * 1_000) / ms).toFixed(0),
    inMs(cpuMs / count),
    `${memoryMb.toFixed(0)} MB`,
    note,
  ];
  return table(
    ['Came meanwhile, in 20 chats', 'Start', 'All posted after', 'a second', 'Processor time each', 'Memory', ''],
    [
      row(`${counts.free}, Slack without limits`, counts.free, free, ''),
      row(`${counts.limited}, one post a second and channel`, counts.limited, limited, `${(ms(limited) / leastMs).toFixed(2)} × the least that allows (${(leastMs / 1_000).toFixed(0)} s)`),
    ], // prettier-ignore
  );
}

interface CaughtUp {
  readonly upMs: number;
  /** From being at work to the last post. */
  readonly ms: number;
  readonly cpuMs: number;
  readonly memoryMb: number;
}

const ms = (of: CaughtUp): number => of.ms;

async function caughtUp({ world, office, customers }: Stage, count: number): Promise<CaughtUp> {
  await world.stop();
  const numbers: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const { number, text } = nextText();
    numbers.push(number);
    await customers[index % customers.length]?.sendText(office, text);
  }
  const startedAt = Date.now();
  await world.start();
  const upAt = Date.now();
  const cpuMs = world.cpuMs();
  const posted = await until(() => {
    const all = world.posted();
    return numbers.every((number) => all.has(number)) ? all : undefined;
  }, 'the backlog');
  const lastAt = Math.max(...numbers.map((number) => posted.get(number) ?? 0));
  return { upMs: upAt - startedAt, ms: lastAt - upAt, cpuMs: world.cpuMs() - cpuMs, memoryMb: world.memoryMb() };
}
