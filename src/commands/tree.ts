// The `/wa` tree that every platform renders, and how each command is written. Pure.
import type { CommandEntry, CommandOption, CommandTree } from '../domain/command.ts';
import { agents, chat, label, labels, number, oneChat, oneLabel } from './options.ts';
import { workEntries } from './tree-work.ts';

export const commandTree: CommandTree = {
  name: 'wa',
  entries: [
    {
      path: ['help'],
      description: 'What Switchboard can do here',
      who: 'anyone',
      options: [{ name: 'command', description: 'One command in full', required: false, kind: 'text', typed: 'words' }],
      examples: ['help', 'help grant'],
    },
    {
      path: ['link'],
      description: 'Who you are here, and how to prove it',
      who: 'anyone',
      options: [],
      examples: ['link'],
    },
    {
      path: ['login'],
      description: 'A private link to the admin web, good once',
      who: 'agent',
      options: [],
      examples: ['login'],
    },
    {
      path: ['invite'],
      description: 'Invite people; without emails a form opens',
      who: 'admin',
      options: [
        { ...agents, name: 'emails', description: 'Emails, with commas', required: false, autocomplete: false },
        {
          name: 'role',
          description: 'What they may do; member without it',
          required: false,
          kind: 'choice',
          choices: ['member', 'admin'],
          typed: 'key',
        },
        { ...label, name: 'labels', description: 'Labels that members see from the start, with commas' },
        { ...chat, description: 'Chats that members see from the start, with commas' },
      ],
      examples: ['invite ana@acme.com, ben@acme.com role:member labels:VIP', 'invite'],
    },
    {
      path: ['team'],
      description: 'Everybody of the team; with a name: role, labels, deactivate, link',
      who: 'admin',
      options: [{ ...agents, name: 'agent', description: 'One person', required: false, list: false }],
      examples: ['team', 'team ana@acme.com'],
    },
    {
      path: ['grant'],
      description: 'Let members see a chat, or all chats of a label',
      who: 'admin',
      options: [
        agents,
        chat,
        label,
        {
          name: 'for',
          description: 'How long, like 4h, 7d or 2w; without it for good',
          required: false,
          kind: 'text',
          typed: 'after',
        },
      ],
      examples: [
        'grant ana@acme.com',
        'grant ana@acme.com,ben@acme.com chat:"Mia Müller",Leo for 4h',
        'grant ana label:VIP',
      ],
    },
    {
      path: ['revoke'],
      description: 'Take from members what was granted to them',
      who: 'admin',
      options: [agents, chat, label],
      examples: ['revoke ana@acme.com this', 'revoke ana@acme.com label:VIP'],
    },
    {
      path: ['access'],
      description: 'Who sees a chat, and why',
      who: 'agent',
      options: [oneChat],
      examples: ['access', 'access Mia Müller'],
    },
    {
      path: ['explain'],
      description: 'Why a person does or doesn’t see a chat',
      who: 'admin',
      options: [{ ...agents, name: 'agent', description: 'One person', typed: 'word', list: false }, oneChat],
      examples: ['explain ana@acme.com', 'explain ana@acme.com Mia Müller'],
    },
    {
      path: ['label', 'add'],
      description: 'Put labels on chats',
      who: 'admin',
      options: [labels, chat],
      examples: ['label add VIP', 'label add VIP,Berlin chat:"Mia Müller",Leo'],
    },
    {
      path: ['label', 'remove'],
      description: 'Take labels off chats',
      who: 'admin',
      options: [labels, chat],
      examples: ['label remove VIP this'],
    },
    {
      path: ['label', 'create'],
      description: 'Make a label',
      who: 'admin',
      options: [{ ...oneLabel, autocomplete: false }],
      examples: ['label create VIP'],
    },
    {
      path: ['label', 'rename'],
      description: 'Rename a label',
      who: 'admin',
      options: [
        oneLabel,
        { ...oneLabel, name: 'to', description: 'The new name', typed: 'after', autocomplete: false },
      ],
      examples: ['label rename VIP to "Very important"'],
    },
    {
      path: ['label', 'delete'],
      description: 'Delete a label and what it gave',
      who: 'admin',
      options: [oneLabel],
      examples: ['label delete VIP'],
    },
    {
      path: ['label', 'list'],
      description: 'All labels, with their chats and people',
      who: 'admin',
      options: [],
      examples: ['label list'],
    },
    {
      path: ['mode'],
      description: 'How a chat is answered from its channel',
      who: 'admin',
      options: [
        {
          name: 'mode',
          description: 'thread: by replies · mention: if the bot is mentioned · off: read only · never: not mirrored',
          required: true,
          kind: 'choice',
          choices: ['thread', 'mention', 'off', 'never'],
        },
        oneChat,
      ],
      examples: ['mode off', 'mode never Mia Müller'],
    },
    {
      path: ['promote'],
      description: 'Give a chat that is a private thread a channel of its own',
      who: 'admin',
      options: [oneChat],
      examples: ['promote', 'promote Mia Müller'],
    },
    {
      path: ['chats'],
      description: 'The chats I see',
      who: 'agent',
      options: [
        { name: 'search', description: 'A part of the name or number', required: false, kind: 'text', typed: 'words' },
      ],
      examples: ['chats', 'chats müller'],
    },
    {
      path: ['number', 'list'],
      description: 'Our WhatsApp numbers and how they stand',
      who: 'admin',
      options: [],
      examples: ['number list'],
    },
    {
      path: ['number', 'add'],
      description: 'Add a WhatsApp number',
      who: 'admin',
      options: [{ name: 'name', description: 'What to call it', required: false, kind: 'text', typed: 'words' }],
      examples: ['number add Support'],
    },
    {
      path: ['number', 'pair'],
      description: 'Link a number by a code to type on its phone',
      who: 'admin',
      options: [
        number,
        {
          name: 'phone',
          description: 'The phone’s number, like +491701234567',
          required: false,
          kind: 'text',
          typed: 'words',
        },
      ],
      examples: ['number pair Support +491701234567'],
    },
    {
      path: ['number', 'remove'],
      description: 'Unlink a number; its chats and history stay',
      who: 'admin',
      options: [{ ...number, typed: 'words' }],
      examples: ['number remove Support'],
    },
    {
      path: ['new'],
      description: 'Write to a phone number first',
      who: 'agent',
      options: [
        { name: 'phone', description: 'With the country’s code, like +491701234567', required: true, kind: 'text' },
        { name: 'text', description: 'What to write', required: true, kind: 'text', typed: 'rest' },
        { ...number, required: false, typed: 'key', description: 'From which of our numbers, when there are several' },
      ],
      examples: ['new +491701234567 Hello, your order is ready.', 'new number:Sales +491701234567 Hello!'],
    },
    {
      path: ['q'],
      description: 'Send a quick reply into this chat; without a name: all of them',
      who: 'agent',
      options: [
        {
          name: 'name',
          description: 'The quick reply’s name',
          required: false,
          kind: 'text',
          typed: 'words',
          autocomplete: true,
        },
      ],
      examples: ['q hours', 'q'],
    },
    ...workEntries,
    {
      path: ['deliveries'],
      description: 'What failed or wasn’t confirmed, with another try',
      who: 'admin',
      options: [],
      examples: ['deliveries'],
    },
  ],
  shortcuts: [
    { action: 'ticket', label: 'Open ticket' },
    { action: 'note', label: 'Note' },
    { action: 'resend', label: 'Resend' },
    { action: 'delete', label: 'Delete on WhatsApp' },
    { action: 'access', label: 'Who has access' },
  ],
};

/** How an entry is written, without the slash: `wa grant <agents> [chat:…] [label:…] [for …]`. */
export function usageOf(tree: CommandTree, entry: CommandEntry): string {
  return [tree.name, ...entry.path, ...entry.options.map(usageOfOption)].join(' ');
}

function usageOfOption(option: CommandOption): string {
  const { name, choices, typed = 'word', required } = option;
  const value = choices?.join('|') ?? '…';
  switch (typed) {
    case 'key':
      return required ? `${name}:${value}` : `[${name}:${value}]`;
    case 'after':
      return required ? `${name} ${value}` : `[${name} ${value}]`;
    case 'word':
    case 'words':
    case 'rest': {
      const shown = choices?.join('|') ?? name;
      return required ? `<${shown}>` : `[${shown}]`;
    }
  }
}
