// Records what messengers tell: MessengerEvent → Chat, Mirrors, Message and Deliveries, in one transaction.
import { isDeepStrictEqual } from 'node:util';
import type { Content } from '../domain/content.ts';
import type { ChatRef, Doer, MessageKey, MessengerEvent, PersonRef } from '../domain/events.ts';
import { as, type AccountId, type ChatId, type ContactId, type MessageId, type RemoteId } from '../domain/ids.ts';
import type { Log } from '../runtime/log.ts';
import type { Clock } from '../runtime/time.ts';
import type { Chat } from '../store/chat.ts';
import { newId } from '../store/db.ts';
import type { Message, MessageState } from '../store/message.ts';
import type { Store, Tx } from '../store/store.ts';
import type { Tickets } from '../tickets/tickets.ts';
import { contentWords } from './compose.ts';
import { showCards, showInMirrors, showLine, updateInMirrors } from './lanes.ts';

type EventOf<K extends MessengerEvent['kind']> = Extract<MessengerEvent, { kind: K }>;
type ChatEvent = Extract<MessengerEvent, { chat: ChatRef }>;

export interface InboundParts {
  readonly store: Store;
  readonly tickets: Pick<Tickets, 'customerSaid'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** How far each state is, so that a late telling never takes a reply back. */
const progress: Readonly<Record<MessageState, number>> = {
  held: 0,
  queued: 0,
  failed: 1,
  cancelled: 1,
  uncertain: 1,
  sent: 2,
  delivered: 3,
  read: 4,
};

/** Records events of messengers. Telling one again changes nothing. */
export class Inbound {
  readonly #parts: InboundParts;

  constructor(parts: InboundParts) {
    this.#parts = parts;
  }

  /** Resolves once the event is recorded; rejects when it couldn't be, and then nothing of it was. */
  async record(event: Exclude<MessengerEvent, { kind: 'connection' }>): Promise<void> {
    const { store } = this.#parts;
    await store.transaction(async (tx) => {
      switch (event.kind) {
        case 'chats':
          for (const { lastMessageAt, ...chat } of event.chats) {
            const found = await this.#chatOf(tx, event.account, chat);
            if (found !== undefined && lastMessageAt !== undefined) await tx.chats.touch(found.id, lastMessageAt);
          }
          return;
        case 'people':
          for (const person of event.people) await this.#contactOf(tx, person);
          return;
        case 'receipt':
          return this.#receipt(tx, event);
        default: {
          const chat = await this.#chatOf(tx, event.account, event.chat);
          if (chat !== undefined) await this.#inChat(tx, chat, event);
        }
      }
    });
  }

  async #inChat(tx: Tx, chat: Chat, event: Exclude<ChatEvent, { kind: 'receipt' }>): Promise<void> {
    switch (event.kind) {
      case 'message':
        return this.#message(tx, chat, event);
      case 'changed':
        return this.#changed(tx, chat, event);
      case 'edited':
      case 'deleted':
      case 'reacted':
      case 'voted': {
        const author = await this.#authorOf(tx, event.target.author);
        const message =
          (await tx.messages.byRemote(chat.id, event.target.id, author.key)) ??
          (await tx.messages.byRemoteId(chat.id, event.target.id));
        if (message === undefined) return tx.messages.wait(chat.id, event.target.id, event);
        return this.#onMessage(tx, message, event);
      }
    }
  }

  async #contactOf(tx: Tx, person: PersonRef): Promise<ContactId> {
    const { contact, merged } = await tx.contacts.resolve(person, this.#parts.clock.now());
    if (merged !== undefined) {
      await tx.messages.moveContact(merged, contact.id);
      await tx.chats.moveContact(merged, contact.id);
      await tx.contacts.drop(merged);
    }
    return contact.id;
  }

  async #authorOf(tx: Tx, doer: Doer): Promise<{ key: string; contactId: ContactId | null }> {
    if (doer.kind === 'us') return { key: 'us', contactId: null };
    const contactId = await this.#contactOf(tx, doer.person);
    return { key: contactId, contactId };
  }

  /** In a Chat with one person that person was looked up with it. */
  async #sayerOf(tx: Tx, chat: Chat, event: EventOf<'message'>): Promise<{ key: string; contactId: ContactId | null }> {
    const { author } = event.key;
    if (author.kind === 'person' && chat.contactId !== null && isDeepStrictEqual(author.person, event.chat.person)) {
      return { key: chat.contactId, contactId: chat.contactId };
    }
    return this.#authorOf(tx, author);
  }

  /** The Chat that is meant. Undefined for what isn't mirrored unless switched on: statuses, newsletters, broadcast lists. */
  async #chatOf(tx: Tx, account: AccountId, ref: ChatRef): Promise<Chat | undefined> {
    const { kind } = ref;
    if (kind === 'broadcast') return undefined;
    const contactId = ref.person === undefined ? null : await this.#contactOf(tx, ref.person);
    const { chat, merged } = await tx.chats.resolve(account, { ...ref, kind }, contactId, this.#parts.clock.now());
    if (merged !== undefined) await this.#mergeChats(tx, merged, chat.id);
    return chat;
  }

  /** Two Chats turned out to be one conversation: the older one and its channels stay, the other's messages move over. */
  async #mergeChats(tx: Tx, from: ChatId, to: ChatId): Promise<void> {
    await tx.messages.moveChat(from, to);
    await tx.tickets.moveChat(from, to);
    await tx.episodes.moveChat(from, to);
    await tx.mirrors.moveChat(from, to);
    await tx.grants.lockChanges();
    await tx.grants.moveChat(from, to);
    await tx.labels.moveChat(from, to);
    await tx.mirrors.markStale({ chatId: to }, this.#parts.clock.now(), true);
    await tx.chats.drop(from);
    for (const ticket of await tx.tickets.unresolvedOf(to)) await showCards(tx, ticket, this.#parts.clock.now());
    this.#parts.log.info({ chatId: to, mergedChatId: from }, 'two chats were the same conversation and are one now');
  }

  async #message(tx: Tx, chat: Chat, event: EventOf<'message'>): Promise<void> {
    const author = await this.#sayerOf(tx, chat, event);
    const quoted = event.quoted === undefined ? undefined : await tx.messages.byRemoteId(chat.id, event.quoted.key.id);
    const isOurs = event.key.author.kind === 'us';
    const filtered = await this.#filterReason(tx, chat);
    const content = withoutViewOnce(event.content);
    const message = await tx.messages.insert({
      id: newId<MessageId>(this.#parts.clock.now().getTime()),
      accountId: event.account,
      chatId: chat.id,
      direction: isOurs ? 'out' : 'in',
      source: isOurs ? 'phone' : 'contact',
      content,
      text: contentWords(content),
      remoteId: event.key.id,
      author: author.key,
      contactId: author.contactId,
      forwarded: event.forwarded,
      quotedId: quoted?.id ?? null,
      quotedPreview: event.quoted?.preview ?? null,
      quotesRemotely: event.quoted !== undefined,
      state: isOurs ? 'sent' : null,
      filtered,
      sentAt: event.at,
      receivedAt: this.#parts.clock.now(),
      ackedAt: isOurs ? event.at : null,
    });
    if (message === undefined) {
      const existing = await tx.messages.byRemote(chat.id, event.key.id, author.key);
      return existing && this.#again(tx, existing, event);
    }
    await tx.chats.touch(chat.id, event.at);
    if (isOurs) await tx.episodes.answered(chat.id, event.at);
    else await tx.episodes.asked(chat.id, event.at);
    if (filtered === null) await showInMirrors(tx, message, this.#parts.clock.now());
    await this.#parts.tickets.customerSaid(tx, message);
    for (const waited of await tx.messages.waited(chat.id, event.key.id)) {
      if (
        waited.kind === 'edited' ||
        waited.kind === 'deleted' ||
        waited.kind === 'reacted' ||
        waited.kind === 'voted'
      ) {
        await this.#onMessage(tx, (await tx.messages.find(message.id)) ?? message, waited);
      }
    }
  }

  /** Why a Chat's messages are kept but not mirrored; null when they are. */
  async #filterReason(tx: Tx, chat: Chat): Promise<string | null> {
    if (chat.mode === 'never') return 'the chat is set to “never mirror”';
    if (chat.kind === 'group' && (await tx.chats.earlierElsewhere(chat)) !== undefined) {
      return 'the group is mirrored for another number';
    }
    return null;
  }

  /** A message told once more: the text of one we couldn't read, the echo of one we sent, or nothing new. */
  async #again(tx: Tx, existing: Message, event: EventOf<'message'>): Promise<void> {
    if (existing.kind === 'missing' && event.content.kind !== 'missing') {
      const content = withoutViewOnce(event.content);
      await tx.messages.update(existing.id, { content, kind: content.kind, text: contentWords(content) });
      await updateInMirrors(tx, existing, this.#parts.clock.now());
    } else if (existing.direction === 'out' && existing.ackedAt === null) {
      await this.#advance(tx, existing, 'sent', event.at);
    }
  }

  async #changed(tx: Tx, chat: Chat, event: EventOf<'changed'>): Promise<void> {
    if (event.change.what === 'renamed') await tx.chats.rename(chat.id, event.change.name);
    const author = event.by === undefined ? null : await this.#contactOf(tx, event.by);
    const content: Content = { kind: 'change', change: event.change };
    const message = await tx.messages.insert({
      id: newId<MessageId>(this.#parts.clock.now().getTime()),
      accountId: event.account,
      chatId: chat.id,
      direction: 'in',
      source: 'automation',
      content,
      text: contentWords(content),
      remoteId: event.id,
      author: author ?? 'group',
      contactId: author,
      filtered: await this.#filterReason(tx, chat),
      sentAt: event.at,
      receivedAt: this.#parts.clock.now(),
    });
    // A change alone opens no channel: it's shown where there is one already.
    if (message !== undefined && message.filtered === null) {
      const mirrors = await tx.mirrors.ofChat(chat.id);
      if (mirrors.length === 0) await tx.messages.setFiltered(message.id, 'a change in a group without a channel yet');
      else await showInMirrors(tx, message, this.#parts.clock.now());
    }
  }

  async #onMessage(
    tx: Tx,
    message: Message,
    event: EventOf<'edited'> | EventOf<'deleted'> | EventOf<'reacted'> | EventOf<'voted'>,
  ): Promise<void> {
    const now = this.#parts.clock.now();
    switch (event.kind) {
      case 'edited': {
        if (message.deletedAt !== null || (message.editedAt !== null && message.editedAt >= event.at)) return;
        const content = withFile(message.content, event.content);
        await tx.messages.update(message.id, {
          content,
          text: contentWords(content),
          editedAt: event.at,
          earlier: [...(message.earlier ?? []), { content: message.content, until: event.at.toISOString() }],
        });
        return updateInMirrors(tx, message, now);
      }
      case 'deleted':
        if (message.deletedAt !== null) return;
        await tx.messages.update(message.id, { deletedAt: event.at });
        return updateInMirrors(tx, message, now);
      case 'reacted': {
        const doer = await this.#authorOf(tx, event.by);
        await tx.reactions.set(message.id, doer.key, { emoji: event.emoji ?? null, agentId: null, at: event.at });
        return updateInMirrors(tx, message, now, 'reactions');
      }
      case 'voted': {
        const doer = await this.#authorOf(tx, event.by);
        await tx.reactions.vote(message.id, doer.key, event.options, event.at);
        return updateInMirrors(tx, message, now);
      }
    }
  }

  async #receipt(tx: Tx, event: EventOf<'receipt'>): Promise<void> {
    for (const message of await tx.messages.outgoing(event.account, event.ids)) {
      const locked = await tx.messages.lock(message.id);
      if (locked === undefined) continue;
      switch (event.status) {
        case 'acked':
          await this.#advance(tx, locked, 'sent', event.at);
          break;
        case 'delivered':
          await this.#advance(tx, locked, 'delivered', event.at);
          break;
        case 'read':
          await this.#advance(tx, locked, 'read', event.at);
          break;
        case 'refused':
          if (locked.ackedAt !== null) break;
          await tx.messages.update(locked.id, { state: 'failed', reason: event.reason ?? 'WhatsApp refused it' });
          await showLine(tx, locked, this.#parts.clock.now());
          break;
      }
    }
  }

  /** Takes a reply forward, never back; whoever acknowledges later proves what came before. */
  async #advance(tx: Tx, message: Message, state: 'sent' | 'delivered' | 'read', at: Date): Promise<void> {
    const isNews = message.state === null || progress[state] > progress[message.state];
    await tx.messages.update(message.id, {
      ...(isNews ? { state, reason: null } : {}),
      ackedAt: message.ackedAt ?? at,
      ...(state === 'delivered' || state === 'read' ? { deliveredAt: message.deliveredAt ?? at } : {}),
      ...(state === 'read' ? { readAt: message.readAt ?? at } : {}),
    });
    if (message.ackedAt === null) await tx.episodes.answered(message.chatId, at);
    if (isNews) await showLine(tx, message, this.#parts.clock.now());
  }
}

/** What may be seen once stays on the phone: we keep neither its file nor its words. */
function withoutViewOnce(content: Content): Content {
  return content.kind === 'media' && content.viewOnce ? { kind: 'viewOnce' } : content;
}

/** An edit of a caption brings no file: the file stays. */
function withFile(before: Content, after: Content): Content {
  if (before.kind === 'media' && after.kind === 'text') return { ...before, caption: after.text };
  if (before.kind === 'media' && after.kind === 'media') return { ...before, caption: after.caption };
  return after;
}

/** What the messenger knows a stored Message by. */
export async function keyOf(tx: Tx, message: Message): Promise<MessageKey | undefined> {
  if (message.remoteId === null) return undefined;
  const id: RemoteId = message.remoteId;
  if (message.contactId === null) return { id, author: { kind: 'us' } };
  const [address, alias] = await tx.contacts.addresses(message.contactId);
  if (address === undefined) return undefined;
  return {
    id,
    author: { kind: 'person', person: { address: as(address), ...(alias === undefined ? {} : { alias }) } },
  };
}
