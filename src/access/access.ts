// Access, the facade: who is who, who may see and answer what and because of what, and every way to change it.
import type { PlatformEvent, Problem } from '../domain/events.ts';
import type { AgentId, ChannelId, ChatId, UserId, WorkspaceId } from '../domain/ids.ts';
import type { Agent, IdentityProof } from '../store/agent.ts';
import type { Label, LabelCounts, LabelId } from '../store/label.ts';
import type { Scope } from '../store/listing.ts';
import type { Tx } from '../store/store.ts';
import { AdminsChannel, type AdminsChannelResult, type NoticesPlace } from './admins-channel.ts';
import type { AccessChange, Actor, ChangeResult, Preview } from './change.ts';
import { Changes, type DeactivationHook } from './changes.ts';
import { Identities } from './identity.ts';
import { InvitationMail, type MailedInvitation, type MailParts } from './invitation-mail.ts';
import {
  Invitations,
  type ClaimResult,
  type InvitationParts,
  type InviteRequest,
  type InviteResult,
} from './invitations.ts';
import { Labels, type LabelResult } from './labels.ts';
import { Logins, type LoginLinkFor, type Opened } from './logins.ts';
import { maskPhones } from './mask.ts';
import { judge, refusalReason, refusalSentence, type Because, type Role } from './policy.ts';
import { Overseers } from './overseers.ts';
import { Presence } from './presence.ts';
import { Reconcile } from './reconcile.ts';
import { SignIns, type SignInBack, type SignInEnd, type SignInParts, type SignInStart } from './sign-in.ts';

/** May this Agent see and answer this Chat? If not, `sentence` is for them, in plain words. */
export type Decision =
  | { readonly allowed: true; readonly agent: Agent; readonly because: readonly Because[] }
  | { readonly allowed: false; readonly agent?: Agent; readonly sentence: string };

/** Somebody who sees a Chat; `locked`: an admin, whose access can't be taken there. */
export interface Seer {
  readonly agentId: AgentId;
  readonly email: string;
  readonly name: string | null;
  readonly role: Role;
  readonly locked: boolean;
  readonly because: readonly Because[];
}

export type Explanation =
  | { readonly allowed: true; readonly because: readonly Because[] }
  | { readonly allowed: false; readonly why: string };

export interface TeamMember {
  readonly id: AgentId;
  readonly email: string;
  readonly name: string | null;
  readonly role: Role;
  readonly status: Agent['status'];
  readonly labels: readonly string[];
  readonly identities: readonly {
    readonly workspaceId: WorkspaceId;
    readonly userId: UserId;
    readonly how: IdentityProof;
  }[];
}

export interface AccessParts
  extends Omit<InvitationParts, 'identities' | 'changed' | 'mail'>, MailParts, Omit<SignInParts, 'changed'> {
  /** Asked right before a channel is touched: the lease's `valid`. Always true when absent. */
  readonly mayAct?: () => boolean;
}

export { maskPhones };

/** The setting that hides the middle of phone numbers from members. */
export const MASK_PHONES = 'maskPhones';

/** Made once a process; `start` only in the one that works. */
export class Access {
  readonly #parts: AccessParts;
  readonly #identities: Identities;
  readonly #overseers: Overseers;
  readonly #presence: Presence;
  readonly #reconcile: Reconcile;
  readonly #changes: Changes;
  readonly #invitations: Invitations;
  readonly #mail: InvitationMail;
  readonly #labels: Labels;
  readonly #signIns: SignIns;
  readonly #logins: Logins;
  readonly #adminsChannel: AdminsChannel;
  readonly #deactivationHooks = new Set<DeactivationHook>();
  readonly #listeners = new Set<(agentIds: readonly AgentId[]) => void>();

  constructor(parts: AccessParts) {
    this.#parts = parts;
    const changed = (agentIds: readonly AgentId[]): void => {
      this.#reconcile.wake();
      for (const listener of this.#listeners) listener(agentIds);
    };
    this.#identities = new Identities(parts);
    const more = { ...parts, identities: this.#identities, changed };
    this.#overseers = new Overseers(parts);
    this.#reconcile = new Reconcile({ mayAct: () => true, ...more, overseers: this.#overseers });
    this.#presence = new Presence({ ...more, wake: () => this.#reconcile.wake() });
    this.#changes = new Changes({ ...more, deactivationHooks: this.#deactivationHooks });
    this.#mail = new InvitationMail(parts);
    this.#invitations = new Invitations({ ...more, mail: this.#mail });
    this.#labels = new Labels(parts);
    this.#signIns = new SignIns({ ...parts, changed });
    this.#logins = new Logins(parts);
    this.#adminsChannel = new AdminsChannel(more);
  }

  /** Begins to hold channels to the rules. */
  start(): void {
    this.#reconcile.start();
  }

  /** Resolves when the look under way has ended. */
  stop(): Promise<void> {
    return this.#reconcile.stop();
  }

  /** What else ends with an Agent (open Tickets): runs in the transaction that deactivates them. */
  onDeactivate(hook: DeactivationHook): void {
    this.#deactivationHooks.add(hook);
  }

  /** Called after each commit that may have changed what these Agents see. Gives back how to stop that. */
  onChanged(listener: (agentIds: readonly AgentId[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
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

  /** All Chats that an Agent sees at this moment; `all` for admins. */
  async scopeOf(agentId: AgentId): Promise<Scope> {
    const { store, clock } = this.#parts;
    const agent = await store.read.agents.find(agentId);
    const verdict = judge(agent, [], clock.now());
    if (verdict.allowed) return 'all';
    if (agent?.status !== 'active') return new Set();
    const pairs = await store.read.grants.pairs({ agentIds: [agentId] }, clock.now());
    return new Set(pairs.map(({ chatId }) => chatId));
  }

  /** Everyone who sees a Chat, and because of what; admins first. Undefined: there is no such Chat. */
  async whoSees(chatId: ChatId): Promise<Seer[] | undefined> {
    const { store, clock } = this.#parts;
    if ((await store.read.chats.find(chatId)) === undefined) return undefined;
    const now = clock.now();
    const seers = (await store.read.grants.factsOfChat(chatId)).flatMap(({ agent, facts }): Seer[] => {
      const verdict = judge(agent, facts, now);
      if (!verdict.allowed) return [];
      const { id: agentId, email, name, role } = agent;
      return [{ agentId, email, name, role, locked: role === 'admin', because: verdict.because }];
    });
    return [...seers.filter(({ locked }) => locked), ...seers.filter(({ locked }) => !locked)];
  }

  /** Why a person does or doesn't see a Chat. Undefined: there is no such Chat. */
  async explain(email: string, chatId: ChatId): Promise<Explanation | undefined> {
    const { store, clock } = this.#parts;
    if ((await store.read.chats.find(chatId)) === undefined) return undefined;
    const agent = await store.read.agents.byEmail(email.trim());
    const facts = agent === undefined ? [] : await store.read.grants.facts(agent.id, chatId);
    const verdict = judge(agent, facts, clock.now());
    return verdict.allowed ? verdict : { allowed: false, why: refusalReason(verdict.refusal, agent?.email ?? email) };
  }

  /** Exactly who would gain and lose what, were the change made now. Changes nothing. */
  preview(change: AccessChange): Promise<Preview> {
    return this.#changes.preview(change);
  }

  /** Makes a change: what of it can be done is done, in one transaction with its audit row; the rest is told. Channels follow. */
  apply(change: AccessChange, actor: Actor): Promise<ChangeResult> {
    return this.#changes.apply(change, actor);
  }

  /** Several changes in one transaction; when anything of them is refused, nothing is done. */
  applyAll(changes: readonly AccessChange[], actor: Actor): Promise<ChangeResult> {
    return this.#changes.applyAll(changes, actor);
  }

  /** Invites people by a list of emails, each judged by itself. Asks the Workspaces who is there already. */
  invite(request: InviteRequest, actor: Actor): Promise<InviteResult> {
    return this.#invitations.invite(request, actor);
  }

  /** Performs the Delivery of an invitation by mail; done when they came meanwhile. Rejects with a BridgeError. */
  mailInvitation(invitation: MailedInvitation): Promise<void> {
    return this.#mail.send(invitation);
  }

  /** That Delivery was given up: tells the admins why, and what else they can do. */
  invitationUndelivered(invitation: MailedInvitation, sentence: string): Promise<void> {
    return this.#mail.failed(invitation, sentence);
  }

  /** A new link for somebody who was invited and hasn't come, to hand over and (with mail) mailed as well; earlier ones end. */
  renewInvitation(agentId: AgentId, actor: Actor): Promise<{ mailed: boolean; link?: string } | { refused: string }> {
    return this.#invitations.renew(agentId, actor);
  }

  /** Somebody opened the link of an invitation: they are the invited Agent, once. `source` is the door. */
  claim(token: string, source: string): Promise<ClaimResult> {
    return this.#invitations.claim(token, source);
  }

  /**
   * Makes a user of a Workspace an Agent: `claim` after a sign-in that proved the email, `admin` by an admin's word, for which the platform is
   * asked whether there is such a member. Rejects with a BridgeError when it can't be asked.
   */
  link(
    who: { workspaceId: WorkspaceId; userId: UserId; email: string; how: 'claim' | 'admin' },
    actor: Actor,
  ): Promise<ClaimResult> {
    return this.#invitations.link(who, actor);
  }

  /**
   * A link for one person of a Workspace, good once and for ten minutes, by which they prove who they are. Undefined: nobody can be signed in
   * there, or the platform vouches for emails itself.
   */
  signInLink(workspaceId: WorkspaceId, userId: UserId): Promise<string | undefined> {
    return this.#signIns.link(workspaceId, userId);
  }

  /** Whether the platform vouches for people's emails by itself; if not, they prove them, or an admin says so. */
  knowsEmails(workspaceId: WorkspaceId): boolean {
    return this.#parts.platforms.get(workspaceId)?.capabilities.findsUsersByEmail === true;
  }

  /** Somebody opened such a link: where their browser goes next. May be called again until the link is used. */
  startSignIn(token: string): Promise<SignInStart> {
    return this.#signIns.start(token);
  }

  /** Their browser came back. Rejects with a BridgeError when the platform can't be asked, or refuses what the browser brought. */
  finishSignIn(back: SignInBack): Promise<SignInEnd> {
    return this.#signIns.finish(back);
  }

  /** A private link to the admin web for one Agent, good once and for ten minutes; earlier ones end. Undefined: there is no address to lead to. */
  loginLink(agentId: AgentId): Promise<string | undefined> {
    return this.#logins.link(agentId);
  }

  /** Whom such a link would sign in; uses nothing up. */
  loginOf(token: string): Promise<LoginLinkFor> {
    return this.#logins.of(token);
  }

  /** Uses the link up: its Agent is signed in until `expiresAt`, until they sign out, or until they are deactivated. */
  login(token: string): Promise<Opened> {
    return this.#logins.open(token);
  }

  /** Who is signed in with what a browser's cookie holds, as they stand at this moment. */
  signedIn(token: string): Promise<Agent | undefined> {
    return this.#logins.agentOf(token);
  }

  /** Signs a browser out; may be repeated. */
  logout(token: string): Promise<void> {
    return this.#logins.close(token);
  }

  /** Makes a user of a Workspace nobody again; false when they were nobody. */
  unlink(who: { workspaceId: WorkspaceId; userId: UserId }, actor: Actor): Promise<boolean> {
    return this.#invitations.unlink(who, actor);
  }

  /** Brings an Agent back into the channels of a Chat that they left by hand, if they may see it. */
  async rejoin(agentId: AgentId, chatId: ChatId): Promise<Decision> {
    const { store, clock } = this.#parts;
    const decision = await store.transaction(async (tx) => {
      const now = clock.now();
      const made = await this.decide(tx, agentId, chatId, now);
      if (made.allowed) await tx.mirrors.welcomeBack([agentId], [chatId], now);
      return made;
    });
    this.#reconcile.wake();
    return decision;
  }

  /** The Chats whose channels an Agent left by hand: those to offer a Join button for. */
  async leftChats(agentId: AgentId): Promise<ReadonlySet<ChatId>> {
    return new Set((await this.#parts.store.read.mirrors.leftBy(agentId)).map(({ chatId }) => chatId));
  }

  /** Everybody of the team, with the Labels granted to them and who they are where. */
  async team(): Promise<TeamMember[]> {
    const { store } = this.#parts;
    const labels = await store.read.grants.labelsOfAgents();
    const identities = Map.groupBy(await store.read.agents.allIdentities(), ({ agentId }) => agentId);
    return (await store.read.agents.all()).map((agent) => ({
      ...agent,
      labels: labels.get(agent.id) ?? [],
      identities: (identities.get(agent.id) ?? []).map(({ workspaceId, userId, how }) => ({
        workspaceId,
        userId,
        how,
      })),
    }));
  }

  labels(): Promise<LabelCounts[]> {
    return this.#parts.store.read.labels.all();
  }

  createLabel(label: { name: string; color?: string | undefined }, actor: Actor): Promise<LabelResult> {
    return this.#labels.create(label, actor);
  }

  /** Undefined: there is no such Label. To delete one is a change of access: `apply`. */
  updateLabel(
    id: LabelId,
    change: { name?: string | undefined; color?: string | undefined },
    actor: Actor,
  ): Promise<LabelResult | undefined> {
    return this.#labels.update(id, change, actor);
  }

  /** A Label by its name, whatever the case; else the name that was perhaps meant. */
  findLabel(name: string): Promise<{ label: Label } | { meant?: string }> {
    return this.#labels.find(name);
  }

  /** How many channels of each Workspace still wait to be put right: the progress of a bulk change. */
  progress(): Promise<{ workspaceId: WorkspaceId; count: number }[]> {
    return this.#parts.store.read.mirrors.staleCounts();
  }

  /** What keeps channels of a Workspace from holding exactly the people they should, with the number of channels each concerns. */
  async problems(workspaceId: WorkspaceId): Promise<(Problem & { readonly channelCount: number })[]> {
    const found = new Map<string, Problem & { channelCount: number }>();
    for (const { problems } of await this.#parts.store.read.mirrors.troubled(workspaceId)) {
      for (const problem of new Map((problems ?? []).map((one) => [one.what, one])).values()) {
        found.set(problem.what, { ...problem, channelCount: (found.get(problem.what)?.channelCount ?? 0) + 1 });
      }
    }
    const overseen = await this.#overseers.problem(workspaceId);
    if (overseen === undefined) return [...found.values()];
    const channelCount = await this.#parts.store.read.mirrors.openCount(workspaceId);
    return [...found.values(), { ...overseen, channelCount }];
  }

  /** The channel that a Workspace's problems are told in; null: they are told to each admin. */
  adminsChannel(workspaceId: WorkspaceId): Promise<ChannelId | null> {
    return this.#adminsChannel.of(workspaceId);
  }

  /** Where a problem is told at this moment. Rejects with a BridgeError when the platform can't be asked. */
  noticesPlace(workspaceId: WorkspaceId): Promise<NoticesPlace> {
    return this.#adminsChannel.now(workspaceId);
  }

  /** Refused unless it's private, we are in it, and all others in it are admins. Rejects with a BridgeError when the platform can't be asked. */
  setAdminsChannel(workspaceId: WorkspaceId, channel: ChannelId | null, actor: Actor): Promise<AdminsChannelResult> {
    return this.#adminsChannel.set(workspaceId, channel, actor);
  }

  /** How phone numbers are shown to somebody, or in what all of a channel see (`channel`): a function over texts. */
  async phonesFor(viewer: Pick<Agent, 'role'> | 'channel'): Promise<(text: string) => string> {
    const isMasked = (await this.#parts.store.read.settings.get(MASK_PHONES)) === true;
    return isMasked && (viewer === 'channel' || viewer.role !== 'admin') ? maskPhones : (text) => text;
  }

  /** What people did in a Workspace that concerns who is in its channels. May be told again. Rejects with a BridgeError when the platform can't be asked. */
  handle(
    workspaceId: WorkspaceId,
    event: Extract<PlatformEvent, { kind: 'joined' | 'left' | 'userChanged' | 'channelChanged' }>,
  ): Promise<void> {
    return this.#presence.handle(workspaceId, event);
  }
}
