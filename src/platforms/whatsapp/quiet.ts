// libsignal writes whole session records, private keys included, to the console: these lines are dropped, all others pass.

/** How the lines of libsignal 6.0.0 begin (`session_record.js`, `session_builder.js`, `session_cipher.js`). */
const OPENINGS = [
  'Closing session:', 'Opening session:', 'Removing old closed session:', 'Migrating session to:', 'Session already',
  'Session error:', 'Failed to decrypt message with any known session', 'Closing open session in favor of',
  'Decrypted message with closed session', 'V1 session storage migration error',
]; // prettier-ignore

let isQuiet = false;

/** Takes effect once, for the whole process. */
export function quietLibsignal(): void {
  if (isQuiet) return;
  isQuiet = true;
  const { console: output } = globalThis;
  for (const level of ['info', 'warn', 'error'] as const) {
    const write = output[level].bind(output);
    output[level] = (...words: unknown[]) => {
      const [first] = words;
      if (typeof first === 'string' && OPENINGS.some((opening) => first.startsWith(opening))) return;
      write(...words);
    };
  }
}
