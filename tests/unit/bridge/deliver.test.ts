// Which tries of a Delivery count: those that ended, not those that a death of the program cut off.
import { expect, onTestFinished, test, vi } from 'vitest';
import { Deliver } from '../../../src/bridge/deliver.ts';
import { chatLane } from '../../../src/bridge/lanes.ts';
import { BridgeError } from '../../../src/domain/errors.ts';
import type { AccountId, ChatId, DeliveryId, MessageId } from '../../../src/domain/ids.ts';
import { createLog } from '../../../src/runtime/log.ts';
import { fakeClock } from '../../../src/runtime/time.ts';
import { newId } from '../../../src/store/db.ts';
import { openHouse } from '../access/house.ts';

const FENCE = 1n;
const silence = new BridgeError('unreachable', 'no answer', {
  sentence: 'WhatsApp did not answer.',
  retry: 'later',
  certain: false,
});
const away = new BridgeError('unreachable', 'not connected', {
  sentence: 'The number is not connected.',
  retry: 'later',
  certain: true,
});

/** Sends one message after so many deaths in the middle of it, each further try failing as told; tells how it ends and after how many tries. */
async function sendThrough(
  deaths: number,
  failures: readonly BridgeError[],
): Promise<{ state: string; tries: number }> {
  const house = await openHouse();
  onTestFinished(() => house.close());
  const { store } = house;
  const clock = fakeClock('2026-01-01T00:00:00Z');
  const messageId = newId<MessageId>(0);
  const lane = chatLane({ accountId: newId<AccountId>(0), chatId: newId<ChatId>(0) });
  await store.transaction((tx) => tx.deliveries.enqueue(lane, { kind: 'send', messageId }, {}, clock.now()));
  const [claimed] = await store.read.deliveries.claim(FENCE, [], { limit: 1, share: 1 }, clock.now());
  const head = await store.read.deliveries.head(claimed?.id ?? '');
  const id = head?.id as DeliveryId;
  for (let death = 0; death < deaths; death += 1) {
    await store.transaction((tx) => tx.deliveries.begin(id, claimed?.id ?? '', FENCE, clock.now()));
  }
  let tries = 0;
  const deliver = new Deliver({
    store,
    clock,
    log: createLog({ level: 'silent' }),
    lease: { fence: FENCE, valid: () => true },
    access: house.access,
    platforms: new Map(),
    toPlatform: { perform: () => Promise.resolve() },
    toMessenger: {
      perform: async () => {
        const failure = failures[tries];
        tries += 1;
        if (failure !== undefined) throw failure;
      },
      ended: () => Promise.resolve(),
    },
  });
  deliver.start();
  const state = await vi.waitUntil(
    async () => {
      await clock.advance(2_000);
      const found = await store.read.deliveries.find(id);
      return ['sent', 'failed', 'uncertain'].includes(found?.state ?? '') && found?.state;
    },
    { timeout: 30_000 },
  );
  await deliver.stop();
  return { state, tries };
}

test('deaths in the middle of a send use up none of its tries', async () => {
  expect(await sendThrough(3, [silence])).toEqual({ state: 'sent', tries: 2 });
});

test('a number that was away uses up none of its tries either', async () => {
  expect(await sendThrough(0, [away, away, away, silence])).toEqual({ state: 'sent', tries: 5 });
});

test('two silences in a row leave a send to a person', async () => {
  expect(await sendThrough(0, [silence, silence])).toEqual({ state: 'uncertain', tries: 2 });
});
