// Files on the CDN: how they are named and kept, their signed links that expire, and the downloads with their faults.
import { createHmac, randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Faults } from './faults.ts';
import type { Guild } from './state.ts';
import type { StoredFile } from './types.ts';

/** A file as it is given. */
export interface GivenFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly contentType?: string | undefined;
  readonly description?: string | undefined;
  readonly durationSecs?: number | undefined;
  readonly waveform?: string | undefined;
  readonly spoiler?: boolean | undefined;
}

const SECRET = randomBytes(32);

const TYPES: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  mp4: 'video/mp4',
  webm: 'video/webm',
  mp3: 'audio/mpeg',
  ogg: 'audio/ogg',
  m4a: 'audio/mp4',
  wav: 'audio/x-wav',
  pdf: 'application/pdf',
  json: 'application/json; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  vcf: 'text/vcard; charset=utf-8',
  zip: 'application/zip',
};

/** The type Discord guesses from a name. */
export function contentTypeOf(name: string): string {
  return TYPES[name.slice(name.lastIndexOf('.') + 1).toLowerCase()] ?? 'application/octet-stream';
}

/** Keeps a file; its name is cleaned, the name as given stays its title. */
export function storeFile(guild: Guild, channelId: string, given: GivenFile): StoredFile {
  const spaced = given.name.replaceAll(/\s+/gu, '_').replaceAll(/[^A-Za-z0-9._-]/g, '');
  const clean = spaced.replace(/^\.+/, '') === '' ? 'unknown' : spaced.replace(/^\.+/, '');
  const dot = given.name.lastIndexOf('.');
  const file: StoredFile = {
    id: guild.newId(),
    channelId,
    name: clean,
    title: clean === given.name ? undefined : given.name.slice(0, dot > 0 ? dot : undefined),
    contentType: given.contentType ?? contentTypeOf(given.name),
    bytes: Buffer.from(given.bytes),
    description: given.description,
    durationSecs: given.durationSecs,
    waveform: given.waveform,
    spoiler: given.spoiler ?? given.name.startsWith('SPOILER_'),
  };
  guild.files.set(file.id, file);
  return file;
}

function signature(file: StoredFile, expiry: string, issued: string): string {
  return createHmac('sha256', SECRET).update(`${file.id}/${expiry}/${issued}`).digest('hex');
}

/** A fresh link to a file, good for the set time. */
export function fileUrl(guild: Guild, file: StoredFile): string {
  const seconds = Math.floor(guild.now() / 1000);
  const expiry = (seconds + Math.ceil(guild.settings.fileLinkLifeMs / 1000)).toString(16);
  const issued = seconds.toString(16);
  const path = `/attachments/${file.channelId}/${file.id}/${file.name}`;
  return `${guild.origin}/cdn${path}?ex=${expiry}&is=${issued}&hm=${signature(file, expiry, issued)}&`;
}

/** Answers a download below `/cdn/attachments`; anything but a good link in time is a 404, as on Discord. */
export async function serveFile(guild: Guild, faults: Faults, response: ServerResponse, url: URL): Promise<void> {
  const [, , , channelId, fileId, name] = url.pathname.split('/');
  const file = guild.files.get(fileId ?? '');
  const expiry = url.searchParams.get('ex') ?? '';
  const issued = url.searchParams.get('is') ?? '';
  const good =
    file !== undefined &&
    file.channelId === channelId &&
    file.name === decodeURIComponent(name ?? '') &&
    url.searchParams.get('hm') === signature(file, expiry, issued) &&
    Number.parseInt(expiry, 16) * 1000 > guild.now();
  if (!good) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('This content is no longer available.');
    return;
  }
  await sendBytes(response, file, faults);
}

async function sendBytes(response: ServerResponse, file: StoredFile, faults: Faults): Promise<void> {
  const { bytes, contentType } = file;
  const fault = faults.takeDownload();
  const headers = { 'content-type': contentType, 'content-length': bytes.length };
  switch (fault?.kind) {
    case undefined:
      response.writeHead(200, headers).end(bytes);
      return;
    case 'status':
      response.writeHead(fault.status, { 'content-type': 'text/plain' }).end();
      return;
    case 'html':
      response
        .writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
        .end('<!DOCTYPE html><p>Just a moment…</p>');
      return;
    case 'hang':
      return;
    case 'short':
      response.writeHead(200, { 'content-type': contentType });
      response.end(bytes.subarray(0, Math.floor(bytes.length * fault.part)));
      return;
    case 'truncated':
      response.writeHead(200, headers);
      await new Promise<void>((resolve) => {
        response.write(bytes.subarray(0, Math.floor(bytes.length * fault.part)), () => {
          resolve();
        });
      });
      response.destroy();
      return;
    case 'slow':
      response.writeHead(200, headers);
      for (let at = 0; at < bytes.length && !response.destroyed; at += fault.chunkBytes) {
        response.write(bytes.subarray(at, at + fault.chunkBytes));
        await new Promise((resolve) => {
          setTimeout(resolve, fault.pauseMs);
        });
      }
      response.end();
  }
}
