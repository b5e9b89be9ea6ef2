// Performs the Delivery of a Ticket's card: one post in each channel of its Chat, edited in place.
import { BridgeError } from '../domain/errors.ts';
import type { TicketId } from '../domain/ticket.ts';
import type { ChatPlatform } from '../platforms/platform.ts';
import type { Clock } from '../runtime/time.ts';
import type { Mirror } from '../store/mirror.ts';
import type { Store } from '../store/store.ts';
import type { TicketPost } from '../store/ticket.ts';
import type { Tickets } from '../tickets/tickets.ts';
import { gone } from './mirror.ts';
import { digestOf, postOnce, type Try } from './posting.ts';

export interface CardParts {
  readonly store: Store;
  readonly tickets: Pick<Tickets, 'card'>;
  readonly clock: Clock;
}

/** Makes the channel show the Ticket as it stands. Where there is no channel nothing is done: its opening asks for the cards of what isn't resolved. */
export async function showCard(
  parts: CardParts,
  ticketId: TicketId,
  mirror: Mirror,
  platform: ChatPlatform,
  attempt: Try,
): Promise<void> {
  const { store, tickets } = parts;
  const { id: mirrorId, generation, channelId: channel } = mirror;
  if (mirror.state !== 'open' || channel === null) return;
  const post = await tickets.card(ticketId);
  if (post === undefined) throw gone();
  const shown = digestOf(post);
  const edit = async (there: TicketPost): Promise<boolean> => {
    if (there.shown === shown) return true;
    attempt.assertHeld();
    try {
      await platform.edit(there.remoteId, post);
    } catch (error) {
      if (!(error instanceof BridgeError && error.code === 'post_gone')) throw error;
      return false;
    }
    await store.read.tickets.posted({ ...there, shown });
    return true;
  };
  const before = await store.read.tickets.post(ticketId, mirrorId);
  if (before?.generation === generation) {
    if (await edit(before)) return;
    // Somebody removed the card: the Ticket is still there, so it's shown again.
    await store.read.tickets.dropPost(ticketId, mirrorId);
  }
  // The Delivery's own key: a card that takes the place of a removed one must not be taken for it.
  const { key } = attempt.delivery;
  const posted = await postOnce(parts, { platform, to: { channel }, post, key, part: 0 }, attempt);
  const now = { ticketId, mirrorId, remoteId: posted.id, generation, shown: posted.wasThere ? null : shown };
  await store.read.tickets.posted(now);
  if (posted.wasThere) await edit(now);
}
