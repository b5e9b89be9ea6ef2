// What is offered while an option is being typed: people, labels, chats, numbers and quick replies that the typist may know of.
import type { Answer, CommandOption } from '../domain/command.ts';
import type { Ask, Parts } from './ask.ts';
import { chatName } from './find.ts';

type Choice = NonNullable<Answer['choices']>[number];

const MOST = 25;
const LONGEST_LABEL = 100;
const LOOKED_THROUGH = 200;

const same = (text: string): Choice => ({ value: text, label: text });

/** What there is for the word being typed; of a list it's what stands behind the last comma. */
export async function complete(parts: Parts, ask: Ask, option: CommandOption): Promise<Answer> {
  const written = ask.options[option.name] ?? '';
  const comma = option.list === true ? written.lastIndexOf(',') + 1 : 0;
  const before = written.slice(0, comma);
  const word = written.slice(comma).trim().toLowerCase();
  const all = await candidates(parts, ask, option.name, word);
  const matching = all.filter(({ label }) => label.toLowerCase().includes(word));
  const choices = matching.slice(0, MOST).map(({ value, label }) => ({
    value: before === '' ? value : `${before} ${option.list === true && value.includes(',') ? `"${value}"` : value}`,
    label: `${before}${label}`.slice(0, LONGEST_LABEL),
  }));
  return { text: [], choices };
}

async function candidates(parts: Parts, ask: Ask, name: string, word: string): Promise<Choice[]> {
  const { store, access } = parts;
  switch (name) {
    case 'agent':
    case 'agents':
    case 'assignee':
      return (await access.team()).map(({ email, name: called }) => ({
        value: email,
        label: called === null ? email : `${email} (${called})`,
      }));
    case 'ticket': {
      const filter = { scope: await access.scopeOf(ask.agent.id), statuses: ['open', 'in_progress'] as const };
      const rows = await store.read.tickets.list(filter, { limit: LOOKED_THROUGH });
      return rows.map((row) => ({ value: `#${row.number}`, label: `#${row.number} ${ask.phones(row.subject)}` }));
    }
    case 'period':
      return ['today', '7d', '30d'].map(same);
    case 'zone':
      return Intl.supportedValuesOf('timeZone').map(same);
    case 'label':
    case 'labels':
      return (await access.labels()).map((label) => same(label.name));
    case 'chat': {
      const scope = await access.scopeOf(ask.agent.id);
      const search = word === '' ? {} : { search: word };
      const rows = await store.read.listings.chats(search, { scope, limit: MOST });
      const here = ask.here === undefined ? [] : [same('this')];
      return [...here, ...rows.map((row) => ({ value: row.id, label: chatName(ask, row) }))];
    }
    case 'number':
      return (await store.read.accounts.all()).map((account) => same(account.name));
    case 'name':
      // Of a label for admins' commands, of a quick reply for `/wa q`.
      return ask.who === 'admin'
        ? (await access.labels()).map((label) => same(label.name))
        : (await store.read.quickReplies.all()).map((reply) => same(reply.name));
    default:
      return [];
  }
}
