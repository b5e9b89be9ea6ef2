// Who reads a channel of the server that isn't ours, by Discord's order of roles and overwrites; owner and administrators, who read all, left out.
import { Routes } from 'discord.js';
import type { ChannelId, UserId } from '../../domain/ids.ts';
import type { ChannelReaders } from '../platform.ts';
import type { Api } from './api.ts';
import { userId } from './ids.ts';
import { ADMINISTRATOR, VIEW } from './permissions.ts';
import { PRIVATE_THREAD, type DiscordChannel } from './places.ts';

/** Numbers of Discord's API; source: docs.discord.com, "Channel Types". */
const TEXT = 0;
const PAGE = 1_000;
/** Servers with more members than this aren't looked through to the end. */
const MOST_PAGES = 10;

interface Guild {
  readonly id: string;
  readonly owner_id: string;
  readonly roles: readonly { readonly id: string; readonly permissions: string }[];
}

interface Member {
  readonly user: { readonly id: string };
  readonly roles: readonly string[];
}

/** What a member's roles permit; the role of everybody bears the server's id. */
const permissionsOf = (guild: Guild, roles: readonly string[]): bigint =>
  guild.roles
    .filter(({ id }) => id === guild.id || roles.includes(id))
    .reduce((all, { permissions }) => all | BigInt(permissions), 0n);

/** Source: docs.discord.com, "Permission Hierarchy": everybody's overwrite, then those of roles together, then the member's own. */
function sees(guild: Guild, channel: DiscordChannel, roles: readonly string[], user?: string): boolean {
  const overwrites = channel.permission_overwrites ?? [];
  const steps = [
    overwrites.filter(({ id }) => id === guild.id),
    overwrites.filter(({ id }) => id !== guild.id && roles.includes(id)),
    overwrites.filter(({ id }) => id === user),
  ];
  let granted = (permissionsOf(guild, roles) & VIEW) !== 0n;
  for (const step of steps) {
    if (step.some(({ deny }) => (BigInt(deny) & VIEW) !== 0n)) granted = false;
    if (step.some(({ allow }) => (BigInt(allow) & VIEW) !== 0n)) granted = true;
  }
  return granted;
}

/** See `ChatPlatform.readersOf`. */
export async function readersOf(
  { api, guildId, bot }: { readonly api: Api; readonly guildId: string; readonly bot: UserId },
  id: ChannelId,
): Promise<ChannelReaders | undefined> {
  const channel = await api.call<DiscordChannel & { readonly guild_id?: string }>('get', Routes.channel(id));
  const name = channel.name ?? '';
  if (channel.type === PRIVATE_THREAD) {
    const members = await api.call<readonly { user_id: string }[]>('get', Routes.threadMembers(id));
    return { name, isPrivate: true, users: members.map((one) => userId(one.user_id)).filter((user) => user !== bot) };
  }
  if (channel.type !== TEXT || (channel.guild_id ?? guildId) !== guildId) return undefined;
  const guild = await api.call<Guild>('get', Routes.guild(guildId));
  if (sees(guild, channel, [])) return { name, isPrivate: false, users: [] };
  const users: UserId[] = [];
  let after = '0';
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const query = new URLSearchParams({ limit: String(PAGE), after });
    const members = await api.call<readonly Member[]>('get', Routes.guildMembers(guildId), { query });
    for (const { user, roles } of members) {
      const isMighty = user.id === guild.owner_id || (permissionsOf(guild, roles) & ADMINISTRATOR) !== 0n;
      if (!isMighty && sees(guild, channel, roles, user.id)) users.push(userId(user.id));
    }
    after = members.at(-1)?.user.id ?? after;
    if (members.length < PAGE) break;
  }
  return { name, isPrivate: true, users: users.filter((user) => user !== bot) };
}
