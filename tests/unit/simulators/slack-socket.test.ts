// The Slack stand-in's Socket Mode, driven by the real Bolt app: events, acknowledgements, redelivery and broken connections.
import { App, SocketModeReceiver } from '@slack/bolt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { saying } from '../../../simulators/slack/index.ts';
import { Bench, errorOf, quiet } from './slack-client.ts';

interface Heard {
  readonly eventId: string;
  readonly type: string;
  readonly event: Record<string, unknown>;
  readonly retryNum: number | undefined;
}

let bench: Bench;
let app: App;
let heard: Heard[];

/** Starts a Bolt app that notes every event before Bolt acknowledges it. */
async function startApp(clientPingTimeout = 300): Promise<App> {
  const receiver = new SocketModeReceiver({
    appToken: bench.slack.appToken,
    clientPingTimeout,
    logger: quiet,
    installerOptions: { clientOptions: { slackApiUrl: bench.slack.apiUrl } },
  });
  const started = new App({
    token: bench.slack.botToken,
    receiver,
    ignoreSelf: false,
    logger: quiet,
    clientOptions: { slackApiUrl: bench.slack.apiUrl },
  });
  started.use(async ({ body, context, next }) => {
    const { event_id: eventId = '', event } = body as { event_id?: string; event?: Record<string, unknown> };
    if (event !== undefined) heard.push({ eventId, type: String(event['type']), event, retryNum: context.retryNum });
    await next();
  });
  await started.start();
  return started;
}

function messages(): Record<string, unknown>[] {
  return heard.filter(({ type }) => type === 'message').map(({ event }) => event);
}

async function heardText(text: string): Promise<Record<string, unknown>> {
  return bench.slack.until(() => messages().find((event) => event['text'] === text), `"${text}" to be heard`);
}

/** Whether something said now arrives, over whichever connection. */
async function hearsAgain(): Promise<boolean> {
  const text = `now ${heard.length}`;
  await bench.ana.say(bench.ana.direct, text);
  return (await heardText(text)) !== undefined;
}

async function begin(ackTimeoutMs: number): Promise<void> {
  heard = [];
  bench = await Bench.start({ settings: { ackTimeoutMs, redeliveryDelaysMs: [0, 30, 60] } });
  app = await startApp();
}

beforeEach(() => begin(400));

afterEach(async () => {
  await app.stop();
  const unknown = await bench.stop();
  if (unknown.length > 0) throw new Error(`Slack doesn't know ${unknown.join(', ')}`);
});

describe('events', () => {
  it('delivers a thread reply exactly once, as a client writes it, and sees it acknowledged', async () => {
    await app.stop();
    await bench.stop();
    // It must be acknowledged at the first try, also by a machine that is busy and an app that has just begun.
    await begin(5_000);
    const channel = await bench.privateChannel();
    const { ts = '' } = await bench.post({ channel, text: 'Hallo', username: 'Lena' });
    await bench.ana.say(channel, 'Fine *& good* 👍🏽 <ok> @Switchboard see https://a.example/x?y=1.', {
      thread: ts,
      mention: [bench.slack.bot],
    });
    const reply = await bench.slack.until(() => messages().find((event) => event['thread_ts'] === ts), 'the reply');
    expect(reply).toMatchObject({
      user: bench.ana.id,
      channel,
      channel_type: 'group',
      text: `Fine *&amp; good* :+1::skin-tone-4: &lt;ok&gt; <@${bench.slack.bot.id}> see <https://a.example/x?y=1>.`,
    });
    expect(reply['blocks']).toMatchObject([
      {
        type: 'rich_text',
        elements: [
          {
            type: 'rich_text_section',
            elements: [
              { type: 'text', text: 'Fine ' },
              { type: 'text', text: '& good', style: { bold: true } },
              { type: 'text', text: ' ' },
              { type: 'emoji', name: '+1', unicode: '1f44d-1f3fd', skin_tone: 4 },
              { type: 'text', text: ' <ok> ' },
              { type: 'user', user_id: bench.slack.bot.id },
              { type: 'text', text: ' see ' },
              { type: 'link', url: 'https://a.example/x?y=1' },
              { type: 'text', text: '.' },
            ],
          },
        ],
      },
    ]);
    await bench.slack.until(() => heard.some(({ type }) => type === 'app_mention'), 'the mention');
    await bench.slack.settled();
    expect(messages().filter((event) => event['ts'] === reply['ts'])).toHaveLength(1);
    expect(
      bench.slack.events.deliveries.every(({ state, attempts }) => state === 'acked' && attempts.length === 1),
    ).toBe(true);
  });

  it('tells of edits, deletions and reactions with what was there before', async () => {
    const channel = await bench.privateChannel();
    const ts = await bench.ana.say(channel, 'first');
    await bench.ana.edit(channel, ts, 'second');
    await bench.ana.react(channel, ts, 'thumbsup');
    await bench.ana.unreact(channel, ts, '+1');
    await bench.ana.remove(channel, ts);
    await bench.slack.until(() => messages().some((event) => event['subtype'] === 'message_deleted'), 'the deletion');
    const changed = messages().find((event) => event['subtype'] === 'message_changed');
    expect(changed).toMatchObject({
      message: { text: 'second', edited: { user: bench.ana.id } },
      previous_message: { text: 'first' },
    });
    expect(messages().at(-1)).toMatchObject({ deleted_ts: ts, previous_message: { text: 'second' } });
    expect(heard.filter(({ type }) => type.startsWith('reaction')).map(({ event }) => event)).toMatchObject([
      { type: 'reaction_added', reaction: '+1', user: bench.ana.id, item: { channel, ts }, item_user: bench.ana.id },
      { type: 'reaction_removed', reaction: '+1' },
    ]);
  });

  it('tells of people coming and going, of its own removal, and of nothing after it', async () => {
    const channel = await bench.privateChannel();
    const ben = bench.slack.addPerson({ name: 'Ben', email: 'ben@acme.com' });
    await bench.ana.invite(channel, ben);
    await ben.leave(channel);
    await bench.ana.kick(channel, bench.slack.bot);
    await bench.ana.say(channel, 'unheard');
    await bench.slack.until(() => heard.some(({ type }) => type === 'group_left'), 'the removal');
    await bench.slack.settled();
    const membership = heard.filter(({ type }) => /member|group_left|team_join/.test(type)).map(({ event }) => event);
    expect(membership.map((event) => [event['type'], event['inviter']])).toEqual([
      ['member_joined_channel', undefined],
      ['member_joined_channel', bench.slack.bot.id],
      ['team_join', undefined],
      ['member_joined_channel', bench.ana.id],
      ['member_left_channel', undefined],
      ['group_left', undefined],
    ]);
    expect(messages().map((event) => event['text'])).not.toContain('unheard');
  });

  it('shares a file a person sends in a message with the file in it', async () => {
    const channel = await bench.privateChannel();
    await bench.ana.say(channel, 'see', { files: [{ name: 'a.png', bytes: Buffer.from('png') }] });
    expect(await heardText('see')).toMatchObject({
      subtype: 'file_share',
      files: [{ name: 'a.png', mimetype: 'image/png' }],
    });
    const shared = await bench.slack.until(() => heard.find(({ type }) => type === 'file_shared'), 'file_shared');
    expect(shared.event).toMatchObject({ channel_id: channel, user_id: bench.ana.id });
  });

  it('hears direct messages and answers them', async () => {
    app.message('help', async ({ say }) => {
      await say('With what?');
    });
    await bench.ana.say(bench.ana.direct, 'help');
    await bench.slack.until(() => bench.ana.directMessages()[0], 'the answer');
    expect(bench.ana.directMessages().map(({ text }) => text)).toEqual(['With what?']);
  });

  it('tells of a revoked token and an uninstalled app', async () => {
    bench.slack.uninstall();
    await bench.slack.until(() => heard.length === 2, 'both events');
    expect(heard.map(({ type }) => type)).toEqual(['app_uninstalled', 'tokens_revoked']);
  });

  it('tells of channels renamed, archived, brought back and deleted by people', async () => {
    const channel = await bench.privateChannel();
    await bench.ana.rename(channel, 'wa-other');
    await bench.ana.archive(channel);
    await bench.ana.unarchive(channel);
    await bench.ana.deleteChannel(channel);
    await bench.slack.until(() => heard.some(({ type }) => type === 'group_deleted'), 'the deletion');
    const types = heard.map(({ type }) => type).filter((type) => type.startsWith('group_'));
    expect(types).toEqual(['group_rename', 'group_archive', 'group_unarchive', 'group_deleted']);
    expect(await errorOf(bench.client.conversations.info({ channel }))).toBe('channel_not_found');
  });

  it('tells of a deactivated person, who is silently out of every channel', async () => {
    const channel = await bench.privateChannel();
    bench.slack.change(bench.ana, { deleted: true });
    const changed = await bench.slack.until(() => heard.find(({ type }) => type === 'user_change'), 'user_change');
    expect(changed.event['user']).toMatchObject({ id: bench.ana.id, deleted: true });
    expect(bench.slack.channel(channel).members.has(bench.ana.id)).toBe(false);
    expect(heard.map(({ type }) => type)).not.toContain('member_left_channel');
    expect(await errorOf(bench.client.users.lookupByEmail({ email: 'ana@acme.com' }))).toBe('users_not_found');
  });

  it('marks a preview as a change that is no edit', async () => {
    const channel = await bench.privateChannel();
    const ts = await bench.ana.say(channel, 'https://a.example');
    bench.slack.unfurl(bench.slack.channel(channel), ts, 'A page');
    const changed = await bench.slack.until(() => messages().find((event) => event['subtype'] === 'message_changed'));
    expect(changed['message']).not.toHaveProperty('edited');
  });
});

describe('redelivery', () => {
  it('sends an unacknowledged event again with the same event id and a retry reason', async () => {
    const channel = await bench.privateChannel();
    await bench.slack.settled();
    bench.slack.sockets.ignoreAcks(1);
    await bench.ana.say(channel, 'again');
    await bench.slack.settled();
    const twice = heard.filter(({ event }) => event['text'] === 'again');
    expect(twice.map(({ retryNum }) => retryNum)).toEqual([0, 1]);
    expect(new Set(twice.map(({ eventId }) => eventId)).size).toBe(1);
  });

  it('gives an event up after the last try', async () => {
    const channel = await bench.privateChannel();
    await bench.slack.settled();
    await app.stop();
    await bench.slack.until(() => bench.slack.sockets.connections.length === 0, 'the connection to close');
    await bench.ana.say(channel, 'into the void');
    const lost = await bench.slack.until(() => bench.slack.events.deliveries.find(({ state }) => state === 'lost'));
    expect(lost.attempts.map(({ receipt }) => receipt?.kind)).toEqual(Array.from({ length: 4 }, () => 'unreachable'));
    app = await startApp();
  });

  it('delivers to a restarted app what its predecessor missed', async () => {
    const channel = await bench.privateChannel();
    await app.stop();
    await bench.slack.until(() => bench.slack.sockets.connections.length === 0, 'the connection to close');
    bench.slack.settings.redeliveryDelaysMs = [0, 700];
    await bench.ana.say(channel, 'missed');
    app = await startApp();
    expect(await heardText('missed')).toMatchObject({ channel });
  });
});

describe('what can go wrong with events', () => {
  it('withholds, reverses, duplicates, delays and loses them', async () => {
    const channel = await bench.privateChannel();
    await bench.slack.settled();
    const { events } = bench.slack;
    const hold = events.withhold(saying());
    await bench.ana.say(channel, 'one');
    await bench.ana.say(channel, 'two');
    hold.release('reversed');
    await heardText('one');
    events.duplicate(1, saying('three'));
    await bench.ana.say(channel, 'three');
    await bench.slack.until(() => messages().filter((event) => event['text'] === 'three').length === 2, 'both copies');
    const recover = events.lose(saying('four'));
    await bench.ana.say(channel, 'four');
    recover();
    events.delayMs = 20;
    await bench.ana.say(channel, 'five');
    await heardText('five');
    const texts = messages().map((event) => event['text']);
    expect(texts.slice(-5)).toEqual(['two', 'one', 'three', 'three', 'five']);
  });
});

describe('connections', () => {
  it.each(['refresh_requested', 'warning'] as const)('replaces a connection after %s', async (reason) => {
    const [first] = bench.slack.sockets.connections;
    bench.slack.sockets.disconnectAll(reason);
    await bench.slack.until(() => bench.slack.sockets.openedCount === 2, 'a new connection');
    expect(await hearsAgain()).toBe(true);
    expect(bench.slack.sockets.connections.map(({ id }) => id)).not.toContain(first?.id);
  });

  it('redelivers what was on a connection that broke', async () => {
    const channel = await bench.privateChannel();
    await bench.slack.settled();
    bench.slack.settings.redeliveryDelaysMs = [600, 600];
    bench.slack.sockets.ignoreAcks(1);
    await bench.ana.say(channel, 'on the way');
    bench.slack.sockets.dropAll();
    await bench.slack.until(() => heard.some(({ retryNum }) => retryNum === 1), 'the redelivery');
    const delivery = bench.slack.events.deliveries.find(({ event }) => event['text'] === 'on the way');
    expect(delivery?.attempts[0]?.receipt?.kind).toBe('disconnected');
  });

  it('is noticed as half-open and replaced', async () => {
    bench.slack.sockets.freezeAll();
    await bench.slack.until(() => bench.slack.sockets.openedCount === 2, 'a second connection', 8_000);
    expect(await hearsAgain()).toBe(true);
  }, 10_000);

  it('keeps the TCP connection after the close handshake when told to', async () => {
    bench.slack.sockets.lingerAfterClose = true;
    bench.slack.sockets.dropAll();
    await bench.slack.until(() => bench.slack.sockets.openedCount === 2, 'a second connection');
    expect(await hearsAgain()).toBe(true);
    const askedAt = Date.now();
    bench.slack.sockets.disconnectAll('refresh_requested');
    await bench.slack.until(() => bench.slack.sockets.openedCount === 3, 'a third connection', 9_000);
    expect(await hearsAgain()).toBe(true);
    // Without lingering the client is back after clientPingTimeout.
    expect(Date.now() - askedAt).toBeGreaterThan(500);
  }, 10_000);

  it('spreads envelopes over connections, each on one of them', async () => {
    const second = await startApp();
    const channel = await bench.privateChannel();
    for (let index = 0; index < 6; index += 1) await bench.ana.say(channel, `n${index}`);
    await bench.slack.settled();
    const used = bench.slack.events.deliveries.flatMap(({ attempts }) =>
      attempts.map(({ receipt }) => receipt?.connection),
    );
    expect(new Set(used).size).toBe(2);
    expect(messages().filter((event) => /^n\d$/.test(String(event['text'])))).toHaveLength(6);
    await second.stop();
  });

  it('takes a ticket once and refuses an app token that is not good', async () => {
    const { url = '' } = await bench.clientFor(bench.slack.appToken).apps.connections.open({});
    const openOnce = async (): Promise<string> =>
      new Promise((resolve) => {
        const socket = new WebSocket(url);
        socket.addEventListener('message', ({ data }) => {
          resolve(String(data));
          socket.close();
        });
        socket.addEventListener('error', () => {
          resolve('refused');
        });
      });
    expect(JSON.parse(await openOnce())).toMatchObject({ type: 'hello', num_connections: 2 });
    expect(await openOnce()).toBe('refused');
  });
});
