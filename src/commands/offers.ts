// What buttons under an answer go on with: the next page, the change that was shown before it's made. Kept in memory, for as long as answers can be pressed.
import { randomUUID } from 'node:crypto';
import type { AgentId } from '../domain/ids.ts';
import type { Button } from '../domain/post.ts';
import type { Clock } from '../runtime/time.ts';
import type { Agent } from '../store/agent.ts';
import type { Ask, Handler, Who } from './ask.ts';

/** Offers end with the time in which requests can be answered. */
const LIFE_MS = 15 * 60_000;
const MOST = 2_000;

interface Offer {
  readonly agentId: AgentId;
  readonly who: Who;
  readonly endsAtMs: number;
  readonly isOnce: boolean;
  readonly run: Handler;
}

/** How a button's action says that it's an offer: `offer:<token>`. */
export const OFFER = 'offer';

export class Offers {
  readonly #clock: Clock;
  readonly #offers = new Map<string, Offer>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A button that goes on with `run`, for the same person and under the same right. `isOnce`: a second press does nothing. */
  button(
    ask: Pick<Ask, 'agent' | 'who'>,
    look: { readonly label: string; readonly tone?: Button['tone']; readonly isOnce?: boolean },
    run: Handler,
  ): Button {
    const nowMs = this.#clock.monotonicMs();
    for (const [token, { endsAtMs }] of this.#offers) {
      if (endsAtMs > nowMs && this.#offers.size < MOST) break;
      this.#offers.delete(token);
    }
    const token = randomUUID();
    const { label, tone = 'normal', isOnce = false } = look;
    this.#offers.set(token, { agentId: ask.agent.id, who: ask.who, endsAtMs: nowMs + LIFE_MS, isOnce, run });
    return { action: `${OFFER}:${token}`, label, tone };
  }

  /** What was offered to this person; undefined when it ended, was taken, or is somebody else's. */
  take(token: string, agent: Pick<Agent, 'id'>): Pick<Offer, 'who' | 'run'> | undefined {
    const offer = this.#offers.get(token);
    if (offer === undefined || offer.agentId !== agent.id || offer.endsAtMs <= this.#clock.monotonicMs())
      return undefined;
    if (offer.isOnce) this.#offers.delete(token);
    return offer;
  }
}
