// What people do with channels by hand: joining, leaving, being put in or out, changing the channel itself.
import type { PlatformEvent } from '../domain/events.ts';
import type { UserId, WorkspaceId } from '../domain/ids.ts';
import type { MirrorUserState } from '../store/mirror-user.ts';
import type { Mirror } from '../store/mirror.ts';
import type { Tx } from '../store/store.ts';
import type { Identities, IdentityParts } from './identity.ts';
import { auditOf, PROGRAM } from './change.ts';
import { judge } from './policy.ts';
import { lose } from './reconcile.ts';
import { tell } from './tell.ts';

type Moved = Extract<PlatformEvent, { kind: 'joined' | 'left' }>;
type Event = Extract<PlatformEvent, { kind: 'joined' | 'left' | 'userChanged' | 'channelChanged' }>;

export interface PresenceParts extends IdentityParts {
  readonly identities: Identities;
  /** Something was marked stale. */
  wake(): void;
}

/** A platform's word that we took somebody out comes within this span around our doing so; clocks may differ by a few seconds. */
const EARLY_MS = 10_000;
const LATE_MS = 10 * 60_000;

/** See `Access.handle`. */
export class Presence {
  readonly #parts: PresenceParts;

  constructor(parts: PresenceParts) {
    this.#parts = parts;
  }

  async handle(workspaceId: WorkspaceId, event: Event): Promise<void> {
    const { store, identities, clock, wake } = this.#parts;
    if (event.kind === 'userChanged') {
      await identities.userChanged(workspaceId, event);
      return wake();
    }
    const mirror = await store.read.mirrors.ofChannel(workspaceId, event.channel);
    if (mirror === undefined || mirror.state !== 'open') return;
    switch (event.kind) {
      case 'joined':
        await this.#joined(mirror, event);
        break;
      case 'left':
        await store.transaction((tx) => this.#left(tx, mirror, event));
        break;
      case 'channelChanged':
        await store.transaction(async (tx) => {
          if (event.change === 'renamed' && event.name !== undefined) await tx.mirrors.rename(mirror.id, event.name);
          else if (event.change === 'archived' || event.change === 'deleted' || event.change === 'botRemoved') {
            await lose(tx, mirror, clock.now());
          }
        });
    }
    wake();
  }

  async #isWanted(tx: Tx, mirror: Mirror, user: UserId): Promise<boolean> {
    const identity = await tx.agents.identity(mirror.workspaceId, user);
    if (identity === undefined) return false;
    const agent = await tx.agents.find(identity.agentId);
    return judge(agent, await tx.grants.facts(identity.agentId, mirror.chatId), this.#parts.clock.now()).allowed;
  }

  async #joined(mirror: Mirror, { user, by }: Moved): Promise<void> {
    const { store, identities, clock, wake } = this.#parts;
    const isKnown = await store.transaction(async (tx) => {
      const isWanted = await this.#isWanted(tx, mirror, user);
      if (isWanted) await this.#arrived(tx, mirror, user);
      return isWanted;
    });
    if (isKnown) return;
    // First of all, so that an unwanted person is out in seconds even when the platform can't tell us now who it is.
    await store.read.mirrors.markStale({ id: mirror.id }, clock.now(), true);
    wake();
    await identities.agentFor(mirror.workspaceId, user);
    await store.transaction(async (tx) => {
      if (await this.#isWanted(tx, mirror, user)) return this.#arrived(tx, mirror, user);
      await this.#refuseJoin(tx, mirror, user, by, clock.now());
    });
  }

  /** Whoever comes is in again, if they had left; a look that was under way may have put them out meanwhile. */
  async #arrived(tx: Tx, mirror: Mirror, user: UserId): Promise<void> {
    const now = this.#parts.clock.now();
    await tx.mirrors.setUser(mirror.id, user, 'in', now);
    await tx.mirrors.markStale({ id: mirror.id }, now);
  }

  async #refuseJoin(tx: Tx, mirror: Mirror, user: UserId, by: UserId | undefined, now: Date): Promise<void> {
    const { workspaceId } = mirror;
    const emailOf = async (userId: UserId): Promise<string | undefined> => {
      const identity = await tx.agents.identity(workspaceId, userId);
      return identity === undefined ? undefined : (await tx.agents.find(identity.agentId))?.email;
    };
    const who = (await emailOf(user)) ?? 'Somebody who isn’t in the team';
    const inviter =
      by === undefined || by === user ? undefined : ((await emailOf(by)) ?? 'somebody who isn’t in the team');
    const byWhom = inviter === undefined ? 'came into' : `was added by ${inviter} to`;
    const sentence = `${who} ${byWhom} #${mirror.channelName} without having access, and is taken out again.`;
    const fix = 'To let somebody see this chat, grant it: /wa grant <email>.';
    await tell(tx, workspaceId, { kind: 'problem', sentence, fix }, {}, now);
    if (by !== undefined && by !== user) {
      const toInviter = {
        kind: 'refused',
        sentence: `Whom you added to #${mirror.channelName} has no access to this chat and is taken out again.`,
        fix,
      } as const;
      await tell(tx, workspaceId, toInviter, { userId: by, mirrorId: mirror.id }, now);
    }
    const detail = { workspaceId, userId: user, ...(by === undefined ? {} : { by }) };
    await tx.audit.add(auditOf(PROGRAM, 'channel.refused', now, { chatId: mirror.chatId, detail }));
  }

  async #left(tx: Tx, mirror: Mirror, { user, by, at }: Moved): Promise<void> {
    const now = this.#parts.clock.now();
    const known = await tx.mirrors.user(mirror.id, user);
    if (known !== undefined && isOurDoing(known, at)) return tx.mirrors.toldOut(mirror.id, user);
    if (!(await this.#isWanted(tx, mirror, user))) return tx.mirrors.forgetUser(mirror.id, user);
    // Somebody else put them out: that isn't theirs to decide.
    if (by !== undefined && by !== user) return tx.mirrors.markStale({ id: mirror.id }, now);
    await tx.mirrors.setUser(mirror.id, user, 'left', now);
    // A look that was under way may have put them in again.
    await tx.mirrors.markStale({ id: mirror.id }, now);
  }
}

/** Whether a leaving at this moment is our taking out, told late, and not a leaving by hand after we let the person in again. */
function isOurDoing(known: { state: MirrorUserState; at: Date; outAt: Date | null }, at: Date): boolean {
  const { state, outAt } = known;
  if (outAt === null || !isBetween(at, outAt, EARLY_MS, LATE_MS)) return false;
  const isBackSince = state === 'in' && known.at.getTime() > outAt.getTime();
  return !(isBackSince && at.getTime() >= known.at.getTime());
}

const isBetween = (at: Date, moment: Date, earlyMs: number, lateMs: number): boolean =>
  at.getTime() >= moment.getTime() - earlyMs && at.getTime() <= moment.getTime() + lateMs;
