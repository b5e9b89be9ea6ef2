// The membership loop: takes the stale Mirrors, computes who should be in each channel, has the platform make it so, and records what came of it.
import { BridgeError } from '../domain/errors.ts';
import type { Problem } from '../domain/events.ts';
import type { MirrorId, UserId, WorkspaceId } from '../domain/ids.ts';
import type { ChatPlatform, MembershipReport } from '../platforms/platform.ts';
import { Loop } from '../runtime/time.ts';
import type { Mirror, StaleMirror } from '../store/mirror.ts';
import type { Tx } from '../store/store.ts';
import { auditOf, PROGRAM } from './change.ts';
import type { Identities, IdentityParts } from './identity.ts';
import type { Overseers } from './overseers.ts';
import { tell } from './tell.ts';

export interface ReconcileParts extends IdentityParts {
  readonly identities: Identities;
  readonly overseers: Overseers;
  /** Asked right before a channel is touched; false when another process took over. */
  readonly mayAct: () => boolean;
}

/** How often stale Mirrors and ended grants are looked for when nobody wakes the loop. */
const POLL_MS = 2_000;
/** How often what was not touched is looked at, so that a lost event costs at most about this much. */
const SWEEP_MS = 60_000;
/** How many channels of a Workspace a sweep looks at: well within a platform's allowance for reading (Slack: 100 lists of members a minute). */
const SWEPT_AT_ONCE = 40;
/** How often the whole of the records is compared with the rules. */
const DIFFERENCE_MS = 10 * 60_000;
/** A channel whose people couldn't be put right rests this long from sweeps; a change wakes it at once. */
const REST_MS = 10 * 60_000;
const CHANNELS_AT_ONCE = 4;
/** The pause after a failure that says nothing of its own. */
const PAUSE_MS = 5_000;
/** The pause after a fault of our own. */
const FAULT_PAUSE_MS = 60_000;
/** The same problem of a Workspace is told to its admins this often, however many channels have it. */
const TELL_AGAIN_MS = 24 * 60 * 60_000;

/** What the loop knows of one Workspace; moments are on the monotonic clock. */
interface Ground {
  readonly loop: Loop;
  /** Until when channels out of which nobody (`calm`) or somebody (`urgent`) must go are left alone. */
  restUntilMs: { urgent: number; calm: number };
  sweptAtMs: number;
}

/** Owns one loop a Workspace, so that one that hangs or is throttled never delays another, and one for what is due by the clock. */
export class Reconcile {
  readonly #parts: ReconcileParts;
  readonly #grounds = new Map<WorkspaceId, Ground>();
  readonly #clockwork: Loop;
  readonly #toldAtMs = new Map<string, number>();
  /** Whose people were looked at since the start. */
  readonly #looked = new Set<MirrorId>();
  #comparedAtMs = Number.NEGATIVE_INFINITY;
  #isStopped = false;

  constructor(parts: ReconcileParts) {
    this.#parts = parts;
    const { clock, log } = parts;
    this.#clockwork = new Loop({ name: 'access', clock, log, everyMs: POLL_MS, run: () => this.#tick() });
  }

  start(): void {
    this.#clockwork.start();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#clockwork.stop();
    await Promise.all([...this.#grounds.values()].map(({ loop }) => loop.stop()));
  }

  /** Something was marked stale: look now. */
  wake(): void {
    this.#clockwork.wake();
    for (const { loop } of this.#grounds.values()) loop.wake();
  }

  async #tick(): Promise<void> {
    await this.#endGrants();
    for (const workspaceId of this.#parts.platforms.keys()) this.#groundOf(workspaceId).loop.start();
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs - this.#comparedAtMs < DIFFERENCE_MS) return;
    this.#comparedAtMs = nowMs;
    await this.#compare();
  }

  #groundOf(workspaceId: WorkspaceId): Ground {
    const known = this.#grounds.get(workspaceId);
    if (known !== undefined) return known;
    const { clock, log } = this.#parts;
    const loop = new Loop({
      name: `membership ${workspaceId}`,
      clock,
      log,
      everyMs: POLL_MS,
      run: (signal) => this.#work(workspaceId, signal),
    });
    const longAgo = Number.NEGATIVE_INFINITY;
    const ground: Ground = { loop, restUntilMs: { urgent: longAgo, calm: longAgo }, sweptAtMs: longAgo };
    if (!this.#isStopped) this.#grounds.set(workspaceId, ground);
    return ground;
  }

  /** Grants whose time is over: the rules stopped counting them at that moment, now their rows and the people go. */
  async #endGrants(): Promise<void> {
    const { store, clock } = this.#parts;
    const next = await store.read.grants.nextEnd();
    if (next === undefined || next.getTime() > clock.now().getTime()) return;
    await store.transaction(async (tx) => {
      const now = clock.now();
      await tx.grants.lockChanges();
      const ended = await tx.grants.endDue(now);
      const chatIds = ended.flatMap(({ chatId }) => (chatId === null ? [] : [chatId]));
      const labelIds = ended.flatMap(({ labelId }) => (labelId === null ? [] : [labelId]));
      const labelled = await tx.labels.chatsWith(labelIds);
      await tx.mirrors.markStale({ chatIds: [...chatIds, ...labelled] }, now, true);
      for (const { agentId, chatId, labelId, until } of ended) {
        const detail = { until: until.toISOString(), ...(labelId === null ? {} : { labelId }) };
        const about = chatId === null ? {} : { chatId };
        await tx.audit.add(auditOf(PROGRAM, 'grant.ended', now, { agentId, ...about, detail }));
      }
    });
    this.wake();
  }

  async #compare(): Promise<void> {
    const { store, clock, log } = this.#parts;
    const now = clock.now();
    const different = await store.transaction((tx) => tx.grants.outOfStep(now));
    for (const urgent of [true, false]) {
      const ids = different.filter((mirror) => mirror.urgent === urgent).map((mirror) => mirror.mirrorId);
      const due = ids.length === 0 ? [] : await store.read.mirrors.notResting(ids, now);
      if (due.length === 0) continue;
      log.info({ count: due.length, urgent }, 'channels are out of step with the rules and will be put right');
      await store.read.mirrors.markStale({ ids: due }, now, urgent);
    }
    this.wake();
  }

  async #work(workspaceId: WorkspaceId, signal: AbortSignal): Promise<void> {
    const platform = this.#parts.platforms.get(workspaceId);
    if (platform === undefined) return;
    const ground = this.#groundOf(workspaceId);
    await this.#sweep(workspaceId, ground);
    while (!signal.aborted && this.#parts.mayAct()) {
      const mirrors = await this.#claim(workspaceId, ground);
      if (mirrors.length === 0) break;
      await Promise.all(mirrors.map((mirror) => this.#reconcile(platform, ground, mirror)));
    }
    await this.#parts.identities.findInvited(workspaceId);
  }

  async #claim(workspaceId: WorkspaceId, { restUntilMs }: Ground): Promise<StaleMirror[]> {
    const { store, clock } = this.#parts;
    const nowMs = clock.monotonicMs();
    const urgent = restUntilMs.urgent <= nowMs;
    const calm = restUntilMs.calm <= nowMs;
    if (!urgent && !calm) return [];
    const which = urgent && calm ? { workspaceId } : { workspaceId, urgent };
    return store.read.mirrors.stale(clock.now(), CHANNELS_AT_ONCE, which);
  }

  async #sweep(workspaceId: WorkspaceId, ground: Ground): Promise<void> {
    const { store, clock, identities, overseers, log } = this.#parts;
    if (clock.monotonicMs() - ground.sweptAtMs < SWEEP_MS) return;
    ground.sweptAtMs = clock.monotonicMs();
    const now = clock.now();
    await store.read.mirrors.sweep(workspaceId, new Date(now.getTime() - SWEEP_MS), SWEPT_AT_ONCE, now);
    await overseers.look(workspaceId);
    try {
      await identities.recheck(workspaceId);
    } catch (error) {
      if (!(error instanceof BridgeError)) throw error;
      log.info({ workspaceId, code: error.code }, 'identities could not be checked now');
    }
  }

  /** One channel; never rejects for a reason that lies with the platform, so that no other channel waits for it. */
  async #reconcile(platform: ChatPlatform, ground: Ground, mirror: StaleMirror): Promise<void> {
    const { store, clock, log, mayAct } = this.#parts;
    if (mirror.channelId === null) return;
    try {
      const { wanted, absent, unfinished } = await this.#wanted(platform, mirror);
      const users = await store.read.mirrors.users(mirror.id);
      const left = new Set(
        users.flatMap(({ userId, state }) => (state === 'left' && wanted.has(userId) ? [userId] : [])),
      );
      for (const userId of left) wanted.delete(userId);
      // Who left by hand and is there at the first look was let in by hand while nobody was told; later looks may have put them in themselves.
      const kept = this.#looked.has(mirror.id) ? new Set<UserId>() : left;
      const lookedAt = clock.now();
      const planned = users.flatMap(({ userId, state }) => (state === 'out' || wanted.has(userId) ? [] : [userId]));
      await store.read.mirrors.takingOut(mirror.id, planned, clock.now());
      if (!mayAct()) return;
      const report = await platform.setUsers(mirror.channelId, wanted, kept);
      const back = report.present.filter((user) => kept.has(user));
      await store.read.mirrors.cameBack(mirror.id, back, lookedAt);
      for (const user of back) wanted.add(user);
      this.#looked.add(mirror.id);
      const isFormerDone = await this.#former(platform, mirror, wanted);
      const isUnfinished = report.unfinished || unfinished || !isFormerDone;
      await this.#record(ground, mirror, { ...report, absent, planned, unfinished: isUnfinished });
    } catch (error) {
      log.warn({ mirrorId: mirror.id, err: error }, 'the people of a channel could not be put right');
      await this.#failed(ground, mirror, error);
    }
  }

  /** The thread that a Chat was before is read by the same people; true when it is so. */
  async #former(platform: ChatPlatform, mirror: StaleMirror, wanted: ReadonlySet<UserId>): Promise<boolean> {
    if (mirror.formerChannelId === null) return true;
    try {
      return !(await platform.setUsers(mirror.formerChannelId, wanted)).unfinished;
    } catch (error) {
      if (!(error instanceof BridgeError) || error.code !== 'channel_gone') throw error;
      await this.#parts.store.read.mirrors.forgetFormer(mirror.id);
      return true;
    }
  }

  /** Who should be in the channel; whom we don't know there yet is looked for by email. */
  async #wanted(
    platform: ChatPlatform,
    mirror: StaleMirror,
  ): Promise<{ wanted: Set<UserId>; absent: Problem[]; unfinished: boolean }> {
    const { store, clock, identities } = this.#parts;
    const rows = await store.read.grants.wantedUsers(mirror.chatId, mirror.workspaceId, clock.now());
    const wanted = new Set(rows.flatMap(({ userId }) => (userId === null ? [] : [userId])));
    const absent: Problem[] = [];
    let unfinished = false;
    const unknown = platform.capabilities.findsUsersByEmail ? rows.filter(({ userId }) => userId === null) : [];
    for (const { agent } of unknown) {
      try {
        const found = await identities.find(mirror.workspaceId, agent);
        if (found === 'absent') {
          absent.push({
            what: `${agent.email} was invited and isn’t in this workspace.`,
            fix: 'Invite them to the workspace with this email, or link them to their user there.',
          });
        } else wanted.add(found);
      } catch (error) {
        // Those who must go needn't wait until we know who may come.
        if (!(error instanceof BridgeError)) throw error;
        if (error.retry === 'later') unfinished = true;
        else
          absent.push({
            what: error.sentence,
            fix: `${agent.email} can’t be looked up in this workspace until it’s mended.`,
          });
      }
    }
    return { wanted, absent, unfinished };
  }

  async #record(
    ground: Ground,
    mirror: StaleMirror,
    report: MembershipReport & { readonly planned: readonly UserId[]; readonly absent: readonly Problem[] },
  ): Promise<void> {
    const { store, clock } = this.#parts;
    const now = clock.now();
    const waitMs = Math.max(report.retryAfterMs ?? PAUSE_MS, 1);
    const problems = [...report.problems.map(({ what, fix }) => ({ what, fix })), ...report.absent];
    const { present, planned, removed, unfinished } = report;
    await store.transaction(async (tx) => {
      const done = unfinished ? {} : { staleAt: mirror.staleAt };
      await tx.mirrors.reconciled(mirror.id, { ...done, present, planned, removed, problems }, now);
      if (unfinished) await tx.mirrors.reconcileLater(mirror.id, after(now, waitMs));
      else if (report.problems.length > 0) await tx.mirrors.rest(mirror.id, after(now, REST_MS));
      for (const problem of report.problems) await this.#tellProblem(tx, mirror, problem, now);
      for (const userId of removed) await this.#auditRemoval(tx, mirror, userId, now);
    });
    if (unfinished && report.retryAfterMs !== undefined) {
      ground.restUntilMs[mirror.urgent ? 'urgent' : 'calm'] = clock.monotonicMs() + waitMs;
    }
  }

  async #failed(ground: Ground, mirror: StaleMirror, error: unknown): Promise<void> {
    const { store, clock } = this.#parts;
    const now = clock.now();
    if (error instanceof BridgeError && error.code === 'channel_gone') {
      await store.transaction((tx) => lose(tx, mirror, now));
    } else if (error instanceof BridgeError && error.retry === 'never' && error.code !== 'unauthorised') {
      const problem = {
        what: error.sentence,
        fix: 'It is tried again every few minutes, and with each change of access.',
      };
      const checkAfter = after(now, REST_MS);
      await store.transaction(async (tx) => {
        await tx.mirrors.refused(mirror.id, { staleAt: mirror.staleAt, problems: [problem], checkAfter }, now);
        await this.#tellProblem(tx, mirror, problem, now);
      });
    } else {
      const waitMs = error instanceof BridgeError ? (error.retryAfterMs ?? PAUSE_MS) : FAULT_PAUSE_MS;
      if (error instanceof BridgeError && error.code === 'not_allowed') await this.#lacking(mirror, error, now);
      await store.read.mirrors.reconcileLater(mirror.id, after(now, waitMs));
      if (!(error instanceof BridgeError)) return;
      const untilMs = clock.monotonicMs() + waitMs;
      ground.restUntilMs[mirror.urgent ? 'urgent' : 'calm'] = untilMs;
      // Whatever it throttles, to be told so once is enough; and when nobody answers, nobody answers for the others either.
      if (error.code !== 'throttled') ground.restUntilMs = { urgent: untilMs, calm: untilMs };
    }
  }

  /** Something is forbidden until a person allows it: they must hear of it, and it's tried again. */
  async #lacking(mirror: StaleMirror, error: BridgeError, now: Date): Promise<void> {
    const problem = {
      what: error.sentence,
      fix: 'Give the app what it lacks: the checks of this workspace name it. The people of the channel are put right as soon as it’s there.',
    };
    await this.#parts.store.transaction(async (tx) => {
      await tx.mirrors.setProblems(mirror.id, [problem]);
      await this.#tellProblem(tx, mirror, problem, now);
    });
  }

  async #tellProblem(tx: Tx, mirror: StaleMirror, { what, fix }: Problem, now: Date): Promise<void> {
    const key = `${mirror.workspaceId} ${what}`;
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs - (this.#toldAtMs.get(key) ?? Number.NEGATIVE_INFINITY) < TELL_AGAIN_MS) return;
    this.#toldAtMs.set(key, nowMs);
    await tell(tx, mirror.workspaceId, { kind: 'problem', sentence: `#${mirror.channelName}: ${what}`, fix }, {}, now);
  }

  async #auditRemoval(tx: Tx, mirror: StaleMirror, userId: UserId, now: Date): Promise<void> {
    const identity = await tx.agents.identity(mirror.workspaceId, userId);
    const about = identity === undefined ? {} : { agentId: identity.agentId };
    const detail = { workspaceId: mirror.workspaceId, userId };
    await tx.audit.add(auditOf(PROGRAM, 'channel.removed', now, { chatId: mirror.chatId, ...about, detail }));
  }
}

const after = (now: Date, ms: number): Date => new Date(now.getTime() + ms);

/** The channel was deleted or archived, or the bot taken out: the Mirror goes on in a new one with the next message, and the admins hear of it. */
export async function lose(tx: Tx, mirror: Mirror, now: Date): Promise<void> {
  await tx.mirrors.lost(mirror.id);
  const sentence = `The channel #${mirror.channelName} was deleted or archived, or Switchboard was taken out of it.`;
  const fix = 'The chat’s next message opens a new channel with the same people.';
  await tell(tx, mirror.workspaceId, { kind: 'problem', sentence, fix }, {}, now);
  const detail = { workspaceId: mirror.workspaceId, channel: mirror.channelId };
  await tx.audit.add(auditOf(PROGRAM, 'channel.lost', now, { chatId: mirror.chatId, detail }));
}
