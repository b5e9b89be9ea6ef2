// Runs random sequences against the estate: after quiet, both places hold exactly whom the model says, and customers got only what it allows.
import fc from 'fast-check';
import { expect } from 'vitest';
import { CHATS, emailOf, LABELS, Model, PEOPLE, type Who } from './access-model.ts';
import { Estate, PLACES, until, type Place } from './access-estate.ts';
import { beginning, BY, shortLife, steps } from './access-steps.ts';
import { World } from './access-world.ts';
import { seed } from '../support/seed.ts';

async function build(): Promise<{ model: Model; real: World }> {
  const estate = await Estate.build();
  const model = new Model(() => estate.clock.now().getTime());
  const users: Record<Place, Map<Who, string>> = { slack: new Map(), discord: new Map() };
  for (const who of PEOPLE) {
    const named = { name: who, email: emailOf(who) };
    users.slack.set(who, estate.slack.addPerson({ ...named, ...(who === 'gus' ? { guest: 'multi' } : {}) }).id);
    users.discord.set(who, estate.discord.addPerson(named).id);
    for (const place of PLACES) model.present.add(`${place} ${who}`);
  }
  await estate.store.read.agents.ensureAdmin(emailOf('ada'), estate.clock.now());
  model.agents.set('ada', { role: 'admin', status: 'active' });
  estate.onSend = (text) => model.sending(text);
  await estate.start();
  for (const name of LABELS) await estate.access.createLabel({ name }, BY);
  const inboxes = [await estate.customer('Mia'), await estate.customer('Leo')];
  const real = new World(estate, inboxes, users);
  for (const begin of beginning) await begin.run(model, real);
  return { model, real };
}

/** Who reads which channel, as one thing to compare. */
const table = (readers: (place: Place, chat: 0 | 1) => Who[]): string =>
  PLACES.flatMap((place) => CHATS.map((chat) => `${place} ${chat}: ${readers(place, chat).join(' ')}`)).join('\n');

async function check(model: Model, world: World): Promise<void> {
  const { estate } = world;
  await world.peace();
  model.stepped('the end');
  const wanted = () => table((place, chat) => model.readers(place, chat));
  const real = () => table((place, chat) => world.readers(place, chat));
  await until(() => real() === wanted(), 'the channels to hold whom the model says').catch(() => undefined);
  expect(real()).toBe(wanted());
  await estate.quiet();
  model.stepped('quiet');
  expect(model.settled(estate.received())).toEqual([]);
  // What is in step stays in step.
  expect(real()).toBe(wanted());
}

/** Steps one after the other, and what is to be so afterwards. Rejects with what was done when it went wrong. */
async function live(run: (state: { model: Model; real: World }) => Promise<void>): Promise<void> {
  const { model, real } = await build();
  try {
    await run({ model, real });
    await check(model, real);
  } catch (error) {
    throw new Error(`after: ${real.trail.join(' → ')}`, { cause: error });
  } finally {
    await real.estate.close();
  }
}

/** The life in which every rule has something to do; tells in how many steps. */
export async function liveShortly(): Promise<number> {
  await live(async ({ model, real }) => {
    for (const step of shortLife) await step.run(model, real);
  });
  return shortLife.length;
}

/** `runs` sequences, or as many as begin within `budgetMs`; tells how many. Rejects with what was done when one went wrong. */
export async function liveThrough(options: {
  readonly runs: number;
  readonly maxCommands: number;
  readonly hangs: boolean;
  readonly budgetMs: number;
}): Promise<number> {
  const { runs, maxCommands, hangs, budgetMs } = options;
  const endsAtMs = performance.now() + budgetMs;
  let count = 0;
  const property = fc.asyncProperty(fc.commands(steps({ hangs }), { maxCommands, size: 'max' }), async (sequence) => {
    if (performance.now() > endsAtMs) return;
    count += 1;
    await live((state) => fc.asyncModelRun(() => state, sequence));
  });
  // A sequence takes seconds: to shrink one would take minutes. MODEL_SHRINK=1 does so all the same.
  const endOnFailure = process.env['MODEL_SHRINK'] === undefined;
  await fc.assert(property, {
    numRuns: Number(process.env['MODEL_RUNS'] ?? runs),
    seed: Math.trunc(Number(seed)),
    endOnFailure,
  });
  return count;
}
