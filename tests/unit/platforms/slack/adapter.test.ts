// What Slack alone does to a bridge, on the wire against the stand-in: bad answers, settings, names, files, logs.
import { buffer } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { BridgeError } from '../../../../src/domain/errors.ts';
import type { PlatformEvent } from '../../../../src/domain/events.ts';
import { as } from '../../../../src/domain/ids.ts';
import type { ChannelId, MirrorId, UserId } from '../../../../src/domain/ids.ts';
import { plain, plainText } from '../../../../src/domain/text.ts';
import { createLog } from '../../../../src/runtime/log.ts';
import { systemClock } from '../../../../src/runtime/time.ts';
import type { CallFault, DownloadFault } from '../../../../simulators/slack/index.ts';
import { firstTry, openPlay, postOf } from '../../../contract/chat-platform/play.ts';
import { until } from '../../../contract/chat-platform/stage.ts';
import { openSlackStage } from '../../../contract/slack-stage.ts';

async function open(options: Parameters<typeof openSlackStage>[0] = {}) {
  const { stage, slack } = await openSlackStage(options);
  const play = await openPlay(stage);
  onTestFinished(() => play.close());
  return { play, stage, slack };
}

const mirror = (id: string, name = 'wa-bob') => ({ mirror: as<MirrorId>(id), name, topic: '' });
const callsOf = (slack: { readonly requests: readonly { readonly method: string }[] }, method: string): number =>
  slack.requests.filter((request) => request.method === method).length;

test.for<[CallFault, object]>([
  [{ kind: 'rate_limited' }, { code: 'throttled', certain: true, retryAfterMs: 10_000 }],
  [
    { kind: 'rate_limited', retryAfter: '7' },
    { code: 'throttled', certain: true, retryAfterMs: 7_000 },
  ],
  [
    { kind: 'rate_limited', retryAfter: '-1' },
    { code: 'throttled', certain: true, retryAfterMs: 1_000 },
  ],
  [
    { kind: 'rate_limited', retryAfter: 'soon' },
    { code: 'throttled', certain: true, retryAfterMs: 10_000 },
  ],
  [
    { kind: 'rate_limited', retryAfter: '99999999999' },
    { code: 'throttled', certain: true, retryAfterMs: 3_600_000 },
  ],
  [
    { kind: 'status', status: 500 },
    { code: 'unreachable', certain: false },
  ],
  [
    { kind: 'status', status: 503, body: 'down' },
    { code: 'unreachable', certain: false },
  ],
  [{ kind: 'html' }, { code: 'unreachable', certain: false }],
  [
    { kind: 'error', error: 'fatal_error' },
    { code: 'unreachable', certain: false },
  ],
  [
    { kind: 'error', error: 'a_new_error' },
    { code: 'refused', certain: true },
  ],
  [{ kind: 'answer_cut' }, { code: 'unreachable', certain: false }],
  [{ kind: 'answer_lost' }, { code: 'unreachable', certain: false }],
])('posts with one request whatever is answered (%j)', async ([fault, meaning]) => {
  const { play, slack } = await open();
  const { channel } = await play.channel('wa-bob');
  slack.faults.call('chat.postMessage', fault);
  await expect(play.post(channel, {})).rejects.toMatchObject(meaning);
  expect(callsOf(slack, 'chat.postMessage')).toBe(1);
});

test('a topic is written without Slack’s syntax', async () => {
  const { play, slack } = await open();
  const { channel } = await play.platform.openChannel({ ...mirror('m1'), topic: 'Bob <!channel> & co' });
  expect(slack.channel(channel).topic.value).toBe('Bob &lt;!channel&gt; &amp; co');
});

test('people are called by their names when they’re mentioned, and by new names once they change', async () => {
  const { play, stage, slack } = await open();
  const [ana, ben] = [await stage.person('Ana'), await stage.person('Ben')];
  const { channel } = await play.channel('wa-bob', ana, ben);
  const mention = [{ id: ben.user as string, name: 'Ben' }];
  await slack.person(ana.email).say(channel, 'ask @Ben', { mention });
  expect(plainText((await play.told('said')).text)).toBe('ask @Ben');
  slack.change(slack.person(ben.email), { realName: 'Benedict' });
  await play.told('userChanged', (event) => event.user === ben.user && event.key !== play.events[0]?.key);
  await slack.settled();
  await slack.person(ana.email).say(channel, 'ask @Ben again', { mention });
  const second = await until(
    () => play.events.findLast((event) => event.kind === 'said' && plainText(event.text).includes('again')),
    'it',
  );
  expect(second.kind === 'said' ? plainText(second.text) : '').toBe('ask @Benedict again');
});

test('a person who left is found no more', async () => {
  const { play, stage, slack } = await open();
  const ana = await stage.person('Ana');
  expect(await play.platform.findUser(ana.email)).toBe(ana.user);
  slack.change(slack.person(ana.email), { deleted: true });
  await play.told('userChanged', (event) => !event.active);
  expect(await play.platform.findUser(ana.email)).toBeUndefined();
});

test('a channel from which the bot was taken is told, and opened anew', async () => {
  const { play, stage, slack } = await open();
  const ana = await stage.person('Ana');
  const first = await play.platform.openChannel(mirror('m1'));
  await play.platform.setUsers(first.channel, new Set([ana.user]));
  await slack.person(ana.email).kick(first.channel, slack.bot);
  expect(await play.told('channelChanged')).toMatchObject({
    channel: first.channel,
    change: 'botRemoved',
    by: ana.user,
  });
  const second = await play.platform.openChannel(mirror('m1'));
  expect(second.channel).not.toBe(first.channel);
  expect(second.name).toBe('wa-bob-2');
});

test('neither somebody’s channel of that name nor one with people in it is taken for a lost one', async () => {
  const { play, stage, slack } = await open();
  const ana = await stage.person('Ana');
  await slack.person(ana.email).create('wa-bob', { private: true });
  stage.loseAnswer('openChannel');
  // The first name is taken, so this loses the answer to the second.
  slack.faults.clear();
  const lost = await play.platform.openChannel(mirror('m1'));
  slack.channel(lost.channel).purpose.value = '';
  await play.platform.setUsers(lost.channel, new Set([ana.user]));
  await play.restart();
  const opened = await play.platform.openChannel(mirror('m2'));
  expect([lost.name, opened.name]).toEqual(['wa-bob-2', 'wa-bob-3']);
});

test('when only admins may remove people, that is said for each of them and not tried for each', async () => {
  const { play, stage, slack } = await open();
  const people = [await stage.person('Ana'), await stage.person('Ben'), await stage.person('Eve')];
  const { channel } = await play.channel('wa-bob', ...people);
  slack.preferences.whoCanKick = 'admins';
  const report = await play.platform.setUsers(channel, new Set());
  expect(report).toMatchObject({ removed: [], unfinished: false });
  expect(new Set(report.problems.map((problem) => problem.user))).toEqual(new Set(people.map((one) => one.user)));
  expect(report.problems[0]?.fix).toContain('People who can remove members');
  expect(callsOf(slack, 'conversations.kick')).toBe(1);
});

test('when only admins may invite, or a guest has a channel already, that is said', async () => {
  const { play, stage, slack } = await open();
  const ana = await stage.person('Ana');
  const guest = slack.addPerson({ name: 'Gus', email: 'gus@acme.example', guest: 'single' });
  await play.channel('wa-first', { user: as<UserId>(guest.id), email: '' });
  const { channel } = await play.channel('wa-second');
  const report = await play.platform.setUsers(channel, new Set([ana.user, as<UserId>(guest.id)]));
  expect(report).toMatchObject({ added: [ana.user], problems: [{ user: guest.id }] });
  slack.preferences.whoCanInvite = 'admins';
  await play.platform.setUsers(channel, new Set());
  const refused = await play.platform.setUsers(channel, new Set([ana.user]));
  expect(refused).toMatchObject({ added: [], problems: [{ user: ana.user }] });
});

test('when Slack asks to wait, removing and inviting go on later, and Slack is left alone until then', async () => {
  const { play, stage, slack } = await open();
  const [ana, ben] = [await stage.person('Ana'), await stage.person('Ben')];
  const [{ channel }, other] = [await play.channel('wa-bob', ana), await play.channel('wa-eve', ana)];
  slack.faults.call('conversations.kick', { kind: 'rate_limited', retryAfter: '1' });
  const report = await play.platform.setUsers(channel, new Set([ben.user]));
  expect(report).toMatchObject({ removed: [], added: [ben.user], problems: [], unfinished: true, retryAfterMs: 1_000 });
  const elsewhere = await play.platform.setUsers(other.channel, new Set());
  expect(elsewhere).toMatchObject({ removed: [], unfinished: true });
  expect(callsOf(slack, 'conversations.kick')).toBe(1);
  await systemClock.sleep(elsewhere.retryAfterMs ?? 0);
  const next = await play.platform.setUsers(channel, new Set([ben.user]));
  expect(next).toMatchObject({ removed: [ana.user], unfinished: false });
});

test.for<DownloadFault>([
  { kind: 'short', part: 0.5 },
  { kind: 'long', extraBytes: 10 },
  { kind: 'truncated', part: 0.3 },
  { kind: 'html' },
  { kind: 'status', status: 500 },
])('a download that isn’t the file fails (%j)', async (fault) => {
  const { play, stage, slack } = await open();
  const ana = await stage.person('Ana');
  const { channel } = await play.channel('wa-bob', ana);
  await stage.say(ana, channel, '', { files: [{ name: 'a.bin', bytes: Buffer.alloc(50_000, 7) }] });
  const { files } = await play.told('said');
  slack.faults.download(fault);
  const read = async (): Promise<Buffer> => buffer(await play.platform.openFile(files[0]?.ref ?? as('')));
  await expect(read()).rejects.toThrow(BridgeError);
  expect((await read()).length).toBe(50_000);
});

test('a download may be given up in the middle', async () => {
  const { play, stage } = await open();
  const ana = await stage.person('Ana');
  const { channel } = await play.channel('wa-bob', ana);
  await stage.say(ana, channel, '', { files: [{ name: 'a.bin', bytes: Buffer.alloc(5_000_000, 7) }] });
  const { files } = await play.told('said');
  const stream = await play.platform.openFile(files[0]?.ref ?? as(''));
  for await (const chunk of stream) {
    expect(chunk.length).toBeGreaterThan(0);
    break;
  }
  expect(stream.destroyed).toBe(true);
});

test('without the permission to read files Slack’s sign-in page isn’t taken for the file', async () => {
  const { play, stage, slack } = await open();
  const ana = await stage.person('Ana');
  const { channel } = await play.channel('wa-bob', ana);
  await stage.say(ana, channel, '', { files: [{ name: 'a.bin', bytes: Buffer.alloc(10) }] });
  const { files } = await play.told('said');
  slack.workspace.scopes.delete('files:read');
  await expect(play.platform.openFile(files[0]?.ref ?? as(''))).rejects.toMatchObject({ code: 'not_allowed' });
  const problems = await play.platform.setup();
  expect(problems).toMatchObject([
    { what: expect.stringContaining('files:read'), fix: expect.stringContaining('Reinstall') },
  ]);
});

test('files that Slack tells by their id only are asked for', async () => {
  const { play, stage, slack } = await open();
  const ana = await stage.person('Ana');
  const { channel } = await play.channel('wa-bob', ana);
  slack.settings.checkFileInfo = true;
  await stage.say(ana, channel, '', { files: [{ name: 'photo.jpg', bytes: Buffer.alloc(10) }] });
  expect((await play.told('said')).files).toMatchObject([{ name: 'photo.jpg', mimeType: 'image/jpeg', sizeBytes: 10 }]);
});

test('an empty file is refused before Slack is asked', async () => {
  const { play } = await open();
  const { channel } = await play.channel('wa-bob');
  const { Readable } = await import('node:stream');
  const file = {
    media: 'document',
    name: 'a.txt',
    mimeType: 'text/plain',
    altText: '',
    open: async () => Readable.from([]),
  } as const;
  const post = postOf({ text: [], summary: 'a file', file });
  await expect(play.platform.post({ channel }, post, firstTry())).rejects.toMatchObject({
    code: 'bad_media',
    retry: 'never',
  });
});

test('an author’s picture comes from the address given for it', async () => {
  const { play, slack } = await open({ iconUrl: (author) => `https://inbox.acme.example/icons/${author.seed}.png` });
  const { channel } = await play.channel('wa-bob');
  await play.post(channel, { author: { name: 'Bob\n<!here>', seed: 'b1' } });
  const [message] = slack.channel(channel).messages.slice(-1);
  expect(message?.username).not.toContain('\n');
  expect(message?.icons).toMatchObject({ image_48: 'https://inbox.acme.example/icons/b1.png' });
});

test('a link opens the post, as long as there is one', async () => {
  const { play } = await open();
  const { channel } = await play.channel('wa-bob');
  const id = await play.post(channel, {});
  expect(await play.platform.linkTo?.(id)).toMatch(/^https:\/\/.*\/archives\/C/);
  await play.platform.remove(id);
  expect(await play.platform.linkTo?.(id)).toBeUndefined();
});

test('a form that is answered late closes, and the answer comes as a message', async () => {
  const { play, stage, slack } = await open();
  const ana = await stage.person('Ana');
  const { channel } = await play.channel('wa-bob', ana);
  slack.settings.ackTimeoutMs = 3_000;
  await stage.command(ana, channel, 'invite');
  const { request } = await play.told('asked');
  const form = {
    action: 'f',
    title: 'F',
    submit: 'Send',
    fields: [{ id: 'a', label: 'A', kind: 'text', required: true }],
  } as const;
  await play.platform.answer(request.ref, { text: [], form });
  await until(() => stage.openForm(ana), 'the form');
  expect(await stage.sendForm(ana, { a: 'x' })).toEqual({});
  const sent = await play.told('asked', (event) => event.request.via === 'form');
  await play.platform.answer(sent.request.ref, { text: plain('done after all') });
  expect(stage.toldPrivately(ana)).toContain('done after all');
});

test('nothing of what people say and no token stands in the log', async () => {
  const lines: string[] = [];
  const log = createLog({ level: 'trace', destination: { write: (line) => lines.push(line) } });
  const { play, stage, slack } = await open({ log });
  const ana = await stage.person('Ana');
  const { channel } = await play.channel('wa-bob', ana);
  await play.post(channel, {
    author: { name: 'canary-name', seed: 's' },
    text: plain('canary-out'),
    summary: 'canary-sum',
  });
  play.store = async () => {
    throw new Error('the database is away');
  };
  await stage.say(ana, channel, 'canary-in');
  await stage.command(ana, channel, 'canary-command');
  await slack.settled();
  slack.faults.call('chat.postMessage', { kind: 'html' });
  await play.post(channel, { text: plain('canary-out') }).catch(() => undefined);
  slack.faults.call('apps.connections.open', { kind: 'error', error: 'account_inactive' });
  slack.sockets.dropAll();
  await until(() => play.states.some((one) => one.state === 'refused'), 'the refusal');
  const all = lines.join('\n');
  expect(all).toContain('was not stored');
  for (const secret of ['canary', slack.botToken, slack.appToken]) expect(all).not.toContain(secret);
});

test('reads the other channels although one was lost in the gap', async () => {
  const { play, stage, slack } = await open();
  const ana = await stage.person('Ana');
  const channels = [
    await play.channel('wa-deleted', ana),
    await play.channel('wa-left', ana),
    await play.channel('wa-kept', ana),
  ];
  const [gone, left, kept] = channels.map(({ channel }) => channel) as [ChannelId, ChannelId, ChannelId];
  stage.cut();
  await stage.say(ana, kept, 'hello');
  const person = slack.person(ana.email);
  await person.deleteChannel(gone);
  await person.kick(left, slack.bot);
  const since = new Date(0);
  const missed: PlatformEvent[] = [];
  const known = [gone, left, kept].map((channel) => ({ channel, since, threads: [] }));
  for await (const event of play.platform.missed(known)) missed.push(event);
  expect(missed).toMatchObject([
    { kind: 'channelChanged', change: 'botRemoved', channel: gone },
    { kind: 'channelChanged', change: 'botRemoved', channel: left },
    { kind: 'said', channel: kept },
  ]);
});

test('who leaves after a removal that failed, and was to stay since, left by hand', async () => {
  const { play, stage, slack } = await open();
  const ana = await stage.person('Ana');
  const { channel } = await play.channel('wa-bob', ana);
  slack.faults.call('conversations.kick', { kind: 'cut' });
  expect(await play.platform.setUsers(channel, new Set())).toMatchObject({ removed: [], unfinished: true });
  expect(await play.platform.setUsers(channel, new Set([ana.user]))).toMatchObject({ unfinished: false });
  await stage.leave(ana, channel);
  const left = await play.told('left', ({ user }) => user === ana.user);
  expect(left.by ?? ana.user).toBe(ana.user);
});
