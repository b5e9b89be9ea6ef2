// Every event from the moment it happens to the gateway: delivered, kept back, lost, doubled or late.
import { GatewayDispatchEvents } from 'discord-api-types/v10';
import { objectOf, textOf } from './json.ts';
import type { Emitted, Guild } from './state.ts';

/** An event and what became of it. */
export interface Delivery {
  readonly t: GatewayDispatchEvents;
  readonly d: object;
  /** `sent` to at least one session (which may have to resume for it), `unheard` when none wanted or could see it, `dropped` by a fault. */
  state: 'waiting' | 'withheld' | 'sent' | 'unheard' | 'dropped';
}

/** Chooses events by name and payload. */
export type EventMatch = (t: GatewayDispatchEvents, d: object) => boolean;

/** Events kept back. */
export interface Hold {
  readonly held: readonly Delivery[];
  /** Stops holding and sends what was held, in the order asked for (default as they happened). */
  release(order?: 'as_happened' | 'reversed'): void;
  /** Stops holding; what was held never arrives. */
  discard(): void;
}

/** Passes an event to the sessions that may have it; how many that were. */
export type Deliver = (emitted: Emitted) => number;

interface Waiting {
  readonly emitted: Emitted;
  readonly delivery: Delivery;
}

const everything: EventMatch = () => true;

/** All events since the start, in the order they happened unless told otherwise. */
export class Events {
  readonly deliveries: Delivery[] = [];
  /** Added to every delivery. */
  delayMs = 0;
  readonly #guild: Guild;
  readonly #deliver: Deliver;
  readonly #holds: { readonly match: EventMatch; readonly held: Waiting[] }[] = [];
  readonly #losses: EventMatch[] = [];
  #repeat: { readonly match: EventMatch; readonly times: number } | undefined;

  constructor(guild: Guild, deliver: Deliver) {
    this.#guild = guild;
    this.#deliver = deliver;
    guild.onEmit((emitted) => {
      this.#accept(emitted);
    });
  }

  /** Keeps matching events back until released. */
  withhold(match: EventMatch = everything): Hold {
    const hold = { match, held: [] as Waiting[] };
    this.#holds.push(hold);
    const end = (): Waiting[] => {
      const at = this.#holds.indexOf(hold);
      if (at !== -1) this.#holds.splice(at, 1);
      return hold.held.splice(0);
    };
    return {
      get held(): readonly Delivery[] {
        return hold.held.map(({ delivery }) => delivery);
      },
      release: (order = 'as_happened') => {
        const held = end();
        for (const waiting of order === 'reversed' ? held.toReversed() : held) this.#send(waiting);
      },
      discard: () => {
        for (const { delivery } of end()) delivery.state = 'dropped';
      },
    };
  }

  /** Loses matching events for good, until the returned function is called. */
  lose(match: EventMatch = everything): () => void {
    this.#losses.push(match);
    return () => {
      const at = this.#losses.indexOf(match);
      if (at !== -1) this.#losses.splice(at, 1);
    };
  }

  /** Sends every matching event `times` times more (with a sequence number of its own), until called with 0. */
  duplicate(times: number, match: EventMatch = everything): void {
    this.#repeat = times > 0 ? { match, times } : undefined;
  }

  /** Whether nothing is on its way. */
  get settled(): boolean {
    return this.deliveries.every((delivery) => delivery.state !== 'waiting');
  }

  #accept(emitted: Emitted): void {
    const delivery: Delivery = { t: emitted.t, d: emitted.d, state: 'waiting' };
    this.deliveries.push(delivery);
    const { t, d } = emitted;
    if (this.#losses.some((match) => match(t, d))) {
      delivery.state = 'dropped';
      return;
    }
    const hold = this.#holds.find((other) => other.match(t, d));
    if (hold === undefined) {
      this.#send({ emitted, delivery });
      return;
    }
    delivery.state = 'withheld';
    hold.held.push({ emitted, delivery });
  }

  #send({ emitted, delivery }: Waiting): void {
    const copies = this.#repeat?.match(emitted.t, emitted.d) === true ? this.#repeat.times : 0;
    delivery.state = 'waiting';
    const give = (): void => {
      let heard = 0;
      for (let copy = 0; copy <= copies; copy += 1) heard += this.#deliver(emitted);
      delivery.state = heard > 0 ? 'sent' : 'unheard';
    };
    if (this.delayMs === 0) give();
    else this.#guild.later(this.delayMs, give);
  }
}

/** Matches new messages, optionally with this text in them. */
export function saying(text?: string): EventMatch {
  return (t, d) =>
    t === GatewayDispatchEvents.MessageCreate && (text === undefined || textOf(objectOf(d)['content']).includes(text));
}

/** Matches events by their name. */
export function named(...names: readonly `${GatewayDispatchEvents}`[]): EventMatch {
  return (t) => names.includes(t);
}
