// Our clock is far from the workspace's: what was posted is found all the same, what was said in a gap is read, and no reply counts as old.
import { expect, onTestFinished, test } from 'vitest';
import { count, PATIENCE_MS, postWith, texts } from './desk.ts';
import { ReplyStage } from './reply-stage.ts';
import type { Town } from './town.ts';
import type { PlatformName } from './workspace.ts';

const PRELOAD = new URL('../support/clock-jump.mjs', import.meta.url).pathname;
const MINUTE_MS = 60_000;
/** More than is forgiven anywhere: a reading back begins ten minutes early. */
const FAR_MINUTES = 25;

/** Starts the program with a clock that is so far ahead. */
const startAhead = (town: Town, minutes: number): Promise<unknown> =>
  town.start({ CLOCK_AHEAD_MS: String(minutes * MINUTE_MS) }, ['--import', PRELOAD]);

export function clockSuite(platform: PlatformName): void {
  const stage = new ReplyStage(platform, (town) => startAhead(town, FAR_MINUTES));

  test('a clock that is far ahead: a post whose answer was lost is found, and replies go out at once', async () => {
    const { town, office, ana } = stage;
    const { phone, channel, root } = await stage.chat('Mint');
    onTestFinished(() => town.desk.mend());
    const lost = town.desk.fail('customer', { kind: 'answer_lost' }, { channel });
    for (const number of [1, 2, 3]) await phone.sendText(office, `question ${number}`);
    await postWith(town, 'mint', 'question 3');
    expect(lost.left).toBe(0);
    const lostLine = town.desk.fail('bot', { kind: 'answer_lost' }, { channel });
    await ana.say(channel, 'answer 1', { replyTo: root });
    await phone.received((message) => message.text === 'answer 1', PATIENCE_MS);
    await town.until(() => count(channel, '✓✓ delivered') > 0, 'the line', PATIENCE_MS);
    await town.quiet();
    expect(lostLine.left).toBe(0);
    expect(texts(channel).filter((text) => text.startsWith('question'))).toEqual(
      [1, 2, 3].map((number) => `question ${number}`),
    );
    expect(count(channel, 'ana@acme.test')).toBe(1);
  }, 120_000);

  test('what was said in a gap is read, though the clock was far ahead before it, and is far behind after it', async () => {
    const { town, ana } = stage;
    const { phone, channel, root } = await stage.chat('Nora');
    for (const [minutes, text] of [
      [FAR_MINUTES, 'in the first gap'],
      [-FAR_MINUTES, 'in the second gap'],
      [FAR_MINUTES, 'in the third gap'],
    ] as const) {
      await town.quiet();
      await town.kill();
      const found = town.desk.loseEvents();
      await ana.say(channel, text, { replyTo: root });
      found();
      await startAhead(town, minutes);
      await phone.received((message) => message.text === text, PATIENCE_MS);
    }
    await town.quiet();
    const told = phone.inbox.filter(({ fromMe }) => !fromMe).map(({ text, copies }) => [text, copies]);
    expect(told).toEqual(['first', 'second', 'third'].map((which) => [`in the ${which} gap`, 1]));
  }, 120_000);
}
