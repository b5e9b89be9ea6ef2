// One try at posting something: what tells tries of the same thing apart, and the look at what an earlier one may have done.
import { createHash } from 'node:crypto';
import type { DeliveryKey, PostId } from '../domain/ids.ts';
import type { Post, PostFile } from '../domain/post.ts';
import type { Attempt, ChatPlatform, PostTarget } from '../platforms/platform.ts';
import type { Clock } from '../runtime/time.ts';
import type { Delivery } from '../store/delivery.ts';
import type { Store } from '../store/store.ts';

/** One try at a Delivery. */
export interface Try {
  readonly delivery: Delivery;
  /** True when an earlier try may have been done without our knowing: look before posting. */
  readonly mayBeDone: boolean;
  /** Rejects when this process may not act any more: asked right before every call that others see. */
  readonly assertHeld: () => void;
}

/** `wasThere`: an earlier try had posted it, showing what there was to show then. */
export interface Posted {
  readonly id: PostId;
  readonly wasThere: boolean;
}

/** One post of a Delivery: `key` is the same for every try, `part` its place among the Delivery's posts. */
export interface Posting {
  readonly platform: ChatPlatform;
  readonly to: PostTarget;
  readonly post: Post;
  readonly key: DeliveryKey;
  readonly part: number;
}

/** The key on a post: the same for every try, whatever Delivery it belongs to. 20 characters of [0-9a-f]. */
export function keyFor(...names: readonly (string | number)[]): DeliveryKey {
  return createHash('sha256').update(names.join('|')).digest('hex').slice(0, 20) as DeliveryKey;
}

/** A digest of what a Post shows: equal when an edit would change nothing. */
export function digestOf(post: Post): string {
  const { file, ...shown } = post;
  return createHash('sha256')
    .update(JSON.stringify({ ...shown, file: file === undefined ? null : [file.name, file.media] }))
    .digest('hex')
    .slice(0, 16);
}

/** Posts once: after a try that may have been done it looks first. Rejects with a BridgeError. */
export async function postOnce(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  { platform, to, post, key, part }: Posting,
  { delivery, mayBeDone, assertHeld }: Try,
): Promise<Posted> {
  const remembered = rememberedOf(delivery, part);
  const attempt: Attempt = {
    key,
    firstTriedAt: delivery.firstTriedAt ?? clock.now(),
    ...(post.file === undefined ? {} : { hasFile: true }),
    ...(remembered === undefined ? {} : { remembered }),
    remember: async (note) => {
      assertHeld();
      await store.read.deliveries.remember(delivery.id, JSON.stringify({ part, note }));
    },
  };
  if (mayBeDone) {
    const found = await platform.lookUp(to, attempt);
    if (found !== undefined) return { id: found, wasThere: true };
  }
  assertHeld();
  return { id: await platform.post(to, post, attempt), wasThere: false };
}

/** The same file, and whether it was its source that failed. */
export function watch(file: PostFile): { readonly file: PostFile; readonly hasFailed: () => boolean } {
  let hasFailed = false;
  const failed = () => {
    hasFailed = true;
  };
  const open = async () => {
    try {
      return (await file.open()).once('error', failed);
    } catch (error) {
      failed();
      throw error;
    }
  };
  return { file: { ...file, open }, hasFailed: () => hasFailed };
}

/** What an earlier try of this part asked to remember. */
function rememberedOf(delivery: Delivery, part: number): string | undefined {
  if (delivery.remembered === null) return undefined;
  const stored: unknown = JSON.parse(delivery.remembered);
  if (typeof stored !== 'object' || stored === null || !('part' in stored) || !('note' in stored)) return undefined;
  return stored.part === part && typeof stored.note === 'string' ? stored.note : undefined;
}
