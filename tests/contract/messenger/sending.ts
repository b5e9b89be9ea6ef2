// Sending: certain when it can be, uncertain when it must be, and shown once.
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { expect } from 'vitest';
import { plain } from '../../../src/domain/text.ts';
import type { Promises } from '../messenger.ts';
import { ACME, failureOf, OTHER } from './play.ts';
import { everySoOften, eventually } from './told.ts';

export function sendingPromises(promise: Promises): void {
  promise('resolves when the server has it, under the id chosen before', async (play) => {
    await play.linked();
    const id = play.messenger.newMessageId(ACME);
    const { at } = await play.messenger.send(ACME, play.world.addressOf(play.ana), id, { text: plain('hello Ana') });
    expect(at.getTime()).toBeGreaterThan(Date.now() - 60_000);
    const shown = await play.ana.sees(({ text }) => text === 'hello Ana');
    expect(shown.id).toBe(id);
    const delivered = await play.told.first('receipt', ({ status }) => status === 'delivered');
    expect(delivered.ids).toEqual([id]);
    play.ana.read('us');
    await play.told.first('receipt', ({ ids, status }) => status === 'read' && ids.includes(id));
  });

  promise('chooses a new id each time', async (play) => {
    await play.linked();
    const ids = new Set(Array.from({ length: 100 }, () => play.messenger.newMessageId(ACME)));
    expect(ids.size).toBe(100);
  });

  promise('shows a message once that is sent again under its id', async (play) => {
    await play.linked();
    const id = play.messenger.newMessageId(ACME);
    const chat = play.world.addressOf(play.ana);
    await play.messenger.send(ACME, chat, id, { text: plain('just once') });
    await play.messenger.send(ACME, chat, id, { text: plain('just once') });
    await eventually(() => play.ana.copiesOf(id) === 2 || undefined, 'the second copy', everySoOften);
    const shown = await play.ana.sees((candidate) => candidate.id === id);
    expect(shown.text).toBe('just once');
  });

  promise('is uncertain when no acknowledgement came, and a repeat after a restart makes one message', async (play) => {
    await play.linked();
    const id = play.messenger.newMessageId(ACME);
    const chat = play.world.addressOf(play.ana);
    play.world.decide(play.us, 'delivered but unacked');
    const error = await failureOf(play.messenger.send(ACME, chat, id, { text: plain('did it arrive?') }));
    expect(error).toMatchObject({ code: 'unreachable', certain: false, retry: 'later' });
    await play.messenger.stop();
    play.world.decide(play.us, 'acked');
    await play.startAgain();
    await play.messenger.open(ACME);
    await play.told.state('connected');
    await play.messenger.send(ACME, chat, id, { text: plain('did it arrive?') });
    const shown = await play.ana.sees((candidate) => candidate.id === id);
    expect(shown.text).toBe('did it arrive?');
    await eventually(() => play.ana.copiesOf(id) === 2 || undefined, 'the repeat', everySoOften);
  });

  promise('tells an acknowledgement that comes too late', async (play) => {
    await play.linked();
    const id = play.messenger.newMessageId(ACME);
    play.world.decide(play.us, 'acked late');
    const error = await failureOf(
      play.messenger.send(ACME, play.world.addressOf(play.ana), id, { text: plain('slow') }),
    );
    expect(error.certain).toBe(false);
    const acked = await play.told.first('receipt', ({ status }) => status === 'acked');
    expect(acked.ids).toEqual([id]);
  });

  promise('is certain when the server refuses', async (play) => {
    await play.linked();
    play.world.decide(play.us, 'refused');
    const id = play.messenger.newMessageId(ACME);
    const error = await failureOf(play.messenger.send(ACME, play.world.addressOf(play.ana), id, { text: plain('no') }));
    expect(error).toMatchObject({ certain: true, retry: 'never' });
    expect(error.sentence).not.toBe('');
  });

  promise('is certain when there is no connection', async (play) => {
    await play.linked();
    await play.messenger.close(ACME);
    const id = play.messenger.newMessageId(ACME);
    const error = await failureOf(play.messenger.send(ACME, play.world.addressOf(play.ana), id, { text: plain('no') }));
    expect(error).toMatchObject({ code: 'not_connected', certain: true, retry: 'later' });
  });

  promise('quotes and mentions', async (play) => {
    await play.linked();
    const ben = play.world.customer('Ben');
    const crew = play.world.group(play.ana, 'Crew', [play.us, ben]);
    await ben.say(crew, 'who are you?');
    const question = await play.told.message('who are you?');
    const people = await play.messenger.participants(ACME, play.world.addressOf(crew));
    expect(new Set(people.map(({ phone }) => phone))).toEqual(new Set([play.ana.phone, ben.phone]));
    const person = people.find(({ phone }) => phone === ben.phone)?.address;
    if (person === undefined) throw new Error('Ben is not in the group');
    await play.messenger.send(ACME, play.world.addressOf(crew), play.messenger.newMessageId(ACME), {
      text: [{ kind: 'paragraph', inlines: [{ kind: 'mention', name: 'Ben', person }] }],
      quote: { key: question.key, preview: 'who are you?' },
    });
    const shown = await ben.sees(({ quotes }) => quotes === question.key.id);
    expect(shown.mentions).toEqual([ben.phone]);
  });

  promise('edits, reacts to and deletes', async (play) => {
    await play.linked();
    const chat = play.world.addressOf(play.ana);
    const id = play.messenger.newMessageId(ACME);
    const target = { id, author: { kind: 'us' } } as const;
    await play.messenger.send(ACME, chat, id, { text: plain('first try') });
    await play.messenger.edit(ACME, chat, target, play.messenger.newMessageId(ACME), { text: plain('second try') });
    const edited = await play.ana.sees((shown) => shown.id === id && shown.text === 'second try');
    expect(edited.editedFrom).toEqual(['first try']);
    await play.ana.say('us', 'thanks');
    const thanks = await play.told.message('thanks');
    await play.messenger.react(ACME, chat, thanks.key, play.messenger.newMessageId(ACME), '🎉');
    await play.ana.sees((shown) => shown.text === 'thanks' && shown.reactions.includes('🎉'));
    await play.messenger.react(ACME, chat, thanks.key, play.messenger.newMessageId(ACME), undefined);
    await play.ana.sees((shown) => shown.text === 'thanks' && shown.reactions.length === 0);
    await play.messenger.revoke(ACME, chat, target, play.messenger.newMessageId(ACME));
    await play.ana.sees((shown) => shown.id === id && shown.isRevoked);
  });

  promise('sends a file that arrives byte for byte', async (play) => {
    await play.linked();
    const bytes = randomBytes(200_000);
    await play.messenger.send(ACME, play.world.addressOf(play.ana), play.messenger.newMessageId(ACME), {
      text: plain('see the picture'),
      file: {
        media: 'image',
        name: 'picture.jpg',
        mimeType: 'image/jpeg',
        sizeBytes: bytes.length,
        open: async () => Readable.from([bytes.subarray(0, 70_000), bytes.subarray(70_000)]),
      },
    });
    const shown = await play.ana.sees(({ text }) => text === 'see the picture');
    expect(shown.file?.media).toBe('image');
    expect(shown.file && Buffer.from(shown.file.bytes).equals(bytes)).toBe(true);
  });

  promise('marks as read', async (play) => {
    await play.linked();
    const id = await play.ana.say('us', 'read me');
    const { key } = await play.told.message('read me');
    await play.messenger.markRead(ACME, play.world.addressOf(play.ana), [key]);
    await play.ana.seesRead(id);
  });

  promise('finds the chat of a number, and nobody behind an unknown one', async (play) => {
    await play.linked();
    const found = await play.messenger.findChat(ACME, play.ana.phone);
    expect(found?.address).toBe(play.world.addressOf(play.ana));
    expect(found?.person.phone).toBe(play.ana.phone);
    expect(await play.messenger.findChat(ACME, '+4930000000000')).toBeUndefined();
  });
  promise('trouble of one account never touches another', async (play) => {
    await play.linked();
    const other = play.world.ownPhone('Other');
    await play.linkByQr(OTHER, other);
    await play.told.state('connected', OTHER);
    play.told.judge = async (event) => {
      if (event.account === ACME && event.kind === 'message') throw new Error('Acme is broken');
    };
    await play.ana.say('us', 'to Acme');
    other.unlink();
    await play.told.state('logged_out', OTHER);
    play.told.judge = undefined;
    await play.told.message('to Acme');
    const id = play.messenger.newMessageId(ACME);
    await play.messenger.send(ACME, play.world.addressOf(play.ana), id, { text: plain('still here') });
  });

  promise('tells nothing after stop', async (play) => {
    await play.linked();
    await play.messenger.stop();
    const { length } = play.told.events;
    await play.ana.say('us', 'nobody listens');
    await play.startAgain();
    const before = play.told.events;
    await play.messenger.open(ACME);
    await play.told.message('nobody listens');
    expect(length).toBeGreaterThan(0);
    expect(before).toBe(play.told.events);
  });
}
