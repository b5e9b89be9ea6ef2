// Has pictures drawn in a thread of their own, one at a time; the thread lives as long as pictures wait for it.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Digest } from './digest.ts';

let last: Promise<unknown> = Promise.resolve();
let waitingCount = 0;
/** A second picture takes half of what the first does: the fonts are read, the code is warm. */
let thread: Worker | undefined;

/** The picture as PNG, 1800 pixels wide. Rejects when it can't be drawn. */
export async function drawPicture(digest: Digest): Promise<Buffer> {
  waitingCount += 1;
  const drawing = last.then(() => drawInThread(digest));
  last = drawing.catch(() => undefined);
  try {
    return await drawing;
  } finally {
    waitingCount -= 1;
    if (waitingCount === 0) await endThread();
  }
}

async function drawInThread(digest: Digest): Promise<Buffer> {
  thread ??= new Worker(new URL('picture-worker.ts', import.meta.url));
  const drawn = new AbortController();
  try {
    const ended = once(thread, 'exit', { signal: drawn.signal }).then(([code]) => {
      throw new Error(`the drawing thread ended with ${code} without a picture`);
    });
    // Rejects with the thread's error, if there is one.
    const told = once(thread, 'message', { signal: drawn.signal });
    thread.postMessage(digest);
    const [picture] = (await Promise.race([told, ended])) as [Uint8Array];
    return Buffer.from(picture);
  } catch (error) {
    await endThread();
    throw error;
  } finally {
    drawn.abort();
  }
}

async function endThread(): Promise<void> {
  const worker = thread;
  thread = undefined;
  await worker?.terminate();
}
