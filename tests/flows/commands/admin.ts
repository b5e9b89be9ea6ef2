// What an admin asks: people, access, labels, modes, chats, numbers, quick replies.
import { expect, test } from 'vitest';
import { commandTree } from '../../../src/commands/tree.ts';
import { channelWith, PATIENCE_MS } from '../desk.ts';
import type { Asker } from './doors.ts';
import type { Stage } from './stage.ts';

/** Waits until an answer says this: long ones come in several parts. */
export async function says(stage: Stage, told: { readonly text: string }, words: string): Promise<void> {
  await stage.town.until(() => told.text.includes(words), `“${words}” in “${told.text}”`, PATIENCE_MS);
}

export function adminTests(stage: Stage): void {
  const ana = (command: string, options?: Record<string, string>) => stage.ana.give(stage.lobby, command, options);
  const said = async (command: string, options?: Record<string, string>) => (await ana(command, options)).text;

  test('gets help with everything, and with one command in full', async () => {
    const help = await ana('help');
    for (const { path } of commandTree.entries) await says(stage, help, `/wa ${path.join(' ')}`);
    expect(await said('help', { command: 'grant' })).toContain('/wa grant ana label:VIP');
    expect(await said('help', { command: 'grnat' })).toContain('Did you mean “grant”?');
  });

  test('is told who they are', async () => {
    expect(await said('link')).toContain('You are ana@acme.test here, an admin');
  });

  test('invites people, each address judged by itself', async () => {
    const emails = 'cleo@acme.test, dan@acme.test nonsense ana@acme.test eve@far.test';
    const invited = await said('invite', { emails });
    expect(invited).toContain('3 people invited');
    expect(invited).toContain('“nonsense” isn’t an email address.');
    expect(invited).toContain('ana@acme.test is in the team already.');
    expect(invited).toMatch(/eve@far\.test is invited\. Give them this link/);
    if (!stage.door.knowsEmails) return;
    expect(invited).toContain('cleo@acme.test is in: found here by email and welcomed.');
    expect(invited).toContain('dan@acme.test is in');
  });

  test('invites by a form, which says what is wrong and keeps what was written', async () => {
    expect((await ana('invite')).isForm).toBe(true);
    expect((await stage.ana.send({ emails: ',', role: 'member' })).text).toMatch(/no email/);
    const invited = await stage.ana.send({ emails: 'fay@far.test', role: 'admin' });
    expect(invited.text).toContain('fay@far.test is invited');
    expect(await said('team', { agent: 'fay@far.test' })).toContain('admin · invited');
  });

  test('links people by their word, but no bot, no guest, and nobody who isn’t there', async () => {
    const { bot, guest } = stage.door.addOutsiders();
    const eve = stage.town.desk.addPerson('Eve', 'eve@elsewhere.test');
    const linked: readonly [string, string][] = stage.door.knowsEmails
      ? [['eve@far.test', eve.id]]
      : [
          ['eve@far.test', eve.id],
          ['cleo@acme.test', stage.cleo.person.id],
          ['dan@acme.test', stage.dan.person.id],
        ];
    for (const [email, userId] of linked) {
      const person = await ana('team', { agent: email });
      expect(person.text).toContain('Not linked to anybody here.');
      expect((await stage.ana.press(person, 'Link')).isForm).toBe(true);
      expect((await stage.ana.send({ user: 'Eve' })).text).toContain('“Eve” is no member ID.');
      expect((await stage.ana.send({ user: bot })).text).toContain('That is a bot; only people can be linked.');
      expect((await stage.ana.send({ user: guest })).text).toContain('No full member here has this ID');
      expect((await stage.ana.send({ user: userId })).text).toContain(`${email} is linked here by your word.`);
      expect(await said('team', { agent: email })).toContain('Linked here by an admin’s word.');
    }
    const { cleo, dan } = stage;
    for (const { person } of [cleo, dan]) {
      await stage.town.until(() => person.directMessages().length > 0, `the welcome of ${person.name}`, PATIENCE_MS);
    }
  });

  test('makes, lists and renames labels, and puts them on chats', async () => {
    expect(await said('label create', { name: 'Gold' })).toContain('There is a label “Gold” now');
    expect(await said('label create', { name: 'gold' })).toContain('There is a label “Gold” already.');
    expect(await said('label rename', { name: 'Gold', to: 'VIP' })).toContain('“Gold” is called “VIP” now');
    expect(await said('label add', { labels: 'VIP', chat: 'Leo' })).toContain('“Leo” now carries the label “VIP”.');
    expect(await said('label add', { labels: 'VIPP', chat: 'Leo' })).toContain('Did you mean “VIP”?');
    expect(await said('label list')).toContain('VIP — 1 chat, 0 people');
    expect(await said('label remove', { labels: 'VIP', chat: 'Leo' })).toContain('no longer carries the label “VIP”');
  });

  test('grants the chat of the channel, and the person is let in', async () => {
    const { town, miaChannel, cleo } = stage;
    const granted = await stage.ana.give(miaChannel, 'grant', { agents: 'cleo@acme.test' });
    expect(granted.text).toContain('cleo@acme.test now sees “Mia Müller”.');
    await channelWith(town, 'mia', [cleo.person]);
    expect(await said('grant', { agents: 'cleo', chat: 'mia' })).toContain('That was granted already');
  });

  test('is told what is wrong with a grant', async () => {
    const here = async (options: Record<string, string>) =>
      (await stage.ana.give(stage.miaChannel, 'grant', options)).text;
    expect(await said('grant', { agents: 'cleo@acme.test' })).toContain('This channel shows no WhatsApp chat');
    expect(await here({ agents: 'cloe@acme.test' })).toContain('Did you mean “cleo@acme.test”?');
    expect(await here({ agents: 'xyzzy' })).toContain('Nobody in the team is “xyzzy”.');
    expect(await here({ agents: 'ben@acme.test' })).toContain('is an admin and sees every chat anyway');
    expect(await here({ agents: 'cleo', for: '4x' })).toContain('“4x” is no length of time');
    const typo = { agents: 'cleo', chat: '"Mia Mülller"' };
    expect(await said('grant', typo)).toContain('Did you mean “Mia Müller”?');
    const { id } = stage.stan.person;
    expect(await said('grant', { agents: `<@${id}>`, chat: 'Leo' })).toContain('isn’t in the team yet');
  });

  test('sees who has access and why, and why somebody has not', async () => {
    const { miaChannel, dan } = stage;
    const seen = (await stage.ana.give(miaChannel, 'access')).text;
    expect(seen).toContain('ana@acme.test — admin');
    expect(seen).toMatch(/cleo@acme\.test.* — granted by ana@acme\.test on /);
    expect(await said('explain', { agent: 'cleo', chat: 'Mia Müller' })).toContain(
      'cleo@acme.test sees “Mia Müller”: granted by ana',
    );
    expect(await said('explain', { agent: `<@${dan.person.id}>`, chat: 'Mia Müller' })).toContain(
      'dan@acme.test doesn’t see “Mia Müller”',
    );
  });

  test('grants by label for a time, and is told whom a revocation leaves in', async () => {
    await ana('label add', { labels: 'VIP', chat: 'Leo' });
    const granted = await said('grant', { agents: 'cleo', label: 'VIP,vip', chat: 'Leo', for: '7d' });
    expect(granted).toMatch(/now sees .*“Leo”.*, until /);
    expect(await said('revoke', { agents: 'cleo', chat: 'Leo' })).toContain(
      'cleo@acme.test still sees “Leo” through the label VIP.',
    );
    expect(await said('revoke', { agents: 'cleo', label: 'VIP' })).toContain('Taken back from cleo@acme.test');
  });

  test('deletes a label after seeing what that takes', async () => {
    await ana('grant', { agents: 'dan', label: 'VIP' });
    const preview = await ana('label delete', { name: 'VIP' });
    expect(preview.text).toContain('dan@acme.test no longer sees “Leo”.');
    expect(preview.text).toContain('Nothing is changed yet.');
    expect((await stage.ana.press(preview, 'Delete it')).text).toContain('The label “VIP” is gone');
    expect((await stage.ana.press(preview, 'Delete it')).text).toContain('That was too long ago, or was done already.');
    expect(await said('label list')).toContain('There are no labels yet');
  });

  test('lists the team and changes roles after a preview', async () => {
    expect(await said('team')).toMatch(/cleo@acme\.test.* — member/);
    const change = async (label: string): Promise<string[]> => {
      const person = await ana('team', { agent: 'dan' });
      const preview = await stage.ana.press(person, label);
      return [preview.text, (await stage.ana.press(preview, label)).text];
    };
    const [promoted, done] = await change('Make admin');
    expect(promoted).toContain('dan@acme.test will see');
    expect(done).toContain('dan@acme.test is an admin now.');
    expect((await change('Make member'))[1]).toContain('dan@acme.test is a member now.');
  });

  test('sets the mode of a chat', async () => {
    expect(await said('mode', { mode: 'off', chat: 'Leo' })).toContain('“Leo” is read only from now on.');
    expect(await said('mode', { mode: 'thread', chat: 'Leo' })).toContain('answered by replies');
    expect(await said('mode', { mode: 'off' })).toContain('This channel shows no WhatsApp chat');
  });

  test('promotes nothing that has a channel', async () => {
    expect(await said('promote', { chat: 'Leo' })).toContain('“Leo” stays where it is. It has a channel of its own');
  });

  test('lists chats and searches in them', async () => {
    const all = await said('chats');
    expect(all).toContain('Mia Müller');
    expect(all).toContain('#wa-leo');
    expect(await said('chats', { search: 'leo' })).not.toContain('Mia');
    expect(await said('chats', { search: 'loe' })).toContain('Did you mean “Leo”?');
  });

  test('adds a number, pairs it by a code, and removes it', async () => {
    const { town } = stage;
    expect(await said('number list')).toContain('Support — connected');
    expect(await said('number add', { name: 'Sales' })).toContain('“Sales” is added');
    const pair = (number: string, phone: string) => said('number pair', { number, phone });
    expect(await pair('Sales', '0170')).toContain('no phone number with its country’s code');
    expect(await pair('Salse', '+4915110000009')).toContain('Did you mean “Sales”?');
    const phone = town.whatsapp.createPhone({ number: '4915110000009', name: 'Acme Sales' });
    const code = /code for “Sales”: ([A-Z0-9-]+)/.exec(await pair('Sales', '+4915110000009'))?.[1];
    await phone.enterPairingCode(code ?? '');
    await town.until(
      async () => (await said('number list')).includes('Sales — connected'),
      'the number to be connected',
      PATIENCE_MS,
    );
    const preview = await ana('number remove', { number: 'Sales' });
    expect(preview.text).toContain('Remove “Sales”?');
    expect((await stage.ana.press(preview, 'Remove it')).text).toContain('“Sales” is unlinked');
  });

  test('keeps quick replies and sends one', async () => {
    const { mia, miaChannel } = stage;
    const form = await stage.ana.press(await ana('q'), 'New or change');
    expect(form.isForm).toBe(true);
    const kept = await stage.ana.send({ name: 'Hours', text: 'We are open from 9 to 5.' });
    expect(kept.text).toContain('“Hours” is there');
    expect(await said('q', { name: 'hour' })).toContain('Did you mean “Hours”?');
    expect(await said('q', { name: 'hours' })).toContain('This channel shows no WhatsApp chat');
    const sent = await stage.ana.give(miaChannel, 'q', { name: 'hours' });
    expect(sent.text).toContain('is being sent to Mia Müller');
    await mia.received((message) => message.text === 'We are open from 9 to 5.', PATIENCE_MS);
    const shown = () => miaChannel.posts.find(({ text }) => text.includes('We are open from 9 to 5.'));
    await stage.town.until(() => shown()?.text.includes('ana@acme.test · ✓'), 'the quick reply in the channel');
  });

  test('starts a chat', async () => {
    expect(await said('new', { phone: '0151', text: 'Hello' })).toContain('no phone number with its country’s code');
    const unknown = { phone: '+4915119999999', text: 'Hello' };
    expect(await said('new', unknown)).toContain('Nobody is on WhatsApp with this phone number.');
  });

  test('sees that all was delivered', async () => {
    await stage.town.quiet();
    expect(await said('deliveries')).toMatch(/Nothing failed[\S\s]*The ledger of the last 7 days/);
  });

  test('is offered what there is while typing, where the platform can', async () => {
    const offered = (asker: Asker, command: string, options: Record<string, string>) =>
      asker.offered(stage.lobby, command, options);
    const people = await offered(stage.ana, 'grant', { agents: 'cl' });
    if (people === undefined) return;
    expect(people).toEqual([expect.stringContaining('cleo@acme.test')]);
    expect(await offered(stage.ana, 'access', { chat: 'mia' })).toEqual(['Mia Müller']);
    expect(await offered(stage.ana, 'metrics', { period: '' })).toEqual(['today', '7d', '30d']);
    expect(await offered(stage.ana, 'digest at', { time: '09:00', zone: 'berlin' })).toEqual(['Europe/Berlin']);
    expect(await offered(stage.cleo, 'access', { chat: '' })).toEqual(['Mia Müller']);
    expect(await offered(stage.cleo, 'grant', { agents: '' })).toEqual([]);
    expect(await offered(stage.dan, 'access', { chat: '' })).toEqual([]);
    expect(await offered(stage.stan, 'access', { chat: '' })).toEqual([]);
  });

  // Discord's own client lets nobody send words that are no command.
  if (stage.platform !== 'slack') return;
  test('is told what is wrong with words that are no command', async () => {
    const typed = async (words: string) => (await stage.ana.type(stage.lobby, words)).text;
    expect(await typed('')).toContain('/wa grant');
    expect(await typed('grnat cleo')).toContain('Did you mean “grant”?');
    expect(await typed('grant')).toContain('Something is missing: agents');
    expect(await typed('label')).toContain('goes on with add, remove');
    expect(await typed('mode quiet Leo')).toContain('mode is one of thread, mention, off and never');
    expect(await typed('access Leo now please')).toContain('There is no chat like “Leo now please”');
    expect(await typed('label list all')).toContain('“all” is one word too many');
  });
}
