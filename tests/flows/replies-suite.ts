// What agents write, on its way to customers: said as meant, once, or kept inside.
import { beforeAll, expect, test } from 'vitest';
import { makeFiles, type DemoFile, type FileName } from '../../simulators/demo/files.ts';
import type { ReceivedMessage } from '../../simulators/whatsapp/index.ts';
import { channelWith, PATIENCE_MS, postWith, sha256 } from './desk.ts';
import { got, lines, ReplyStage } from './reply-stage.ts';
import type { PlatformName } from './workspace.ts';

const quoteOf = (message: ReceivedMessage): string | null | undefined =>
  message.message.extendedTextMessage?.contextInfo?.stanzaId;

export function repliesSuite(platform: PlatformName): void {
  const stage = new ReplyStage(platform);
  let files: Readonly<Record<FileName, DemoFile>>;

  beforeAll(async () => {
    files = await makeFiles();
  });

  test('sends formatting and emoji in WhatsApp’s own way', async () => {
    const { phone, channel, root } = await stage.chat('Format');
    const { bold, italic, strike, code, smile } = stage.town.desk.typed;
    const words = [bold('bold'), italic('italic'), strike('gone'), code('code'), smile, '👩‍👩‍👧'];
    await stage.ana.say(channel, words.join(' '), { replyTo: root });
    expect((await got(phone, '*bold* _italic_ ~gone~ `code` 😄 👩‍👩‍👧')).copies).toBe(1);
  });

  test('quotes the thread’s message, unless it is the newest of a direct chat; in a group always', async () => {
    const { phone, channel, root, id } = await stage.chat('Quentin', 'first question');
    await stage.ana.say(channel, 'answer to the newest', { replyTo: root });
    expect(quoteOf(await got(phone, 'answer to the newest')) ?? undefined).toBeUndefined();
    await phone.sendText(stage.office, 'second question');
    await postWith(stage.town, 'quentin', 'second question');
    await stage.ana.say(channel, 'back to the first', { replyTo: root });
    expect(quoteOf(await got(phone, 'back to the first'))).toBe(id);

    const group = stage.town.whatsapp.createGroup(phone, 'Quoters', [stage.office]);
    const asked = await phone.sendText(group, 'who is there?');
    const post = await postWith(stage.town, 'quoters', 'who is there?');
    const inGroup = await channelWith(stage.town, 'quoters', [stage.ana]);
    await stage.ana.say(inGroup, 'we are', { replyTo: post });
    expect(quoteOf(await got(phone, 'we are'))).toBe(asked);
  });

  test('sends files as their WhatsApp kind with their bytes, several in one post each once', async () => {
    const { phone, channel, root } = await stage.chat('Filip');
    const attach = (file: DemoFile) => ({ name: file.name, bytes: file.bytes, mimetype: file.mimeType });
    await stage.ana.say(channel, 'all of it', {
      replyTo: root,
      files: [attach(files.shelf), attach(files.receipt), attach(files.answer)],
    });
    await phone.received((message) => Boolean(message.message.audioMessage), PATIENCE_MS);
    await stage.town.quiet();
    const received = phone.inbox.filter(({ fromMe }) => !fromMe);
    expect(received.map((message) => sha256(phone.downloadMedia(message)))).toEqual(
      [files.shelf, files.receipt, files.answer].map(({ bytes }) => sha256(bytes)),
    );
    const [image, document, audio] = received.map(({ message }) => message);
    expect(image?.imageMessage?.caption).toBe('all of it');
    const inner = document?.documentMessage ?? document?.documentWithCaptionMessage?.message?.documentMessage;
    expect(inner?.fileName).toBe(files.receipt.name);
    expect(inner?.mimetype).toBe('application/pdf');
    expect(audio?.audioMessage).toBeTruthy();
    expect(received.every(({ copies }) => copies === 1)).toBe(true);
    await stage.town.until(
      () => lines(channel, root).length === 3 && lines(channel, root).every((each) => each.includes('✓✓')),
      'a line for each file',
      PATIENCE_MS,
    );
  });

  test('an edit and a deletion follow to the customer', async () => {
    const { phone, channel, root } = await stage.chat('Edith');
    const reply = await stage.ana.say(channel, 'at five', { replyTo: root });
    await got(phone, 'at five');
    await stage.ana.edit(channel, reply, 'at six');
    expect((await got(phone, 'at six')).editedFrom).toEqual(['at five']);
    await stage.ana.remove(channel, reply);
    await phone.received((message) => message.isRevoked, PATIENCE_MS);
  });

  test('an edit that comes too late is answered with a sentence and stays inside', async () => {
    const { phone, channel, root } = await stage.chat('Late');
    const reply = await stage.ana.say(channel, 'old words', { replyTo: root });
    await got(phone, 'old words');
    // Until it's confirmed, an edit takes the place of what was said.
    await stage.town.quiet();
    const client = await stage.town.sql();
    await client.query(`update message set sent_at = sent_at - interval '20 minutes' where text = 'old words'`);
    await client.end();
    await stage.ana.edit(channel, reply, 'new words');
    await stage.town.until(
      () => stage.ana.toldPrivately().some((told) => told.includes('15 minutes')),
      'the sentence',
      PATIENCE_MS,
    );
    await stage.town.quiet();
    expect(phone.inbox.filter(({ fromMe }) => !fromMe).map(({ text }) => text)).toEqual(['old words']);
  });

  test('a deletion that comes too late is answered with a sentence', async () => {
    const { phone, channel, root } = await stage.chat('Delia');
    const reply = await stage.ana.say(channel, 'too old to go', { replyTo: root });
    await got(phone, 'too old to go');
    await stage.town.quiet();
    const client = await stage.town.sql();
    await client.query(`update message set sent_at = sent_at - interval '3 days' where text = 'too old to go'`);
    await client.end();
    await stage.ana.remove(channel, reply);
    await stage.town.until(
      () => stage.ana.toldPrivately().some((told) => told.includes('2 days')),
      'the sentence',
      PATIENCE_MS,
    );
    await stage.town.quiet();
    expect((await got(phone, 'too old to go')).isRevoked).toBe(false);
  });

  test('an agent’s reaction becomes the number’s; the last one wins; the team’s own emoji stay inside', async () => {
    const { phone, channel, root, id } = await stage.chat('Rita');
    const present = (): readonly string[] => [
      ...(phone.inbox.find((each) => each.id === id)?.reactions.values() ?? []),
    ];
    for (const sign of ['🎫', '👀', '✅', '🔁']) await stage.ana.react(channel, root.id, sign);
    await stage.ana.react(channel, root.id, '👍');
    await stage.town.until(() => present().join() === '👍', 'the reaction', PATIENCE_MS);
    await stage.ben.react(channel, root.id, '❤️');
    await stage.town.until(() => present().join() === '❤️', 'the other one’s reaction', PATIENCE_MS);
    await stage.ana.unreact(channel, root.id, '👍');
    await stage.ben.unreact(channel, root.id, '❤️');
    await stage.town.until(() => present().length === 0, 'no reaction', PATIENCE_MS);
    await stage.town.quiet();
    expect(phone.inbox.every((message) => [...message.reactions.values()].length === 0)).toBe(true);
  });

  test('what is written at the top level, or after // or note:, stays inside', async () => {
    const { phone, channel, root } = await stage.chat('Noah');
    await stage.ana.say(channel, 'he always pays late');
    await stage.ana.say(channel, '// careful with him', { replyTo: root });
    await stage.ben.say(channel, 'Note: I know him', { replyTo: root });
    await stage.ana.say(channel, 'good morning', { replyTo: root });
    await got(phone, 'good morning');
    await stage.town.quiet();
    expect(phone.inbox.filter(({ fromMe }) => !fromMe).map(({ text }) => text)).toEqual(['good morning']);
    expect(lines(channel, root)).toHaveLength(1);
  });

  test('@Name of a participant becomes a mention', async () => {
    const [max, nina] = [stage.customer('Max'), stage.customer('Nina Simon')];
    const group = stage.town.whatsapp.createGroup(max, 'Mentioned', [stage.office, nina]);
    await nina.sendText(group, 'I am Nina');
    await max.sendText(group, 'and I Max');
    const root = await postWith(stage.town, 'mentioned', 'and I Max');
    const channel = await channelWith(stage.town, 'mentioned', [stage.ana]);
    await stage.ana.say(channel, 'see @Nina Simon, please', { replyTo: root });
    const received = await nina.received((message) => message.text.startsWith('see @'), PATIENCE_MS);
    const mentioned = received.message.extendedTextMessage?.contextInfo?.mentionedJid ?? [];
    expect([nina.jid, nina.lid]).toContain(mentioned[0]);
    expect(received.text).toBe(`see @${mentioned[0]?.split('@')[0]}, please`);
  });
}
