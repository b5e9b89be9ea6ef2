// The Discord stand-in's straight line, driven by the real discord.js: login, a hidden channel, webhook posts, people talking.
import {
  ChannelType,
  Events,
  MessageFlags,
  MessageType,
  PermissionFlagsBits,
  PermissionsBitField,
  ThreadAutoArchiveDuration,
} from 'discord.js';
import type { Client, Guild, Message } from 'discord.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import type { Permission } from '../../../simulators/discord/index.ts';
import { canSee, permissionsIn } from '../../../simulators/discord/permissions.ts';
import { Bench, codeOf } from './discord-client.ts';

let bench: Bench;
let client: Client<true>;
let guild: Guild;

/** The next message the client hears that has this text. */
function heard(text: string): Promise<Message> {
  return new Promise((resolve) => {
    client.on(Events.MessageCreate, (message) => {
      if (message.content === text) resolve(message);
    });
  });
}

beforeEach(async () => {
  bench = await Bench.start();
  ({ client, guild } = await bench.ready());
});

afterEach(async () => {
  const unknown = await bench.stop();
  if (unknown.length > 0) throw new Error(`Discord doesn't know ${unknown.join(', ')}`);
});

describe('the guild', () => {
  it('comes with READY and GUILD_CREATE as one available guild, of whose members only the bot is known', async () => {
    expect(client.user.id).toBe(bench.discord.bot.id);
    expect([guild.name, guild.available]).toEqual(['Acme', true]);
    expect([...guild.members.cache.keys()]).toEqual([client.user.id]);
    expect((await guild.members.fetch(bench.ana.id)).displayName).toBe('Ana Silva');
  });

  it('never shows an email to the bot', async () => {
    const raw = await client.rest.get(`/guilds/${guild.id}/members/${bench.ana.id}`);
    expect(JSON.stringify(raw)).not.toContain('acme.com');
  });
});

describe('hidden channels', () => {
  it('are readable for those in the overwrites, for administrators and the owner, and for nobody else', async () => {
    const ben = bench.discord.addPerson({ name: 'Ben', email: 'ben@acme.com' });
    const root = bench.discord.addPerson({ name: 'Root', email: 'root@acme.com', administrator: true });
    const channel = await bench.privateChannel(guild, 'WA Lena Müller');
    const seen = bench.discord.channel(channel.id);
    expect(channel.name).toBe('wa-lena-müller');
    expect(new Set(bench.discord.readers(seen))).toEqual(new Set([bench.ana.id, root.id, bench.discord.guild.ownerId]));
    expect(ben.readable()).not.toContain(seen);
    await expect(ben.say(seen, 'hi')).rejects.toThrow('Missing Access');
    await channel.permissionOverwrites.create(ben.id, { ViewChannel: true });
    expect(ben.readable()).toContain(seen);
    await channel.permissionOverwrites.delete(bench.ana.id);
    expect(bench.ana.sees(seen)).toEqual([]);
  });

  it('agree with the permission arithmetic of discord.js, for every member in every channel', async () => {
    const roles = ['Sales', 'Support'].map((name) => bench.discord.addRole(name, { permissions: ['ManageMessages'] }));
    for (const role of roles) bench.discord.giveRole(bench.ana, role);
    const allow = ['ViewChannel' as const];
    const channel = await guild.channels.create({ name: 'x', permissionOverwrites: [{ id: client.user.id, allow }] });
    const open = await guild.channels.create({ name: 'open' });
    const ben = bench.discord.addPerson({ name: 'Ben', email: 'ben@acme.com' });
    const root = bench.discord.addPerson({ name: 'Root', email: 'root@acme.com', administrator: true });
    const owner = bench.discord.owner;
    const everybody = [bench.ana, ben, root, owner, bench.discord.bot];
    const members = await Promise.all(everybody.map(({ id }) => guild.members.fetch({ user: id, force: true })));
    const bits = fc.uniqueArray(
      fc.constantFrom<Permission>('ViewChannel', 'SendMessages', 'AddReactions', 'ManageMessages'),
    );
    const targets = [{ id: guild.id }, ...roles, bench.ana];
    const overwrites = fc.tuple(...targets.map(() => fc.record({ allow: bits, deny: bits })));
    const held = fc.tuple(fc.subarray(roles), fc.subarray(roles));
    const agree = fc.asyncProperty(overwrites, held, async (changes, [anas, bens]) => {
      for (const [at, target] of targets.entries()) await owner.overwrite(channel.id, target, changes[at] ?? {});
      for (const role of roles) {
        bench.discord.giveRole(bench.ana, role, anas.includes(role));
        bench.discord.giveRole(ben, role, bens.includes(role));
      }
      await bench.discord.settled();
      for (const member of members) {
        for (const place of [channel, open]) {
          const theirs = place.permissionsFor(member).bitfield;
          const ours = permissionsIn(bench.discord.guild, bench.discord.channel(place.id), member.id);
          // The SDK may not know the newest bits yet.
          expect(ours & PermissionsBitField.All).toBe((theirs & PermissionFlagsBits.ViewChannel) === 0n ? 0n : theirs);
          const isSeen = canSee(bench.discord.guild, bench.discord.channel(place.id), member.id);
          expect(isSeen).toBe((theirs & PermissionFlagsBits.ViewChannel) !== 0n);
        }
      }
    });
    await fc.assert(agree, { numRuns: 40 });
  });

  it('lock the bot out when it hides them from itself', async () => {
    const channel = await guild.channels.create({
      name: 'gone',
      permissionOverwrites: [{ id: guild.id, deny: ['ViewChannel'] }],
    });
    expect(await codeOf(channel.send('x'))).toBe(50001);
    expect(await codeOf(client.channels.fetch(channel.id, { force: true }))).toBe(50001);
  });

  it('take no permission from the bot that it does not hold, and at most 100 overwrites a call', async () => {
    const deny = [PermissionFlagsBits.BanMembers];
    expect(await codeOf(guild.channels.create({ name: 'x', permissionOverwrites: [{ id: guild.id, deny }] }))).toBe(
      50013,
    );
    const roles = [PermissionFlagsBits.ManageRoles];
    expect(
      await codeOf(guild.channels.create({ name: 'x', permissionOverwrites: [{ id: guild.id, deny: roles }] })),
    ).toBe(50013);
    const many = Array.from({ length: 101 }, (_, at) => ({
      id: String(10n ** 17n + BigInt(at)),
      type: 1,
      allow: '1024',
    }));
    const body = { name: 'x', type: 0, permission_overwrites: many };
    expect(await codeOf(client.rest.post(`/guilds/${guild.id}/channels`, { body }))).toBe(50035);
  });
});

describe('webhooks', () => {
  it("post under the sender's name, ping nobody, and are told back", async () => {
    const channel = await bench.privateChannel(guild);
    const webhook = await channel.createWebhook({ name: 'WhatsApp' });
    const back = heard('hi @everyone');
    const sent = await webhook.send({ content: 'hi @everyone', username: 'Lena', allowedMentions: { parse: [] } });
    expect(bench.discord.message(sent.id)).toMatchObject({ author: { name: 'Lena', webhook: true }, pings: [] });
    expect(await back).toMatchObject({ id: sent.id, webhookId: webhook.id, applicationId: client.application.id });
    const loud = await webhook.send(`@everyone <@${bench.ana.id}> https://bad.example`);
    expect(bench.discord.message(loud.id)).toMatchObject({
      pings: [bench.ana.id, 'everyone'],
      links: [{ url: 'https://bad.example', text: 'https://bad.example' }],
      previews: ['https://bad.example'],
    });
    await webhook.editMessage(sent.id, 'changed');
    expect(bench.discord.message(sent.id).content).toBe('changed');
    await webhook.deleteMessage(sent.id);
    expect(bench.ana.sees(channel.id).map(({ content }) => content)).not.toContain('changed');
  });

  it('refuse names with "discord" or "clyde" and are unknown when a person deleted them', async () => {
    const channel = await bench.privateChannel(guild);
    const webhook = await channel.createWebhook({ name: 'WhatsApp' });
    expect(await codeOf(webhook.send({ content: 'x', username: 'My Discord' }))).toBe(50035);
    expect(await codeOf(webhook.send({ content: 'x', username: 'clyde' }))).toBe(50035);
    const root = bench.discord.addPerson({ name: 'Root', email: 'root@acme.com', administrator: true });
    await root.deleteWebhook(webhook.id);
    expect(await codeOf(webhook.send('x'))).toBe(10015);
  });
});

describe('people', () => {
  it('talk, reply, edit, react and delete', async () => {
    const channel = await bench.privateChannel(guild);
    const webhook = await channel.createWebhook({ name: 'WhatsApp' });
    const { id: first } = await webhook.send({ content: 'hello', username: 'Lena' });
    const replying = heard('answer');
    const replyId = await bench.ana.say(channel.id, 'answer', { replyTo: first });
    const reply = await replying;
    expect(reply).toMatchObject({ id: replyId, reference: { messageId: first }, author: { id: bench.ana.id } });
    const edited = new Promise<string>((resolve) => {
      client.on(Events.MessageUpdate, (_before, after) => resolve(after.content));
    });
    await bench.ana.edit(replyId, 'better');
    expect(await edited).toBe('better');
    const reacted = new Promise<string | null>((resolve) => {
      client.on(Events.MessageReactionAdd, (reaction) => resolve(reaction.emoji.name));
    });
    await bench.ana.react(first, '👍');
    expect(await reacted).toBe('👍');
    const deleted = new Promise<string>((resolve) => {
      client.on(Events.MessageDelete, (message) => resolve(message.id));
    });
    await bench.ana.remove(replyId);
    expect(await deleted).toBe(replyId);
  });

  it('talk in a thread on a message, whose id is that of the message', async () => {
    const channel = await bench.privateChannel(guild);
    const { id } = await channel.send('top');
    const said = heard('inside');
    const thread = await bench.ana.startThread(id, 'About it');
    expect(thread.id).toBe(id);
    await bench.ana.say(thread, 'inside');
    const message = await said;
    expect(message.channel.type).toBe(ChannelType.PublicThread);
    expect(message.channel.isThread() && message.channel.parentId).toBe(channel.id);
    const starter = await channel.messages.fetch({ message: id, force: true });
    expect(starter.hasThread).toBe(true);
  });

  it('do not reach the bot where it sees nothing', async () => {
    const root = bench.discord.addPerson({ name: 'Root', email: 'root@acme.com', administrator: true });
    const secret = await root.createChannel('secret', { private: true });
    const open = await root.createChannel('open');
    const texts: string[] = [];
    client.on(Events.MessageCreate, (message) => texts.push(message.content));
    await root.say(secret, 'psst');
    await root.say(open, 'all');
    await bench.discord.until(() => texts.includes('all'), 'the open message');
    expect(texts).toEqual(['all']);
  });
});

describe('private threads', () => {
  it('are for their members, and members change only while they are open', async () => {
    const parent = await guild.channels.create({ name: 'inbox' });
    const thread = await parent.threads.create({
      name: 'Lena',
      type: ChannelType.PrivateThread,
      invitable: false,
      autoArchiveDuration: ThreadAutoArchiveDuration.OneWeek,
    });
    const ben = bench.discord.addPerson({ name: 'Ben', email: 'ben@acme.com' });
    await thread.members.add(bench.ana.id);
    const here = bench.discord.channel(thread.id);
    expect(bench.ana.readable()).toContain(here);
    expect(ben.readable()).not.toContain(here);
    await expect(bench.ana.addToThread(here, ben)).rejects.toThrow('Missing Permissions');
    await thread.setArchived(true);
    expect(await codeOf(thread.members.remove(bench.ana.id))).toBe(50083);
    await thread.setArchived(false);
    await thread.members.remove(bench.ana.id);
    expect(bench.ana.readable()).not.toContain(here);
    expect(bench.ana.sees(here)).toEqual([]);
  });

  it('list what was archived, the last first, and let people in who are mentioned where that is allowed', async () => {
    const parent = await guild.channels.create({ name: 'inbox' });
    const ben = bench.discord.addPerson({ name: 'Ben', email: 'ben@acme.com' });
    const open = await parent.threads.create({ name: 'open', type: ChannelType.PrivateThread, invitable: true });
    await open.members.add(bench.ana.id);
    await bench.ana.say(open.id, 'look', { mention: [ben] });
    expect(ben.readable()).toContain(bench.discord.channel(open.id));
    const second = await parent.threads.create({ name: 'second', type: ChannelType.PrivateThread });
    for (const thread of [open, second]) bench.discord.archive(bench.discord.channel(thread.id));
    const { threads } = await parent.threads.fetchArchived({ type: 'private' });
    expect(new Set(threads.keys())).toEqual(new Set([open.id, second.id]));
    expect(await codeOf(open.setName('renamed'))).toBe(50083);
    await expect(bench.ana.slashCommand(open.id, '/wa')).rejects.toThrow('archived thread');
  });

  it('tell the bot that is added to one, and leave it out when it is taken out', async () => {
    bench.discord.setBotPermissions(['ViewChannel', 'SendMessagesInThreads', 'ReadMessageHistory']);
    const root = bench.discord.addPerson({ name: 'Root', email: 'root@acme.com', administrator: true });
    const parent = await root.createChannel('inbox');
    const thread = await root.startPrivateThread(parent, 'secret');
    expect(await codeOf(client.channels.fetch(thread.id, { force: true }))).toBe(50001);
    const added = new Promise<string>((resolve) => {
      client.on(Events.ThreadCreate, ({ id }) => resolve(id));
    });
    await root.addToThread(thread, bench.discord.bot);
    expect(await added).toBe(thread.id);
    await root.takeFromThread(thread, bench.discord.bot);
    expect(await codeOf(client.rest.post(`/channels/${thread.id}/messages`, { body: { content: 'x' } }))).toBe(50001);
  });

  it('open again when somebody writes, and stop at the cap of active ones', async () => {
    bench.discord.settings.activeThreadLimit = 1;
    const parent = await guild.channels.create({ name: 'inbox' });
    const thread = await parent.threads.create({ name: 'a', type: ChannelType.PrivateThread });
    expect(await codeOf(parent.threads.create({ name: 'b', type: ChannelType.PrivateThread }))).toBe(160006);
    await thread.setArchived(true);
    await thread.send('back');
    expect(bench.discord.channel(thread.id).thread?.archived).toBe(false);
    const { threads } = await guild.channels.fetchActiveThreads();
    expect([...threads.keys()]).toEqual([thread.id]);
  });
});

describe('forums', () => {
  it('hold posts whose first message has the id of the post, also by webhook', async () => {
    const forum = await guild.channels.create({ name: 'Chats', type: ChannelType.GuildForum });
    const started = await forum.threads.create({ name: 'Lena', message: { content: 'first' } });
    expect(bench.discord.channel(started.id).message(started.id)?.content).toBe('first');
    const webhook = await forum.createWebhook({ name: 'WhatsApp' });
    expect(await codeOf(webhook.send({ content: 'x', username: 'Ben' }))).toBe(220001);
    const { id } = await webhook.send({ content: 'hello', username: 'Ben', threadName: 'Ben' });
    expect(bench.discord.channel(id).thread?.parentId).toBe(forum.id);
    await webhook.send({ content: 'more', threadId: started.id });
    expect(bench.discord.channel(started.id).messages.map(({ content }) => content)).toEqual(['first', 'more']);
  });
});

describe('messages of the bot', () => {
  it('are made once per nonce, and gone for good when deleted', async () => {
    const channel = await bench.privateChannel(guild);
    const other = await bench.privateChannel(guild, 'other');
    const body = { content: 'once', nonce: 'abc', enforceNonce: true };
    const first = await channel.send(body);
    expect((await channel.send(body)).id).toBe(first.id);
    expect((await other.send(body)).id).toBe(first.id);
    await first.delete();
    expect(await codeOf(channel.send(body))).toBe(10008);
  });

  it('keep the limits of text and embeds', async () => {
    const channel = await bench.privateChannel(guild);
    expect(await codeOf(channel.send('x'.repeat(2_001)))).toBe(50035);
    expect(await codeOf(channel.send({ embeds: [{ description: 'x'.repeat(4_097) }] }))).toBe(50035);
    expect(await codeOf(channel.send({ content: ' ' }))).toBe(50006);
    const id = await bench.ana.say(channel.id, 'mine');
    const theirs = await channel.messages.fetch(id);
    expect(theirs.editable).toBe(false);
    expect(await codeOf(client.rest.patch(`/channels/${channel.id}/messages/${id}`, { body: { content: 'x' } }))).toBe(
      50005,
    );
  });

  it('are pinned, hold polls, and are deleted many at once', async () => {
    const channel = await bench.privateChannel(guild);
    const poll = { question: { text: 'Tea?' }, answers: [{ text: 'Yes' }], allowMultiselect: false, duration: 1 };
    const asked = await channel.send({ poll });
    expect(asked.poll?.answers.map(({ text }) => text)).toEqual(['Yes']);
    const second = await channel.send('two');
    await bench.ana.say(channel.id, 'three');
    await second.pin();
    expect((await channel.messages.fetchPins()).items.map(({ message }) => message.id)).toEqual([second.id]);
    await channel.bulkDelete([asked.id, second.id]);
    const left = bench.discord.channel(channel.id).messages.map(({ type }) => type);
    expect(left).toEqual([MessageType.Default, MessageType.ChannelPinnedMessage]);
  });

  it('page by before and after, newest first', async () => {
    const channel = await bench.privateChannel(guild);
    const ids: string[] = [];
    for (let at = 0; at < 5; at += 1) ids.push(await bench.ana.say(channel.id, String(at)));
    const page = await channel.messages.fetch({ after: ids[1] ?? '', limit: 2 });
    expect([...page.keys()]).toEqual([ids[3], ids[2]]);
    const before = await channel.messages.fetch({ before: ids[2] ?? '', limit: 10 });
    expect([...before.keys()]).toEqual([ids[1], ids[0]]);
  });

  it('reach people directly unless they do not take that', async () => {
    const user = await client.users.fetch(bench.ana.id);
    await user.send({ content: 'psst', flags: MessageFlags.SuppressNotifications });
    expect(bench.ana.directMessages().map(({ content }) => content)).toEqual(['psst']);
    const said = heard('back');
    await bench.ana.say(bench.ana.direct, 'back');
    expect((await said).channel.isDMBased()).toBe(true);
    bench.discord.change(bench.ana, { acceptsDirect: false });
    expect(await codeOf(user.send('again'))).toBe(50007);
  });
});
