// Where a message keeps its file: the fields of every kind of media message, wrapped ones included.
import type { proto } from '@whiskeysockets/baileys';
import type { MediaKind } from './compose.ts';
import type { MediaType } from './media.ts';

/** The type of keys each kind of media is encrypted under. */
export const mediaTypes: Record<MediaKind, MediaType> = {
  image: 'image',
  video: 'video',
  gif: 'video',
  audio: 'audio',
  voice: 'audio',
  document: 'document',
  sticker: 'sticker',
};

const FIELDS = [
  ['imageMessage', 'image'],
  ['videoMessage', 'video'],
  ['audioMessage', 'audio'],
  ['documentMessage', 'document'],
  ['stickerMessage', 'sticker'],
] as const;

/** The file a message points to. */
interface MediaPointer {
  readonly type: MediaType;
  readonly directPath: string;
  readonly mediaKey: Uint8Array;
  readonly fileSha256: Uint8Array;
  readonly fileEncSha256: Uint8Array;
}

/** Reads the pointer out of a message; throws when it holds no file or an incomplete pointer. */
export function mediaIn(message: proto.IMessage): MediaPointer {
  const inner = unwrap(message);
  for (const [field, type] of FIELDS) {
    const found = inner[field];
    if (!found) continue;
    const { directPath, mediaKey, fileSha256, fileEncSha256 } = found;
    if (!directPath || !mediaKey || !fileSha256 || !fileEncSha256) throw new Error('the media message is incomplete');
    return { type, directPath, mediaKey, fileSha256, fileEncSha256 };
  }
  throw new Error('not a media message');
}

/** The message inside view-once, disappearing and captioned-document wrappers. */
export function unwrap(message: proto.IMessage): proto.IMessage {
  const inner =
    message.viewOnceMessage?.message ??
    message.viewOnceMessageV2?.message ??
    message.ephemeralMessage?.message ??
    message.documentWithCaptionMessage?.message;
  return inner ? unwrap(inner) : message;
}
