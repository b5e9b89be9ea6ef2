// Channels: one for each mirror however often it's asked for, holding exactly the people it should.
import { expect } from 'vitest';
import { as } from '../../../src/domain/ids.ts';
import type { ChannelId, MirrorId, UserId } from '../../../src/domain/ids.ts';
import type { Promises } from '../chat-platform.ts';

const spec = (mirror: string, name = 'wa-bob') => ({ mirror: as<MirrorId>(mirror), name, topic: 'Bob · +1 555' });

export function channelPromises(promise: Promises): void {
  promise('opens a channel that holds nobody, and finds it again', async ({ stage, platform }) => {
    const first = await platform.openChannel(spec('m1'));
    const second = await platform.openChannel(spec('m1'));
    expect(second.channel).toBe(first.channel);
    expect(stage.channelNames()).toEqual(['wa-bob']);
    expect(stage.members(first.channel)).toEqual([]);
    expect(stage.topic(first.channel)).toContain('Bob');
  });

  promise('finds the channel of an earlier run', async (play) => {
    const first = await play.platform.openChannel(spec('m1'));
    const platform = await play.restart();
    expect((await platform.openChannel(spec('m1'))).channel).toBe(first.channel);
    expect(play.stage.channelNames()).toEqual(['wa-bob']);
  });

  promise('finds the channel whose answer was lost', async (play) => {
    const { stage } = play;
    stage.loseAnswer('openChannel');
    await expect(play.platform.openChannel(spec('m1'))).rejects.toMatchObject({ certain: false });
    const { channel } = await play.platform.openChannel(spec('m1'));
    expect(stage.channelNames()).toEqual(['wa-bob']);
    stage.loseAnswer('openChannel');
    await expect(play.platform.openChannel(spec('m2'))).rejects.toMatchObject({ certain: false });
    const restarted = await play.restart();
    const other = await restarted.openChannel(spec('m2'));
    expect(other.channel).not.toBe(channel);
    expect(stage.channelNames()).toHaveLength(2);
  });

  promise('opens channels of their own for mirrors of one name', async ({ stage, platform }) => {
    const opened = await Promise.all(['m1', 'm2', 'm3'].map((mirror) => platform.openChannel(spec(mirror))));
    expect(new Set(opened.map((one) => one.channel)).size).toBe(3);
    expect(new Set(stage.channelNames()).size).toBe(3);
    expect(opened.every((one) => one.name.startsWith('wa-bob'))).toBe(true);
  });

  promise('renames a channel and sets its topic', async ({ stage, platform, channel }) => {
    const { channel: wa } = await channel('wa-bob');
    await platform.updateChannel(wa, { name: 'wa-robert', topic: 'Robert' });
    await platform.updateChannel(wa, { name: 'wa-robert', topic: 'Robert' });
    expect(stage.channelNames()).toEqual(['wa-robert']);
    expect(stage.topic(wa)).toBe('Robert');
  });

  promise('makes a channel hold exactly the people wanted', async ({ stage, platform, channel }) => {
    const [ana, ben, eve] = [await stage.person('Ana'), await stage.person('Ben'), await stage.person('Eve')];
    const { channel: wa } = await channel('wa-bob', ana, ben);
    await stage.letIn(ana, wa, eve);
    const report = await platform.setUsers(wa, new Set([ana.user, eve.user]));
    expect(report).toMatchObject({ added: [], removed: [ben.user], problems: [], unfinished: false });
    expect(new Set(report.present)).toEqual(new Set([ana.user, eve.user]));
    const next = await platform.setUsers(wa, new Set([ben.user]));
    expect(next).toMatchObject({ added: [ben.user], present: [ben.user], problems: [], unfinished: false });
    expect(new Set(next.removed)).toEqual(new Set([ana.user, eve.user]));
    expect(stage.members(wa)).toEqual([ben.user]);
    const same = await platform.setUsers(wa, new Set([ben.user]));
    expect(same).toEqual({ added: [], removed: [], present: [ben.user], problems: [], unfinished: false });
    const keeping = await platform.setUsers(wa, new Set(), new Set([ben.user, ana.user]));
    expect(keeping).toMatchObject({ added: [], removed: [], present: [ben.user] });
  });

  promise('tells who reads a channel, and of none that is not there', async ({ stage, platform, channel }) => {
    const [ana, ben, eve] = [await stage.person('Ana'), await stage.person('Ben'), await stage.person('Eve')];
    const { channel: wa } = await channel('wa-bob', ana);
    await stage.letIn(ana, wa, ben);
    const readers = await platform.readersOf(wa);
    expect(readers).toMatchObject({ name: 'wa-bob', isPrivate: true });
    expect(new Set(readers?.users)).toEqual(new Set([ana.user, ben.user]));
    expect(readers?.users).not.toContain(eve.user);
    const nowhere = await platform.readersOf(as<ChannelId>('C00000000')).catch((error: unknown) => error);
    if (nowhere !== undefined) expect(nowhere).toMatchObject({ certain: true, retry: 'never' });
  });

  promise(
    'lets the others in when one can not be, and says who and what to do',
    async ({ stage, platform, channel }) => {
      const [ana, gone] = [await stage.person('Ana'), await stage.person('Gone', 'deactivated')];
      const { channel: wa } = await channel('wa-bob');
      const report = await platform.setUsers(wa, new Set([gone.user, ana.user]));
      expect(report).toMatchObject({ added: [ana.user], present: [ana.user] });
      expect(report.problems).toMatchObject([{ user: gone.user }]);
      expect(report.problems[0]?.fix).not.toBe('');
      expect(stage.members(wa)).toEqual([ana.user]);
    },
  );

  promise('finds people by email, but neither guests nor bots nor those who left', async ({ stage, platform }) => {
    const ana = await stage.person('Ana');
    const [guest, bot, gone] = [
      await stage.person('Gus', 'guest'),
      await stage.person('Robo', 'bot'),
      await stage.person('Gone', 'deactivated'),
    ];
    expect(await platform.findUser(ana.email.toUpperCase())).toBe(ana.user);
    expect(await platform.findUser('nobody@acme.example')).toBeUndefined();
    for (const human of [guest, bot, gone]) expect(await platform.findUser(human.email)).toBeUndefined();
    expect(await platform.findOutsider?.(guest.email)).toBe('guest');
    expect(await platform.findOutsider?.(ana.email)).toBeUndefined();
    expect(await platform.findOutsider?.('nobody@acme.example')).toBeUndefined();
  });

  promise('describes people', async ({ stage, platform }) => {
    const [ana, guest] = [await stage.person('Ana'), await stage.person('Gus', 'guest')];
    expect(await platform.describeUser(ana.user)).toMatchObject({ name: 'Ana', kind: 'person' });
    expect((await platform.describeUser(ana.user)).email ?? ana.email).toBe(ana.email);
    expect(await platform.describeUser(guest.user)).toMatchObject({ name: 'Gus', kind: 'guest' });
    const [bot, gone] = [await stage.person('Bot', 'bot'), await stage.person('Gone', 'deactivated')];
    expect(await platform.describeUser(bot.user)).toMatchObject({ kind: 'bot' });
    expect(await platform.describeUser(gone.user)).toMatchObject({ kind: 'guest' });
  });

  promise('rejects for a channel that is not there with channel_gone', async ({ platform, post }) => {
    const nowhere = as<ChannelId>('C00000000');
    await expect(post(nowhere, {})).rejects.toMatchObject({ code: 'channel_gone', retry: 'never', certain: true });
    await expect(platform.setUsers(nowhere, new Set<UserId>())).rejects.toMatchObject({ code: 'channel_gone' });
  });
}
