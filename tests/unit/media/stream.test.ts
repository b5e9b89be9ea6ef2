// Bytes on their way: caps, lengths and hashes, and files on disk for a while.
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { clearSpool, spool } from '../../../src/media/spool.ts';
import { guard, type Claims } from '../../../src/media/stream.ts';

const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const streamOf = (...chunks: string[]): Readable => Readable.from(chunks.map((chunk) => Buffer.from(chunk)));
const hello = Buffer.from('hello world');

describe('guard', () => {
  test.each<[string, Claims]>([
    ['nothing claimed', { maxBytes: 11 }],
    ['the right length', { maxBytes: 100, sizeBytes: 11 }],
    ['the right hash', { maxBytes: 100, sha256: hashOf(hello) }],
    ['the right hash in capitals', { maxBytes: 100, sizeBytes: 11, sha256: hashOf(hello).toUpperCase() }],
  ])('passes on %s', async (_name, claims) => {
    expect(await buffer(guard(streamOf('hello ', 'world'), claims))).toEqual(hello);
  });

  test.each<[string, Claims, string]>([
    ['more than the cap', { maxBytes: 10 }, 'too_large'],
    ['more than the cap, though claimed', { maxBytes: 10, sizeBytes: 11 }, 'too_large'],
    ['fewer bytes than claimed', { maxBytes: 100, sizeBytes: 12 }, 'bad_media'],
    ['more bytes than claimed', { maxBytes: 100, sizeBytes: 10 }, 'bad_media'],
    ['another hash', { maxBytes: 100, sha256: hashOf(Buffer.from('hello')) }, 'bad_media'],
  ])('fails on %s', async (_name, claims, code) => {
    const source = streamOf('hello ', 'world');
    await expect(buffer(guard(source, claims))).rejects.toMatchObject({ code, retry: 'never', certain: true });
    expect(source.destroyed).toBe(true);
  });

  test('an empty file is a file', async () => {
    const claims = { maxBytes: 10, sizeBytes: 0, sha256: hashOf(Buffer.alloc(0)) };
    expect(await buffer(guard(Readable.from([]), claims))).toHaveLength(0);
  });

  test('stops an endless stream at the cap', async () => {
    let made = 0;
    const endless = new Readable({
      read() {
        made += 1_000;
        this.push(Buffer.alloc(1_000));
      },
    });
    await expect(buffer(guard(endless, { maxBytes: 50_000 }))).rejects.toMatchObject({ code: 'too_large' });
    expect(endless.destroyed).toBe(true);
    expect(made).toBeLessThan(500_000);
  });

  test("the source's own error comes through", async () => {
    const error = new Error('cut off');
    const source = new Readable({
      read() {
        this.destroy(error);
      },
    });
    await expect(buffer(guard(source, { maxBytes: 10 }))).rejects.toBe(error);
  });

  test('whoever stops reading stops the source', async () => {
    const source = new Readable({
      read() {
        this.push(Buffer.alloc(1_000));
      },
    });
    const closed = new Promise((resolve) => source.once('close', resolve));
    for await (const chunk of guard(source, { maxBytes: 1e9 })) {
      expect(chunk).not.toHaveLength(0);
      break;
    }
    await closed;
    expect(source.destroyed).toBe(true);
  });

  test('however the bytes are cut, they come out the same', async () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(chunks, async (value) => {
        const whole = Buffer.concat(value);
        const claims = { maxBytes: whole.length, sizeBytes: whole.length, sha256: hashOf(whole) };
        expect(await buffer(guard(Readable.from(value.map((chunk) => Buffer.from(chunk))), claims))).toEqual(whole);
      }),
    );
  });
});

describe('spool', () => {
  let dir: string;
  beforeEach(async () => {
    dir = join(await mkdtemp(join(tmpdir(), 'switchboard-')), 'media');
  });
  afterEach(async () => {
    await rm(join(dir, '..'), { recursive: true, force: true });
  });

  test('keeps a file until it is disposed of', async () => {
    const spooled = await spool(async () => streamOf('hello ', 'world'), { dir, maxBytes: 100 });
    expect(spooled).toMatchObject({ sizeBytes: 11, sha256: hashOf(hello) });
    expect(await buffer(spooled.open())).toEqual(hello);
    expect(await buffer(spooled.open())).toEqual(hello);
    expect(await readFile(spooled.path)).toEqual(hello);
    // Nobody else on the machine may read it.
    expect((await stat(spooled.path)).mode & 0o077).toBe(0);
    await spooled.dispose();
    await spooled.dispose();
    expect(await readdir(dir)).toEqual([]);
  });

  test('an empty file is a file', async () => {
    const spooled = await spool(async () => Readable.from([]), { dir, maxBytes: 100 });
    expect(spooled.sizeBytes).toBe(0);
    expect(await buffer(spooled.open())).toHaveLength(0);
    await spooled.dispose();
  });

  test('two at once do not meet', async () => {
    const both = await Promise.all(['a', 'b'].map((text) => spool(async () => streamOf(text), { dir, maxBytes: 9 })));
    expect(await Promise.all(both.map(async (one) => (await buffer(one.open())).toString()))).toEqual(['a', 'b']);
    await Promise.all(both.map((one) => one.dispose()));
  });

  test.each<[string, () => Promise<Readable>, object]>([
    ['too large', async () => streamOf('hello ', 'world'), { code: 'too_large' }],
    ['not to be opened', async () => Promise.reject(new Error('gone')), { message: 'gone' }],
    [
      'cut off',
      async () =>
        new Readable({
          read() {
            this.push(Buffer.from('hel'));
            this.destroy(new Error('cut off'));
          },
        }),
      { message: 'cut off' },
    ],
  ])('leaves nothing of a file that is %s', async (_name, open, error) => {
    await expect(spool(open, { dir, maxBytes: 10 })).rejects.toMatchObject(error);
    expect(await readdir(dir)).toEqual([]);
  });

  test('clears what a killed run left, and nothing else', async () => {
    await spool(async () => streamOf('left'), { dir, maxBytes: 10 });
    await mkdir(join(dir, 'other'));
    await clearSpool(dir);
    expect(await readdir(dir)).toEqual(['other']);
    await clearSpool(join(dir, 'missing'));
  });
});
