// Their messages → our events: one readable part of a stored stanza becomes what it tells. Pure.
import type { proto } from '@whiskeysockets/baileys';
import type { ChatRef, Doer, MessageKey, MessengerEvent, Quoted } from '../../domain/events.ts';
import { contentOf, contextOf, previewOf, unwrap, type ContentContext } from './content.ts';
import { bareJid, isBroadcastJid, isGroupJid, isPersonJid, remoteId, type Jid } from './ids.ts';
import { allForms, chatOf, doerOf, isUs, keyOf, mentionsOf, personOf, type Known } from './people.ts';
import { toRichText } from './text.ts';

export type Attrs = Readonly<Record<string, string>>;

/** Where a message stands and who wrote it. */
export interface Envelope {
  readonly id: string;
  readonly chatJid: Jid;
  readonly chatAlt: string | undefined;
  readonly authorJid: Jid;
  readonly authorAlt: string | undefined;
  readonly fromMe: boolean;
  readonly pushName: string | undefined;
  readonly at: Date;
  /** Between our own devices; nothing to show. */
  readonly isPeer: boolean;
}

/** What must be opened with a secret kept from the message it refers to. */
export type Sealed =
  | { readonly kind: 'vote'; readonly target: proto.IMessageKey; readonly vote: proto.Message.IPollEncValue }
  | { readonly kind: 'edit'; readonly target: proto.IMessageKey; readonly edit: proto.Message.ISecretEncryptedMessage };

/** What was inside a Sealed. */
export type Opened =
  | { readonly kind: 'vote'; readonly options: readonly string[] }
  | { readonly kind: 'edit'; readonly message: proto.IMessage };

/** `proto.Message.ProtocolMessage.Type` as far as it tells something. */
const REVOKE = 0;
const EPHEMERAL_SETTING = 3;
const EPHEMERAL_SYNC_RESPONSE = 4;
const MESSAGE_EDIT = 14;

export function timeOf(t: string | undefined, receivedAt: number): Date {
  const seconds = Number(t);
  return new Date(Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : receivedAt);
}

/** Reads a message's stanza; undefined when it names neither chat nor author. */
export function envelopeOf(known: Known, attrs: Attrs, receivedAt: number): Envelope | undefined {
  const from = bareJid(attrs['from']);
  const { id } = attrs;
  if (from === undefined || id === undefined) return undefined;
  const common = {
    id,
    pushName: attrs['notify'],
    at: timeOf(attrs['t'], receivedAt),
    isPeer: attrs['category'] === 'peer',
  };
  const lidOrPhone = (name: string): string | undefined => attrs[`${name}_lid`] ?? attrs[`${name}_pn`];
  if (isGroupJid(from) || isBroadcastJid(from)) {
    const author = bareJid(attrs['participant']) ?? from;
    const authorAlt = lidOrPhone('participant');
    return { ...common, chatJid: from, chatAlt: undefined, authorJid: author, authorAlt, fromMe: isUs(known, author) };
  }
  if (!isUs(known, from)) {
    const alt = lidOrPhone('sender');
    return { ...common, chatJid: from, chatAlt: alt, authorJid: from, authorAlt: alt, fromMe: false };
  }
  const recipient = bareJid(attrs['recipient']);
  const chatAlt = recipient === undefined ? undefined : (lidOrPhone('peer_recipient') ?? lidOrPhone('recipient'));
  return { ...common, chatJid: recipient ?? from, chatAlt, authorJid: from, authorAlt: undefined, fromMe: true };
}

function authorOf(known: Known, envelope: Envelope): Doer {
  const { authorAlt, authorJid, fromMe, pushName } = envelope;
  return fromMe ? { kind: 'us' } : doerOf(known, authorJid, authorAlt, pushName);
}

export function chatRefOf(known: Known, envelope: Envelope): ChatRef {
  const { chatAlt, chatJid, fromMe, pushName } = envelope;
  return chatOf(known, chatJid, chatAlt, fromMe ? undefined : pushName);
}

/** The author of a message that another one refers to; the key is as the referring side sees it. */
function targetKey(known: Known, envelope: Envelope, key: proto.IMessageKey): MessageKey {
  const id = key.id ?? '';
  if (key.fromMe) return keyOf(id, authorOf(known, envelope));
  const participant = bareJid(key.participant);
  if (participant !== undefined) return keyOf(id, doerOf(known, participant));
  if (envelope.fromMe) return keyOf(id, doerOf(known, envelope.chatJid, envelope.chatAlt));
  return keyOf(id, isGroupJid(envelope.chatJid) ? authorOf(known, envelope) : { kind: 'us' });
}

function contentContext(known: Known, envelope: Envelope): ContentContext {
  const participant = isPersonJid(envelope.chatJid) ? {} : { participant: envelope.authorJid };
  return {
    key: { chat: envelope.chatJid, id: envelope.id, fromMe: envelope.fromMe, ...participant },
    text: (text, mentioned) => toRichText(text, mentionsOf(known, mentioned)),
  };
}

function quotedOf(known: Known, context: proto.IContextInfo | undefined): Quoted | undefined {
  const id = context?.stanzaId;
  const author = bareJid(context?.participant);
  if (!id || author === undefined) return undefined;
  return { key: keyOf(id, doerOf(known, author)), preview: previewOf(context?.quotedMessage) };
}

interface Common {
  readonly account: Known['account'];
  readonly chat: ChatRef;
  readonly at: Date;
}

const commonOf = (known: Known, envelope: Envelope): Common => ({
  account: known.account,
  chat: chatRefOf(known, envelope),
  at: envelope.at,
});

/** The same telling for a message whose plaintext we don't have. */
export function missingEvents(known: Known, envelope: Envelope, isViewOnce: boolean): MessengerEvent[] {
  if (envelope.isPeer) return [];
  const key = keyOf(envelope.id, authorOf(known, envelope));
  const content = { kind: isViewOnce ? 'viewOnce' : 'missing' } as const;
  return [{ kind: 'message', ...commonOf(known, envelope), key, content, forwarded: false }];
}

/** A message that couldn't be told as it is. */
export function unsupportedEvent(known: Known, envelope: Envelope, name: string): MessengerEvent {
  const key = keyOf(envelope.id, authorOf(known, envelope));
  return {
    kind: 'message',
    ...commonOf(known, envelope),
    key,
    content: { kind: 'unsupported', name },
    forwarded: false,
  };
}

/** The message's own envelope: what our phone sent names its destination inside. */
export function innermost(
  envelope: Envelope,
  message: proto.IMessage,
): { readonly envelope: Envelope; readonly message: proto.IMessage } {
  const sent = message.deviceSentMessage;
  if (!sent?.message || !envelope.fromMe) return { envelope, message };
  const destination = bareJid(sent.destinationJid);
  const isOther = destination !== undefined && destination !== envelope.chatJid && !isGroupJid(envelope.chatJid);
  const isKnownAlias = destination !== undefined && destination === bareJid(envelope.chatAlt);
  const moved = isOther && !isKnownAlias ? { ...envelope, chatJid: destination, chatAlt: undefined } : envelope;
  return { envelope: moved, message: sent.message };
}

/** What a message refers to but can't say without a secret. */
export function sealedIn(message: proto.IMessage): Sealed | undefined {
  const inner = unwrap(message).message;
  const { pollUpdateMessage: update, secretEncryptedMessage: edit } = inner;
  if (update?.pollCreationMessageKey && update.vote) {
    return { kind: 'vote', target: update.pollCreationMessageKey, vote: update.vote };
  }
  if (edit?.targetMessageKey) return { kind: 'edit', target: edit.targetMessageKey, edit };
  return undefined;
}

/** The JIDs by which the author of a sealed message's target may be known, and those of its sender. */
export function partiesOf(known: Known, envelope: Envelope, sealed: Sealed): { authors: Jid[]; senders: Jid[] } {
  const { author } = targetKey(known, envelope, sealed.target);
  const ours = [known.me.lid, known.me.phone].filter((jid) => jid !== undefined);
  const authors = author.kind === 'us' ? ours : [author.person.address, author.person.alias ?? author.person.address];
  const senders = envelope.fromMe ? ours : allForms(known, envelope.authorJid, envelope.authorAlt);
  return { authors, senders };
}

function protocolEvents(known: Known, envelope: Envelope, protocol: proto.Message.IProtocolMessage): MessengerEvent[] {
  const common = commonOf(known, envelope);
  const type: number = protocol.type ?? REVOKE;
  switch (type) {
    case REVOKE: {
      if (!protocol.key?.id) return [];
      const target = targetKey(known, envelope, protocol.key);
      return [{ kind: 'deleted', ...common, target, by: authorOf(known, envelope) }];
    }
    case MESSAGE_EDIT: {
      const content =
        protocol.editedMessage && contentOf(unwrap(protocol.editedMessage), contentContext(known, envelope));
      if (!protocol.key?.id || !content) return [];
      return [{ kind: 'edited', ...common, target: keyOf(protocol.key.id, authorOf(known, envelope)), content }];
    }
    case EPHEMERAL_SETTING:
    case EPHEMERAL_SYNC_RESPONSE: {
      const by = envelope.fromMe
        ? {}
        : { by: personOf(known, envelope.authorJid, envelope.authorAlt, envelope.pushName) };
      const change = { what: 'other', name: 'disappearing messages' } as const;
      return [{ kind: 'changed', ...common, id: remoteId(envelope.id), change, ...by }];
    }
    default:
      return [];
  }
}

/** What one message tells. `opened` is what `sealedIn` named, once opened. */
export function receive(
  known: Known,
  outerEnvelope: Envelope,
  outer: proto.IMessage,
  opened?: Opened,
): MessengerEvent[] {
  const { envelope, message: sent } = innermost(outerEnvelope, outer);
  const unwrapped = unwrap(sent);
  const { message } = unwrapped;
  const common = commonOf(known, envelope);
  if (message.protocolMessage) return protocolEvents(known, envelope, message.protocolMessage);
  if (envelope.isPeer) return [];
  const by = authorOf(known, envelope);
  const reaction = message.reactionMessage;
  if (reaction) {
    if (!reaction.key?.id) return [];
    const target = targetKey(known, envelope, reaction.key);
    return [{ kind: 'reacted', ...common, target, by, ...(reaction.text ? { emoji: reaction.text } : {}) }];
  }
  const sealed = sealedIn(sent);
  if (sealed !== undefined) return openedEvents(known, envelope, sealed, opened);
  const content = contentOf(unwrapped, contentContext(known, envelope));
  if (content === undefined) return [];
  const info = contextOf(message);
  const quoted = quotedOf(known, info);
  const event: MessengerEvent = {
    kind: 'message',
    ...common,
    key: keyOf(envelope.id, by),
    content,
    forwarded: info?.isForwarded === true,
    ...(quoted === undefined ? {} : { quoted }),
  };
  return [event];
}

function openedEvents(known: Known, envelope: Envelope, sealed: Sealed, opened: Opened | undefined): MessengerEvent[] {
  const common = commonOf(known, envelope);
  const target = targetKey(known, envelope, sealed.target);
  if (opened?.kind === 'vote') {
    return [{ kind: 'voted', ...common, target, by: authorOf(known, envelope), options: opened.options }];
  }
  if (opened?.kind !== 'edit') return [];
  const inner = opened.message.protocolMessage?.editedMessage ?? opened.message;
  const content = contentOf(unwrap(inner), contentContext(known, envelope));
  return content === undefined ? [] : [{ kind: 'edited', ...common, target, content }];
}
