// The key store's transactions: one commit each, in turn where they must be, and nothing kept of one that failed.
import { expect, test } from 'vitest';
import { as, type AccountId } from '../../../../src/domain/ids.ts';
import { KeyStore } from '../../../../src/platforms/whatsapp/keys.ts';
import { MemorySessions } from '../../../support/memory-sessions.ts';

const ACCOUNT = as<AccountId>('acme');
const OWN = '4915100000001:7@s.whatsapp.net';
const bytes = (text: string): Buffer => Buffer.from(text);

function setUp(): { keys: KeyStore; sessions: MemorySessions; failures: unknown[] } {
  const sessions = new MemorySessions();
  const failures: unknown[] = [];
  const keys = new KeyStore({ account: ACCOUNT, sessions, onBroken: (error) => failures.push(error) });
  keys.ownJid = OWN;
  return { keys, sessions, failures };
}

test('a step commits all it wrote, with what was staged, in one set', async () => {
  const { keys, sessions } = setUp();
  await keys.transaction(async () => {
    await keys.set({ session: { 'a.0': bytes('1') } });
    await keys.set({ 'identity-key': { 'a.0': bytes('2') }, 'pre-key': { '5': null } });
    keys.stage([{ kind: 'message', payload: bytes('m'), key: 'k' }], [{ type: 'own', id: 'x', value: bytes('y') }]);
  }, 'a@lid');
  expect(sessions.commits).toHaveLength(1);
  const [commit] = sessions.commits;
  expect(commit?.changes.map(({ type }) => type).toSorted()).toEqual(['identity-key', 'own', 'pre-key', 'session']);
  expect(commit?.arrivals.map(({ key }) => key)).toEqual(['k']);
  expect(await keys.get('session', ['a.0'])).toEqual({ 'a.0': bytes('1') });
});

test('a transaction sees its own writes, others don’t before its commit', async () => {
  const { keys } = setUp();
  await keys.set({ session: { a: bytes('old') } });
  const written = Promise.withResolvers<void>();
  const looked = Promise.withResolvers<void>();
  const step = keys.transaction(async () => {
    await keys.set({ session: { a: bytes('new'), b: null } });
    written.resolve();
    await looked.promise;
    return keys.get('session', ['a', 'b']);
  }, 'a@lid');
  await written.promise;
  expect(await keys.get('session', ['a'])).toEqual({ a: bytes('old') });
  looked.resolve();
  expect(await step).toEqual({ a: bytes('new') });
  expect(await keys.get('session', ['a'])).toEqual({ a: bytes('new') });
});

test('keeps nothing of a step whose work failed, and goes on', async () => {
  const { keys, sessions, failures } = setUp();
  const failing = keys.transaction(async () => {
    await keys.set({ session: { a: bytes('half') } });
    throw new Error('Bad MAC');
  }, 'a@lid');
  await expect(failing).rejects.toThrow('Bad MAC');
  expect(sessions.commits).toEqual([]);
  expect(failures).toEqual([]);
  expect(await keys.transaction(async () => keys.get('session', ['a']), 'a@lid')).toEqual({});
});

test('a failed commit is reported before anybody else learns of it, and nothing of it is kept', async () => {
  const { keys, sessions, failures } = setUp();
  sessions.beforeSet = async () => {
    throw new Error('the disk is full');
  };
  let knownFailures = -1;
  const step = keys
    .transaction(async () => keys.set({ session: { a: bytes('lost') } }), 'a@lid')
    .catch(() => {
      knownFailures = failures.length;
    });
  await step;
  expect(knownFailures).toBe(1);
  sessions.beforeSet = undefined;
  expect(await keys.get('session', ['a'])).toEqual({});
});

test('steps of one account take turns, whatever their keys', async () => {
  const { keys } = setUp();
  await keys.set({ session: { a: bytes('0') } });
  const add = async (key: string): Promise<void> =>
    keys.transaction(async () => {
      const { a } = await keys.get('session', ['a']);
      const next = Number(Buffer.from(a ?? []).toString()) + 1;
      await new Promise((resolve) => setImmediate(resolve));
      await keys.set({ session: { a: bytes(String(next)) } });
    }, key);
  await Promise.all(Array.from({ length: 20 }, (_, index) => add(`person-${index % 3}@lid`)));
  expect(await keys.get('session', ['a'])).toEqual({ a: bytes('20') });
});

test('within a round, a step commits by itself and doesn’t wait for the round', async () => {
  const { keys, sessions } = setUp();
  const sent = Promise.withResolvers<void>();
  const stepped = Promise.withResolvers<void>();
  const round = keys.transaction(async () => {
    await keys.set({ 'sender-key-memory': { group: { a: true } } });
    await keys.transaction(async () => keys.set({ session: { a: bytes('step') } }), 'a@lid');
    stepped.resolve();
    await sent.promise;
  }, OWN);
  await stepped.promise;
  await keys.transaction(async () => keys.set({ session: { b: bytes('meanwhile') } }), 'b@lid');
  expect(sessions.commits.map(({ changes }) => changes.map(({ type }) => type))).toEqual([['session'], ['session']]);
  sent.resolve();
  await round;
  expect(sessions.commits.at(-1)?.changes.map(({ type }) => type)).toEqual(['sender-key-memory']);
});

test('rounds take turns', async () => {
  const { keys } = setUp();
  const order: string[] = [];
  const round = async (name: string): Promise<void> =>
    keys.transaction(async () => {
      order.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      order.push(`${name} ends`);
    }, OWN);
  await Promise.all([round('one'), round('two')]);
  expect(order).toEqual(['one begins', 'one ends', 'two begins', 'two ends']);
});

test('a learned pair of LID and number is told, once', async () => {
  const { keys, sessions } = setUp();
  const learn = async (): Promise<void> =>
    keys.transaction(async () => keys.set({ 'lid-mapping': { '4915': '123', '123_reverse': '4915' } }), 'lid-mapping');
  await learn();
  await learn();
  const pending = await sessions.pending(ACCOUNT, undefined, 10);
  expect(pending.map(({ kind, payload }) => [kind, Buffer.from(payload).toString()])).toEqual([
    ['people', '[["123","4915"]]'],
  ]);
});

test('nothing can be staged outside a transaction', () => {
  const { keys } = setUp();
  expect(() => keys.stage([], [])).toThrow('outside');
});
