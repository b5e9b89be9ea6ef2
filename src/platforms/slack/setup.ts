// What an admin must mend in the Slack app, each with the exact mend.
import { WebClient } from '@slack/web-api';
import type { Problem } from '../../domain/events.ts';
import { clientOptions } from './api.ts';
import type { ApiOptions } from './api.ts';
import { problemOf, toBridgeError } from './errors.ts';
import { BOT_SCOPES } from './manifest.ts';

export interface SetupOptions extends Pick<ApiOptions, 'botToken' | 'apiUrl' | 'transport' | 'log'> {
  readonly appToken: string | undefined;
  readonly signingSecret: string | undefined;
  readonly publicUrl: string | undefined;
  readonly isConnected: () => boolean;
}

/** See `ChatPlatform.setup`. */
export async function checkSetup(options: SetupOptions): Promise<readonly Problem[]> {
  return [...(await checkBotToken(options)), ...(await checkIntake(options))];
}

async function checkBotToken(options: SetupOptions): Promise<readonly Problem[]> {
  try {
    const answer = await new WebClient(options.botToken, clientOptions(options)).auth.test();
    const granted = new Set(answer.response_metadata?.scopes ?? []);
    return Object.entries(BOT_SCOPES)
      .filter(([scope]) => !granted.has(scope))
      .map(([scope, purpose]) => ({
        what: `The bot lacks the scope ${scope}, so it can’t ${purpose}.`,
        fix: `At https://api.slack.com/apps open the app, “OAuth & Permissions” → “Bot Token Scopes” → add ${scope}, then “Reinstall to Workspace”.`,
      }));
  } catch (error) {
    return problemsOf(error, 'SLACK_BOT_TOKEN');
  }
}

async function checkIntake(options: SetupOptions): Promise<readonly Problem[]> {
  if (options.appToken === undefined) return checkHttp(options);
  try {
    // The answer is an address for a connection; not using it costs nothing.
    await new WebClient(options.appToken, clientOptions(options)).apps.connections.open({});
  } catch (error) {
    return problemsOf(error, 'SLACK_APP_TOKEN');
  }
  if (options.isConnected()) return [];
  return [
    {
      what: 'No Socket Mode connection is open at the moment, although Slack accepts the app-level token.',
      fix: 'Check that “Socket Mode” is switched on in the app’s settings and that outgoing web sockets (wss://wss-primary.slack.com, port 443) are allowed from this machine.',
    },
  ];
}

function checkHttp({ signingSecret, publicUrl }: SetupOptions): readonly Problem[] {
  if (signingSecret === undefined) {
    return [
      {
        what: 'Slack has no way to tell us anything: neither an app-level token nor a signing secret is set.',
        fix: 'Switch on “Socket Mode” in the app’s settings, make an app-level token with the scope connections:write and set it as SLACK_APP_TOKEN.',
      },
    ];
  }
  if (publicUrl?.startsWith('https://') === true) return [];
  return [
    {
      what: 'Slack can’t reach this program: PUBLIC_URL is not an https address.',
      fix: 'Set PUBLIC_URL to the address under which Slack reaches this program, and use <PUBLIC_URL>/slack/events as the app’s Request URL for events, commands and interactivity; or use Socket Mode.',
    },
  ];
}

function problemsOf(error: unknown, setting: 'SLACK_BOT_TOKEN' | 'SLACK_APP_TOKEN'): readonly Problem[] {
  const translated = toBridgeError(error, 'setup');
  if (translated.code !== 'unreachable' && translated.code !== 'throttled') return [problemOf(translated, setting)];
  return [
    {
      what: `Slack could not be reached (${translated.message}).`,
      fix: 'Check that this machine may open https connections to slack.com, and https://slack-status.com.',
    },
  ];
}
