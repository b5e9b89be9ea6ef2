// Builds the protobufs a phone sends: text with quotes and mentions, media, edits, deletions, reactions, poll votes.
import { createCipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { proto, type WAMessageKey } from '@whiskeysockets/baileys';
import type { MediaReference } from './media.ts';

/** How a message refers to others. JIDs are in the form the chat uses. */
export interface Context {
  readonly quote?: { readonly id: string; readonly author: string; readonly message: proto.IMessage };
  readonly mentions?: readonly string[];
  readonly forwarded?: boolean;
}

export type MediaKind = 'image' | 'video' | 'gif' | 'audio' | 'voice' | 'document' | 'sticker';

/** What a media message says beside the file itself; seconds, pixels. */
export interface MediaDetails {
  readonly mimetype?: string;
  readonly caption?: string;
  readonly fileName?: string;
  readonly seconds?: number;
  readonly width?: number;
  readonly height?: number;
  readonly viewOnce?: boolean;
  /** Announces a wrong `fileSha256`. */
  readonly claimsWrongHash?: boolean;
  /** The length that is announced, when it isn't that of the file. */
  readonly claimsBytes?: number;
  readonly context?: Context;
}

/** A text message; plain `conversation` unless it refers to something. */
export function text(body: string, context: Context = {}): proto.IMessage {
  const contextInfo = contextOf(context);
  return contextInfo ? { extendedTextMessage: { text: body, contextInfo } } : { conversation: body };
}

/** A media message around a stored file. */
export function media(kind: MediaKind, reference: MediaReference, details: MediaDetails): proto.IMessage {
  const contextInfo = contextOf(details.context ?? {});
  const common = {
    ...reference,
    ...(details.claimsWrongHash && { fileSha256: randomBytes(32) }),
    ...(details.claimsBytes !== undefined && { fileLength: details.claimsBytes }),
    mimetype: details.mimetype ?? DEFAULT_TYPES[kind],
    ...(contextInfo && { contextInfo }),
    ...(details.viewOnce && { viewOnce: true }),
  };
  const seconds = details.seconds ?? 1;
  const size = { width: details.width ?? 640, height: details.height ?? 480 };
  const caption = details.caption === undefined ? {} : { caption: details.caption };
  const video = { ...common, ...size, ...caption, seconds };
  const fileName = details.fileName ?? 'file';
  const document = { documentMessage: { ...common, ...caption, fileName, title: fileName } };
  const messages: Record<MediaKind, proto.IMessage> = {
    image: { imageMessage: { ...common, ...size, ...caption } },
    video: { videoMessage: video },
    gif: { videoMessage: { ...video, gifPlayback: true } },
    audio: { audioMessage: { ...common, seconds } },
    voice: { audioMessage: { ...common, seconds, ptt: true } },
    document: details.caption === undefined ? document : { documentWithCaptionMessage: { message: document } },
    sticker: { stickerMessage: { ...common, width: 512, height: 512 } },
  };
  const message = messages[kind];
  return details.viewOnce ? { viewOnceMessage: { message } } : message;
}

/** Replaces the text of an earlier message of one's own. */
export function edit(key: WAMessageKey, newText: string): proto.IMessage {
  return {
    protocolMessage: {
      key,
      type: proto.Message.ProtocolMessage.Type.MESSAGE_EDIT,
      editedMessage: { conversation: newText },
      timestampMs: Date.now(),
    },
  };
}

/** Deletes a message for everyone. */
export function revoke(key: WAMessageKey): proto.IMessage {
  return { protocolMessage: { key, type: proto.Message.ProtocolMessage.Type.REVOKE } };
}

/** Reacts to a message; an empty emoji takes the reaction back. */
export function reaction(key: WAMessageKey, emoji: string): proto.IMessage {
  return { reactionMessage: { key, text: emoji, senderTimestampMs: Date.now() } };
}

/** A poll; `secret` is what votes are encrypted with. */
export function poll(name: string, options: readonly string[], selectableCount = 1): proto.IMessage {
  const content = {
    name,
    options: options.map((optionName) => ({ optionName })),
    selectableOptionsCount: selectableCount,
  };
  const messageContextInfo = { messageSecret: randomBytes(32) };
  return selectableCount === 1
    ? { pollCreationMessageV3: content, messageContextInfo }
    : { pollCreationMessage: content, messageContextInfo };
}

/** A vote: the chosen options' hashes, encrypted under the poll's secret and both people's JIDs in the form the chat uses. */
export function vote(
  of: { readonly key: WAMessageKey; readonly secret: Uint8Array; readonly creator: string; readonly voter: string },
  options: readonly string[],
): proto.IMessage {
  const id = of.key.id ?? '';
  const selectedOptions = options.map((option) => createHash('sha256').update(option).digest());
  const plain = proto.Message.PollVoteMessage.encode({ selectedOptions }).finish();
  const extracted = createHmac('sha256', Buffer.alloc(32)).update(of.secret).digest();
  const use = Buffer.concat([Buffer.from(`${id}${of.creator}${of.voter}Poll Vote`), Buffer.from([1])]);
  const key = createHmac('sha256', extracted).update(use).digest();
  const encIv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, encIv);
  cipher.setAAD(Buffer.from(`${id}\0${of.voter}`));
  const encPayload = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return {
    pollUpdateMessage: { pollCreationMessageKey: of.key, vote: { encPayload, encIv }, senderTimestampMs: Date.now() },
  };
}

const DEFAULT_TYPES: Record<MediaKind, string> = {
  image: 'image/jpeg',
  video: 'video/mp4',
  gif: 'video/mp4',
  audio: 'audio/mp4',
  voice: 'audio/ogg; codecs=opus',
  document: 'application/octet-stream',
  sticker: 'image/webp',
};

function contextOf(context: Context): proto.IContextInfo | undefined {
  const { quote, mentions = [], forwarded = false } = context;
  if (!quote && mentions.length === 0 && !forwarded) return undefined;
  return {
    ...(quote && { stanzaId: quote.id, participant: quote.author, quotedMessage: quote.message }),
    ...(mentions.length > 0 && { mentionedJid: [...mentions] }),
    ...(forwarded && { isForwarded: true, forwardingScore: 1 }),
  };
}
