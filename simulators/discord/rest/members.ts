// Operations on members and accounts: lists, roles, the bot itself, direct conversations, the app, the gateway's address.
import { PermissionFlagsBits as Bit, RESTJSONErrorCodes as Code } from 'discord-api-types/v10';
import { RestError, refusal } from '../errors.ts';
import { gatewayUrl } from '../gateway.ts';
import { search } from '../gateway-members.ts';
import { textOf, textsOf } from '../json.ts';
import { leaveGuild, setRole, tellMember } from '../membership.ts';
import { guildPermissions, highestRole, isAbove } from '../permissions.ts';
import { renderApplication, renderChannel, renderMember, renderUser } from '../render.ts';
import { guildOf, memberOf, needsInGuild, roleOf } from './access.ts';
import { param } from './call.ts';
import type { Call, Operation } from './call.ts';

export const MEMBER_OPERATIONS: readonly Operation[] = [
  { name: 'list_guild_members', method: 'GET', path: '/guilds/{guild}/members', auth: 'bot', handle: list },
  { name: 'search_guild_members', method: 'GET', path: '/guilds/{guild}/members/search', auth: 'bot', handle: find },
  {
    name: 'get_guild_member',
    method: 'GET',
    path: '/guilds/{guild}/members/{user}',
    auth: 'bot',
    handle: (call) => renderMember(call.guild, memberOf(call)),
  },
  { name: 'update_guild_member', method: 'PATCH', path: '/guilds/{guild}/members/{user}', auth: 'bot', handle: change },
  {
    name: 'add_guild_member_role',
    method: 'PUT',
    path: '/guilds/{guild}/members/{user}/roles/{role}',
    auth: 'bot',
    handle: (call) => giveRole(call, true),
  },
  {
    name: 'delete_guild_member_role',
    method: 'DELETE',
    path: '/guilds/{guild}/members/{user}/roles/{role}',
    auth: 'bot',
    handle: (call) => giveRole(call, false),
  },
  { name: 'get_my_user', method: 'GET', path: '/users/@me', auth: 'either', handle: me },
  { name: 'list_my_guilds', method: 'GET', path: '/users/@me/guilds', auth: 'bot', handle: myGuilds },
  { name: 'leave_guild', method: 'DELETE', path: '/users/@me/guilds/{guild}', auth: 'bot', handle: leave },
  { name: 'create_dm', method: 'POST', path: '/users/@me/channels', auth: 'bot', handle: openDirect },
  { name: 'get_user', method: 'GET', path: '/users/{user}', auth: 'bot', handle: getUser },
  {
    name: 'get_my_application',
    method: 'GET',
    path: '/applications/@me',
    auth: 'bot',
    handle: (call) => renderApplication(call.guild),
  },
  {
    name: 'get_my_oauth2_application',
    method: 'GET',
    path: '/oauth2/applications/@me',
    auth: 'bot',
    handle: (call) => renderApplication(call.guild),
  },
  { name: 'get_my_oauth2_authorization', method: 'GET', path: '/oauth2/@me', auth: 'bearer', handle: myGrant },
  { name: 'get_bot_gateway', method: 'GET', path: '/gateway/bot', auth: 'bot', handle: gateway },
  {
    name: 'get_gateway',
    method: 'GET',
    path: '/gateway',
    auth: 'none',
    handle: (call) => ({ url: gatewayUrl(call.guild) }),
  },
];

/** A page of members in the order of their ids; needs the switch for the members intent. */
function list(call: Call): object {
  const guild = guildOf(call);
  if (!guild.portal.guildMembers) throw refusal(Code.MissingAccess);
  const limit = Math.min(1_000, Math.max(1, Number(call.query.get('limit') ?? 1)));
  const after = BigInt(call.query.get('after') ?? 0);
  return [...guild.members.values()]
    .filter(({ userId }) => BigInt(userId) > after)
    .sort((one, other) => (BigInt(one.userId) < BigInt(other.userId) ? -1 : 1))
    .slice(0, limit)
    .map((member) => renderMember(guild, member));
}

function find(call: Call): object {
  const guild = guildOf(call);
  const limit = Math.min(1_000, Math.max(1, Number(call.query.get('limit') ?? 1)));
  return search(guild, call.query.get('query') ?? '', limit).map((member) => renderMember(guild, member));
}

function change(call: Call): object {
  const member = memberOf(call);
  const { guild, body } = call;
  if (body['nick'] !== undefined) {
    if (member.userId !== guild.bot.id) needsInGuild(call, Bit.ManageNicknames);
    member.nick = textOf(body['nick']) || null;
  }
  if (body['roles'] !== undefined) {
    needsInGuild(call, Bit.ManageRoles);
    const wanted = new Set(textsOf(body['roles']));
    const changed = [...guild.roles.values()].filter((role) => wanted.has(role.id) !== member.roles.has(role.id));
    if (changed.some((role) => role.id !== guild.id && !isAbove(guild, guild.bot.id, role)))
      throw refusal(Code.MissingPermissions);
    member.roles.clear();
    for (const id of wanted) member.roles.add(id);
  }
  tellMember(guild, member);
  return renderMember(guild, member);
}

/** Gives or takes a role below the bot's own highest one (else 50013). */
function giveRole(call: Call, on: boolean): undefined {
  const member = memberOf(call);
  const { guild } = call;
  needsInGuild(call, Bit.ManageRoles);
  const role = roleOf(call);
  if (highestRole(guild, guild.bot.id).position <= role.position || role.botId !== undefined)
    throw refusal(Code.MissingPermissions);
  setRole(guild, member, role, on);
}

function me(call: Call): object {
  const { guild, bearer } = call;
  if (bearer !== undefined) return call.oauth.me(bearer.userId, bearer.scopes);
  return { ...renderUser(guild.bot), mfa_enabled: false, verified: true, email: null, flags: 0, locale: 'en-US' };
}

function myGrant(call: Call): object {
  const { guild, bearer } = call;
  if (bearer === undefined) throw new RestError(401, 0, '401: Unauthorized');
  const user = guild.users.get(bearer.userId);
  const { id, name, icon, description } = renderApplication(guild);
  return {
    application: { id, name, icon, description },
    scopes: bearer.scopes,
    expires: new Date(guild.now()).toISOString(),
    ...(user === undefined || !bearer.scopes.includes('identify') ? {} : { user: renderUser(user) }),
  };
}

function myGuilds(call: Call): object {
  const { guild } = call;
  if (!guild.hasBot) return [];
  const permissions = guildPermissions(guild, guild.bot.id).toString();
  return [{ id: guild.id, name: guild.name, icon: null, banner: null, owner: false, permissions, features: [] }];
}

function leave(call: Call): undefined {
  leaveGuild(guildOf(call), call.guild.bot.id);
}

function openDirect(call: Call): object {
  const { guild } = call;
  const user = guild.users.get(textOf(call.body['recipient_id']));
  if (user === undefined) throw refusal(Code.UnknownUser);
  // A bot can't write to itself or to other bots.
  if (user.bot) throw refusal(Code.CannotSendMessagesToThisUser);
  return renderChannel(guild, guild.directChannel(user.id));
}

function getUser(call: Call): object {
  const user = call.guild.users.get(param(call, 'user'));
  if (user === undefined) throw refusal(Code.UnknownUser);
  return renderUser(user);
}

function gateway(call: Call): object {
  const remaining = call.gateway.startsLeft;
  return {
    url: gatewayUrl(call.guild),
    shards: 1,
    session_start_limit: { total: 1_000, remaining, reset_after: 86_400_000, max_concurrency: 1 },
  };
}
