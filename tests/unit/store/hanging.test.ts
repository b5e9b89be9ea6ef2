// A process that hangs in the middle of a transaction: what it had locked is let go, and its own store works again when it wakes.
import { expect, onTestFinished, test } from 'vitest';
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
