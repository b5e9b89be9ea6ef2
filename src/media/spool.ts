// A file on disk for a while: for platforms that must be told the length before the bytes, and to read the same bytes twice.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { guard } from './stream.ts';

const PREFIX = 'spool-';

export interface SpoolOptions {
  /** Made when it's missing. */
  readonly dir: string;
  readonly maxBytes: number;
}

/** A file that is there until `dispose`, which may be called more than once. `sha256` in hex. */
export interface Spooled {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  open(): Readable;
  dispose(): Promise<void>;
}

/**
 * Writes what `open` gives to a file of its own. Rejects with `open`'s or the stream's error, or a BridgeError `too_large`; nothing is left
 * on disk then.
 */
export async function spool(open: () => Promise<Readable>, options: SpoolOptions): Promise<Spooled> {
  await mkdir(options.dir, { recursive: true });
  const folder = await mkdtemp(join(options.dir, PREFIX));
  const dispose = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const path = join(folder, 'file');
  const hash = createHash('sha256');
  let sizeBytes = 0;

  async function* measured(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
    for await (const chunk of chunks) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      yield chunk;
    }
  }

  try {
    await pipeline(
      guard(await open(), { maxBytes: options.maxBytes }),
      measured,
      createWriteStream(path, { mode: 0o600 }),
    );
  } catch (error) {
    await dispose();
    throw error;
  }
  return { path, sizeBytes, sha256: hash.digest('hex'), open: () => createReadStream(path), dispose };
}

/** Removes what a run that was killed left behind. Only when nobody else uses `dir`: at start, once this process holds the lease. */
export async function clearSpool(dir: string): Promise<void> {
  const names = await readdir(dir).catch((): string[] => []);
  const left = names.filter((name) => name.startsWith(PREFIX));
  await Promise.all(left.map((name) => rm(join(dir, name), { recursive: true, force: true })));
}
