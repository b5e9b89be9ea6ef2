// What members ask, with access to a chat and without: what they may not have isn't there for them, and what they may not do is said.
import { expect, test } from 'vitest';
import { commandTree } from '../../../src/commands/tree.ts';
import { channelWith, PATIENCE_MS, postWith } from '../desk.ts';
import { SAMPLES } from './samples.ts';
import type { Stage } from './stage.ts';

const forAdmins = commandTree.entries.filter(({ who }) => who === 'admin').map(({ path }) => path.join(' '));
const ADMINS_ONLY = 'Only admins may do this; ask one of them.';

export function memberTests(stage: Stage): void {
  const cleo = async (command: string, options?: Record<string, string>) =>
    (await stage.cleo.give(stage.lobby, command, options)).text;

  test.for(forAdmins)('may not give /wa %s', async (command) => {
    expect(await cleo(command, SAMPLES[command])).toBe(ADMINS_ONLY);
  });

  test('sees their chats and who else has them', async () => {
    const own = await cleo('chats');
    expect(own).toContain('Mia Müller');
    expect(own).not.toContain('Leo');
    expect((await stage.cleo.give(stage.miaChannel, 'access')).text).toContain('cleo@acme.test');
    expect(await cleo('link')).toContain('You are cleo@acme.test here, a member');
  });

  test('does not learn that there are others', async () => {
    const unseen = await cleo('access', { chat: 'Leo' });
    expect(unseen).toContain('There is no chat like “Leo” among those you see.');
    expect((await cleo('access', { chat: 'Xyzzy' })).replace('Xyzzy', 'Leo')).toBe(unseen);
  });

  test('sends quick replies, but makes none', async () => {
    const { mia, miaChannel } = stage;
    const list = await stage.cleo.give(stage.lobby, 'q');
    expect(list.text).toContain('Hours — We are open');
    expect(list.buttons).toEqual([]);
    expect((await stage.cleo.give(miaChannel, 'q', { name: 'hours' })).text).toContain('is being sent to Mia Müller');
    const copies = () => mia.inbox.filter(({ text }) => text === 'We are open from 9 to 5.').length;
    await stage.town.until(() => copies() === 2, 'the second quick reply', PATIENCE_MS);
  });

  test('gets help with only what they may do', async () => {
    const help = await cleo('help');
    expect(help).toContain('/wa chats');
    expect(help).not.toContain('/wa grant');
  });

  test('starts a chat and is granted it', async () => {
    const { town, nina } = stage;
    const said = await cleo('new', { phone: '+4915110000004', text: 'Hello Nina, your order is ready.' });
    expect(said).toContain('It is being sent.');
    await nina.received((message) => message.text === 'Hello Nina, your order is ready.', PATIENCE_MS);
    const channel = await town.until(
      () =>
        town.desk
          .channels()
          .find(
            (each) => each.name.startsWith('wa-') && each.id !== stage.miaChannel.id && each.has(stage.cleo.person),
          ),
      'Cleo in the new channel',
      PATIENCE_MS,
    );
    expect(channel.isPrivate).toBe(true);
    await town.until(
      () => channel.posts.some(({ text }) => text.includes('Hello Nina') && text.includes('cleo@acme.test · ✓')),
      'her words in it',
      PATIENCE_MS,
    );
  });

  test('does not come into an existing chat by its number', async () => {
    expect(await cleo('new', { phone: '+4915110000003', text: 'Hi Leo' })).toContain(
      'There is a chat with this number already.',
    );
    await stage.town.quiet();
    expect(stage.leo.inbox.filter(({ text }) => text === 'Hi Leo')).toEqual([]);
  });

  test('who left a channel by hand is offered to join it again, where one can leave', async () => {
    const { town, door, miaChannel } = stage;
    if (door.leave === undefined) return;
    await door.leave(stage.cleo.person, miaChannel);
    const chats = await town.until(
      async () => {
        const told = await stage.cleo.give(stage.lobby, 'chats');
        return told.buttons.some(({ label }) => label === 'Join Mia Müller') ? told : undefined;
      },
      'the Join button',
      PATIENCE_MS,
    );
    expect((await stage.cleo.press(chats, 'Join Mia Müller')).text).toContain('You are let into the channel');
    await channelWith(town, 'mia', [stage.cleo.person]);
  });

  test('uses the menu of messages', async () => {
    const { town, mia, miaChannel } = stage;
    const root = await postWith(town, 'mia', 'Hello from Mia');
    await stage.cleo.person.say(miaChannel, 'A reply to take back', { replyTo: root });
    await mia.received((message) => message.text === 'A reply to take back', PATIENCE_MS);
    const reply = await postWith(town, 'mia', 'A reply to take back');
    const chosen = async (post: typeof reply, action: string) =>
      (await stage.cleo.choose(miaChannel, post, action)).text;
    expect(await chosen(root, 'access')).toContain('Mia Müller: ');
    expect(await chosen(root, 'delete')).toContain('written by the customer');
    expect(await chosen(reply, 'resend')).toContain('That was done already.');
    expect(await chosen(reply, 'delete')).toContain('It is being deleted on WhatsApp.');
    await town.quiet();
    expect(mia.inbox.find(({ text }) => text === 'A reply to take back')?.isRevoked).toBe(true);
    expect(await chosen(reply, 'delete')).toBe('That was deleted already.');
    // What a command wrote stands in no post of hers; others' replies aren't hers to delete.
    const [first, second] = miaChannel.posts.filter(({ text }) => text.includes('We are open from 9 to 5.'));
    expect(await chosen(first!, 'delete')).toBe('Only its writer or an admin may delete a reply.');
    expect(await chosen(second!, 'delete')).toContain('It is being deleted on WhatsApp.');
    await town.until(
      () => miaChannel.post(second!.id)?.text.includes('This message was deleted'),
      'the post to say so',
    );
    await town.quiet();
    const copies = mia.inbox.filter(({ text }) => text === 'We are open from 9 to 5.');
    expect(copies.map(({ isRevoked }) => isRevoked)).toEqual([false, true]);
  });
}

export function outsideTests(stage: Stage): void {
  const dan = async (command: string, options?: Record<string, string>) =>
    (await stage.dan.give(stage.lobby, command, options)).text;

  test.for(forAdmins)('may not give /wa %s', async (command) => {
    expect(await dan(command, SAMPLES[command])).toBe(ADMINS_ONLY);
  });

  test('sees nothing, and is told whom to ask', async () => {
    expect(await dan('chats')).toContain('You see no chats yet. Ask an admin');
    expect(await dan('access', { chat: 'Mia' })).toContain('There is no chat like “Mia”');
    expect(await dan('q', { name: 'hours' })).toContain('This channel shows no WhatsApp chat');
    expect(await dan('new', { phone: '+4915110000002', text: 'Hi' })).toContain('You don’t have access to this chat');
    expect(await dan('link')).toContain('You are dan@acme.test here');
  });

  test('gets nothing by being in a channel that isn’t theirs', async () => {
    const { town, ana, miaChannel } = stage;
    const asks = async (command: string, options?: Record<string, string>): Promise<string> => {
      // Out again within moments: what is asked is asked at once.
      await town.until(() => !miaChannel.has(stage.dan.person), 'Dan to be out', PATIENCE_MS);
      await town.desk.letIn(miaChannel, ana.person, stage.dan.person);
      return (await stage.dan.give(miaChannel, command, options)).text;
    };
    const refused = 'You don’t have access to this chat';
    expect(await asks('access')).toContain(refused);
    expect(await asks('q', { name: 'hours' })).toContain(refused);
    expect(await asks('ticket open', { subject: 'Mine' })).toContain(refused);
    expect(await asks('ticket take')).toContain(refused);
    await town.until(() => !miaChannel.has(stage.dan.person), 'Dan to be taken out', PATIENCE_MS);
    await town.quiet();
  });

  test('gets help with only what they may do', async () => {
    const help = await dan('help');
    expect(help).toContain('/wa chats');
    expect(help).not.toContain('/wa grant');
  });

  test('can’t press a button that was offered to an admin', async () => {
    const offered = await stage.ana.give(stage.lobby, 'number remove', { number: 'Support' });
    // Where the client keeps others' answers from them, there is nothing to press.
    const pressed = await stage.dan.press(offered, 'Remove it').then(({ text }) => text, String);
    expect(pressed).toMatch(/That was too long ago, or was done already\.|Missing Access/);
    const numbers = await stage.ana.give(stage.lobby, 'number list');
    expect(numbers.text).toContain('Support — connected');
  });
}
