// Discord's events → PlatformEvent, event by event.
import { describe, expect, test } from 'vitest';
import { dateOf } from '../../../../src/platforms/discord/ids.ts';
import { Places } from '../../../../src/platforms/discord/places.ts';
import { receive, sentByForm } from '../../../../src/platforms/discord/receive.ts';
import type { ReceiveContext } from '../../../../src/platforms/discord/receive.ts';

const AT = new Date('2026-11-24T08:00:00Z');
const CHANNEL = '1000000000000000001';
const THREAD = '1000000000000000002';
const MESSAGE = '1000000000000000003';
const places = new Places();
places.learn({ id: CHANNEL, type: 0, name: 'wa-bob' });
places.learn({ id: THREAD, type: 11, parent_id: CHANNEL, name: 'about' });
const context: ReceiveContext = {
  botUserId: '9',
  guildId: '7',
  standing: (channel) => places.standing(channel),
  names: { user: () => undefined, channel: () => undefined },
  at: AT,
};
const author = { id: '1', username: 'ana', global_name: 'Ana' };
const message = (more: object = {}) => ({
  id: MESSAGE,
  channel_id: CHANNEL,
  guild_id: '7',
  type: 0,
  author,
  content: 'hi',
  edited_timestamp: null,
  ...more,
});
const told = (t: string, d: object) => receive({ t, d, origin: 's.1' }, context);

describe('what people say', () => {
  test('at the top level', () => {
    expect(told('MESSAGE_CREATE', message())).toEqual([
      {
        kind: 'said',
        key: `said:${CHANNEL}:${MESSAGE}`,
        channel: CHANNEL,
        post: `${CHANNEL}:${MESSAGE}`,
        user: '1',
        at: dateOf(MESSAGE),
        text: [{ kind: 'paragraph', inlines: [{ kind: 'text', text: 'hi' }] }],
        files: [],
        mentionsBot: false,
      },
    ]);
  });

  test.each([
    ['a reply', message({ type: 19, message_reference: { message_id: '55' } }), `${CHANNEL}:55`],
    ['in a thread', message({ channel_id: THREAD }), `${CHANNEL}:${THREAD}`],
    [
      'a reply in a thread',
      message({ channel_id: THREAD, type: 19, message_reference: { message_id: '55' } }),
      `${CHANNEL}:${THREAD}`,
    ],
    ['a forwarded message', message({ message_reference: { type: 1, message_id: '55' } }), undefined],
  ])('%s', (_what, given, thread) => {
    const [event] = told('MESSAGE_CREATE', given) ?? [];
    expect(event).toMatchObject({ channel: CHANNEL });
    expect(event?.kind === 'said' ? event.thread : 'nothing').toBe(thread);
  });

  test.each([
    ['of a bot', { author: { ...author, bot: true } }],
    ['of a webhook', { webhook_id: '5' }],
    ['of ours', { author: { id: '9' } }],
    ['of Discord itself', { type: 6 }],
    [
      'of ours for somebody',
      { author: { id: '9', bot: true }, content: '-# 💬 Ana\nhi', interaction_metadata: { type: 5, user: author } },
    ],
  ])('not %s', (_what, more) => {
    expect(told('MESSAGE_CREATE', message(more))).toEqual([]);
  });

  test('with files, stickers, forwarded words and mentions of the bot', () => {
    const attachment = {
      id: '8',
      filename: 'r_sum_.pdf',
      title: 'résumé',
      size: 3,
      content_type: 'application/pdf; x',
      url: 'u',
    };
    const given = message({
      content: '<@9> see',
      attachments: [attachment],
      sticker_items: [{ name: 'Wave' }],
      message_snapshots: [{ message: { content: 'old words' } }],
    });
    expect(told('MESSAGE_CREATE', given)).toMatchObject([
      {
        mentionsBot: true,
        files: [{ ref: `${CHANNEL}:${MESSAGE}:8`, name: 'résumé.pdf', mimeType: 'application/pdf', sizeBytes: 3 }],
        text: [{}, { inlines: [{ text: 'old words' }] }, { inlines: [{ text: '[Wave]' }] }],
      },
    ]);
  });

  test('is undefined when it can’t be read', () => {
    expect(told('MESSAGE_CREATE', { id: 5 })).toBeUndefined();
  });
});

test('reads what we wrote for somebody who sent the form', () => {
  const ours = { ...message(), author: { id: '9', bot: true }, webhook_id: '9' };
  const sent = {
    ...ours,
    content: '-# 💬 Ana\n**on** it',
    interaction_metadata: { type: 5, user: author },
    message_reference: { message_id: '55' },
  };
  expect(sentByForm(sent, context)).toMatchObject({ kind: 'said', user: '1', thread: `${CHANNEL}:55` });
  expect(sentByForm({ ...sent, content: 'an answer' }, context)).toBeUndefined();
});

test('tells edits, but no previews', () => {
  expect(told('MESSAGE_UPDATE', message())).toEqual([]);
  expect(told('MESSAGE_UPDATE', message({ edited_timestamp: '2026-11-24T08:00:01.000000+00:00' }))).toMatchObject([
    { kind: 'edited', post: `${CHANNEL}:${MESSAGE}`, at: new Date('2026-11-24T08:00:01Z') },
  ]);
});

test('tells deletions, many at once too', () => {
  expect(told('MESSAGE_DELETE', { id: '4', channel_id: THREAD, guild_id: '7' })).toEqual([
    { kind: 'deleted', key: `deleted:${THREAD}:4`, channel: CHANNEL, post: `${THREAD}:4`, at: AT },
  ]);
  expect(told('MESSAGE_DELETE_BULK', { ids: ['4', '5'], channel_id: CHANNEL, guild_id: '7' })).toHaveLength(2);
});

test.each([
  [{ id: null, name: '👍' }, '1', [{ emoji: '👍', user: '1', on: true }]],
  [{ id: '44', name: 'party' }, '1', [{ emoji: ':party:' }]],
  [{ id: '44', name: null }, '1', []],
  [{ id: null, name: '👍' }, '9', []],
])('tells the reaction %j of %s', (emoji, user, expected) => {
  const event = { user_id: user, channel_id: CHANNEL, message_id: MESSAGE, guild_id: '7', emoji };
  expect(told('MESSAGE_REACTION_ADD', event)).toMatchObject(expected);
});

test('tells who comes and goes in the server, bots left out', () => {
  expect(told('GUILD_MEMBER_REMOVE', { guild_id: '7', user: author })).toMatchObject([
    { kind: 'userChanged', user: '1', active: false },
  ]);
  expect(told('GUILD_MEMBER_ADD', { guild_id: '7', user: author })).toMatchObject([{ active: true }]);
  expect(told('GUILD_MEMBER_ADD', { guild_id: '7', user: { ...author, bot: true } })).toEqual([]);
});

describe('channels', () => {
  const overwrite = (id: string, allow = '1024') => ({ id, type: 1, allow, deny: '0' });
  const at = (...people: string[]) => ({
    id: 'c',
    type: 0,
    name: 'wa',
    permission_overwrites: people.map((id) => overwrite(id)),
  });

  test('tell who was let in and taken out, and new names', () => {
    const known = new Places();
    expect(known.take('CHANNEL_CREATE', at('1'))).toEqual([]);
    expect(known.take('CHANNEL_UPDATE', at('1', '2'))).toEqual([{ channel: 'c', what: 'joined', user: '2' }]);
    expect(known.take('CHANNEL_UPDATE', at('2'))).toEqual([{ channel: 'c', what: 'left', user: '1' }]);
    expect(known.take('CHANNEL_UPDATE', { ...at('2'), name: 'x' })).toEqual([
      { channel: 'c', what: 'renamed', name: 'x' },
    ]);
    expect(known.take('CHANNEL_DELETE', { id: 'c', type: 0 })).toEqual([{ channel: 'c', what: 'deleted' }]);
  });

  test('tell what changed between two sessions', () => {
    const known = new Places();
    known.take('GUILD_CREATE', {
      id: '7',
      channels: [at('1'), { id: 'd', type: 0 }],
      threads: [{ id: 't', type: 12, parent_id: 'd' }],
    });
    expect(known.take('GUILD_CREATE', { id: '7', channels: [at('2')], threads: [] })).toEqual([
      { channel: 'd', what: 'deleted' },
      { channel: 'c', what: 'joined', user: '2' },
      { channel: 'c', what: 'left', user: '1' },
    ]);
    expect(known.parentOfPrivate('t')).toBe('d');
  });

  test('that are private threads tell their members', () => {
    const known = new Places();
    known.take('THREAD_CREATE', { id: 't', type: 12, parent_id: 'c' });
    const event = { id: 't', added_members: [{ user_id: '1' }], removed_member_ids: ['2'] };
    expect(known.take('THREAD_MEMBERS_UPDATE', event)).toMatchObject([
      { what: 'joined', user: '1' },
      { what: 'left', user: '2' },
    ]);
    known.take('THREAD_CREATE', { id: 'u', type: 11, parent_id: 'c' });
    expect(known.take('THREAD_MEMBERS_UPDATE', { ...event, id: 'u' })).toEqual([]);
  });
});
