// A program of ours in a process of its own, for tests that kill, pause and restart it.
import { spawn } from 'node:child_process';

const PLANTING = new URL('plant.ts', import.meta.url).pathname;

/** A running child process. What it prints is kept, line by line. */
export interface Program {
  readonly pid: number;
  readonly lines: readonly string[];
  /** Resolves with the first line, printed already or later, that contains `text`; rejects, with all output, when the process ends without it. */
  line(text: string): Promise<string>;
  /** Sends a signal; SIGKILL, SIGSTOP and SIGCONT work as well. */
  signal(name: NodeJS.Signals): void;
  /** Resolves when the process has ended: with its exit code or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** Runs a TypeScript file with the Node that runs the tests. The test must see to its end: `signal('SIGKILL')` in a hook. */
export function runProgram(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  nodeOptions: readonly string[] = [],
): Program {
  // A run with a planted fault plants it in the programs as well.
  const { PLANT } = process.env;
  const preload = PLANT === undefined ? [] : ['--import', PLANTING];
  const child = spawn(process.execPath, [...preload, ...nodeOptions, file, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: PLANT === undefined ? env : { ...env, PLANT },
  });
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const tell = (): void => waiting.forEach((look) => look());
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream.setEncoding('utf8').on('data', (part: string) => {
      const parts = (rest + part).split('\n');
      rest = parts.pop() ?? '';
      lines.push(...parts);
      tell();
    });
  }
  let hasEnded = false;
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('close', (code, signal) => {
      hasEnded = true;
      tell();
      resolve(code ?? signal ?? 'SIGKILL');
    });
  });
  return {
    pid: child.pid ?? 0,
    lines,
    line: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = lines.find((line) => line.includes(text));
          if (found === undefined && !hasEnded) return;
          waiting.delete(look);
          if (found === undefined) reject(new Error(`The program ended without “${text}”:\n${lines.join('\n')}`));
          else resolve(found);
        };
        waiting.add(look);
        look();
      }),
    signal: (name) => {
      child.kill(name);
    },
    ended,
  };
}
