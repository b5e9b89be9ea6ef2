// The contract of ChatPlatform, promise by promise: run on every adapter against its simulator, and on our fake.
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { channelPromises } from './chat-platform/channels.ts';
import { faultPromises } from './chat-platform/faults.ts';
import { filePromises } from './chat-platform/files.ts';
import { openPlay } from './chat-platform/play.ts';
import type { Play } from './chat-platform/play.ts';
import { postPromises } from './chat-platform/posts.ts';
import { requestPromises } from './chat-platform/requests.ts';
import type { Gap, Stage } from './chat-platform/stage.ts';
import { tellingPromises } from './chat-platform/telling.ts';

export { notSupported } from './chat-platform/stage.ts';
export type { Gap, Human, Seen, Stage } from './chat-platform/stage.ts';

/** Declares one promise and its proof. */
export type Promises = (name: string, prove: (play: Play) => Promise<void>) => void;

/** Runs the whole contract; each promise gets a stage of its own. */
export function chatPlatformContract(name: string, openStage: () => Promise<Stage>, gaps: readonly Gap[] = []): void {
  const proofs = new Map<string, (play: Play) => Promise<void>>();
  const declare: Promises = (promise, prove) => proofs.set(promise, prove);
  for (const group of [tellingPromises, postPromises, filePromises, channelPromises, requestPromises, faultPromises]) {
    group(declare);
  }
  const missing = new Set(gaps.map((gap) => gap.promise));

  describe(`${name} keeps the contract of ChatPlatform:`, () => {
    test.for([...proofs].filter(([promise]) => !missing.has(promise)))('%s', async ([, prove]) => {
      const play = await openPlay(await openStage());
      onTestFinished(() => play.close());
      await prove(play);
      expect(play.stage.unknownCalls()).toEqual([]);
    });
    test('declares no gaps but in what the contract promises', () => {
      expect([...missing].filter((promise) => !proofs.has(promise))).toEqual([]);
    });
    afterAll(() => {
      for (const gap of gaps) process.stdout.write(`${name}: not supported: ${gap.promise} (${gap.why})\n`);
    });
  });
}
