// Crashes: the program dies at chosen points of a conversation, comes back each time, and everything must be where it belongs, once.
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
  check(stage: Stage, run: string): void | Promise<void>;
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

/** Where a life of the program ends: at the point of a number, counted from its start, or at the first of a name. */
export type Fate = { readonly at: number } | { readonly name: string };

/**
 * Plays a scenario while the program lives one life after the other, each until its fate comes or the play is over; once the fates are used up it
 * lives on. Then waits until nothing is under way, and checks. Gives the fates that came; with `log`, the name of each point passed is written there.
 */
export async function playThroughDeaths(
  stage: Stage,
  scenario: Scenario,
  fates: readonly Fate[],
  run: string,
  log?: string,
): Promise<readonly Fate[]> {
  const { town } = stage;
  const met: Fate[] = [];
  let isOver = false;
  const lives = (async () => {
    for (const fate of [...fates, undefined]) {
      const env = {
        ...(log === undefined ? {} : { CRASH_LOG: log }),
        ...(fate === undefined ? {} : 'at' in fate ? { CRASH_AT: String(fate.at) } : { CRASH_NAME: fate.name }),
      };
      const program = town.run(env, ['--import', PRELOAD]);
      const end = await program.ended;
      if (isOver) return;
      if (fate === undefined || end !== 'SIGKILL') {
        throw new Error(`The program ended with ${end} by itself:\n${program.lines.slice(-25).join('\n')}`);
      }
      met.push(fate);
    }
  })();
  // Whichever ends first: lives end by themselves only with an error.
  const play = (async () => {
    await scenario.play(stage, run);
    await town.quiet();
    await scenario.check(stage, run);
  })();
  try {
    await Promise.race([play, lives.then(() => play)]);
  } catch (error) {
    throw new Error(`${scenario.name}, after deaths at ${JSON.stringify(met)}`, { cause: error });
  } finally {
    isOver = true;
    town.program.signal('SIGKILL');
    await Promise.allSettled([lives, play]);
  }
  return met;
}
