// The `/wa` tree that every platform renders. Pure.
import type { CommandTree } from '../domain/command.ts';

export const commandTree: CommandTree = {
  name: 'wa',
  entries: [{ path: ['help'], description: 'What Switchboard can do here', who: 'anyone', options: [] }],
  shortcuts: [],
};
