// Replies: recorded with their Deliveries in one transaction, whether written in a channel or on the web; resumed by a person's word.
import type { Access } from '../access/access.ts';
import type { Content } from '../domain/content.ts';
import type { ChatRef, PlatformFile } from '../domain/events.ts';
import type { AccountId, AgentId, ChatId, MessageId, PostId, WorkspaceId } from '../domain/ids.ts';
import type { RichText } from '../domain/text.ts';
import type { Messenger } from '../platforms/messenger.ts';
import type { Clock } from '../runtime/time.ts';
import type { Agent } from '../store/agent.ts';
import type { By } from '../store/audit.ts';
import type { Chat } from '../store/chat.ts';
import { newId } from '../store/db.ts';
import type { Message } from '../store/message.ts';
import type { Mirror } from '../store/mirror.ts';
import type { Store, Tx } from '../store/store.ts';
import { contentWords } from './compose.ts';
import { chatLane, showInMirrors, showLine, takeBack } from './lanes.ts';

export interface RepliesParts {
  readonly store: Store;
  readonly access: Access;
  readonly messenger: Messenger;
  readonly clock: Clock;
}

export interface Reply {
  readonly agent: Agent | undefined;
  readonly by: By;
  readonly chat: Chat;
  readonly content: Content;
  readonly source: 'platform' | 'web';
  readonly at: Date;
  readonly root: Message | undefined;
  /** The post that it is, where it was written in a channel. */
  readonly origin?: {
    readonly mirror: Mirror;
    readonly postId: PostId;
    readonly threadId: PostId;
    readonly part: number;
  };
  /** Where a command wrote it: no post is it yet. */
  readonly workspaceId?: WorkspaceId;
  readonly files?: readonly PlatformFile[];
  /** Words for the person, when it must wait for their word. */
  readonly heldBecause?: string;
}

export class Replies {
  readonly #parts: RepliesParts;

  constructor(parts: RepliesParts) {
    this.#parts = parts;
  }

  /** Records one reply with all that follows from it. The caller asked the policy. */
  async record(tx: Tx, reply: Reply): Promise<Message> {
    const { agent, chat, content, origin, root, heldBecause } = reply;
    const now = this.#parts.clock.now();
    const isHeld = heldBecause !== undefined;
    // Quoting what was said last in a direct chat would be noise.
    const newest = await tx.messages.newest(chat.id);
    const quotes = root !== undefined && root.remoteId !== null && !(chat.kind === 'direct' && newest?.id === root.id);
    const message = await tx.messages.insert({
      id: newId<MessageId>(now.getTime()),
      accountId: chat.accountId,
      chatId: chat.id,
      direction: 'out',
      source: reply.source,
      content,
      text: contentWords(content),
      remoteId: this.#parts.messenger.newMessageId(chat.accountId),
      author: 'us',
      agentId: agent?.id ?? null,
      quotedId: root?.id ?? null,
      quotesRemotely: quotes,
      originWorkspaceId: origin?.mirror.workspaceId ?? reply.workspaceId ?? null,
      originPostId: origin?.postId ?? null,
      originPart: origin?.part ?? 0,
      files: reply.files ?? null,
      state: isHeld ? 'held' : 'queued',
      reason: heldBecause ?? null,
      sentAt: reply.at,
      receivedAt: now,
    });
    if (message === undefined) throw new Error('a reply was recorded twice at once');
    if (origin !== undefined && origin.part === 0) {
      await tx.posts.insert({
        mirrorId: origin.mirror.id,
        messageId: message.id,
        role: 'origin',
        part: 0,
        remoteId: origin.postId,
        threadId: origin.threadId,
        generation: origin.mirror.generation,
        shown: null,
      });
    }
    await tx.messages.posted(message.id, reply.at);
    await tx.chats.touch(chat.id, reply.at);
    if (!isHeld) await this.#enqueueSend(tx, message, now);
    await showInMirrors(tx, message, now);
    await showLine(tx, message, now);
    await tx.audit.add({
      ...reply.by,
      action: isHeld ? 'reply.hold' : 'reply',
      chatId: chat.id,
      detail: { messageId: message.id },
      at: now,
    });
    return message;
  }

  async #enqueueSend(tx: Tx, message: Message, now: Date): Promise<void> {
    await tx.deliveries.enqueue(
      chatLane(message),
      { kind: 'send', messageId: message.id },
      { messageId: message.id, chatId: message.chatId },
      now,
    );
  }

  /**
   * A reply from the web or (with `workspaceId`) by a command there: the same rules, no post of its own. Without an agent it's the admin's token
   * that writes.
   */
  async fromDoor(
    reply: {
      readonly chatId: ChatId;
      readonly agentId: AgentId | null;
      readonly text: RichText;
      readonly workspaceId?: WorkspaceId;
    },
    by: By,
  ): Promise<{ readonly messageId: MessageId } | { readonly refused: string }> {
    const { store, access, clock } = this.#parts;
    const { workspaceId } = reply;
    return store.transaction(async (tx) => {
      const now = clock.now();
      const chat = await tx.chats.find(reply.chatId);
      if (chat === undefined) return { refused: 'There is no such chat.' };
      const decision = reply.agentId === null ? undefined : await access.decide(tx, reply.agentId, chat.id, now);
      if (decision?.allowed === false) return { refused: decision.sentence };
      if (chat.mode === 'off' || chat.mode === 'never') return { refused: 'This chat is read only.' };
      const message = await this.record(tx, {
        agent: decision?.agent,
        by,
        chat,
        content: { kind: 'text', text: reply.text },
        source: workspaceId === undefined ? 'web' : 'platform',
        at: now,
        root: undefined,
        ...(workspaceId === undefined ? {} : { workspaceId }),
      });
      return { messageId: message.id };
    });
  }

  /** A Note that was written elsewhere than in a channel: its channels show it, about the Message it's about. Nothing is sent. */
  async note(
    note: { readonly chatId: ChatId; readonly agentId: AgentId; readonly text: RichText; readonly aboutId?: MessageId },
    by: By,
  ): Promise<{ readonly messageId: MessageId } | { readonly refused: string }> {
    const { store, access, clock } = this.#parts;
    return store.transaction(async (tx) => {
      const now = clock.now();
      const chat = await tx.chats.find(note.chatId);
      if (chat === undefined) return { refused: 'There is no such chat.' };
      const decision = await access.decide(tx, note.agentId, chat.id, now);
      if (!decision.allowed) return { refused: decision.sentence };
      const about = note.aboutId === undefined ? undefined : await tx.messages.find(note.aboutId);
      const content: Content = { kind: 'text', text: note.text };
      const message = await tx.messages.insert({
        id: newId<MessageId>(now.getTime()),
        accountId: chat.accountId,
        chatId: chat.id,
        direction: 'out',
        source: 'platform',
        content,
        text: contentWords(content),
        remoteId: null,
        author: decision.agent.id,
        agentId: decision.agent.id,
        note: true,
        quotedId: about?.chatId === chat.id ? about.id : null,
        filtered: 'a note',
        sentAt: now,
        receivedAt: now,
      });
      if (message === undefined) throw new Error('a note was recorded twice at once');
      await showInMirrors(tx, message, now);
      const detail = { messageId: message.id };
      await tx.audit.add({ ...by, action: 'note', chatId: chat.id, detail, at: now });
      return { messageId: message.id };
    });
  }

  /**
   * The first message of a Chat that is recorded already. Its starter is granted it, but only while there's nothing in it that was kept from
   * them: knowing a customer's number opens nothing.
   */
  async begin(
    start: {
      readonly agentId: AgentId;
      readonly accountId: AccountId;
      readonly chat: ChatRef & { kind: 'direct' };
      readonly text: RichText;
      readonly workspaceId: WorkspaceId;
    },
    by: By,
  ): Promise<{ readonly chatId: ChatId; readonly messageId: MessageId } | { readonly refused: string }> {
    const { store, access, clock } = this.#parts;
    return store.transaction(async (tx) => {
      const now = clock.now();
      await tx.grants.lockChanges();
      const { chat } = await tx.chats.resolve(start.accountId, start.chat, null, now);
      let decision = await access.decide(tx, start.agentId, chat.id, now);
      const isEmpty = chat.lastMessageAt === null && (await tx.messages.newest(chat.id)) === undefined;
      if (!decision.allowed && decision.agent?.status === 'active' && isEmpty) {
        await this.#grantToStarter(tx, chat.id, decision.agent, by, now);
        decision = await access.decide(tx, start.agentId, chat.id, now);
      }
      if (!decision.allowed) {
        const { agent, sentence } = decision;
        return {
          refused: agent?.status === 'active' ? `There is a chat with this number already. ${sentence}` : sentence,
        };
      }
      if (chat.mode === 'off' || chat.mode === 'never') return { refused: 'This chat is read only.' };
      const message = await this.record(tx, {
        agent: decision.agent,
        by,
        chat,
        content: { kind: 'text', text: start.text },
        source: 'platform',
        at: now,
        root: undefined,
        workspaceId: start.workspaceId,
      });
      return { chatId: chat.id, messageId: message.id };
    });
  }

  async #grantToStarter(tx: Tx, chatId: ChatId, { id: agentId, email }: Agent, by: By, now: Date): Promise<void> {
    await tx.grants.grantChats([agentId], [chatId], { by: email, at: now, until: null });
    await tx.mirrors.markStale({ chatId }, now);
    const detail = { changed: 1, until: null, because: 'started the chat' };
    await tx.audit.add({ ...by, action: 'access.granted', chatId, agentId, detail, at: now });
  }

  /** A person takes a reply back, wherever it was written: their own, or as an admin anybody's. */
  async takeBack(agentId: AgentId, messageId: MessageId, by: By): Promise<{ readonly refused: string } | undefined> {
    const { store, access, messenger, clock } = this.#parts;
    return store.transaction(async (tx) => {
      const now = clock.now();
      const message = await tx.messages.lock(messageId);
      if (message === undefined || message.direction !== 'out' || message.note) {
        return { refused: 'There is no such reply.' };
      }
      const decision = await access.decide(tx, agentId, message.chatId, now);
      if (!decision.allowed) return { refused: decision.sentence };
      if (decision.agent.role !== 'admin' && message.agentId !== agentId) {
        return { refused: 'Only its writer or an admin may delete a reply.' };
      }
      if (message.deletedAt !== null) return { refused: 'That was deleted already.' };
      if (now.getTime() - message.sentAt.getTime() > messenger.capabilities.deleteWindowMs) {
        return { refused: 'WhatsApp lets messages be deleted within two days only; this one stays.' };
      }
      const { originWorkspaceId, originPostId } = message;
      // A post with several files is several messages.
      const all =
        originWorkspaceId === null || originPostId === null
          ? [message]
          : await tx.messages.byOrigin(originWorkspaceId, originPostId);
      for (const each of all.filter(({ deletedAt }) => deletedAt === null)) {
        await takeBack(tx, each, messenger.newMessageId(each.accountId), now, now);
      }
      await tx.audit.add({ ...by, action: 'reply.delete', chatId: message.chatId, detail: { messageId }, at: now });
      return undefined;
    });
  }

  /** A person's word about a reply that failed, wasn't confirmed, or waited: the same message again, under the same id. */
  resume(agentId: AgentId, messageId: MessageId, what: 'resend' | 'send' | 'cancel'): Promise<string> {
    return this.#parts.store.transaction((tx) => this.resumeIn(tx, agentId, messageId, what));
  }

  /** The same, within a transaction that does more. */
  async resumeIn(tx: Tx, agentId: AgentId, messageId: MessageId, what: 'resend' | 'send' | 'cancel'): Promise<string> {
    const now = this.#parts.clock.now();
    const message = await tx.messages.lock(messageId);
    if (message === undefined || message.direction !== 'out') return 'There is no such reply.';
    const decision = await this.#parts.access.decide(tx, agentId, message.chatId, now);
    if (!decision.allowed) return decision.sentence;
    const expected = what === 'resend' ? ['failed', 'uncertain'] : ['held'];
    if (message.state === null || !expected.includes(message.state)) return 'That was done already.';
    await tx.messages.update(message.id, { state: what === 'cancel' ? 'cancelled' : 'queued', reason: null });
    if (what !== 'cancel') await this.#enqueueSend(tx, message, now);
    await showLine(tx, message, now);
    await tx.audit.add({
      actor: { kind: 'agent', agentId },
      action: `reply.${what}`,
      chatId: message.chatId,
      detail: { messageId },
      source: 'channel',
      at: now,
    });
    return what === 'cancel' ? 'It will not be sent.' : 'It is being sent.';
  }
}
