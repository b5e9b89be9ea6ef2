// One crash: the program dies at a numbered point in the middle of a conversation, comes back, and everything must be where it belongs, once.
import type { Channel, Message } from '../../simulators/slack/index.ts';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import type { Town } from './town.ts';
import type { TownPerson } from './workspace.ts';

const PRELOAD = new URL('../support/crash-points.mjs', import.meta.url).pathname;

/** Who takes part. Scenarios look at `town.desk`, whichever platform that is. */
export interface Stage {
  readonly town: Town;
  readonly office: Phone;
  readonly ana: TownPerson;
}

/** A conversation and what must be true of it in the end. It is played once; the program may die and come back at any moment of it. */
export interface Scenario {
  readonly name: string;
  /** Does its part, waiting for what it needs to see; resolves when all that must come has come. */
  play(stage: Stage, run: string): Promise<void>;
  /** Throws when anything is lost, doubled or out of order. */
  check(stage: Stage, run: string): void;
}

/** The channel's messages that show somebody's words, in order; what Slack itself says is left out. */
export function said(channel: Channel | undefined): readonly Message[] {
  return (channel?.messages ?? []).filter(
    (message) => !message.text.includes('has joined') && !message.text.startsWith('set the channel'),
  );
}

export function channelOf(town: Town, name: string): Channel | undefined {
  return town.slack.channels().find((channel) => channel.name.startsWith(`wa-${name.toLowerCase()}`));
}

/** How many messages of a channel have this text in them. */
export function count(channel: Channel | undefined, text: string): number {
  return said(channel).filter((message) => JSON.stringify([message.text, message.blocks]).includes(text)).length;
}

/** What a run with a numbered point came to. */
export interface CrashRun {
  readonly hasDied: boolean;
}

/**
 * Plays a scenario with a program that dies at point `dieAt` (0: nowhere) and is started again at once, waits until nothing is under way, and
 * checks. With `log` the names of the points that were passed are written there.
 */
export async function crashAt(
  stage: Stage,
  scenario: Scenario,
  dieAt: number,
  run: string,
  log?: string,
): Promise<CrashRun> {
  const { town } = stage;
  const env = { CRASH_AT: String(dieAt), ...(log === undefined ? {} : { CRASH_LOG: log }) };
  const program = await town.start(env, ['--import', PRELOAD]);
  let hasDied = false;
  let isOver = false;
  const revival = program.ended.then(async () => {
    if (isOver) return;
    hasDied = true;
    await town.start();
  });
  await town.until(() => town.isConnected(), 'the number and the workspace to be connected');
  program.signal('SIGUSR2');
  try {
    await scenario.play(stage, run);
    if (hasDied) await revival;
    await town.quiet();
    scenario.check(stage, run);
  } catch (error) {
    throw new Error(`${scenario.name}, ended at point ${dieAt}`, { cause: error });
  } finally {
    isOver = true;
    await town.stop();
    await revival;
  }
  return { hasDied };
}
