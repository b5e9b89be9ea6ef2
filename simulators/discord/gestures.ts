// What a person does with the app: commands, buttons, menus and forms.
import {
  ApplicationCommandType,
  ComponentType,
  InteractionType,
  MessageType,
  PermissionFlagsBits as Bit,
} from 'discord-api-types/v10';
import { filledForm } from './filled-form.ts';
import type { Filled } from './filled-form.ts';
import type { Gesture, Interactions, Modal, Outcome } from './interactions.ts';
import { bitsOf, objectOf, objectsOf, textOf, textsOf } from './json.ts';
import type { JsonObject } from './json.ts';
import { canRead } from './messages.ts';
import { canSee, may, permissionsIn } from './permissions.ts';
import { everyComponent } from './pings.ts';
import { renderMessage } from './render-message.ts';
import type { Guild } from './state.ts';
import { note, noteUser, typedCommand } from './typed-command.ts';
import type { OptionValue } from './typed-command.ts';
import type { Channel, Message, User } from './types.ts';

/** A channel or thread, its id or its name. */
export type ChannelRef = Channel | string;
/** A message or its id. */
export type MessageRef = Message | string;

/** The interactive half of a Person. */
export class Gestures {
  readonly guild: Guild;
  readonly user: User;
  readonly #interactions: Interactions;
  /** The form that is open for this person. */
  modal: Modal | undefined;

  constructor(guild: Guild, interactions: Interactions, user: User) {
    this.guild = guild;
    this.#interactions = interactions;
    this.user = user;
  }

  get id(): string {
    return this.user.id;
  }

  /** Types a slash command: `/wa invite emails:a@b.c role:admin`; `values` for options that aren't text. */
  async slashCommand(
    channelRef: ChannelRef,
    typed: string,
    values: Readonly<Record<string, OptionValue>> = {},
  ): Promise<Outcome> {
    const channel = this.#commandable(channelRef);
    const { definition, options, resolved } = typedCommand(this.guild, channel, typed, values);
    this.#allowed(channel, definition.default_member_permissions);
    return this.#open({
      type: InteractionType.ApplicationCommand,
      userId: this.id,
      channel,
      command: definition.name,
      answerType: MessageType.ChatInputCommand,
      data: { ...commandData(definition), options, resolved },
    });
  }

  /** What the app offers for the last option typed so far. */
  async autocomplete(
    channelRef: ChannelRef,
    typed: string,
  ): Promise<readonly { readonly name: string; readonly value: string | number }[]> {
    const channel = this.#commandable(channelRef);
    const { definition, options, resolved } = typedCommand(this.guild, channel, typed, {}, true);
    const outcome = await this.#open({
      type: InteractionType.ApplicationCommandAutocomplete,
      userId: this.id,
      channel,
      data: { ...commandData(definition), options, resolved },
    });
    return outcome.interaction.choices;
  }

  /** Chooses a command from the menu of a message or of a person. */
  async contextMenu(
    name: string,
    target: Message | { readonly user: User },
    channelRef?: ChannelRef,
  ): Promise<Outcome> {
    const isMessage = !('user' in target);
    const type = isMessage ? ApplicationCommandType.Message : ApplicationCommandType.User;
    const command = [...this.guild.commands.values()].find(
      ({ definition }) => definition.name === name && definition.type === type,
    );
    if (command === undefined) throw new Error(`there is no command ${name}`);
    const channel = this.#commandable(channelRef ?? (isMessage ? target.channelId : ''));
    this.#allowed(channel, command.definition.default_member_permissions);
    const resolved: JsonObject = {};
    if (isMessage) note(resolved, 'messages', target.id, renderMessage(this.guild, target, { mayRead: true }));
    else noteUser(this.guild, channel, target.user.id, resolved);
    return this.#open({
      type: InteractionType.ApplicationCommand,
      userId: this.id,
      channel,
      command: name,
      answerType: MessageType.ContextMenuCommand,
      data: { ...commandData(command.definition), target_id: isMessage ? target.id : target.user.id, resolved },
    });
  }

  /** Clicks a button. */
  async click(ref: MessageRef, customId: string): Promise<Outcome> {
    return this.#use(ref, customId, ComponentType.Button, {});
  }

  /** Chooses from a select menu. */
  async choose(ref: MessageRef, customId: string, values: readonly string[]): Promise<Outcome> {
    return this.#use(ref, customId, undefined, { values: [...values] });
  }

  /** Sends the open form, or another one; `values` by custom_id. What is left out keeps its first value. Throws what the client would say. */
  async submitModal(values: Readonly<Record<string, Filled>> = {}, modal = this.modal): Promise<Outcome> {
    if (modal === undefined) throw new Error('no form is open');
    const components = filledForm(modal, values);
    this.modal = undefined;
    return this.#open({
      type: InteractionType.ModalSubmit,
      userId: this.id,
      channel: modal.channel,
      data: { custom_id: modal.customId, components },
      ...(modal.source === undefined ? {} : { source: modal.source, answerType: MessageType.Reply }),
    });
  }

  /** Closes the open form; the app hears nothing of it. */
  closeModal(): void {
    this.modal = undefined;
  }

  /** A channel or thread by id or name, as far as this person can see it. */
  channel(ref: ChannelRef): Channel {
    const name = typeof ref === 'string' ? ref.replace(/^#/, '') : ref.id;
    const found =
      this.guild.channels.get(name) ?? [...this.guild.channels.values()].find((other) => other.name === name);
    if (found === undefined) throw new Error('Unknown Channel');
    if (!canSee(this.guild, found, this.id)) throw new Error('Missing Access');
    return found;
  }

  /** A message this person can see, with its channel. */
  message(ref: MessageRef): { channel: Channel; message: Message } {
    const message = typeof ref === 'string' ? this.guild.findMessage(ref) : ref;
    const channel = this.guild.channels.get(message?.channelId ?? '');
    if (message === undefined || message.deleted || channel === undefined) throw new Error('Unknown Message');
    if (!canRead(this.guild, channel, message, this.id)) throw new Error('Missing Access');
    return { channel, message };
  }

  async #use(ref: MessageRef, customId: string, type: ComponentType | undefined, extra: JsonObject): Promise<Outcome> {
    const { channel, message } = this.message(ref);
    const component = everyComponent(message.components).find((other) => other['custom_id'] === customId);
    if (component === undefined || (type !== undefined && component['type'] !== type))
      throw new Error(`there is no component ${customId}`);
    if (component['disabled'] === true) throw new Error(`${customId} is disabled`);
    const options = objectsOf(component['options']).map((option) => textOf(option['value']));
    const chosen = textsOf(extra['values']);
    if (options.length > 0 && chosen.some((value) => !options.includes(value)))
      throw new Error(`${customId} has no such option`);
    return this.#open({
      type: InteractionType.MessageComponent,
      userId: this.id,
      channel,
      source: message,
      answerType: MessageType.Reply,
      data: { custom_id: customId, component_type: component['type'], ...extra },
    });
  }

  async #open(gesture: Gesture): Promise<Outcome> {
    const outcome = await this.#interactions.open(gesture);
    this.modal = outcome.interaction.modal ?? this.modal;
    return outcome;
  }

  /** Commands work where one can see and use them, but in no archived thread. */
  #commandable(ref: ChannelRef): Channel {
    const channel = this.channel(ref);
    if (channel.thread?.archived === true) throw new Error('commands do not work in an archived thread');
    if (!channel.isDirect && !may(this.guild, channel, this.id, Bit.UseApplicationCommands))
      throw new Error('Missing Permissions');
    return channel;
  }

  #allowed(channel: Channel, needed: string | null | undefined): void {
    if (needed === null || needed === undefined) return;
    const has = permissionsIn(this.guild, channel, this.id);
    // "0" is for administrators only.
    const bits = needed === '0' ? Bit.Administrator : bitsOf(needed);
    if ((has & bits) !== bits) throw new Error('this command is not shown to them');
  }
}

function commandData(definition: object): JsonObject {
  const { id, name, type, guild_id: guildId } = objectOf(definition);
  return { id, name, type, ...(guildId === undefined ? {} : { guild_id: guildId }) };
}
