// Records what agents do in channels: PlatformEvent → permitted? → Message, Deliveries, in one transaction.
import type { Content } from '../domain/content.ts';
import { saidKey, type PlatformEvent, type PlatformFile } from '../domain/events.ts';
import {
  as,
  type ChatId,
  type MediaRef,
  type MessageId,
  type PostId,
  type UserId,
  type WorkspaceId,
} from '../domain/ids.ts';
import { plainText, type RichText } from '../domain/text.ts';
import { mediaKindOf } from '../media/kind.ts';
import type { ChatPlatform } from '../platforms/platform.ts';
import type { Log } from '../runtime/log.ts';
import type { Decision } from '../access/access.ts';
import type { Agent } from '../store/agent.ts';
import type { Chat } from '../store/chat.ts';
import { newId } from '../store/db.ts';
import type { Message } from '../store/message.ts';
import type { Mirror } from '../store/mirror.ts';
import type { Tx } from '../store/store.ts';
import { contentWords } from './compose.ts';
import { Reactions, type ReactionsParts } from './reactions.ts';
import { decide, refuse } from './refusals.ts';
import type { Replies } from './replies.ts';
import { movedSentence } from './former.ts';
import { chatLane, takeBack, updateInMirrors } from './lanes.ts';

type EventOf<K extends PlatformEvent['kind']> = Extract<PlatformEvent, { kind: K }>;
export type ChannelEvent = EventOf<'said'> | EventOf<'edited'> | EventOf<'deleted'> | EventOf<'reacted'>;

export interface OutboundParts extends Omit<ReactionsParts, 'replies'> {
  readonly log: Log;
  readonly platforms: ReadonlyMap<WorkspaceId, Pick<ChatPlatform, 'now'>>;
}

/** Replies found only after this long aren't sent without a person's word (product §3.6). */
const STALE_REPLY_MS = 10 * 60_000;

/** `later`: what it refers to isn't recorded yet; tell it again. */
export type Outcome = 'recorded' | 'ignored' | 'later';

const isNoteText = (text: RichText): boolean => /^(\/\/|note:)/i.test(plainText(text).trimStart());

/** Takes `//` or `note:` off the front; what's left may be empty. */
function contentOf(text: RichText, file: PlatformFile | undefined): Content {
  if (file === undefined) return { kind: 'text', text };
  const media = mediaKindOf(file.mimeType, file.name);
  return {
    kind: 'media',
    media,
    file: {
      // The bytes are fetched from the Workspace (`Message.files`), so there's no reference of the messenger's.
      ref: as<MediaRef>(''),
      mimeType: file.mimeType,
      name: file.name,
      sizeBytes: file.sizeBytes,
      ...(file.durationSeconds === undefined ? {} : { durationSeconds: file.durationSeconds }),
    },
    caption: text,
    viewOnce: false,
  };
}

/** Records what agents say, edit, delete and react. Telling an event again changes nothing. */
export class Outbound {
  readonly #parts: OutboundParts;
  readonly #replies: Replies;
  readonly #reactions: Reactions;

  constructor(parts: OutboundParts, replies: Replies) {
    this.#parts = parts;
    this.#replies = replies;
    this.#reactions = new Reactions({ ...parts, replies });
  }

  /** Resolves once it's recorded. */
  async record(workspaceId: WorkspaceId, event: ChannelEvent): Promise<Outcome> {
    const { mirrors } = this.#parts.store.read;
    const here = await mirrors.ofChannel(workspaceId, event.channel);
    const mirror = here ?? (await mirrors.ofFormerChannel(workspaceId, event.channel));
    if (mirror === undefined) return 'ignored';
    switch (event.kind) {
      case 'said':
        if (here === undefined) return this.#saidInFormer(workspaceId, mirror, event);
        return this.#said(workspaceId, mirror, event);
      case 'edited':
        return this.#edited(workspaceId, mirror, event);
      case 'deleted':
        return this.#deleted(workspaceId, mirror, event);
      case 'reacted':
        return this.#reactions.record(workspaceId, mirror, event);
    }
  }

  /** What is written in the thread that the Chat was before goes nowhere, and its author is told. */
  async #saidInFormer(workspaceId: WorkspaceId, mirror: Mirror, event: EventOf<'said'>): Promise<Outcome> {
    const { store, access } = this.#parts;
    const agent = await access.agentFor(workspaceId, event.user);
    const { user, post } = event;
    return store.transaction(async (tx) => {
      // It may have been heard of before the Chat moved, and read again in a gap.
      if ((await tx.messages.byOrigin(workspaceId, post)).length > 0) return 'recorded';
      return this.#refuse(tx, mirror, { user, post }, agent, movedSentence(mirror));
    });
  }

  async #said(workspaceId: WorkspaceId, mirror: Mirror, event: EventOf<'said'>): Promise<Outcome> {
    const { store, access } = this.#parts;
    const root = event.thread === undefined ? undefined : await store.read.posts.byPostId(mirror.id, event.thread);
    if (event.thread !== undefined && root === undefined) {
      // The post it stands under may be one whose posting we haven't recorded yet.
      if (await store.read.deliveries.unsettledPost(mirror.id, event.at)) return 'later';
    }
    const agent = await access.agentFor(workspaceId, event.user);
    return store.transaction(async (tx) => {
      if ((await tx.messages.byOrigin(workspaceId, event.post)).length > 0) return 'recorded';
      const chat = await tx.chats.find(mirror.chatId);
      if (chat === undefined) return 'ignored';
      const about = root === undefined ? undefined : await tx.messages.find(root.messageId);
      // Whoever answers a note talks to the team.
      const isNote =
        root === undefined ||
        about?.note === true ||
        isNoteText(event.text) ||
        (chat.mode === 'mention' && !event.mentionsBot);
      if (isNote) return this.#note(tx, mirror, chat, agent, event);
      if (chat.mode === 'off' || chat.mode === 'never') {
        return this.#refuse(tx, mirror, event, agent, 'This chat is read only: replies are switched off for it.');
      }
      const decision = await this.#decide(tx, agent, chat.id);
      if (!decision.allowed) return this.#refuse(tx, mirror, event, agent, decision.sentence);
      const files: readonly (PlatformFile | undefined)[] = event.files.length === 0 ? [undefined] : event.files;
      for (const [part, file] of files.entries()) {
        const text = part === 0 ? event.text : [];
        if (file === undefined && plainText(text).trim() === '') continue;
        await this.#replies.record(tx, {
          agent: decision.agent,
          by: { actor: { kind: 'agent', agentId: decision.agent.id }, source: 'channel' },
          chat,
          content: contentOf(text, file),
          source: 'platform',
          at: event.at,
          root: about,
          origin: { mirror, postId: event.post, threadId: root.threadId ?? root.remoteId, part },
          ...(file === undefined ? {} : { files: [file] }),
          ...this.#heldBecause(workspaceId, event.at),
        });
      }
      return 'recorded';
    });
  }

  #heldBecause(workspaceId: WorkspaceId, at: Date): { heldBecause?: string } {
    const { platforms, clock } = this.#parts;
    const now = platforms.get(workspaceId)?.now?.() ?? clock.now();
    const ageMs = now.getTime() - at.getTime();
    if (ageMs <= STALE_REPLY_MS) return {};
    return { heldBecause: `written ${Math.round(ageMs / 60_000)} minutes before Switchboard could read it` };
  }

  #decide(tx: Tx, agent: Agent | undefined, chatId: ChatId): Promise<Decision> {
    return decide(this.#parts.access, tx, agent, chatId, this.#parts.clock.now());
  }

  async #note(tx: Tx, mirror: Mirror, chat: Chat, agent: Agent | undefined, event: EventOf<'said'>): Promise<Outcome> {
    const content: Content = { kind: 'text', text: event.text };
    await tx.messages.insert({
      id: newId<MessageId>(this.#parts.clock.now().getTime()),
      accountId: chat.accountId,
      chatId: chat.id,
      direction: 'out',
      source: 'platform',
      content,
      text: contentWords(content),
      remoteId: null,
      author: agent === undefined ? event.user : agent.id,
      agentId: agent?.id ?? null,
      note: true,
      originWorkspaceId: mirror.workspaceId,
      originPostId: event.post,
      files: event.files.length === 0 ? null : event.files,
      filtered: 'a note',
      sentAt: event.at,
      receivedAt: this.#parts.clock.now(),
    });
    return 'recorded';
  }

  async #refuse(
    tx: Tx,
    mirror: Mirror,
    { user, thread, post }: { readonly user: UserId; readonly thread?: PostId; readonly post: PostId },
    agent: Agent | undefined,
    sentence: string,
  ): Promise<Outcome> {
    await refuse(tx, { mirror, user, thread, post, agent }, 'reply.refuse', sentence, this.#parts.clock.now());
    return 'ignored';
  }

  /** The replies that an agent's post became, when that agent may still act on the Chat; a sentence when not. */
  async #ownReplies(
    workspaceId: WorkspaceId,
    post: PostId,
    agent: Agent | undefined,
    tx: Tx,
  ): Promise<{ replies: Message[]; refused?: string }> {
    const replies = (await tx.messages.byOrigin(workspaceId, post)).filter((message) => !message.note);
    const [first] = replies;
    if (first === undefined || agent === undefined) return { replies };
    const decision = await this.#decide(tx, agent, first.chatId);
    return decision.allowed ? { replies } : { replies, refused: decision.sentence };
  }

  async #edited(workspaceId: WorkspaceId, mirror: Mirror, event: EventOf<'edited'>): Promise<Outcome> {
    const { store, access, messenger, clock } = this.#parts;
    const agent = await access.agentFor(workspaceId, event.user);
    return store.transaction(async (tx) => {
      const all = await tx.messages.byOrigin(workspaceId, event.post);
      // What was refused or left out is nowhere to be edited.
      if (all.length === 0) return (await tx.inbox.isHeardDone(workspaceId, saidKey(event.post))) ? 'ignored' : 'later';
      const { replies, refused } = await this.#ownReplies(workspaceId, event.post, agent, tx);
      const [first] = replies;
      if (first === undefined) return this.#editNote(tx, all, event);
      if (refused !== undefined) return this.#refuse(tx, mirror, event, agent, refused);
      const content: Content =
        first.content.kind === 'media' ? { ...first.content, caption: event.text } : { kind: 'text', text: event.text };
      if (JSON.stringify(content) === JSON.stringify(first.content)) return 'recorded';
      const isUnsent = first.state === 'held' || (first.state === 'queued' && first.ackedAt === null);
      const ageMs = event.at.getTime() - first.sentAt.getTime();
      if (!isUnsent && ageMs > messenger.capabilities.editWindowMs) {
        return this.#refuse(
          tx,
          mirror,
          event,
          agent,
          'The customer still sees the earlier text: WhatsApp allows edits for 15 minutes only.',
        );
      }
      await tx.messages.update(first.id, {
        content,
        text: contentWords(content),
        editedAt: event.at,
        earlier: [...(first.earlier ?? []), { content: first.content, until: event.at.toISOString() }],
      });
      if (first.state !== 'held') {
        const remoteId = messenger.newMessageId(first.accountId);
        await tx.deliveries.enqueue(
          chatLane(first),
          { kind: 'amend', messageId: first.id, remoteId },
          { messageId: first.id, chatId: first.chatId },
          clock.now(),
        );
      }
      await updateInMirrors(tx, first, clock.now());
      return 'recorded';
    });
  }

  async #editNote(tx: Tx, notes: readonly Message[], event: EventOf<'edited'>): Promise<Outcome> {
    for (const note of notes) {
      const content: Content = { kind: 'text', text: event.text };
      await tx.messages.update(note.id, { content, text: contentWords(content), editedAt: event.at });
    }
    return 'recorded';
  }

  async #deleted(workspaceId: WorkspaceId, mirror: Mirror, event: EventOf<'deleted'>): Promise<Outcome> {
    const { store, messenger, clock } = this.#parts;
    return store.transaction<Outcome>(async (tx) => {
      const now = clock.now();
      const messages = await tx.messages.byOrigin(workspaceId, event.post);
      for (const message of messages.filter((each) => each.deletedAt === null)) {
        if (message.note) {
          await tx.messages.update(message.id, { deletedAt: event.at });
          continue;
        }
        const sentence = await this.#whyKept(tx, message, event.at);
        if (sentence !== undefined) {
          await this.#tellReplier(tx, mirror, message, event.post, sentence);
          continue;
        }
        await takeBack(tx, message, messenger.newMessageId(message.accountId), event.at, now);
      }
      return 'recorded';
    });
  }

  /** Why a deletion doesn't follow to the customer; undefined when it does. */
  async #whyKept(tx: Tx, message: Message, at: Date): Promise<string | undefined> {
    const { access, clock, messenger } = this.#parts;
    if (at.getTime() - message.sentAt.getTime() > messenger.capabilities.deleteWindowMs) {
      return 'The customer still sees the message: WhatsApp allows deleting it for 2 days only.';
    }
    if (message.agentId === null) return undefined;
    const decision = await access.decide(tx, message.agentId, message.chatId, clock.now());
    return decision.allowed ? undefined : decision.sentence;
  }

  /** Who deleted a post isn't told by every platform; whoever wrote it is the one who must know. */
  async #tellReplier(tx: Tx, mirror: Mirror, message: Message, post: PostId, sentence: string): Promise<void> {
    if (message.agentId === null) return;
    const agent = await tx.agents.find(message.agentId);
    const identities = await tx.agents.identities(message.agentId);
    const user = identities.find((each) => each.workspaceId === mirror.workspaceId)?.userId;
    if (user !== undefined) await this.#refuse(tx, mirror, { user, post }, agent, sentence);
  }
}
