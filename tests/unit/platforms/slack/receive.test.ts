// Slack's events, as Slack sends them, and what they tell.
import { expect, test } from 'vitest';
import { plainText } from '../../../../src/domain/text.ts';
import { bareFiles, receive } from '../../../../src/platforms/slack/receive.ts';
import type { ReceiveContext, SlackFile } from '../../../../src/platforms/slack/receive.ts';

const context: ReceiveContext = {
  botUserId: 'UBOT',
  botId: 'BBOT',
  names: { user: (id) => (id === 'UANA' ? 'Ana' : undefined), channel: () => undefined },
  files: new Map(),
};
const callback = (event: object) => ({ type: 'event_callback', event_id: 'Ev1', event_time: 1_700_000_000, event });
const tell = (event: object, given = context) => receive(callback(event), given);
const message = (rest: object = {}) => ({
  type: 'message',
  channel: 'C1',
  channel_type: 'group',
  user: 'UANA',
  text: 'hello',
  ts: '1700000000.000100',
  event_ts: '1700000000.000100',
  ...rest,
});
const changed = (inner: object, previous: object, rest: object = {}) =>
  message({
    subtype: 'message_changed',
    user: undefined,
    hidden: true,
    message: { user: 'UANA', text: 'new', ts: '1700000000.000100', ...inner },
    previous_message: { user: 'UANA', text: 'old', ts: '1700000000.000100', ...previous },
    ...rest,
  });
const base = { channel: 'C1', post: 'C1:1700000000.000100', user: 'UANA' };
const speech = { kind: 'said', key: 'said:C1:1700000000.000100', ...base };

test.for([
  ['a top-level message', message(), { ...speech, mentionsBot: false, files: [] }],
  ['a thread’s first message', message({ thread_ts: '1700000000.000100' }), { ...speech }],
  [
    'a reply',
    message({ thread_ts: '1699999999.000100', parent_user_id: 'UBOT' }),
    { ...speech, thread: 'C1:1699999999.000100' },
  ],
  [
    'a reply shown in the channel',
    message({ subtype: 'thread_broadcast', thread_ts: '1699999999.000100', root: {} }),
    { ...speech, thread: 'C1:1699999999.000100' },
  ],
  ['a /me message', message({ subtype: 'me_message' }), { ...speech }],
  ['a mention of the bot', message({ text: '<@UBOT> please' }), { ...speech, mentionsBot: true }],
  [
    'an edit',
    changed({ edited: { user: 'UANA', ts: '1700000009.000000' } }, {}),
    { kind: 'edited', key: 'edited:C1:1700000000.000100:1700000009.000000', ...base, at: new Date(1_700_000_009_000) },
  ],
  [
    'a second edit',
    changed({ edited: { ts: '1700000009.000000' } }, { edited: { ts: '1700000005.000000' } }),
    { kind: 'edited', ...base },
  ],
  [
    'a deletion',
    message({
      subtype: 'message_deleted',
      user: undefined,
      deleted_ts: '1700000000.000100',
      previous_message: { user: 'UANA', ts: '1700000000.000100' },
      event_ts: '1700000010.000000',
    }),
    {
      kind: 'deleted',
      key: 'deleted:C1:1700000000.000100',
      channel: 'C1',
      post: 'C1:1700000000.000100',
      at: new Date(1_700_000_010_000),
    },
  ],
  [
    'the deletion of a message with replies',
    changed({ subtype: 'tombstone', user: 'USLACKBOT' }, {}),
    { kind: 'deleted', key: 'deleted:C1:1700000000.000100', post: 'C1:1700000000.000100' },
  ],
  [
    'a reaction',
    {
      type: 'reaction_added',
      user: 'UANA',
      reaction: '+1::skin-tone-3',
      item: { type: 'message', channel: 'C1', ts: '1700000000.000100' },
      event_ts: '1700000001.000000',
    },
    { kind: 'reacted', ...base, emoji: '👍🏼', on: true },
  ],
  [
    'a reaction with an emoji of the workspace taken back',
    {
      type: 'reaction_removed',
      user: 'UANA',
      reaction: 'acme-logo',
      item: { type: 'message', channel: 'C1', ts: '1700000000.000100' },
      event_ts: '1700000001.000000',
    },
    { kind: 'reacted', emoji: ':acme-logo:', on: false },
  ],
  [
    'somebody let in',
    { type: 'member_joined_channel', user: 'UEVE', channel: 'C1', channel_type: 'G', inviter: 'UANA', event_ts: '1.0' },
    { kind: 'joined', channel: 'C1', user: 'UEVE', by: 'UANA' },
  ],
  [
    'somebody gone',
    { type: 'member_left_channel', user: 'UEVE', channel: 'C1', channel_type: 'G', event_ts: '1.0' },
    { kind: 'left', channel: 'C1', user: 'UEVE' },
  ],
  [
    'a new name',
    { type: 'group_rename', channel: { id: 'C1', name: 'wa-x', created: 1 }, event_ts: '1.0' },
    { kind: 'channelChanged', channel: 'C1', change: 'renamed', name: 'wa-x' },
  ],
  [
    'an archived channel',
    { type: 'group_archive', channel: 'C1', user: 'UANA', event_ts: '1.0' },
    { kind: 'channelChanged', change: 'archived', by: 'UANA' },
  ],
  ['a deleted channel', { type: 'group_deleted', channel: 'C1', event_ts: '1.0' }, { change: 'deleted' }],
  [
    'the bot thrown out',
    { type: 'group_left', channel: 'C1', actor_id: 'UANA', event_ts: '1.0' },
    { change: 'botRemoved', by: 'UANA' },
  ],
  [
    'a deactivated person',
    { type: 'user_change', user: { id: 'UEVE', deleted: true, profile: {} }, event_ts: '1.0' },
    { kind: 'userChanged', user: 'UEVE', active: false, key: 'Ev1' },
  ],
  [
    'a new person',
    { type: 'team_join', user: { id: 'UEVE', deleted: false, profile: { email: 'eve@acme.com' } } },
    { kind: 'userChanged', user: 'UEVE', active: true, email: 'eve@acme.com' },
  ],
] as const)('%s is told', ([, event, told]) => {
  expect(tell(event)).toMatchObject([told]);
});

test.for([
  ['our post', message({ user: 'UBOT', bot_id: 'BBOT' })],
  [
    'our post under a customer’s name',
    message({ subtype: 'bot_message', user: undefined, bot_id: 'BBOT', username: 'Bob' }),
  ],
  ['another app’s post', message({ bot_id: 'BOTHER' })],
  ['Slackbot', message({ user: 'USLACKBOT' })],
  ['a notice of Slack’s', message({ subtype: 'channel_topic', topic: 'x' })],
  ['our edit', changed({ bot_id: 'BBOT', user: 'UBOT', edited: { ts: '1700000009.000000' } }, { bot_id: 'BBOT' })],
  [
    'our edit under a name',
    changed({ bot_id: 'BBOT', user: undefined, subtype: 'bot_message', edited: { ts: '2.0' } }, {}),
  ],
  ['a preview that was added', changed({ attachments: [{}] }, {})],
  ['a reply count', changed({ edited: { ts: '5.0' }, reply_count: 1 }, { edited: { ts: '5.0' } })],
  [
    'our post deleted',
    message({ subtype: 'message_deleted', deleted_ts: '1.0', previous_message: { bot_id: 'BBOT', ts: '1.0' } }),
  ],
  ['our post deleted, with replies', changed({ subtype: 'tombstone', user: 'USLACKBOT' }, { bot_id: 'BBOT' })],
  [
    'our reaction',
    {
      type: 'reaction_added',
      user: 'UBOT',
      reaction: '+1',
      item: { type: 'message', channel: 'C1', ts: '1.0' },
      event_ts: '1.0',
    },
  ],
  [
    'a reaction to a file',
    { type: 'reaction_added', user: 'UANA', reaction: '+1', item: { type: 'file', file: 'F1' }, event_ts: '1.0' },
  ],
  ['the bot let in', { type: 'member_joined_channel', user: 'UBOT', channel: 'C1', event_ts: '1.0' }],
  [
    'somebody we let in',
    { type: 'member_joined_channel', user: 'UEVE', channel: 'C1', inviter: 'UBOT', event_ts: '1.0' },
  ],
  ['the same message as a mention', message({ type: 'app_mention' })],
  ['an event we did not ask for', { type: 'emoji_changed', event_ts: '1.0' }],
] as const)('%s is not told', ([, event]) => {
  expect(tell(event)).toEqual([]);
});

test.for([
  [undefined],
  [{ type: 'event_callback' }],
  [callback({ type: 'message' })],
  [callback({ type: 'reaction_added', user: 1 })],
])('what can’t be read is said to be so (%#)', ([body]) => {
  expect(receive(body, context)).toBeUndefined();
});

const file = (rest: object = {}) => ({
  id: 'F1',
  name: 'a.pdf',
  mimetype: 'application/pdf',
  size: 7,
  mode: 'hosted',
  ...rest,
});

test('files come with what Slack tells of them', () => {
  const [told] = tell(message({ subtype: 'file_share', text: '', files: [file({ duration_ms: 2_500 })] })) ?? [];
  expect(told).toMatchObject({
    text: [],
    files: [{ ref: 'F1', name: 'a.pdf', mimeType: 'application/pdf', sizeBytes: 7, durationSeconds: 2.5 }],
  });
});

test('files without a name or kind are still files', () => {
  const [told] = tell(message({ files: [{ id: 'F1', title: '' }] })) ?? [];
  expect(told).toMatchObject({ files: [{ name: 'file', mimeType: 'application/octet-stream', sizeBytes: 0 }] });
});

test('a deleted file is left out, and one that lives elsewhere becomes its address', () => {
  const external = { id: 'F2', is_external: true, mode: 'external', url_private: 'https://drive.example/x' };
  const [told] = tell(message({ text: 'see', files: [file({ mode: 'tombstone' }), external] })) ?? [];
  expect(told).toMatchObject({ files: [] });
  expect(told?.kind === 'said' ? plainText(told.text) : '').toBe('see\nhttps://drive.example/x');
});

test('a file that Slack tells only the id of is told as files.info describes it', () => {
  const bare = { id: 'F1', mode: 'file_access', file_access: 'check_file_info' };
  const event = message({ files: [bare] });
  expect(bareFiles(callback(event))).toEqual(['F1']);
  expect(bareFiles(callback(message({ files: [file()] })))).toEqual([]);
  const described: ReceiveContext = { ...context, files: new Map([['F1', file() as SlackFile]]) };
  expect(tell(event, described)).toMatchObject([{ files: [{ name: 'a.pdf', sizeBytes: 7 }] }]);
});
