// REQUEST_GUILD_MEMBERS over the gateway: chunks, and the limit of one full list in 30 seconds.
import { GatewayDispatchEvents, GatewayIntentBits, GatewayOpcodes } from 'discord-api-types/v10';
import type { GatewayGuildMembersChunkDispatchData, GatewayRateLimitedDispatchData } from 'discord-api-types/v10';
import { numberOf, textOf, textsOf } from './json.ts';
import type { JsonObject } from './json.ts';
import { renderMember } from './render.ts';
import type { Session } from './sessions.ts';
import type { Guild } from './state.ts';
import type { Member } from './types.ts';

/** How often the whole list may be asked for; source: Discord's change log of 2025-08-14. */
const FULL_LIST_EVERY_MS = 30_000;
const CHUNK_SIZE = 1_000;

/** Answers a request for members, on the session that asked. */
export function answerMembers(
  guild: Guild,
  memory: { readonly membersAskedAt: Map<string, number> },
  session: Session,
  d: JsonObject,
): void {
  const guildId = textOf(d['guild_id']);
  if (guildId !== guild.id || !guild.hasBot) return;
  const nonce = d['nonce'] === undefined ? {} : { nonce: textOf(d['nonce']) };
  const userIds = d['user_ids'];
  const query = textOf(d['query']);
  if (userIds === undefined && query === '' && numberOf(d['limit']) === 0) {
    const waitMs = (memory.membersAskedAt.get(guildId) ?? -Infinity) + FULL_LIST_EVERY_MS - guild.now();
    if (waitMs > 0) {
      const told: GatewayRateLimitedDispatchData = {
        opcode: GatewayOpcodes.RequestGuildMembers,
        retry_after: waitMs / 1000,
        meta: { guild_id: guildId, ...nonce },
      };
      session.dispatch(GatewayDispatchEvents.RateLimited, told);
      return;
    }
    // The whole list needs the intent; without it nothing comes.
    if ((session.intents & GatewayIntentBits.GuildMembers) === 0) return;
    memory.membersAskedAt.set(guildId, guild.now());
  }
  const wanted = typeof userIds === 'string' ? [userIds] : textsOf(userIds);
  const found =
    userIds === undefined
      ? search(guild, query, numberOf(d['limit']))
      : wanted.flatMap((id) => guild.members.get(id) ?? []);
  const missing = wanted.filter((id) => !guild.members.has(id));
  const count = Math.max(1, Math.ceil(found.length / CHUNK_SIZE));
  for (let index = 0; index < count; index += 1) {
    const chunk: GatewayGuildMembersChunkDispatchData = {
      guild_id: guildId,
      members: found.slice(index * CHUNK_SIZE, (index + 1) * CHUNK_SIZE).map((member) => renderMember(guild, member)),
      chunk_index: index,
      chunk_count: count,
      ...(missing.length > 0 ? { not_found: missing } : {}),
      ...nonce,
    };
    session.dispatch(GatewayDispatchEvents.GuildMembersChunk, chunk);
  }
}

/** Members whose user name or nick begins with a text; `limit` 0 is all. */
export function search(guild: Guild, query: string, limit: number): Member[] {
  const start = query.toLowerCase();
  const found = [...guild.members.values()].filter(({ userId, nick }) => {
    const user = guild.users.get(userId);
    return [user?.username, user?.globalName, nick].some((name) => name?.toLowerCase().startsWith(start) === true);
  });
  return limit > 0 ? found.slice(0, limit) : found;
}
