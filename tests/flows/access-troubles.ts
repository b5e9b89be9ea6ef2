// What goes wrong at the platforms while the model-based test of access runs.
import type { Estate } from './access-estate.ts';

/** Once, a few times, or (a setting, a right) until `endTroubles`. */
export const TROUBLES: readonly (readonly [string, (estate: Estate) => void])[] = [
  [
    'Slack throttles removals',
    ({ slack }) => slack.faults.call('conversations.kick', { kind: 'rate_limited', retryAfter: '1' }, { times: 3 }),
  ],
  [
    'Slack throttles invitations',
    ({ slack }) => slack.faults.call('conversations.invite', { kind: 'rate_limited', retryAfter: '1' }, { times: 2 }),
  ],
  [
    'Slack throttles look-ups',
    ({ slack }) => slack.faults.call('users.lookupByEmail', { kind: 'rate_limited', retryAfter: '1' }, { times: 2 }),
  ],
  [
    'Slack answers 500',
    ({ slack }) => slack.faults.call('conversations.members', { kind: 'status', status: 500 }, { times: 2 }),
  ],
  ['Slack loses an answer', ({ slack }) => slack.faults.call('conversations.kick', { kind: 'answer_lost' })],
  ['Slack cuts a call', ({ slack }) => slack.faults.call('conversations.invite', { kind: 'cut' })],
  [
    'Slack misses a scope',
    ({ slack }) => slack.faults.call('conversations.kick', { kind: 'error', error: 'missing_scope' }),
  ],
  [
    'Slack lets only admins remove people',
    ({ slack }) => {
      slack.preferences.whoCanKick = 'admins';
    },
  ],
  [
    'Discord throttles removals',
    ({ discord }) =>
      discord.faults.call(
        'delete_channel_permission_overwrite',
        { kind: 'rate_limited', retryAfter: 1.5 },
        { times: 3 },
      ),
  ],
  [
    'Discord throttles invitations',
    ({ discord }) =>
      discord.faults.call('set_channel_permission_overwrite', { kind: 'rate_limited', retryAfter: 1.5 }, { times: 2 }),
  ],
  [
    'Discord answers 500',
    ({ discord }) => discord.faults.call('get_channel', { kind: 'status', status: 500 }, { times: 2 }),
  ],
  [
    'Discord loses an answer',
    ({ discord }) => discord.faults.call('delete_channel_permission_overwrite', { kind: 'answer_lost' }),
  ],
  [
    'Discord takes the bot’s right to manage roles',
    ({ discord }) => discord.setBotPermissions(discord.bot.role.permissions & ~(1n << 28n)),
  ],
];

/** A call that hangs costs its whole limit: for the long run. */
export const HANGS: typeof TROUBLES = [
  ['Slack hangs', ({ slack }) => slack.faults.call('conversations.kick', { kind: 'hang' })],
  [
    'Discord hangs',
    ({ discord }) => discord.faults.call('delete_channel_permission_overwrite', { kind: 'answer_hangs' }),
  ],
];

/** Everything works again. */
export function endTroubles({ slack, discord }: Estate): void {
  slack.faults.clear();
  discord.faults.clear();
  slack.preferences.whoCanKick = 'everyone';
  discord.setBotPermissions(discord.bot.role.permissions | (1n << 28n));
}
