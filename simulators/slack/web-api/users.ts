// users.*, team.info, bots.info and auth.test: who is who.
import type { JsonObject } from '../json.ts';
import { renderBot, renderUser } from '../render.ts';
import type { User } from '../types.ts';
import { Refusal, pageOf, userOf } from './call.ts';
import type { Call, Method } from './call.ts';

const READ = ['users:read'];

export const userMethods: Readonly<Record<string, Method>> = {
  'auth.test': { token: 'either', scopes: [], tier: 'none', run: authTest },
  'users.list': { token: 'bot', scopes: READ, tier: 2, run: list },
  'users.info': { token: 'bot', scopes: READ, tier: 4, run: (call) => ({ user: shown(call, userOf(call)) }) },
  'users.lookupByEmail': { token: 'bot', scopes: ['users:read.email'], tier: 3, run: lookupByEmail },
  'team.info': { token: 'bot', scopes: ['team:read'], tier: 3, run: teamInfo },
  'bots.info': { token: 'bot', scopes: READ, tier: 3, run: botsInfo },
};

function authTest(call: Call): JsonObject {
  const { workspace } = call;
  return {
    url: `https://${workspace.domain}.slack.com/`,
    team: workspace.teamName,
    user: workspace.bot.name,
    team_id: workspace.teamId,
    user_id: workspace.bot.id,
    bot_id: workspace.botId,
    is_enterprise_install: false,
  };
}

function list(call: Call): JsonObject {
  const { page, next } = pageOf(call, [...call.workspace.users.values()], 1_000, 1_000);
  return {
    members: page.map((user) => shown(call, user)),
    cache_ts: call.workspace.seconds(),
    response_metadata: { next_cursor: next },
  };
}

function lookupByEmail(call: Call): JsonObject {
  const user = call.workspace.userByEmail(call.args.required('email'));
  if (user === undefined || user.deleted) throw new Refusal('users_not_found');
  return { user: shown(call, user) };
}

function teamInfo(call: Call): JsonObject {
  const { workspace } = call;
  return {
    team: {
      id: workspace.teamId,
      name: workspace.teamName,
      url: `https://${workspace.domain}.slack.com/`,
      domain: workspace.domain,
      email_domain: '',
      icon: { image_default: true },
      avatar_base_url: `${workspace.origin}/avatars/`,
      is_verified: false,
    },
  };
}

function botsInfo(call: Call): JsonObject {
  const { workspace, args } = call;
  if (args.has('bot') && args.text('bot') !== workspace.botId) throw new Refusal('bot_not_found');
  return { bot: renderBot(workspace) };
}

function shown(call: Call, user: User): JsonObject {
  return renderUser(call.workspace, user, call.workspace.scopes.has('users:read.email'));
}
