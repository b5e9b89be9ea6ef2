// /wa label …: labels put on chats and taken off, made, renamed, deleted, listed.
import type { Answer } from '../domain/command.ts';
import { isRefused, type Ask, type Parts } from './ask.ts';
import { changeAfterPreview } from './access.ts';
import { chatName, findChats, findLabels } from './find.ts';
import { counted, listed, namesOf, quoted, say } from './words.ts';

async function putOrTake(parts: Parts, ask: Ask, kind: 'label' | 'unlabel'): Promise<Answer> {
  const labels = await findLabels(parts, ask.options['labels'] ?? '');
  if (isRefused(labels)) return say(labels.refused);
  const chats = await findChats(parts, ask, ask.options['chat']);
  if (isRefused(chats)) return say(chats.refused);
  const names = labels.map(({ name }) => name);
  const what = `${labels.length === 1 ? 'label' : 'labels'} ${namesOf(names.map(quoted))}`;
  const where = namesOf(chats.map((row) => quoted(chatName(ask, row))));
  const carry = chats.length === 1 ? 'carries' : 'carry';
  const said =
    kind === 'label'
      ? { done: `${where} now ${carry} the ${what}.`, same: `${where} ${carry} the ${what} already.` }
      : { done: `${where} no longer ${carry} the ${what}.`, same: `${where} didn’t carry the ${what}.` };
  const title = `${kind === 'label' ? 'Put on' : 'Take off'}: ${what}, ${where}`;
  const wanted = { kind, chats: { chatIds: chats.map(({ id }) => id) }, labels: names };
  return changeAfterPreview(parts, ask, wanted, { ...said, title, button: 'Do it', always: false });
}

export const addLabels = (parts: Parts, ask: Ask): Promise<Answer> => putOrTake(parts, ask, 'label');
export const removeLabels = (parts: Parts, ask: Ask): Promise<Answer> => putOrTake(parts, ask, 'unlabel');

export async function createLabel(parts: Parts, ask: Ask): Promise<Answer> {
  const made = await parts.access.createLabel({ name: ask.options['name'] ?? '' }, ask.actor);
  if ('refused' in made) return say(made.refused);
  const { name } = made.label;
  return say(`There is a label ${quoted(name)} now. Put it on chats with /wa label add, on people with /wa grant.`);
}

export async function renameLabel(parts: Parts, ask: Ask): Promise<Answer> {
  const found = await findLabels(parts, quotedForList(ask.options['name']));
  if (isRefused(found)) return say(found.refused);
  const [label] = found;
  if (label === undefined) return say('Please name a label.');
  const renamed = await parts.access.updateLabel(label.id, { name: ask.options['to'] ?? '' }, ask.actor);
  if (renamed === undefined) return say('There is no such label any more.');
  if ('refused' in renamed) return say(renamed.refused);
  return say(`The label ${quoted(label.name)} is called ${quoted(renamed.label.name)} now.`);
}

export async function deleteLabel(parts: Parts, ask: Ask): Promise<Answer> {
  const found = await findLabels(parts, quotedForList(ask.options['name']));
  if (isRefused(found)) return say(found.refused);
  const names = found.map(({ name }) => name);
  return changeAfterPreview(
    parts,
    ask,
    { kind: 'deleteLabel', labels: names },
    {
      title: `Delete the label ${namesOf(names.map(quoted))}?`,
      button: 'Delete it',
      done: `The label ${namesOf(names.map(quoted))} is gone, with what it gave.`,
      same: 'It was gone already.',
      always: true,
    },
  );
}

/** A name that is one whole, for what reads lists. */
const quotedForList = (name = ''): string => `"${name.replaceAll('"', '')}"`;

const PAGE = 25;

export async function listLabels(parts: Parts, ask: Ask, from = 0): Promise<Answer> {
  const labels = await parts.access.labels();
  if (labels.length === 0) return say('There are no labels yet. Make one with /wa label create.');
  const page = labels.slice(from, from + PAGE);
  const here = ask.here === undefined ? [] : await parts.store.read.labels.ofChat(ask.here);
  const items = page.map(
    ({ name, chatCount, agentCount }) =>
      `${name} — ${counted(chatCount, 'chat')}, ${counted(agentCount, 'person', 'people')}`,
  );
  const more = labels.length - from - page.length;
  const last = here.length === 0 ? undefined : `This chat carries ${namesOf(here.map(({ name }) => quoted(name)))}.`;
  const buttons =
    more > 0
      ? [parts.offers.button(ask, { label: `${more} more` }, (again, asked) => listLabels(again, asked, from + PAGE))]
      : [];
  return listed(counted(labels.length, 'label'), items, { last, buttons });
}
