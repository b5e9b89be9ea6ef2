// The contract of Messenger, promise by promise: run on every adapter against its simulator, and on our fake.
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { kindPromises } from './messenger/kinds.ts';
import { linkingPromises } from './messenger/linking.ts';
import { Play } from './messenger/play.ts';
import { sendingPromises } from './messenger/sending.ts';
import { tellingPromises } from './messenger/telling.ts';
import type { World } from './messenger/world.ts';

/** A promise that an adapter can't be held to. */
export interface Gap {
  readonly promise: string;
  readonly why: string;
}

export function notSupported(promise: string, why: string): Gap {
  return { promise, why };
}

/** Declares the test of one promise. */
export type Promises = (title: string, prove: (play: Play) => Promise<void>) => unknown;

/** Runs the whole contract; each promise gets a world of its own. A gap is printed with its reason. */
export function messengerContract(name: string, makeWorld: () => Promise<World>, gaps: readonly Gap[] = []): void {
  const promises: { readonly title: string; readonly prove: (play: Play) => Promise<void> }[] = [];
  const promise: Promises = (title, prove) => promises.push({ title, prove });
  linkingPromises(promise);
  tellingPromises(promise);
  kindPromises(promise);
  sendingPromises(promise);
  const isGap = (title: string): boolean => gaps.some((gap) => gap.promise === title);

  describe(`${name} keeps the contract of Messenger:`, () => {
    test.for(promises.filter(({ title }) => !isGap(title)))('$title', async ({ prove }) => {
      const play = new Play(await makeWorld());
      onTestFinished(() => play.close());
      await play.start();
      await prove(play);
      expect(play.world.unknown).toEqual([]);
    });

    test('declares no gap that is none', () => {
      const titles = new Set(promises.map(({ title }) => title));
      expect(gaps.filter((gap) => !titles.has(gap.promise))).toEqual([]);
    });

    afterAll(() => {
      for (const gap of gaps) process.stdout.write(`${name}: not supported: ${gap.promise} (${gap.why})\n`);
    });
  });
}
