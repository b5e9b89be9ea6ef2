// Commands, buttons, shortcuts and forms, as Slack sends them, and what they ask.
import { expect, test } from 'vitest';
import { readAsked } from '../../../../src/platforms/slack/asked.ts';

const who = { user: { id: 'UANA', username: 'ana' }, team: { id: 'T1' }, trigger_id: '1.2.x' };
const url = 'https://hooks.slack.com/actions/T1/1/x';

test('a command comes with its words unescaped', () => {
  const command = {
    command: '/wa',
    text: ' grant &lt;ben@acme.com&gt; &amp;amp; co ',
    user_id: 'UANA',
    channel_id: 'C1',
    trigger_id: '1.2.x',
    response_url: url,
  };
  expect(readAsked(command)).toEqual({
    key: 'command:1.2.x',
    user: 'UANA',
    channel: 'C1',
    trigger: '1.2.x',
    responseUrl: url,
    request: {
      user: 'UANA',
      channel: 'C1',
      via: 'command',
      action: 'wa',
      text: 'grant <ben@acme.com> &amp; co',
      options: {},
    },
  });
});

test('a button comes with its action, its post and the thread that stands in', () => {
  const press = {
    type: 'block_actions',
    ...who,
    channel: { id: 'C1' },
    message: { ts: '2.0', thread_ts: '1.0' },
    container: { type: 'message', thread_ts: '1.0', is_ephemeral: false },
    actions: [{ action_id: 'resend:1', value: 'resend:1', action_ts: '3.0', type: 'button' }],
    response_url: url,
  };
  expect(readAsked(press)).toMatchObject({
    thread: '1.0',
    request: { via: 'button', action: 'resend:1', channel: 'C1', post: 'C1:2.0', thread: 'C1:1.0', user: 'UANA' },
  });
});

test('a button of a private answer has no post', () => {
  const press = {
    type: 'block_actions',
    ...who,
    channel: { id: 'C1' },
    container: { type: 'message', is_ephemeral: true, message_ts: '9.0' },
    actions: [{ action_id: 'more', value: null }],
    response_url: url,
  };
  const asked = readAsked(press);
  expect(asked).toMatchObject({ request: { action: 'more', channel: 'C1' } });
  expect(asked?.request).not.toHaveProperty('post');
});

test('a message shortcut on a thread’s first message has that as its post and no thread', () => {
  const shortcut = {
    type: 'message_action',
    callback_id: 'ticket:open',
    ...who,
    channel: { id: 'C1' },
    message: { ts: '1.0', thread_ts: '1.0' },
    message_ts: '1.0',
    response_url: url,
  };
  const asked = readAsked(shortcut);
  expect(asked).toMatchObject({ request: { via: 'shortcut', action: 'ticket:open', post: 'C1:1.0' } });
  expect(asked?.request).not.toHaveProperty('thread');
});

test('a form comes with its values and with where it was asked for', () => {
  const sent = {
    type: 'view_submission',
    ...who,
    view: {
      id: 'V1',
      hash: '1.h',
      callback_id: 'invite:send',
      private_metadata: JSON.stringify({ channel: 'C1', post: '2.0', thread: '1.0', responseUrl: url }),
      state: {
        values: {
          emails: { emails: { type: 'plain_text_input', value: 'a@b.c' } },
          empty: { empty: { type: 'plain_text_input', value: null } },
          role: { role: { type: 'static_select', selected_option: { value: 'admin', text: {} } } },
          labels: { labels: { type: 'multi_static_select', selected_options: [{ value: 'a' }, { value: 'b' }] } },
          none: { none: { type: 'multi_static_select', selected_options: [] } },
        },
      },
    },
  };
  expect(readAsked(sent)).toMatchObject({
    key: 'form:V1:1.h',
    responseUrl: url,
    request: {
      via: 'form',
      action: 'invite:send',
      channel: 'C1',
      post: 'C1:2.0',
      thread: 'C1:1.0',
      options: { emails: 'a@b.c', role: 'admin', labels: 'a,b' },
    },
  });
});

test.for(['', 'no json', '[]', '{"channel":1}'])(
  'a form that remembers nothing readable (%s) is still a form',
  (metadata) => {
    const view = { id: 'V1', callback_id: 'x', private_metadata: metadata, state: { values: {} } };
    expect(readAsked({ type: 'view_submission', ...who, view })?.request).toEqual({
      user: 'UANA',
      via: 'form',
      action: 'x',
      text: '',
      options: {},
    });
  },
);

test.for([{ type: 'view_closed', ...who, view: {} }, { type: 'block_actions', ...who, actions: [] }, {}, undefined])(
  'what asks nothing is nothing (%#)',
  (body) => {
    expect(readAsked(body)).toBeUndefined();
  },
);
