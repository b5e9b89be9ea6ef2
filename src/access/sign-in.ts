// Proving by a sign-in who one is: a link for one person, the platform's sign-in page, and back with a proven email that makes them an Agent.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { as, type UserId, type WorkspaceId } from '../domain/ids.ts';
import type { SignIn, SignedIn } from '../platforms/platform.ts';
import type { Vault } from '../runtime/secrets.ts';
import type { Agent } from '../store/agent.ts';
import type { SignInLink, SignInLinkId } from '../store/sign-in-link.ts';
import { admit, type IdentityParts } from './identity.ts';

export interface SignInParts extends IdentityParts {
  /** Signs links; without it, or without an address that people reach, nobody can be signed in. */
  readonly links?: Pick<Vault, 'signLink' | 'readLink'>;
  readonly publicUrl?: string;
  changed(agentIds: readonly Agent['id'][]): void;
}

/** A no to somebody who signs in, in plain words. */
export interface SignInRefused {
  readonly refused: string;
}

/** `verifier` stays in the browser's cookie, and the browser goes on to `url`. */
export type SignInStart = { readonly url: string; readonly verifier: string } | SignInRefused;
export type SignInEnd = { readonly agent: Agent } | SignInRefused;

/** What a browser brings back from the platform's page. */
export interface SignInBack {
  readonly state: string;
  /** Undefined: the person didn't agree, or the platform failed. */
  readonly code: string | undefined;
  /** What the browser's cookie holds. */
  readonly verifier: string | undefined;
}

/** How long a link is good, and how long the platform's page may take after it was opened. */
const LINK_MS = 10 * 60_000;
const TOKEN_BYTES = 32;
const LINK = 'sign-in|';
const STATE = 'sign-in-state|';
/** Where the platform sends browsers back to; to be named to the platform as a redirect. */
const BACK_PATH = '/sign-in/back';

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');
/** RFC 7636 §4.2, S256. */
const challengeOf = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url');

const AGAIN = 'Ask for a new one with /wa link.';
const NOT_OURS = `This link isn’t known, or a newer one was made. ${AGAIN}`;
const EXPIRED = `This link has expired. ${AGAIN}`;
const USED = `This link was used already. ${AGAIN}`;
const OTHER_BROWSER = 'This sign-in wasn’t begun in this browser. Open your link from /wa link again.';
const OTHER_ACCOUNT =
  'You signed in with another account than the one that asked for the link. Sign in with that one, then open the link again.';
const UNVERIFIED =
  'The email of this account isn’t verified, so it proves nothing. Verify it in your account’s settings, then open the link again.';
const DECLINED = 'The sign-in was not finished, and nothing was linked. Open the link again when you want to.';

/** See `Access.signInLink`, `startSignIn` and `finishSignIn`. */
export class SignIns {
  readonly #parts: SignInParts;

  constructor(parts: SignInParts) {
    this.#parts = parts;
  }

  async link(workspaceId: WorkspaceId, userId: UserId): Promise<string | undefined> {
    const { store, clock, links, publicUrl } = this.#parts;
    if (links === undefined || publicUrl === undefined || this.#signIn(workspaceId) === undefined) return undefined;
    const now = clock.now();
    const expiresAt = new Date(now.getTime() + LINK_MS);
    const token = links.signLink(LINK + randomBytes(TOKEN_BYTES).toString('base64url'), expiresAt);
    await store.transaction(async (tx) => {
      await tx.signInLinks.prune(now);
      await tx.signInLinks.replace({ workspaceId, userId, tokenHash: hashOf(token), expiresAt }, now);
    });
    return `${publicUrl}/sign-in/${token}`;
  }

  /** Changes nothing: programs that look into links before people do must not use them up. */
  async start(token: string): Promise<SignInStart> {
    const { store, clock, links } = this.#parts;
    const now = clock.now();
    const read = links?.readLink(token, now);
    if (links === undefined || read === undefined) return { refused: NOT_OURS };
    if ('refused' in read) return { refused: read.refused === 'expired' ? EXPIRED : NOT_OURS };
    const link = await store.read.signInLinks.byToken(hashOf(token));
    const fault = faultOf(link, now);
    const signIn = link === undefined ? undefined : this.#signIn(link.workspaceId);
    if (link === undefined || fault !== undefined || signIn === undefined) return { refused: fault ?? NOT_OURS };
    const verifier = randomBytes(TOKEN_BYTES).toString('base64url');
    const challenge = challengeOf(verifier);
    const state = links.signLink(`${STATE}${link.id}|${challenge}`, new Date(now.getTime() + LINK_MS));
    return { url: signIn.startUrl({ redirectUri: this.#backUrl(), state, challenge }), verifier };
  }

  async finish({ state, code, verifier }: SignInBack): Promise<SignInEnd> {
    const { store, clock, links } = this.#parts;
    const read = links?.readLink(state, clock.now());
    if (read === undefined || ('refused' in read && read.refused === 'invalid')) return { refused: OTHER_BROWSER };
    if ('refused' in read) return { refused: EXPIRED };
    const [id = '', challenge = ''] = read.payload.startsWith(STATE) ? read.payload.slice(STATE.length).split('|') : [];
    if (verifier === undefined || !isSame(challengeOf(verifier), challenge)) return { refused: OTHER_BROWSER };
    const link = await store.read.signInLinks.find(as<SignInLinkId>(id));
    const fault = faultOf(link, clock.now());
    const signIn = link === undefined ? undefined : this.#signIn(link.workspaceId);
    if (link === undefined || fault !== undefined || signIn === undefined) return { refused: fault ?? NOT_OURS };
    if (code === undefined) return { refused: DECLINED };
    const person = await signIn.finish({ redirectUri: this.#backUrl(), code, verifier });
    return this.#settle(link, person);
  }

  /** Judges what was proven, and makes the person the Agent with that email; the link ends with it. */
  async #settle(link: SignInLink, person: SignedIn): Promise<SignInEnd> {
    const { store, clock, changed } = this.#parts;
    const { workspaceId, userId } = link;
    const end = await store.transaction(async (tx): Promise<SignInEnd> => {
      const now = clock.now();
      const refuse = async (
        refused: string,
        detail: Readonly<Record<string, unknown>>,
        agent?: Agent,
      ): Promise<SignInRefused> => {
        const about = agent === undefined ? {} : { agentId: agent.id };
        const actor = { kind: 'stranger', name: userId } as const;
        await tx.audit.add({ actor, action: 'identity.refused', ...about, detail, source: 'web', at: now });
        return { refused };
      };
      if (person.user !== userId) return refuse(OTHER_ACCOUNT, { workspaceId, why: 'another account' });
      const email = person.email?.toLowerCase();
      if (email === undefined || !person.isVerified) return refuse(UNVERIFIED, { workspaceId, why: 'not verified' });
      await tx.grants.lockChanges();
      const again = faultOf(await tx.signInLinks.lock(link.id), now);
      if (again !== undefined) return { refused: again };
      const agent = await tx.agents.byEmail(email);
      if (agent === undefined)
        return refuse(
          `Nobody invited ${email} yet. Ask an admin to invite this email, or to link you by hand, then open the link again.`,
          { workspaceId, why: 'not invited', email },
        );
      if (agent.status === 'deactivated')
        return refuse(
          `The access of ${email} was ended. Ask an admin if you need it again.`,
          { workspaceId, why: 'deactivated' },
          agent,
        );
      const actor = { kind: 'agent', agentId: agent.id, name: agent.email, source: 'web' } as const;
      await admit(tx, { workspaceId, userId, agentId: agent.id, how: 'claim' }, actor, now);
      await tx.signInLinks.use(link.id, now);
      return { agent: { ...agent, status: 'active' } };
    });
    if ('agent' in end) changed([end.agent.id]);
    return end;
  }

  #signIn(workspaceId: WorkspaceId): SignIn | undefined {
    return this.#parts.platforms.get(workspaceId)?.signIn;
  }

  #backUrl(): string {
    return `${this.#parts.publicUrl ?? ''}${BACK_PATH}`;
  }
}

/** Why a link can't be used now. */
function faultOf(link: SignInLink | undefined, now: Date): string | undefined {
  if (link === undefined) return NOT_OURS;
  if (link.usedAt !== null) return USED;
  return link.expiresAt.getTime() <= now.getTime() ? EXPIRED : undefined;
}

function isSame(left: string, right: string): boolean {
  const [one, other] = [Buffer.from(left), Buffer.from(right)];
  return one.length === other.length && timingSafeEqual(one, other);
}
