// Who is who in the server. Discord tells a bot no email of anybody.
import { Routes } from 'discord.js';
import type { UserId } from '../../domain/ids.ts';
import type { Api } from './api.ts';
import { discordCode } from './errors.ts';
import { nameOf } from './receive.ts';

interface ApiUser {
  readonly id: string;
  readonly username: string;
  readonly global_name?: string | null;
  readonly bot?: boolean;
}

export interface Person {
  readonly name: string;
  readonly kind: 'person' | 'guest' | 'bot';
}

/** A person by id; who isn't in the server is a guest, as nobody can let them into a channel. */
export async function describe(api: Api, guildId: string, user: UserId): Promise<Person> {
  const member = await known(() =>
    api.call<{ readonly user: ApiUser; readonly nick?: string | null }>('get', Routes.guildMember(guildId, user)),
  );
  if (member !== undefined)
    return { name: nameOf(member.user, member.nick), kind: member.user.bot === true ? 'bot' : 'person' };
  const stranger = await known(() => api.call<ApiUser>('get', Routes.user(user)));
  if (stranger === undefined) return { name: user, kind: 'guest' };
  return { name: nameOf(stranger), kind: stranger.bot === true ? 'bot' : 'guest' };
}

async function known<Answer>(call: () => Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await call();
  } catch (error) {
    if ([10_007, 10_013].includes(discordCode(error) ?? 0)) return undefined;
    throw error;
  }
}
