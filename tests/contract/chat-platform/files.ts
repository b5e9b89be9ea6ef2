// Files: whole in both directions, once, and refused when they aren't what they should be.
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { expect } from 'vitest';
import { BridgeError } from '../../../src/domain/errors.ts';
import type { PostFile } from '../../../src/domain/post.ts';
import type { Promises } from '../chat-platform.ts';
import { firstTry, nextTry, postOf } from './play.ts';

/** Bytes that no text encoding survives, more than one chunk of them. */
const BYTES = Buffer.alloc(200_000, 0).map((_, index) => (index * 31 + (index >> 8)) % 256);

function fileOf(name: string, options: { readonly isSizeKnown: boolean }): PostFile {
  return {
    media: 'document',
    name,
    mimeType: 'application/pdf',
    ...(options.isSizeKnown ? { sizeBytes: BYTES.length } : {}),
    altText: 'a document',
    open: async () => Readable.from([BYTES.subarray(0, 70_000), BYTES.subarray(70_000)], { objectMode: false }),
  };
}

export function filePromises(promise: Promises): void {
  promise('posts a file whole, whether its length is known or not', async ({ stage, channel, platform, post }) => {
    const { channel: wa } = await channel('wa-bob');
    const root = await post(wa, {});
    const known = await platform.post(
      { channel: wa },
      postOf({ text: [], summary: 'a file', file: fileOf('offer.pdf', { isSizeKnown: true }) }),
      firstTry(),
    );
    const unknown = await platform.post(
      { channel: wa, thread: root },
      postOf({ text: [], summary: 'a file', file: fileOf('<!channel>.pdf', { isSizeKnown: false }) }),
      firstTry(),
    );
    const seen = new Map(stage.seen(wa).map((one) => [one.post, one]));
    expect(seen.get(known)?.files.map((file) => file.name)).toEqual(['offer.pdf']);
    expect(seen.get(unknown)).toMatchObject({ thread: root, pings: [], links: [] });
    for (const id of [known, unknown])
      expect(Buffer.compare(Buffer.from(seen.get(id)?.files[0]?.bytes ?? []), BYTES)).toBe(0);
  });

  promise('finds a file whose answer was lost, and there is only one', async ({ stage, channel, platform }) => {
    const { channel: wa } = await channel('wa-bob');
    const attempt = firstTry();
    const post = postOf({ text: [], summary: 'a file', file: fileOf('offer.pdf', { isSizeKnown: true }) });
    stage.loseAnswer('file');
    await expect(platform.post({ channel: wa }, post, attempt)).rejects.toMatchObject({
      certain: false,
      retry: 'later',
    });
    const found = await platform.lookUp({ channel: wa }, nextTry(attempt));
    expect(stage.seen(wa).map((seen) => seen.post)).toEqual([found]);
  });

  promise('posts a file once that never arrived', async ({ stage, channel, platform }) => {
    const { channel: wa } = await channel('wa-bob');
    const attempt = firstTry();
    const post = postOf({ text: [], summary: 'a file', file: fileOf('offer.pdf', { isSizeKnown: true }) });
    stage.loseCall('file');
    await expect(platform.post({ channel: wa }, post, attempt)).rejects.toThrow(BridgeError);
    const id = await platform.post({ channel: wa }, post, nextTry(attempt));
    expect(stage.seen(wa).map((seen) => seen.post)).toEqual([id]);
  });

  promise('hands out a file that a person posted, whole', async ({ stage, channel, platform, told }) => {
    const ana = await stage.person('Ana');
    const { channel: wa } = await channel('wa-bob', ana);
    await stage.say(ana, wa, 'see this', { files: [{ name: 'photo.jpg', bytes: BYTES }] });
    const { files } = await told('said', (event) => event.files.length > 0);
    expect(files).toMatchObject([{ name: 'photo.jpg', mimeType: 'image/jpeg', sizeBytes: BYTES.length }]);
    for (const { ref } of files) expect(Buffer.compare(await buffer(await platform.openFile(ref)), BYTES)).toBe(0);
  });

  promise('fails on a file that breaks off', async ({ stage, channel, platform, told }) => {
    const ana = await stage.person('Ana');
    const { channel: wa } = await channel('wa-bob', ana);
    await stage.say(ana, wa, '', { files: [{ name: 'photo.jpg', bytes: BYTES }] });
    const { files } = await told('said', (event) => event.files.length > 0);
    stage.breakDownload();
    const reading = (async () => {
      for (const { ref } of files) await buffer(await platform.openFile(ref));
    })();
    await expect(reading).rejects.toThrow(BridgeError);
  });
}
