// What the script says must be there, after any number of its steps. Pure.
import type { FileName } from './files.ts';
import {
  agents,
  guildAgents,
  type Agent,
  type ChatScript,
  type Customer,
  type GuildAgent,
  type Step,
} from './script.ts';

/** Who said something: a customer, an agent, the organisation's phone, or the stranger. */
export type Speaker = Customer | Agent | GuildAgent | 'phone' | 'stranger';

export interface Said {
  readonly id: string;
  readonly by: Speaker;
  readonly file?: FileName;
  /** What it quotes on WhatsApp. */
  readonly quote?: string;
  /** The first message of the thread it stands in, in the channel; absent at top level. */
  readonly thread?: string;
  /** Notes, and what was refused. */
  readonly staysInside: boolean;
  text: string;
  /** Earlier texts, oldest first. */
  readonly earlier: string[];
  isDeleted: boolean;
  isRead: boolean;
  /** The last reaction of each person, in order. */
  readonly reactions: { readonly by: Customer | Agent; readonly emoji: string }[];
}

export function isAgent(speaker: Speaker): speaker is Agent {
  return speaker in agents;
}

export function isGuildAgent(speaker: Speaker): speaker is GuildAgent {
  return speaker in guildAgents;
}

/** Everything said after these steps, in order, as it must stand then. */
export function saidAfter(chat: ChatScript, steps: readonly Step[]): Said[] {
  const said: Said[] = [];
  const find = (id: string): Said => {
    const found = said.find((one) => one.id === id);
    if (found === undefined) throw new Error(`the script knows no “${id}” in ${chat.name}`);
    return found;
  };
  const rootOf = (id: string): string => find(id).thread ?? id;
  const say = (one: Pick<Said, 'id' | 'by' | 'text'> & Partial<Said>): void => {
    said.push({ staysInside: false, earlier: [], isDeleted: false, isRead: false, reactions: [], ...one });
  };
  for (const step of steps) {
    switch (step.does) {
      case 'write':
        say({
          id: step.id,
          by: step.by,
          text: step.text,
          ...(step.quote === undefined ? {} : { quote: step.quote, thread: rootOf(step.quote) }),
        });
        break;
      case 'sendFile':
        say({ id: step.id, by: step.by, text: step.text ?? '', file: step.file });
        break;
      case 'typeOnPhone':
        say({ id: step.id, by: 'phone', text: step.text });
        break;
      case 'replyInGuild':
        say({
          id: step.id,
          by: step.by,
          text: step.text,
          thread: rootOf(step.to),
          ...(step.quotes ? { quote: step.to } : {}),
        });
        break;
      case 'reply':
        say({
          id: step.id,
          by: step.by,
          text: step.text,
          thread: rootOf(step.to),
          ...(step.file === undefined ? {} : { file: step.file }),
          ...(step.quotes ? { quote: rootOf(step.to) } : {}),
        });
        break;
      case 'note': {
        const place = step.to === undefined ? {} : { thread: rootOf(step.to) };
        say({ id: step.id, by: step.by, text: step.text, staysInside: true, ...place });
        break;
      }
      case 'intrude':
        say({ id: step.id, by: 'stranger', text: step.text, staysInside: true, thread: rootOf(step.to) });
        break;
      case 'edit': {
        const one = find(step.of);
        one.earlier.push(one.text);
        one.text = step.text;
        break;
      }
      case 'delete':
        find(step.of).isDeleted = true;
        break;
      case 'react': {
        const { reactions } = find(step.to);
        const before = reactions.findIndex((reaction) => reaction.by === step.by);
        if (before >= 0) reactions.splice(before, 1);
        reactions.push({ by: step.by, emoji: step.emoji });
        break;
      }
      case 'read':
        for (const one of said) if (isAgent(one.by) && !one.staysInside) one.isRead = true;
        break;
    }
  }
  return said;
}
