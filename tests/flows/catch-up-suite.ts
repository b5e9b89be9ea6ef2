// Away and back: what was said while the program or a link was down is caught up, in order, once, on both sides.
import { expect, onTestFinished, test } from 'vitest';
import type { Phone, ReceivedMessage } from '../../simulators/whatsapp/index.ts';
import { channelOf, count, PATIENCE_MS, postWith, texts } from './desk.ts';
import { ReplyStage } from './reply-stage.ts';
import type { PlatformName, TownFault } from './workspace.ts';

const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `message ${from + index}`);

const got = (phone: Phone, text: string): number =>
  phone.inbox.filter((message) => !message.fromMe && message.text === text).length;

const replies = (phone: Phone): readonly string[] =>
  phone.inbox.filter(({ fromMe }) => !fromMe).map(({ text }) => text);

const FAULTS: readonly (readonly [string, TownFault])[] = [
  ['whose answer is lost after it was done', { kind: 'answer_lost' }],
  ['whose answer breaks off', { kind: 'answer_cut' }],
  ['that is answered 503', { kind: 'status', status: 503, body: 'busy' }],
  ['that is answered 500 with a page', { kind: 'status', status: 500, body: '<html>', contentType: 'text/html' }],
  ['that is answered with a web page', { kind: 'html' }],
  ['that is cut off', { kind: 'cut' }],
];

export function catchUpSuite(platform: PlatformName): void {
  const stage = new ReplyStage(platform);
  // Slack keeps no trace of a reply that was deleted, and tells again what we didn't acknowledge: for two hours.
  const findsDeletions = platform === 'discord';

  /** The texts that begin with “message” of a channel, in order. */
  const numberedIn = (name: string): readonly string[] =>
    texts(channelOf(stage.town.desk, name)).filter((text) => text.startsWith('message '));

  /** Holds what the program knows of the Workspace to be this old. */
  async function heardUntil(ago: string): Promise<void> {
    const sql = await stage.town.sql();
    await sql.query(`update workspace set heard_until = now() - $1::interval`, [ago]);
    await sql.end();
  }

  test('fifty messages of several chats that came while it was down are shown in order, once', async () => {
    const { town, office } = stage;
    await town.stop();
    const phones = ['Amber', 'Basil', 'Cedar', 'Dill', 'Elder'].map((name) => stage.customer(name));
    for (const text of numbered(1, 10)) for (const phone of phones) await phone.sendText(office, text);
    await town.start();
    for (const { name } of phones) await postWith(town, name, 'message 10');
    await town.quiet();
    for (const { name } of phones) expect(numberedIn(name)).toEqual(numbered(1, 10));
  }, 180_000);

  test('replies, edits and deletions whose events were lost are found by reading, and sent once', async () => {
    const { town, ana } = stage;
    const { phone, channel, root } = await stage.chat('Gale');
    const before = await ana.say(channel, 'we open at nine', { replyTo: root });
    const mistaken = await ana.say(channel, 'we are closed', { replyTo: root });
    await phone.received((message) => message.text === 'we open at nine', PATIENCE_MS);
    await phone.received((message) => message.text === 'we are closed', PATIENCE_MS);
    await town.quiet();
    await town.kill();
    const found = town.desk.loseEvents();
    await ana.say(channel, 'and close at five', { replyTo: root });
    await ana.edit(channel, before, 'we open at ten');
    if (findsDeletions) await ana.remove(channel, mistaken);
    found();
    await town.start();
    await phone.received((message) => message.text === 'and close at five', PATIENCE_MS);
    await phone.received((message) => message.text === 'we open at ten', PATIENCE_MS);
    const isGone = (message: ReceivedMessage): boolean => message.text === 'we are closed' && message.isRevoked;
    if (findsDeletions) await phone.received(isGone, PATIENCE_MS);
    await town.quiet();
    expect(got(phone, 'and close at five')).toBe(1);
  }, 180_000);

  test('a reply found more than ten minutes later waits for a person’s word', async () => {
    const { town, ana } = stage;
    const { phone, channel, root } = await stage.chat('Hazel');
    await town.quiet();
    await town.kill();
    await heardUntil('2 hours');
    // The conversation is of this morning: its first message must be older than the reply.
    const found = town.desk.loseEvents();
    await ana.say(channel, 'half an hour ago', { replyTo: root, at: new Date(Date.now() - 30 * 60_000) });
    found();
    await town.start();
    const held = await postWith(town, 'hazel', '⏸ not sent yet');
    expect(held.text).toMatch(/ana@acme\.test · ⏸ not sent yet: written 30 minutes before/);
    await town.quiet();
    expect(got(phone, 'half an hour ago')).toBe(0);
    await ana.press(held, 'send:');
    await phone.received((message) => message.text === 'half an hour ago', PATIENCE_MS);
    await town.until(() => channel.post(held.id)?.text.includes('✓✓ delivered'), 'the line', PATIENCE_MS);
    expect(channel.post(held.id)?.buttons).toEqual([]);
    expect(got(phone, 'half an hour ago')).toBe(1);
  }, 180_000);

  test('ten minutes without events: what was said meanwhile is found by reading, in order, once', async () => {
    const { town, ana } = stage;
    const { phone, channel, root } = await stage.chat('Ida');
    await town.quiet();
    const found = town.desk.loseEvents();
    const open = town.desk.shutOut();
    onTestFinished(open);
    await town.until(async () => !(await town.isConnected()), 'the workspace to be cut off');
    await heardUntil('10 minutes');
    const minutesAgo = (minutes: number): Date => new Date(Date.now() - minutes * 60_000);
    for (const [text, minutes] of Object.entries({ 'gap 1': 9, 'gap 2': 5, 'gap 3': 1 })) {
      await ana.say(channel, text, { replyTo: root, at: minutesAgo(minutes) });
    }
    found();
    open();
    await phone.received((message) => message.text === 'gap 3', PATIENCE_MS);
    await town.quiet();
    expect(replies(phone)).toEqual(['gap 1', 'gap 2', 'gap 3']);
  }, 180_000);

  test('a connection to the workspace that drops, and one to WhatsApp, lose nothing, even if refused at first', async () => {
    const { town, ana, office } = stage;
    const { phone, channel, root } = await stage.chat('Ivo');
    for (const how of ['reset', 'mid-frame'] as const) {
      town.whatsapp.faults.refuseLogins(office, 503, 1);
      town.whatsapp.faults.cut(office, how);
      town.desk.dropConnection(2);
      await phone.sendText(office, `customer after ${how}`);
      await ana.say(channel, `agent after ${how}`, { replyTo: root });
      await postWith(town, 'ivo', `customer after ${how}`);
      await phone.received((message) => message.text === `agent after ${how}`, PATIENCE_MS);
      expect(got(phone, `agent after ${how}`)).toBe(1);
      await town.until(() => town.isConnected(), 'the number and the workspace to be connected', PATIENCE_MS);
    }
    await town.quiet();
    const all = texts(channelOf(town.desk, 'ivo')).filter((text) => text.startsWith('customer'));
    expect(all).toEqual(['customer after reset', 'customer after mid-frame']);
  }, 180_000);

  test('one channel that has to wait holds up no other', async () => {
    const { town, office } = stage;
    const slow = await stage.chat('Juno');
    const quick = await stage.chat('Kale');
    onTestFinished(() => town.desk.mend());
    const waiting = town.desk.fail('customer', { kind: 'rate_limited', retryAfter: 5 }, { channel: slow.channel });
    await slow.phone.sendText(office, 'must wait');
    await slow.phone.sendText(office, 'waits behind it');
    await town.until(() => waiting.left === 0, 'the 429', PATIENCE_MS);
    await quick.phone.sendText(office, 'goes on');
    await postWith(town, 'kale', 'goes on');
    expect(count(slow.channel, 'must wait')).toBe(0);
    await postWith(town, 'juno', 'waits behind it');
    expect(texts(slow.channel).slice(-2)).toEqual(['must wait', 'waits behind it']);
  }, 180_000);

  test('whatever is said of how long to wait, all is shown in order, once', async () => {
    const { town, office } = stage;
    onTestFinished(() => town.desk.mend());
    const past = new Date(Date.now() - 60_000).toUTCString();
    const headers = {
      Zero: '0',
      Minus: '-30',
      Past: past,
      Part: '0.3',
      Absent: '',
      Words: 'soon',
      Endless: '1000000000',
    };
    const names = Object.keys(headers);
    const last: Promise<unknown>[] = [];
    await Promise.all(
      Object.entries(headers).map(async ([name, retryAfter]) => {
        const { phone, channel } = await stage.chat(name);
        const order = town.desk.fail('customer', { kind: 'rate_limited', retryAfter }, { channel });
        for (const text of numbered(1, 3)) await phone.sendText(office, text);
        await town.until(() => order.left === 0, `the 429 of ${name}`, PATIENCE_MS);
        if (name !== 'Endless') last.push(postWith(town, name, 'message 3'));
      }),
    );
    await Promise.all(last);
    expect(numberedIn('Endless')).toEqual([]);
    // Hours are looked after again once the connection was lost, as at a start.
    town.desk.dropConnection(0);
    await postWith(town, 'endless', 'message 3');
    await town.quiet();
    for (const name of names) expect([name, ...numberedIn(name)]).toEqual([name, ...numbered(1, 3)]);
  }, 180_000);

  test('a post that fails in whatever way is there once, and in its place', async () => {
    const { town, office } = stage;
    onTestFinished(() => town.desk.mend());
    await Promise.all(
      FAULTS.map(async ([what, fault]) => {
        const name = `Post${what.length}`;
        const { phone, channel } = await stage.chat(name);
        const order = town.desk.fail('customer', fault, { channel });
        for (const text of numbered(1, 4)) await phone.sendText(office, text);
        await postWith(town, name, 'message 4');
        expect([what, order.left]).toEqual([what, 0]);
      }),
    );
    await town.quiet();
    for (const [what] of FAULTS) expect([what, ...numberedIn(`Post${what.length}`)]).toEqual([what, ...numbered(1, 4)]);
  }, 180_000);

  test('a call that is never answered is given up, looked up, and made once', async () => {
    const { town, office } = stage;
    onTestFinished(() => town.desk.mend());
    await Promise.all(
      Object.entries({ Mute: 'hang', Dumb: 'answer_hangs' } as const).map(async ([name, kind]) => {
        const { phone, channel } = await stage.chat(name);
        const order = town.desk.fail('customer', { kind }, { channel });
        for (const text of numbered(1, 3)) await phone.sendText(office, text);
        await postWith(town, name, 'message 3');
        expect(order.left).toBe(0);
      }),
    );
    await town.quiet();
    for (const name of ['Mute', 'Dumb']) expect(numberedIn(name)).toEqual(numbered(1, 3));
  }, 180_000);

  test('a line whose posting’s answer is lost stands under its reply once, and goes on', async () => {
    const { town, ana } = stage;
    const { phone, channel, root } = await stage.chat('Lime');
    onTestFinished(() => town.desk.mend());
    town.desk.fail('bot', { kind: 'answer_lost' }, { channel });
    await ana.say(channel, 'one line, please', { replyTo: root });
    await phone.received((message) => message.text === 'one line, please', PATIENCE_MS);
    await town.until(() => texts(channel).some((text) => text.includes('✓✓ delivered')), 'the line', PATIENCE_MS);
    await town.quiet();
    expect(count(channel, 'ana@acme.test')).toBe(1);
    expect(town.desk.hasTold('one line, please')).toBe(true);
  }, 180_000);
}
