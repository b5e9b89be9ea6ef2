// The real program of the demo, in a process of its own: its settings, its log, its start and its end.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const START_FILE = join(import.meta.dirname, '..', '..', 'start.mjs');
/** It drains within 10 s; its database ends after that. */
const STOP_LIMIT_MS = 20_000;
const KEPT_LINES = 200;
/** What any program needs of its surroundings; nothing else of them may reach this one, for it could be somebody's real settings. */
const SURROUNDINGS = ['PATH', 'HOME', 'USER', 'LANG', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'APPDATA', 'LOCALAPPDATA'];

/** The running program. */
export interface Program {
  /** Its last lines, newest last. */
  readonly lines: readonly string[];
  /** What it logged as an error. */
  readonly errors: readonly string[];
  /** Resolves with the first field called `field` of the log line that says `message`; rejects when the program ends before. */
  logged(message: string, field?: string): Promise<string>;
  /** Rejects when the program ends without being asked to. */
  readonly died: Promise<never>;
  /** Ends it in good order; by force when that takes too long. */
  stop(): Promise<void>;
}

/** Starts it with these settings and no others; everything it prints goes to `logFile` as well. */
export function startProgram(settings: Readonly<Record<string, string>>, logFile: string): Program {
  const surroundings = SURROUNDINGS.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const child = spawn(process.execPath, [START_FILE], {
    env: { ...Object.fromEntries(surroundings), ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Ctrl-C is for the demo alone, which ends the program before the simulators it talks to.
    detached: true,
  });
  const log = createWriteStream(logFile);
  const lines: string[] = [];
  const errors: string[] = [];
  const watchers = new Set<() => void>();
  const entries: Record<string, unknown>[] = [];
  const take = (line: string): void => {
    log.write(`${line}\n`);
    lines.push(line);
    if (lines.length > KEPT_LINES) lines.shift();
    const entry = parsed(line);
    if (entry === undefined) return;
    if (entry['level'] === 'error' || entry['level'] === 'fatal') errors.push(line);
    entries.push(entry);
    for (const look of watchers) look();
  };
  for (const stream of [child.stdout, child.stderr]) createInterface(stream).on('line', take);

  let isWanted = true;
  let hasEnded = false;
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code === null ? `by ${signal}` : `with code ${code}`));
  }).then((how) => {
    hasEnded = true;
    log.end();
    return how;
  });
  const died = ended.then(async (how): Promise<never> => {
    if (isWanted) throw new Error(`The program ended ${how}:\n${lines.slice(-20).join('\n')}`);
    return new Promise(() => undefined);
  });
  died.catch(() => undefined);
  return {
    lines,
    errors,
    died,
    logged: async (message, field = 'msg') => {
      const entry = new Promise<string>((resolve) => {
        const look = (): void => {
          const found = entries.find((one) => one['msg'] === message);
          if (found === undefined) return;
          watchers.delete(look);
          resolve(String(found[field]));
        };
        watchers.add(look);
        look();
      });
      return Promise.race([entry, died]);
    },
    stop: async () => {
      isWanted = false;
      if (hasEnded) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

function parsed(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
