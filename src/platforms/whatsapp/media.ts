// Files from and to WhatsApp's media hosts: fetched and decrypted as they stream, and checked as they pass; encrypted and uploaded.
import { createDecipheriv, createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { unlink } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { pipeline, Transform, type Readable } from 'node:stream';
import { encryptedStream } from '@whiskeysockets/baileys';
import type { MediaType, WASocket } from '@whiskeysockets/baileys';
import { BridgeError } from '../../domain/errors.ts';
import type { MediaKind } from '../../domain/content.ts';
import type { OutgoingFile } from '../messenger.ts';
import { badMedia, notDone, tooLarge, translated } from './errors.ts';
import type { MediaPlace } from './ids.ts';
import type { UploadedFile } from './present.ts';

/** The names in the keys' derivation (Baileys `MEDIA_HKDF_KEY_MAPPING`). */
const KEY_NAMES: Readonly<Record<string, string>> = {
  image: 'Image',
  sticker: 'Image',
  video: 'Video',
  audio: 'Audio',
  document: 'Document',
  'md-msg-hist': 'History',
};
const MAC_LENGTH = 10;
const SILENCE_MS = 30_000;
const UPLOAD_MS = 5 * 60_000;

/** Where files may be fetched from: what the server names, and in production WhatsApp's own domain only. */
export interface MediaHosts {
  list(): Promise<readonly string[]>;
}

/** The hosts the server names for this connection. A foreign name is refused unless the endpoint itself is another one. */
export function mediaHosts(baileys: WASocket, isCustomEndpoint: boolean): MediaHosts {
  return {
    list: async () => {
      const { hosts } = await baileys.refreshMediaConn(false);
      const names = hosts.map(({ hostname }) => hostname);
      return isCustomEndpoint ? names : names.filter((name) => /^[a-z0-9.-]+\.whatsapp\.net$/i.test(name));
    },
  };
}

interface MediaKeys {
  readonly iv: Buffer;
  readonly cipherKey: Buffer;
  readonly macKey: Buffer;
}

function mediaKeys(place: MediaPlace): MediaKeys {
  const name = KEY_NAMES[place.type];
  if (name === undefined) throw badMedia(`unknown media type ${place.type}`);
  const key = Buffer.from(place.mediaKey, 'base64');
  const expanded = Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), `WhatsApp ${name} Keys`, 112));
  return { iv: expanded.subarray(0, 16), cipherKey: expanded.subarray(16, 48), macKey: expanded.subarray(48, 80) };
}

const isEqual = (one: Buffer, other: Buffer): boolean => one.length === other.length && timingSafeEqual(one, other);

/** Ciphertext in, plain bytes out; fails with a BridgeError when MAC, hashes or length are not what they should be. */
class Opening extends Transform {
  readonly #place: MediaPlace;
  readonly #maxBytes: number;
  readonly #decipher;
  readonly #mac;
  readonly #encHash = createHash('sha256');
  readonly #plainHash = createHash('sha256');
  #tail = Buffer.alloc(0);
  #plainBytes = 0;

  constructor(place: MediaPlace, maxBytes: number) {
    super();
    const { cipherKey, iv, macKey } = mediaKeys(place);
    this.#place = place;
    this.#maxBytes = maxBytes;
    this.#decipher = createDecipheriv('aes-256-cbc', cipherKey, iv);
    this.#mac = createHmac('sha256', macKey).update(iv);
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#encHash.update(chunk);
    const bytes = Buffer.concat([this.#tail, chunk]);
    const length = Math.max(0, bytes.length - MAC_LENGTH);
    const cipher = bytes.subarray(0, length);
    this.#tail = bytes.subarray(length);
    this.#mac.update(cipher);
    done(this.#give(this.#decipher.update(cipher)));
  }

  override _flush(done: (error?: Error | null) => void): void {
    done(this.#finish());
  }

  #give(plain: Buffer): BridgeError | null {
    this.#plainBytes += plain.length;
    if (this.#plainBytes > this.#maxBytes) return tooLarge('a file is larger than declared or allowed');
    this.#plainHash.update(plain);
    this.push(plain);
    return null;
  }

  #finish(): BridgeError | null {
    const { encSha256, sha256, sizeBytes } = this.#place;
    if (!isEqual(this.#mac.digest().subarray(0, MAC_LENGTH), this.#tail)) return badMedia('the MAC of a file is wrong');
    if (encSha256 !== undefined && !isEqual(this.#encHash.digest(), Buffer.from(encSha256, 'base64'))) {
      return badMedia('the hash of an encrypted file is wrong');
    }
    let last: Buffer;
    try {
      last = this.#decipher.final();
    } catch {
      return badMedia('the padding of a file is wrong');
    }
    const error = this.#give(last);
    if (error !== null) return error;
    if (sha256 !== undefined && !isEqual(this.#plainHash.digest(), Buffer.from(sha256, 'base64'))) {
      return badMedia('the hash of a file is wrong');
    }
    return sizeBytes !== undefined && sizeBytes !== this.#plainBytes ? badMedia('the length of a file is wrong') : null;
  }
}

/** The file is not on the host any more; the phone may still have it. */
export class GoneFromHost extends Error {
  override readonly name = 'GoneFromHost';
}

function fetchFrom(host: string, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const url = new URL(`https://${host}${path}`);
    if (url.host !== host.toLowerCase()) {
      reject(badMedia('a file names another host'));
      return;
    }
    const headers = { origin: 'https://web.whatsapp.com' };
    const fetching = request(url, { headers, timeout: SILENCE_MS }, resolve);
    fetching.on('timeout', () => fetching.destroy(new Error('the media host is silent')));
    fetching.on('error', reject);
    fetching.end();
  });
}

/**
 * Opens a file as a stream of its plain bytes. `maxBytes` caps what passes. Rejects with GoneFromHost on 404 and 410, else with a
 * BridgeError, which is also what the stream fails with.
 */
export async function openPlace(place: MediaPlace, hosts: MediaHosts, maxBytes: number): Promise<Readable> {
  if (!place.directPath.startsWith('/')) throw badMedia('a file has no path');
  if ((place.sizeBytes ?? 0) > maxBytes) throw tooLarge('a file is declared larger than allowed');
  let failure: unknown;
  for (const host of await hosts.list()) {
    try {
      const response = await fetchFrom(host, place.directPath);
      const { statusCode = 0 } = response;
      if (statusCode === 200) return decrypting(response, place, Math.min(maxBytes, place.sizeBytes ?? maxBytes));
      response.resume();
      if (statusCode === 404 || statusCode === 410) throw new GoneFromHost(`the media host answered ${statusCode}`);
      failure = new Error(`the media host answered ${statusCode}`);
    } catch (error) {
      if (error instanceof GoneFromHost || error instanceof BridgeError) throw error;
      failure = error;
    }
  }
  throw notDone('no media host could be reached', failure);
}

function decrypting(response: IncomingMessage, place: MediaPlace, maxBytes: number): Readable {
  const opening = new Opening(place, maxBytes);
  const plain = new Transform({ transform: (chunk: Buffer, _, done) => done(null, chunk) });
  // An error of the network must leave as a BridgeError too; so the last stream is told of it by hand.
  pipeline(response, opening, (error) => {
    if (error) plain.destroy(translated(error, 'a file broke off', true));
  });
  opening.pipe(plain);
  plain.on('close', () => {
    if (!opening.writableFinished) response.destroy();
  });
  return plain;
}

/** WhatsApp's kinds of upload; a GIF is a video, a voice note an audio. */
const UPLOAD_TYPES: Readonly<Record<MediaKind, MediaType & ('image' | 'video' | 'audio' | 'document' | 'sticker')>> = {
  image: 'image',
  video: 'video',
  gif: 'video',
  audio: 'audio',
  voice: 'audio',
  document: 'document',
  sticker: 'sticker',
};

/** Counts what passes and stops at `maxBytes`. */
function capped(source: Readable, maxBytes: number): Readable {
  let length = 0;
  const cap = new Transform({
    transform: (chunk: Buffer, _, done) => {
      length += chunk.length;
      if (length > maxBytes) done(tooLarge('a file to send is larger than allowed'));
      else done(null, chunk);
    },
  });
  pipeline(source, cap, () => undefined);
  return cap;
}

/** Encrypts a file to disk and uploads it. Rejects with a BridgeError; nothing was sent then. */
export async function upload(baileys: WASocket, file: OutgoingFile, maxBytes: number): Promise<UploadedFile> {
  if (file.sizeBytes > maxBytes) throw tooLarge('a file to send is larger than allowed');
  const mediaType = UPLOAD_TYPES[file.media];
  let encFilePath: string | undefined;
  try {
    const encrypted = await encryptedStream({ stream: capped(await file.open(), maxBytes) }, mediaType);
    encFilePath = encrypted.encFilePath;
    const { fileEncSha256, fileLength, fileSha256, mediaKey } = encrypted;
    const fileEncSha256B64 = fileEncSha256.toString('base64');
    const uploaded = await baileys.waUploadToServer(encFilePath, { mediaType, fileEncSha256B64, timeoutMs: UPLOAD_MS });
    const { directPath, mediaUrl } = uploaded;
    return { url: mediaUrl, directPath, mediaKey, fileEncSha256, fileSha256, fileLength };
  } catch (error) {
    throw translated(error, 'a file could not be uploaded', true);
  } finally {
    if (encFilePath !== undefined) await unlink(encFilePath);
  }
}
