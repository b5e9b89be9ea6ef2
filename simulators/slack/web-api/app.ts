// Methods about the app itself: Socket Mode addresses, installation, sign-in, and what needs no state.
import type { JsonObject } from '../json.ts';
import type { Workspace } from '../state.ts';
import type { User } from '../types.ts';
import { Refusal, channelOf } from './call.ts';
import type { Call, Method } from './call.ts';

export const appMethods: Readonly<Record<string, Method>> = {
  'api.test': { token: 'none', scopes: [], tier: 4, run: (call) => ({ args: argsOf(call) }) },
  'apps.connections.open': {
    token: 'app',
    scopes: [],
    tier: 1,
    run: (call) => ({ url: call.sockets.newUrl() }),
  },
  'assistant.threads.setStatus': {
    token: 'bot',
    scopes: ['chat:write', 'assistant:write'],
    tier: 'none',
    run: setStatus,
  },
  'oauth.v2.access': { token: 'none', scopes: [], tier: 4, run: access },
  'openid.connect.token': { token: 'none', scopes: [], tier: 'none', run: openidToken },
  'openid.connect.userInfo': { token: 'none', scopes: [], tier: 'none', run: openidUserInfo },
};

function argsOf(call: Call): JsonObject {
  return Object.fromEntries(Object.entries(call.args.values).map(([name, value]) => [name, String(value)]));
}

function setStatus(call: Call): JsonObject {
  const channel = channelOf(call, 'channel_id');
  if (channel.message(call.args.required('thread_ts')) === undefined) throw new Refusal('thread_not_found');
  return {};
}

function access(call: Call): JsonObject {
  const { workspace } = call;
  const code = redeemed(call);
  return {
    access_token: workspace.botToken,
    token_type: 'bot',
    scope: [...workspace.scopes].join(','),
    bot_user_id: workspace.bot.id,
    app_id: workspace.appId,
    team: { name: workspace.teamName, id: workspace.teamId },
    enterprise: null,
    authed_user: { id: code.user },
    is_enterprise_install: false,
  };
}

/** "Sign in with Slack": a code for an ID token whose claims name the person. */
function openidToken(call: Call): JsonObject {
  const { workspace } = call;
  const code = redeemed(call);
  const user = workspace.users.get(code.user);
  const claims = {
    iss: 'https://slack.com',
    aud: workspace.clientId,
    exp: workspace.seconds() + 300,
    iat: workspace.seconds(),
    nonce: code.nonce,
    ...claimsOf(workspace, user),
  };
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return {
    access_token: `xoxp-${code.user}`,
    token_type: 'Bearer',
    // The signature isn't Slack's: a client that verifies it needs Slack's keys; over TLS from the token endpoint it may skip that.
    id_token: `${part({ alg: 'RS256', typ: 'JWT', kid: 'simulated' })}.${part(claims)}.${Buffer.from('simulated').toString('base64url')}`,
  };
}

function openidUserInfo(call: Call): JsonObject {
  if (call.token === undefined) throw new Refusal('not_authed');
  const user = call.workspace.users.get(call.token.replace(/^xoxp-/, ''));
  if (user === undefined || !call.token.startsWith('xoxp-')) throw new Refusal('invalid_auth');
  return claimsOf(call.workspace, user);
}

function claimsOf(workspace: Workspace, user: User | undefined): JsonObject {
  return {
    sub: user?.id,
    email: user?.email,
    email_verified: true,
    name: user?.realName,
    'https://slack.com/team_id': workspace.teamId,
    'https://slack.com/team_name': workspace.teamName,
    'https://slack.com/user_id': user?.id,
  };
}

function redeemed(call: Call): { user: string; nonce: string | undefined } {
  const { workspace, args } = call;
  const basic = call.basicAuth?.split(':') ?? [];
  const clientId = args.text('client_id') === '' ? basic[0] : args.text('client_id');
  const secret = args.text('client_secret') === '' ? basic[1] : args.text('client_secret');
  if (clientId !== workspace.clientId) throw new Refusal('invalid_client_id');
  if (secret !== workspace.clientSecret) throw new Refusal('bad_client_secret');
  const code = workspace.codes.get(args.text('code'));
  if (code === undefined) throw new Refusal('invalid_code');
  workspace.codes.delete(args.text('code'));
  return code;
}
