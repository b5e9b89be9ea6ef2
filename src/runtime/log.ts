// The program's log: JSON lines through pino, one object and one sentence each, with secrets and message text left out.
import { pino } from 'pino';
import { redact, scrub } from './redact.ts';

/** How much is written; `silent` writes nothing. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** One log line: fields first (ids yes, text and phone numbers no; an error goes under `err`), then a sentence. */
export type WriteLine = (fields: unknown, sentence?: string) => void;

/**
 * What the program and its SDKs write to. Fields are cleaned before they are written: see `redact.ts`. It fits where
 * Baileys, Bolt or an HTTP server expects a pino logger.
 */
export interface Log {
  level: string;
  trace: WriteLine;
  debug: WriteLine;
  info: WriteLine;
  warn: WriteLine;
  error: WriteLine;
  fatal: WriteLine;
  /** A log whose lines all carry these fields. */
  child(fields: Record<string, unknown>): Log;
}

export interface LogOptions {
  readonly level: LogLevel;
  /** Where lines go; standard output when absent. */
  readonly destination?: { write(line: string): void };
}

/** Makes the log of the process. Each line is `{"level":"info","time":"<ISO>","pid":…,<fields>,"msg":"<sentence>"}`. */
export function createLog(options: LogOptions): Log {
  const settings: pino.LoggerOptions = {
    level: options.level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: (value: unknown) => value },
  };
  return wrap(options.destination === undefined ? pino(settings) : pino(settings, options.destination));
}

function wrap(logger: pino.Logger): Log {
  const writer = (level: Exclude<LogLevel, 'silent'>): WriteLine => {
    return (fields, sentence) => {
      if (!logger.isLevelEnabled(level)) return;
      if (typeof fields === 'string') logger[level](scrub(fields));
      else logger[level](redact(asFields(fields)), sentence === undefined ? undefined : scrub(sentence));
    };
  };
  return {
    get level() {
      return logger.level;
    },
    set level(level) {
      logger.level = level;
    },
    trace: writer('trace'),
    debug: writer('debug'),
    info: writer('info'),
    warn: writer('warn'),
    error: writer('error'),
    fatal: writer('fatal'),
    child: (fields) => wrap(logger.child(redact(fields))),
  };
}

function asFields(value: unknown): Record<string, unknown> {
  if (value instanceof Error) return { err: value };
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  return value === undefined || value === null ? {} : { value };
}
