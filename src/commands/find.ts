// Finding what people name: chats, people, labels, numbers. Whoever isn't found gets the nearest name; what somebody may not see isn't there for them.
import type { TeamMember } from '../access/access.ts';
import { as, type ChatId, type UserId } from '../domain/ids.ts';
import type { Account } from '../store/account.ts';
import type { Label } from '../store/label.ts';
import type { ListedChat, Scope } from '../store/listing.ts';
import type { Message } from '../store/message.ts';
import { isRefused, type Ask, type Parts, type Refused } from './ask.ts';
import { hintAt } from '../domain/nearest.ts';
import { listOf, mentioned } from './parse.ts';
import { namesOf, noChatHereWords, quoted } from './words.ts';

/** How many Chats are looked through for a name that was mistyped, or for a channel's name. */
const LOOKED_THROUGH = 1_000;
const ROW_ID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/u;

/** What a Chat is called, for this person. */
export const chatName = (ask: Pick<Ask, 'phones'>, row: Pick<ListedChat, 'name' | 'contactName' | 'phone'>): string =>
  ask.phones(row.name ?? row.contactName ?? row.phone ?? 'a chat without a name');

/** The Chats of an option (`this`, nothing, names or ids, with commas), each seen by the asker. */
export async function findChats(parts: Parts, ask: Ask, list: string | undefined): Promise<ListedChat[] | Refused> {
  const names = list === undefined ? ['this'] : listOf(list);
  const scope = await parts.access.scopeOf(ask.agent.id);
  const found = new Map<ChatId, ListedChat>();
  const refused: string[] = [];
  for (const name of names) {
    const one = name.toLowerCase() === 'this' ? await chatHere(parts, ask) : await chatNamed(parts, ask, name, scope);
    if (isRefused(one)) refused.push(one.refused);
    else found.set(one.id, one);
  }
  if (found.size === 0 && refused.length === 0) refused.push(noChatHereWords);
  return refused.length > 0 ? { refused: refused.join('\n') } : [...found.values()];
}

/** One Chat; the whole text is its name. */
export async function findChat(parts: Parts, ask: Ask, name: string | undefined): Promise<ListedChat | Refused> {
  if (name === undefined || name.toLowerCase() === 'this') return chatHere(parts, ask);
  return chatNamed(parts, ask, name, await parts.access.scopeOf(ask.agent.id));
}

async function chatHere({ store, access }: Parts, ask: Ask): Promise<ListedChat | Refused> {
  const row = ask.here === undefined ? undefined : await store.read.listings.chat(ask.here);
  if (row === undefined) return { refused: noChatHereWords };
  const decision = await access.mayReply(ask.agent.id, row.id);
  return decision.allowed ? row : { refused: decision.sentence };
}

/** What a shortcut was used on: the Chat of its channel, which the asker must see, and the Message that the post shows or is, if any. */
export async function postAbout(
  parts: Parts,
  ask: Ask,
): Promise<{ readonly chat: ListedChat; readonly message: Message | undefined } | Refused> {
  const { store } = parts;
  const chat = await chatHere(parts, ask);
  if (isRefused(chat)) return chat;
  if (ask.post === undefined) return { chat, message: undefined };
  const mirror = (await store.read.mirrors.ofChat(chat.id)).find(({ workspaceId }) => workspaceId === ask.workspaceId);
  const row = mirror === undefined ? undefined : await store.read.posts.byPostId(mirror.id, ask.post);
  // What people wrote outside of threads is no post of ours, yet a Message: a Note.
  const [written] = row === undefined ? await store.read.messages.byOrigin(ask.workspaceId, ask.post) : [];
  return { chat, message: row === undefined ? written : await store.read.messages.find(row.messageId) };
}

async function chatNamed({ store }: Parts, ask: Ask, written: string, scope: Scope): Promise<ListedChat | Refused> {
  const name = written.replace(/^#/u, '').trim();
  const sees = (id: ChatId): boolean => scope === 'all' || scope.has(id);
  if (ROW_ID.test(name)) {
    const row = sees(as<ChatId>(name)) ? await store.read.listings.chat(as<ChatId>(name)) : undefined;
    if (row !== undefined) return row;
  }
  const same = (text: string): boolean => text.toLowerCase() === name.toLowerCase();
  const matching = await store.read.listings.chats({ search: name }, { scope, limit: LOOKED_THROUGH });
  const exact = matching.filter((row) => same(chatName(ask, row)));
  const [only, another] = exact.length > 0 ? exact : matching;
  if (only !== undefined && another === undefined) return only;
  if (only !== undefined) {
    const names = namesOf((exact.length > 0 ? exact : matching).map((row) => quoted(chatName(ask, row))));
    return exact.length > 1
      ? { refused: `Several chats are called ${quoted(name)}. Ask in the channel of the one you mean.` }
      : { refused: `${quoted(name)} could be ${names}. Please write more of the name.` };
  }
  const all = await store.read.listings.chats({}, { scope, limit: LOOKED_THROUGH });
  const mirrors = await store.read.listings.mirrors(all.map(({ id }) => id));
  const byChannel = all.find(({ id }) => (mirrors.get(id) ?? []).some(({ channelName }) => same(channelName ?? '')));
  if (byChannel !== undefined) return byChannel;
  const hint = hintAt(
    name,
    all.map((row) => chatName(ask, row)),
  );
  return { refused: `There is no chat like ${quoted(name)} among those you see.${hint}` };
}

/** Who in the team is meant by emails, names or mentions, with commas or blanks. */
export async function findAgents(parts: Parts, ask: Ask, list: string): Promise<TeamMember[] | Refused> {
  const team = await parts.access.team();
  const found = new Map<string, TeamMember>();
  const refused: string[] = [];
  const written = listOf(list);
  // A name of several words needs no quotes where it's somebody's whole name.
  const names = written.flatMap((name) => (memberCalled(team, name).length > 0 ? [name] : listOf(name, 'words')));
  for (const name of names) {
    const one = await agentNamed(parts, ask, team, name);
    if (isRefused(one)) refused.push(one.refused);
    else found.set(one.id, one);
  }
  return refused.length > 0 ? { refused: refused.join('\n') } : [...found.values()];
}

export async function findAgent(parts: Parts, ask: Ask, name: string): Promise<TeamMember | Refused> {
  const found = await findAgents(parts, ask, name);
  if (isRefused(found)) return found;
  const [one, another] = found;
  return one !== undefined && another === undefined ? one : { refused: 'Please name one person.' };
}

/** By email, by the part of it before the @, or by name. */
function memberCalled(team: readonly TeamMember[], written: string): TeamMember[] {
  const name = written.replace(/^@/u, '').trim().toLowerCase();
  const exact = team.filter(({ email }) => email === name);
  if (exact.length > 0) return exact;
  return team.filter((one) => one.name?.toLowerCase() === name || one.email.split('@')[0] === name);
}

async function agentNamed(
  { access }: Parts,
  ask: Ask,
  team: readonly TeamMember[],
  written: string,
): Promise<TeamMember | Refused> {
  const user = mentioned(written);
  if (user !== undefined) {
    const agent = await access.agentFor(ask.workspaceId, as<UserId>(user));
    const member = team.find(({ id }) => id === agent?.id);
    return member ?? { refused: 'Whoever you mention isn’t in the team yet; invite them first with /wa invite.' };
  }
  const [one, another] = memberCalled(team, written);
  if (one !== undefined && another === undefined) return one;
  if (one !== undefined) return { refused: `Several people are called ${quoted(written)}; use their email.` };
  const hint = hintAt(
    written.replace(/^@/u, ''),
    team.flatMap(({ email, name }) => [email, email.split('@')[0] ?? '', ...(name === null ? [] : [name])]),
  );
  return { refused: `Nobody in the team is ${quoted(written)}.${hint}` };
}

export async function findLabels({ access }: Parts, list: string): Promise<Label[] | Refused> {
  const found = new Map<string, Label>();
  const refused: string[] = [];
  for (const name of listOf(list)) {
    const one = await access.findLabel(name);
    if ('label' in one) found.set(one.label.id, one.label);
    else {
      const hint = one.meant === undefined ? ' /wa label list shows them all.' : ` Did you mean ${quoted(one.meant)}?`;
      refused.push(`There is no label ${quoted(name)}.${hint}`);
    }
  }
  if (found.size === 0 && refused.length === 0) refused.push('Please name a label.');
  return refused.length > 0 ? { refused: refused.join('\n') } : [...found.values()];
}

/** One of our numbers: by its name, its phone number or its id. */
export async function findAccount({ store }: Parts, name: string): Promise<Account | Refused> {
  const all = await store.read.accounts.all();
  const digits = name.replaceAll(/\D/gu, '');
  const same = all.filter(
    (one) =>
      one.id === name ||
      one.name.toLowerCase() === name.trim().toLowerCase() ||
      (digits.length > 6 && one.phone?.replaceAll(/\D/gu, '') === digits),
  );
  const [one, another] = same;
  if (one !== undefined && another === undefined) return one;
  if (one !== undefined) return { refused: `Several numbers are called ${quoted(name)}; use the phone number.` };
  const hint = hintAt(
    name,
    all.map((account) => account.name),
  );
  return { refused: `None of our numbers is called ${quoted(name)}.${hint}` };
}
