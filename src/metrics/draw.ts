// Has pictures drawn in a thread of their own, one at a time.
import { Worker } from 'node:worker_threads';
import type { Digest } from './digest.ts';

let last: Promise<unknown> = Promise.resolve();

/** The picture as PNG, 1800 pixels wide. Rejects when it can't be drawn. */
export function drawPicture(digest: Digest): Promise<Buffer> {
  const drawing = last.then(() => drawInThread(digest));
  last = drawing.catch(() => undefined);
  return drawing;
}

function drawInThread(digest: Digest): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('picture-worker.ts', import.meta.url), { workerData: digest });
    worker.once('message', (picture: Uint8Array) => resolve(Buffer.from(picture)));
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the drawing thread ended with ${code} without a picture`)));
  });
}
