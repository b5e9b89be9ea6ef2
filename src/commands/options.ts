// Options that several commands of the tree take alike. Pure.
import type { CommandOption } from '../domain/command.ts';

export const chat: CommandOption = {
  name: 'chat',
  description: 'Chats by name, with commas; “this” (or nothing) is the chat of this channel',
  required: false,
  kind: 'text',
  typed: 'key',
  list: true,
  autocomplete: true,
};

/** One Chat, written without `chat:`. */
export const oneChat: CommandOption = {
  ...chat,
  description: 'A chat by name; “this” (or nothing) is the chat of this channel',
  typed: 'words',
  list: false,
};

export const agents: CommandOption = {
  name: 'agents',
  description: 'People of the team, with commas: emails, names or mentions',
  required: true,
  kind: 'text',
  typed: 'words',
  list: true,
  autocomplete: true,
};

export const labels: CommandOption = {
  name: 'labels',
  description: 'Labels, with commas',
  required: true,
  kind: 'text',
  typed: 'words',
  list: true,
  autocomplete: true,
};

export const label: CommandOption = {
  ...labels,
  name: 'label',
  description: 'Labels, with commas: every chat that carries one',
  required: false,
  typed: 'key',
};

export const oneLabel: CommandOption = {
  ...labels,
  name: 'name',
  description: 'The label’s name',
  typed: 'words',
  list: false,
};

export const number: CommandOption = {
  name: 'number',
  description: 'One of our WhatsApp numbers, by its name',
  required: true,
  kind: 'text',
  autocomplete: true,
};
