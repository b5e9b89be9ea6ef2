// Interactions: sent to the app, answered within three seconds by callback, then edited and followed up by their token.
import { randomBytes } from 'node:crypto';
import {
  ApplicationIntegrationType,
  GatewayDispatchEvents,
  InteractionContextType,
  InteractionResponseType as Answer,
  InteractionType,
  Locale,
  MessageFlags,
  MessageType,
  RESTJSONErrorCodes as Code,
} from 'discord-api-types/v10';
import type {
  APIBaseInteraction,
  APIInteraction,
  APIInteractionGuildMember,
  APIMessageInteractionMetadata,
} from 'discord-api-types/v10';
import { badForm, refusal } from './errors.ts';
import { objectsOf, textOf, wordOf } from './json.ts';
import type { JsonObject } from './json.ts';
import { authorFrom, edit, post, remove } from './messages.ts';
import type { Change, Draft } from './messages.ts';
import { guildPermissions, permissionsIn } from './permissions.ts';
import { renderChannel, renderMember, userOf } from './render.ts';
import { renderMessage } from './render-message.ts';
import type { Guild } from './state.ts';
import type { Channel, Message } from './types.ts';

/** What a person did, for the app. */
export interface Gesture {
  readonly type: InteractionType;
  readonly userId: string;
  readonly channel: Channel;
  readonly data: JsonObject;
  /** The name of the command, when it is one. */
  readonly command?: string;
  /** The kind of message its answer becomes. */
  readonly answerType?: MessageType;
  /** The message whose component was used, or from which a form was opened. */
  readonly source?: Message;
}

/** A form as the app opened it. */
export interface Modal {
  readonly customId: string;
  readonly title: string;
  readonly components: readonly JsonObject[];
  /** The message from which it was opened. */
  readonly source: Message | undefined;
  readonly channel: Channel;
}

/** An interaction on its way, and all that came of it. */
export interface Interaction {
  readonly id: string;
  readonly token: string;
  readonly gesture: Gesture;
  readonly createdAt: number;
  /** The kind of the first answer. */
  answer: Answer | undefined;
  /** Whether three seconds went by without one. */
  expired: boolean;
  /** The answer as a message; the message that a component is on, when that was updated. */
  original: Message | undefined;
  modal: Modal | undefined;
  choices: readonly { readonly name: string; readonly value: string | number }[];
  readonly followUps: Message[];
}

/** What the person sees of it. */
export interface Outcome {
  readonly acked: boolean;
  /** What Discord shows when nothing came. */
  readonly error: string | undefined;
  readonly interaction: Interaction;
}

/** All interactions of the app. */
export class Interactions {
  readonly all: Interaction[] = [];
  readonly #guild: Guild;
  readonly #waiting = new Map<Interaction, () => void>();

  constructor(guild: Guild) {
    this.#guild = guild;
  }

  /** Sends an interaction and waits for the first answer, or for the deadline. */
  async open(gesture: Gesture): Promise<Outcome> {
    const guild = this.#guild;
    const interaction: Interaction = {
      id: guild.newId(),
      token: randomBytes(48).toString('base64url'),
      gesture,
      createdAt: guild.now(),
      answer: undefined,
      expired: false,
      original: undefined,
      modal: undefined,
      choices: [],
      followUps: [],
    };
    this.all.push(interaction);
    const answered = new Promise<void>((resolve) => {
      const timer = guild.later(guild.settings.interactionDeadlineMs, () => {
        interaction.expired = true;
        this.#waiting.delete(interaction);
        resolve();
      });
      this.#waiting.set(interaction, () => {
        guild.cancel(timer);
        this.#waiting.delete(interaction);
        resolve();
      });
    });
    guild.emit(GatewayDispatchEvents.InteractionCreate, this.#payload(interaction));
    await answered;
    const acked = interaction.answer !== undefined;
    return { acked, error: acked ? undefined : 'The application did not respond', interaction };
  }

  /** The first answer; `draft` is what a message answer holds. Throws as Discord refuses. */
  respond(id: string, token: string, type: Answer, data: JsonObject, draft: () => Partial<Draft>): Interaction {
    const interaction = this.all.find((other) => other.id === id && other.token === token);
    if (interaction === undefined || interaction.expired) throw refusal(Code.UnknownInteraction);
    if (interaction.answer !== undefined) throw refusal(Code.InteractionHasAlreadyBeenAcknowledged);
    const { gesture } = interaction;
    this.#checkKind(interaction, type);
    switch (type) {
      case Answer.ChannelMessageWithSource:
        interaction.original = this.#post(interaction, draft(), gesture.answerType ?? MessageType.Default);
        break;
      case Answer.DeferredChannelMessageWithSource: {
        const flags = MessageFlags.Loading | (Number(data['flags'] ?? 0) & MessageFlags.Ephemeral);
        interaction.original = this.#post(interaction, { flags }, gesture.answerType ?? MessageType.Default);
        break;
      }
      case Answer.UpdateMessage:
      case Answer.DeferredMessageUpdate:
        interaction.original = gesture.source;
        break;
      case Answer.ApplicationCommandAutocompleteResult:
        interaction.choices = choicesOf(data);
        break;
      case Answer.Modal:
        interaction.modal = modalOf(data, gesture);
        break;
      case Answer.Pong:
      case Answer.PremiumRequired:
      case Answer.LaunchActivity:
        break;
    }
    interaction.answer = type;
    // The person reads on after everything this call does.
    queueMicrotask(() => this.#waiting.get(interaction)?.());
    return interaction;
  }

  /** The interaction of a token that may still be used (else 50027). */
  byToken(token: string): Interaction {
    const interaction = this.all.find((other) => other.token === token);
    const { interactionLifeMs } = this.#guild.settings;
    if (interaction === undefined || interaction.createdAt + interactionLifeMs < this.#guild.now())
      throw refusal(Code.InvalidWebhookToken);
    if (interaction.answer === undefined) throw refusal(Code.UnknownWebhook);
    return interaction;
  }

  /** A further message; the first one after a deferred answer takes its place. */
  followUp(interaction: Interaction, draft: Partial<Draft>): Message {
    const { original } = interaction;
    if (original !== undefined && (original.flags & MessageFlags.Loading) !== 0) {
      this.change(interaction, original, draft);
      return original;
    }
    const isReply = original !== undefined && original.onlyFor === undefined;
    const type = isReply ? MessageType.Reply : MessageType.Default;
    const message = this.#post(interaction, draft, type, isReply ? original : undefined);
    interaction.followUps.push(message);
    return message;
  }

  /** Changes an answer; one that was deferred is there from now on. */
  change(interaction: Interaction, message: Message, change: Change): void {
    const loading = message.flags & MessageFlags.Loading;
    const flags = ((change.flags ?? message.flags) & ~MessageFlags.Loading) | (message.flags & MessageFlags.Ephemeral);
    edit(this.#guild, interaction.gesture.channel, message, { ...change, flags });
    // What only replaces "thinking" isn't an edit.
    if (loading !== 0) message.editedAt = undefined;
  }

  /** The answer named `@original` or by its id. */
  messageOf(interaction: Interaction, id: string): Message {
    const own = [interaction.original, ...interaction.followUps].filter((message) => message !== undefined);
    const found = id === '@original' ? interaction.original : own.find((message) => message.id === id);
    if (found === undefined || found.deleted) throw refusal(Code.UnknownMessage);
    return found;
  }

  remove(interaction: Interaction, message: Message): void {
    remove(this.#guild, interaction.gesture.channel, message);
  }

  #checkKind(interaction: Interaction, type: Answer): void {
    const { gesture } = interaction;
    const isAutocomplete = gesture.type === InteractionType.ApplicationCommandAutocomplete;
    const fits =
      type === Answer.ApplicationCommandAutocompleteResult
        ? isAutocomplete
        : type === Answer.UpdateMessage || type === Answer.DeferredMessageUpdate
          ? gesture.source !== undefined
          : type === Answer.Modal
            ? !isAutocomplete && gesture.type !== InteractionType.ModalSubmit
            : [Answer.ChannelMessageWithSource, Answer.DeferredChannelMessageWithSource].includes(type) &&
              !isAutocomplete;
    if (!fits) throw badForm('type', 'INTERACTION_RESPONSE_TYPE_INVALID', 'Interaction response type is invalid.');
  }

  #post(interaction: Interaction, draft: Partial<Draft>, type: MessageType, repliedTo?: Message): Message {
    const guild = this.#guild;
    const { gesture } = interaction;
    const ephemeral = ((draft.flags ?? 0) & MessageFlags.Ephemeral) !== 0;
    const target = repliedTo ?? (type === MessageType.Reply ? gesture.source : undefined);
    const command = gesture.command;
    return post(guild, gesture.channel, {
      ...draft,
      author: authorFrom(guild, guild.bot.id),
      applicationId: guild.applicationId,
      // Answers are webhook messages of the app.
      webhookId: guild.applicationId,
      type,
      interaction: this.#metadata(interaction),
      ...(command === undefined ? {} : { command: { id: interaction.id, name: command, userId: gesture.userId } }),
      ...(target === undefined ? {} : { reference: { channelId: target.channelId, messageId: target.id } }),
      ...(ephemeral ? { onlyFor: gesture.userId } : {}),
    });
  }

  #metadata(interaction: Interaction): APIMessageInteractionMetadata {
    const { gesture } = interaction;
    const base = {
      id: interaction.id,
      user: userOf(this.#guild, gesture.userId),
      authorizing_integration_owners: { [ApplicationIntegrationType.GuildInstall]: this.#guild.id },
    };
    if (gesture.type === InteractionType.MessageComponent)
      return { ...base, type: gesture.type, interacted_message_id: gesture.source?.id ?? '' };
    if (gesture.type === InteractionType.ModalSubmit) {
      const triggering = { ...base, type: InteractionType.ApplicationCommand as const };
      return { ...base, type: gesture.type, triggering_interaction_metadata: triggering };
    }
    return { ...base, type: InteractionType.ApplicationCommand };
  }

  #payload(interaction: Interaction): APIInteraction {
    const guild = this.#guild;
    const { gesture } = interaction;
    const { channel } = gesture;
    const member = guild.members.get(gesture.userId);
    const inGuild = !channel.isDirect && member !== undefined;
    const who: APIInteractionGuildMember | undefined =
      member === undefined
        ? undefined
        : { ...renderMember(guild, member), permissions: permissionsIn(guild, channel, gesture.userId).toString() };
    const shared = {
      id: interaction.id,
      application_id: guild.applicationId,
      token: interaction.token,
      version: 1,
      channel_id: channel.id,
      app_permissions: (inGuild
        ? permissionsIn(guild, channel, guild.bot.id)
        : guildPermissions(guild, guild.bot.id)
      ).toString(),
      locale: Locale.EnglishUS,
      entitlements: [],
      authorizing_integration_owners: { [ApplicationIntegrationType.GuildInstall]: guild.id },
      context: inGuild ? InteractionContextType.Guild : InteractionContextType.BotDM,
      attachment_size_limit: guild.settings.maxFileBytes,
    } satisfies Partial<APIBaseInteraction<InteractionType, unknown>>;
    const asked = {
      ...shared,
      channel: renderChannel(guild, channel),
      ...(inGuild
        ? {
            guild_id: guild.id,
            guild: { id: guild.id, features: [], locale: Locale.EnglishUS },
            guild_locale: Locale.EnglishUS,
            member: who,
          }
        : { user: userOf(guild, gesture.userId) }),
      ...(gesture.source === undefined ? {} : { message: renderMessage(guild, gesture.source, { mayRead: true }) }),
    };
    // Which data goes with which type is the gesture's to keep.
    return { ...asked, type: gesture.type, data: gesture.data } as unknown as APIInteraction;
  }
}

function choicesOf(data: JsonObject): Interaction['choices'] {
  const choices = objectsOf(data['choices']).map(({ name, value }) => ({
    name: textOf(name),
    value: typeof value === 'number' ? value : wordOf(value),
  }));
  if (choices.length > 25) throw badForm('data.choices', 'BASE_TYPE_MAX_LENGTH', 'Must be 25 or fewer in length.');
  const long = choices.findIndex(({ name, value }) => name.length > 100 || name === '' || String(value).length > 100);
  if (long !== -1)
    throw badForm(`data.choices.${long}.name`, 'BASE_TYPE_BAD_LENGTH', 'Must be between 1 and 100 in length.');
  return choices;
}

function modalOf(data: JsonObject, gesture: Gesture): Modal {
  const [title, customId, components] = [
    textOf(data['title']),
    textOf(data['custom_id']),
    objectsOf(data['components']),
  ];
  if (title === '' || title.length > 45)
    throw badForm('data.title', 'BASE_TYPE_BAD_LENGTH', 'Must be between 1 and 45 in length.');
  if (customId === '' || customId.length > 100)
    throw badForm('data.custom_id', 'BASE_TYPE_BAD_LENGTH', 'Must be between 1 and 100 in length.');
  if (components.length === 0 || components.length > 5)
    throw badForm('data.components', 'BASE_TYPE_BAD_LENGTH', 'Must be between 1 and 5 in length.');
  return { customId, title, components, source: gesture.source, channel: gesture.channel };
}
