// Changing access: resolves what is asked to rows, makes the change, and compares who sees what before and after. A preview does the same and takes it back.
import type { AgentId, ChatId } from '../domain/ids.ts';
import type { Clock } from '../runtime/time.ts';
import type { Agent } from '../store/agent.ts';
import type { Pair, Part } from '../store/grant.ts';
import type { Label } from '../store/label.ts';
import type { Store, Tx } from '../store/store.ts';
import {
  auditOf,
  nameOf,
  PROGRAM,
  type AccessChange,
  type Actor,
  type ChangeResult,
  type ChatChoice,
  type Preview,
  type Refused,
} from './change.ts';
import { isLastAdmin, refuseGrant } from './policy.ts';
import { nearest } from '../domain/nearest.ts';

/** Runs in the transaction that deactivates an Agent: ends what is theirs elsewhere (open Tickets). Must only change the store. */
export type DeactivationHook = (tx: Tx, agentId: AgentId, actor: Actor, now: Date) => Promise<void>;

export interface ChangesParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly deactivationHooks: ReadonlySet<DeactivationHook>;
  /** After a commit that made somebody see more or less. */
  changed(agentIds: readonly AgentId[]): void;
}

interface Named {
  readonly agents: readonly Agent[];
  readonly labels: readonly Label[];
  readonly chatIds: readonly ChatId[];
}

interface Done {
  readonly action: string;
  readonly changed: number;
  readonly unchanged: number;
  readonly still?: ChangeResult['still'];
  readonly detail?: Readonly<Record<string, unknown>>;
}

type Diff = readonly (Pair & { readonly gained: boolean })[];

/** Carries a preview's findings out of the transaction that must not commit. */
class Undone<T> extends Error {
  readonly found: T;

  constructor(found: T) {
    super('a preview was taken back');
    this.found = found;
  }
}

/** See `Access.apply` and `Access.preview`. */
export class Changes {
  readonly #parts: ChangesParts;

  constructor(parts: ChangesParts) {
    this.#parts = parts;
  }

  async apply(change: AccessChange, actor: Actor): Promise<ChangeResult> {
    const { store, clock, changed } = this.#parts;
    const { result, diff } = await store.transaction((tx) => this.#perform(tx, change, actor, clock.now()));
    changed([...new Set(diff.map(({ agentId }) => agentId))]);
    return result;
  }

  /** All of them in one transaction, or, when anything of them is refused, nothing. */
  async applyAll(changes: readonly AccessChange[], actor: Actor): Promise<ChangeResult> {
    const { store, clock, changed } = this.#parts;
    const work = async (tx: Tx) => {
      const done = [];
      for (const change of changes) done.push(await this.#perform(tx, change, actor, clock.now()));
      const refused = done.flatMap(({ result }) => result.refused);
      if (refused.length > 0) throw new Undone({ changed: 0, unchanged: 0, refused, still: [] });
      return done;
    };
    const done = await orUndone<ChangeResult, Awaited<ReturnType<typeof work>>>(store.transaction(work));
    if (!Array.isArray(done)) return done;
    changed([...new Set(done.flatMap(({ diff }) => diff.map(({ agentId }) => agentId)))]);
    return {
      changed: done.reduce((sum, { result }) => sum + result.changed, 0),
      unchanged: done.reduce((sum, { result }) => sum + result.unchanged, 0),
      refused: [],
      still: done.flatMap(({ result }) => result.still),
    };
  }

  async preview(change: AccessChange): Promise<Preview> {
    const { store, clock } = this.#parts;
    return orUndone<Preview, never>(
      store.transaction(async (tx) => {
        const { result, diff } = await this.#perform(tx, change, PROGRAM, clock.now());
        const emails = new Map((await tx.agents.all()).map(({ id, email }) => [id, email]));
        const named = (gained: boolean) =>
          diff.flatMap((pair) => {
            const agent = emails.get(pair.agentId);
            return pair.gained === gained && agent !== undefined ? [{ agent, chatId: pair.chatId }] : [];
          });
        throw new Undone<Preview>({ gained: named(true), lost: named(false), refused: result.refused });
      }),
    );
  }

  async #perform(tx: Tx, change: AccessChange, actor: Actor, now: Date): Promise<{ result: ChangeResult; diff: Diff }> {
    await tx.grants.lockChanges();
    const refused: Refused[] = [];
    const named = await resolve(tx, change, now, refused);
    const part = await concerned(tx, change, named);
    await tx.grants.remember(part, now);
    const done = await this.#make(tx, change, named, actor, now, refused);
    const diff = await tx.grants.changedSince(part, now);
    await tx.mirrors.markStale({ chatIds: chatsOf(diff, false) }, now, true);
    await tx.mirrors.markStale({ chatIds: chatsOf(diff, true) }, now);
    if (done.changed > 0) await tx.audit.add(auditOf(actor, done.action, now, about(named, done)));
    const result = { changed: done.changed, unchanged: done.unchanged, refused, still: done.still ?? [] };
    return { result, diff };
  }

  async #make(tx: Tx, change: AccessChange, named: Named, actor: Actor, now: Date, refused: Refused[]): Promise<Done> {
    switch (change.kind) {
      case 'grant':
        return grant(tx, named, { by: nameOf(actor), at: now, until: change.until ?? null });
      case 'revoke':
        return revoke(tx, named, now);
      case 'label':
      case 'unlabel':
        return putLabels(tx, change.kind, named, now);
      case 'labels':
        return setLabels(tx, named, { by: nameOf(actor), at: now, until: null });
      case 'role':
        return setRole(tx, change.role, named, refused);
      case 'deactivate':
      case 'activate':
        return this.#setActive(tx, change.kind === 'activate', named, actor, now, refused);
      case 'deleteLabel':
        for (const { id } of named.labels) await tx.labels.remove(id);
        return { action: 'label.deleted', changed: named.labels.length, unchanged: 0 };
    }
  }

  async #setActive(
    tx: Tx,
    active: boolean,
    { agents }: Named,
    actor: Actor,
    now: Date,
    refused: Refused[],
  ): Promise<Done> {
    const admins = new Set<string>(idsOf(await tx.agents.lockAdmins()));
    let changed = 0;
    for (const agent of agents) {
      if (active ? agent.status !== 'deactivated' : agent.status === 'deactivated') continue;
      if (!active && isLastAdmin(admins, agent.id)) {
        refused.push(lastAdmin(agent));
        continue;
      }
      changed += 1;
      await tx.agents.setStatus(agent.id, active ? 'active' : 'deactivated', now);
      if (active) continue;
      admins.delete(agent.id);
      await tx.invitations.end(agent.id, now);
      await tx.logins.endAll(agent.id);
      for (const hook of this.#parts.deactivationHooks) await hook(tx, agent.id, actor, now);
    }
    const action = active ? 'agent.activated' : 'agent.deactivated';
    return { action, changed, unchanged: agents.length - changed };
  }
}

async function orUndone<T, U>(work: Promise<U>): Promise<T | U> {
  try {
    return await work;
  } catch (error) {
    // Thrown by the caller's own work, with what it found.
    if (error instanceof Undone) return error.found as T;
    throw error;
  }
}

const idsOf = (agents: readonly Agent[]): AgentId[] => agents.map(({ id }) => id);

const chatsOf = (diff: Diff, gained: boolean): ChatId[] => [
  ...new Set(diff.filter((pair) => pair.gained === gained).map(({ chatId }) => chatId)),
];

const lastAdmin = ({ email }: Agent): Refused => ({
  code: 'last_admin',
  agent: email,
  reason: `${email} is the last admin; make somebody else an admin first.`,
});

/** Whose seeing of what the change can alter at most: only that is compared. */
async function concerned(tx: Tx, change: AccessChange, { agents, chatIds, labels }: Named): Promise<Part> {
  const agentIds = idsOf(agents);
  const withLabels = (): Promise<ChatId[]> => tx.labels.chatsWith(labels.map(({ id }) => id));
  switch (change.kind) {
    case 'grant':
    case 'revoke':
      return { agentIds, chatIds: labels.length === 0 ? chatIds : [...chatIds, ...(await withLabels())] };
    case 'label':
    case 'unlabel':
      return { chatIds };
    case 'deleteLabel':
      return { chatIds: await withLabels() };
    case 'labels':
    case 'role':
    case 'activate':
    case 'deactivate':
      return { agentIds };
  }
}

/** What the audit row says of whom and what it was about: ids, so that it can be found by them. */
function about({ agents, labels, chatIds }: Named, { changed, detail }: Done) {
  const [agent, otherAgent] = agents;
  const [chatId, otherChat] = chatIds;
  return {
    ...(agent !== undefined && otherAgent === undefined ? { agentId: agent.id } : {}),
    ...(chatId !== undefined && otherChat === undefined ? { chatId } : {}),
    detail: {
      changed,
      ...(otherAgent === undefined ? {} : { agentIds: idsOf(agents) }),
      ...(otherChat === undefined ? {} : { chatIds }),
      ...(labels.length === 0 ? {} : { labels: labels.map(({ name }) => name) }),
      ...detail,
    },
  };
}

async function resolve(tx: Tx, change: AccessChange, now: Date, refused: Refused[]): Promise<Named> {
  const labels = 'labels' in change ? await resolveLabels(tx, change.labels ?? [], refused) : [];
  const chatIds = 'chats' in change ? await resolveChats(tx, change.chats, refused) : [];
  const agents = 'agents' in change ? await resolveAgents(tx, change, refused) : [];
  if (change.kind === 'grant' && change.until && change.until.getTime() <= now.getTime()) {
    refused.push({ code: 'bad_time', reason: 'The end of the access lies in the past.' });
    return { agents: [], labels: [], chatIds: [] };
  }
  return { agents, labels, chatIds };
}

async function resolveLabels(tx: Tx, names: readonly string[], refused: Refused[]): Promise<Label[]> {
  const all = await tx.labels.all();
  const found = new Map<string, Label>();
  for (const name of names) {
    const label = all.find((one) => one.name.toLowerCase() === name.trim().toLowerCase());
    if (label !== undefined) found.set(label.id, label);
    else {
      const like = nearest(
        name,
        all.map((one) => one.name),
      );
      const hint = like === undefined ? '' : ` Did you mean “${like}”?`;
      refused.push({ code: 'unknown_label', label: name, reason: `There is no label “${name}”.${hint}` });
    }
  }
  return [...found.values()];
}

async function resolveChats(tx: Tx, choice: ChatChoice | undefined, refused: Refused[]): Promise<ChatId[]> {
  if (choice === undefined) return [];
  if ('filter' in choice) return tx.listings.chatIds(choice.filter);
  const known = new Set(await tx.grants.existingChats(choice.chatIds));
  for (const chatId of choice.chatIds) {
    if (!known.has(chatId)) refused.push({ code: 'unknown_chat', chatId, reason: 'There is no such chat.' });
  }
  return [...known];
}

async function resolveAgents(
  tx: Tx,
  change: Extract<AccessChange, { agents: readonly string[] }>,
  refused: Refused[],
): Promise<Agent[]> {
  const emails = [...new Set(change.agents.map((email) => email.trim().toLowerCase()))];
  const known = await tx.agents.byEmails(emails);
  const isGrant = change.kind === 'grant' || change.kind === 'revoke' || change.kind === 'labels';
  return emails.flatMap((email) => {
    const agent = known.get(email);
    const isLeaving = change.kind === 'revoke' && agent?.status === 'deactivated';
    const reason = (isGrant && !isLeaving) || agent === undefined ? refuseGrant(agent, email) : undefined;
    if (reason === undefined) return agent === undefined ? [] : [agent];
    const code = agent === undefined ? 'unknown_agent' : agent.status === 'deactivated' ? 'deactivated' : 'admin';
    refused.push({ code, agent: email, reason });
    return [];
  });
}

interface Terms {
  readonly by: string;
  readonly at: Date;
  readonly until: Date | null;
}

async function grant(tx: Tx, { agents, chatIds, labels }: Named, terms: Terms): Promise<Done> {
  const agentIds = idsOf(agents);
  const labelIds = labels.map(({ id }) => id);
  const changed =
    (await tx.grants.grantChats(agentIds, chatIds, terms)).length +
    (await tx.grants.grantLabels(agentIds, labelIds, terms)).length;
  // Whoever is asked in by name is wanted in the channel, whatever they did before.
  await tx.mirrors.welcomeBack(agentIds, chatIds, terms.at);
  const unchanged = agentIds.length * (chatIds.length + labelIds.length) - changed;
  return { action: 'access.granted', changed, unchanged, detail: { until: terms.until?.toISOString() ?? null } };
}

async function revoke(tx: Tx, { agents, chatIds, labels }: Named, now: Date): Promise<Done> {
  const agentIds = idsOf(agents);
  const labelIds = labels.map(({ id }) => id);
  const changed =
    (await tx.grants.revokeChats(agentIds, chatIds)).length + (await tx.grants.revokeLabels(agentIds, labelIds)).length;
  const emails = new Map(agents.map(({ id, email }) => [id, email]));
  const still = (await tx.grants.throughLabels(agentIds, chatIds, now)).flatMap(({ agentId, chatId, label: name }) => {
    const agent = emails.get(agentId);
    return agent === undefined ? [] : [{ agent, chatId, label: name }];
  });
  const unchanged = agentIds.length * (chatIds.length + labelIds.length) - changed;
  return { action: 'access.revoked', changed, unchanged, still };
}

async function putLabels(tx: Tx, kind: 'label' | 'unlabel', { chatIds, labels }: Named, now: Date): Promise<Done> {
  let changed = 0;
  for (const { id } of labels) {
    const touched = kind === 'label' ? await tx.labels.put(id, chatIds, now) : await tx.labels.take(id, chatIds);
    changed += touched.length;
  }
  const action = kind === 'label' ? 'chat.labelled' : 'chat.unlabelled';
  return { action, changed, unchanged: labels.length * chatIds.length - changed };
}

async function setLabels(tx: Tx, { agents, labels }: Named, terms: Terms): Promise<Done> {
  const agentIds = idsOf(agents);
  const wanted = new Set(labels.map(({ id }) => id));
  const others = (await tx.labels.all()).map(({ id }) => id).filter((id) => !wanted.has(id));
  const taken = await tx.grants.revokeLabels(agentIds, others);
  const given = await tx.grants.grantLabels(agentIds, [...wanted], terms);
  return {
    action: 'agent.labels',
    changed: taken.length + given.length,
    unchanged: agentIds.length * wanted.size - given.length,
  };
}

async function setRole(tx: Tx, role: Agent['role'], { agents }: Named, refused: Refused[]): Promise<Done> {
  const admins = new Set<string>(idsOf(await tx.agents.lockAdmins()));
  let changed = 0;
  for (const agent of agents) {
    if (agent.role === role) continue;
    if (role === 'member' && isLastAdmin(admins, agent.id)) {
      refused.push(lastAdmin(agent));
      continue;
    }
    if (role === 'member') admins.delete(agent.id);
    await tx.agents.setRole(agent.id, role);
    changed += 1;
  }
  return { action: 'agent.role', changed, unchanged: agents.length - changed, detail: { role } };
}
