// The manifest asks for what the adapter needs, within Slack's caps.
import { expect, test } from 'vitest';
import type { CommandTree } from '../../../../src/domain/command.ts';
import { slackManifest } from '../../../../src/platforms/slack/index.ts';

const commands: CommandTree = {
  name: 'wa',
  entries: [],
  shortcuts: [{ action: 'ticket:open', label: 'Open a ticket for this message' }],
};

test('without an address events come by Socket Mode', () => {
  expect(slackManifest(commands, { name: 'Switchboard' })).toMatchObject({
    features: {
      slash_commands: [{ command: '/wa', should_escape: false }],
      shortcuts: [{ callback_id: 'ticket:open', type: 'message', name: 'Open a ticket for this m' }],
    },
    settings: { socket_mode_enabled: true, interactivity: { is_enabled: true } },
  });
});

test('with an address everything comes there', () => {
  const requestUrl = 'https://inbox.acme.example/slack/events';
  expect(slackManifest(commands, { name: 'x'.repeat(50), requestUrl })).toMatchObject({
    display_information: { name: 'x'.repeat(35) },
    features: { slash_commands: [{ url: requestUrl }] },
    settings: {
      socket_mode_enabled: false,
      event_subscriptions: { request_url: requestUrl },
      interactivity: { request_url: requestUrl },
    },
  });
});
