// GET /media/:token: the file of a Message, by a link of ours that expires, for whoever may see its Chat.
import { pipeline } from 'node:stream/promises';
import type { RequestHandler, Response } from 'express';
import type { MessageId } from '../../domain/ids.ts';
import type { Vault } from '../../runtime/secrets.ts';
import { viewerOf } from './auth.ts';
import { Problem, notFound } from './errors.ts';
import type { OpenedMedia, Viewer, WebParts } from './parts.ts';
import { asRowId } from './route.ts';
import { scopeOf } from './scope.ts';

const PURPOSE = 'media|';

/** The address of a Message's file on this server, without scheme and host; good until `expiresAt`. */
export const mediaPath = (vault: Pick<Vault, 'signLink'>, message: MessageId, expiresAt: Date): string =>
  `/media/${vault.signLink(PURPOSE + message, expiresAt)}`;

/** What a browser may show by itself: nothing in these can run. All else is saved, as bytes of no kind. */
const INERT_TYPES = new Set([
  'image/jpeg', 'image/png', 'image/gif', 'image/webp', 'image/avif',
  'audio/mpeg', 'audio/ogg', 'audio/mp4', 'audio/aac', 'audio/wav', 'audio/webm', 'audio/amr',
  'video/mp4', 'video/webm', 'video/ogg', 'video/3gpp', 'video/quicktime',
]); // prettier-ignore

/** The sandbox holds even where a browser is wrong about a type. */
const POLICY =
  "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'";

/** To be used after `requireViewer`. */
export function createMedia(parts: WebParts): RequestHandler {
  return async (request, response) => {
    const message = await messageOf(parts, viewerOf(request), String(request.params['token']));
    const file = await parts.bridge.openMedia(message);
    if (file === undefined) throw notFound('file');
    try {
      await sendFile(file, response);
    } finally {
      file.stream.destroy();
    }
  };
}

async function sendFile(file: OpenedMedia, response: Response): Promise<void> {
  const bytes = file.stream[Symbol.asyncIterator]();
  // What fails before its first byte can still be told as a refusal.
  const first = await bytes.next();
  const type = file.mimeType.split(';')[0]?.trim().toLowerCase() ?? '';
  const isInert = INERT_TYPES.has(type);
  response
    .set('content-type', isInert ? type : 'application/octet-stream')
    .set('content-disposition', disposition(isInert ? 'inline' : 'attachment', file.name))
    .set('content-security-policy', POLICY)
    .set('cache-control', 'private, no-store');
  // No length: what the sender claimed needn't be true.
  await pipeline(async function* () {
    for (let part = first; part.done !== true; part = await bytes.next()) yield part.value;
  }, response);
}

/** Whose file it is; throws unless the link is good and the viewer sees the Chat. */
async function messageOf(parts: WebParts, viewer: Viewer, token: string): Promise<MessageId> {
  const link = parts.vault.readLink(token, parts.clock.now());
  if ('refused' in link && link.refused === 'expired') {
    throw new Problem(410, 'This link has expired. Open the file from its chat again.');
  }
  const id =
    'payload' in link && link.payload.startsWith(PURPOSE)
      ? asRowId<MessageId>(link.payload.slice(PURPOSE.length))
      : undefined;
  const message = id === undefined ? undefined : await parts.store.read.messages.find(id);
  if (message === undefined) throw notFound('file');
  const scope = await scopeOf(parts, viewer);
  if (scope !== 'all' && !scope.has(message.chatId)) throw notFound('file');
  return message.id;
}

const LONGEST_NAME = 150;

/** RFC 6266, with a plain name for old readers; folders, controls and signs that turn text around are left out of the name. */
function disposition(kind: 'inline' | 'attachment', name: string): string {
  const base = name.split(/[/\\]/).at(-1) ?? '';
  const clean = Array.from(base.toWellFormed().replaceAll(/[\p{Cc}\p{Cf}"%]/gu, ''))
    .slice(0, LONGEST_NAME)
    .join('')
    .replace(/^[\s.]+/, '')
    .trim();
  const shown = clean === '' ? 'file' : clean;
  const ascii = shown.replaceAll(/[^\u0020-\u007e]/g, '_');
  const encoded = encodeURIComponent(shown).replaceAll(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${kind}; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
