// A process that hangs in the middle of a transaction: what it had locked is let go, its own store works again when it wakes, and writes only when it's still its turn.
import { expect, onTestFinished, test, vi } from 'vitest';
import { createLog } from '../../../src/runtime/log.ts';
import { Lease } from '../../../src/runtime/lease.ts';
import { systemClock } from '../../../src/runtime/time.ts';
import { Store } from '../../../src/store/store.ts';
import { freshDatabase } from '../../support/postgres.ts';

test('what a hanging transaction had locked is let go before another process takes over', async () => {
  const database = await freshDatabase();
  const [hung, next] = [Store.create({ address: database }), Store.create({ address: database })];
  onTestFinished(async () => {
    await Promise.all([hung.close(), next.close()]);
    await database.drop();
  });
  const { id } = await hung.read.workspaces.fromEnvironment('slack', systemClock.now());
  const asleep = Promise.withResolvers<undefined>();
  const locked = Promise.withResolvers<undefined>();
  const hanging = hung.transaction(async (tx) => {
    await tx.workspaces.setHeardUntil(id, new Date(1));
    locked.resolve(undefined);
    await asleep.promise;
    await tx.workspaces.setHeardUntil(id, new Date(2));
  });
  const outcome = hanging.catch((error: unknown) => error);
  await locked.promise;
  await next.read.workspaces.setHeardUntil(id, new Date(3));
  asleep.resolve(undefined);
  expect(await outcome).toBeInstanceOf(Error);
  expect((await hung.read.workspaces.find(id))?.heardUntil).toEqual(new Date(3));
}, 40_000);

test('whoever was followed while it hung writes nothing when it wakes; whom nobody followed goes on', async () => {
  const database = await freshDatabase();
  const store = Store.create({ address: database });
  await store.migrate(database);
  const signal = AbortSignal.timeout(30_000);
  const log = createLog({ level: 'silent' });
  const turn = { name: 'test', clock: systemClock, log, ttlMs: 1_000, renewMs: 200 };
  let isAsleep = false;
  const query: typeof store.query = (...statement) =>
    isAsleep ? Promise.reject(new Error('asleep')) : store.query(...statement);
  const lease = new Lease({ ...turn, query, owner: 'hung' });
  const successor = new Lease({ ...turn, query: store.query, owner: 'next' });
  onTestFinished(async () => {
    await Promise.all([lease.release(), successor.release()]);
    await store.close();
    await database.drop();
  });
  const { id } = await store.read.workspaces.fromEnvironment('slack', systemClock.now());
  const heardUntil = async () => (await store.read.workspaces.find(id))?.heardUntil?.getTime();
  const write = (ms: number) => store.transaction((tx) => tx.workspaces.setHeardUntil(id, new Date(ms)));
  await lease.acquire(signal);
  store.writeOnlyInTurn(lease);
  await write(1);
  isAsleep = true;
  await vi.waitUntil(() => !lease.valid(), 5_000);
  // Nobody took over yet: the database says so.
  await write(2);
  expect(await heardUntil()).toBe(2);
  const begun = Promise.withResolvers<undefined>();
  const asleep = Promise.withResolvers<undefined>();
  const late = store.transaction(async (tx) => {
    await tx.workspaces.setHeardUntil(id, new Date(3));
    begun.resolve(undefined);
    await asleep.promise;
  });
  const outcome = late.catch((error: unknown) => error);
  await begun.promise;
  await successor.acquire(signal);
  asleep.resolve(undefined);
  const refused = { code: 'unreachable', certain: false, retry: 'later' };
  expect(await outcome).toMatchObject(refused);
  await expect(store.read.workspaces.setHeardUntil(id, new Date(4))).rejects.toMatchObject(refused);
  expect(await lease.confirm(store.query)).toBe(false);
  expect(await successor.confirm(store.query)).toBe(true);
  expect(await heardUntil()).toBe(2);
}, 40_000);
