// Who reads every channel of the server whatever its overwrites say: the owner, and everybody with a role that has Administrator.
import { Routes } from 'discord.js';
import type { UserId } from '../../domain/ids.ts';
import type { Overseer } from '../platform.ts';
import type { Api } from './api.ts';
import { userId } from './ids.ts';
import { ADMINISTRATOR } from './permissions.ts';
import { nameOf } from './receive.ts';

const PAGE = 1_000;
/** Servers with more members than this aren't looked through to the end. */
const MOST_PAGES = 10;

interface ApiMember {
  readonly user: { readonly id: string; readonly username: string; readonly global_name?: string | null };
  readonly nick?: string | null;
  readonly roles: readonly string[];
}

/** See `ChatPlatform.overseers`; `bot` is us. */
export async function overseersOf(api: Api, guildId: string, bot: UserId): Promise<readonly Overseer[]> {
  const guild = await api.call<{
    readonly owner_id: string;
    readonly roles: readonly { readonly id: string; readonly permissions: string }[];
  }>('get', Routes.guild(guildId));
  const mighty = new Set(
    guild.roles.filter(({ permissions }) => (BigInt(permissions) & ADMINISTRATOR) !== 0n).map(({ id }) => id),
  );
  // The role of everybody bears the server's id.
  const isMighty = ({ user, roles }: ApiMember): boolean =>
    user.id === guild.owner_id || mighty.has(guildId) || roles.some((role) => mighty.has(role));
  const found: Overseer[] = [];
  let after = '0';
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const query = new URLSearchParams({ limit: String(PAGE), after });
    const members = await api.call<readonly ApiMember[]>('get', Routes.guildMembers(guildId), { query });
    for (const member of members.filter(isMighty)) {
      found.push({ user: userId(member.user.id), name: nameOf(member.user, member.nick) });
    }
    after = members.at(-1)?.user.id ?? after;
    if (members.length < PAGE) break;
  }
  return found.filter(({ user }) => user !== bot);
}
