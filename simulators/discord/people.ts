// A person of the guild at their Discord client: what they can do, and what they can see.
import {
  ChannelType,
  GatewayDispatchEvents,
  MessageType,
  OverwriteType,
  PermissionFlagsBits as Bit,
} from 'discord-api-types/v10';
import type { Permission } from './bits.ts';
import { bitsFor } from './bits.ts';
import { createChannel, deleteChannel, removeOverwrite, setOverwrite, updateChannel } from './channels.ts';
import type { GivenFile } from './files.ts';
import { Gestures } from './gestures.ts';
import type { ChannelRef, MessageRef } from './gestures.ts';
import { joinGuild, leaveGuild } from './membership.ts';
import { addReaction, authorFrom, edit, emojiFrom, pin, post, remove, takeReaction } from './messages.ts';
import { canSee, may, sendBit } from './permissions.ts';
import { addToThread, startThread, takeFromThread } from './thread-notices.ts';
import { joinThread, leaveThread, setThread } from './threads.ts';
import type { Channel, Message } from './types.ts';

/** How something is said. */
export interface SayOptions {
  /** The message replied to. */
  readonly replyTo?: MessageRef;
  /** Whether a reply notifies its author (the client's switch, on by default). */
  readonly notifyReplied?: boolean;
  readonly files?: readonly GivenFile[];
  /** People meant by `@Name` in the text; those not named in it are put in front. */
  readonly mention?: readonly { readonly id: string; readonly name: string }[];
  /** For a message of an earlier time. */
  readonly at?: Date;
}

/** One user with a Discord client. Doing what Discord wouldn't let them do throws with Discord's words. */
export class Person extends Gestures {
  get email(): string {
    return this.user.email ?? '';
  }

  get name(): string {
    return this.user.globalName ?? this.user.username;
  }

  /** The direct conversation with the app. */
  get direct(): Channel {
    return this.guild.directChannel(this.id);
  }

  /** Writes a message in a channel, thread or direct conversation; answers its id. */
  async say(channelRef: ChannelRef, text: string, options: SayOptions = {}): Promise<string> {
    const channel = this.#writable(channelRef);
    const files = options.files ?? [];
    if (files.length > 0) this.#needs(channel, Bit.AttachFiles);
    if (text === '' && files.length === 0) throw new Error('Cannot send an empty message');
    if (text.length > 2_000) throw new Error('your message is too long');
    const target = options.replyTo === undefined ? undefined : this.message(options.replyTo).message;
    if (target !== undefined && target.channelId !== channel.id) throw new Error('Unknown message');
    const { id } = post(this.guild, channel, {
      author: authorFrom(this.guild, this.id),
      content: this.#typed(text, options),
      files,
      ...(target === undefined
        ? {}
        : { type: MessageType.Reply, reference: { channelId: channel.id, messageId: target.id } }),
      ...(options.notifyReplied === false
        ? { allowed: { parse: ['users', 'roles', 'everyone'], replied_user: false } }
        : {}),
      ...(options.at === undefined ? {} : { at: options.at }),
    });
    return id;
  }

  /** Changes a message of their own. */
  async edit(ref: MessageRef, text: string): Promise<void> {
    const { channel, message } = this.message(ref);
    if (message.author.id !== this.id) throw new Error('Cannot edit a message authored by another user');
    edit(this.guild, channel, message, { content: this.#typed(text, {}) });
  }

  /** Deletes a message: their own, or any with MANAGE_MESSAGES. */
  async remove(ref: MessageRef): Promise<void> {
    const { channel, message } = this.message(ref);
    if (message.author.id !== this.id && message.onlyFor !== this.id) this.#needs(channel, Bit.ManageMessages);
    remove(this.guild, channel, message);
  }

  /** Reacts with a Unicode emoji. */
  async react(ref: MessageRef, emoji: string): Promise<void> {
    const { channel, message } = this.message(ref);
    const known = emojiFrom(emoji);
    if (known === undefined) throw new Error('Unknown Emoji');
    if (!message.reactions.some((reaction) => reaction.emoji === known)) this.#needs(channel, Bit.AddReactions);
    addReaction(this.guild, channel, message, this.id, known);
  }

  async unreact(ref: MessageRef, emoji: string): Promise<void> {
    const { channel, message } = this.message(ref);
    takeReaction(this.guild, channel, message, this.id, emojiFrom(emoji) ?? emoji);
  }

  async pin(ref: MessageRef, on = true): Promise<void> {
    const { channel, message } = this.message(ref);
    this.#needs(channel, Bit.PinMessages);
    pin(this.guild, channel, message, on, this.id);
  }

  /** Starts a thread on a message. */
  async startThread(ref: MessageRef, name: string): Promise<Channel> {
    const { channel, message } = this.message(ref);
    this.#needs(channel, Bit.CreatePublicThreads);
    if (this.guild.channels.has(message.id)) throw new Error('A thread has already been created for this message');
    return startThread(this.guild, channel, {
      name,
      type: ChannelType.PublicThread,
      ownerId: this.id,
      starter: message,
    });
  }

  /** Starts a private thread in a channel. */
  async startPrivateThread(channelRef: ChannelRef, name: string): Promise<Channel> {
    const channel = this.channel(channelRef);
    this.#needs(channel, Bit.CreatePrivateThreads);
    return startThread(this.guild, channel, { name, type: ChannelType.PrivateThread, ownerId: this.id });
  }

  async joinThread(ref: ChannelRef): Promise<void> {
    joinThread(this.guild, this.channel(ref), this.id);
  }

  async leaveThread(ref: ChannelRef): Promise<void> {
    leaveThread(this.guild, this.channel(ref), this.id);
  }

  /** Adds somebody to a thread; to one that isn't invitable only with MANAGE_THREADS. */
  async addToThread(ref: ChannelRef, other: { readonly id: string }): Promise<void> {
    const channel = this.channel(ref);
    if (channel.thread?.invitable === false) this.#needs(channel, Bit.ManageThreads);
    addToThread(this.guild, channel, other.id, this.id);
  }

  async takeFromThread(ref: ChannelRef, other: { readonly id: string }): Promise<void> {
    const channel = this.channel(ref);
    this.#needs(channel, Bit.ManageThreads);
    takeFromThread(this.guild, channel, other.id, this.id);
  }

  async archiveThread(ref: ChannelRef, archived = true): Promise<void> {
    const channel = this.channel(ref);
    if (channel.thread?.ownerId !== this.id && archived) this.#needs(channel, Bit.ManageThreads);
    setThread(this.guild, channel, { archived });
  }

  /** Lets a person into a channel by hand: an overwrite of their own. */
  async invite(channelRef: ChannelRef, other: { readonly id: string }): Promise<void> {
    const channel = this.#manageable(channelRef);
    const allow = Bit.ViewChannel | Bit.SendMessages | Bit.ReadMessageHistory;
    setOverwrite(this.guild, channel, { id: other.id, type: OverwriteType.Member, allow, deny: 0n });
  }

  /** Takes a person's (or the app's) overwrite out of a channel. */
  async kick(channelRef: ChannelRef, other: { readonly id: string }): Promise<void> {
    removeOverwrite(this.guild, this.#manageable(channelRef), other.id);
  }

  /** Sets an overwrite by hand, of a person or of a role. */
  async overwrite(
    channelRef: ChannelRef,
    target: { readonly id: string },
    change: { readonly allow?: readonly Permission[]; readonly deny?: readonly Permission[] },
  ): Promise<void> {
    const type = this.guild.roles.has(target.id) ? OverwriteType.Role : OverwriteType.Member;
    const overwrite = { id: target.id, type, allow: bitsFor(change.allow ?? []), deny: bitsFor(change.deny ?? []) };
    setOverwrite(this.guild, this.#manageable(channelRef), overwrite);
  }

  async createChannel(name: string, options: { private?: boolean; category?: boolean } = {}): Promise<Channel> {
    if (!this.#mayInGuild(Bit.ManageChannels)) throw new Error('Missing Permissions');
    const hidden = { id: this.guild.id, type: OverwriteType.Role, allow: 0n, deny: Bit.ViewChannel };
    const own = { id: this.id, type: OverwriteType.Member, allow: Bit.ViewChannel, deny: 0n };
    return createChannel(this.guild, {
      name,
      type: options.category === true ? ChannelType.GuildCategory : ChannelType.GuildText,
      overwrites: options.private === true ? [hidden, own] : [],
    });
  }

  async rename(channelRef: ChannelRef, name: string): Promise<void> {
    const channel = this.channel(channelRef);
    this.#needs(channel, channel.thread === undefined ? Bit.ManageChannels : Bit.ManageThreads);
    if (channel.thread === undefined) updateChannel(this.guild, channel, { name });
    else setThread(this.guild, channel, { name });
  }

  /** Deletes a channel or thread with its history. */
  async deleteChannel(channelRef: ChannelRef): Promise<void> {
    const channel = this.channel(channelRef);
    this.#needs(channel, channel.thread === undefined ? Bit.ManageChannels : Bit.ManageThreads);
    deleteChannel(this.guild, channel);
  }

  /** Deletes a webhook by hand. */
  async deleteWebhook(webhookId: string): Promise<void> {
    const webhook = this.guild.webhooks.get(webhookId);
    if (webhook === undefined) throw new Error('Unknown Webhook');
    const channel = this.channel(webhook.channelId);
    this.#needs(channel, Bit.ManageWebhooks);
    this.guild.webhooks.delete(webhookId);
    this.guild.emit(
      GatewayDispatchEvents.WebhooksUpdate,
      { guild_id: this.guild.id, channel_id: channel.id },
      { channel },
    );
  }

  /** Leaves the guild; their overwrites stay behind, as on Discord. */
  async leaveGuild(): Promise<void> {
    leaveGuild(this.guild, this.id);
  }

  async joinGuild(): Promise<void> {
    joinGuild(this.guild, this.id);
  }

  /** Removes somebody (also the app) from the guild. */
  async kickFromGuild(other: { readonly id: string }): Promise<void> {
    if (!this.#mayInGuild(Bit.KickMembers)) throw new Error('Missing Permissions');
    leaveGuild(this.guild, other.id);
  }

  /** The channels and threads this person can read now; categories left out. */
  readable(): Channel[] {
    return [...this.guild.channels.values()].filter(
      (channel) =>
        !channel.isDirect &&
        channel.type !== ChannelType.GuildCategory &&
        canSee(this.guild, channel, this.id) &&
        may(this.guild, channel, this.id, Bit.ReadMessageHistory),
    );
  }

  /** What this person sees in a channel or thread, private answers included; nothing when they can't read it. */
  sees(channelRef: ChannelRef): Message[] {
    const ref = typeof channelRef === 'string' ? channelRef.replace(/^#/, '') : channelRef.id;
    const channels = [...this.guild.channels.values()];
    const channel = channels.find((other) => other.id === ref) ?? channels.find((other) => other.name === ref);
    if (channel === undefined || !canSee(this.guild, channel, this.id)) return [];
    const all = [...channel.messages, ...this.privateAnswers(channel)];
    return all.sort((one, other) => (BigInt(one.id) < BigInt(other.id) ? -1 : 1));
  }

  /** Messages only this person sees, everywhere or in one channel. */
  privateAnswers(channel?: Channel): readonly Message[] {
    return this.guild.ephemerals.filter(
      (message) =>
        message.onlyFor === this.id && !message.deleted && (channel === undefined || message.channelId === channel.id),
    );
  }

  /** What the app wrote to this person directly. */
  directMessages(): readonly Message[] {
    return this.direct.messages.filter((message) => message.author.id === this.guild.bot.id);
  }

  #mayInGuild(bit: bigint): boolean {
    const member = this.guild.members.get(this.id);
    if (member === undefined) return false;
    if (this.guild.ownerId === this.id) return true;
    return [...member.roles].some(
      (id) => ((this.guild.roles.get(id)?.permissions ?? 0n) & (bit | Bit.Administrator)) !== 0n,
    );
  }

  #needs(channel: Channel, bits: bigint): void {
    if (!may(this.guild, channel, this.id, bits)) throw new Error('Missing Permissions');
  }

  #manageable(ref: ChannelRef): Channel {
    const channel = this.channel(ref);
    this.#needs(channel, Bit.ManageRoles);
    return channel;
  }

  #writable(ref: ChannelRef): Channel {
    const channel = this.channel(ref);
    if (!channel.isDirect) this.#needs(channel, sendBit(channel));
    const locked = channel.thread?.locked === true && !may(this.guild, channel, this.id, Bit.ManageThreads);
    if (locked) throw new Error('Thread is locked');
    return channel;
  }

  /** The text as the client sends it: `@Name` of those meant becomes a mention. */
  #typed(text: string, options: SayOptions): string {
    const mentioned = [...(options.mention ?? [])].sort((one, other) => other.name.length - one.name.length);
    return mentioned.reduce((typed, { id, name }) => {
      const replaced = typed.replaceAll(`@${name}`, `<@${id}>`);
      return replaced === typed ? `<@${id}> ${typed}`.trim() : replaced;
    }, text);
  }
}
