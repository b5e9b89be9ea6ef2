// A phone's answer when a companion finds a file gone from the media host and asks for it again.
import { createCipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys';
import type { MediaHost } from './media.ts';
import { mediaIn } from './media-messages.ts';
import { child, node, secondsNow, type BinaryNode } from './nodes.ts';

const { SUCCESS, NOT_FOUND } = proto.MediaRetryNotification.ResultType;

/**
 * The notification that answers a `server-error` receipt: the file is put back on the host and its new path told, encrypted under the
 * media key; an error when the phone does not have the message or the file.
 */
export function answerMediaRetry(
  request: BinaryNode,
  message: proto.IMessage | undefined,
  host: MediaHost,
): BinaryNode {
  const { id = '', to } = request.attrs;
  const about = child(request, 'rmr');
  const attrs = { from: to, type: 'mediaretry', id, t: secondsNow() };
  const pointer = message && mediaIn(message);
  const directPath = pointer && host.restore(pointer.directPath);
  const content = directPath ? sealed(id, directPath, pointer.mediaKey) : node('error', { code: String(NOT_FOUND) });
  return node('notification', attrs, [content, node('rmr', about?.attrs)]);
}

function sealed(stanzaId: string, directPath: string, mediaKey: Uint8Array): BinaryNode {
  const key = hkdfSync('sha256', mediaKey, Buffer.alloc(0), 'WhatsApp Media Retry Notification', 32);
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(key), iv);
  cipher.setAAD(Buffer.from(stanzaId));
  const plain = proto.MediaRetryNotification.encode({ stanzaId, directPath, result: SUCCESS }).finish();
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return node('encrypt', {}, [node('enc_p', {}, ciphertext), node('enc_iv', {}, iv)]);
}
