// Agent ↔ user: by the email that the platform vouches for, by a proven claim, or by an admin's word; and what follows when either changes.
import { BridgeError } from '../domain/errors.ts';
import type { PlatformEvent } from '../domain/events.ts';
import type { AgentId, UserId, WorkspaceId } from '../domain/ids.ts';
import type { Notice } from '../domain/notice.ts';
import type { ChatPlatform } from '../platforms/platform.ts';
import type { Log } from '../runtime/log.ts';
import type { Clock } from '../runtime/time.ts';
import type { Agent, Identity, IdentityProof } from '../store/agent.ts';
import { auditOf, PROGRAM, type Actor } from './change.ts';
import type { Store, Tx } from '../store/store.ts';
import { tell } from './tell.ts';

export interface IdentityParts {
  readonly store: Store;
  readonly platforms: ReadonlyMap<WorkspaceId, ChatPlatform>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Somebody who isn't in the Workspace is looked for again after this long; sooner when the Workspace tells of a new person. */
const ABSENT_MS = 10 * 60_000;
/** How long the platform's word for an email is taken: then it is asked again (it also tells by itself, unless that telling got lost). */
const CHECKED_MS = 60 * 60_000;
const CHECKS_AT_ONCE = 10;
const REST_MS = 30_000;

/** What an invited person is told, by direct message, when they turn out to be in the Workspace. */
const welcome = ({ role }: Agent): Notice => ({
  kind: 'info',
  sentence:
    role === 'admin'
      ? 'Welcome to Switchboard, the team’s shared WhatsApp inbox. You are an admin: every chat is yours to see and answer, and /wa help tells what you can do.'
      : 'Welcome to Switchboard, the team’s shared WhatsApp inbox. The chats you have access to are private channels here; reply in a message’s thread, and the customer gets it on WhatsApp. /wa chats lists them.',
});

/** Marks the channels of everything this Agent sees; `urgent` when somebody may have to go. */
export async function staleForAgent(
  tx: Tx,
  agent: Agent,
  workspaceId: WorkspaceId,
  urgent: boolean,
  now: Date,
): Promise<void> {
  if (agent.role === 'admin') return tx.mirrors.markStale({ workspaceId }, now, urgent);
  const pairs = await tx.grants.pairs({ agentIds: [agent.id] }, now);
  await tx.mirrors.markStale({ workspaceId, chatIds: pairs.map((pair) => pair.chatId) }, now, urgent);
}

/**
 * Makes a user of a Workspace this Agent, in the caller's transaction: an invited Agent has arrived with that. Channels follow. Says whether
 * anything changed.
 */
export async function admit(
  tx: Tx,
  identity: { workspaceId: WorkspaceId; userId: UserId; agentId: AgentId; how: IdentityProof },
  actor: Actor,
  now: Date,
): Promise<boolean> {
  await tx.grants.lockChanges();
  const agent = await tx.agents.find(identity.agentId);
  if (agent === undefined || agent.status === 'deactivated') return false;
  const before = await tx.agents.identity(identity.workspaceId, identity.userId);
  if (before?.agentId === agent.id && before.active && before.how === identity.how && agent.status === 'active') {
    await tx.agents.checkedIdentity(identity.workspaceId, identity.userId, true, now);
    return false;
  }
  if (before !== undefined && before.agentId !== agent.id) await dismiss(tx, before, 'replaced', actor, now);
  await tx.agents.identify(identity, now);
  if (agent.status === 'invited') {
    await tx.agents.setStatus(agent.id, 'active', now);
    await tx.invitations.end(agent.id, now);
    await tell(tx, identity.workspaceId, welcome(agent), { userId: identity.userId }, now);
  }
  await staleForAgent(tx, agent, identity.workspaceId, false, now);
  const { workspaceId, userId, how } = identity;
  const about = { agentId: agent.id, detail: { workspaceId, userId, how } };
  await tx.audit.add(auditOf(actor, 'identity.linked', now, about));
  return true;
}

/** This user is this Agent no more, in the caller's transaction. Channels follow at once. */
export async function dismiss(tx: Tx, identity: Identity, why: string, actor: Actor, now: Date): Promise<void> {
  const agent = await tx.agents.find(identity.agentId);
  if (agent !== undefined) await staleForAgent(tx, agent, identity.workspaceId, true, now);
  await tx.agents.forget(identity.workspaceId, identity.userId);
  const { workspaceId, userId, agentId } = identity;
  await tx.audit.add(auditOf(actor, 'identity.ended', now, { agentId, detail: { workspaceId, userId, why } }));
}

/** Who is who. Asks the platforms, so none of its methods may be called inside a transaction. */
export class Identities {
  readonly #parts: IdentityParts;
  /** `workspace email` → until when we needn't look again, on the monotonic clock. */
  readonly #absent = new Map<string, number>();

  /** Until when a Workspace that couldn't be asked isn't asked for invited people, on the monotonic clock. */
  readonly #restUntilMs = new Map<WorkspaceId, number>();

  constructor(parts: IdentityParts) {
    this.#parts = parts;
  }

  /** See `Access.agentFor`. */
  async agentFor(workspaceId: WorkspaceId, userId: UserId): Promise<Agent | undefined> {
    const { store } = this.#parts;
    const known = await store.read.agents.identity(workspaceId, userId);
    if (known !== undefined && (known.active || known.how !== 'email')) {
      if (!known.active) await this.#back(known);
      return store.read.agents.find(known.agentId);
    }
    return this.#byVouchedEmail(workspaceId, userId);
  }

  async #byVouchedEmail(workspaceId: WorkspaceId, userId: UserId): Promise<Agent | undefined> {
    const { store, clock } = this.#parts;
    const email = await this.#vouchedEmail(workspaceId, userId);
    if (email === undefined) return undefined;
    const agent = await store.read.agents.byEmail(email);
    if (agent === undefined) return undefined;
    await store.transaction((tx) =>
      admit(tx, { workspaceId, userId, agentId: agent.id, how: 'email' }, PROGRAM, clock.now()),
    );
    return store.read.agents.find(agent.id);
  }

  /** The email that the platform vouches for; none for guests, bots, the deactivated, and where platforms vouch for nothing. */
  async #vouchedEmail(workspaceId: WorkspaceId, userId: UserId): Promise<string | undefined> {
    const platform = this.#parts.platforms.get(workspaceId);
    if (platform === undefined || !platform.capabilities.findsUsersByEmail) return undefined;
    const { kind, email } = await platform.describeUser(userId);
    return kind === 'person' && email !== undefined ? email.toLowerCase() : undefined;
  }

  /**
   * The user with the Agent's email in a Workspace, remembered as their identity; `absent` when there's none, or the platform can't find people.
   * Rejects when the platform can't be asked now.
   */
  async find(workspaceId: WorkspaceId, agent: Agent): Promise<UserId | 'absent'> {
    const { store, clock, platforms } = this.#parts;
    const platform = platforms.get(workspaceId);
    if (platform === undefined || !platform.capabilities.findsUsersByEmail) return 'absent';
    const key = `${workspaceId} ${agent.email}`;
    if ((this.#absent.get(key) ?? 0) > clock.monotonicMs()) return 'absent';
    const userId = await platform.findUser(agent.email);
    if (userId === undefined) {
      this.#absent.set(key, clock.monotonicMs() + ABSENT_MS);
      return 'absent';
    }
    this.#absent.delete(key);
    await store.transaction((tx) =>
      admit(tx, { workspaceId, userId, agentId: agent.id, how: 'email' }, PROGRAM, clock.now()),
    );
    return userId;
  }

  /** They may have come meanwhile: look again the next time. */
  lookAgain(email: string): void {
    for (const workspaceId of this.#parts.platforms.keys()) this.#absent.delete(`${workspaceId} ${email}`);
  }

  /** Somebody came to the Workspace, went, or has another email now: who they are is asked anew. */
  async userChanged(workspaceId: WorkspaceId, event: Extract<PlatformEvent, { kind: 'userChanged' }>): Promise<void> {
    if (event.email !== undefined) this.#absent.delete(`${workspaceId} ${event.email.toLowerCase()}`);
    const { store } = this.#parts;
    const identity = await store.read.agents.identity(workspaceId, event.user);
    if (!event.active) {
      if (identity?.active === true) await this.#away(identity);
    } else if (identity?.how === 'email' || identity === undefined) {
      await this.#recheck(workspaceId, event.user, identity);
    } else if (!identity.active) await this.#back(identity);
  }

  /** Looks for those who were invited and haven't come. */
  async findInvited(workspaceId: WorkspaceId): Promise<void> {
    const { store, clock, platforms } = this.#parts;
    if (platforms.get(workspaceId)?.capabilities.findsUsersByEmail !== true) return;
    if ((this.#restUntilMs.get(workspaceId) ?? 0) > clock.monotonicMs()) return;
    try {
      for (const agent of await store.read.agents.invited()) await this.find(workspaceId, agent);
    } catch (error) {
      if (!(error instanceof BridgeError)) throw error;
      this.#restUntilMs.set(workspaceId, clock.monotonicMs() + (error.retryAfterMs ?? REST_MS));
    }
  }

  /** Asks again for the emails that were vouched for longest ago; a few at a time. */
  async recheck(workspaceId: WorkspaceId): Promise<void> {
    const { store, clock, platforms } = this.#parts;
    if (platforms.get(workspaceId)?.capabilities.findsUsersByEmail !== true) return;
    const before = new Date(clock.now().getTime() - CHECKED_MS);
    for (const identity of await store.read.agents.identitiesToCheck(workspaceId, before, CHECKS_AT_ONCE)) {
      await this.#recheck(workspaceId, identity.userId, identity);
    }
  }

  async #recheck(workspaceId: WorkspaceId, userId: UserId, identity: Identity | undefined): Promise<void> {
    const { store, clock } = this.#parts;
    const email = await this.#vouchedEmail(workspaceId, userId);
    const agent = email === undefined ? undefined : await store.read.agents.byEmail(email);
    if (agent !== undefined) {
      const who = { workspaceId, userId, agentId: agent.id, how: 'email' } as const;
      await store.transaction((tx) => admit(tx, who, PROGRAM, clock.now()));
      return;
    }
    if (identity === undefined) return;
    await store.transaction(async (tx) => {
      const now = clock.now();
      await tx.grants.lockChanges();
      const lost = await tx.agents.find(identity.agentId);
      await dismiss(tx, identity, 'the platform vouches for another email, or none', PROGRAM, now);
      if (lost === undefined || lost.status !== 'active') return;
      const sentence = `${lost.email} is no longer the email of the person who had it here, so they were taken out of the channels.`;
      await tell(
        tx,
        workspaceId,
        { kind: 'problem', sentence, fix: 'Invite them under the new email, or link them by hand.' },
        {},
        now,
      );
    });
  }

  async #away(identity: Identity): Promise<void> {
    const { store, clock } = this.#parts;
    await store.transaction(async (tx) => {
      const now = clock.now();
      await tx.agents.checkedIdentity(identity.workspaceId, identity.userId, false, now);
      const agent = await tx.agents.find(identity.agentId);
      if (agent !== undefined) await staleForAgent(tx, agent, identity.workspaceId, true, now);
    });
  }

  async #back(identity: Identity): Promise<void> {
    const { store, clock } = this.#parts;
    await store.transaction(async (tx) => {
      const now = clock.now();
      await tx.agents.checkedIdentity(identity.workspaceId, identity.userId, true, now);
      const agent = await tx.agents.find(identity.agentId);
      if (agent !== undefined) await staleForAgent(tx, agent, identity.workspaceId, false, now);
    });
  }
}
