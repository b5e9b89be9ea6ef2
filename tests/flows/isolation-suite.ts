// One broken thing holds up nobody else: a message that can't be recorded, a dead and a throttled channel, a number that is logged out.
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import { channelWith, PATIENCE_MS, postWith, texts } from './desk.ts';
import { Town } from './town.ts';
import type { PlatformName, TownChannel, TownPerson, TownPost } from './workspace.ts';

const ALWAYS = 1_000_000;

interface Chat {
  readonly phone: Phone;
  readonly channel: TownChannel;
  readonly root: TownPost;
}

export function isolationSuite(platform: PlatformName): void {
  let town: Town;
  let office: Phone;
  let shop: Phone;
  let ana: TownPerson;
  let customers = 0;

  async function chat(name: string, to: Phone): Promise<Chat> {
    customers += 1;
    const phone = town.whatsapp.createPhone({ number: `49160${10_000_000 + customers}`, name });
    await phone.sendText(to, 'hello');
    const root = await postWith(town, name, 'hello');
    const channel = await channelWith(town, name, [ana]);
    return { phone, channel, root };
  }

  /** Both sides of these chats speak and are heard, once, in order. */
  async function converse(chats: readonly Chat[], word: string): Promise<void> {
    const numbered = (what: string): string[] => [1, 2, 3].map((number) => `${word} ${what} ${number}`);
    for (const number of [0, 1, 2]) {
      for (const { phone, channel, root } of chats) {
        await phone.sendText(office, numbered('question')[number] ?? '');
        await ana.say(channel, numbered('answer')[number] ?? '', { replyTo: root });
      }
    }
    for (const { phone, channel } of chats) {
      await postWith(town, phone.name, `${word} question 3`);
      await phone.received(({ text }) => text === `${word} answer 3`, PATIENCE_MS);
      expect(texts(channel).filter((text) => text.startsWith(`${word} question`))).toEqual(numbered('question'));
      const answers = phone.inbox.filter(({ text }) => text.startsWith(`${word} answer`));
      expect(answers.map(({ text }) => text)).toEqual(numbered('answer'));
    }
  }

  beforeAll(async () => {
    town = await Town.build({ workspaces: [platform] });
    office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
    shop = town.whatsapp.createPhone({ number: '4915110000009', name: 'Acme Shop' });
    ana = town.desk.addPerson('Ana', 'ana@acme.test');
    await town.start();
    await town.link(office);
    await town.link(shop, 'Shop');
  });

  afterAll(() => town.close());

  test('while four things are broken at once, everybody else is served, and what was held back comes when they are mended', async () => {
    const others = await Promise.all(['Ada', 'Bea', 'Cleo'].map((name) => chat(name, office)));
    const throttled = await chat('Thora', office);
    const dead = await chat('Dora', office);
    const poisoned = await chat('Poi', office);
    const away = await chat('Wayne', shop);
    onTestFinished(() => town.desk.mend());
    const sql = await town.sql();
    onTestFinished(() => sql.end());
    const { rows } = await sql.query<{
      id: string;
    }>(`select chat_id as id from message where text = 'hello' and author in
    (select id::text from contact where name = 'Poi')`);
    await sql.query(`create function poison() returns trigger language plpgsql as
    $$ begin if new.chat_id = '${rows[0]?.id}' then raise exception 'poison'; end if; return new; end $$`);
    await sql.query('create trigger poison before insert on message for each row execute function poison()');

    const wait = { kind: 'rate_limited', retryAfter: 1 } as const;
    const waits = town.desk.fail('customer', wait, { times: ALWAYS, channel: throttled.channel });
    const fail = { kind: 'status', status: 500 } as const;
    const fails = town.desk.fail('customer', fail, { times: ALWAYS, channel: dead.channel });
    await throttled.phone.sendText(office, 'throttled');
    await dead.phone.sendText(office, 'dead');
    await poisoned.phone.sendText(office, 'poison');
    await poisoned.phone.sendText(office, 'after the poison');
    shop.unlink();
    await ana.say(away.channel, 'nobody there', { replyTo: away.root });
    await town.until(() => waits.left < ALWAYS && fails.left < ALWAYS, 'the two channels to fail', PATIENCE_MS);
    await town.until(() => town.program.lines.some((line) => line.includes('could not be told')), 'the poison');

    await converse(others, 'meanwhile');
    // All of that came through while these still waited.
    expect(texts(throttled.channel)).not.toContain('throttled');
    expect(texts(dead.channel)).not.toContain('dead');
    expect(texts(poisoned.channel)).not.toContain('after the poison');
    expect(away.phone.inbox.filter(({ text }) => text === 'nobody there')).toEqual([]);

    town.desk.mend();
    await sql.query('drop trigger poison on message');
    await postWith(town, 'thora', 'throttled');
    await postWith(town, 'dora', 'dead');
    await postWith(town, 'poi', 'after the poison');
    // The poison itself may have become a stub by now; it stands in its place.
    expect(texts(poisoned.channel)).toEqual(['hello', expect.any(String), 'after the poison']);
  }, 180_000);
}
