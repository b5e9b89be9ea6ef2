// Commands, buttons and forms: told with who and where, answered to the asker alone.
import { expect } from 'vitest';
import type { Form } from '../../../src/domain/command.ts';
import { plain } from '../../../src/domain/text.ts';
import type { Promises } from '../chat-platform.ts';
import { until } from './stage.ts';

const FORM: Form = {
  action: 'invite:send',
  title: 'Invite',
  submit: 'Send',
  fields: [
    { id: 'emails', label: 'Emails', kind: 'paragraph', required: true },
    {
      id: 'role',
      label: 'Role',
      kind: 'choice',
      required: true,
      initial: 'member',
      options: [
        { value: 'admin', label: 'Admin' },
        { value: 'member', label: 'Member' },
      ],
    },
  ],
};

export function requestPromises(promise: Promises): void {
  promise('tells a command and answers its asker alone', async ({ stage, platform, channel, told }) => {
    const [ana, ben] = [await stage.person('Ana'), await stage.person('Ben')];
    const { channel: wa } = await channel('wa-bob', ana, ben);
    await stage.command(ana, wa, 'grant <ben@acme.com> & co');
    const { request } = await told('asked');
    expect(request).toMatchObject({ via: 'command', user: ana.user, channel: wa });
    expect(request.text).toBe('grant <ben@acme.com> & co');
    await platform.answer(request.ref, { text: plain('granted <!channel>') });
    await platform.answer(request.ref, { text: plain('and once more') });
    await until(() => stage.toldPrivately(ana).length === 2, 'both answers');
    expect(stage.toldPrivately(ana)[0]).toContain('granted <!channel>');
    expect(stage.toldPrivately(ben)).toEqual([]);
    expect(stage.seen(wa)).toEqual([]);
  });

  promise(
    'tells a button with its action and the post it stands on',
    async ({ stage, platform, channel, post, told }) => {
      const ana = await stage.person('Ana');
      const { channel: wa } = await channel('wa-bob', ana);
      const root = await post(wa, {});
      const buttons = [{ action: 'resend:42', label: 'Resend', tone: 'danger' as const }];
      const id = await post(wa, { buttons }, root);
      await stage.press(ana, id, 'resend:42');
      const { request } = await told('asked');
      expect(request).toMatchObject({ via: 'button', action: 'resend:42', user: ana.user, channel: wa, post: id });
      await platform.answer(request.ref, { text: plain('sent again') });
      await until(() => stage.toldPrivately(ana).some((words) => words.includes('sent again')), 'the answer');
      expect(stage.seen(wa)).toHaveLength(2);
    },
  );

  promise('opens a form, shows what is wrong with it, and tells what was sent', async (play) => {
    const { stage, platform, channel, told } = play;
    const ana = await stage.person('Ana');
    const { channel: wa } = await channel('wa-bob', ana);
    await stage.command(ana, wa, 'invite');
    const { request } = await told('asked', (event) => event.request.via === 'command');
    await platform.answer(request.ref, { text: [], form: FORM });
    expect(await until(() => stage.openForm(ana), 'the form')).toBe('Invite');

    play.store = async (event) => {
      if (event.kind !== 'asked') return;
      const { ref, options } = event.request;
      const fieldErrors = options['emails'] === 'ben' ? { fieldErrors: { emails: 'That is no email.' } } : {};
      await platform.answer(ref, { text: plain(`invited ${options['emails']} as ${options['role']}`), ...fieldErrors });
    };
    expect(await stage.sendForm(ana, { emails: 'ben' })).toEqual({ emails: 'That is no email.' });
    expect(stage.openForm(ana)).toBe('Invite');
    expect(await stage.sendForm(ana, { emails: 'ben@acme.com', role: 'admin' })).toEqual({});
    expect(stage.openForm(ana)).toBeUndefined();
    const sent = await told('asked', (event) => event.request.options['role'] === 'admin');
    expect(sent.request).toMatchObject({ via: 'form', action: 'invite:send', user: ana.user, channel: wa });
    const answer = 'invited ben@acme.com as admin';
    await until(() => stage.toldPrivately(ana).some((words) => words.includes(answer)), 'the answer');
  });

  promise('apologises when a request could not be handled', async (play) => {
    const { stage, channel } = play;
    const ana = await stage.person('Ana');
    const { channel: wa } = await channel('wa-bob', ana);
    await stage.quiet();
    play.store = async () => {
      throw new Error('the database is away');
    };
    await stage.command(ana, wa, 'help');
    await until(() => stage.toldPrivately(ana).length > 0, 'the apology');
  });
}
