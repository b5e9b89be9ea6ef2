// The thread that draws one Digest's picture, so that the thread that carries messages isn't kept from it.
import { parentPort, workerData } from 'node:worker_threads';
import type { Digest } from './digest.ts';
import { renderPicture } from './picture.ts';

const digest: Digest = workerData;
parentPort?.postMessage(await renderPicture(digest));
