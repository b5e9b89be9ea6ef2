// An imaginary third platform in the place of ours: the straight line and access through the real Bridge, and no file that had to learn its name.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Bridge } from '../../../src/bridge/bridge.ts';
import { Hearing } from '../../../src/bridge/hearing.ts';
import { Listening } from '../../../src/bridge/listening.ts';
import { Commands } from '../../../src/commands/commands.ts';
import { commandTree } from '../../../src/commands/tree.ts';
import type { AccountId } from '../../../src/domain/ids.ts';
import { plainText } from '../../../src/domain/text.ts';
import { systemClock as clock } from '../../../src/runtime/time.ts';
import { newId } from '../../../src/store/db.ts';
import { createPinboard, openPinboard } from '../../fixtures/third-platform/index.ts';
import { facadesOver } from '../../support/facades.ts';
import { FakeMessenger } from '../../support/fake-messenger.ts';
import { FakeNetwork, type FakeMessage } from '../../support/fake-network.ts';
import { MemorySessions } from '../../support/memory-sessions.ts';
import { openHouse, waitFor, type House } from '../access/house.ts';

const by = { kind: 'token', name: 'set-up', source: 'api' } as const;
const board = openPinboard();
const network = new FakeNetwork();
const office = network.join('Acme', true);
const mia = network.join('Mia');
let house: House;
const parts: { start(): void | Promise<void>; stop(): Promise<void> }[] = [];

const said = (text: string): FakeMessage => ({
  id: `id-${text.length}-${text.slice(0, 8)}`,
  author: mia,
  text,
  editedFrom: [],
  isRevoked: false,
  copies: 1,
  mentions: [],
  forwarded: false,
  reactions: new Map(),
});
const write = (text: string): void => {
  network.happen(network.direct(mia, office), { kind: 'said', by: mia, at: clock.now(), message: said(text) });
};
const posts = () => [...board.channels.values()].flatMap((channel) => channel.posts);
const wordsOf = ({ post }: ReturnType<typeof posts>[number]): string =>
  [plainText(post.text), ...post.lines].join('\n');
const postWith = (text: string) =>
  waitFor(() => {
    const found = posts().find((post) => wordsOf(post).includes(text));
    if (found === undefined) throw new Error(`no post says ${text}`);
    return found;
  });

beforeAll(async () => {
  house = await openHouse();
  const { store, platforms, access, parts: more } = house;
  const { log } = more;
  const platform = createPinboard(board);
  const { id: workspaceId } = await store.read.workspaces.fromEnvironment(platform.name, clock.now());
  platforms.set(workspaceId, platform);
  const messenger = new FakeMessenger(network, new MemorySessions());
  const facades = facadesOver({ store, access, clock, log });
  const bridge = new Bridge({
    ...facades,
    digestPost: (id) => facades.metrics.post(id),
    store,
    messenger,
    platforms,
    access,
    lease: { valid: () => true, fence: 1n },
    clock,
    log,
    linkToFile: () => '',
  });
  const commands = new Commands({
    ...facades,
    store,
    bridge,
    access,
    clock,
    answer: (_workspace, ref, answer) => platform.answer(ref, answer),
  });
  const record = async (...[id, event]: Parameters<Hearing['hear']>) => {
    switch (event.kind) {
      case 'said':
      case 'edited':
      case 'deleted':
      case 'reacted':
        return bridge.heard(id, event);
      case 'asked':
        return 'ignored' as const;
      default:
        await access.handle(id, event);
        return 'recorded' as const;
    }
  };
  const hearing = new Hearing({ store, clock, log, record });
  const ear = new Listening({
    workspaceId,
    platform,
    store,
    hearing,
    commands: commandTree,
    asked: (request) => commands.handle(workspaceId, request),
    clock,
    log,
  });
  for (const part of [bridge, access, hearing, ear]) {
    parts.push(part);
    await part.start();
  }
  const accountId = newId<AccountId>(clock.now().getTime());
  await store.read.accounts.create({ id: accountId, name: 'Support' });
  await bridge.link(accountId, { method: 'qr' }, { actor: { kind: 'program' }, source: 'test' });
  await waitFor(() => {
    const [enter] = network.offers.values();
    const number = network.numbers.get(office);
    if (enter === undefined || number === undefined) throw new Error('no code to enter yet');
    enter(number);
  });
  const ana = board.addPerson('Ana', { email: 'ana@acme.com' });
  await house.agent('ana@acme.com', 'admin');
  await access.link({ workspaceId, userId: ana.id, email: 'ana@acme.com', how: 'admin' }, by);
}, 60_000);

afterAll(async () => {
  for (const part of parts.toReversed()) await part.stop();
  await house.close();
});

test('a message comes, a reply in its thread goes to the customer once, and its line says who wrote it', async () => {
  write('Hello from Mia');
  const post = await postWith('Hello from Mia');
  expect(post.post.author?.name).toBe('Mia');
  const ana = [...board.people.values()].find(({ name }) => name === 'Ana')!;
  await waitFor(() => expect(board.channel(post.channel).members).toContain(ana.id));
  await board.say(ana.id, post.channel, 'Hello Mia', { thread: post.id });
  await board.say(ana.id, post.channel, 'only for us');
  const { messages } = network.direct(mia, office);
  await waitFor(() => expect(messages.find(({ text }) => text === 'Hello Mia')?.copies).toBe(1));
  await postWith('ana@acme.com · ✓');
  expect(messages.some(({ text }) => text.includes('only for us'))).toBe(false);
}, 60_000);

test('its capabilities are asked: short pins, a short name, and nobody looked up by email', async () => {
  const long = Array.from({ length: 30 }, (_, index) => `word${index}`).join(' ');
  write(long);
  await postWith('word29');
  const ours = posts().filter(({ post }) => post.author?.name === 'Mia');
  expect(Math.max(...ours.map(({ post }) => plainText(post.text).length))).toBeLessThanOrEqual(60);
  for (const { name } of board.channels.values()) expect(name.length).toBeLessThanOrEqual(12);
});

test('a stranger is answered by /wa link who else can help', async () => {
  const stan = board.addPerson('Stan', { email: 'stan@elsewhere.com' });
  await board.ask({ via: 'command', action: 'wa', text: 'link', options: {}, user: stan.id });
  await waitFor(() =>
    expect(board.answers.map(({ answer }) => plainText(answer.text)).join()).toContain('an admin can link you'),
  );
});

test('no file beside its own folder and these tests knows its name', () => {
  const root = path.join(import.meta.dirname, '../../..');
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  const naming = files
    .split('\n')
    .filter(
      (file) =>
        /\.(ts|mjs|cjs|json|md)$/.test(file) &&
        !/^tests\/fixtures\/third-platform\/|third-platform\.test\.ts$/.test(file),
    )
    .filter((file) => /pinboard/i.test(readFileSync(path.join(root, file), 'utf8')));
  expect(naming).toEqual([]);
});
