// /wa help, and what somebody is told who wrote something that isn't a command.
import type { Answer, CommandEntry, CommandTree } from '../domain/command.ts';
import type { Agent } from '../store/agent.ts';
import type { Who } from './ask.ts';
import { hintAt } from '../domain/nearest.ts';
import type { Parsed } from './parse.ts';
import { usageOf } from './tree.ts';
import { listed, namesOf, quoted, say, strangerWords, words } from './words.ts';

const WHAT = [
  'Every WhatsApp chat has its channel here. Reply in the thread of a message and the customer gets it from your WhatsApp number.',
  'What you write outside of threads stays inside the team, and so does a message in a thread that starts with // or note:.',
  'Under each reply stands how far it got: ✓ sent, ✓✓ delivered, ✓✓ read.',
].join('\n');

/** Whether somebody may ask for something that this is the right for. Nobody else decides that. */
export function may(who: Who, agent: Pick<Agent, 'role' | 'status'> | undefined): boolean {
  switch (who) {
    case 'anyone':
      return true;
    case 'agent':
      return agent?.status === 'active';
    case 'admin':
      return agent?.status === 'active' && agent.role === 'admin';
  }
}

/** All that this person may ask for, or one command in full. */
export function help(tree: CommandTree, agent: Agent | undefined, about: string | undefined): Answer {
  const allowed = tree.entries.filter(({ who }) => may(who, agent));
  if (about === undefined) {
    const items = allowed.map((entry) => [words(`/${usageOf(tree, entry)}`), words(` — ${entry.description}`)]);
    const last = may('agent', agent) ? '/wa help with a command’s name shows examples.' : strangerWords;
    const { text } = listed('Commands', items, { last });
    return { text: [...say(WHAT).text, ...text] };
  }
  const name = about
    .replace(/^\/?(?:wa\s+)?/u, '')
    .trim()
    .toLowerCase();
  const meant = allowed.filter(({ path }) => path.join(' ') === name || path[0] === name);
  if (meant.length === 0) return say(`There is no command ${quoted(about)} for you.${hintAt(name, pathsOf(tree))}`);
  return { text: meant.flatMap((entry) => full(tree, entry)) };
}

const pathsOf = (tree: CommandTree): string[] => [
  ...new Set(tree.entries.flatMap(({ path }) => [path.join(' '), path[0] ?? ''])),
];

function full(tree: CommandTree, entry: CommandEntry): Answer['text'] {
  const options = entry.options.map(({ name, description }) => `${name}: ${description}`);
  const last = (entry.examples ?? []).map((example) => `/${tree.name} ${example}`).join('\n');
  return listed(`/${usageOf(tree, entry)}`, options, { last: `${entry.description}.\n${last}` }).text;
}

/** What's wrong with a command that can't be taken. */
export function fault(tree: CommandTree, parsed: Exclude<Parsed, { kind: 'entry' }>): Answer {
  const write = (entry: CommandEntry): string => `Write it like /${usageOf(tree, entry)}`;
  switch (parsed.kind) {
    case 'unknown': {
      const firsts = [...new Set(tree.entries.map(({ path }) => path[0] ?? ''))];
      const hint = hintAt(parsed.word, firsts) || ` /${tree.name} help lists what there is.`;
      return say(`There is no command ${quoted(parsed.word)}.${hint}`);
    }
    case 'group': {
      const seconds = tree.entries.filter(({ path }) => path[0] === parsed.group).map(({ path }) => path[1] ?? '');
      const hint = parsed.word === undefined ? '' : hintAt(parsed.word, seconds);
      return say(`/${tree.name} ${parsed.group} goes on with ${namesOf(seconds, seconds.length)}.${hint}`);
    }
    case 'missing':
      return say(`Something is missing: ${parsed.option.name}. ${write(parsed.entry)}`);
    case 'extra':
      return say(`${quoted(parsed.word)} is one word too many. ${write(parsed.entry)}`);
    case 'choice': {
      const choices = parsed.option.choices ?? [];
      const hint = hintAt(parsed.value, choices);
      return say(
        `${parsed.option.name} is one of ${namesOf(choices, choices.length)}, not ${quoted(parsed.value)}.${hint}`,
      );
    }
  }
}
