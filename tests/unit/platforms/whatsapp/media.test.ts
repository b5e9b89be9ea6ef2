// Files through the real adapter against the simulated media host: every damage is noticed, nothing grows without bound.
import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { as, type MediaRef } from '../../../../src/domain/ids.ts';
import { plain } from '../../../../src/domain/text.ts';
import { ACME, failureOf, Play } from '../../../contract/messenger/play.ts';
import { whatsAppWorld, type WhatsAppWorld } from '../../../support/whatsapp-world.ts';

async function linkedPlay(): Promise<{ play: Play; world: WhatsAppWorld }> {
  const world = await whatsAppWorld();
  const play = new Play(world);
  onTestFinished(() => play.close());
  await play.start();
  await play.linked();
  return { play, world };
}

async function fileOf(play: Play): Promise<MediaRef> {
  const { content } = await play.told.first('message', (event) => event.content.kind === 'media');
  if (content.kind !== 'media') throw new Error('not a file');
  return content.file.ref;
}

/** Opens and reads a file to its end. */
const read = async (play: Play, ref: MediaRef): Promise<Buffer> => buffer(await play.messenger.openMedia(ACME, ref));

test.each(['truncated', 'corrupt'] as const)('notices a %s file', async (kind) => {
  const { play, world } = await linkedPlay();
  await play.ana.sendFile('us', 'image', randomBytes(100_000));
  const ref = await fileOf(play);
  world.simulator.faults.media({ on: 'download', fault: { kind } });
  const error = await failureOf(read(play, ref));
  expect(['bad_media', 'unreachable']).toContain(error.code);
  expect(error.certain).toBe(true);
});

test('notices a file that is not what its sender announced', async () => {
  const { play, world } = await linkedPlay();
  const { handset } = world.customer('Mallory');
  await handset.sendMedia(world.firstOwn, 'document', randomBytes(50_000), { claimsWrongHash: true });
  const error = await failureOf(read(play, await fileOf(play)));
  expect(error.code).toBe('bad_media');
});

test('opens a file at a later try when the host was in trouble', async () => {
  const { play, world } = await linkedPlay();
  const bytes = randomBytes(10_000);
  await play.ana.sendFile('us', 'voice', bytes);
  const ref = await fileOf(play);
  world.simulator.faults.media({ on: 'download', fault: { kind: 'status', status: 503 }, times: 1 });
  const error = await failureOf(read(play, ref));
  expect(error).toMatchObject({ code: 'unreachable', retry: 'later' });
  expect((await read(play, ref)).equals(bytes)).toBe(true);
});

test('a file that is gone everywhere is told as such', async () => {
  const { play, world } = await linkedPlay();
  await play.ana.sendFile('us', 'image', randomBytes(10_000));
  const ref = await fileOf(play);
  world.simulator.faults.media({ on: 'download', fault: { kind: 'status', status: 404 } });
  const error = await failureOf(read(play, ref));
  expect(['bad_media', 'unreachable']).toContain(error.code);
});

test('sends a file at a later try when the host was in trouble, under the same id', async () => {
  const { play, world } = await linkedPlay();
  const bytes = randomBytes(10_000);
  const id = play.messenger.newMessageId(ACME);
  const content = {
    text: plain(''),
    file: {
      media: 'voice',
      name: 'voice.ogg',
      mimeType: 'audio/ogg; codecs=opus',
      sizeBytes: bytes.length,
      durationSeconds: 3,
      open: async () => Readable.from([bytes]),
    },
  } as const;
  world.simulator.faults.media({ on: 'upload', fault: { kind: 'status', status: 500 }, times: 1 });
  const error = await failureOf(play.messenger.send(ACME, world.addressOf(play.ana), id, content));
  expect(error).toMatchObject({ certain: true, retry: 'later' });
  await play.messenger.send(ACME, world.addressOf(play.ana), id, content);
  const shown = await play.ana.sees((candidate) => candidate.id === id);
  expect(shown.file && Buffer.from(shown.file.bytes).equals(bytes)).toBe(true);
});

test('refuses to send a file that is larger than it may be', async () => {
  const { play, world } = await linkedPlay();
  const file = {
    media: 'document',
    name: 'endless.bin',
    mimeType: 'application/octet-stream',
    sizeBytes: 1,
    open: async () => Readable.from(endless()),
  } as const;
  const id = play.messenger.newMessageId(ACME);
  const sending = play.messenger.send(ACME, world.addressOf(play.ana), id, { text: plain(''), file });
  const error = await failureOf(sending);
  expect(error.code).toBe('too_large');
});

function* endless(): Generator<Buffer> {
  const chunk = Buffer.alloc(64 * 1024);
  for (;;) yield chunk;
}

test('a file whose source breaks off is not sent', async () => {
  const { play, world } = await linkedPlay();
  const open = async (): Promise<Readable> =>
    Readable.from(
      (async function* source(): AsyncGenerator<Buffer> {
        yield Buffer.alloc(1_000);
        throw new Error('the other side hung up');
      })(),
    );
  const file = { media: 'image', name: 'a.jpg', mimeType: 'image/jpeg', sizeBytes: 2_000, open } as const;
  const id = play.messenger.newMessageId(ACME);
  const error = await failureOf(play.messenger.send(ACME, world.addressOf(play.ana), id, { text: plain(''), file }));
  expect(error.certain).toBe(true);
});

test.each(['nonsense', Buffer.from('{"directPath":"//evil.example/x","mediaKey":"AAAA"}').toString('base64url')])(
  'refuses a reference that is not its own: %s',
  async (ref) => {
    const { play } = await linkedPlay();
    const error = await failureOf(read(play, as<MediaRef>(ref)));
    expect(error.code).toBe('bad_media');
  },
);
