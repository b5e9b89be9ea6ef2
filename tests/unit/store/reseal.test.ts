// A change of keys: what the previous key sealed is sealed again with the new one, and nothing else is needed to read it.
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { as, type AccountId, type RemoteId } from '../../../src/domain/ids.ts';
import { Vault } from '../../../src/runtime/secrets.ts';
import { Store } from '../../../src/store/store.ts';
import { freshDatabase } from '../../support/postgres.ts';

test('seals sessions, arrivals and sent messages again, more than one batch of them', async () => {
  const database = await freshDatabase();
  const store = Store.create({ address: database });
  const account = as<AccountId>('00000000-0000-7000-8000-000000000001');
  const [first, second] = [randomBytes(32), randomBytes(32)];
  try {
    const before = store.sessions(new Vault({ current: first }));
    const changes = Array.from({ length: 700 }, (_, index) => ({
      type: 'session',
      id: `s${index}`,
      value: Buffer.from(`state ${index}`),
    }));
    await before.set(account, changes, [
      { kind: 'message', key: 'k', payload: Buffer.from('payload'), recall: Buffer.from('plain') },
    ]);
    await before.saveSent(account, as<RemoteId>('sent-1'), Buffer.from('sent'));

    expect(await store.reseal(new Vault({ current: second, previous: first }))).toBe(702);
    expect(await store.reseal(new Vault({ current: second, previous: first }))).toBe(0);

    const after = store.sessions(new Vault({ current: second }));
    const read = await after.get(account, 'session', ['s0', 's699']);
    expect([...read.values()].map(String)).toEqual(['state 0', 'state 699']);
    expect(String(await after.recall(account, 'k'))).toBe('plain');
    expect((await after.pending(account, undefined, 10)).map(({ payload }) => String(payload))).toEqual(['payload']);
    expect(String(await after.sent(account, as<RemoteId>('sent-1')))).toBe('sent');
  } finally {
    await store.close();
    await database.drop();
  }
});
