// The thread that draws Digests' pictures, so that the thread that carries messages isn't kept from it.
import { parentPort } from 'node:worker_threads';
import type { Digest } from './digest.ts';
import { renderPicture } from './picture.ts';

parentPort?.on('message', (digest: Digest) => {
  // What fails ends the thread, and with it the drawing that waits for it.
  void renderPicture(digest).then((picture) => parentPort?.postMessage(picture));
});
