// How the connection to a Workspace stands is recorded in the end, also when the database couldn't take it at first.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Hearing } from '../../../src/bridge/hearing.ts';
import { Listening } from '../../../src/bridge/listening.ts';
import { commandTree } from '../../../src/commands/tree.ts';
import { createLog } from '../../../src/runtime/log.ts';
import { fakeClock } from '../../../src/runtime/time.ts';
import { FakePlatform, FakeWorkspace } from '../../support/fake-platform.ts';
import { openHouse, type House } from '../access/house.ts';

const log = createLog({ level: 'silent' });

let house: House;
beforeEach(async () => {
  house = await openHouse();
});
afterEach(() => house.close());

test('a state that could not be stored is stored once that works', async () => {
  const { store } = house;
  const clock = fakeClock('2026-01-01T00:00:00Z');
  const { id: workspaceId } = await store.read.workspaces.fromEnvironment('fake', clock.now());
  await store.query(
    `create function refuse() returns trigger language plpgsql as
       $$ begin raise exception 'no space' using errcode = '53100'; end $$`,
    [],
  );
  await store.query('create trigger refuse before update on workspace execute function refuse()', []);
  const hearing = new Hearing({ store, clock, log, record: async () => 'recorded' });
  const listening = new Listening({
    workspaceId,
    platform: new FakePlatform(new FakeWorkspace()),
    store,
    hearing,
    commands: commandTree,
    asked: async () => undefined,
    clock,
    log,
  });
  await listening.start();
  for (let second = 0; second < 30; second += 1) await clock.advance(1_000);
  await store.query('drop trigger refuse on workspace', []);
  await vi.waitUntil(
    async () => {
      await clock.advance(1_000);
      return (await store.read.workspaces.find(workspaceId))?.state !== 'connecting';
    },
    { timeout: 10_000 },
  );
  expect((await store.read.workspaces.find(workspaceId))?.state).toBe('connected');
  await listening.stop();
});
