// Links a number from the console: `npm start -- --link` shows the QR code, `--link=+4915112345678` a pairing code.
import qrcode from 'qrcode';
import type { Bridge } from '../bridge/bridge.ts';
import type { LinkStep } from '../domain/link.ts';
import type { Clock } from '../runtime/time.ts';
import type { Store } from '../store/store.ts';

const POLL_MS = 300;

/** Reads the option from the command line; undefined when linking isn't asked for. */
export function consoleLinkOption(words: readonly string[]): { readonly phone: string | undefined } | undefined {
  const word = words.find((each) => each === '--link' || each.startsWith('--link='));
  if (word === undefined) return undefined;
  const phone = word.slice('--link='.length);
  return { phone: phone === '' ? undefined : phone };
}

async function wordsFor(step: LinkStep): Promise<string> {
  switch (step.step) {
    case 'waiting':
      return 'Asking WhatsApp for a code…';
    case 'qr': {
      const picture = await qrcode.toString(step.qr, { type: 'terminal', small: true, errorCorrectionLevel: 'L' });
      return `On the phone: WhatsApp → Linked devices → Link a device, and scan this:\n${picture}`;
    }
    case 'code':
      return `On the phone: WhatsApp → Linked devices → Link with phone number, and type: ${step.code}`;
    case 'linked':
      return 'Linked. Switchboard is working.';
    case 'failed':
      return `Not linked: ${step.reason}`;
  }
}

/** Links the first number that isn't linked, or a new one, and shows each step by `write` (never the log: the codes are credentials). */
export async function linkOnConsole(
  parts: {
    readonly bridge: Bridge;
    readonly store: Store;
    readonly clock: Clock;
    readonly write: (text: string) => void;
  },
  phone: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { bridge, store, clock, write } = parts;
  const by = { actor: { kind: 'program', name: 'console' }, source: 'console' } as const;
  const free = (await store.read.accounts.all()).find(({ state }) => state === 'unlinked' || state === 'logged_out');
  const account = free ?? (await bridge.createAccount(undefined, by));
  const refusal = await bridge.link(account.id, phone === undefined ? { method: 'qr' } : { method: 'code', phone }, by);
  if (refusal !== undefined) return write(`${refusal.refused}\n`);
  let shown = '';
  for (;;) {
    const step = bridge.linkStep(account.id);
    const now = JSON.stringify(step);
    if (now !== shown) write(`${await wordsFor(step)}\n`);
    shown = now;
    if (step.step === 'linked' || step.step === 'failed' || signal.aborted) return;
    await clock.sleep(POLL_MS, signal);
  }
}
