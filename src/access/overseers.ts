// Those who read every channel by rights of the platform's own. They can't be taken out; whoever of them is no admin here is shown as a problem.
import { BridgeError } from '../domain/errors.ts';
import type { Problem } from '../domain/events.ts';
import type { WorkspaceId } from '../domain/ids.ts';
import type { Overseer } from '../platforms/platform.ts';
import type { IdentityParts } from './identity.ts';

/** How often the platform is asked who they are. */
const LOOK_MS = 60 * 60_000;
const NAMED_AT_MOST = 5;

/** Asked by the membership loop, read by `Access.problems`. */
export class Overseers {
  readonly #parts: IdentityParts;
  readonly #known = new Map<WorkspaceId, readonly Overseer[]>();
  readonly #askedAtMs = new Map<WorkspaceId, number>();

  constructor(parts: IdentityParts) {
    this.#parts = parts;
  }

  /** Asks the platform when it's time to. Never rejects for a reason that lies with the platform: then the next look is soon enough. */
  async look(workspaceId: WorkspaceId): Promise<void> {
    const { platforms, clock, log } = this.#parts;
    const platform = platforms.get(workspaceId);
    const nowMs = clock.monotonicMs();
    if (platform?.overseers === undefined) return;
    if (nowMs - (this.#askedAtMs.get(workspaceId) ?? Number.NEGATIVE_INFINITY) < LOOK_MS) return;
    this.#askedAtMs.set(workspaceId, nowMs);
    try {
      this.#known.set(workspaceId, await platform.overseers());
    } catch (error) {
      if (!(error instanceof BridgeError)) throw error;
      log.info({ workspaceId, code: error.code }, 'who reads every channel could not be asked now');
    }
  }

  /** Who of them is no admin of ours at this moment; undefined when nobody is. */
  async problem(workspaceId: WorkspaceId): Promise<Problem | undefined> {
    const known = this.#known.get(workspaceId) ?? [];
    if (known.length === 0) return undefined;
    const { agents } = this.#parts.store.read;
    const admins = new Set((await agents.all()).filter(isAdmin).map(({ id }) => id));
    const ours = new Set(
      (await agents.identitiesIn(workspaceId)).filter(({ agentId }) => admins.has(agentId)).map(({ userId }) => userId),
    );
    const others = known.filter(({ user }) => !ours.has(user)).map(({ name }) => name);
    if (others.length === 0) return undefined;
    const more = others.length > NAMED_AT_MOST ? ` and ${others.length - NAMED_AT_MOST} more` : '';
    return {
      what: `${others.slice(0, NAMED_AT_MOST).join(', ')}${more} can read every channel as owner or Administrator of the server, whatever is granted here.`,
      fix: 'Make them admins here and link them, or take Administrator from their roles (Server Settings → Roles). They can’t reply without access.',
    };
  }
}

const isAdmin = ({ role, status }: { role: string; status: string }): boolean =>
  role === 'admin' && status === 'active';
