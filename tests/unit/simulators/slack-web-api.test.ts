// The Slack stand-in's Web API, driven by the real WebClient: channels, tokens, posts, history, reactions.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bench, errorOf } from './slack-client.ts';

let bench: Bench;

beforeEach(async () => {
  bench = await Bench.start();
});

afterEach(async () => {
  const unknown = await bench.stop();
  if (unknown.length > 0) throw new Error(`Slack doesn't know ${unknown.join(', ')}`);
});

describe('channels', () => {
  it('creates a private channel, invites by email and lists its members', async () => {
    const found = await bench.client.users.lookupByEmail({ email: 'ana@ACME.com' });
    expect(found.user?.profile?.email).toBe('Ana@acme.com');
    const channel = await bench.privateChannel();
    const members = await bench.client.conversations.members({ channel });
    expect(new Set(members.members)).toEqual(new Set([bench.slack.bot.id, bench.ana.id]));
    expect(bench.slack.channel('wa-lena').private).toBe(true);
    expect(bench.ana.readable().map(({ name }) => name)).toEqual(['wa-lena']);
  });

  it('keeps private channels invisible to people and apps that are not in them', async () => {
    const ben = bench.slack.addPerson({ name: 'Ben', email: 'ben@acme.com' });
    const channel = await bench.privateChannel();
    expect(ben.readable()).toEqual([]);
    await expect(ben.say(channel, 'hello')).rejects.toThrow('channel_not_found');
    await bench.ana.kick(channel, bench.slack.bot);
    expect(await errorOf(bench.post({ channel, text: 'x' }))).toBe('channel_not_found');
    expect(await errorOf(bench.client.conversations.info({ channel }))).toBe('channel_not_found');
  });

  it.each([
    ['Upper', 'invalid_name_specials'],
    ['with space', 'invalid_name_specials'],
    ['', 'invalid_name_required'],
    ['-_-', 'invalid_name_punctuation'],
    ['x'.repeat(81), 'invalid_name_maxlength'],
    ['taken', 'name_taken'],
  ])('refuses the channel name %j with %s', async (name, error) => {
    const taken = await bench.privateChannel('taken', []);
    await bench.client.conversations.archive({ channel: taken });
    expect(await errorOf(bench.client.conversations.create({ name, is_private: true }))).toBe(error);
  });

  it('accepts letters of any language in a name', async () => {
    await bench.client.conversations.create({ name: 'wa-büro-東京', is_private: true });
    expect(bench.slack.channels().map(({ name }) => name)).toEqual(['wa-büro-東京']);
  });

  it('invites nobody when one is refused, and the others with force', async () => {
    const guest = bench.slack.addPerson({ name: 'Guest', email: 'g@x.org', guest: 'single' });
    await bench.privateChannel('first', [guest]);
    const channel = await bench.privateChannel('second', []);
    const users = [bench.ana.id, guest.id, 'U0NOBODY'].join(',');
    expect(await errorOf(bench.client.conversations.invite({ channel, users }))).toBe('ura_max_channels');
    expect(bench.slack.channel('second').members.has(bench.ana.id)).toBe(false);
    const forced = await bench.client.conversations.invite({ channel, users, force: true });
    expect(forced['errors']).toEqual([
      { user: guest.id, ok: false, error: 'ura_max_channels' },
      { user: 'U0NOBODY', ok: false, error: 'user_not_found' },
    ]);
    expect(bench.slack.channel('second').members.has(bench.ana.id)).toBe(true);
    expect(await errorOf(bench.client.conversations.invite({ channel, users: bench.ana.id }))).toBe(
      'already_in_channel',
    );
    expect(await errorOf(bench.client.conversations.invite({ channel, users: bench.slack.bot.id }))).toBe(
      'cant_invite_self',
    );
  });

  it('keeps the rules of kicking, archiving and the workspace preferences', async () => {
    const channel = await bench.privateChannel();
    expect(await errorOf(bench.client.conversations.kick({ channel, user: bench.slack.bot.id }))).toBe(
      'cant_kick_self',
    );
    bench.slack.preferences.whoCanKick = 'admins';
    expect(await errorOf(bench.client.conversations.kick({ channel, user: bench.ana.id }))).toBe('restricted_action');
    bench.slack.preferences.whoCanKick = 'everyone';
    await bench.client.conversations.kick({ channel, user: bench.ana.id });
    expect(await errorOf(bench.client.conversations.kick({ channel, user: bench.ana.id }))).toBe('not_in_channel');
    expect(await errorOf(bench.client.conversations.leave({ channel }))).toBe('last_member');
    bench.slack.preferences.whoCanCreatePrivate = 'admins';
    expect(await errorOf(bench.client.conversations.create({ name: 'other', is_private: true }))).toBe(
      'restricted_action',
    );
    await bench.client.conversations.archive({ channel });
    expect(await errorOf(bench.post({ channel, text: 'x' }))).toBe('is_archived');
    expect(await errorOf(bench.client.conversations.unarchive({ channel }))).toBe('not_in_channel');
  });

  it('pages through lists by cursor', async () => {
    for (const name of ['c1', 'c2', 'c3']) await bench.privateChannel(name, []);
    const names: (string | undefined)[] = [];
    for await (const page of bench.client.paginate('conversations.list', { types: 'private_channel', limit: 2 })) {
      const channels = (page as { channels?: { name?: string }[] }).channels ?? [];
      names.push(...channels.map(({ name }) => name), '|');
    }
    expect(names).toEqual(['c1', 'c2', '|', 'c3', '|']);
  });

  it('sets topics up to 250 characters and renames only into free names', async () => {
    const channel = await bench.privateChannel();
    await bench.privateChannel('taken', []);
    await bench.client.conversations.setTopic({ channel, topic: 'Lena, +49' });
    expect(bench.slack.channel(channel).topic.value).toBe('Lena, +49');
    expect(await errorOf(bench.client.conversations.setTopic({ channel, topic: 'x'.repeat(251) }))).toBe('too_long');
    expect(await errorOf(bench.client.conversations.rename({ channel, name: 'taken' }))).toBe('name_taken');
    await bench.client.conversations.rename({ channel, name: 'wa-other' });
    expect(bench.slack.channel('wa-other').previousNames).toEqual(['wa-lena']);
  });
});

describe('tokens', () => {
  it('answers each kind of token as Slack does', async () => {
    expect(await errorOf(bench.clientFor('').auth.test())).toBe('not_authed');
    expect(await errorOf(bench.clientFor('xoxb-other').auth.test())).toBe('invalid_auth');
    expect(await errorOf(bench.clientFor(bench.slack.appToken).users.list({}))).toBe('not_allowed_token_type');
    expect(await errorOf(bench.client.apps.connections.open({}))).toBe('not_allowed_token_type');
    expect((await bench.client.auth.test()).bot_id).toBe(bench.slack.bot.botId);
  });

  it('names a missing scope by the kind of conversation', async () => {
    const channel = await bench.privateChannel();
    bench.slack.workspace.scopes.delete('groups:history');
    const error: unknown = await bench.client.conversations.history({ channel }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ data: { error: 'missing_scope', needed: 'groups:history' } });
    bench.slack.workspace.scopes.delete('chat:write.customize');
    expect(await errorOf(bench.post({ channel, text: 'x', username: 'Lena' }))).toBe('missing_scope');
  });

  it('refuses everything once the token is revoked', async () => {
    bench.slack.revokeToken();
    expect(await errorOf(bench.client.users.list({}))).toBe('invalid_auth');
    bench.slack.uninstall();
    expect(await errorOf(bench.client.users.list({}))).toBe('account_inactive');
  });
});

describe('posts', () => {
  it('keeps a customised author, metadata and thread, and reads them back', async () => {
    const channel = await bench.privateChannel();
    const metadata = { event_type: 'switchboard_delivery', event_payload: { key: 'd-1' } };
    const first = await bench.post({
      channel,
      text: 'Hallo <b> & co 🎉',
      username: 'Lena',
      icon_url: 'http://127.0.0.1/i.png',
      metadata,
    });
    expect(first.message).toMatchObject({ subtype: 'bot_message', username: 'Lena', bot_id: bench.slack.bot.botId });
    expect(first.message?.user).toBeUndefined();
    const reply = await bench.post({ channel, text: 'reply', thread_ts: first.ts ?? '' });
    expect(Number(reply.ts)).toBeGreaterThan(Number(first.ts));
    const plain = await bench.client.conversations.history({ channel });
    expect(plain.messages?.[0]).toMatchObject({ ts: first.ts, reply_count: 1, latest_reply: reply.ts });
    expect(plain.messages?.[0]?.text).toBe('Hallo &lt;b&gt; &amp; co :tada:');
    expect(plain.messages?.[0]).not.toHaveProperty('metadata');
    const full = await bench.client.conversations.history({ channel, include_all_metadata: true });
    expect(full.messages?.[0]?.metadata).toEqual(metadata);
    const thread = await bench.client.conversations.replies({ channel, ts: first.ts ?? '' });
    expect(thread.messages?.map(({ ts }) => ts)).toEqual([first.ts, reply.ts]);
    expect(await errorOf(bench.client.conversations.replies({ channel, ts: '1.000001' }))).toBe('thread_not_found');
  });

  it('reads the history forwards from oldest and backwards from latest', async () => {
    const channel = await bench.privateChannel('numbers', []);
    const stamps: string[] = [];
    for (let index = 1; index <= 5; index += 1) {
      stamps.push((await bench.post({ channel, text: `n${index}` })).ts ?? '');
    }
    const texts = async (args: { oldest?: string; latest?: string; limit: number; cursor?: string }) => {
      const page = await bench.client.conversations.history({ channel, ...args });
      return { texts: page.messages?.map(({ text }) => text), next: page.response_metadata?.next_cursor };
    };
    const forward = await texts({ oldest: stamps[0] ?? '', limit: 2 });
    expect(forward.texts).toEqual(['n3', 'n2']);
    expect((await texts({ oldest: stamps[0] ?? '', limit: 2, cursor: forward.next ?? '' })).texts).toEqual([
      'n5',
      'n4',
    ]);
    const backward = await texts({ limit: 2 });
    expect(backward.texts).toEqual(['n5', 'n4']);
    expect((await texts({ limit: 2, cursor: backward.next ?? '' })).texts).toEqual(['n3', 'n2']);
    expect((await texts({ latest: stamps[1] ?? '', limit: 9 })).texts).toEqual([
      'n1',
      `<@${bench.slack.bot.id}> has joined the channel`,
    ]);
  });

  it('changes and deletes only own messages, and leaves a tombstone where there are replies', async () => {
    const channel = await bench.privateChannel();
    const theirs = await bench.ana.say(channel, 'mine');
    expect(await errorOf(bench.client.chat.update({ channel, ts: theirs, text: 'x' }))).toBe('cant_update_message');
    expect(await errorOf(bench.client.chat.delete({ channel, ts: theirs }))).toBe('cant_delete_message');
    const blocks = [{ type: 'section', text: { type: 'mrkdwn', text: 'b' } }];
    const { ts = '' } = await bench.post({ channel, text: 'a', blocks });
    await bench.client.chat.update({ channel, ts, text: 'only text' });
    expect(bench.slack.channel(channel).message(ts)).toMatchObject({ text: 'only text', blocks: undefined });
    expect(await errorOf(bench.client.chat.update({ channel, ts, text: 'x'.repeat(4_001) }))).toBe('msg_too_long');
    await bench.ana.say(channel, 'a reply', { thread: ts });
    await bench.client.chat.delete({ channel, ts });
    expect(bench.slack.channel(channel).message(ts)).toMatchObject({ subtype: 'tombstone', user: 'USLACKBOT' });
    expect(await errorOf(bench.client.chat.delete({ channel, ts }))).toBe('message_not_found');
  });

  it('truncates texts over 40,000 characters with a warning', async () => {
    const channel = await bench.privateChannel();
    const answer = await bench.post({ channel, text: 'x'.repeat(40_005) });
    expect(answer['warning']).toBe('message_truncated');
    expect(bench.slack.channel(channel).message(answer.ts ?? '')?.text).toHaveLength(40_000);
    expect(await errorOf(bench.post({ channel, text: '' }))).toBe('no_text');
  });

  it.each([
    ['51 blocks', Array.from({ length: 51 }, () => ({ type: 'divider' })), '/blocks'],
    ['a long section', [{ type: 'section', text: { type: 'mrkdwn', text: 'x'.repeat(3_001) } }], '/blocks/0/text/text'],
    ['an unknown field', [{ type: 'divider', colour: 'red' }], '/blocks/0'],
    ['an unknown type', [{ type: 'blink' }], '/blocks/0/type'],
    ['a mrkdwn header', [{ type: 'header', text: { type: 'mrkdwn', text: 'x' } }], '/blocks/0/text'],
    [
      'an empty rich text element',
      [{ type: 'rich_text', elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text: '' }] }] }],
      '/blocks/0/elements/0/elements/0/text',
    ],
  ])('refuses %s and says where', async (_name, blocks, pointer) => {
    const channel = await bench.privateChannel();
    const error: unknown = await bench.post({ channel, text: 'x', blocks }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      data: { error: 'invalid_blocks', errors: [expect.stringContaining(`:${pointer}]`)] },
    });
  });

  it('records whom a message pings and which links it shows', async () => {
    const channel = await bench.privateChannel();
    const post = async (args: { text: string; blocks?: object[]; link_names?: boolean }) => {
      const { ts = '' } = await bench.post({ channel, ...args });
      const message = bench.slack.channel(channel).message(ts);
      return { pings: message?.pings, links: message?.links.map(({ url }) => url) };
    };
    expect(await post({ text: `<!channel> <@${bench.ana.id}> <https://evil.example|bank.com>` })).toEqual({
      pings: ['channel', bench.ana.id],
      links: ['https://evil.example'],
    });
    expect(await post({ text: '&lt;!channel&gt; &lt;@U1&gt; @here' })).toEqual({ pings: [], links: [] });
    expect(await post({ text: '@here', link_names: true })).toEqual({ pings: ['here'], links: [] });
    const section = (mrkdwn: string) => [{ type: 'section', text: { type: 'mrkdwn', text: mrkdwn } }];
    expect(await post({ text: 'x', blocks: section('<!here> <http://a.example>') })).toEqual({
      pings: ['here'],
      links: ['http://a.example'],
    });
    const rich = [{ type: 'text', text: '<!channel> @here <http://b.example>' }];
    const block = { type: 'rich_text', elements: [{ type: 'rich_text_section', elements: rich }] };
    expect(await post({ text: 'x', blocks: [block] })).toEqual({ pings: [], links: [] });
  });

  it('reacts by names, aliases and skin tones, and refuses unknown ones', async () => {
    const channel = await bench.privateChannel();
    const { ts: timestamp = '' } = await bench.post({ channel, text: 'x' });
    await bench.client.reactions.add({ channel, timestamp, name: 'thumbsup' });
    expect(await errorOf(bench.client.reactions.add({ channel, timestamp, name: '+1' }))).toBe('already_reacted');
    await bench.client.reactions.add({ channel, timestamp, name: '+1::skin-tone-3' });
    expect(await errorOf(bench.client.reactions.add({ channel, timestamp, name: 'no-such' }))).toBe('invalid_name');
    await bench.client.reactions.remove({ channel, timestamp, name: '+1' });
    expect(await errorOf(bench.client.reactions.remove({ channel, timestamp, name: '+1' }))).toBe('no_reaction');
    expect(bench.slack.channel(channel).message(timestamp)?.reactions).toEqual([
      { name: '+1::skin-tone-3', users: [bench.slack.bot.id] },
    ]);
  });
});
