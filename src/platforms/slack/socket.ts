// One Socket Mode connection: opened, guarded against what the SDK would let crash the process, and hung up for good.
import { SocketModeReceiver } from '@slack/bolt';
import type { App, ReceiverEvent } from '@slack/bolt';
import { z } from 'zod';
import type { Log } from '../../runtime/log.ts';
import type { Clock } from '../../runtime/time.ts';
import { clientOptions, sdkLogger } from './api.ts';
import type { Transport } from './transport.ts';

/**
 * How long without an answer to our pings a connection is given up, in milliseconds. The SDK's 5,000 leave a dead path unnoticed for
 * almost 12 s.
 */
const PING_TIMEOUT_MS = 1_800;
/** How long Slack may take from our request for an address to its hello. */
const HELLO_TIMEOUT_MS = 15_000;

const disconnectShape = z.object({ type: z.literal('disconnect') });

export interface SocketOptions {
  readonly appToken: string;
  readonly apiUrl: string | undefined;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Log;
  readonly take: (event: ReceiverEvent) => Promise<void>;
  /** Ends the connection, or the try to open it. */
  readonly signal: AbortSignal;
}

/** `asked`: Slack or we said so before, and nothing was on its way. `broken`: what Slack sent last may not have come. */
export type Ending = 'asked' | 'broken';

/** An open connection. */
export interface Socket {
  /** Resolves when nothing comes through it any more, for whatever reason. */
  readonly lost: Promise<Ending>;
  /** Leaves nothing of it. */
  hangUp(): Promise<void>;
}

/**
 * Opens one connection; rejects when Slack refuses it or can't be reached. It never reconnects by itself: the SDK (socket-mode 3.1.0)
 * gives up on the first refused reconnect and lets the refusal kill the process.
 */
export async function openSocket(options: SocketOptions): Promise<Socket> {
  const { clock, log, signal } = options;
  const receiver = new SocketModeReceiver({
    appToken: options.appToken,
    autoReconnectEnabled: false,
    clientPingTimeout: PING_TIMEOUT_MS,
    logger: sdkLogger(log),
    installerOptions: { clientOptions: clientOptions(options) },
    processEventErrorHandler: async ({ error }) => {
      log.warn({ err: error }, 'an event from Slack was not stored and is left to be told again');
      return false;
    },
  });
  let ending: Ending = 'broken';
  guard(receiver, log, () => {
    ending = 'asked';
  });
  // All that the receiver calls of an App. Bolt's own would acknowledge an event before anybody has stored it.
  receiver.init({ processEvent: options.take } as unknown as App);

  const lost = new Promise<Ending>((resolve) => {
    receiver.client.once('disconnected', () => resolve(ending));
  });
  // Slack may leave the close unanswered; the next ping then cuts the connection.
  const hangUp = (): Promise<void> => receiver.client.disconnect();

  const opening = receiver.start();
  const outcome = await Promise.race([
    opening.then(
      () => 'open' as const,
      (error: unknown) => ({ error }),
    ),
    clock.sleep(HELLO_TIMEOUT_MS, signal).then(() => 'too late' as const),
  ]);
  const stopped = untilAborted(signal).then(() => 'asked' as const);
  if (outcome === 'open') return { lost: Promise.race([lost, stopped]), hangUp };
  // It may still open after all, while its address is on its way: then it is hung up at once.
  opening.then(hangUp, () => undefined);
  await hangUp();
  // A connection that ends before its hello rejects with nothing.
  if (outcome === 'too late') throw new Error('Slack did not greet us in time');
  throw outcome.error instanceof Error ? outcome.error : new Error('Slack closed the connection before its hello');
}

/**
 * The SDK reads messages in a promise that nobody holds: one without an inner event (`app_rate_limited`) would end the process. It doesn't tell
 * either when Slack asks to connect anew, which is when `onAsked` is called.
 */
function guard(receiver: SocketModeReceiver, log: Log, onAsked: () => void): void {
  const { client } = receiver;
  const readers = client.listeners('ws_message');
  client.removeAllListeners('ws_message');
  client.on('ws_message', (...message: unknown[]) => {
    if (isDisconnect(message[0])) onAsked();
    for (const read of readers) {
      Promise.resolve(read(...message)).catch((error: unknown) => {
        log.warn({ err: error }, 'Slack sent something that could not be read');
      });
    }
  });
}

function isDisconnect(message: unknown): boolean {
  try {
    return disconnectShape.safeParse(JSON.parse(String(message))).success;
  } catch {
    return false;
  }
}

/** Resolves when the signal is aborted. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
