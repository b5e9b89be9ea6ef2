// Performs one Delivery to a messenger: sends, amends, revokes, reacts, marks as read. Asks the policy again at that moment.
import type { Access } from '../access/access.ts';
import { BridgeError } from '../domain/errors.ts';
import type { ChatAddress } from '../domain/ids.ts';
import type { Messenger, Outgoing, OutgoingFile } from '../platforms/messenger.ts';
import type { Clock } from '../runtime/time.ts';
import type { Chat } from '../store/chat.ts';
import type { DeliveryTask } from '../store/lane.ts';
import { outgoingText, type Message } from '../store/message.ts';
import type { Store } from '../store/store.ts';
import { plain, plainText } from '../domain/text.ts';
import { keyOf } from './inbound.ts';
import { readLane, showLine, updateInMirrors } from './lanes.ts';
import { resolveMentions } from './mentions.ts';
import { gone } from './mirror.ts';
import type { Try } from './posting.ts';
import { openFile, type ViewParts } from './view.ts';

type TaskOf<K extends DeliveryTask['kind']> = Extract<DeliveryTask, { kind: K }>;
export type MessengerTask = TaskOf<'send'> | TaskOf<'amend' | 'revoke' | 'react'> | TaskOf<'read'>;

export interface ToMessengerParts extends ViewParts {
  readonly store: Store;
  readonly messenger: Messenger;
  readonly access: Access;
  readonly clock: Clock;
}

const READ_AT_ONCE = 100;

function refused(sentence: string): BridgeError {
  return new BridgeError('refused', 'the policy refuses it now', { sentence, retry: 'never', certain: true });
}

/** Carries Deliveries out to customers. */
export class ToMessenger {
  readonly #parts: ToMessengerParts;

  constructor(parts: ToMessengerParts) {
    this.#parts = parts;
  }

  /** Resolves when the messenger's server has it; rejects with a BridgeError. */
  async perform(task: MessengerTask, attempt: Try): Promise<void> {
    if (task.kind === 'read') return this.#read(task, attempt);
    const message = await this.#parts.store.read.messages.find(task.messageId);
    const chat = message === undefined ? undefined : await this.#parts.store.read.chats.find(message.chatId);
    const address = chat === undefined ? undefined : await this.#parts.store.read.chats.address(chat.id);
    if (message === undefined || chat === undefined || address === undefined) throw gone();
    switch (task.kind) {
      case 'send':
        return this.#send(message, chat, address, attempt);
      case 'amend':
      case 'revoke':
      case 'react':
        return this.#change(task, message, chat, address, attempt);
    }
  }

  async #send(message: Message, chat: Chat, address: ChatAddress, attempt: Try): Promise<void> {
    const { store, messenger, clock } = this.#parts;
    // A receipt may have told already that it arrived.
    if (message.state !== 'queued' && message.state !== 'uncertain') return;
    if (message.remoteId === null) throw gone();
    // Deleted before it left: the customer never sees it.
    if (message.deletedAt !== null && !attempt.mayBeDone) {
      return store.read.messages.update(message.id, { state: 'cancelled' });
    }
    const content = await this.#outgoing(message, chat);
    // Last of all, so that next to nothing lies between the answer and the sending.
    await this.#assertAllowed(message, clock.now());
    attempt.assertHeld();
    const { at } = await messenger.send(message.accountId, address, message.remoteId, content);
    await store.transaction(async (tx) => {
      const now = await tx.messages.lock(message.id);
      if (now === undefined) return;
      const isNews = now.state === 'queued' || now.state === 'uncertain';
      await tx.messages.update(message.id, {
        ackedAt: now.ackedAt ?? at,
        ...(isNews ? { state: 'sent', reason: null } : {}),
      });
      await tx.episodes.answered(message.chatId, now.ackedAt ?? at);
      await showLine(tx, message, clock.now());
      await tx.deliveries.enqueue(
        readLane(message),
        { kind: 'read', chatId: message.chatId },
        { chatId: message.chatId },
        clock.now(),
      );
    });
  }

  /** Who wrote it must still be allowed to, now that it leaves. What the program or the web's own rules sent has no agent. */
  async #assertAllowed(message: Message, now: Date): Promise<void> {
    if (message.agentId === null) return;
    const decision = await this.#parts.access.decide(this.#parts.store.read, message.agentId, message.chatId, now);
    if (!decision.allowed) throw refused(decision.sentence);
  }

  async #outgoing(message: Message, chat: Chat): Promise<Outgoing> {
    const { store, messenger } = this.#parts;
    const words = await this.#signed(message);
    const text =
      chat.kind === 'group' && plainText(words).includes('@')
        ? resolveMentions(words, await messenger.participants(message.accountId, await this.#addressOf(chat)))
        : words;
    const file = this.#file(message);
    const quoted =
      message.quotesRemotely && message.quotedId !== null
        ? await store.read.messages.find(message.quotedId)
        : undefined;
    const key = quoted === undefined ? undefined : await keyOf(store.read, quoted);
    return {
      text,
      ...(file === undefined ? {} : { file }),
      ...(quoted === undefined || key === undefined ? {} : { quote: { key, preview: quoted.text } }),
    };
  }

  async #addressOf(chat: Chat): Promise<ChatAddress> {
    const address = await this.#parts.store.read.chats.address(chat.id);
    if (address === undefined) throw gone();
    return address;
  }

  /** The words, with the agent's name under them where the Account signs. */
  async #signed(message: Message) {
    const { store } = this.#parts;
    const words = outgoingText(message.content);
    const account = await store.read.accounts.find(message.accountId);
    if (account?.signature !== true || message.agentId === null) return words;
    const agent = await store.read.agents.find(message.agentId);
    return agent === undefined ? words : [...words, ...plain(`— ${agent.name ?? agent.email}`)];
  }

  #file(message: Message): OutgoingFile | undefined {
    const open = openFile(this.#parts, message);
    const { content } = message;
    if (open === undefined || content.kind !== 'media') return undefined;
    return {
      media: content.media,
      name: content.file.name ?? 'file',
      mimeType: content.file.mimeType,
      sizeBytes: content.file.sizeBytes ?? 0,
      ...(content.file.durationSeconds === undefined ? {} : { durationSeconds: content.file.durationSeconds }),
      open,
    };
  }

  async #change(
    task: TaskOf<'amend' | 'revoke' | 'react'>,
    message: Message,
    chat: Chat,
    address: ChatAddress,
    attempt: Try,
  ): Promise<void> {
    const { messenger, store, clock } = this.#parts;
    const target = await keyOf(store.read, message);
    if (target === undefined) throw gone();
    const { accountId } = message;
    switch (task.kind) {
      case 'amend': {
        // What never reached the customer can't be amended there.
        if (message.ackedAt === null || message.deletedAt !== null) return;
        const content = await this.#outgoing(message, chat);
        await this.#assertAllowed(message, clock.now());
        attempt.assertHeld();
        return messenger.edit(accountId, address, target, task.remoteId, content);
      }
      case 'revoke':
        if (message.ackedAt === null) return;
        attempt.assertHeld();
        return messenger.revoke(accountId, address, target, task.remoteId);
      case 'react': {
        const ours = (await store.read.reactions.of(message.id)).find((reaction) => reaction.doer === 'us');
        if (ours !== undefined && ours.agentId !== null) {
          const decision = await this.#parts.access.decide(store.read, ours.agentId, message.chatId, clock.now());
          if (!decision.allowed) throw refused(decision.sentence);
        }
        attempt.assertHeld();
        return messenger.react(accountId, address, target, task.remoteId, ours?.emoji);
      }
    }
  }

  async #read(task: TaskOf<'read'>, attempt: Try): Promise<void> {
    const { store, messenger, clock } = this.#parts;
    const unread = await store.read.messages.unread(task.chatId, READ_AT_ONCE);
    const [first] = unread;
    const address = await store.read.chats.address(task.chatId);
    if (first === undefined || address === undefined) return;
    const keys = await Promise.all(unread.map((message) => keyOf(store.read, message)));
    attempt.assertHeld();
    await messenger.markRead(
      first.accountId,
      address,
      keys.filter((key) => key !== undefined),
    );
    await store.read.messages.markRead(
      unread.map((message) => message.id),
      clock.now(),
    );
  }

  /** A send that ended for good, or without an answer: the line under the reply says so. */
  async ended(task: MessengerTask, outcome: { state: 'failed' | 'uncertain'; sentence: string }): Promise<void> {
    if (task.kind === 'read') return;
    const { store, clock } = this.#parts;
    await store.transaction(async (tx) => {
      const message = await tx.messages.lock(task.messageId);
      if (message === undefined) return;
      if (task.kind === 'send') {
        if (message.ackedAt !== null) return;
        await tx.messages.update(message.id, { state: outcome.state, reason: outcome.sentence });
        await showLine(tx, message, clock.now());
      } else {
        await updateInMirrors(tx, message, clock.now());
      }
    });
  }
}
