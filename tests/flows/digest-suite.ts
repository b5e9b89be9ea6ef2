// Digests and reminders in the real program: late after downtime, each once whatever dies, with a picture whose words are the figures.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import { channelOf, channelWith, PATIENCE_MS, postWith, texts } from './desk.ts';
import { Town } from './town.ts';
import type { PlatformName, TownChannel, TownPerson, TownPost } from './workspace.ts';

/** It is about noon there now, so that a day before and a night before lie at hand whenever this runs. */
const noonOffset = 12 - new Date().getUTCHours();
const timeZone = noonOffset === 0 ? 'Etc/GMT' : `Etc/GMT${noonOffset > 0 ? '-' : '+'}${Math.abs(noonOffset)}`;

export function digestSuite(platform: PlatformName): void {
  let town: Town;
  let office: Phone;
  let ana: TownPerson;
  let figures: TownChannel;
  let mia: Phone;
  let leo: Phone;

  const posts = (text: string): readonly TownPost[] => figures.posts.filter((post) => post.text.includes(text));

  const digest = (text: string): Promise<TownPost> =>
    town.until(() => posts(text).at(0), `a post with “${text}”`, PATIENCE_MS);

  async function rows<Row extends object>(text: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    const client = await town.sql();
    try {
      return (await client.query<Row>(text, [...parameters])).rows;
    } finally {
      await client.end();
    }
  }

  const reminders = (all: readonly string[]): readonly string[] =>
    all.filter((text) => text.includes('has been waiting for an answer'));

  beforeAll(async () => {
    town = await Town.build({ workspaces: [platform] });
    office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
    mia = town.whatsapp.createPhone({ number: '4915110000002', name: 'Mia' });
    leo = town.whatsapp.createPhone({ number: '4915110000003', name: 'Leo' });
    ana = town.desk.addPerson('Ana', 'ana@acme.test');
    figures = await town.desk.makeChannel('figures', ana, { hasBot: true });
    await town.start();
    await town.link(office);
    await mia.sendText(office, 'Do you ship to Austria?');
    await leo.sendText(office, 'Is anybody there?');
    const [question, waiting] = [await postWith(town, 'mia', 'Austria'), await postWith(town, 'leo', 'anybody there')];
    const [toMia, toLeo] = [await channelWith(town, 'mia', [ana]), await channelWith(town, 'leo', [ana])];
    await ana.say(toMia, 'We do', { replyTo: question });
    await mia.received((message) => message.text === 'We do', PATIENCE_MS);
    await ana.react(toLeo, waiting.id, '🎫');
    await ana.react(toLeo, waiting.id, '👀');
    await town.until(() => toLeo.posts.some(({ text }) => text.includes('in progress · ana@')), 'the ticket');
    await town.quiet();
  }, 120_000);

  afterAll(() => town.close());

  test('what was due while it was down is posted once by two processes, late and marked, and the picture’s words are the figures', async () => {
    const [place] = await rows<{ id: string }>('select id from workspace');
    const wanted = { channelId: figures.id, at: '01:00', timeZone, weekly: true };
    expect((await town.api('PUT', `/api/v1/workspaces/${place?.id}/digest`, wanted)).status).toBe(200);
    expect(await town.stop()).toBe(0);
    // All of that was yesterday.
    await rows(`update message set sent_at = sent_at - interval '1 day', received_at = received_at - interval '1 day',
    acked_at = acked_at - interval '1 day', posted_at = posted_at - interval '1 day'`);
    await rows(
      `update episode set asked_at = asked_at - interval '1 day', answered_at = answered_at - interval '1 day'`,
    );
    await rows(`update digest_schedule set since = since - interval '8 days'`);
    await rows(`insert into setting (key, value, updated_at) values ('nudges', '{"afterMinutes": [30, 60]}', now())`);
    const [first, second] = [town.run(), town.run({ DATA_DIR: `${town.settings['DATA_DIR']}-2` })];
    await Promise.race([first.line('"msg":"at work"'), second.line('"msg":"at work"')]);

    const daily = await digest('Daily support digest');
    await digest('Weekly support digest');
    expect(daily.text).toContain('Posted late');
    const [made] = await rows<{ content: { from: string; to: string } }>(
      `select content from digest where kind = 'daily'`,
    );
    const worker = first.lines.some((line) => line.includes('"msg":"at work"')) ? first : second;
    const { from = '', to = '' } = made?.content ?? {};
    const { body } = await town.api('GET', `/api/v1/metrics/summary?from=${from}&to=${to}`, undefined, worker);
    const { replies, firstResponse, received } = body as unknown as {
      replies: { total: number };
      firstResponse: { count: number };
      received: number;
    };
    expect([replies.total, firstResponse.count, received]).toEqual([1, 1, 2]);
    const [file] = daily.files;
    expect(file?.bytes.subarray(1, 4).toString()).toBe('PNG');
    expect(file?.bytes.readUInt32BE(16)).toBe(1800);
    for (const words of [file?.altText, daily.text]) {
      expect(words).toContain(`${replies.total} reply`);
      expect(words).toContain(`of ${firstResponse.count}`);
      expect(words).toContain(`${received} messages received in 2 active chats`);
      expect(words).toContain('1 chat is waiting for an answer, the longest for 1d 0h');
    }
    expect(daily.text).toContain('Ledger: 2 received = 2 mirrored + 0 left out · nothing is missing');
    // Members of that channel may not see the chats: none is named.
    expect(daily.raw).not.toMatch(/mia|leo/iu);

    // The other one takes over and finds it done: once it has posted something itself, it has looked.
    worker.signal('SIGTERM');
    await worker.ended;
    const other = worker === first ? second : first;
    town.forget(worker);
    await other.line('"msg":"at work"');
    expect((await town.api('POST', `/api/v1/workspaces/${place?.id}/digest/now`, {}, other)).status).toBe(201);
    await digest('Support digest so far');
    await town.quiet();
    expect([posts('Daily support digest').length, posts('Weekly support digest').length]).toEqual([1, 1]);
  }, 180_000);

  test('whoever waits is brought up once in the channel, and to the one whose ticket it is', async () => {
    const channel = channelOf(town.desk, 'leo')!;
    await town.until(() => reminders(texts(channel)).length > 0, 'the reminder', PATIENCE_MS);
    await town.quiet();
    expect(reminders(texts(channel))).toEqual(['ℹ️ The customer has been waiting for an answer for 1d 0h.']);
    expect(reminders(texts(channelOf(town.desk, 'mia')))).toEqual([]);
    expect(reminders(ana.directMessages())).toEqual([
      `ℹ️ #${channel.name}: The customer has been waiting for an answer for 1d 0h.`,
    ]);
  });

  test('killed while it posts, before or after the platform has it, the digest is there once', async () => {
    const [place] = await rows<{ id: string }>('select id from workspace');
    const shares = (): number => figures.posts.filter(({ files }) => files.length > 0).length;
    const ask = () => town.api('POST', `/api/v1/workspaces/${place?.id}/digest/now`, {});

    const before = posts('Support digest so far').length;
    const upload = town.desk.fail('upload', { kind: 'hang' });
    expect((await ask()).status).toBe(201);
    await town.until(() => upload.left === 0, 'the upload to begin', PATIENCE_MS);
    await town.kill();
    await town.start();
    await town.until(() => posts('Support digest so far').length > before, 'the first digest', PATIENCE_MS);

    const shared = shares();
    town.desk.fail('share', { kind: 'answer_hangs' });
    expect((await ask()).status).toBe(201);
    await town.until(() => shares() > shared, 'the second digest', PATIENCE_MS);
    await town.kill();
    await town.start();
    await town.quiet();
    expect(posts('Support digest so far')).toHaveLength(before + 2);
    expect(await rows(`select count(*)::int as count from digest where kind = 'now'`)).toEqual([{ count: before + 2 }]);
  }, 180_000);

  test('one whose channel is closed to Switchboard is told to the admins, and doesn’t hold up the next', async () => {
    const [place] = await rows<{ id: string }>('select id from workspace');
    const closed = await town.desk.makeChannel('closed', ana, { hasBot: false });
    const before = posts('Support digest so far').length;
    const route = `/api/v1/workspaces/${place?.id}/digest/now`;
    await town.api('POST', route, { channelId: closed.id, timeZone });
    await town.api('POST', route, {});
    await town.until(() => posts('Support digest so far').length > before, 'the next digest', PATIENCE_MS);
    const told = await town.until(
      () => ana.directMessages().find((text) => text.includes('digest could not be posted')),
      'Ana to be told',
      PATIENCE_MS,
    );
    expect(told).toContain('Switchboard isn’t in it');
  });
}
