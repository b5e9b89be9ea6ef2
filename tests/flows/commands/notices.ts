// /wa notices: problems are told in a channel that only admins read, or to each of them.
import { expect, test } from 'vitest';
import { PATIENCE_MS } from '../desk.ts';
import type { Stage } from './stage.ts';

export function noticeTests(stage: Stage): void {
  const workspace = async () => {
    const { body } = await stage.town.api('GET', '/api/v1/workspaces');
    return (body['items'] as { id: string; adminsChannel: string | null }[])[0]!;
  };
  const choose = async (adminsChannel: string | null) => {
    const { id } = await workspace();
    return stage.town.api('PATCH', `/api/v1/workspaces/${id}`, { adminsChannel });
  };

  test('only a private channel that nobody but admins reads is taken', async () => {
    const { town, ana, cleo, stan, door, lobby, miaChannel } = stage;
    const here = async (place = lobby) => (await ana.give(place, 'notices here')).text;
    expect((await ana.give(lobby, 'notices show')).text).toContain('told to each admin directly');
    expect(await here()).toContain('Everybody can read #lobby');
    expect(await here(miaChannel)).toContain('This is the channel of one chat');
    const room = await door.openRoom('admins', ana.person);
    expect(await here(room)).toContain('Switchboard isn’t in it');
    await door.addBot(room, ana.person);
    await town.desk.letIn(room, ana.person, cleo.person);
    await town.desk.letIn(room, ana.person, stan.person);
    const refused = await here(room);
    expect(refused).toContain('Not only admins read #admins: ');
    for (const who of ['cleo@acme.test', 'Stan']) expect(refused).toContain(who);
    for (const channel of [room.id, 'nowhere', lobby.id]) {
      const { status, body } = await choose(channel);
      expect([channel, status, body['detail']]).toEqual([channel, 409, expect.stringMatching(/Not only admins|no such channel|Everybody/)]); // prettier-ignore
    }
    expect((await workspace()).adminsChannel).toBe(null);
    await door.putOut(room, cleo.person);
    await door.putOut(room, stan.person);
    expect(await here(room)).toBe('Problems are told in this channel from now on.');
    expect((await workspace()).adminsChannel).toBe(room.id);
    expect((await ana.give(lobby, 'notices show')).text).toContain('in the channel that was chosen for it');
  });

  test('problems are told there, once, and to nobody directly, until that is ended', async () => {
    const { town, ana, dan, stan, door, lobby, miaChannel } = stage;
    const room = () => town.desk.channels().find(({ name }) => name === 'admins')!;
    const problem = /dan@acme\.test .* without having access/;
    const all = () => ana.person.directMessages().filter((text) => problem.test(text)).length;
    const before = all();
    const told = () => all() - before;
    await town.desk.letIn(miaChannel, ana.person, dan.person);
    await town.until(() => room().posts.some(({ text }) => problem.test(text)), 'the problem in #admins', PATIENCE_MS);
    await town.until(() => !miaChannel.has(dan.person), 'Dan out again', PATIENCE_MS);
    await town.quiet();
    expect(room().posts.filter(({ text }) => problem.test(text))).toHaveLength(1);
    expect(told()).toBe(0);

    await town.desk.letIn(room(), ana.person, stan.person);
    await town.desk.letIn(miaChannel, ana.person, dan.person);
    await town.until(() => told() === 1, 'the problem told to Ana, with Stan in #admins', PATIENCE_MS);
    expect(ana.person.directMessages().find((text) => problem.test(text) && text.includes('Not only admins read #admins: Stan'))).toBeDefined(); // prettier-ignore
    await town.until(() => !miaChannel.has(dan.person), 'Dan out again', PATIENCE_MS);
    await door.putOut(room(), stan.person);
    await town.desk.letIn(miaChannel, ana.person, dan.person);
    const inRoom = () => room().posts.filter(({ text }) => problem.test(text)).length;
    await town.until(() => inRoom() === 2, 'the problem in #admins again', PATIENCE_MS);
    await town.until(() => !miaChannel.has(dan.person), 'Dan out again', PATIENCE_MS);
    expect(told()).toBe(1);

    expect((await ana.give(lobby, 'notices off')).text).toContain('told to each admin directly from now on');
    expect((await ana.give(lobby, 'notices off')).text).toContain('already');
    expect((await workspace()).adminsChannel).toBe(null);
    await town.desk.letIn(miaChannel, ana.person, dan.person);
    await town.until(() => told() === 2, 'the problem told to Ana', PATIENCE_MS);
    await town.until(() => !miaChannel.has(dan.person), 'Dan out again', PATIENCE_MS);
    const audit = await town.api('GET', '/api/v1/audit?action=settings.changed&limit=50');
    const values = (audit.body['items'] as { detail: { setting: string; value: unknown } }[])
      .filter(({ detail }) => detail.setting === 'adminsChannel')
      .map(({ detail }) => detail.value);
    expect(values.toReversed()).toEqual([room().id, null]);
  });
}
