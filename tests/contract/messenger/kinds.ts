// What kinds of things are told: own messages, edits, deletions, reactions, quotes, polls, groups, files.
import { createHash, randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { expect } from 'vitest';
import { plainText } from '../../../src/domain/text.ts';
import type { Promises } from '../messenger.ts';
import { ACME } from './play.ts';

export function kindPromises(promise: Promises): void {
  promise('tells what is typed on our own phone as ours', async (play) => {
    await play.linked();
    const id = await play.us.say(play.ana, 'from the phone');
    const event = await play.told.message('from the phone');
    expect(event.key).toEqual({ id, author: { kind: 'us' } });
    expect(event.chat.address).toBe(play.world.addressOf(play.ana));
  });

  promise('tells edits, deletions and reactions with the message they mean', async (play) => {
    await play.linked();
    const id = await play.ana.say('us', 'draft');
    await play.ana.edit('us', id, 'final');
    const edited = await play.told.first('edited');
    expect(edited.target.id).toBe(id);
    expect(edited.content.kind === 'text' && plainText(edited.content.text)).toBe('final');
    await play.us.say(play.ana, 'react to this');
    const own = await play.told.message('react to this');
    await play.ana.react('us', own.key.id, '👍');
    const reacted = await play.told.first('reacted');
    expect(reacted).toMatchObject({ target: { id: own.key.id, author: { kind: 'us' } }, emoji: '👍' });
    await play.ana.react('us', own.key.id, '');
    await play.told.first('reacted', ({ emoji }) => emoji === undefined);
    await play.ana.revoke('us', id);
    const deleted = await play.told.first('deleted');
    expect(deleted.target.id).toBe(id);
    expect(deleted.by.kind).toBe('person');
  });

  promise('tells quotes, mentions by name and forwarding', async (play) => {
    await play.linked();
    const ben = play.world.customer('Ben');
    const crew = play.world.group(play.ana, 'Crew', [play.us, ben]);
    await ben.say(crew, 'who comes?');
    const question = await play.told.message('who comes?');
    await play.ana.say(crew, `ask @${ben.phone.slice(1)}`, {
      quote: question.key.id,
      mentions: [ben],
      forwarded: true,
    });
    const event = await play.told.first('message', ({ quoted }) => quoted !== undefined);
    expect(event.quoted?.key.id).toBe(question.key.id);
    expect(event.quoted?.key.author).toMatchObject({ kind: 'person', person: { phone: ben.phone } });
    expect(event.quoted?.preview).toBe('who comes?');
    expect(event.forwarded).toBe(true);
    const [paragraph] = event.content.kind === 'text' ? event.content.text : [];
    const mention =
      paragraph?.kind === 'paragraph' ? paragraph.inlines.find(({ kind }) => kind === 'mention') : undefined;
    expect(mention).toEqual({ kind: 'mention', name: 'Ben', person: play.world.addressOf(ben) });
  });

  promise('tells polls and votes by the options’ names', async (play) => {
    await play.linked();
    const id = await play.ana.poll('us', 'Lunch?', ['Soup', 'Salad']);
    const event = await play.told.first('message', ({ content }) => content.kind === 'poll');
    expect(event.content).toMatchObject({ kind: 'poll', question: 'Lunch?', options: ['Soup', 'Salad'] });
    await play.ana.vote('us', id, ['Salad']);
    const voted = await play.told.first('voted');
    expect(voted.target.id).toBe(id);
    expect(voted.options).toEqual(['Salad']);
  });

  promise('tells a group’s messages and changes', async (play) => {
    await play.linked();
    const crew = play.world.group(play.ana, 'Crew', [play.us]);
    await play.ana.say(crew, 'welcome');
    const event = await play.told.message('welcome');
    expect(event.chat).toMatchObject({ address: play.world.addressOf(crew), kind: 'group', name: 'Crew' });
    crew.rename(play.ana, 'Crew II');
    const changed = await play.told.first('changed', ({ change }) => change.what === 'renamed');
    expect(changed.change).toEqual({ what: 'renamed', name: 'Crew II' });
    expect(changed.by?.phone).toBe(play.ana.phone);
  });

  promise('opens a file that came, byte for byte', async (play) => {
    await play.linked();
    const bytes = randomBytes(300_000);
    await play.ana.sendFile('us', 'document', bytes, 'the contract');
    const event = await play.told.first('message', ({ content }) => content.kind === 'media');
    if (event.content.kind !== 'media') throw new Error('unreachable');
    expect(plainText(event.content.caption)).toBe('the contract');
    const { file, media } = event.content;
    expect(media).toBe('document');
    expect(file.sizeBytes).toBe(bytes.length);
    expect(file.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    const opened = await buffer(await play.messenger.openMedia(ACME, file.ref));
    expect(opened.equals(bytes)).toBe(true);
  });
}
