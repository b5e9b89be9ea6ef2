// What Discord alone does to a bridge, on the wire against the stand-in: webhooks, reply forms, threads, budgets, intents, gaps.
import { Readable } from 'node:stream';
import { ChannelType, MessageFlags } from 'discord.js';
import { expect, onTestFinished, test } from 'vitest';
import type { PlatformEvent } from '../../../../src/domain/events.ts';
import { as } from '../../../../src/domain/ids.ts';
import type { MirrorId, UserId } from '../../../../src/domain/ids.ts';
import { plain, plainText } from '../../../../src/domain/text.ts';
import type { CallFault } from '../../../../simulators/discord/index.ts';
import { firstTry, nextTry, openPlay, postOf } from '../../../contract/chat-platform/play.ts';
import { openDiscordStage } from '../../../contract/discord-stage.ts';
import { postId, postParts } from '../../../../src/platforms/discord/ids.ts';

async function open(options: Parameters<typeof openDiscordStage>[0] = {}) {
  const { stage, discord } = await openDiscordStage(options);
  const play = await openPlay(stage);
  onTestFinished(async () => {
    expect(stage.unknownCalls()).toEqual([]);
    await play.close();
  });
  return { play, stage, discord };
}

type Opened = Awaited<ReturnType<typeof open>>;

const mirror = (id: string, name = 'wa-bob') => ({ mirror: as<MirrorId>(id), name, topic: 'Bob' });
const bob = { author: { name: 'Bob', seed: 'bob' } };
const customIds = (message: { readonly components: unknown }): string[] =>
  [...JSON.stringify(message.components).matchAll(/"custom_id":"([^"]+)"/g)].map(([, id = '']) => id);
const messageOf = ({ discord }: Opened, post: Parameters<typeof postParts>[0]) =>
  discord.message(postParts(post).message);

async function all(events: AsyncIterable<PlatformEvent>): Promise<PlatformEvent[]> {
  const list: PlatformEvent[] = [];
  for await (const event of events) list.push(event);
  return list;
}

test.for<[CallFault, object]>([
  [
    { kind: 'rate_limited', retryAfter: 7 },
    { code: 'throttled', certain: true, retry: 'later' },
  ],
  // As long as it says, which the SDK makes 50 ms longer; not until the bucket's window ends.
  [
    { kind: 'rate_limited', retryAfter: 2 },
    { code: 'throttled', retryAfterMs: 2_050 },
  ],
  [
    { kind: 'rate_limited', retryAfter: 7, scope: 'global' },
    { code: 'throttled', certain: true, waitFor: 'workspace' },
  ],
  ...['', 'soon', '0', '-30', 'Thu, 01 Jan 2026 00:00:00 GMT'].map((header): [CallFault, object] => [
    { kind: 'rate_limited', header },
    { code: 'throttled', certain: true, retry: 'later' },
  ]),
  [
    { kind: 'rate_limited', header: '1000000000' },
    { code: 'throttled', certain: true, retry: 'later', retryAfterMs: 3_600_000 },
  ],
  [
    { kind: 'status', status: 500 },
    { code: 'unreachable', certain: false },
  ],
  [{ kind: 'html' }, { code: 'unreachable', certain: false }],
  [{ kind: 'answer_cut' }, { code: 'unreachable', certain: false }],
  [
    { kind: 'answer_status', status: 502 },
    { code: 'unreachable', certain: false },
  ],
  [
    { kind: 'error', status: 403, code: 50_013, message: 'Missing Permissions' },
    { code: 'not_allowed', certain: true, retry: 'later' },
  ],
  [
    { kind: 'error', status: 400, code: 50_035, message: 'Invalid Form Body' },
    { code: 'broken', certain: true, retry: 'never' },
  ],
  [
    { kind: 'error', status: 400, code: 99_999, message: 'News' },
    { code: 'refused', certain: true, retry: 'never' },
  ],
])('translates %j', async ([fault, expected]) => {
  const { play, discord } = await open();
  const { channel } = await play.channel('wa-bob');
  discord.faults.call('create_message', fault);
  await expect(play.post(channel, {})).rejects.toMatchObject(expected);
});

test('posts under the customer’s name by one webhook, with a Reply button, without pings or previews', async () => {
  const opened = await open();
  const { play, discord } = opened;
  const { channel } = await play.channel('wa-bob');
  const first = await play.post(channel, { author: { name: 'Clyde of Discord @everyone', seed: 'b' } });
  const second = await play.post(channel, bob);
  expect(messageOf(opened, first).author.name).toBe('Cly-de of Dis-cord everyone');
  expect(discord.webhooks()).toHaveLength(1);
  const message = messageOf(opened, second);
  expect(customIds(message)).toEqual([expect.stringMatching(/^reply:key\d+$/)]);
  expect(message.flags & MessageFlags.SuppressEmbeds).not.toBe(0);
  const bodies = discord.requests.filter(({ operation }) => operation === 'execute_webhook');
  expect(bodies.every(({ body }) => JSON.stringify(body).includes('"allowed_mentions":{"parse":[]}'))).toBe(true);
});

test('finds a webhook post whose answer was lost, by its button, also after a restart', async () => {
  const { play, stage, discord } = await open();
  const { channel } = await play.channel('wa-bob');
  const attempt = firstTry();
  discord.faults.call('execute_webhook', { kind: 'answer_lost' });
  await expect(play.platform.post({ channel }, postOf(bob), attempt)).rejects.toMatchObject({ certain: false });
  const platform = await play.restart();
  const found = await platform.lookUp({ channel }, nextTry(attempt));
  expect(stage.seen(channel).map(({ post }) => post)).toEqual([found]);
});

test('keeps the Reply button when a post is changed, also one of an earlier run', async () => {
  const opened = await open();
  const { play } = opened;
  const { channel } = await play.channel('wa-bob');
  const buttons = [{ action: 'resend:1', label: 'Resend', tone: 'primary' as const }];
  const id = await play.post(channel, { ...bob, buttons });
  const [, reply] = customIds(messageOf(opened, id));
  const platform = await play.restart();
  await platform.edit(id, postOf({ words: 'changed' }));
  expect(messageOf(opened, id).content).toBe('changed');
  expect(customIds(messageOf(opened, id))).toEqual([reply]);
});

test('a change keeps the file and what is answered, also of an earlier run; a post without its file loses it', async () => {
  const opened = await open();
  const { play } = opened;
  const { channel } = await play.channel('wa-bob');
  const root = await play.post(channel, bob);
  const file = {
    name: 'offer.pdf',
    mimeType: 'application/pdf',
    media: 'document' as const,
    altText: 'an offer',
    open: async () => Readable.from([Buffer.from('%PDF')]),
  };
  const posted = await play.platform.post(
    { channel, thread: root, broadcast: true },
    postOf({ ...bob, lines: ['sending'], file }),
    firstTry(),
  );
  const shown = () => messageOf(opened, posted);
  const link = /^-# ↪ .*$/m.exec(shown().content)?.[0];
  expect(link).toContain(postParts(root).message);
  for (const lines of [['sent'], ['delivered']]) {
    const platform = lines[0] === 'sent' ? play.platform : await play.restart();
    await platform.edit(posted, postOf({ ...bob, lines, file }));
    expect(shown().content).toContain(`-# ${lines[0]}`);
    expect(shown().content.split('\n')[0]).toBe(link);
    expect(shown().files.map(({ name }) => name)).toEqual(['offer.pdf']);
  }
  // As when the customer deletes it.
  await play.platform.edit(posted, postOf({ ...bob, words: 'deleted' }));
  expect(shown().files).toEqual([]);
});

test('makes a webhook anew that was deleted by hand, once', async () => {
  const { play, discord } = await open();
  const { channel } = await play.channel('wa-bob');
  await play.post(channel, bob);
  for (const { id } of discord.webhooks()) await discord.owner.deleteWebhook(id);
  await play.post(channel, bob);
  expect(discord.webhooks()).toHaveLength(1);
  discord.faults.call(
    'execute_webhook',
    { kind: 'error', status: 404, code: 10_015, message: 'Unknown Webhook' },
    { times: 2 },
  );
  await expect(play.post(channel, bob)).rejects.toMatchObject({ certain: true });
});

test('answers under a name with a link to what is answered, as webhooks can’t reply', async () => {
  const opened = await open();
  const { play } = opened;
  const { channel } = await play.channel('wa-bob');
  const root = await play.post(channel, bob);
  const answer = await play.post(channel, bob, root);
  expect(messageOf(opened, answer).content).toContain(`/${channel}/${postParts(root).message}>`);
});

test('shows words that are too long for a message, whole', async () => {
  const opened = await open();
  const { play } = opened;
  const { channel } = await play.channel('wa-bob');
  const words = '*_~`|<'.repeat(250);
  const id = await play.post(channel, { ...bob, text: plain(words) });
  const shown = messageOf(opened, id).embeds[0]?.description ?? '';
  expect(shown.replaceAll(/\\(.)/g, '$1')).toBe(words);
});

test('takes what is sent with the Reply button’s form as a reply of that person, and reads it back', async () => {
  const opened = await open();
  const { play, stage, discord } = opened;
  const ana = await stage.person('Ana');
  const { channel } = await play.channel('wa-bob', ana);
  const root = await play.post(channel, bob);
  const [button = ''] = customIds(messageOf(opened, root));
  const person = discord.person(ana.email);
  await person.click(postParts(root).message, button);
  await person.submitModal({ words: 'on my **way**' });
  const said = await play.told('said');
  expect(said).toMatchObject({ channel, thread: root, user: ana.user });
  expect(plainText(said.text)).toBe('on my way');
  const shown = messageOf(opened, said.post);
  expect(shown.content).toContain('Ana');
  expect(shown.pings).toEqual([]);
  await discord.settled();
  expect(play.events.filter(({ kind }) => kind === 'said')).toHaveLength(1);
  const missed = await all(play.platform.missed([{ channel, since: new Date(0), threads: [] }]));
  expect(missed).toEqual([said]);
});

test('hears what is said in a thread on a post, live and missed, and answers there', async () => {
  const opened = await open();
  const { play, stage, discord } = opened;
  const ana = await stage.person('Ana');
  const { channel } = await play.channel('wa-bob', ana);
  const root = await play.post(channel, bob);
  const person = discord.person(ana.email);
  const thread = await person.startThread(postParts(root).message, 'about this');
  const post = postId(thread.id, await person.say(thread, 'in the thread'));
  const said = await play.told('said', (event) => event.post === post);
  expect(said).toMatchObject({ channel, thread: root });
  const line = await play.post(channel, {}, root);
  expect(postParts(line).channel).toBe(thread.id);
  const heard = await play.platform.post({ channel, thread: root, broadcast: true }, postOf(bob), firstTry());
  expect(postParts(heard).channel).toBe(channel);
  await person.say(thread, 'more');
  discord.archive(thread);
  await play.platform.edit(line, postOf({ words: 'changed in the sleeping thread' }));
  discord.archive(thread);
  const platform = await play.restart();
  const missed = await all(platform.missed([{ channel, since: said.at, threads: [root] }]));
  const words = missed.map((event) => (event.kind === 'said' ? plainText(event.text) : event.kind));
  expect(words).toEqual(['in the thread', 'more']);
  expect(missed[0]).toEqual(said);
});

test('opens private threads beyond the budget, for members only, who can be taken out while it sleeps', async () => {
  const opened = await open({ channelBudget: 1 });
  const { play, stage, discord } = opened;
  const [ana, eve] = [await stage.person('Ana'), await stage.person('Eve')];
  const text = await play.platform.openChannel(mirror('m1'));
  const opening = await play.platform.openChannel(mirror('m2'));
  expect(discord.channel(text.channel).type).toBe(ChannelType.GuildText);
  const thread = discord.channel(opening.channel);
  expect(thread.type).toBe(ChannelType.PrivateThread);
  await play.platform.setUsers(opening.channel, new Set([ana.user, eve.user]));
  expect(new Set(discord.readers(thread))).toEqual(new Set([ana.user, eve.user, discord.owner.id]));
  expect(stage.seen(opening.channel).map(({ words }) => words.trim())).toEqual(['-# Bob']);
  const post = await play.post(opening.channel, bob);
  expect(postParts(post).channel).toBe(thread.id);
  const note = await stage.say(ana, opening.channel, 'a note');
  expect(await play.told('said')).toMatchObject({ post: note, channel: opening.channel });
  discord.archive(thread);
  const report = await play.platform.setUsers(opening.channel, new Set([ana.user]));
  expect(report).toMatchObject({ removed: [eve.user], present: [ana.user], problems: [] });
  expect(thread.thread?.archived).toBe(true);
  expect(stage.members(opening.channel)).toEqual([ana.user]);
  const platform = await play.restart();
  expect((await platform.openChannel(mirror('m2'))).channel).toBe(opening.channel);
  await platform.updateChannel(opening.channel, { name: 'wa-robert' });
  expect((await platform.openChannel(mirror('m2'))).channel).toBe(opening.channel);
  expect(play.events.filter(({ kind }) => kind === 'joined' || kind === 'left')).toEqual([]);
});

test('puts the threads of each number under channels of their own, and begins another when one is full', async () => {
  const { play, discord } = await open({ channelBudget: 0, threadsInParent: 2 });
  const support = { id: 'a1', name: 'wa-support' };
  const sales = { id: 'a2', name: 'wa-sales' };
  const parentOf = (channel: string) => discord.channel(discord.channel(channel).thread?.parentId ?? '');
  const names: string[] = [];
  for (const [id, group] of [['m1', support], ['m2', support], ['m3', sales], ['m4', support]] as const) {
    const { channel } = await play.platform.openChannel({ ...mirror(id), group });
    names.push(parentOf(channel).name);
    expect(discord.channel(channel).thread).toMatchObject({ invitable: false });
  } // prettier-ignore
  expect(names).toEqual(['wa-support-more', 'wa-support-more', 'wa-sales-more', 'wa-support-more-2']);
  for (const thread of discord.threads()) discord.archive(thread);
  // A new process finds them all again, asleep as they are, under whatever name the number has by now.
  const platform = await play.restart();
  const renamed = { ...support, name: 'wa-help' };
  const again = await platform.openChannel({ ...mirror('m4'), group: renamed });
  expect(parentOf(again.channel).name).toBe('wa-support-more-2');
  const next = await platform.openChannel({ ...mirror('m5'), group: renamed });
  expect(parentOf(next.channel).name).toBe('wa-support-more-2');
  expect(discord.threads()).toHaveLength(5);
});

test('a channel in which Discord makes new threads wait for minutes is passed over', async () => {
  const { play, discord } = await open({ channelBudget: 0 });
  const parentOf = (channel: string) => discord.channel(discord.channel(channel).thread?.parentId ?? '').name;
  expect(parentOf((await play.platform.openChannel(mirror('m1'))).channel)).toBe('whatsapp-more');
  discord.faults.call('create_thread', { kind: 'rate_limited', retryAfter: 300 });
  expect(parentOf((await play.platform.openChannel(mirror('m2'))).channel)).toBe('whatsapp-more-2');
  expect(parentOf((await play.platform.openChannel(mirror('m3'))).channel)).toBe('whatsapp-more-2');
});

test('fills a category before it begins the next, and nobody but the bot sees any of it', async () => {
  const { play, discord } = await open();
  for (let count = 0; count < 51; count += 1) await play.platform.openChannel(mirror(`m${count}`));
  const categories = discord.channels().filter(({ type }) => type === ChannelType.GuildCategory);
  expect(categories.map(({ name }) => name)).toEqual(['WhatsApp', 'WhatsApp 2']);
  const outsider = discord.addPerson({ name: 'Out', email: 'out@acme.example' });
  expect(discord.channels().flatMap((channel) => discord.readers(channel))).not.toContain(outsider.id);
}, 20_000);

test('closes a channel again that was opened to everybody or to a role by hand', async () => {
  const { play, stage, discord } = await open();
  const ana = await stage.person('Ana');
  const eve = await stage.person('Eve');
  const { channel } = await play.channel('wa-bob', ana);
  const role = discord.addRole('Sales');
  await discord.owner.overwrite(channel, { id: discord.guildId }, { allow: ['ViewChannel'] });
  await discord.owner.overwrite(channel, role, { allow: ['ViewChannel'] });
  expect(discord.readers(discord.channel(channel))).toContain(eve.user);
  await play.platform.setUsers(channel, new Set([ana.user]));
  expect(new Set(discord.readers(discord.channel(channel)))).toEqual(new Set([ana.user, discord.owner.id]));
});

test('tells of deleted channels, of renamed ones, and of people who leave the server', async () => {
  const { play, stage, discord } = await open();
  const ana = await stage.person('Ana');
  const { channel } = await play.channel('wa-bob', ana);
  await discord.owner.rename(channel, 'wa-other');
  expect(await play.told('channelChanged')).toMatchObject({ channel, change: 'renamed', name: 'wa-other' });
  await discord.owner.deleteChannel(channel);
  await play.told('channelChanged', (event) => event.change === 'deleted' && event.channel === channel);
  await discord.owner.kickFromGuild({ id: ana.user });
  expect(await play.told('userChanged', ({ active }) => !active)).toMatchObject({ user: ana.user });
});

test('tells what was deleted while nobody told us', async () => {
  const { play, stage } = await open();
  const ana = await stage.person('Ana');
  const { channel } = await play.channel('wa-bob', ana);
  const kept = await stage.say(ana, channel, 'kept');
  const said = await stage.say(ana, channel, 'deleted in the gap');
  const { at: since } = await play.told('said', (event) => event.post === said);
  stage.cut();
  await stage.erase(ana, said);
  const missed = await all(play.platform.missed([{ channel, since, threads: [] }]));
  expect(missed.filter(({ kind }) => kind === 'deleted')).toMatchObject([{ post: said, channel }]);
  expect(missed.some((event) => event.kind === 'deleted' && event.post === kept)).toBe(false);
});

test('reads the other channels although one was deleted in the gap', async () => {
  const { play, stage, discord } = await open();
  const ana = await stage.person('Ana');
  const [lost, kept] = [await play.channel('wa-lost', ana), await play.channel('wa-kept', ana)];
  stage.cut();
  await stage.say(ana, kept.channel, 'hello');
  await discord.owner.deleteChannel(lost.channel);
  const known = [lost, kept].map(({ channel }) => ({ channel, since: new Date(0), threads: [] }));
  const missed = await all(play.platform.missed(known));
  expect(missed).toMatchObject([
    { kind: 'channelChanged', change: 'deleted', channel: lost.channel },
    { kind: 'said', channel: kept.channel },
  ]);
});

test('writes one line in place to somebody who takes no direct messages', async () => {
  const { play, stage, discord } = await open();
  const ana = await stage.person('Ana');
  discord.change(discord.person(ana.email), { acceptsDirect: false });
  const { channel } = await play.channel('wa-bob', ana);
  const root = await play.post(channel, bob);
  await play.platform.tell(ana.user, { channel, thread: root }, postOf({ words: 'you may not @everyone' }));
  expect(stage.seen(channel)[1]).toMatchObject({ thread: root, pings: [] });
  expect(stage.seen(channel)[1]?.words).toContain('Ana: you may not @everyone');
  await expect(play.platform.tell(ana.user, undefined, postOf({}))).rejects.toMatchObject({ code: 'not_allowed' });
});

test('refuses a file over the limit without sending it', async () => {
  const { play, discord } = await open();
  const { channel } = await play.channel('wa-bob');
  const file = {
    media: 'document' as const,
    name: 'big.bin',
    mimeType: 'application/octet-stream',
    sizeBytes: 11 * 1024 * 1024,
    altText: 'big',
    open: () => Promise.reject(new Error('not to be opened')),
  };
  await expect(play.post(channel, { ...bob, file })).rejects.toMatchObject({ code: 'too_large', certain: true });
  expect(discord.requests.some(({ operation }) => operation === 'execute_webhook')).toBe(false);
});

test('describes nobody’s email, and takes who isn’t in the server for a guest', async () => {
  const { play, stage } = await open();
  const ana = await stage.person('Ana');
  expect(await play.platform.describeUser(ana.user)).toEqual({ name: 'Ana', kind: 'person' });
  expect(await play.platform.describeUser(as<UserId>('123456789012345678'))).toMatchObject({ kind: 'guest' });
});
