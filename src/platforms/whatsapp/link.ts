// Linking a number: what to show, step by step, until the phone has confirmed or the try has failed.
import type { LinkOptions, LinkStep } from '../../domain/link.ts';
import type { Clock } from '../../runtime/time.ts';
import type { Connection } from './connection.ts';
import type { Ending } from './errors.ts';
import { phoneDigits, phoneOf } from './ids.ts';
import type { Socket } from './socket.ts';

/** Baileys shows the first QR text for a minute, each later one for twenty seconds (`qrTimeout`). */
const FIRST_QR_MS = 60_000;
const NEXT_QR_MS = 20_000;

/** Steps waiting to be asked for. */
class Steps {
  readonly #ready: LinkStep[] = [];
  #wake: (() => void) | undefined;

  push(step: LinkStep): void {
    this.#ready.push(step);
    this.#wake?.();
  }

  async next(): Promise<LinkStep> {
    for (;;) {
      const step = this.#ready.shift();
      if (step !== undefined) return step;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

function failure(ending: Ending): string {
  switch (ending.kind) {
    case 'limited':
    case 'outdated':
    case 'loggedOut':
      return ending.kind === 'loggedOut' ? 'WhatsApp refused the link.' : ending.reason;
    case 'replaced':
    case 'lost':
    case 'restart':
    case 'closed':
      return 'The phone did not confirm in time, or the connection was lost. Try again.';
  }
}

/** One try. Ending the iteration gives up, unless the phone has confirmed already: then the link stays. */
export async function* link(connection: Connection, clock: Clock, options: LinkOptions): AsyncGenerator<LinkStep> {
  const steps = new Steps();
  const givingUp = new AbortController();
  const run = pair(connection, clock, options, steps, givingUp.signal).catch(() => {
    connection.tellState('unlinked');
    steps.push({ step: 'failed', reason: 'Linking failed. Try again.' });
  });
  try {
    yield { step: 'waiting' };
    for (;;) {
      const step = await steps.next();
      yield step;
      if (step.step === 'linked' || step.step === 'failed') return;
    }
  } finally {
    givingUp.abort();
    await run;
  }
}

async function pair(
  connection: Connection,
  clock: Clock,
  options: LinkOptions,
  steps: Steps,
  signal: AbortSignal,
): Promise<void> {
  connection.tellState('linking');
  let qrCount = 0;
  const askForCode = (socket: Socket): void => {
    socket.baileys.requestPairingCode(phoneDigits(options.phone ?? '')).then(
      (code) => steps.push({ step: 'code', code }),
      () => socket.break(new Error('no pairing code')),
    );
  };
  const { ending, isPaired } = await connection.pair({
    signal,
    onQr: (qr, socket) => {
      qrCount += 1;
      if (options.method === 'qr') {
        const livesMs = qrCount === 1 ? FIRST_QR_MS : NEXT_QR_MS;
        steps.push({ step: 'qr', qr, expiresAt: new Date(clock.now().getTime() + livesMs) });
      } else if (qrCount === 1) askForCode(socket);
    },
  });
  if (!isPaired) {
    connection.tellState('unlinked');
    steps.push({ step: 'failed', reason: failure(ending) });
    return;
  }
  // Confirmed: the server now wants a new connection with the new credentials, and that one stays.
  await new Promise<void>((resolve) => {
    const unwatch = connection.watch((state, reason) => {
      if (state === 'connected') steps.push({ step: 'linked', phone: phoneOf(connection.me?.phone) ?? '' });
      else if (state === 'logged_out') steps.push({ step: 'failed', reason: reason ?? 'WhatsApp refused the link.' });
      else if (!signal.aborted) return;
      unwatch();
      resolve();
    });
    signal.addEventListener('abort', () => resolve(), { once: true });
    connection.start();
  });
}
