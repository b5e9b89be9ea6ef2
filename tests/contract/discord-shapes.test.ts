// The check of shapes can fail, and knows every call: one adapter makes them all, and what it was answered is then spoilt.
import { beforeAll, expect, test } from 'vitest';
import { saying } from '../../simulators/discord/index.ts';
import type { DiscordSimulator, RequestRecord } from '../../simulators/discord/index.ts';
import { as } from '../../src/domain/ids.ts';
import type { MirrorId, PostId, UserId } from '../../src/domain/ids.ts';
import { plain } from '../../src/domain/text.ts';
import { ShapeRecord } from '../support/discord-shape-check.ts';
import type { Recorded } from '../support/discord-shape-check.ts';
import { openPlay, postOf } from './chat-platform/play.ts';
import { until } from './chat-platform/stage.ts';
import { openDiscordStage } from './discord-stage.ts';

const BOB = { author: { name: 'Bob', seed: 'bob' } };
let discord: DiscordSimulator;

beforeAll(async () => {
  const opened = await openDiscordStage({ channelBudget: 1 });
  ({ discord } = opened);
  const play = await openPlay(opened.stage);
  const { stage, platform } = play;
  const open = (id: string) => platform.openChannel({ mirror: as<MirrorId>(id), name: `wa-${id}`, topic: 'Bob' });
  const [ana, eve] = [await stage.person('Ana'), await stage.person('Eve')];
  await platform.setup();
  await platform.overseers?.();
  await platform.describeUser(as<UserId>('123456789012345678'));

  const [{ channel }, { channel: thread }] = [await open('one'), await open('two')];
  let named = as<PostId>('');
  for (const place of [channel, thread]) {
    await platform.setUsers(place, new Set([ana.user, eve.user]));
    await platform.setUsers(place, new Set([ana.user]));
    named = await play.post(place, BOB);
    await platform.edit(named, postOf({ ...BOB, words: 'changed' }));
    const own = await play.post(place, {}, named);
    await platform.edit(own, postOf({ words: 'changed' }));
    await platform.react(own, '👍', true);
    await platform.react(own, '👍', false);
    await platform.remove(own);
  }
  discord.archive(discord.channel(thread));
  await platform.updateChannel(thread, { name: 'wa-three' });
  await platform.tell(ana.user, undefined, postOf({}));
  for await (const _event of platform.missed([{ channel, since: new Date(0), threads: [] }])) continue;

  // Two answers to one request: the second is a follow-up. One that comes late changes what showed that we think.
  await stage.command(ana, channel, 'help');
  const { request } = await play.told('asked', (event) => event.request.text === 'help');
  await platform.answer(request.ref, { text: plain('first') });
  await platform.answer(request.ref, { text: plain('second') });
  await stage.command(ana, channel, 'late');
  const late = await play.told('asked', (event) => event.request.text === 'late');
  await until(
    () =>
      discord
        .person(ana.email)
        .privateAnswers()
        .some(({ flags }) => (flags & 128) !== 0),
    'a thought',
  );
  await platform.answer(late.request.ref, { text: plain('at last') });

  // Another process finds what this one made: the thread although it sleeps, and the files and buttons of a post.
  discord.archive(discord.channel(thread));
  const next = await play.restart();
  await next.openChannel({ mirror: as<MirrorId>('two'), name: 'wa-two', topic: 'Bob' });
  await next.edit(named, postOf({ ...BOB, words: 'changed again' }));
  await play.close();
}, 60_000);

/** What the check says of these calls and events alone. */
async function faultsOf({ requests = [], deliveries = [] }: { requests?: object[]; deliveries?: object[] }) {
  const record = new ShapeRecord();
  // Spoilt on purpose.
  record.add({ guild: discord.guild, requests, events: { deliveries } } as unknown as Recorded);
  return record.faults();
}

function call(operation: string): RequestRecord {
  const found = discord.requests.find((each) => each.operation === operation && each.applied);
  if (found === undefined) throw new Error(`nobody called ${operation}`);
  return found;
}

test('every call that the adapter makes has types, and each of these is one that it makes', async () => {
  const record = new ShapeRecord();
  record.add(discord);
  expect(await record.faults({ complete: true })).toEqual([]);
  const short = new ShapeRecord();
  short.add({ ...discord, requests: discord.requests.filter(({ operation }) => operation !== 'create_thread') });
  expect(await short.faults({ complete: true })).toEqual([expect.stringContaining('create_thread')]);
});

test('a call without types is refused by its name', async () => {
  const made = { ...call('get_channel'), operation: 'join_thread' };
  expect((await faultsOf({ requests: [made] })).join('\n')).toContain("'join_thread' does not exist");
});

test('a wrong field, value or parameter is refused, in whatever it stands', async () => {
  const post = call('create_message');
  const read = call('list_messages');
  const told = discord.events.deliveries.find(({ t, d }) => saying()(t, d))!;
  const [body, answer] = [post.body as object, post.answer as { author: object }];
  const spoilt: readonly [string, Parameters<typeof faultsOf>[0]][] = [
    ['the body of create_message', { requests: [{ ...post, body: { ...body, contents: 'x' } }] }],
    ['the body of create_message', { requests: [{ ...post, body: { ...body, content: 7 } }] }],
    ['the answer to create_message', { requests: [{ ...post, answer: { ...answer, id: 7 } }] }],
    ['the answer to create_message', { requests: [{ ...post, answer: { ...answer, type: 999 } }] }],
    ['the answer to create_message', { requests: [{ ...post, answer: { ...answer, author: {} } }] }],
    ['the answer to create_message', { requests: [{ ...post, answer: undefined }] }],
    ['the query of list_messages', { requests: [{ ...read, path: `${read.path}&until=7` }] }],
    ['the query of create_message', { requests: [{ ...post, path: `${post.path}?wait=true` }] }],
    ['the refusal of create_message', { requests: [{ ...post, refusal: { message: 'No' } }] }],
    ['MESSAGE_CREATE', { deliveries: [{ ...told, d: { ...told.d, webhookId: '7' } }] }],
  ];
  for (const [where, what] of spoilt) {
    const faults = await faultsOf(what);
    expect([...new Set(faults.map((fault) => fault.split(':')[0]))]).toEqual([where]);
  }
});
