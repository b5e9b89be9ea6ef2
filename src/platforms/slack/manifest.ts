// The Slack app as a manifest to paste at api.slack.com/apps: what it may do, what it hears, and our commands. Pure.
import type { CommandTree } from '../../domain/command.ts';

/** What the bot may do, and why: also what `setup` looks for. */
export const BOT_SCOPES: Readonly<Record<string, string>> = {
  'groups:read': 'see its channels and who is in them',
  'groups:write': 'open channels, let people in and take them out',
  'groups:history': 'read replies, also those written while it was away',
  'chat:write': 'post',
  'chat:write.customize': 'show messages under the customer’s name',
  commands: 'answer commands',
  'files:read': 'fetch the files that people post',
  'files:write': 'post pictures, voice notes and documents',
  'users:read': 'know who is a person, guest or bot',
  'users:read.email': 'find people by their email',
  'reactions:read': 'see reactions',
  'reactions:write': 'show reactions',
  'im:write': 'write to people directly',
};

/** What Slack tells us of. Files in messages arrive with the message itself. */
const BOT_EVENTS = [
  'message.groups',
  'member_joined_channel',
  'member_left_channel',
  'group_rename',
  'group_archive',
  'group_unarchive',
  'group_deleted',
  'group_left',
  'reaction_added',
  'reaction_removed',
  'team_join',
  'user_change',
  'app_uninstalled',
  'tokens_revoked',
] as const;

/** Slack's caps on the names of the app and of a shortcut; source: docs.slack.dev, app manifest reference. */
const MAX_APP_NAME = 35;
const MAX_SHORTCUT_NAME = 24;

export interface ManifestOptions {
  readonly name: string;
  /** Where Slack is to send events, an https address; absent: Socket Mode. */
  readonly requestUrl?: string;
}

/** The manifest as JSON, for an app with these commands. */
export function slackManifest(commands: CommandTree, { name, requestUrl }: ManifestOptions) {
  const url = requestUrl === undefined ? {} : { request_url: requestUrl };
  const command = `/${commands.name}`;
  return {
    display_information: {
      name: name.slice(0, MAX_APP_NAME),
      description: 'A shared WhatsApp inbox',
    },
    features: {
      bot_user: { display_name: name.slice(0, MAX_APP_NAME), always_online: true },
      slash_commands: [
        {
          command,
          description: 'Chats, access, tickets and figures',
          usage_hint: 'help',
          // Names stay as they're typed: people are found by email.
          should_escape: false,
          ...(requestUrl === undefined ? {} : { url: requestUrl }),
        },
      ],
      shortcuts: commands.shortcuts.map(({ action, label }) => ({
        name: label.slice(0, MAX_SHORTCUT_NAME),
        type: 'message',
        callback_id: action,
        description: label,
      })),
    },
    oauth_config: { scopes: { bot: Object.keys(BOT_SCOPES) } },
    settings: {
      event_subscriptions: { ...url, bot_events: BOT_EVENTS },
      interactivity: { is_enabled: true, ...url },
      org_deploy_enabled: false,
      socket_mode_enabled: requestUrl === undefined,
      token_rotation_enabled: false,
    },
  };
}
