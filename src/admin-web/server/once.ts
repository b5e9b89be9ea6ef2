// Idempotency-Key: a POST that is repeated under its key is answered as before, and done once.
import { createHash } from 'node:crypto';
import { BridgeError } from '../../domain/errors.ts';
import { Problem, badInput } from './errors.ts';
import type { WebParts } from './parts.ts';
import type { Once } from './serve.ts';

/** How long an answer is kept. */
const KEPT_MS = 24 * 60 * 60_000;

const KEY = /^[\u0021-\u007e]{1,255}$/;

/**
 * The key belongs to whoever asks. A refusal frees it, as nothing was done; after a failure of which nobody knows what it left behind, and after
 * a crash in between, the repeat is told so instead of being done.
 */
export function createOnce({ store, vault, clock }: WebParts): Once {
  return async (_route, call, request, run) => {
    const key = request.get('idempotency-key');
    if (key === undefined) return run();
    if (!KEY.test(key)) {
      throw badInput([{ path: 'Idempotency-Key', message: 'must be 1 to 255 visible ASCII characters' }]);
    }
    const asker = call.viewer.agentId ?? call.by.actor.name ?? call.viewer.via;
    const fingerprint = digest([request.method, request.originalUrl, call.body]);
    const context = `idempotency|${asker}|${key}`;
    const now = clock.now();
    await store.read.idempotency.prune(new Date(now.getTime() - KEPT_MS));
    const earlier = await store.read.idempotency.claim({ asker, key, fingerprint }, now);
    if (earlier !== undefined) {
      if (earlier.fingerprint !== fingerprint) throw new Problem(422, 'This key was used for another request.');
      if (earlier.answer === null || earlier.status === null) {
        throw new Problem(409, 'The first request with this key is not finished, or nobody knows what came of it.');
      }
      const body: unknown = JSON.parse(vault.openText(earlier.answer, context));
      return { status: earlier.status, body: earlier.status === 204 ? undefined : body, isRepeat: true };
    }
    const reply = await run().catch(async (error: unknown) => {
      if (leftNothing(error)) await store.read.idempotency.release(asker, key);
      throw error;
    });
    const answer = vault.sealText(JSON.stringify(reply.body ?? null), context);
    await store.read.idempotency.keep(asker, key, reply.status, answer);
    return reply;
  };
}

const leftNothing = (error: unknown): boolean =>
  error instanceof BridgeError ? error.certain : error instanceof Problem;

/** The same for bodies that say the same, whatever the order of their fields. */
function digest(parts: readonly unknown[]): string {
  const sorted = JSON.stringify(parts, (_name, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)))
      : value,
  );
  return createHash('sha256').update(sorted).digest('hex');
}
