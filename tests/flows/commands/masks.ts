// Phone numbers masked and shown again: what members read, and the names and topics of channels that are there, at the platform's pace.
import { expect, test } from 'vitest';
import { PATIENCE_MS, postWith } from '../desk.ts';
import type { TownChannel } from '../workspace.ts';
import type { Stage } from './stage.ts';

/** Somebody whose name is their number: the channel bears it. */
const NUMBER = '+49 1511 0000017';
const OPEN = 'wa-49-1511-0000017';
const MASKED = 'wa-49-17';

export function maskTests(stage: Stage): void {
  const mask = async (maskPhones: boolean) =>
    expect((await stage.town.api('PATCH', '/api/v1/settings', { maskPhones })).status).toBe(200);
  const now = (channel: TownChannel): TownChannel => stage.town.desk.channels().find(({ id }) => id === channel.id)!;
  const called = (name: string) => stage.town.desk.channels().find((channel) => channel.name === name);

  test('names and topics of the channels follow, back and forth; what stands in them stays', async () => {
    const { town, miaChannel } = stage;
    const otto = town.whatsapp.createPhone({ number: '4915110000017', name: NUMBER });
    await otto.sendText(stage.office, 'Hello');
    const open = await town.until(() => called(OPEN), 'a channel named by a number', PATIENCE_MS);
    await town.quiet();
    expect([now(open).topic, now(miaChannel).topic].join()).toMatch(/0000017.*0000002/);
    const before = now(miaChannel).posts.map(({ id, text }) => [id, text]);
    for (const isMasked of [true, false]) {
      await mask(isMasked);
      await town.until(
        () => now(open).name === (isMasked ? MASKED : OPEN) && now(miaChannel).topic.includes('•') === isMasked,
        `names and topics, masked: ${isMasked}`,
        PATIENCE_MS,
      );
      await town.quiet();
      expect(now(miaChannel).name).toBe(miaChannel.name);
      expect(/00000/.test(now(open).topic + now(miaChannel).topic)).toBe(!isMasked);
      const { body } = await town.api('GET', '/api/v1/chats?limit=200');
      const names = (body['items'] as { mirrors: { channelId: string; channelName: string }[] }[]).flatMap(
        ({ mirrors }) => mirrors,
      );
      expect(names.find(({ channelId }) => channelId === open.id)?.channelName).toBe(now(open).name);
    }
    expect(now(open).name).toBe(OPEN);
    expect(
      now(miaChannel)
        .posts.filter(({ id }) => before.some(([known]) => known === id))
        .map(({ id, text }) => [id, text]),
    ).toEqual(before);
  });

  test('what the platform doesn’t take now waits, holds nothing up, and outlives the program', async () => {
    const { town, mia, ana } = stage;
    const open = called(OPEN)!;
    // Discord takes two changes of a channel in ten minutes, and has had them; Slack is told to say so.
    if (town.desk.platform === 'slack') {
      for (const method of ['conversations.rename', 'conversations.setTopic'])
        town.slack.faults.call(method, { kind: 'rate_limited', retryAfter: '600' }, { times: 1_000 });
    }
    await mask(true);
    const sql = await town.sql();
    const names = `from lane where key like 'history:%:names'`;
    await town.until(
      async () => (await sql.query(`select 1 ${names} and last_error = 'throttled'`)).rowCount === 1,
      'the platform’s no',
      PATIENCE_MS,
    );
    await mia.sendText(stage.office, 'Still there?');
    const post = await postWith(town, 'mia', 'Still there?');
    await ana.person.say(stage.miaChannel, 'Sure', { replyTo: post });
    await mia.received((message) => message.text === 'Sure', PATIENCE_MS);
    expect(now(open).name).toBe(OPEN);

    await town.kill();
    if (town.desk.platform === 'slack') town.slack.faults.clear();
    else town.discord.faults.renameLimit = false;
    await sql.query(`update lane set next_at = now() where id in (select id ${names})`);
    await sql.end();
    await town.start();
    await town.until(() => now(open).name === MASKED, 'the name after all', PATIENCE_MS);
    await town.quiet();
    expect(now(stage.miaChannel).topic).toContain('•');
  });

  test('commands show members masked numbers, and admins all of them', async () => {
    expect((await stage.cleo.give(stage.lobby, 'chats')).text).not.toContain('0000004');
    expect((await stage.ana.give(stage.lobby, 'chats')).text).toMatch(/0000004|Nina/);
  });
}
