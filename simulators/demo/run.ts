// `npm run demo`: starts the simulators and the real program, plays the script before your eyes, holds all ends to it, and stays up for
// trying. With `--once` it ends after that, with 0 when everything was as it must be and 1 when not.
import { styleText } from 'node:util';
import { play } from './play.ts';
import { invitation, startScreen, tell } from './screen.ts';
import { chats } from './script.ts';
import { verify } from './verify.ts';
import { withWorld, type World } from './world.ts';

/** For people who read along. */
const PACE_MS = 900;

const args = process.argv.slice(2);
const isOnce = args.includes('--once');
const strange = args.filter((arg) => arg !== '--once');
const ending = new AbortController();
const startedAt = performance.now();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (!ending.signal.aborted) tell('\nEnding …');
    ending.abort();
  });
}

/** Plays and judges; gives the exit code. */
async function show(world: World): Promise<number> {
  const endScreen = startScreen(world);
  try {
    const options = { paceMs: isOnce ? 0 : PACE_MS, ending: ending.signal };
    if (isOnce) await Promise.all(chats.map((chat) => play(world, chat, options)));
    else for (const chat of chats) await play(world, chat, options);
    const { faults, summary } = await verify(world, ending.signal);
    if (faults.length > 0) {
      report(faults.join('\n'));
      return 1;
    }
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    tell(`\n${styleText(['green', 'bold'], '✓')} ${summary} ${seconds} s.`);
    if (isOnce) return 0;
    tell(invitation(world));
    await Promise.race([
      new Promise((resolve) => ending.signal.addEventListener('abort', resolve)),
      world.program.died,
    ]);
    return 0;
  } catch (error) {
    if (!ending.signal.aborted) tell(`\nThe program's last lines:\n${world.program.lines.slice(-15).join('\n')}`);
    throw error;
  } finally {
    endScreen();
  }
}

function report(fault: string): void {
  process.stdout.write(`\n${styleText(['red', 'bold'], '✗')} ${fault}\n`);
}

if (strange.length > 0) {
  report(`The demo knows one option, --once, and not ${strange.join(' ')}.`);
  process.exitCode = 2;
} else {
  try {
    process.exitCode = await withWorld({ isForLooking: !isOnce, tell, ending: ending.signal }, show);
  } catch (error) {
    // Somebody who pressed Ctrl-C knows that it isn't finished.
    if (!ending.signal.aborted) report(error instanceof Error ? error.message : String(error));
    process.exitCode = ending.signal.aborted && !isOnce ? 0 : 1;
  }
}
