// Performs the Delivery of a Digest: the figures in words with the picture, once, into the channel that was chosen for them.
import { BridgeError } from '../domain/errors.ts';
import type { ChannelId } from '../domain/ids.ts';
import type { Post } from '../domain/post.ts';
import type { ChatPlatform } from '../platforms/platform.ts';
import type { Clock } from '../runtime/time.ts';
import type { DigestId } from '../store/digest.ts';
import type { Store } from '../store/store.ts';
import { gone } from './mirror.ts';
import { keyFor, postOnce, watch, type Try } from './posting.ts';

export interface DigestParts {
  readonly store: Store;
  readonly clock: Clock;
  /** What the channel is to show of a Digest, and which channel; undefined: there is no such Digest. */
  readonly digestPost: (id: DigestId) => Promise<{ readonly channelId: ChannelId; readonly post: Post } | undefined>;
}

/** Tries to draw the picture before the figures are posted in words alone. */
const PICTURE_TRIES = 3;
/** Certain answers that are about the picture, or may be: the words alone are worth a try. */
const ABOUT_PICTURES: ReadonlySet<string> = new Set(['too_large', 'bad_media', 'not_allowed']);

/** Rejects with a BridgeError. */
export async function postDigest(
  parts: DigestParts,
  id: DigestId,
  platform: ChatPlatform,
  attempt: Try,
): Promise<void> {
  const digest = await parts.digestPost(id);
  if (digest === undefined) throw gone();
  const { post } = digest;
  const to = { channel: digest.channelId };
  const watched = post.file === undefined ? undefined : watch(post.file);
  const whole = watched === undefined ? post : { ...post, file: watched.file };
  try {
    await postOnce(parts, { platform, to, post: whole, key: keyFor(id, 'digest'), part: 0 }, attempt);
  } catch (error) {
    const isCertain = error instanceof BridgeError && error.certain;
    const isRefused = isCertain && ABOUT_PICTURES.has(error.code);
    const isUndrawable = watched?.hasFailed() === true && attempt.delivery.attempts >= PICTURE_TRIES;
    if (watched === undefined || !(isRefused || isUndrawable)) throw lasting(error, attempt);
    const { file: _file, ...rest } = post;
    const words = { ...rest, lines: [...rest.lines, 'The picture could not be added.'] };
    await postOnce(parts, { platform, to, post: words, key: keyFor(id, 'digest in words'), part: 1 }, attempt);
  }
}

/** What nobody but an admin can mend ends in front of them, and doesn't keep the next Digest waiting. */
function lasting(error: unknown, { mayBeDone }: Try): unknown {
  if (!(error instanceof BridgeError)) return error;
  const refused = (sentence: string): BridgeError =>
    new BridgeError('refused', `digest: ${error.message}`, { sentence, retry: 'never', certain: true, cause: error });
  // No channel is opened in the place of one that an admin chose.
  if (error.code === 'channel_gone') return refused('its channel is gone or archived, or Switchboard isn’t in it.');
  if (error.code === 'not_allowed' && mayBeDone) {
    return refused('its posting wasn’t answered, and Switchboard may not read its channel to see whether it is there.');
  }
  return error;
}
