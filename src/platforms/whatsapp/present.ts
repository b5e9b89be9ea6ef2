// What we send, as WhatsApp's own message: text, files, edits, deletions, reactions. Pure.
import type { proto } from '@whiskeysockets/baileys';
import type { Doer, MessageKey } from '../../domain/events.ts';
import type { Outgoing, OutgoingFile } from '../messenger.ts';
import { isGroupJid, isLidJid, jidOf, userPart, type Jid } from './ids.ts';
import { fromRichText } from './text.ts';

/** `proto.Message.ProtocolMessage.Type`, which a pure file can't read from the SDK. */
type ProtocolType = proto.Message.ProtocolMessage.Type;
const REVOKE = 0 as unknown as ProtocolType;
const MESSAGE_EDIT = 14 as unknown as ProtocolType;

/** Ours, in both forms. */
export interface OwnJids {
  readonly phone: Jid;
  readonly lid?: Jid | undefined;
}

/** What the media host keeps of a file, and the keys to it. */
export interface UploadedFile {
  readonly url: string;
  readonly directPath: string;
  readonly mediaKey: Uint8Array;
  readonly fileEncSha256: Uint8Array;
  readonly fileSha256: Uint8Array;
  readonly fileLength: number;
}

/** A message and the attribute its stanza needs (Baileys `messages-send.js`: 1 edit, 7 delete own, 8 delete as admin). */
export interface Presented {
  readonly message: proto.IMessage;
  readonly edit?: '1' | '7' | '8';
}

/** Which of our own addresses a chat uses. */
function ownJid(chat: Jid, own: OwnJids): Jid {
  return isLidJid(chat) || isGroupJid(chat) ? (own.lid ?? own.phone) : own.phone;
}

function doerJid(doer: Doer, chat: Jid, own: OwnJids): Jid {
  return doer.kind === 'us' ? ownJid(chat, own) : jidOf(doer.person.address);
}

/** A message's key as WhatsApp writes it, seen from us. */
export function messageKey(chat: Jid, key: MessageKey): proto.IMessageKey {
  const { author } = key;
  const fromMe = author.kind === 'us';
  const participant = isGroupJid(chat) && author.kind === 'person' ? { participant: jidOf(author.person.address) } : {};
  return { remoteJid: chat, fromMe, id: key.id, ...participant };
}

function contextInfo(
  chat: Jid,
  content: Outgoing,
  mentions: readonly string[],
  own: OwnJids,
): proto.IContextInfo | undefined {
  const { quote } = content;
  if (quote === undefined && mentions.length === 0) return undefined;
  const quoted =
    quote === undefined
      ? {}
      : {
          stanzaId: quote.key.id,
          participant: doerJid(quote.key.author, chat, own),
          quotedMessage: { conversation: quote.preview },
        };
  return { ...quoted, ...(mentions.length > 0 ? { mentionedJid: [...mentions] } : {}) };
}

function fileMessage(
  file: OutgoingFile,
  uploaded: UploadedFile,
  text: string,
  context: { contextInfo?: proto.IContextInfo },
): proto.IMessage {
  const common = { ...uploaded, mimetype: file.mimeType, ...context };
  const caption = text === '' ? {} : { caption: text };
  const seconds = file.durationSeconds === undefined ? {} : { seconds: Math.round(file.durationSeconds) };
  switch (file.media) {
    case 'image':
      return { imageMessage: { ...common, ...caption } };
    case 'video':
      return { videoMessage: { ...common, ...caption, ...seconds } };
    case 'gif':
      return { videoMessage: { ...common, ...caption, ...seconds, gifPlayback: true } };
    case 'audio':
      return { audioMessage: { ...common, ...seconds, ptt: false } };
    case 'voice':
      return { audioMessage: { ...common, ...seconds, ptt: true } };
    case 'sticker':
      return { stickerMessage: common };
    case 'document': {
      const document = { documentMessage: { ...common, ...caption, fileName: file.name, title: file.name } };
      return text === '' ? document : { documentWithCaptionMessage: { message: document } };
    }
  }
}

/** WhatsApp's audio, voice and sticker messages have no room for a text: with one, such a file goes as a document. */
export function withRoomForText(content: Outgoing): Outgoing {
  const { file, text } = content;
  const isCaptionless = file?.media === 'audio' || file?.media === 'voice' || file?.media === 'sticker';
  return isCaptionless && text.length > 0 ? { ...content, file: { ...file, media: 'document' } } : content;
}

/** A new message. `secret` is 32 random bytes; `uploaded` belongs to `content.file`. */
export function presentMessage(
  chat: Jid,
  content: Outgoing,
  own: OwnJids,
  secret: Uint8Array,
  uploaded?: UploadedFile,
): Presented {
  const { text, mentions } = fromRichText(content.text, (person) => userPart(jidOf(person)));
  const info = contextInfo(chat, content, mentions.map(jidOf), own);
  const context = info === undefined ? {} : { contextInfo: info };
  const body: proto.IMessage =
    content.file !== undefined && uploaded !== undefined
      ? fileMessage(content.file, uploaded, text, context)
      : info === undefined
        ? { conversation: text }
        : { extendedTextMessage: { text, ...context } };
  return { message: { ...body, messageContextInfo: { messageSecret: secret } } };
}

/** Replaces what `target`, a message of ours, says. `atMs` is now. */
export function presentEdit(chat: Jid, target: MessageKey, content: Outgoing, own: OwnJids, atMs: number): Presented {
  const { text, mentions } = fromRichText(content.text, (person) => userPart(jidOf(person)));
  const info = contextInfo(chat, content, mentions.map(jidOf), own);
  const editedMessage =
    info === undefined ? { conversation: text } : { extendedTextMessage: { text, contextInfo: info } };
  const key = messageKey(chat, target);
  return { message: { protocolMessage: { key, type: MESSAGE_EDIT, editedMessage, timestampMs: atMs } }, edit: '1' };
}

/** Deletes a message for everyone: ours, or as a group's admin somebody else's. */
export function presentRevoke(chat: Jid, target: MessageKey): Presented {
  const key = messageKey(chat, target);
  const asAdmin = isGroupJid(chat) && target.author.kind === 'person';
  return { message: { protocolMessage: { key, type: REVOKE } }, edit: asAdmin ? '8' : '7' };
}

/** The empty string takes a reaction back. */
export function presentReaction(chat: Jid, target: MessageKey, emoji: string | undefined, atMs: number): Presented {
  const key = messageKey(chat, target);
  return { message: { reactionMessage: { key, text: emoji ?? '', senderTimestampMs: atMs } } };
}
