// Performs one Delivery to a Workspace: makes the channel show a Message, its reactions, the line under it, a card; posts a Digest; tells a Notice.
import type { Access } from '../access/access.ts';
import { BridgeError } from '../domain/errors.ts';
import type { AccountId, DeliveryKey, MessageId, PostId, WorkspaceId } from '../domain/ids.ts';
import type { Post } from '../domain/post.ts';
import type { ChatPlatform, PostTarget } from '../platforms/platform.ts';
import type { DeliveryTask } from '../store/lane.ts';
import type { Message } from '../store/message.ts';
import type { Mirror } from '../store/mirror.ts';
import type { PostRow } from '../store/post.ts';
import { showCard, type CardParts } from './cards.ts';
import { composeLine, composeMessage, composeNotice } from './compose.ts';
import { postDigest, type DigestParts } from './digests.ts';
import { retire } from './former.ts';
import { isWrittenIn } from './lanes.ts';
import { gone, type Mirrors } from './mirror.ts';
import { digestOf, keyFor, postOnce, watch, type Posted, type Try } from './posting.ts';
import { viewOf, type ViewParts } from './view.ts';

type TaskOf<K extends DeliveryTask['kind']> = Extract<DeliveryTask, { kind: K }>;
export type PlatformTask =
  | TaskOf<'show' | 'reactions' | 'line'>
  | TaskOf<'card' | 'describe' | 'promote' | 'retire'>
  | TaskOf<'notice'>
  | TaskOf<'digest'>;

export interface ToPlatformParts extends ViewParts, CardParts, DigestParts {
  readonly access: Pick<Access, 'phonesFor' | 'noticesPlace'>;
  readonly mirrors: Mirrors;
}

/** Tries to fetch a file whose number is connected (half a minute) before it's announced in words, so that what follows it isn't held up. */
const FILE_TRIES = 7;

/** Carries Deliveries into Workspaces. */
export class ToPlatform {
  readonly #parts: ToPlatformParts;

  constructor(parts: ToPlatformParts) {
    this.#parts = parts;
  }

  /** Resolves when what the task wants is so; rejects with a BridgeError. */
  async perform(task: PlatformTask, attempt: Try): Promise<void> {
    if (task.kind === 'notice') return this.#notice(task, attempt);
    if (task.kind === 'digest') {
      return postDigest(this.#parts, task.digestId, this.#platformOf(task.workspaceId), attempt);
    }
    const mirror = await this.#parts.store.read.mirrors.find(task.mirrorId);
    if (mirror === undefined) throw gone();
    const platform = this.#platformOf(mirror.workspaceId);
    try {
      switch (task.kind) {
        case 'show':
          return await this.#show(task.messageId, mirror, platform, attempt);
        case 'reactions':
          return await this.#reactions(task.messageId, mirror, platform, attempt);
        case 'line':
          return await this.#line(task.messageId, mirror, platform, attempt);
        case 'describe':
          attempt.assertHeld();
          return await this.#parts.mirrors.describe(mirror, platform);
        case 'promote':
          attempt.assertHeld();
          return await this.#parts.mirrors.promote(mirror, platform);
        case 'retire':
          return await retire(this.#parts, task.channelId, mirror, platform, attempt);
        case 'card':
          return await showCard(this.#parts, task.ticketId, mirror, platform, attempt);
      }
    } catch (error) {
      if (error instanceof BridgeError && error.code === 'channel_gone') {
        await this.#parts.mirrors.lost(mirror.workspaceId, mirror);
      }
      throw error;
    }
  }

  #platformOf(workspaceId: WorkspaceId): ChatPlatform {
    const platform = this.#parts.platforms.get(workspaceId);
    if (platform !== undefined) return platform;
    throw new BridgeError('not_connected', 'the workspace has no adapter', {
      sentence: 'The workspace is not connected.',
      retry: 'later',
      certain: true,
    });
  }

  async #show(messageId: MessageId, mirror: Mirror, platform: ChatPlatform, attempt: Try): Promise<void> {
    const { store, clock } = this.#parts;
    const rows = (await store.read.posts.of(messageId, mirror.id)).filter((row) => row.role === 'message');
    const message = await store.read.messages.find(messageId);
    if (message === undefined) throw gone();
    // Where the agent wrote it, it's there already.
    if (isWrittenIn(message, mirror.workspaceId)) return;
    const shown = await viewOf(this.#parts, message, mirror, rows);
    const channel = await this.#parts.mirrors.channelOf(mirror, platform);
    const posts = composeMessage(shown.view, platform.capabilities);
    const isStale = rows.some((row) => row.generation !== mirror.generation);
    if (isStale) return;
    for (const [part, post] of posts.entries()) {
      const row = rows.find((each) => each.part === part);
      if (row === undefined) {
        const thread = shown.thread;
        const to: PostTarget = { channel, ...(thread === undefined ? {} : { thread, broadcast: true }) };
        const key = keyFor(messageId, mirror.id, mirror.generation, part);
        const { accountId } = shown;
        const posted = await this.#postOrSayWhy(platform, to, post, key, part, attempt, accountId);
        const shownPost = {
          mirrorId: mirror.id,
          messageId,
          role: 'message',
          part,
          remoteId: posted.id,
          threadId: thread ?? null,
          generation: mirror.generation,
          shown: posted.wasThere ? null : digestOf(post),
        } as const;
        await store.read.posts.insert(shownPost, part === posts.length - 1 ? clock.now() : undefined);
        if (posted.wasThere) await this.#makeTrue(posted.id, messageId, mirror, platform, post, attempt);
      } else {
        await this.#edit(platform, row, post, attempt);
      }
    }
    for (const row of rows.filter((each) => each.part >= posts.length)) {
      attempt.assertHeld();
      await platform.remove(row.remoteId);
      await store.read.posts.drop(row.id);
    }
  }

  /** A file that can't be carried is announced in words, with the reason: nothing is dropped in silence. */
  async #postOrSayWhy(
    platform: ChatPlatform,
    to: PostTarget,
    post: Post,
    key: DeliveryKey,
    part: number,
    attempt: Try,
    accountId: AccountId,
  ): Promise<Posted> {
    const watched = post.file === undefined ? undefined : watch(post.file);
    try {
      return await this.#post(
        platform,
        to,
        watched === undefined ? post : { ...post, file: watched.file },
        key,
        part,
        attempt,
      );
    } catch (error) {
      if (watched === undefined || !(error instanceof BridgeError)) throw error;
      const isRefused = error.retry === 'never' && ['too_large', 'bad_media'].includes(error.code);
      const isUnreachable =
        watched.hasFailed() &&
        attempt.delivery.attempts >= FILE_TRIES &&
        (await this.#parts.store.read.accounts.find(accountId))?.state === 'connected';
      if (!isRefused && !isUnreachable) throw error;
      const { file: _file, ...rest } = post;
      const words = `⚠ ${post.summary}: the file can't be shown. ${error.sentence}`;
      return this.#post(platform, to, { ...rest, lines: [...rest.lines, words], summary: words }, key, part, attempt);
    }
  }

  async #edit(platform: ChatPlatform, row: PostRow, post: Post, attempt: Try): Promise<void> {
    const digest = digestOf(post);
    // A file that stands by itself has nothing to change; where it bears the words, those change around it.
    const isFixed = post.file !== undefined && platform.capabilities.namedFiles !== 'native';
    if (row.shown === digest || isFixed) return;
    attempt.assertHeld();
    try {
      await platform.edit(row.remoteId, post);
    } catch (error) {
      // Somebody removed the post: there's nothing left to keep true.
      if (!(error instanceof BridgeError && error.code === 'post_gone')) throw error;
    }
    await this.#parts.store.read.posts.setShown(row.id, digest);
  }

  /** What an earlier try posted may show less than there is to show by now. */
  async #makeTrue(
    postId: PostId,
    messageId: MessageId,
    mirror: Mirror,
    platform: ChatPlatform,
    post: Post,
    attempt: Try,
  ): Promise<void> {
    const rows = await this.#parts.store.read.posts.of(messageId, mirror.id);
    const row = rows.find((each) => each.remoteId === postId);
    if (row !== undefined) await this.#edit(platform, row, post, attempt);
  }

  #post(
    platform: ChatPlatform,
    to: PostTarget,
    post: Post,
    key: DeliveryKey,
    part: number,
    attempt: Try,
  ): Promise<Posted> {
    return postOnce(this.#parts, { platform, to, post, key, part }, attempt);
  }

  /** The bot's reactions on the Message's last post are those of the people there, one of each kind. */
  async #reactions(messageId: MessageId, mirror: Mirror, platform: ChatPlatform, attempt: Try): Promise<void> {
    const { store } = this.#parts;
    const rows = await store.read.posts.of(messageId, mirror.id);
    const row = rows.find((each) => each.role !== 'line' && each.generation === mirror.generation);
    if (row === undefined) return;
    const reactions = await store.read.reactions.of(messageId);
    const wanted = new Set(reactions.filter((each) => each.agentId === null).map((each) => each.emoji));
    const before = row.reactions ?? [];
    const after: string[] = [];
    for (const emoji of before) {
      const isUnshown = emoji.startsWith('!');
      if (wanted.has(isUnshown ? emoji.slice(1) : emoji)) {
        after.push(emoji);
      } else if (!isUnshown) {
        attempt.assertHeld();
        await platform.react(row.remoteId, emoji, false);
      }
    }
    for (const emoji of wanted) {
      if (after.includes(emoji) || after.includes(`!${emoji}`)) continue;
      attempt.assertHeld();
      after.push((await platform.react(row.remoteId, emoji, true)) ? emoji : `!${emoji}`);
    }
    await store.read.posts.setReactions(row.id, after);
    const unshown = (list: readonly string[]) => list.filter((emoji) => emoji.startsWith('!')).join(' ');
    if (unshown(before) !== unshown(after)) await this.#show(messageId, mirror, platform, attempt);
  }

  async #line(messageId: MessageId, mirror: Mirror, platform: ChatPlatform, attempt: Try): Promise<void> {
    const { store } = this.#parts;
    const message = await store.read.messages.find(messageId);
    if (message === undefined || message.state === null || message.agentId === null) throw gone();
    const agent = await store.read.agents.find(message.agentId);
    const rows = await store.read.posts.of(messageId, mirror.id);
    const anchorId = await this.#anchorOf(message);
    const anchorRows = anchorId === messageId ? rows : await store.read.posts.of(anchorId, mirror.id);
    const origin = anchorRows.find((row) => row.role === 'origin' && row.generation === mirror.generation);
    if (origin === undefined || agent === undefined) return;
    const state = message.deletedAt === null ? message.state : 'deleted';
    const post = composeLine(agent.email, messageId, { state, reason: message.reason ?? undefined });
    const line = rows.find((row) => row.role === 'line');
    if (line !== undefined) return this.#edit(platform, line, post, attempt);
    const channel = await this.#parts.mirrors.channelOf(mirror, platform);
    const thread = origin.threadId ?? origin.remoteId;
    const posted = await this.#post(
      platform,
      { channel, thread },
      post,
      keyFor(messageId, mirror.id, 'line'),
      0,
      attempt,
    );
    await store.read.posts.insert({
      mirrorId: mirror.id,
      messageId,
      role: 'line',
      part: 0,
      remoteId: posted.id,
      threadId: thread,
      generation: mirror.generation,
      shown: posted.wasThere ? null : digestOf(post),
    });
    if (posted.wasThere) await this.#makeTrue(posted.id, messageId, mirror, platform, post, attempt);
  }

  /** A post with several files is several Messages: the first of them holds the agent's post. */
  async #anchorOf({ id, originPart, originWorkspaceId, originPostId }: Message): Promise<MessageId> {
    if (originPart === 0 || originWorkspaceId === null || originPostId === null) return id;
    const [first] = await this.#parts.store.read.messages.byOrigin(originWorkspaceId, originPostId);
    return first?.id ?? id;
  }

  async #notice(task: TaskOf<'notice'>, attempt: Try): Promise<void> {
    const platform = this.#platformOf(task.workspaceId);
    const post = composeNotice(task.notice);
    if (task.userId === undefined && task.mirrorId === undefined) {
      return this.#tellAdmins(task, platform, attempt);
    }
    const mirror = task.mirrorId === undefined ? undefined : await this.#parts.store.read.mirrors.find(task.mirrorId);
    const thread = task.threadId === undefined ? {} : { thread: task.threadId };
    const place: PostTarget | undefined = mirror?.channelId ? { channel: mirror.channelId, ...thread } : undefined;
    try {
      if (task.userId !== undefined) {
        attempt.assertHeld();
        await platform.tell(task.userId, place, post);
      } else if (place !== undefined) {
        await this.#post(platform, place, post, attempt.delivery.key, 0, attempt);
      }
    } catch (error) {
      // A sentence about a channel isn't kept for the one that takes its place.
      if (mirror === undefined || !(error instanceof BridgeError && error.code === 'channel_gone')) throw error;
      await this.#parts.mirrors.lost(mirror.workspaceId, mirror);
      attempt.assertHeld();
      if (task.userId !== undefined) await platform.tell(task.userId, undefined, post);
    }
  }

  /** Problems go to the admins' channel where one is set and nobody else reads it, else to each admin of the Workspace. */
  async #tellAdmins({ workspaceId, notice }: TaskOf<'notice'>, platform: ChatPlatform, attempt: Try): Promise<void> {
    const { store, access } = this.#parts;
    const { channelId, fault } = await access.noticesPlace(workspaceId);
    if (channelId !== null) {
      try {
        await this.#post(platform, { channel: channelId }, composeNotice(notice), attempt.delivery.key, 0, attempt);
        return;
      } catch (error) {
        // Closed to us, or to our look whether it was posted: what admins must mend doesn't wait for that.
        if (!(error instanceof BridgeError) || !['channel_gone', 'not_allowed'].includes(error.code)) throw error;
      }
    }
    const post = composeNotice(notice, fault && `This isn’t told in the channel that was chosen for it: ${fault}`);
    const known = Map.groupBy(await store.read.agents.identitiesIn(workspaceId), ({ agentId }) => agentId);
    for (const { id, role, email } of await store.read.agents.active()) {
      if (role !== 'admin') continue;
      const users = known.get(id)?.map(({ userId }) => userId) ?? [];
      // Nothing may have asked yet who this admin is here.
      const isAsked = users.length === 0 && platform.capabilities.findsUsersByEmail;
      const found = isAsked ? await platform.findUser(email) : undefined;
      for (const user of found === undefined ? users : [found]) {
        attempt.assertHeld();
        await platform.tell(user, undefined, post);
      }
    }
  }
}
