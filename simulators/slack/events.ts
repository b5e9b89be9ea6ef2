// Events on their way to the app: who may hear of them, redelivery until acknowledged, and what can go wrong.
import type { Carrier, Receipt } from './carrier.ts';
import { objectOf, textOf } from './json.ts';
import type { JsonObject } from './json.ts';
import type { Emitted, Workspace } from './state.ts';

/** One try to deliver an event. */
export interface Attempt {
  readonly at: number;
  readonly retry: number;
  /** Absent while the answer is awaited. */
  receipt?: Receipt;
}

/** An event and what became of it: `lost` when every try failed, `dropped` when a fault took it. */
export interface Delivery {
  readonly eventId: string;
  /** The subscription it belongs to, as `message.groups`. */
  readonly subscription: string;
  readonly event: JsonObject;
  readonly body: JsonObject;
  readonly attempts: Attempt[];
  state: 'withheld' | 'waiting' | 'acked' | 'lost' | 'dropped';
}

/** Chooses events. */
export type EventMatch = (event: JsonObject) => boolean;

/** Events kept back. */
export interface Hold {
  readonly held: readonly Delivery[];
  /** Stops holding and sends what was held, in the order asked for (default as they happened). */
  release(order?: 'as_happened' | 'reversed'): void;
  /** Stops holding; what was held never arrives. */
  discard(): void;
}

const everything: EventMatch = () => true;

/** All events since the start, delivered in the order they happened unless told otherwise. */
export class Events {
  readonly deliveries: Delivery[] = [];
  /** Added to every delivery. */
  delayMs = 0;
  readonly #workspace: Workspace;
  readonly #carrier: Carrier;
  readonly #holds: { match: EventMatch; held: Delivery[] }[] = [];
  readonly #losses: EventMatch[] = [];
  #repeat: { match: EventMatch; times: number } | undefined;

  constructor(workspace: Workspace, carrier: Carrier) {
    this.#workspace = workspace;
    this.#carrier = carrier;
    workspace.onEmit((emitted) => {
      this.#accept(emitted);
    });
  }

  /** Keeps matching events back until released. */
  withhold(match: EventMatch = everything): Hold {
    const hold = { match, held: [] as Delivery[] };
    this.#holds.push(hold);
    const end = (): Delivery[] => {
      const at = this.#holds.indexOf(hold);
      if (at !== -1) this.#holds.splice(at, 1);
      return hold.held.splice(0);
    };
    return {
      held: hold.held,
      release: (order = 'as_happened') => {
        const held = end();
        for (const delivery of order === 'reversed' ? held.toReversed() : held) this.#send(delivery);
      },
      discard: () => {
        for (const delivery of end()) delivery.state = 'dropped';
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

  /** Sends every matching event `times` times more (same event id), until called with 0. */
  duplicate(times: number, match: EventMatch = everything): void {
    this.#repeat = times > 0 ? { match, times } : undefined;
  }

  /** Sends an event once more, as a redelivery that Slack makes for a lost acknowledgement. */
  redeliver(delivery: Delivery): void {
    this.#send(delivery, { attempt: delivery.attempts.length, reason: 'timeout' });
  }

  /** Tells the app that it gets too many events to be told of all; source: "app_rate_limited" of the Events API. */
  async sendRateLimited(): Promise<Receipt> {
    const workspace = this.#workspace;
    const body = {
      token: workspace.verificationToken,
      type: 'app_rate_limited',
      team_id: workspace.teamId,
      minute_rate_limited: workspace.seconds(),
      api_app_id: workspace.appId,
    };
    return this.#carrier.carry({ kind: 'events_api', body, answerable: false, retry: { attempt: 0, reason: '' } });
  }

  /** Whether nothing is on its way or waiting for a redelivery. */
  get settled(): boolean {
    return this.deliveries.every((delivery) => delivery.state !== 'waiting');
  }

  #accept(emitted: Emitted): void {
    const { event, channel, forced } = emitted;
    const subscription = subscriptionOf(event);
    if (!this.#workspace.botEvents.has(subscription)) return;
    if (channel !== undefined && !forced && !channel.members.has(this.#workspace.bot.id)) return;
    const body = this.#wrap(event);
    const eventId = textOf(body['event_id']);
    const delivery: Delivery = { eventId, subscription, event, body, attempts: [], state: 'waiting' };
    this.deliveries.push(delivery);
    if (this.#losses.some((match) => match(event))) {
      delivery.state = 'dropped';
      return;
    }
    const hold = this.#holds.find((other) => other.match(event));
    if (hold !== undefined) {
      delivery.state = 'withheld';
      hold.held.push(delivery);
      return;
    }
    this.#send(delivery);
  }

  #send(delivery: Delivery, first = { attempt: 0, reason: '' }): void {
    const copies = this.#repeat?.match(delivery.event) === true ? this.#repeat.times : 0;
    delivery.state = 'waiting';
    const start = (): void => {
      for (let copy = 0; copy <= copies; copy += 1) void this.#try(delivery, first.attempt, first.reason);
    };
    if (this.delayMs === 0) start();
    else this.#workspace.later(this.delayMs, start);
  }

  /** One try and, if it fails, the wait before the next; a carrier never throws. */
  async #try(delivery: Delivery, retry: number, reason: string): Promise<void> {
    const attempt: Attempt = { at: this.#workspace.now(), retry };
    delivery.attempts.push(attempt);
    const parcel = {
      kind: 'events_api',
      body: delivery.body,
      answerable: false,
      retry: { attempt: retry, reason },
    } as const;
    const receipt = await this.#carrier.carry(parcel);
    attempt.receipt = receipt;
    if (receipt.kind === 'acked') {
      delivery.state = 'acked';
      return;
    }
    if (delivery.state === 'acked') return;
    const delay = this.#workspace.settings.redeliveryDelaysMs[retry];
    if (delay === undefined || (receipt.kind === 'http_error' && receipt.noRetry)) {
      delivery.state = 'lost';
      return;
    }
    this.#workspace.later(delay, () => {
      if (delivery.state === 'waiting') void this.#try(delivery, retry + 1, reasonOf(receipt));
    });
  }

  #wrap(event: JsonObject): JsonObject {
    const workspace = this.#workspace;
    return {
      token: workspace.verificationToken,
      team_id: workspace.teamId,
      context_team_id: workspace.teamId,
      context_enterprise_id: null,
      api_app_id: workspace.appId,
      event,
      type: 'event_callback',
      event_id: workspace.newId('Ev'),
      event_time: workspace.seconds(),
      authorizations: [
        {
          enterprise_id: null,
          team_id: workspace.teamId,
          user_id: workspace.bot.id,
          is_bot: true,
          is_enterprise_install: false,
        },
      ],
      is_ext_shared_channel: false,
      event_context: `4-${workspace.newId('E')}`,
    };
  }
}

function subscriptionOf(event: JsonObject): string {
  const type = textOf(event['type']);
  if (type !== 'message') return type;
  const kind = textOf(event['channel_type']);
  return kind === 'im' ? 'message.im' : `message.${kind}s`;
}

function reasonOf(receipt: Receipt): string {
  switch (receipt.kind) {
    case 'http_error':
      return 'http_error';
    case 'unreachable':
      return 'connection_failed';
    case 'timeout':
    case 'disconnected':
      return 'timeout';
    case 'acked':
      return '';
  }
}

/** Matches events that say something in a channel, optionally with this text in them. */
export function saying(text?: string): EventMatch {
  return (event) => {
    if (event['type'] !== 'message') return false;
    return text === undefined || textOf(event['text'] ?? objectOf(event['message'])['text']).includes(text);
  };
}
