// Files of people: fetched by an address that is asked for anew each time, and nothing but the whole file comes through.
import { Readable } from 'node:stream';
import { Routes } from 'discord.js';
import { request } from 'undici';
import { BridgeError } from '../../domain/errors.ts';
import type { FileRef } from '../../domain/ids.ts';
import type { Api } from './api.ts';
import { discordCode, toBridgeError } from './errors.ts';
import { fileParts } from './ids.ts';
import { messageShape } from './receive.ts';
import type { DiscordAttachment } from './receive.ts';
import type { Transport } from './transport.ts';

/** A stream that stands still for so long is given up, in milliseconds. */
const STILL_MS = 30_000;

/** See `ChatPlatform.openFile`. The addresses Discord hands out expire, so the message is asked for a fresh one. */
export async function openFile(api: Api, { dispatcher }: Transport, ref: FileRef): Promise<Readable> {
  const { url, size } = await attachmentOf(api, ref);
  const answer = await request(url, { headersTimeout: STILL_MS, bodyTimeout: STILL_MS, dispatcher }).catch(
    (error: unknown) => {
      throw toBridgeError(error, 'file download');
    },
  );
  // Letting go of a body that isn't read to its end is an error to undici, which without a listener ends the process.
  answer.body.on('error', () => undefined);
  if (answer.statusCode === 200) return Readable.from(exactly(answer.body, size, ref), { objectMode: false });
  answer.body.destroy();
  if (answer.statusCode === 404) throw gone(ref);
  throw new BridgeError('unreachable', `file ${ref}: HTTP ${answer.statusCode}`, {
    sentence: 'The file could not be fetched from Discord.',
    retry: 'later',
    certain: true,
  });
}

async function attachmentOf(api: Api, ref: FileRef): Promise<DiscordAttachment> {
  const { channel, message, attachment } = fileParts(ref);
  const answer = await api.call('get', Routes.channelMessage(channel, message)).catch((error: unknown) => {
    throw discordCode(error) === 10_008 ? gone(ref) : error;
  });
  const { attachments, message_snapshots: forwarded } = messageShape.parse(answer);
  const all = [...(attachments ?? []), ...(forwarded ?? []).flatMap((part) => part.message.attachments ?? [])];
  const found = all.find(({ id }) => id === attachment);
  if (found === undefined) throw gone(ref);
  return found;
}

/** Passes the bytes on and fails when they are more or fewer than told. */
async function* exactly(body: AsyncIterable<Uint8Array>, size: number, ref: FileRef): AsyncGenerator<Uint8Array> {
  let count = 0;
  try {
    for await (const chunk of body) {
      count += chunk.length;
      if (count > size) throw notTheFile(ref, 'it is longer than told');
      yield chunk;
    }
  } catch (error) {
    throw toBridgeError(error, 'file download');
  }
  if (count < size) throw notTheFile(ref, 'it is shorter than told');
}

function notTheFile(ref: FileRef, why: string): BridgeError {
  return new BridgeError('bad_media', `file ${ref}: ${why}`, {
    sentence: 'Discord did not hand out the whole file.',
    retry: 'later',
    certain: true,
  });
}

function gone(ref: FileRef): BridgeError {
  return new BridgeError('bad_media', `file ${ref}: gone`, {
    sentence: 'The file is not in Discord any more.',
    retry: 'never',
    certain: true,
  });
}
