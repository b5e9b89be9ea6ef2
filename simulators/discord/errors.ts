// What a refused call is answered: Discord's error codes with their HTTP status and words, and the tree of a bad form.
import { RESTJSONErrorCodes as Code } from 'discord-api-types/v10';
import type { JsonObject } from './json.ts';

/** The codes this stand-in answers with; status and words as Discord's "Opcodes and Status Codes" page lists them. */
const REFUSALS = {
  [Code.UnknownChannel]: [404, 'Unknown Channel'],
  [Code.UnknownGuild]: [404, 'Unknown Guild'],
  [Code.UnknownMember]: [404, 'Unknown Member'],
  [Code.UnknownMessage]: [404, 'Unknown Message'],
  [Code.UnknownPermissionOverwrite]: [404, 'Unknown permission overwrite'],
  [Code.UnknownRole]: [404, 'Unknown Role'],
  [Code.UnknownUser]: [404, 'Unknown User'],
  [Code.UnknownEmoji]: [400, 'Unknown Emoji'],
  [Code.UnknownWebhook]: [404, 'Unknown Webhook'],
  [Code.UnknownInteraction]: [404, 'Unknown interaction'],
  [Code.UnknownApplicationCommand]: [404, 'Unknown application command'],
  [Code.MaximumNumberOfPinsReachedForTheChannel]: [400, 'Maximum number of pins reached for the channel (250)'],
  [Code.MaximumNumberOfGuildRolesReached]: [400, 'Maximum number of guild roles reached (250)'],
  [Code.MaximumNumberOfWebhooksReached]: [400, 'Maximum number of webhooks reached (15)'],
  [Code.MaximumNumberOfReactionsReached]: [400, 'Maximum number of reactions reached (20)'],
  [Code.MaximumNumberOfGuildChannelsReached]: [400, 'Maximum number of guild channels reached (500)'],
  [Code.MaximumNumberOfAttachmentsInAMessageReached]: [400, 'Maximum number of attachments in a message reached (10)'],
  [Code.MaximumNumberOfApplicationCommandsReached]: [400, 'Maximum number of application commands reached (100)'],
  [Code.MaximumThreadParticipantsReached]: [400, 'Maximum number of thread participants has been reached (1000)'],
  [Code.MaximumNumberOfEditsToMessagesOlderThanOneHourReached]: [
    429,
    'Maximum number of edits to messages older than 1 hour reached. Try again later',
  ],
  [Code.MaximumNumberOfWebhooksPerGuildReached]: [400, 'Maximum number of webhooks per guild reached (1000)'],
  [Code.MaximumNumberOfChannelPermissionOverwritesReached]: [
    400,
    'Maximum number of channel permission overwrites reached (1000)',
  ],
  [Code.RequestEntityTooLarge]: [413, 'Request entity too large. Try sending something smaller in size'],
  [Code.InteractionHasAlreadyBeenAcknowledged]: [400, 'Interaction has already been acknowledged.'],
  [Code.CannotSendAMessageInAForumChannel]: [400, 'Cannot send a message in a forum channel'],
  [Code.MissingAccess]: [403, 'Missing Access'],
  [Code.CannotExecuteActionOnDMChannel]: [403, 'Cannot execute action on a DM channel'],
  [Code.CannotEditMessageAuthoredByAnotherUser]: [403, 'Cannot edit a message authored by another user'],
  [Code.CannotSendAnEmptyMessage]: [400, 'Cannot send an empty message'],
  [Code.CannotSendMessagesToThisUser]: [403, 'Cannot send messages to this user'],
  [Code.CannotSendMessagesInNonTextChannel]: [400, 'Cannot send messages in a non-text channel'],
  [Code.MissingPermissions]: [403, 'Missing Permissions'],
  [Code.ProvidedTooFewOrTooManyMessagesToDelete]: [
    400,
    'Provided too few or too many messages to delete. Must provide at least 2 and fewer than 100 messages to delete',
  ],
  [Code.CannotExecuteActionOnSystemMessage]: [403, 'Cannot execute action on a system message'],
  [Code.CannotExecuteActionOnThisChannelType]: [400, 'Cannot execute action on this channel type'],
  [Code.InvalidWebhookToken]: [401, 'Invalid Webhook Token'],
  [Code.OneOfTheMessagesProvidedWasTooOldForBulkDelete]: [
    400,
    'You can only bulk delete messages that are under 14 days old.',
  ],
  [Code.InvalidFormBodyOrContentType]: [400, 'Invalid Form Body'],
  [Code.InvalidAPIVersion]: [400, 'Invalid API version provided'],
  [Code.InvalidMessageType]: [400, 'Invalid message type'],
  [Code.InvalidActionOnArchivedThread]: [400, 'Thread is archived'],
  [Code.RequestBodyContainsInvalidJSON]: [400, 'The request body contains invalid JSON.'],
  [Code.VoiceMessagesDoNotSupportAdditionalContent]: [400, 'Voice messages do not support additional content.'],
  [Code.VoiceMessagesMustHaveASingleAudioAttachment]: [400, 'Voice messages must have a single audio attachment.'],
  [Code.VoiceMessagesMustHaveSupportingMetadata]: [400, 'Voice messages must have supporting metadata.'],
  [Code.VoiceMessagesCannotBeEdited]: [400, 'Voice messages cannot be edited.'],
  [Code.YouCannotSendVoiceMessagesInThisChannel]: [403, 'You cannot send voice messages in this channel.'],
  [Code.ReactionWasBlocked]: [403, 'Reaction was blocked'],
  [Code.CannotReplyWithoutPermissionToReadMessageHistory]: [
    400,
    'Cannot reply without permission to read message history',
  ],
  [Code.ThreadAlreadyCreatedForMessage]: [400, 'A thread has already been created for this message'],
  [Code.ThreadLocked]: [400, 'Thread is locked'],
  [Code.MaximumActiveThreads]: [400, 'Maximum number of active threads reached'],
  [Code.WebhooksPostedToForumChannelsMustHaveAThreadNameOrThreadId]: [
    400,
    'Webhooks posted to forum channels must have a thread_name or thread_id',
  ],
  [Code.WebhooksCanOnlyCreateThreadsInForumChannels]: [400, 'Webhooks can only create threads in forum channels'],
} as const satisfies Readonly<Partial<Record<Code, readonly [number, string]>>>;

/** A code of the table. */
export type Refusal = keyof typeof REFUSALS;

/** A call that is answered with an error. `code` 0 goes with statuses that have no code of their own (401, 404, 405). */
export class RestError extends Error {
  readonly status: number;
  readonly code: number;
  /** The tree under `errors` of a bad form. */
  readonly errors: JsonObject | undefined;

  constructor(status: number, code: number, message: string, errors?: JsonObject) {
    super(message);
    this.status = status;
    this.code = code;
    this.errors = errors;
  }
}

/** The error that goes with a code. */
export function refusal(code: Refusal): RestError {
  const [status, message] = REFUSALS[code];
  return new RestError(status, code, message);
}

/** One thing wrong in a form: where (`embeds.0.title`), Discord's code for it, and its words. */
interface Flaw {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/** Collects what is wrong with a form, and refuses it as a whole (50035). */
export class Form {
  readonly #flaws: Flaw[] = [];

  /** Notes a flaw; `path` with dots. */
  fail(path: string, code: string, message: string): void {
    this.#flaws.push({ path, code, message });
  }

  /** Notes a text that is too long or too short; an absent one is fine. */
  length(path: string, value: unknown, max: number, min = 0): void {
    if (value === undefined || value === null) return;
    if (typeof value !== 'string') this.fail(path, 'STRING_TYPE_CONVERT', 'Could not interpret value as string.');
    else if (value.length > max || value.length < min) {
      if (min > 0) this.fail(path, 'BASE_TYPE_BAD_LENGTH', `Must be between ${min} and ${max} in length.`);
      else this.fail(path, 'BASE_TYPE_MAX_LENGTH', `Must be ${max} or fewer in length.`);
    }
  }

  /** Notes a list that is too long or isn't one; an absent one is fine. */
  count(path: string, value: unknown, max: number): void {
    if (value === undefined || value === null) return;
    if (!Array.isArray(value)) this.fail(path, 'LIST_TYPE_CONVERT', 'Only iterables may be used in a ListType.');
    else if (value.length > max) this.fail(path, 'BASE_TYPE_MAX_LENGTH', `Must be ${max} or fewer in length.`);
  }

  /** Notes a field that must be there. */
  need(path: string, value: unknown): void {
    if (value === undefined || value === null || value === '')
      this.fail(path, 'BASE_TYPE_REQUIRED', 'This field is required');
  }

  /** Throws when anything was wrong. */
  check(): void {
    if (this.#flaws.length === 0) return;
    const errors: JsonObject = {};
    for (const { path, code, message } of this.#flaws) {
      let node = errors;
      for (const step of path.split('.')) {
        const next = (node[step] ?? {}) as JsonObject;
        node[step] = next;
        node = next;
      }
      const list = (node['_errors'] ?? []) as JsonObject[];
      node['_errors'] = [...list, { code, message }];
    }
    throw new RestError(400, Code.InvalidFormBodyOrContentType, 'Invalid Form Body', errors);
  }
}

/** A form with one flaw. */
export function badForm(path: string, code: string, message: string): RestError {
  const form = new Form();
  form.fail(path, code, message);
  try {
    form.check();
  } catch (error) {
    if (error instanceof RestError) return error;
  }
  return refusal(Code.InvalidFormBodyOrContentType);
}
