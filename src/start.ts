// Getting to work: what is tried again when it fails at the start, and what a person is told when that would be in vain.
import { ConfigError } from './config.ts';
import { PostgresError } from './runtime/postgres.ts';
import type { Log } from './runtime/log.ts';
import { SecretsError, type Vault } from './runtime/secrets.ts';
import { systemClock as clock } from './runtime/time.ts';
import { isRefused, type Store } from './store/store.ts';

/** Until what the start needs, the database or its turn, is asked for again. */
const START_RETRY_MS = 1_000;

/** Waits for the database, brings its tables up to date, and refuses a key that isn't this database's. */
export async function prepareStore(
  store: Store,
  address: Parameters<Store['migrate']>[0],
  vault: Vault,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await store.ping();
      break;
    } catch (error) {
      log.warn({ err: error }, 'the database does not answer yet; trying again');
      await clock.sleep(START_RETRY_MS, signal);
    }
  }
  if (signal.aborted) return;
  await store.migrate(address);
  const check = await store.read.settings.get('key-check');
  if (check === undefined) {
    await store.read.settings.set('key-check', vault.sealCheck().toString('base64'), clock.now());
  } else if (typeof check !== 'string' || !vault.matchesCheck(Buffer.from(check, 'base64'))) {
    throw new SecretsError(
      'ENCRYPTION_KEY is not the key of this database: with it, neither WhatsApp sessions nor tokens can be read. Set the key that was used before, or set it as ENCRYPTION_KEY_PREVIOUS to change keys.',
    );
  }
}

/** Whether a failed start is to be tried again: the database may have gone away in the middle of it, or another process have taken over. */
function mayPass(error: unknown): boolean {
  return sentenceFor(error) === undefined && !isRefused(error);
}

/** Does `work`, and again after each failure that may pass; undefined when `signal` was aborted before it was done. */
export async function untilDone<Value>(
  work: () => Promise<Value>,
  log: Log,
  signal: AbortSignal,
): Promise<Value | undefined> {
  while (!signal.aborted) {
    try {
      return await work();
    } catch (error) {
      if (!mayPass(error)) throw error;
      log.error({ err: error }, 'the start failed; trying again');
      await clock.sleep(START_RETRY_MS, signal);
    }
  }
  return undefined;
}

/** What a person must mend, in one sentence; undefined for faults of ours. */
export function sentenceFor(error: unknown): string | undefined {
  if (error instanceof ConfigError || error instanceof SecretsError || error instanceof PostgresError) {
    return error.message;
  }
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  if (error.code === 'EADDRINUSE') return 'Another program listens on this HOST and PORT already: choose another PORT.';
  if (error.code === 'EACCES') return `This user may not do that: ${error.message}.`;
  return undefined;
}
