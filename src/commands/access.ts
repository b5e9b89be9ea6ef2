// /wa grant, revoke, access, explain; and how every change of access is asked for: many at once are shown before they're made.
import type { Answer } from '../domain/command.ts';
import type { ChatId } from '../domain/ids.ts';
import type { ListedChat } from '../store/listing.ts';
import { isRefused, type AccessChange, type Ask, type Parts, type Refused } from './ask.ts';
import { chatName, findAgent, findAgents, findChat, findChats, findLabels } from './find.ts';
import { durationMs } from './parse.ts';
import { becauseOf, counted, listed, namesOf, outcomeOf, previewOf, quoted, say, timeOf } from './words.ts';

/** Changes that give or take more than this many times are shown before they're made. */
const MANY = 20;

interface Said {
  readonly done: string;
  readonly same: string;
}

/** The names of Chats that a change speaks of. */
async function namesFor({ store }: Parts, ask: Ask, ids: Iterable<ChatId>): Promise<(id: string) => string> {
  const names = new Map<string, string>();
  for (const id of new Set(ids)) {
    if (names.size > MANY) break;
    const row = await store.read.listings.chat(id);
    if (row !== undefined) names.set(id, chatName(ask, row));
  }
  return (id) => names.get(id) ?? 'another chat';
}

/** Makes a change and tells how it went. */
export async function change(parts: Parts, ask: Ask, wanted: AccessChange, said: Said): Promise<Answer> {
  const result = await parts.access.apply(wanted, ask.actor);
  const nameOf = await namesFor(
    parts,
    ask,
    result.still.map(({ chatId }) => chatId),
  );
  const answer = say(...outcomeOf(result, said, nameOf));
  if ((await waitingHere(parts, ask)) <= MANY) return answer;
  const further = await progress(parts, ask);
  return { ...further, text: [...answer.text, ...further.text] };
}

const waitingHere = async (parts: Parts, { workspaceId }: Ask): Promise<number> =>
  (await parts.access.progress()).find((row) => row.workspaceId === workspaceId)?.count ?? 0;

/** How far the channels of this workspace have followed, with a button to ask again until they all have. */
async function progress(parts: Parts, ask: Ask): Promise<Answer> {
  const waiting = await waitingHere(parts, ask);
  if (waiting > 0) {
    const left = `${counted(waiting, 'channel')} here ${waiting === 1 ? 'is' : 'are'} still being put right, as fast as the platform takes it. Replies are refused already.`;
    return { ...say(left), buttons: [parts.offers.button(ask, { label: 'How far is it?' }, progress)] };
  }
  const problems = await parts.access.problems(ask.workspaceId);
  if (problems.length === 0) return say('All channels here hold the people they should.');
  const lines = problems.map(({ what, channelCount }) => `${what} (${counted(channelCount, 'channel')})`);
  return listed('All channels here were gone through. What stands in the way:', lines.slice(0, PAGE));
}

/** Shows what a change would do, with a button that does it. Changes that touch few are made at once unless `always`. */
export async function changeAfterPreview(
  parts: Parts,
  ask: Ask,
  wanted: AccessChange,
  said: Said & { readonly title: string; readonly button: string; readonly always: boolean },
): Promise<Answer> {
  const preview = await parts.access.preview(wanted);
  const touched = [...preview.gained, ...preview.lost];
  if (!said.always && touched.length <= MANY) return change(parts, ask, wanted, said);
  const nameOf = await namesFor(
    parts,
    ask,
    touched.map(({ chatId }) => chatId),
  );
  const button = parts.offers.button(ask, { label: said.button, tone: 'danger', isOnce: true }, (again, asked) =>
    change(again, asked, wanted, said),
  );
  const lines = previewOf(preview, nameOf);
  return listed(said.title, lines, { last: 'Nothing is changed yet.', buttons: [button] });
}

interface Target {
  readonly chats?: { readonly chatIds: readonly ChatId[] };
  readonly labels?: readonly string[];
  readonly words: string;
}

/** What a grant is about: the chats and labels named, or the chat of the channel. */
async function targetOf(parts: Parts, ask: Ask): Promise<Target | Refused> {
  const { chat, label } = ask.options;
  const chats = chat === undefined && label !== undefined ? [] : await findChats(parts, ask, chat);
  if (isRefused(chats)) return chats;
  const labels = label === undefined ? [] : await findLabels(parts, label);
  if (isRefused(labels)) return labels;
  const names = [
    ...chats.map((row) => quoted(chatName(ask, row))),
    ...labels.map(({ name }) => `every chat labelled ${quoted(name)}`),
  ];
  return {
    ...(chats.length === 0 ? {} : { chats: { chatIds: chats.map(({ id }) => id) } }),
    ...(labels.length === 0 ? {} : { labels: labels.map(({ name }) => name) }),
    words: namesOf(names),
  };
}

async function grantOrRevoke(parts: Parts, ask: Ask, kind: 'grant' | 'revoke', until?: Date): Promise<Answer> {
  const agents = await findAgents(parts, ask, ask.options['agents'] ?? '');
  if (isRefused(agents)) return say(agents.refused);
  const target = await targetOf(parts, ask);
  if (isRefused(target)) return say(target.refused);
  const { words, ...about } = target;
  // Admins and people who are gone are told of by their reasons; they aren't among those it was done for.
  const members = agents.filter(
    ({ role, status }) => role === 'member' && (kind === 'revoke' || status !== 'deactivated'),
  );
  const who = namesOf((members.length > 0 ? members : agents).map(({ email }) => email));
  const verb = members.length > 1 ? 'see' : 'sees';
  const end = until === undefined ? '' : `, until ${timeOf(until)}`;
  const said =
    kind === 'grant'
      ? { done: `${who} now ${verb} ${words}${end}.`, same: `That was granted already: ${who}, ${words}.` }
      : {
          done: `Taken back from ${who}: ${words}.`,
          same: `There was no such grant to take back: ${who}, ${words}.`,
        };
  const wanted = {
    kind,
    agents: agents.map(({ email }) => email),
    ...about,
    ...(until === undefined ? {} : { until }),
  };
  const title = `${kind === 'grant' ? 'Grant' : 'Take back'}: ${who}, ${words}`;
  return changeAfterPreview(parts, ask, wanted, { ...said, title, button: 'Do it', always: false });
}

export async function grant(parts: Parts, ask: Ask): Promise<Answer> {
  const written = ask.options['for'];
  const ms = written === undefined ? undefined : durationMs(written);
  if (written !== undefined && ms === undefined) {
    return say(`${quoted(written)} is no length of time. Write hours, days or weeks, like for 4h, for 7d or for 2w.`);
  }
  const until = ms === undefined ? undefined : new Date(parts.clock.now().getTime() + ms);
  return grantOrRevoke(parts, ask, 'grant', until);
}

export const revoke = (parts: Parts, ask: Ask): Promise<Answer> => grantOrRevoke(parts, ask, 'revoke');

const PAGE = 20;

export async function access(parts: Parts, ask: Ask): Promise<Answer> {
  const chat = await findChat(parts, ask, ask.options['chat']);
  return isRefused(chat) ? say(chat.refused) : whoSees(parts, ask, chat, 0);
}

async function whoSees(parts: Parts, ask: Ask, chat: ListedChat, from: number): Promise<Answer> {
  const seers = (await parts.access.whoSees(chat.id)) ?? [];
  const page = seers.slice(from, from + PAGE);
  const items = page.map(({ email, name, because }) => {
    const who = name === null ? email : `${email} (${name})`;
    return `${who} — ${becauseOf(because)}`;
  });
  const more = seers.length - from - page.length;
  const buttons =
    more > 0
      ? [
          parts.offers.button(ask, { label: `${more} more` }, async (again, asked) => {
            // Between two pages the asker may have lost it.
            const still = await findChat(again, asked, chat.id);
            return isRefused(still) ? say(still.refused) : whoSees(again, asked, still, from + PAGE);
          }),
        ]
      : [];
  const count = counted(seers.length, 'person', 'people');
  return listed(`${chatName(ask, chat)}: ${count} ${seers.length === 1 ? 'sees' : 'see'} it`, items, { buttons });
}

export async function explain(parts: Parts, ask: Ask): Promise<Answer> {
  const agent = await findAgent(parts, ask, ask.options['agent'] ?? '');
  if (isRefused(agent)) return say(agent.refused);
  const chat = await findChat(parts, ask, ask.options['chat']);
  if (isRefused(chat)) return say(chat.refused);
  const explanation = await parts.access.explain(agent.email, chat.id);
  if (explanation === undefined) return say('There is no such chat.');
  const name = quoted(chatName(ask, chat));
  return explanation.allowed
    ? say(`${agent.email} sees ${name}: ${becauseOf(explanation.because)}.`)
    : say(`${agent.email} doesn’t see ${name}. ${explanation.why}`);
}
