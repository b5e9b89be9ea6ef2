// Access, the facade: who is who, who may see and answer what and because of what, and every way to change it.
import type { PlatformEvent } from '../domain/events.ts';
import type { AgentId, ChatId, UserId, WorkspaceId } from '../domain/ids.ts';
import type { Agent } from '../store/agent.ts';
import type { Tx } from '../store/store.ts';
import { Identities, type IdentityParts } from './identity.ts';
import { judge, refusalSentence, type Because } from './policy.ts';
import { Presence } from './presence.ts';
import { Reconcile } from './reconcile.ts';

/** May this Agent see and answer this Chat? If not, `sentence` is for them, in plain words. */
export type Decision =
  | { readonly allowed: true; readonly agent: Agent; readonly because: readonly Because[] }
  | { readonly allowed: false; readonly agent?: Agent; readonly sentence: string };

export interface AccessParts extends IdentityParts {
  /** Asked right before a channel is touched: the lease's `valid`. Always true when absent. */
  readonly mayAct?: () => boolean;
}

/** Made once a process; `start` only in the one that works. */
export class Access {
  readonly #parts: AccessParts;
  readonly #identities: Identities;
  readonly #presence: Presence;
  readonly #reconcile: Reconcile;

  constructor(parts: AccessParts) {
    this.#parts = parts;
    this.#identities = new Identities(parts);
    this.#reconcile = new Reconcile({ mayAct: () => true, ...parts, identities: this.#identities });
    this.#presence = new Presence({ ...parts, identities: this.#identities, wake: () => this.#reconcile.wake() });
  }

  /** Begins to hold channels to the rules. */
  start(): void {
    this.#reconcile.start();
  }

  /** Resolves when the look under way has ended. */
  stop(): Promise<void> {
    return this.#reconcile.stop();
  }

  /**
   * The Agent behind a user of a Workspace: the one we know, else the one with the email that the platform vouches for (no guests, no bots),
   * remembered from then on. Asks the platform, so never inside a transaction; rejects with a BridgeError when it can't be asked.
   */
  agentFor(workspaceId: WorkspaceId, userId: UserId): Promise<Agent | undefined> {
    return this.#identities.agentFor(workspaceId, userId);
  }

  /** The rules over the rows as they stand in this transaction: at receipt, and again at the moment of sending. Undefined: a stranger. */
  async decide(tx: Tx, agentId: AgentId | undefined, chatId: ChatId, at: Date): Promise<Decision> {
    const agent = agentId === undefined ? undefined : await tx.agents.find(agentId);
    const facts = agent === undefined ? [] : await tx.grants.facts(agent.id, chatId);
    const verdict = judge(agent, facts, at);
    if (verdict.allowed && agent !== undefined) return { allowed: true, agent, because: verdict.because };
    const refusal = verdict.allowed ? 'stranger' : verdict.refusal;
    const sentence = refusalSentence(refusal, agent?.email);
    return agent === undefined ? { allowed: false, sentence } : { allowed: false, agent, sentence };
  }

  /** The same outside a transaction, at this moment: for showing. What acts asks `decide` in the transaction that acts. */
  mayReply(agentId: AgentId | undefined, chatId: ChatId): Promise<Decision> {
    return this.decide(this.#parts.store.read, agentId, chatId, this.#parts.clock.now());
  }

  /** What people did in a Workspace that concerns who is in its channels. May be told again. Rejects with a BridgeError when the platform can't be asked. */
  handle(
    workspaceId: WorkspaceId,
    event: Extract<PlatformEvent, { kind: 'joined' | 'left' | 'userChanged' | 'channelChanged' }>,
  ): Promise<void> {
    return this.#presence.handle(workspaceId, event);
  }
}
