// Tickets and Metrics over a test's own store, wired as main.ts does it; what they queue is delivered only where a test has a Bridge started.
import type { Access } from '../../src/access/access.ts';
import { postDigest, remind, showCards } from '../../src/bridge/lanes.ts';
import { Metrics } from '../../src/metrics/metrics.ts';
import type { Log } from '../../src/runtime/log.ts';
import type { Clock } from '../../src/runtime/time.ts';
import type { Store } from '../../src/store/store.ts';
import { Tickets } from '../../src/tickets/tickets.ts';

/** The Metrics aren't started: a test asks for figures and Digests itself. */
export function facadesOver(parts: { store: Store; access: Access; clock: Clock; log: Log }): {
  readonly tickets: Tickets;
  readonly metrics: Metrics;
} {
  const { store, access, clock, log } = parts;
  const tickets = new Tickets({
    store,
    clock,
    refusal: async (tx, agentId, chatId, now) => {
      const decision = await access.decide(tx, agentId, chatId, now);
      return decision.allowed ? undefined : decision.sentence;
    },
    showCard: showCards,
  });
  access.onDeactivate(tickets.releaseOf);
  const channelText = () => access.phonesFor('channel');
  return { tickets, metrics: new Metrics({ store, clock, log, postDigest, nudge: remind, channelText }) };
}
