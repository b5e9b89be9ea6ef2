// The key store's transactions: one commit each, in turn where they must be, and nothing kept of one that failed.
import { DEFAULT_CONNECTION_CONFIG, initAuthCreds } from '@whiskeysockets/baileys';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { SignalEndpoint } from '../../../../simulators/whatsapp/signal.ts';
import { as, type AccountId } from '../../../../src/domain/ids.ts';
import { KeyStore } from '../../../../src/platforms/whatsapp/keys.ts';
import { MemorySessions } from '../../../support/memory-sessions.ts';

const ACCOUNT = as<AccountId>('acme');
const OWN = '4915100000001:7@s.whatsapp.net';
const bytes = (text: string): Buffer => Buffer.from(text);

/** A store that answers a little later. */
class SlowSessions extends MemorySessions {
  override async get(...args: Parameters<MemorySessions['get']>): ReturnType<MemorySessions['get']> {
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    return super.get(...args);
  }
}

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

test('two accounts that write to one person at the same time lose no step of either session', async () => {
  const person = new SignalEndpoint();
  const jid = '123@lid';
  const quiet = pino({ level: 'silent' });
  const writers = await Promise.all(
    ['a', 'b'].map(async (name) => {
      const sessions = name === 'a' ? new MemorySessions() : new SlowSessions();
      const keys = new KeyStore({ account: as(name), sessions, onBroken: () => undefined });
      const repository = DEFAULT_CONNECTION_CONFIG.makeSignalRepository(
        { creds: initAuthCreds(), keys },
        quiet,
        async () => [],
      );
      const { registration, identity, signedPreKey, preKey } = await person.bundle();
      if (preKey === undefined) throw new Error('the bundle has no prekey');
      const publicKey = (key: Uint8Array): Buffer => Buffer.concat([Buffer.from([5]), key]);
      await repository.injectE2ESession({
        jid,
        session: {
          registrationId: registration.readUInt32BE(0),
          identityKey: publicKey(identity),
          signedPreKey: {
            keyId: signedPreKey.id.readUIntBE(0, 3),
            publicKey: publicKey(signedPreKey.value),
            signature: signedPreKey.signature,
          },
          preKey: { keyId: preKey.id.readUIntBE(0, 3), publicKey: publicKey(preKey.value) },
        },
      });
      return { encrypt: (text: string) => repository.encryptMessage({ jid, data: bytes(text) }) };
    }),
  );
  // Both at once, then a pause of the whole process, and again.
  const read: string[] = [];
  for (const round of ['one', 'two', 'three']) {
    const texts = [`${round} 1`, `${round} 2`, `${round} 3`];
    const sealed = await Promise.all(writers.map(async ({ encrypt }) => Promise.all(texts.map(encrypt))));
    for (const [index, messages] of sealed.entries()) {
      for (const { type, ciphertext } of messages)
        read.push(Buffer.from(await person.decrypt(`${index + 4}@lid`, type, ciphertext)).toString());
    }
  }
  expect(read).toHaveLength(18);
});

test('nothing can be staged outside a transaction', () => {
  const { keys } = setUp();
  expect(() => keys.stage([], [])).toThrow('outside');
});
