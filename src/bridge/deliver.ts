// The delivery loop: claims lanes, performs the Delivery at the head of each, settles it. The only place that decides to try again.
import type { Access } from '../access/access.ts';
import { BridgeError } from '../domain/errors.ts';
import type { MirrorId, WorkspaceId } from '../domain/ids.ts';
import type { ChatPlatform } from '../platforms/platform.ts';
import type { Lease } from '../runtime/lease.ts';
import type { Log } from '../runtime/log.ts';
import { Loop, type Clock } from '../runtime/time.ts';
import type { Delivery } from '../store/delivery.ts';
import type { Lane, LaneTarget } from '../store/lane.ts';
import type { Store, Tx } from '../store/store.ts';
import { noticeLane } from './lanes.ts';
import type { Try } from './posting.ts';
import type { ToMessenger } from './to-messenger.ts';
import type { ToPlatform } from './to-platform.ts';

export interface DeliverParts {
  readonly store: Store;
  readonly lease: Pick<Lease, 'valid' | 'fence'>;
  readonly platforms: ReadonlyMap<WorkspaceId, Pick<ChatPlatform, 'now'>>;
  readonly toPlatform: Pick<ToPlatform, 'perform'>;
  readonly toMessenger: Pick<ToMessenger, 'perform' | 'ended'>;
  readonly access: Pick<Access, 'mailInvitation' | 'invitationUndelivered'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Lanes worked on at once: enough to keep slow platforms busy. Whoever waits for a platform holds nothing of the database's pool. */
const LANES_AT_ONCE = 96;
/** Of these, lanes to one Workspace or number: what hangs takes no more hands, and the others go on as if nothing were. */
const LANES_OF_TARGET = 16;
/** After so many Deliveries a lane gives way to others that wait. */
const DELIVERIES_A_TURN = 20;
/** The slow poll: what was enqueued by another way than this process's store is found after this. */
const POLL_MS = 1_000;
const FIRST_BACK_OFF_MS = 500;
const LONGEST_BACK_OFF_MS = 60_000;
/** Tries without any answer before a send to a messenger is left for a person: two relays under one id (product §3.6). */
const UNCERTAIN_TRIES = 2;
/** Certain failures of our own making (`broken`) before a Delivery is given up, so that a poison message can't hold its lane for ever. */
const BROKEN_TRIES = 5;
/** A platform may ask for any wait; we look again at least this often. */
const LONGEST_WAIT_MS = 60 * 60_000;

/** Exponential, capped; the same for all, since lanes rest one by one and not together. */
export function backOffMs(attempts: number): number {
  return Math.min(LONGEST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** Math.min(attempts, 16));
}

/** A mail server that can't be reached for so long is given up: the admins hear of it and can hand the link over. */
const MAIL_PATIENCE_MS = 60 * 60_000;

/** A platform that told no time yet: ours may be this far ahead of it, and what is posted now is looked for from so early on. */
const MOST_AHEAD_MS = 24 * 60 * 60_000;

class NotHeld extends Error {
  override readonly name = 'NotHeld';
}

function asBridgeError(error: unknown): BridgeError {
  if (error instanceof BridgeError) return error;
  return new BridgeError('broken', error instanceof Error ? error.message : 'unknown failure', {
    sentence: 'Something in Switchboard went wrong; an admin can find it in the log.',
    retry: 'later',
    certain: false,
    cause: error,
  });
}

/** What comes after a Delivery of a lane. */
type Next = 'next' | 'given back' | 'rests';

/** After settling: `waiting` is what waits in the lane, undefined when it's not ours any more. */
function afterwards(waiting: number | undefined): Next {
  if (waiting === undefined) return 'rests';
  return waiting > 0 ? 'next' : 'given back';
}

/** Owns the loop and the lanes under way. */
export class Deliver {
  readonly #parts: DeliverParts;
  readonly #loop: Loop;
  readonly #busy = new Map<string, { readonly target: LaneTarget; readonly work: Promise<void> }>();
  /** Targets that asked for a pause as a whole, until when. */
  readonly #pauses = new Map<LaneTarget, number>();
  #isStopping = false;
  #unsubscribe: (() => void) | undefined;

  constructor(parts: DeliverParts) {
    this.#parts = parts;
    const { clock, log } = parts;
    this.#loop = new Loop({ name: 'deliver', clock, log, everyMs: POLL_MS, run: () => this.#round() });
  }

  start(): void {
    this.#unsubscribe = this.#parts.store.onEnqueued(() => this.#loop.wake());
    this.#loop.start();
  }

  /** Takes up nothing new and lets what is under way end. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#unsubscribe?.();
    await this.#loop.stop();
    await Promise.allSettled([...this.#busy.values()].map(({ work }) => work));
  }

  async #round(): Promise<void> {
    const { store, lease, clock } = this.#parts;
    const room = LANES_AT_ONCE - this.#busy.size;
    const fence = lease.fence;
    if (room <= 0 || fence === undefined || !lease.valid() || this.#isStopping) return;
    const busy = [...this.#busy].map(([id, { target }]) => ({ id, target }));
    const limits = { limit: room, share: LANES_OF_TARGET };
    const lanes = await store.read.deliveries.claim(fence, busy, limits, clock.now());
    for (const lane of lanes) {
      const work = this.#work(lane, fence).finally(() => {
        this.#busy.delete(lane.id);
        this.#loop.wake();
      });
      this.#busy.set(lane.id, { target: lane.target, work });
    }
  }

  /** Works on one lane until it's empty, rests, or had its turn. Never rejects. */
  async #work(lane: Lane, fence: bigint): Promise<void> {
    const { store, log } = this.#parts;
    try {
      for (let turn = 0; turn < DELIVERIES_A_TURN && !this.#isStopping; turn += 1) {
        const next = await this.#next(lane, fence);
        if (next === 'given back') return;
        if (next === 'rests') break;
      }
    } catch (error) {
      log.error({ laneId: lane.id, err: error }, 'a lane could not be worked on');
      await this.#parts.clock.sleep(FIRST_BACK_OFF_MS);
    }
    try {
      await store.read.deliveries.release(lane.id, fence);
    } catch (error) {
      log.warn({ laneId: lane.id, err: error }, 'a lane could not be given back; it is taken up again anyway');
    }
  }

  /** What may follow: the lane's next Delivery at once, or nothing for now; or the lane was given back, since it's empty. */
  async #next(lane: Lane, fence: bigint): Promise<Next> {
    const { store, clock, lease } = this.#parts;
    const head = await store.read.deliveries.head(lane.id);
    if (head === undefined || !lease.valid()) return 'rests';
    const pausedUntilMs = this.#pauses.get(lane.target) ?? 0;
    if (pausedUntilMs > clock.monotonicMs()) {
      const nextAt = new Date(clock.now().getTime() + pausedUntilMs - clock.monotonicMs());
      await this.#postpone(head, fence, {
        nextAt,
        code: 'throttled',
        reason: 'waiting',
        certain: head.certain,
        fruitless: head.fruitless,
        counts: false,
      });
      return 'rests';
    }
    const mayBeDone = head.attempts > 0 && !head.certain;
    const delivery = await store.read.deliveries.begin(head.id, lane.id, fence, this.#timeAt(lane.target));
    if (delivery === undefined) return 'rests';
    try {
      await this.#perform({ delivery, mayBeDone, assertHeld: () => this.#assertHeld() });
    } catch (error) {
      if (error instanceof NotHeld) return 'rests';
      return this.#failed(lane, delivery, fence, asBridgeError(error));
    }
    return afterwards(await store.read.deliveries.settle(delivery, fence, { state: 'sent' }, clock.now()));
  }

  /** A post is looked for in the history of a platform: what tells when it was tried first is the platform's time. */
  #timeAt(target: LaneTarget): Date {
    const { platforms, clock } = this.#parts;
    const platform = platforms.get(target.slice(target.indexOf(':') + 1) as WorkspaceId);
    const now = clock.now();
    if (platform?.now === undefined) return now;
    return platform.now() ?? new Date(now.getTime() - MOST_AHEAD_MS);
  }

  #assertHeld(): void {
    if (!this.#parts.lease.valid()) throw new NotHeld();
  }

  async #perform(attempt: Try): Promise<void> {
    const { toPlatform, toMessenger, access } = this.#parts;
    const { task } = attempt.delivery;
    switch (task.kind) {
      case 'show':
      case 'reactions':
      case 'line':
      case 'card':
      case 'describe':
      case 'promote':
      case 'retire':
      case 'digest':
      case 'notice':
        return toPlatform.perform(task, attempt);
      case 'invite':
        attempt.assertHeld();
        return access.mailInvitation(task);
      case 'send':
      case 'amend':
      case 'revoke':
      case 'react':
      case 'read':
        return toMessenger.perform(task, attempt);
    }
  }

  async #failed(lane: Lane, delivery: Delivery, fence: bigint, error: BridgeError): Promise<Next> {
    const { clock, log } = this.#parts;
    const fruitless = delivery.fruitless + (error.code === 'broken' || !error.certain ? 1 : 0);
    const isOver = this.#isOver(delivery, fruitless, error);
    log.warn(
      {
        deliveryId: delivery.id,
        kind: delivery.task.kind,
        attempts: delivery.attempts,
        code: error.code,
        err: error,
        isOver,
      },
      'a delivery failed',
    );
    if (isOver !== undefined) return this.#end(delivery, fence, isOver, error);
    const waitMs = Math.min(LONGEST_WAIT_MS, error.retryAfterMs ?? backOffMs(lane.attempts));
    if (error.waitFor !== 'lane') this.#pauses.set(lane.target, clock.monotonicMs() + waitMs);
    await this.#postpone(delivery, fence, {
      nextAt: new Date(clock.now().getTime() + waitMs),
      code: error.code,
      reason: error.sentence,
      certain: error.certain,
      fruitless,
      counts: error.code !== 'throttled',
    });
    return 'rests';
  }

  /** How a failed try ends its Delivery, if it does. */
  #isOver(delivery: Delivery, fruitless: number, error: BridgeError): 'failed' | 'uncertain' | undefined {
    const isToMessenger =
      delivery.task.kind === 'send' ||
      delivery.task.kind === 'amend' ||
      delivery.task.kind === 'revoke' ||
      delivery.task.kind === 'react';
    const triedForMs = this.#parts.clock.now().getTime() - (delivery.firstTriedAt?.getTime() ?? Infinity);
    if (delivery.task.kind === 'invite' && triedForMs > MAIL_PATIENCE_MS) return 'failed';
    if (error.code === 'channel_gone') return undefined;
    if (error.retry === 'never') return 'failed';
    if (error.code === 'broken' && fruitless >= BROKEN_TRIES) return 'failed';
    if (isToMessenger && !error.certain && fruitless >= UNCERTAIN_TRIES) return 'uncertain';
    return undefined;
  }

  async #end(delivery: Delivery, fence: bigint, state: 'failed' | 'uncertain', error: BridgeError): Promise<Next> {
    const { store, toMessenger, access, clock } = this.#parts;
    const { task } = delivery;
    switch (task.kind) {
      case 'send':
      case 'amend':
      case 'revoke':
      case 'react':
        await toMessenger.ended(task, { state, sentence: error.sentence });
        break;
      case 'invite':
        await access.invitationUndelivered(task, error.sentence);
        break;
      case 'show':
        await this.#tellOfMessage(delivery, task.mirrorId, error);
        break;
      case 'describe':
        await this.#tellOfChannel(delivery, task.mirrorId, 'The name or topic of # could not be changed', error);
        break;
      case 'promote':
        await this.#tellOfChannel(delivery, task.mirrorId, '# could not get a channel of its own', error);
        break;
      case 'retire':
        await this.#tellOfChannel(delivery, task.mirrorId, 'The thread that # was before could not be closed', error);
        break;
      case 'digest':
        await this.#tellOfDigest(delivery, task.workspaceId, error);
        break;
      case 'reactions':
      case 'line':
      case 'card':
      case 'notice':
      case 'read':
        break;
    }
    const outcome = { state, code: error.code, reason: error.sentence };
    return afterwards(await store.read.deliveries.settle(delivery, fence, outcome, clock.now()));
  }

  /** A message that can't be shown ends in front of a person, not in a log. */
  async #tellOfMessage(delivery: Delivery, mirrorId: MirrorId, error: BridgeError): Promise<void> {
    await this.#parts.store.transaction(async (tx) => {
      const mirror = await tx.mirrors.find(mirrorId);
      if (mirror === undefined) return;
      const sentence = `A message in #${mirror.channelName ?? 'a channel that is not open yet'} could not be shown: ${error.sentence}`;
      await this.#tellAdmins(tx, mirror.workspaceId, sentence, delivery);
    });
  }

  /** `what` has a # where the channel's name stands. */
  async #tellOfChannel(delivery: Delivery, mirrorId: MirrorId, what: string, error: BridgeError): Promise<void> {
    await this.#parts.store.transaction(async (tx) => {
      const mirror = await tx.mirrors.find(mirrorId);
      if (mirror === undefined) return;
      const sentence = `${what.replace('#', `#${mirror.channelName ?? 'a channel'}`)}: ${error.sentence}`;
      await this.#tellAdmins(tx, mirror.workspaceId, sentence, delivery);
    });
  }

  async #tellOfDigest(delivery: Delivery, workspaceId: WorkspaceId, error: BridgeError): Promise<void> {
    const sentence = `The digest could not be posted: ${error.sentence}`;
    await this.#parts.store.transaction((tx) => this.#tellAdmins(tx, workspaceId, sentence, delivery));
  }

  async #tellAdmins(tx: Tx, workspaceId: WorkspaceId, sentence: string, delivery: Delivery): Promise<void> {
    const fix = `It is kept: delivery ${delivery.id} can be tried again.`;
    await tx.deliveries.enqueue(
      noticeLane(workspaceId),
      { kind: 'notice', workspaceId, notice: { kind: 'problem', sentence, fix } },
      delivery.chatId === null ? {} : { chatId: delivery.chatId },
      this.#parts.clock.now(),
    );
  }

  async #postpone(
    delivery: Delivery,
    fence: bigint,
    trouble: { nextAt: Date; code: string; reason: string; certain: boolean; fruitless: number; counts: boolean },
  ): Promise<void> {
    await this.#parts.store.transaction((tx) => tx.deliveries.postpone(delivery, fence, trouble));
  }
}
