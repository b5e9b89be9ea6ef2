// libsignal prints whole session records, private keys included, on ordinary events; while a simulator runs those lines are dropped.
const NOISE =
  /^(Closing session|Opening session|Removing old closed session|Session already (open|closed)|Closing open session|Decrypted message with closed session|Failed to decrypt message|Session error|WARNING: Expected pubkey)/;

const METHODS = ['info', 'warn', 'error', 'log'] as const;

let holders = 0;
let restore: (() => void) | undefined;

/** Starts dropping libsignal's lines from the console; the returned function ends it (nested uses count). */
export function quietLibsignal(): () => void {
  holders += 1;
  restore ??= replaceConsole();
  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    holders -= 1;
    if (holders > 0) return;
    restore?.();
    restore = undefined;
  };
}

function replaceConsole(): () => void {
  const originals = METHODS.map((method) => [method, console[method]] as const);
  for (const [method, original] of originals) {
    console[method] = (...args: unknown[]): void => {
      if (typeof args[0] === 'string' && NOISE.test(args[0])) return;
      original.apply(console, args);
    };
  }
  return () => {
    for (const [method, original] of originals) console[method] = original;
  };
}
