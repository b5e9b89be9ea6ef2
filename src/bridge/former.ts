// The thread that a Chat was before it got a channel of its own: it says where the Chat goes on, and is closed.
import { BridgeError } from '../domain/errors.ts';
import type { ChannelId } from '../domain/ids.ts';
import type { Inline } from '../domain/text.ts';
import type { ChatPlatform } from '../platforms/platform.ts';
import type { Clock } from '../runtime/time.ts';
import type { Mirror } from '../store/mirror.ts';
import type { Store } from '../store/store.ts';
import { keyFor, postOnce, type Try } from './posting.ts';

/** What somebody is told who still writes in the thread. */
export const movedSentence = ({ channelName }: Mirror): string =>
  `This chat has moved to #${channelName ?? 'a channel of its own'}, so this was not sent. Write it there.`;

/** Posts the pointer and closes the thread; whoever may see the Chat goes on reading it. Repeatable. Rejects with a BridgeError. */
export async function retire(
  parts: { readonly store: Store; readonly clock: Clock },
  thread: ChannelId,
  mirror: Mirror,
  platform: ChatPlatform,
  attempt: Try,
): Promise<void> {
  const words = `This chat goes on in #${mirror.channelName ?? 'a channel of its own'}.`;
  const link: readonly Inline[] = mirror.url === null ? [] : [{ kind: 'link', url: mirror.url }];
  const post = {
    marks: [],
    text: [{ kind: 'paragraph', inlines: [{ kind: 'text', text: `➡ ${words} ` }, ...link] }] as const,
    lines: ['What was said until now stays here to be read.'],
    buttons: [],
    summary: words,
  };
  try {
    const posting = { platform, to: { channel: thread }, post, key: keyFor(mirror.id, thread, 'moved'), part: 0 };
    await postOnce(parts, posting, attempt);
    attempt.assertHeld();
    await platform.closeThread?.(thread);
  } catch (error) {
    // Somebody deleted it: nobody is to be led anywhere.
    if (!(error instanceof BridgeError) || error.code !== 'channel_gone') throw error;
    await parts.store.read.mirrors.forgetFormer(mirror.id);
  }
}
