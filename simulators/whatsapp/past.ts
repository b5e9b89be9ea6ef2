// What a phone sends to a companion right after linking: the key for app state, and the chats it had before.
import { randomBytes } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { proto } from '@whiskeysockets/baileys';
import type { Account } from './directory.ts';
import type { Group } from './groups.ts';

/** A text from before the linking; `from` is a phone, absent for the phone itself. `at` is in milliseconds. */
export interface OldMessage {
  readonly text: string;
  readonly from?: { readonly account: Account };
  readonly at: number;
  readonly id?: string;
}

interface PastMessage {
  readonly id: string;
  readonly from?: Account;
  readonly message: proto.IMessage;
  readonly at: number;
}

/** A chat from before the linking. */
export interface PastChat {
  readonly with: Account | Group;
  readonly unreadCount: number;
  readonly messages: readonly PastMessage[];
}

/** Puts texts of old into the chat they were said in. */
export function pastChat(other: Account | Group, messages: readonly OldMessage[], unreadCount: number): PastChat {
  return {
    with: other,
    unreadCount,
    messages: messages.map((old) => ({
      id: old.id ?? `3A${randomBytes(9).toString('hex').toUpperCase()}`,
      ...(old.from && { from: old.from.account }),
      message: { conversation: old.text },
      at: old.at,
    })),
  };
}

/** The message that shares one fresh app state key. */
export function appStateKeyShare(): proto.IMessage {
  const keyData = {
    keyData: randomBytes(32),
    fingerprint: { rawId: randomBytes(4).readUInt32BE(0), currentIndex: 0, deviceIndexes: [0] },
    timestamp: Date.now(),
  };
  const keyId = Buffer.concat([Buffer.alloc(2), randomBytes(4)]);
  return {
    protocolMessage: {
      type: proto.Message.ProtocolMessage.Type.APP_STATE_SYNC_KEY_SHARE,
      appStateSyncKeyShare: { keys: [{ keyId: { keyId }, keyData }] },
    },
  };
}

/** The message that carries the old chats, inside itself. `everybody` are the accounts whose names and two ids it tells. */
export function initialHistory(chats: readonly PastChat[], everybody: readonly Account[]): proto.IMessage {
  const sync = proto.HistorySync.encode({
    syncType: proto.HistorySync.HistorySyncType.INITIAL_BOOTSTRAP,
    conversations: chats.map(conversation),
    pushnames: everybody.map((account) => ({ id: account.pn, pushname: account.name })),
    phoneNumberToLidMappings: everybody.map((account) => ({ pnJid: account.pn, lidJid: account.lid })),
    progress: 100,
    chunkOrder: 1,
  }).finish();
  return {
    protocolMessage: {
      type: proto.Message.ProtocolMessage.Type.HISTORY_SYNC_NOTIFICATION,
      historySyncNotification: {
        syncType: proto.Message.HistorySyncType.INITIAL_BOOTSTRAP,
        chunkOrder: 1,
        progress: 100,
        initialHistBootstrapInlinePayload: deflateSync(sync),
      },
    },
  };
}

function conversation(chat: PastChat): proto.IConversation {
  const other = chat.with;
  const isGroup = 'members' in other;
  const id = isGroup ? other.jid : other.jid(other.addressing);
  const newest = Math.max(0, ...chat.messages.map((message) => message.at));
  return {
    id,
    name: isGroup ? other.subject : other.name,
    ...(!isGroup && { lidJid: other.lid, pnJid: other.pn }),
    conversationTimestamp: Math.floor(newest / 1000),
    unreadCount: chat.unreadCount,
    // Newest first, as the app sends them.
    messages: chat.messages.toReversed().map((past, index) => ({
      msgOrderId: chat.messages.length - index,
      message: {
        key: {
          remoteJid: id,
          fromMe: past.from === undefined,
          id: past.id,
          ...(isGroup && past.from && { participant: past.from.jid(other.addressing) }),
        },
        message: past.message,
        messageTimestamp: Math.floor(past.at / 1000),
        ...(past.from && { pushName: past.from.name }),
        ...(isGroup && past.from && { participant: past.from.jid(other.addressing) }),
      },
    })),
  };
}
