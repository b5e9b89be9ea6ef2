// The part of the `/wa` tree that is about work: tickets, who waits, figures and digests. Pure.
import type { CommandEntry, CommandOption } from '../domain/command.ts';
import { agents, label, oneChat } from './options.ts';

/** One Chat, written as `chat:…`. */
const inChat: CommandOption = { ...oneChat, typed: 'key' };

const ticket: CommandOption = {
  name: 'ticket',
  description: 'The ticket’s number, like #12; nothing: the only one of this channel’s chat',
  required: false,
  kind: 'text',
  autocomplete: true,
};

const subject: CommandOption = {
  name: 'subject',
  description: 'What it is about; nothing: a form opens',
  required: false,
  kind: 'text',
  typed: 'rest',
};

const priority: CommandOption = {
  name: 'priority',
  description: 'How urgent it is; normal without it',
  required: false,
  kind: 'choice',
  choices: ['low', 'normal', 'high', 'urgent'],
  typed: 'key',
};

const due: CommandOption = {
  name: 'due',
  description: 'Until when, like 4h, 7d, 2026-12-24 or 2026-12-24T15:00',
  required: false,
  kind: 'text',
  typed: 'key',
};

const assignee: CommandOption = {
  ...agents,
  name: 'assignee',
  description: 'Whose it is: an email, a name, or “me”',
  required: false,
  typed: 'key',
  list: false,
};

const yesOrNo = (name: string, description: string): CommandOption => ({
  name,
  description,
  required: false,
  kind: 'choice',
  choices: ['yes', 'no'],
  typed: 'key',
});

const digestOptions: readonly CommandOption[] = [
  {
    name: 'zone',
    description: 'The time zone, like Europe/Berlin; nothing: as it was',
    required: false,
    kind: 'text',
    autocomplete: true,
  },
  yesOrNo('weekly', 'On Mondays the week before as well'),
  yesOrNo('names', 'May it name the chats that wait?'),
];

export const workEntries: readonly CommandEntry[] = [
  {
    path: ['ticket', 'open'],
    description: 'Open a ticket on a chat',
    who: 'agent',
    options: [subject, inChat, assignee, priority, due],
    examples: ['ticket open The kettle arrived broken', 'ticket open assignee:me priority:high due:2d Broken kettle'],
  },
  {
    path: ['ticket', 'take'],
    description: 'A ticket is mine, and I work on it',
    who: 'agent',
    options: [ticket],
    examples: ['ticket take #12', 'ticket take'],
  },
  {
    path: ['ticket', 'assign'],
    description: 'Whose a ticket is',
    who: 'agent',
    options: [
      { ...ticket, description: 'The ticket’s number, like #12', required: true },
      {
        ...agents,
        name: 'agent',
        description: 'An email, a name, “me” or “nobody”',
        list: false,
      },
    ],
    examples: ['ticket assign #12 ana@acme.com', 'ticket assign #12 nobody'],
  },
  {
    path: ['ticket', 'edit'],
    description: 'Another subject, priority or due date',
    who: 'agent',
    options: [
      { ...ticket, description: 'The ticket’s number, like #12', required: true },
      { ...subject, description: 'What it is about' },
      { ...priority, description: 'How urgent it is' },
      { ...due, description: 'Until when, like 4h, 7d or 2026-12-24T15:00; “none” for no date' },
    ],
    examples: ['ticket edit #12 priority:urgent due:4h', 'ticket edit #12 The kettle and the cups arrived broken'],
  },
  {
    path: ['ticket', 'close'],
    description: 'A ticket is done',
    who: 'agent',
    options: [ticket],
    examples: ['ticket close #12', 'ticket close'],
  },
  {
    path: ['ticket', 'reopen'],
    description: 'A ticket is to be done again',
    who: 'agent',
    options: [ticket],
    examples: ['ticket reopen #12'],
  },
  {
    path: ['ticket', 'list'],
    description: 'The tickets of the chats I see',
    who: 'agent',
    options: [
      {
        name: 'which',
        description: 'unresolved (without it), mine, free (nobody’s), closed, or all',
        required: false,
        kind: 'choice',
        choices: ['unresolved', 'mine', 'free', 'closed', 'all'],
      },
      { ...inChat, description: 'Only those of one chat; “this” is the chat of this channel' },
    ],
    examples: ['ticket list', 'ticket list mine', 'ticket list all this'],
  },
  {
    path: ['waiting'],
    description: 'Customers who wait for an answer, the longest first',
    who: 'agent',
    options: [{ ...label, description: 'Only chats that carry this label', list: false }],
    examples: ['waiting', 'waiting label:VIP'],
  },
  {
    path: ['metrics'],
    description: 'The figures of a period, over the chats I see',
    who: 'agent',
    options: [
      {
        name: 'period',
        description: 'today (without it), 7d, 30d, or from..to like 2026-11-01..2026-11-24',
        required: false,
        kind: 'text',
        autocomplete: true,
      },
      { ...assignee, name: 'agent', description: 'What one person did' },
      { ...label, description: 'Only chats that carry this label', list: false },
      { ...inChat, description: 'Only one chat; “this” is the chat of this channel' },
    ],
    examples: ['metrics', 'metrics 7d', 'metrics 2026-11-01..2026-11-24 agent:ana@acme.com', 'metrics 30d label:VIP'],
  },
  {
    path: ['digest', 'show'],
    description: 'When and where the daily digest is posted',
    who: 'admin',
    options: [],
    examples: ['digest show'],
  },
  {
    path: ['digest', 'now'],
    description: 'Post today’s figures so far',
    who: 'admin',
    options: [],
    examples: ['digest now'],
  },
  {
    path: ['digest', 'at'],
    description: 'When the daily digest is posted; in this channel, if none is set yet',
    who: 'admin',
    options: [
      { name: 'time', description: 'The time of day, like 09:00', required: true, kind: 'text' },
      ...digestOptions,
    ],
    examples: ['digest at 09:00', 'digest at 08:30 Europe/Berlin weekly:yes'],
  },
  {
    path: ['digest', 'here'],
    description: 'Post the daily digest in this channel; at 09:00, if no time is set yet',
    who: 'admin',
    options: digestOptions,
    examples: ['digest here'],
  },
  {
    path: ['digest', 'off'],
    description: 'No more digests in this workspace',
    who: 'admin',
    options: [],
    examples: ['digest off'],
  },
  {
    path: ['notices', 'show'],
    description: 'Where problems are told',
    who: 'admin',
    options: [],
    examples: ['notices show'],
  },
  {
    path: ['notices', 'here'],
    description: 'Tell problems in this channel, if only admins are in it',
    who: 'admin',
    options: [],
    examples: ['notices here'],
  },
  {
    path: ['notices', 'off'],
    description: 'Tell problems to each admin directly',
    who: 'admin',
    options: [],
    examples: ['notices off'],
  },
];
