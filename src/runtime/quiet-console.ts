// Keeps what libraries print to the console out of standard output: some of it is secret.
import type { Log } from './log.ts';

const METHODS = ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir', 'table'] as const;

/**
 * From here on, nothing that is printed with `console` in this process is written anywhere; the log says, at debug, which
 * method was called from where. libsignal 6.0.0 prints whole session records with their private keys on ordinary events
 * (`src/session_record.js`: "Closing session:", "Opening session:", "Removing old closed session:"), so no argument of any
 * call is looked at. Call it before the first session is used; the returned function undoes it.
 */
export function quietLibsignal(log: Log): () => void {
  const originals = METHODS.map((method) => [method, console[method]] as const);
  for (const method of METHODS) {
    console[method] = () => log.debug({ method, from: callerFrame() }, 'something printed to the console was left out');
  }
  return () => {
    for (const [method, original] of originals) console[method] = original;
  };
}

/** The place that called console: `session_record.js:273`, say. */
function callerFrame(): string | undefined {
  // Line 0 says "Error", 1 is this function, 2 the replaced method.
  const frame = new Error().stack?.split('\n')[3];
  return frame?.match(/([^/\\(]+:\d+):\d+\)?$/)?.[1];
}
