// The media host: takes encrypted uploads and gives them back over https, and encrypts and decrypts as the apps do.
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Faults } from './faults.ts';
import type { LocalhostCertificate } from './tls.ts';

/** The kinds of media and the name their keys are derived under. */
const KEY_NAMES = { image: 'Image', video: 'Video', audio: 'Audio', document: 'Document', sticker: 'Image' } as const;

export type MediaType = keyof typeof KEY_NAMES;

/** What a message says of a file on the media host. */
export interface MediaReference {
  readonly url: string;
  readonly directPath: string;
  readonly mediaKey: Buffer;
  readonly fileSha256: Buffer;
  readonly fileEncSha256: Buffer;
  readonly fileLength: number;
  readonly mediaKeyTimestamp: number;
}

const MAC_LENGTH = 10;
const LARGEST_UPLOAD = 2_000_000_000;

/** Stores ciphertexts by path; keeps them until the simulator stops. */
export class MediaHost {
  readonly #server: Server;
  readonly #faults: Faults;
  readonly #files = new Map<string, Buffer>();
  readonly #expired = new Map<string, Buffer>();

  constructor(certificate: LocalhostCertificate, faults: Faults) {
    this.#faults = faults;
    this.#server = createServer({ key: certificate.key, cert: certificate.certificate }, (request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  /** `localhost:port`, as `media_conn` names it. */
  get host(): string {
    return `localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Encrypts and stores a file as a phone's upload would. */
  store(type: MediaType, bytes: Uint8Array): MediaReference {
    const mediaKey = randomBytes(32);
    const { iv, cipherKey, macKey } = mediaKeys(mediaKey, type);
    const cipher = createCipheriv('aes-256-cbc', cipherKey, iv);
    const ciphertext = Buffer.concat([cipher.update(bytes), cipher.final()]);
    const file = Buffer.concat([ciphertext, macOf(macKey, iv, ciphertext)]);
    const directPath = this.#keep(file);
    return {
      url: `https://${this.host}${directPath}`,
      directPath,
      mediaKey,
      fileSha256: sha256(bytes),
      fileEncSha256: sha256(file),
      fileLength: bytes.byteLength,
      mediaKeyTimestamp: Math.floor(Date.now() / 1000),
    };
  }

  /** Fetches and decrypts a file as a customer's phone would. Throws when it is gone, or a hash or the MAC is wrong. */
  open(
    type: MediaType,
    reference: {
      readonly directPath: string;
      readonly mediaKey: Uint8Array;
      readonly fileSha256: Uint8Array;
      readonly fileEncSha256: Uint8Array;
    },
  ): Buffer {
    const file = this.#files.get(pathOf(reference.directPath));
    if (!file) throw new Error(`the media host has no ${reference.directPath}`);
    if (!sha256(file).equals(Buffer.from(reference.fileEncSha256))) throw new Error('fileEncSha256 does not match');
    const { iv, cipherKey, macKey } = mediaKeys(reference.mediaKey, type);
    const ciphertext = file.subarray(0, -MAC_LENGTH);
    if (!timingSafeEqual(file.subarray(-MAC_LENGTH), macOf(macKey, iv, ciphertext)))
      throw new Error('the MAC is wrong');
    const decipher = createDecipheriv('aes-256-cbc', cipherKey, iv);
    const bytes = Buffer.concat([decipher.update(ciphertext), decipher.final()]);
    if (!sha256(bytes).equals(Buffer.from(reference.fileSha256))) throw new Error('fileSha256 does not match');
    return bytes;
  }

  /** Deletes a file, as WhatsApp does after some weeks: downloads get 404. */
  expire(directPath: string): void {
    const path = pathOf(directPath);
    const file = this.#files.get(path);
    if (file) this.#expired.set(path, file);
    this.#files.delete(path);
  }

  /** A phone uploads a file again: its new path, or undefined for a file that never was. */
  restore(directPath: string): string | undefined {
    const path = pathOf(directPath);
    const file = this.#expired.get(path) ?? this.#files.get(path);
    return file && this.#keep(file);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'https://localhost');
    if (request.method === 'POST' && url.pathname.startsWith('/mms/')) return this.#upload(request, response, url);
    if (request.method === 'GET') return this.#download(request, response, url);
    response.writeHead(405).end();
  }

  async #upload(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const body = await readAll(request);
    const fault = this.#faults.takeMedia('upload');
    if (fault?.kind === 'status') return end(response, fault.status);
    if (fault?.kind === 'slow') await pause(fault.delayMs);
    const announced = decodeURIComponent(url.pathname.slice(url.pathname.lastIndexOf('/') + 1));
    if (announced !== sha256(body).toString('base64url') || !url.searchParams.has('auth')) return end(response, 400);
    const directPath = this.#keep(fault?.kind === 'corrupt' ? spoil(body) : body);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ url: `https://${this.host}${directPath}`, direct_path: directPath }));
  }

  async #download(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const fault = this.#faults.takeMedia('download');
    if (fault?.kind === 'status') return end(response, fault.status);
    if (fault?.kind === 'slow') await pause(fault.delayMs);
    const file = this.#files.get(url.pathname);
    if (!file) return end(response, 404);
    const served = fault?.kind === 'corrupt' ? spoil(file) : file;
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const start = range ? Number(range[1]) : 0;
    const stop = range?.[2] ? Number(range[2]) + 1 : served.length;
    const part = served.subarray(start, stop);
    response.writeHead(range ? 206 : 200, {
      'content-length': part.length,
      'content-type': 'application/octet-stream',
    });
    if (fault?.kind === 'truncated') {
      response.write(part.subarray(0, Math.floor(part.length / 2)), () => response.destroy());
      return;
    }
    response.end(part);
  }

  #keep(file: Buffer): string {
    if (file.length > LARGEST_UPLOAD) throw new Error('the file is larger than the media host takes');
    const path = `/v/t62.7118-24/${randomBytes(16).toString('hex')}.enc`;
    this.#files.set(path, file);
    return `${path}?ccb=11-4&oh=simulated&oe=simulated&_nc_sid=5e03e0`;
  }
}

function pathOf(directPath: string): string {
  return new URL(directPath, 'https://localhost').pathname;
}

function spoil(file: Buffer): Buffer {
  const copy = Buffer.from(file);
  // The first block: later ones would only garble padding for short files.
  copy[0] = (copy[0] ?? 0) ^ 0xff;
  return copy;
}

function mediaKeys(mediaKey: Uint8Array, type: MediaType): { iv: Buffer; cipherKey: Buffer; macKey: Buffer } {
  const info = `WhatsApp ${KEY_NAMES[type]} Keys`;
  const bytes = Buffer.from(hkdfSync('sha256', mediaKey, Buffer.alloc(0), info, 112));
  return { iv: bytes.subarray(0, 16), cipherKey: bytes.subarray(16, 48), macKey: bytes.subarray(48, 80) };
}

function macOf(macKey: Buffer, iv: Buffer, ciphertext: Buffer): Buffer {
  return createHmac('sha256', macKey).update(iv).update(ciphertext).digest().subarray(0, MAC_LENGTH);
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function pause(delayMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, delayMs));
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status).end();
}
