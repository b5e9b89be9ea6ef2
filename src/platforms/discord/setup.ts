// What an admin must mend in the Discord app or server, each with the exact mend.
import { Routes } from 'discord.js';
import { BridgeError } from '../../domain/errors.ts';
import type { Problem } from '../../domain/events.ts';
import type { Api } from './api.ts';
import { absentProblem, discordCode, INTENTS_PROBLEM, TOKEN_PROBLEM } from './errors.ts';
import { INVITED, missing } from './permissions.ts';

/** The switches of the privileged intents, for apps of any size; source: docs.discord.com, "Application Flags". */
const MEMBERS_FLAGS = (1 << 14) | (1 << 15);
const CONTENT_FLAGS = (1 << 18) | (1 << 19);

export interface SetupOptions {
  readonly api: Api;
  readonly guildId: string;
  readonly isConnected: () => boolean;
}

/** See `ChatPlatform.setup`. */
export async function checkSetup(options: SetupOptions): Promise<readonly Problem[]> {
  try {
    return await check(options);
  } catch (error) {
    if (!(error instanceof BridgeError)) throw error;
    if (error.code === 'unauthorised') return [TOKEN_PROBLEM];
    return [
      {
        what: `Discord could not be asked (${error.message}).`,
        fix: 'Check that this machine may open https and web socket connections to discord.com and gateway.discord.gg, and https://discordstatus.com.',
      },
    ];
  }
}

async function check({ api, guildId, isConnected }: SetupOptions): Promise<readonly Problem[]> {
  const application = await api.call<{ id: string; flags?: number }>('get', Routes.currentApplication());
  const flags = application.flags ?? 0;
  const intents = (flags & MEMBERS_FLAGS) === 0 || (flags & CONTENT_FLAGS) === 0 ? [INTENTS_PROBLEM] : [];
  const granted = await permissionsIn(api, guildId);
  if (granted === undefined) return [...intents, absentProblem(application.id, INVITED)];
  const lacking = missing(granted).map((name) => ({
    what: `The bot lacks the permission “${name}”.`,
    fix: `In Discord: Server Settings → Roles → the bot’s role → Permissions → switch on “${name}”.`,
  }));
  const problems = [...intents, ...lacking];
  if (problems.length > 0 || isConnected()) return problems;
  return [
    {
      what: 'No connection to Discord’s gateway is open at the moment, although Discord accepts the bot.',
      fix: 'Check that outgoing web sockets (wss://gateway.discord.gg, port 443) are allowed from this machine.',
    },
  ];
}

/** What the bot may do in the server; undefined when it isn't in it. */
async function permissionsIn(api: Api, guildId: string): Promise<bigint | undefined> {
  try {
    const { id } = await api.call<{ id: string }>('get', Routes.user());
    const [roles, member] = await Promise.all([
      api.call<readonly { id: string; permissions: string }[]>('get', Routes.guildRoles(guildId)),
      api.call<{ roles: readonly string[] }>('get', Routes.guildMember(guildId, id)),
    ]);
    const own = roles.filter((role) => role.id === guildId || member.roles.includes(role.id));
    return own.reduce((all, role) => all | BigInt(role.permissions), 0n);
  } catch (error) {
    if ([10_004, 10_007, 50_001].includes(discordCode(error) ?? 0)) return undefined;
    throw error;
  }
}
