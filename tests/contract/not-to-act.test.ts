// A process that was paused after it was told to post: whatever it still had to send when it woke isn't sent.
import { Readable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { openPlay } from './chat-platform/play.ts';
import { openDiscordStage } from './discord-stage.ts';
import { openSlackStage } from './slack-stage.ts';

const STAGES = { slack: openSlackStage, discord: openDiscordStage };

test.each(['slack', 'discord'] as const)('what has lost its turn on the way isn’t sent to %s', async (name) => {
  let mayAct = true;
  const { stage } = await STAGES[name]({ mayAct: () => mayAct });
  const play = await openPlay(stage);
  onTestFinished(() => play.close());
  const { channel } = await play.channel('wa-bob');
  const shown = await play.post(channel, {});
  async function* bytes() {
    yield Buffer.from('half');
    // Here it was stopped, and woke after somebody else had taken over.
    mayAct = false;
    yield Buffer.from('rest');
  }
  const file = {
    media: 'document' as const,
    name: 'half.txt',
    mimeType: 'text/plain',
    altText: 'half',
    sizeBytes: 8,
    open: async () => Readable.from(bytes()),
  };
  const unsent = { code: 'unreachable', certain: true };
  await expect(play.post(channel, { file })).rejects.toMatchObject(unsent);
  await expect(play.post(channel, {})).rejects.toMatchObject(unsent);
  await expect(play.platform.remove(shown)).rejects.toMatchObject(unsent);
  await expect(play.platform.react(shown, '👍', true)).rejects.toMatchObject(unsent);
  await expect(play.platform.updateChannel(channel, { name: 'wa-other' })).rejects.toMatchObject(unsent);
  expect(stage.seen(channel).map(({ post }) => post)).toEqual([shown]);
  expect(await play.platform.readersOf(channel)).toMatchObject({ isPrivate: true });
  mayAct = true;
  await play.platform.remove(shown);
  expect(stage.seen(channel)).toEqual([]);
});
