// What a WhatsApp message says: its protobuf, unwrapped, as Content. Pure.
import type { proto } from '@whiskeysockets/baileys';
import type { Content, MediaFile, MediaKind } from '../../domain/content.ts';
import type { RichText } from '../../domain/text.ts';
import { mediaRef, type RawKey } from './ids.ts';

/** Turns a text with its mentioned JIDs into rich text: the caller knows the names. */
export type TextReader = (text: string, mentioned: readonly string[]) => RichText;

export interface ContentContext {
  readonly key: RawKey;
  readonly text: TextReader;
}

export interface Unwrapped {
  readonly message: proto.IMessage;
  readonly viewOnce: boolean;
}

/** Wrappers that only hold another message. The `viewOnce` ones are told apart below. */
const WRAPPERS = [
  'ephemeralMessage', 'documentWithCaptionMessage', 'editedMessage', 'groupMentionedMessage', 'botInvokeMessage',
  'lottieStickerMessage', 'associatedChildMessage', 'groupStatusMessage', 'groupStatusMessageV2', 'botForwardedMessage',
  'pollCreationMessageV4', 'pollCreationOptionImageMessage', 'eventCoverImage', 'questionMessage', 'questionReplyMessage',
] as const satisfies readonly (keyof proto.IMessage)[]; // prettier-ignore
const VIEW_ONCE = ['viewOnceMessage', 'viewOnceMessageV2', 'viewOnceMessageV2Extension'] as const;
/** More than any client nests. */
const DEEPEST = 8;

/** The message inside all wrappers. */
export function unwrap(outer: proto.IMessage): Unwrapped {
  let message = outer;
  let viewOnce = false;
  for (let depth = 0; depth < DEEPEST; depth += 1) {
    const once = VIEW_ONCE.map((name) => message[name]?.message).find(Boolean);
    const inner = once ?? WRAPPERS.map((name) => message[name]?.message).find(Boolean);
    if (!inner) break;
    viewOnce ||= once !== undefined && once !== null;
    message = inner;
  }
  return { message, viewOnce };
}

/** The part of a message that says what it quotes, mentions and whether it was forwarded. */
export function contextOf(message: proto.IMessage): proto.IContextInfo | undefined {
  for (const value of Object.values(message) as unknown[]) {
    if (typeof value === 'object' && value !== null && 'contextInfo' in value && value.contextInfo) {
      return value.contextInfo;
    }
  }
  return undefined;
}

type MediaMessage = proto.Message.IImageMessage &
  proto.Message.IVideoMessage &
  proto.Message.IAudioMessage &
  proto.Message.IDocumentMessage &
  proto.Message.IStickerMessage;

const base64 = (bytes: Uint8Array | null | undefined): string | undefined =>
  bytes && bytes.length > 0 ? Buffer.from(bytes).toString('base64') : undefined;
const some = (value: string | null | undefined): string | undefined =>
  value === null || value === '' ? undefined : value;
const count = (value: unknown): number | undefined => {
  const number = value === null || value === undefined ? 0 : Number(value);
  return Number.isSafeInteger(number) && number > 0 ? number : undefined;
};

/** Leaves out what is undefined. */
function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** `type` names the keys that encrypt the file (Baileys `MEDIA_HKDF_KEY_MAPPING`). */
function mediaFile(media: MediaMessage, type: string, key: RawKey): MediaFile | undefined {
  const mediaKey = base64(media.mediaKey);
  const directPath = some(media.directPath) ?? pathOf(media.url);
  if (mediaKey === undefined || directPath === undefined) return undefined;
  const sizeBytes = count(media.fileLength);
  const sha256 = base64(media.fileSha256);
  const encSha256 = base64(media.fileEncSha256);
  const ref = mediaRef({ type, directPath, mediaKey, key, ...defined({ encSha256, sha256, sizeBytes }) });
  const optional = defined({
    name: some(media.fileName) ?? some(media.title),
    sizeBytes,
    sha256: sha256 === undefined ? undefined : Buffer.from(sha256, 'base64').toString('hex'),
    durationSeconds: count(media.seconds),
    width: count(media.width),
    height: count(media.height),
    animated: media.isAnimated === true ? true : undefined,
  });
  return { ref, mimeType: some(media.mimetype) ?? 'application/octet-stream', ...optional };
}

function pathOf(url: string | null | undefined): string | undefined {
  if (!url || !URL.canParse(url)) return undefined;
  const { pathname, search } = new URL(url);
  return pathname + search;
}

function mediaContent(
  media: MediaMessage,
  kind: MediaKind,
  type: string,
  context: ContentContext,
  viewOnce: boolean,
): Content {
  const file = mediaFile(media, type, context.key);
  if (file === undefined)
    return viewOnce ? { kind: 'viewOnce' } : { kind: 'unsupported', name: `${kind} without file` };
  const caption = context.text(media.caption ?? '', media.contextInfo?.mentionedJid ?? []);
  return { kind: 'media', media: kind, file, caption, viewOnce: viewOnce || media.viewOnce === true };
}

function anyMedia(message: proto.IMessage, context: ContentContext, viewOnce: boolean): Content | undefined {
  const { audioMessage, documentMessage, imageMessage, ptvMessage, stickerMessage, videoMessage } = message;
  if (imageMessage) return mediaContent(imageMessage, 'image', 'image', context, viewOnce);
  if (videoMessage) {
    return mediaContent(videoMessage, videoMessage.gifPlayback ? 'gif' : 'video', 'video', context, viewOnce);
  }
  if (ptvMessage) return mediaContent(ptvMessage, 'video', 'video', context, viewOnce);
  if (audioMessage) return mediaContent(audioMessage, audioMessage.ptt ? 'voice' : 'audio', 'audio', context, viewOnce);
  if (documentMessage) return mediaContent(documentMessage, 'document', 'document', context, viewOnce);
  if (stickerMessage) return mediaContent(stickerMessage, 'sticker', 'sticker', context, viewOnce);
  return undefined;
}

function place(message: proto.IMessage): Content | undefined {
  const at = message.locationMessage ?? message.liveLocationMessage;
  if (!at) return undefined;
  const name = some(message.locationMessage?.name);
  const address = some(message.locationMessage?.address);
  const live = Boolean(message.liveLocationMessage) || message.locationMessage?.isLive === true;
  const latitude = at.degreesLatitude ?? 0;
  const longitude = at.degreesLongitude ?? 0;
  return { kind: 'location', latitude, longitude, live, ...defined({ name, address }) };
}

/** The telephone lines of a vCard, as written there. */
function phonesOf(vcard: string): string[] {
  const lines = vcard.split(/\r?\n/).filter((line) => /^(?:[\w-]+\.)?TEL[;:]/i.test(line));
  return lines.map((line) => line.slice(line.lastIndexOf(':') + 1).trim()).filter((phone) => phone !== '');
}

function contacts(message: proto.IMessage): Content | undefined {
  const cards =
    message.contactsArrayMessage?.contacts ?? (message.contactMessage ? [message.contactMessage] : undefined);
  if (cards === undefined) return undefined;
  return {
    kind: 'contacts',
    cards: cards.map((card) => ({ name: card.displayName ?? '', phones: phonesOf(card.vcard ?? '') })),
  };
}

function poll(message: proto.IMessage): Content | undefined {
  const found =
    message.pollCreationMessage ??
    message.pollCreationMessageV2 ??
    message.pollCreationMessageV3 ??
    message.pollCreationMessageV5;
  if (!found) return undefined;
  const options = found.options?.map(({ optionName }) => optionName ?? '') ?? [];
  return { kind: 'poll', question: found.name ?? '', options, selectableCount: found.selectableOptionsCount ?? 0 };
}

function event(message: proto.IMessage): Content | undefined {
  const found = message.eventMessage;
  if (!found) return undefined;
  const startsAt = count(found.startTime);
  return {
    kind: 'event',
    name: found.name ?? '',
    cancelled: found.isCanceled === true,
    ...defined({
      description: some(found.description),
      startsAt: startsAt === undefined ? undefined : new Date(startsAt * 1000).toISOString(),
      place: some(found.location?.name) ?? some(found.location?.address),
    }),
  };
}

/** What a pressed button, a chosen line or a filled form says. */
function replyText(message: proto.IMessage): string | undefined {
  return (
    some(message.buttonsResponseMessage?.selectedDisplayText) ??
    some(message.templateButtonReplyMessage?.selectedDisplayText) ??
    some(message.listResponseMessage?.title) ??
    some(message.interactiveResponseMessage?.body?.text)
  );
}

/** What a message with buttons, lists or a template says without them. */
function offeredText(message: proto.IMessage): string | undefined {
  const template = message.templateMessage?.hydratedTemplate ?? message.templateMessage?.hydratedFourRowTemplate;
  return (
    some(message.buttonsMessage?.contentText) ??
    some(message.listMessage?.description) ??
    some(message.interactiveMessage?.body?.text) ??
    some(template?.hydratedContentText) ??
    some(message.highlyStructuredMessage?.hydratedHsm?.hydratedTemplate?.hydratedContentText)
  );
}

/** Fields that say nothing by themselves. */
const SILENT = new Set([
  'senderKeyDistributionMessage', 'fastRatchetKeySenderKeyDistributionMessage', 'messageContextInfo', 'deviceSentMessage',
]); // prettier-ignore

function unsupportedName(message: proto.IMessage): string | undefined {
  const fields = Object.entries(message).filter(([, value]) => value !== null && value !== undefined);
  return fields.map(([name]) => name).find((name) => !SILENT.has(name));
}

/** What a message says; undefined when it says nothing (a key for a group, say). It must be unwrapped. */
export function contentOf({ message, viewOnce }: Unwrapped, context: ContentContext): Content | undefined {
  const text = message.conversation ?? message.extendedTextMessage?.text;
  if (typeof text === 'string' && text !== '') {
    const mentioned = message.extendedTextMessage?.contextInfo?.mentionedJid ?? [];
    return { kind: 'text', text: context.text(text, mentioned) };
  }
  const shown =
    anyMedia(message, context, viewOnce) ?? place(message) ?? contacts(message) ?? poll(message) ?? event(message);
  if (shown !== undefined) return shown;
  const { albumMessage, call, callLogMesssage: log } = message;
  if (albumMessage) {
    const { expectedImageCount, expectedVideoCount } = albumMessage;
    return { kind: 'album', imageCount: expectedImageCount ?? 0, videoCount: expectedVideoCount ?? 0 };
  }
  if (call) return { kind: 'call', video: false, missed: false };
  // `CallLogMessage.CallOutcome`: 1 is MISSED.
  if (log) return { kind: 'call', video: log.isVideo === true, missed: Number(log.callOutcome) === 1 };
  const words = replyText(message) ?? offeredText(message);
  if (words !== undefined) return { kind: 'text', text: context.text(words, []) };
  if (viewOnce) return { kind: 'viewOnce' };
  const name = unsupportedName(message);
  return name === undefined ? undefined : { kind: 'unsupported', name };
}

/** A few plain words for a quoted message. */
export function previewOf(quoted: proto.IMessage | null | undefined): string {
  if (!quoted) return '';
  const { message } = unwrap(quoted);
  const media = message.imageMessage ?? message.videoMessage ?? message.documentMessage;
  return (
    some(message.conversation) ??
    some(message.extendedTextMessage?.text) ??
    some(media?.caption) ??
    some(message.documentMessage?.fileName) ??
    some(message.contactMessage?.displayName) ??
    some(
      poll(message)?.kind === 'poll' ? (message.pollCreationMessageV3 ?? message.pollCreationMessage)?.name : undefined,
    ) ??
    replyText(message) ??
    ''
  );
}
