// The files of one Account: opened from the media host, asked of the phone when they are gone there, and the history it hands over.
import type { Readable } from 'node:stream';
import { inflateSync } from 'node:zlib';
import { proto } from '@whiskeysockets/baileys';
import type { Clock } from '../../runtime/time.ts';
import type { AccountId, MediaRef } from '../../domain/ids.ts';
import { capabilities } from './capabilities.ts';
import { badMedia, notConnected, notDone } from './errors.ts';
import { mediaPlace, type MediaPlace } from './ids.ts';
import { GoneFromHost, mediaHosts, openPlace } from './media.ts';
import type { Socket } from './socket.ts';

/** How long the phone may take to upload a file again. */
const REUPLOAD_MS = 20_000;
/** A bootstrap of a busy number is a few megabytes; this bounds what a false one can unpack to. */
const MOST_HISTORY_BYTES = 256 * 1024 * 1024;

/** Which message field holds a file of a type, for the question to the phone. */
const FIELDS: Readonly<Record<string, string>> = {
  image: 'imageMessage',
  video: 'videoMessage',
  audio: 'audioMessage',
  document: 'documentMessage',
  sticker: 'stickerMessage',
};

export interface LibraryOptions {
  readonly account: AccountId;
  readonly clock: Clock;
  readonly isCustomEndpoint: boolean;
  readonly socket: () => Socket | undefined;
}

export class Library {
  readonly #options: LibraryOptions;

  constructor(options: LibraryOptions) {
    this.#options = options;
  }

  /** A file's plain bytes, checked as they pass. */
  async open(ref: MediaRef): Promise<Readable> {
    const place = mediaPlace(ref);
    if (place === undefined) throw badMedia('a media reference is not ours');
    const maxBytes = capabilities.maxFileBytes;
    try {
      return await openPlace(place, this.#hosts(), maxBytes);
    } catch (error) {
      if (!(error instanceof GoneFromHost)) throw error;
    }
    const directPath = await this.#askPhone(place);
    try {
      return await openPlace({ ...place, directPath }, this.#hosts(), maxBytes);
    } catch (error) {
      throw error instanceof GoneFromHost ? badMedia('a file is gone even after a new upload') : error;
    }
  }

  /** A piece of history, inline or from the media host. */
  async fetchHistory(notice: proto.Message.IHistorySyncNotification): Promise<proto.IHistorySync> {
    const inline = notice.initialHistBootstrapInlinePayload;
    const packed = inline && inline.length > 0 ? inline : await this.#download(notice);
    return proto.HistorySync.decode(inflateSync(packed, { maxOutputLength: MOST_HISTORY_BYTES }));
  }

  async #download(notice: proto.Message.IHistorySyncNotification): Promise<Uint8Array> {
    const { directPath, fileEncSha256, fileSha256, mediaKey } = notice;
    if (!directPath || !mediaKey) throw badMedia('a piece of history has no place');
    const base64 = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('base64');
    const place: MediaPlace = {
      type: 'md-msg-hist',
      directPath,
      mediaKey: base64(mediaKey),
      ...(fileEncSha256 ? { encSha256: base64(fileEncSha256) } : {}),
      ...(fileSha256 ? { sha256: base64(fileSha256) } : {}),
      key: { chat: '', id: '', fromMe: true },
    };
    const chunks: Buffer[] = [];
    for await (const chunk of await openPlace(place, this.#hosts(), capabilities.maxFileBytes))
      chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }

  #hosts(): ReturnType<typeof mediaHosts> {
    return mediaHosts(this.#socket().baileys, this.#options.isCustomEndpoint);
  }

  #socket(): Socket {
    const open = this.#options.socket();
    if (open === undefined) throw notConnected(this.#options.account);
    return open;
  }

  /** Asks our own phone to upload a file again; resolves to its new path. */
  async #askPhone(place: MediaPlace): Promise<string> {
    const field = FIELDS[place.type];
    if (field === undefined) throw badMedia('this kind of file cannot be uploaded again');
    const { chat, fromMe, id, participant } = place.key;
    const media = { mediaKey: Buffer.from(place.mediaKey, 'base64'), directPath: place.directPath };
    const key = { remoteJid: chat, id, fromMe, ...(participant === undefined ? {} : { participant }) };
    const message = proto.Message.fromObject({ [field]: media });
    const patience = new AbortController();
    const late = this.#options.clock.sleep(REUPLOAD_MS, patience.signal);
    try {
      const asking = this.#socket().baileys.updateMediaMessage({ key, message });
      const silent = late.then(() => Promise.reject(notDone('the phone did not upload a file again')));
      const updated = await Promise.race([asking, silent]);
      const found = Object.values(updated.message ?? {}).find((value) => typeof value === 'object' && value !== null);
      const directPath: unknown = found !== undefined && 'directPath' in found ? found.directPath : undefined;
      if (typeof directPath !== 'string') throw badMedia('the phone gave no new path for a file');
      return directPath;
    } finally {
      patience.abort();
    }
  }
}
