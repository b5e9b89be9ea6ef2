// Works off what was heard in Workspaces: stored events, in order for each channel, handed to whoever records them.
import { BridgeError } from '../domain/errors.ts';
import type { PlatformEvent } from '../domain/events.ts';
import type { ChannelId, WorkspaceId } from '../domain/ids.ts';
import type { Log } from '../runtime/log.ts';
import { Loop, type Clock } from '../runtime/time.ts';
import type { Heard, HeldBack } from '../store/inbox.ts';
import type { Store } from '../store/store.ts';
import { backOffMs } from './deliver.ts';
import type { Outcome } from './outbound.ts';

export interface HearingParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Records one event. `later`: what it refers to isn't recorded yet. */
  readonly record: (workspaceId: WorkspaceId, event: PlatformEvent) => Promise<Outcome>;
}

const AT_ONCE = 200;
const POLL_MS = 2_000;
/** An event that refers to something we never hear of is let go after this. */
const LONGEST_LATER_MS = 60_000;
/** A fault of our own in one event holds its channel this many tries, then it's set aside with its reason. */
const MOST_FAILURES = 8;

/** What is told live waits so long for the reading of what was said before it; then it goes on, though its order may suffer. */
const LONGEST_HOLD_MS = 60_000;

const settlingKey = (workspaceId: WorkspaceId, { key }: PlatformEvent): string => `${workspaceId} ${key}`;

/** A Workspace whose gap is being read. */
interface Hold {
  readonly untilMs: number;
  /** Channels that were read: they aren't held back any more. */
  readonly read: Set<ChannelId>;
  /** Channels in which something was told meanwhile. */
  readonly waiting: Set<ChannelId>;
}

/** The durable ear: what adapters tell is stored here before they acknowledge it. */
export class Hearing {
  readonly #parts: HearingParts;
  readonly #loop: Loop;
  readonly #stopping = new AbortController();
  readonly #held = new Map<WorkspaceId, Hold>();
  /** Until when, on the monotonic clock, what was done before an event may still be told; by Workspace and key. */
  readonly #settling = new Map<string, number>();

  constructor(parts: HearingParts) {
    this.#parts = parts;
    const { clock, log } = parts;
    this.#loop = new Loop({ name: 'hearing', clock, log, everyMs: POLL_MS, run: (signal) => this.#round(signal) });
  }

  start(): void {
    this.#loop.start();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop.stop();
  }

  /**
   * Resolves once the event is stored; a repeat of the same key changes nothing. It's recorded `settleMs` later: what was done before it and is
   * told within that time comes before it.
   */
  async hear(workspaceId: WorkspaceId, event: PlatformEvent, settleMs = 0): Promise<void> {
    const { store, clock } = this.#parts;
    if (settleMs > 0) this.#settling.set(settlingKey(workspaceId, event), clock.monotonicMs() + settleMs);
    await store.read.inbox.hear(workspaceId, event);
    if ('channel' in event) this.#held.get(workspaceId)?.waiting.add(event.channel);
    void clock.sleep(settleMs, this.#stopping.signal).then(() => this.#loop.wake());
  }

  /** What was said in a gap will be read: what is told meanwhile in any channel is stored, and recorded after it. */
  holdBack(workspaceId: WorkspaceId): void {
    const untilMs = this.#parts.clock.monotonicMs() + LONGEST_HOLD_MS;
    this.#held.set(workspaceId, { untilMs, read: new Set(), waiting: new Set() });
  }

  /** Of these channels, one in which something waits for the reading of its gap. */
  waitingIn(workspaceId: WorkspaceId, channels: Iterable<ChannelId>): ChannelId | undefined {
    const waiting = this.#held.get(workspaceId)?.waiting;
    return waiting && [...channels].find((channel) => waiting.has(channel));
  }

  /** The gap was read: of this channel, or of all. */
  goOn(workspaceId: WorkspaceId, channel?: ChannelId): void {
    if (channel === undefined) this.#held.delete(workspaceId);
    else this.#held.get(workspaceId)?.read.add(channel);
    this.#loop.wake();
  }

  #heldBack(): HeldBack[] {
    const nowMs = this.#parts.clock.monotonicMs();
    return [...this.#held].flatMap(([workspaceId, { untilMs, read }]) =>
      untilMs > nowMs ? [{ workspaceId, except: [...read] }] : [],
    );
  }

  #isHeld({ workspaceId, channel }: Heard): boolean {
    const held = this.#heldBack().find((each) => each.workspaceId === workspaceId);
    return held !== undefined && channel !== null && !held.except.includes(channel);
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { store, clock } = this.#parts;
    for (;;) {
      const due = await store.read.inbox.due(clock.now(), AT_ONCE, this.#heldBack());
      const channels = Map.groupBy(due, (heard) => `${heard.workspaceId} ${heard.channel ?? heard.id}`);
      this.#forgetSettled();
      const settled = [...channels.values()].map((events) => this.#settled(events)).filter(({ length }) => length > 0);
      if (settled.length === 0) return;
      await Promise.all(settled.map((events) => this.#inOrder(events, signal)));
      if (signal.aborted) return;
    }
  }

  #forgetSettled(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    for (const [key, untilMs] of this.#settling) if (untilMs <= nowMs) this.#settling.delete(key);
  }

  /** Those of a channel's events that come before the first that still settles. */
  #settled(events: readonly Heard[]): readonly Heard[] {
    const end = events.findIndex(({ workspaceId, event }) => this.#settling.has(settlingKey(workspaceId, event)));
    return end === -1 ? events : events.slice(0, end);
  }

  async #inOrder(events: readonly Heard[], signal: AbortSignal): Promise<void> {
    for (const heard of events) {
      // A gap may have been noticed since these were loaded.
      if (signal.aborted || this.#isHeld(heard) || !(await this.#one(heard))) return;
    }
  }

  /** True when it's done with, and the channel's next may follow. */
  async #one(heard: Heard): Promise<boolean> {
    const { store, clock, log, record } = this.#parts;
    const now = clock.now();
    try {
      const outcome = await record(heard.workspaceId, heard.event);
      if (outcome === 'later' && now.getTime() - heard.heardAt.getTime() < LONGEST_LATER_MS) {
        await store.read.inbox.heardLater(
          heard.id,
          new Date(now.getTime() + backOffMs(heard.attempts)),
          'waits for what it refers to',
        );
        return false;
      }
    } catch (error) {
      // What only has to be asked for again is waited for as long as it takes.
      const isAway = error instanceof BridgeError && error.retry === 'later';
      const isGivenUp = !isAway && heard.attempts >= MOST_FAILURES;
      log.error({ heardId: heard.id, kind: heard.event.kind, err: error, isGivenUp }, 'an event could not be recorded');
      const reason = error instanceof Error ? error.name : 'unknown';
      await store.read.inbox.heardLater(heard.id, new Date(now.getTime() + backOffMs(heard.attempts)), reason);
      if (!isGivenUp) return false;
    }
    await store.read.inbox.heardDone(heard.id, clock.now());
    return true;
  }
}
