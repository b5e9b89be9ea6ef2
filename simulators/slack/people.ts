// A person of the workspace at their Slack client: what they can do, and what they can see.
import { randomUUID } from 'node:crypto';
import {
  addMember,
  archiveChannel,
  createChannel,
  deleteChannel,
  isNameTaken,
  nameProblem,
  removeMember,
  renameChannel,
  unarchiveChannel,
} from './channels.ts';
import { emojiNamed } from './emoji.ts';
import { deleteFile, markShared, mimetypeOf } from './files.ts';
import type { JsonObject } from './json.ts';
import { addReaction, edit, post, remove, takeReaction } from './messages.ts';
import { Gestures } from './gestures.ts';
import { canSee } from './state.ts';
import { typedText } from './typed-text.ts';
import type { Names } from './typed-inline.ts';
import { isTopLevel } from './types.ts';
import type { Channel, Ephemeral, Message, StoredFile } from './types.ts';

/** A channel, its id or its name. */
export type ChannelRef = Channel | string;

/** A file as a person attaches it. */
export interface Attachment {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly mimetype?: string;
}

/** How something is said. */
export interface SayOptions {
  /** The ts of the thread's first message. */
  readonly thread?: string;
  /** Also shown in the channel. */
  readonly broadcast?: boolean;
  readonly files?: readonly Attachment[];
  /** People meant by `@Name` in the text; those not named in it are put in front. */
  readonly mention?: readonly { readonly id: string; readonly name: string }[];
  /** Blocks in place of those made from the text. */
  readonly blocks?: JsonObject[];
  /** For a message of an earlier time. */
  readonly at?: Date;
}

/** A message as one person sees it. */
export interface SeenMessage {
  readonly ts: string;
  readonly threadTs: string | undefined;
  readonly text: string;
  readonly blocks: readonly JsonObject[] | undefined;
  /** Whether only this person sees it. */
  readonly ephemeral: boolean;
}

/** One user with a Slack client. Doing what Slack wouldn't let them do throws with Slack's error string. */
export class Person extends Gestures {
  get id(): string {
    return this.user.id;
  }

  get email(): string {
    return this.user.email ?? '';
  }

  get name(): string {
    return this.user.realName;
  }

  /** The direct conversation with the app. */
  get direct(): Channel {
    return this.workspace.directChannel(this.user.id);
  }

  /** Types a message; answers its ts. */
  async say(channelRef: ChannelRef, text: string, options: SayOptions = {}): Promise<string> {
    const channel = this.#writable(channelRef);
    const thread = options.thread === undefined ? undefined : channel.message(options.thread);
    if (options.thread !== undefined && thread === undefined) throw new Error('thread_not_found');
    const files = (options.files ?? []).map((attachment) => this.#attach(attachment));
    const typed = text === '' && options.blocks === undefined ? undefined : this.#typed(text, options);
    const message = post(this.workspace, channel, {
      user: this.user.id,
      clientMsgId: randomUUID(),
      text: typed?.text ?? '',
      ...(typed === undefined ? {} : { blocks: typed.blocks }),
      ...(files.length > 0 ? { subtype: 'file_share', fileIds: files.map((file) => file.id) } : {}),
      ...(thread === undefined ? {} : { threadTs: thread.threadTs ?? thread.ts }),
      ...(options.broadcast === true ? { broadcast: true } : {}),
      ...(options.at === undefined ? {} : { at: options.at }),
    });
    markShared(this.workspace, channel, message, files);
    return message.ts;
  }

  /** Changes a message of their own. */
  async edit(channelRef: ChannelRef, ts: string, text: string): Promise<void> {
    const { channel, message } = this.#own(channelRef, ts, 'cant_update_message');
    edit(this.workspace, channel, message, { ...this.#typed(text, {}), editor: this.user.id });
  }

  /** Deletes a message of their own; admins may delete any. */
  async remove(channelRef: ChannelRef, ts: string): Promise<void> {
    const { channel, message } = this.user.admin
      ? this.message(channelRef, ts)
      : this.#own(channelRef, ts, 'cant_delete_message');
    remove(this.workspace, channel, message);
  }

  /** Deletes a file they sent. */
  async removeFile(fileId: string): Promise<void> {
    const file = this.workspace.files.get(fileId);
    if (file?.user !== this.user.id) throw new Error('cant_delete_file');
    deleteFile(this.workspace, file);
  }

  /** Reacts with an emoji's Slack name (`+1`, `thumbsup`, `+1::skin-tone-3`). */
  async react(channelRef: ChannelRef, ts: string, name: string): Promise<void> {
    const { channel, message } = this.message(channelRef, ts);
    if (!addReaction(this.workspace, channel, message, this.user.id, this.#emoji(name)))
      throw new Error('already_reacted');
  }

  async unreact(channelRef: ChannelRef, ts: string, name: string): Promise<void> {
    const { channel, message } = this.message(channelRef, ts);
    if (!takeReaction(this.workspace, channel, message, this.user.id, this.#emoji(name)))
      throw new Error('no_reaction');
  }

  /** Makes a channel; the app isn't in it. */
  async create(name: string, options: { private?: boolean } = {}): Promise<Channel> {
    const problem = nameProblem(name) ?? (isNameTaken(this.workspace, name) ? 'name_taken' : undefined);
    if (problem !== undefined) throw new Error(problem);
    return createChannel(this.workspace, this.user, name, options.private ?? false);
  }

  async join(channelRef: ChannelRef): Promise<void> {
    const channel = this.channel(channelRef);
    if (channel.kind !== 'public') throw new Error('channel_not_found');
    addMember(this.workspace, channel, this.user.id);
  }

  async leave(channelRef: ChannelRef): Promise<void> {
    const channel = this.#member(channelRef);
    if (channel.private && channel.members.size === 1) throw new Error('last_member');
    removeMember(this.workspace, channel, this.user.id, this.user.id);
  }

  /** Adds somebody to a channel; guests can't. */
  async invite(channelRef: ChannelRef, other: { readonly id: string }): Promise<void> {
    const channel = this.#member(channelRef);
    if (this.user.guest !== undefined) throw new Error('user_is_restricted');
    if (this.workspace.preferences.whoCanInvite === 'admins' && !this.user.admin) throw new Error('restricted_action');
    if (channel.members.has(other.id)) throw new Error('already_in_channel');
    addMember(this.workspace, channel, other.id, this.user.id);
  }

  /** Takes somebody (also the app) out of a channel. */
  async kick(channelRef: ChannelRef, other: { readonly id: string }): Promise<void> {
    const channel = this.#member(channelRef);
    const forbidden = this.workspace.preferences.whoCanKick === 'admins' && !this.user.admin;
    if (forbidden || this.user.guest !== undefined) throw new Error('restricted_action');
    if (!channel.members.has(other.id)) throw new Error('not_in_channel');
    removeMember(this.workspace, channel, other.id, this.user.id);
  }

  async rename(channelRef: ChannelRef, name: string): Promise<void> {
    const problem = nameProblem(name) ?? (isNameTaken(this.workspace, name) ? 'name_taken' : undefined);
    if (problem !== undefined) throw new Error(problem);
    renameChannel(this.workspace, this.#member(channelRef), name, this.user.id);
  }

  async archive(channelRef: ChannelRef): Promise<void> {
    archiveChannel(this.workspace, this.#member(channelRef), this.user.id);
  }

  async unarchive(channelRef: ChannelRef): Promise<void> {
    unarchiveChannel(this.workspace, this.channel(channelRef), this.user.id);
  }

  /** Deletes a channel with its history. */
  async deleteChannel(channelRef: ChannelRef): Promise<void> {
    deleteChannel(this.workspace, this.channel(channelRef), this.user.id);
  }

  /** The channels this person can read now. */
  readable(): Channel[] {
    if (this.user.deleted) return [];
    const channels = [...this.workspace.channels.values()];
    return channels.filter((channel) =>
      channel.kind === 'public' && this.user.guest === undefined ? true : channel.members.has(this.user.id),
    );
  }

  /** What this person sees in a channel, private answers included; nothing when they can't read it. Replies are included. */
  sees(channelRef: ChannelRef): SeenMessage[] {
    const channel = this.#find(channelRef);
    if (channel === undefined || !this.readable().includes(channel)) return [];
    const own = this.privateAnswers(channel).map((ephemeral) => seen(ephemeral, true));
    return [...channel.messages.map((message) => seen(message, false)), ...own].sort((a, b) => (a.ts < b.ts ? -1 : 1));
  }

  /** Messages only this person sees, everywhere or in one channel. */
  privateAnswers(channel?: Channel): readonly Ephemeral[] {
    return this.workspace.ephemerals.filter(
      (ephemeral) =>
        ephemeral.user === this.user.id &&
        !ephemeral.deleted &&
        (channel === undefined || ephemeral.channel === channel.id),
    );
  }

  /** What the app wrote to this person directly. */
  directMessages(): readonly Message[] {
    return this.direct.messages.filter((message) => message.botId !== undefined);
  }

  /** What a channel itself shows, without the replies inside threads. */
  topLevel(channelRef: ChannelRef): readonly Message[] {
    return this.#member(channelRef).messages.filter((message) => isTopLevel(message));
  }

  #find(ref: ChannelRef): Channel | undefined {
    if (typeof ref !== 'string') return ref;
    const name = ref.replace(/^#/, '');
    return (
      this.workspace.channels.get(ref) ?? [...this.workspace.channels.values()].find((other) => other.name === name)
    );
  }

  #member(ref: ChannelRef): Channel {
    const channel = this.channel(ref);
    if (!channel.members.has(this.user.id)) throw new Error('not_in_channel');
    return channel;
  }

  #writable(ref: ChannelRef): Channel {
    if (this.user.deleted) throw new Error('account_inactive');
    const channel = this.#member(ref);
    if (channel.archived) throw new Error('is_archived');
    return channel;
  }

  #own(ref: ChannelRef, ts: string, error: string): { channel: Channel; message: Message } {
    const found = this.message(ref, ts);
    if (found.message.user !== this.user.id || found.message.botId !== undefined) throw new Error(error);
    return found;
  }

  #typed(text: string, options: SayOptions): { text: string; blocks: JsonObject[] } {
    const mentioned = options.mention ?? [];
    const unnamed = mentioned.filter(({ name }) => !text.toLowerCase().includes(`@${name.toLowerCase()}`));
    const full = [...unnamed.map(({ name }) => `@${name}`), text].join(' ').trim();
    const typed = typedText(full, this.#names(mentioned));
    return { text: typed.text, blocks: options.blocks ?? typed.blocks };
  }

  #names(mentioned: readonly { readonly id: string; readonly name: string }[]): Names {
    const visible = [...this.workspace.channels.values()].filter((channel) => canSee(channel, this.user.id));
    return {
      people: mentioned.map(({ id, name }) => ({ id, name })).sort((a, b) => b.name.length - a.name.length),
      channels: new Map(
        visible.filter((channel) => channel.kind !== 'im').map((channel) => [channel.name, channel.id]),
      ),
    };
  }

  #attach(attachment: Attachment): StoredFile {
    const file: StoredFile = {
      id: this.workspace.newId('F'),
      user: this.user.id,
      name: attachment.name,
      title: attachment.name,
      altText: undefined,
      mimetype: attachment.mimetype ?? mimetypeOf(attachment.name),
      declaredLength: attachment.bytes.length,
      bytes: Buffer.from(attachment.bytes),
      createdAt: this.workspace.seconds(),
      uploadKey: randomUUID(),
      completed: true,
      deleted: false,
      shares: [],
    };
    this.workspace.files.set(file.id, file);
    return file;
  }

  #emoji(name: string): string {
    if (this.workspace.customEmoji.has(name)) return name;
    const emoji = emojiNamed(name);
    if (emoji === undefined) throw new Error('invalid_name');
    return emoji.name;
  }
}

function seen(message: Message | Ephemeral, ephemeral: boolean): SeenMessage {
  return { ts: message.ts, threadTs: message.threadTs, text: message.text, blocks: message.blocks, ephemeral };
}
