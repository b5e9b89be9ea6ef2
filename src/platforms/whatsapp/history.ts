// What the phone hands over when a number is linked: which chats there are and who is in them. Old messages are left alone.
import type { proto } from '@whiskeysockets/baileys';
import type { ChatRef, MessengerEvent, PersonRef } from '../../domain/events.ts';
import type { AccountId } from '../../domain/ids.ts';
import { bareJid, isBroadcastJid, isGroupJid, isLidJid, isPersonJid, isPhoneJid, type Jid } from './ids.ts';
import { chatOf, personOf, type Known } from './people.ts';

/** Fetches and unpacks what a notification announces. Rejects with a BridgeError. */
export type FetchHistory = (notice: proto.Message.IHistorySyncNotification) => Promise<proto.IHistorySync>;

/** The announcement of a piece of history in a message of our phone. */
export function historyIn(message: proto.IMessage): proto.Message.IHistorySyncNotification | undefined {
  const inner = message.deviceSentMessage?.message ?? message;
  return inner.protocolMessage?.historySyncNotification ?? undefined;
}

type ListedChat = ChatRef & { readonly lastMessageAt?: Date };

function pairsIn(history: proto.IHistorySync): Map<Jid, Jid> {
  const pairs = new Map<Jid, Jid>();
  const add = (one: string | null | undefined, other: string | null | undefined): void => {
    const forms = [bareJid(one), bareJid(other)];
    const lid = forms.find(isLidJid);
    const phone = forms.find(isPhoneJid);
    if (lid !== undefined && phone !== undefined) pairs.set(lid, phone).set(phone, lid);
  };
  for (const { lidJid, pnJid } of history.phoneNumberToLidMappings ?? []) add(lidJid, pnJid);
  for (const { id, lidJid, pnJid } of history.conversations ?? []) add(id, lidJid ?? pnJid);
  return pairs;
}

/** One `chats` and one `people` event, as far as there is something to tell. */
export function historyEvents(account: AccountId, history: proto.IHistorySync): MessengerEvent[] {
  const known: Known = { account, me: { phone: '', lid: undefined }, otherForm: pairsIn(history), names: new Map() };
  const chats: ListedChat[] = [];
  for (const { conversationTimestamp, displayName, id, name } of history.conversations ?? []) {
    const jid = bareJid(id);
    if (jid === undefined || isBroadcastJid(jid) || !(isGroupJid(jid) || isPersonJid(jid))) continue;
    const shown = displayName ?? name ?? undefined;
    const chat = chatOf(known, jid, undefined, shown);
    const seconds = Number(conversationTimestamp ?? 0);
    chats.push({
      ...chat,
      ...(shown === undefined ? {} : { name: shown }),
      ...(seconds > 0 ? { lastMessageAt: new Date(seconds * 1000) } : {}),
    });
  }
  const people: PersonRef[] = [];
  for (const { id, pushname } of history.pushnames ?? []) {
    const jid = bareJid(id);
    if (jid !== undefined && isPersonJid(jid) && pushname) people.push(personOf(known, jid, undefined, pushname));
  }
  const events: MessengerEvent[] = [];
  if (chats.length > 0) events.push({ kind: 'chats', account, chats });
  if (people.length > 0) events.push({ kind: 'people', account, people });
  return events;
}
