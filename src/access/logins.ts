// Signing in to the admin web: a link for one Agent, the browser that it opens, and its end. Who is signed in is asked of the rows with every request.
import { createHash, randomBytes } from 'node:crypto';
import type { AgentId } from '../domain/ids.ts';
import type { Vault } from '../runtime/secrets.ts';
import type { Clock } from '../runtime/time.ts';
import type { Agent } from '../store/agent.ts';
import type { LoginLink } from '../store/login.ts';
import type { Store, Tx } from '../store/store.ts';

export interface LoginParts {
  readonly store: Store;
  readonly clock: Clock;
  /** Signs links; without it, or without an address that people reach, there are none. */
  readonly links?: Pick<Vault, 'signLink' | 'readLink'>;
  readonly publicUrl?: string;
}

/** A no to somebody with a link, in plain words. */
interface Refused {
  readonly refused: string;
}

/** `token` is for the browser's cookie, and is kept nowhere else. */
export type Opened = { readonly agent: Agent; readonly token: string; readonly expiresAt: Date } | Refused;
export type LoginLinkFor = { readonly agent: Agent } | Refused;

/** How long a link is good, and how long a browser stays signed in. */
const LINK_MS = 10 * 60_000;
export const LOGIN_MS = 7 * 24 * 60 * 60_000;
const TOKEN_BYTES = 32;
const LINK = 'login|';

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');
const newToken = (): string => randomBytes(TOKEN_BYTES).toString('base64url');

const AGAIN = 'Ask for a new one with /wa login.';
const NOT_OURS = `This link isn’t known, or a newer one was made. ${AGAIN}`;
const EXPIRED = `This link has expired. ${AGAIN}`;
const USED = `This link was used already. ${AGAIN}`;

/** See `Access.loginLink`, `loginOf`, `login`, `signedIn` and `logout`. */
export class Logins {
  readonly #parts: LoginParts;

  constructor(parts: LoginParts) {
    this.#parts = parts;
  }

  async link(agentId: AgentId): Promise<string | undefined> {
    const { store, clock, links, publicUrl } = this.#parts;
    if (links === undefined || publicUrl === undefined) return undefined;
    const now = clock.now();
    const expiresAt = new Date(now.getTime() + LINK_MS);
    const token = links.signLink(LINK + newToken(), expiresAt);
    await store.transaction(async (tx) => {
      await tx.logins.prune(now);
      await tx.logins.replaceLink({ agentId, tokenHash: hashOf(token), expiresAt }, now);
    });
    return `${publicUrl}/login/${token}`;
  }

  /** Changes nothing: programs that look into links before people do must not use them up. */
  async of(token: string): Promise<LoginLinkFor> {
    const { store } = this.#parts;
    const fault = this.#faultOf(token);
    if (fault !== undefined) return { refused: fault };
    return this.#judge(store.read, await store.read.logins.link(hashOf(token)));
  }

  async open(token: string): Promise<Opened> {
    const { store, clock } = this.#parts;
    const fault = this.#faultOf(token);
    if (fault !== undefined) return { refused: fault };
    return store.transaction(async (tx): Promise<Opened> => {
      const now = clock.now();
      const link = await tx.logins.lockLink(hashOf(token));
      const judged = await this.#judge(tx, link);
      const about = { source: 'web', at: now } as const;
      if (link === undefined) return { refused: NOT_OURS };
      if ('refused' in judged) {
        const actor = { kind: 'stranger' } as const;
        await tx.audit.add({ ...about, actor, action: 'login.refused', agentId: link.agentId, detail: {} });
        return judged;
      }
      const { agent } = judged;
      const cookie = newToken();
      const expiresAt = new Date(now.getTime() + LOGIN_MS);
      await tx.logins.useLink(link.id, now);
      await tx.logins.open({ agentId: agent.id, tokenHash: hashOf(cookie), expiresAt }, now);
      const actor = { kind: 'agent', agentId: agent.id, name: agent.email } as const;
      await tx.audit.add({ ...about, actor, action: 'login.opened', agentId: agent.id, detail: {} });
      return { agent, token: cookie, expiresAt };
    });
  }

  agentOf(token: string): Promise<Agent | undefined> {
    const { store, clock } = this.#parts;
    return store.read.logins.agentOf(hashOf(token), clock.now());
  }

  async close(token: string): Promise<void> {
    const { store, clock } = this.#parts;
    await store.transaction(async (tx) => {
      const agentId = await tx.logins.close(hashOf(token));
      if (agentId === undefined) return;
      const actor = { kind: 'agent', agentId } as const;
      await tx.audit.add({ actor, action: 'login.ended', agentId, detail: {}, source: 'web', at: clock.now() });
    });
  }

  /** Why what stands in an address is no link of ours, or none any more. */
  #faultOf(token: string): string | undefined {
    const read = this.#parts.links?.readLink(token, this.#parts.clock.now());
    if (read === undefined) return NOT_OURS;
    if ('refused' in read) return read.refused === 'expired' ? EXPIRED : NOT_OURS;
    return read.payload.startsWith(LINK) ? undefined : NOT_OURS;
  }

  /** Whom a link signs in now. */
  async #judge(tx: Tx, link: LoginLink | undefined): Promise<LoginLinkFor> {
    if (link === undefined) return { refused: NOT_OURS };
    if (link.usedAt !== null) return { refused: USED };
    if (link.expiresAt.getTime() <= this.#parts.clock.now().getTime()) return { refused: EXPIRED };
    const agent = await tx.agents.find(link.agentId);
    return agent?.status === 'active' ? { agent } : { refused: NOT_OURS };
  }
}
