// Inviting people, and their arrival: found in a Workspace by email, by the link of their invitation, by a proven claim, or by an admin's word.
import { BridgeError } from '../domain/errors.ts';
import type { AgentId, ChatId, UserId, WorkspaceId } from '../domain/ids.ts';
import type { Agent, IdentityProof } from '../store/agent.ts';
import type { Label } from '../store/label.ts';
import type { Tx } from '../store/store.ts';
import { auditOf, nameOf, PROGRAM, type Actor } from './change.ts';
import { admit, dismiss, type Identities, type IdentityParts } from './identity.ts';
import { hashOf, LINK_MS, linkOf, newToken } from './invitation-link.ts';
import { mailLater, type InvitationMail } from './invitation-mail.ts';
import { judgeAddressees, notInvited, parseEmails, type Addressee, type NotInvited } from './invite.ts';
import type { Role } from './policy.ts';

export interface InvitationParts extends IdentityParts {
  readonly identities: Identities;
  /** Where people reach the admin web; without it there are no links. */
  readonly publicUrl?: string;
  readonly mail: Pick<InvitationMail, 'isSet'>;
  changed(agentIds: readonly AgentId[]): void;
}

export interface InviteRequest {
  /** As people write lists: see `parseEmails`. */
  readonly emails: string;
  readonly role: Role;
  /** By name. Only for members. */
  readonly labels?: readonly string[] | undefined;
  /** Only for members. */
  readonly chatIds?: readonly ChatId[] | undefined;
}

/** `found`: in these Workspaces already, joined and welcomed. `link` is there when the admin must hand it over; `mailed`: it goes by mail instead. */
export interface Invited {
  readonly email: string;
  readonly agentId: AgentId;
  readonly found: readonly WorkspaceId[];
  readonly mailed: boolean;
  readonly link?: string;
}

/** `faults`: the request itself is wrong, and nothing was done. */
export type InviteResult =
  | { readonly invited: readonly Invited[]; readonly refused: readonly NotInvited[] }
  | { readonly faults: readonly { readonly path: string; readonly message: string }[] };

export type ClaimResult = { readonly agent: Agent } | { readonly refused: string };

interface Place {
  readonly workspaceId: WorkspaceId;
  readonly userId: UserId;
}

/** See `Access.invite`, `claim`, `link` and `unlink`. */
export class Invitations {
  readonly #parts: InvitationParts;

  constructor(parts: InvitationParts) {
    this.#parts = parts;
  }

  async invite(request: InviteRequest, actor: Actor): Promise<InviteResult> {
    const { store } = this.#parts;
    const addressees = parseEmails(request.emails);
    const terms = await this.#terms(request, addressees);
    if ('faults' in terms) return terms;
    const known = await store.read.agents.byEmails(addressees.map(({ email }) => email));
    const { good, refused } = judgeAddressees(addressees, known);
    const invited: Invited[] = [];
    const late: NotInvited[] = [];
    for (const one of good) {
      const done = await this.#inviteOne(one, request.role, terms, actor);
      if (typeof done === 'string') late.push(notInvited(one.email, done));
      else invited.push(done);
    }
    this.#parts.changed(invited.map(({ agentId }) => agentId));
    return { invited, refused: [...refused, ...late] };
  }

  async #terms(
    { role, labels = [], chatIds = [] }: InviteRequest,
    addressees: readonly Addressee[],
  ): Promise<{ labels: Label[]; chatIds: readonly ChatId[] } | { faults: { path: string; message: string }[] }> {
    const { store } = this.#parts;
    const faults: { path: string; message: string }[] = [];
    const fault = (path: string, message: string): void => void faults.push({ path, message });
    if (addressees.length === 0) fault('emails', 'There is no email in it.');
    if (role === 'admin' && labels.length > 0) fault('labels', 'Admins see every chat: labels are for members only.');
    if (role === 'admin' && chatIds.length > 0) fault('chatIds', 'Admins see every chat: chats are for members only.');
    const found: Label[] = [];
    for (const name of labels) {
      const label = await store.read.labels.byName(name.trim());
      if (label === undefined) fault('labels', `There is no label “${name}”.`);
      else found.push(label);
    }
    const existing = new Set(chatIds.length === 0 ? [] : await store.read.grants.existingChats(chatIds));
    if (chatIds.some((id) => !existing.has(id))) fault('chatIds', 'There is no such chat.');
    return faults.length > 0 ? { faults } : { labels: found, chatIds };
  }

  /** `active`: somebody else invited them at the same moment. */
  async #inviteOne(
    { email, name }: Addressee,
    role: Role,
    { labels, chatIds }: { labels: readonly Label[]; chatIds: readonly ChatId[] },
    actor: Actor,
  ): Promise<Invited | 'active' | 'guest' | 'bot'> {
    const { store, clock, identities, mail } = this.#parts;
    identities.lookAgain(email);
    const places = await this.#places(email);
    const outsider = places.length === 0 ? await this.#outsider(email) : undefined;
    if (outsider !== undefined) return outsider;
    const token = newToken();
    const mailed = mail.isSet && places.length === 0;
    const agentId = await store.transaction(async (tx) => {
      const now = clock.now();
      await tx.grants.lockChanges();
      const agent = await tx.agents.add({ email, name, role, status: 'invited' }, now);
      if (agent === undefined) return undefined;
      const terms = { by: nameOf(actor), at: now, until: null };
      await tx.grants.grantChats([agent.id], chatIds, terms);
      await tx.grants.grantLabels(
        [agent.id],
        labels.map(({ id }) => id),
        terms,
      );
      if (mailed) await mailLater(tx, { agentId: agent.id, by: nameOf(actor) }, now);
      else await this.#addLink(tx, agent.id, token, actor, now);
      const detail = { role, labels: labels.map((label) => label.name), ...(chatIds.length === 0 ? {} : { chatIds }) };
      await tx.audit.add(auditOf(actor, 'agent.invited', now, { agentId: agent.id, detail }));
      for (const place of places) await admit(tx, { ...place, agentId: agent.id, how: 'email' }, PROGRAM, now);
      return agent.id;
    });
    if (agentId === undefined) return 'active';
    const found = places.map(({ workspaceId }) => workspaceId);
    const link = mailed || found.length > 0 ? {} : this.#link(token);
    return { email, agentId, found, mailed, ...link };
  }

  /** Where a person with this email is already. A Workspace that can't be asked now is asked by the membership loop later. */
  async #places(email: string): Promise<Place[]> {
    const { platforms, log } = this.#parts;
    const places: Place[] = [];
    for (const [workspaceId, platform] of platforms) {
      if (!platform.capabilities.findsUsersByEmail) continue;
      try {
        const userId = await platform.findUser(email);
        if (userId !== undefined) places.push({ workspaceId, userId });
      } catch (error) {
        if (!(error instanceof BridgeError)) throw error;
        log.info({ workspaceId, code: error.code }, 'an invited person could not be looked up now');
      }
    }
    return places;
  }

  /** Why nobody with this email could ever come: undefined unless every Workspace knows people by email, and one knows them as an outsider. */
  async #outsider(email: string): Promise<'guest' | 'bot' | undefined> {
    const { platforms, log } = this.#parts;
    let outsider: 'guest' | 'bot' | undefined;
    for (const [workspaceId, platform] of platforms) {
      if (!platform.capabilities.findsUsersByEmail) return undefined;
      try {
        outsider ??= await platform.findOutsider?.(email);
      } catch (error) {
        if (!(error instanceof BridgeError)) throw error;
        log.info({ workspaceId, code: error.code }, 'an invited person could not be looked up now');
      }
    }
    return outsider;
  }

  async #addLink(tx: Tx, agentId: AgentId, token: string, actor: Actor, now: Date): Promise<void> {
    const expiresAt = new Date(now.getTime() + LINK_MS);
    await tx.invitations.add({ agentId, tokenHash: hashOf(token), by: nameOf(actor), at: now, expiresAt });
  }

  #link(token: string): { link?: string } {
    const { publicUrl } = this.#parts;
    return publicUrl === undefined ? {} : { link: linkOf(publicUrl, token) };
  }

  /** A new link for somebody who hasn't come yet, mailed as well where that's set; earlier ones end. */
  async renew(agentId: AgentId, actor: Actor): Promise<{ mailed: boolean; link?: string } | { refused: string }> {
    const { store, clock, mail } = this.#parts;
    const token = newToken();
    const mailed = mail.isSet;
    const isRenewed = await store.transaction(async (tx) => {
      const now = clock.now();
      const agent = await tx.agents.find(agentId);
      if (agent?.status !== 'invited') return false;
      await tx.invitations.end(agentId, now);
      await this.#addLink(tx, agentId, token, actor, now);
      if (mailed) await mailLater(tx, { agentId, by: nameOf(actor) }, now);
      await tx.audit.add(auditOf(actor, 'agent.invited', now, { agentId, detail: { again: true } }));
      return true;
    });
    if (!isRenewed) return { refused: 'Only somebody who was invited and hasn’t come yet needs a link.' };
    return { mailed, ...this.#link(token) };
  }

  async claim(token: string, source: string): Promise<ClaimResult> {
    const { store, clock, changed } = this.#parts;
    const result = await store.transaction(async (tx): Promise<ClaimResult> => {
      const now = clock.now();
      await tx.grants.lockChanges();
      const invitation = await tx.invitations.lockByToken(hashOf(token));
      const agent = invitation === undefined ? undefined : await tx.agents.find(invitation.agentId);
      if (invitation === undefined || agent === undefined) return { refused: 'This invitation isn’t known.' };
      if (invitation.endedAt !== null || agent.status !== 'invited')
        return { refused: 'This invitation was used already, or taken back.' };
      if (invitation.expiresAt.getTime() <= now.getTime())
        return { refused: 'This invitation is too old; ask an admin for a new one.' };
      await tx.agents.setStatus(agent.id, 'active', now);
      await tx.invitations.end(agent.id, now);
      const pairs = agent.role === 'admin' ? undefined : await tx.grants.pairs({ agentIds: [agent.id] }, now);
      await tx.mirrors.markStale(pairs === undefined ? {} : { chatIds: pairs.map(({ chatId }) => chatId) }, now);
      const actor: Actor = { kind: 'agent', agentId: agent.id, name: agent.email, source };
      await tx.audit.add(auditOf(actor, 'invitation.claimed', now, { agentId: agent.id }));
      return { agent: { ...agent, status: 'active' } };
    });
    if ('agent' in result) changed([result.agent.id]);
    return result;
  }

  async link(
    who: Place & { readonly email: string; readonly how: Exclude<IdentityProof, 'email'> },
    actor: Actor,
  ): Promise<ClaimResult> {
    const { store, clock, changed } = this.#parts;
    const { email, ...identity } = who;
    const unfit = who.how === 'admin' ? await this.#whyNoMember(who) : undefined;
    if (unfit !== undefined) return { refused: unfit };
    const result = await store.transaction(async (tx): Promise<ClaimResult> => {
      const agent = await tx.agents.byEmail(email);
      if (agent === undefined) return { refused: `Nobody invited ${email} yet; ask an admin.` };
      if (agent.status === 'deactivated') return { refused: `${email} is deactivated; ask an admin.` };
      await admit(tx, { ...identity, agentId: agent.id }, actor, clock.now());
      return { agent: { ...agent, status: 'active' } };
    });
    if ('agent' in result) changed([result.agent.id]);
    return result;
  }

  /** An admin's word is taken for who somebody is, not for that there is such a member. */
  async #whyNoMember({ workspaceId, userId }: Place): Promise<string | undefined> {
    switch ((await this.#parts.platforms.get(workspaceId)?.describeUser(userId))?.kind) {
      case 'person':
        return undefined;
      case 'bot':
        return 'That is a bot; only people can be linked.';
      case 'guest':
      case undefined:
        return 'No full member here has this ID; guests and people from elsewhere can’t be linked.';
    }
  }

  async unlink({ workspaceId, userId }: Place, actor: Actor): Promise<boolean> {
    const { store, clock, changed } = this.#parts;
    const agentId = await store.transaction(async (tx) => {
      await tx.grants.lockChanges();
      const identity = await tx.agents.identity(workspaceId, userId);
      if (identity === undefined) return undefined;
      await dismiss(tx, identity, 'unlinked', actor, clock.now());
      return identity.agentId;
    });
    if (agentId !== undefined) changed([agentId]);
    return agentId !== undefined;
  }
}
