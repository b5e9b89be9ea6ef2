// What a message may hold: lengths, counts, files, and which fields go together. Bad ones are refused as Discord does.
import { ButtonStyle, ComponentType, MessageFlags, RESTJSONErrorCodes as Code } from 'discord-api-types/v10';
import type { APIEmbed } from 'discord-api-types/v10';
import { Form, refusal } from '../errors.ts';
import type { GivenFile } from '../files.ts';
import { contentTypeOf } from '../files.ts';
import { pollOf } from './polls.ts';
import { isObject, numberOf, objectOf, objectsOf, textOf, textsOf, wordOf } from '../json.ts';
import type { JsonObject } from '../json.ts';
import type { Change, Draft } from '../messages.ts';
import { everyComponent } from '../pings.ts';
import type { Message } from '../types.ts';
import type { Call } from './call.ts';

/** The flags a sender may set. */
const BOT_FLAGS =
  MessageFlags.SuppressEmbeds |
  MessageFlags.SuppressNotifications |
  MessageFlags.IsVoiceMessage |
  MessageFlags.IsComponentsV2;
const WEBHOOK_FLAGS = MessageFlags.SuppressEmbeds | MessageFlags.SuppressNotifications | MessageFlags.IsComponentsV2;
const ANSWER_FLAGS = BOT_FLAGS | MessageFlags.Ephemeral;

/** Who sends: a bot, a webhook, or an interaction's answer; each may set other things. */
export type Sender = 'bot' | 'webhook' | 'answer';

/** The parts of a new message that all senders share. */
export type Content = Pick<Draft, 'content' | 'embeds' | 'components' | 'files' | 'flags' | 'tts' | 'poll'> & {
  readonly allowed?: JsonObject;
};

/** Reads a new message; refuses a bad one (50035), an empty one (50006), too many or too big files. */
export function newContent(call: Call, body: JsonObject, sender: Sender): Content {
  checkMessage(body);
  const files = filesOf(call, body);
  const allowedFlags = { bot: BOT_FLAGS, webhook: WEBHOOK_FLAGS, answer: ANSWER_FLAGS }[sender];
  const flags = numberOf(body['flags']) & allowedFlags;
  checkVoice(flags, body, files);
  const embeds = embedsOf(body);
  const components = objectsOf(body['components']);
  const isV2 = (flags & MessageFlags.IsComponentsV2) !== 0;
  checkComponents(body['components'], isV2);
  if (isV2) checkOnlyComponents(body);
  const empty =
    textOf(body['content']).trim() === '' &&
    embeds.length === 0 &&
    files.length === 0 &&
    components.length === 0 &&
    !isObject(body['poll']);
  if (empty) throw refusal(Code.CannotSendAnEmptyMessage);
  return {
    content: textOf(body['content']).trim(),
    embeds,
    components,
    files,
    flags,
    tts: body['tts'] === true,
    ...(isObject(body['poll']) ? { poll: pollOf(call, body['poll']) } : {}),
    ...allowedOf(body),
  };
}

/** Reads an edit of a message; null empties a field. */
export function changeOf(call: Call, body: JsonObject, message: Message): Change {
  checkMessage(body);
  const files = filesOf(call, body);
  const settable = MessageFlags.SuppressEmbeds | MessageFlags.IsComponentsV2;
  const { flags: given } = body;
  const flags = (message.flags & ~MessageFlags.SuppressEmbeds) | (numberOf(given) & settable);
  const isV2 =
    (typeof given === 'number' ? flags & MessageFlags.IsComponentsV2 : message.flags & MessageFlags.IsComponentsV2) !==
    0;
  checkComponents(body['components'], isV2);
  if (isV2) checkOnlyComponents(body);
  const { attachments } = body;
  return {
    ...(body['content'] === undefined ? {} : { content: textOf(body['content']).trim() }),
    ...(body['embeds'] === undefined ? {} : { embeds: embedsOf(body) }),
    ...(body['components'] === undefined ? {} : { components: objectsOf(body['components']) }),
    ...(typeof given === 'number' ? { flags } : {}),
    ...(attachments === undefined ? {} : { keep: objectsOf(attachments).map((file) => wordOf(file['id'])) }),
    files,
    ...allowedOf(body),
  };
}

function allowedOf(body: JsonObject): { allowed?: JsonObject } {
  return isObject(body['allowed_mentions']) ? { allowed: body['allowed_mentions'] } : {};
}

function embedsOf(body: JsonObject): APIEmbed[] {
  return objectsOf(body['embeds']);
}

/** The files of a call with what `attachments` says about each. */
function filesOf(call: Call, body: JsonObject): GivenFile[] {
  const { settings } = call.guild;
  if (call.uploads.length > 10) throw refusal(Code.MaximumNumberOfAttachmentsInAMessageReached);
  return call.uploads.map((upload) => {
    if (upload.bytes.length > settings.maxFileBytes) throw refusal(Code.RequestEntityTooLarge);
    const about = objectsOf(body['attachments']).find((other) => wordOf(other['id']) === upload.index) ?? {};
    const name = textOf(about['filename']) || upload.name;
    return {
      name,
      bytes: upload.bytes,
      contentType:
        upload.contentType.includes('/') && upload.contentType !== 'application/octet-stream'
          ? upload.contentType
          : contentTypeOf(name),
      description: textOf(about['description']) || undefined,
      durationSecs: about['duration_secs'] === undefined ? undefined : numberOf(about['duration_secs']),
      waveform: textOf(about['waveform']) || undefined,
      ...(about['is_spoiler'] === true ? { spoiler: true } : {}),
    };
  });
}

function checkVoice(flags: number, body: JsonObject, files: readonly GivenFile[]): void {
  if ((flags & MessageFlags.IsVoiceMessage) === 0) return;
  const [file, ...others] = files;
  if (textOf(body['content']) !== '' || objectsOf(body['embeds']).length > 0)
    throw refusal(Code.VoiceMessagesDoNotSupportAdditionalContent);
  if (file === undefined || others.length > 0 || file.contentType?.startsWith('audio/') !== true)
    throw refusal(Code.VoiceMessagesMustHaveASingleAudioAttachment);
  if (file.durationSecs === undefined || file.waveform === undefined)
    throw refusal(Code.VoiceMessagesMustHaveSupportingMetadata);
}

function checkMessage(body: JsonObject): void {
  const form = new Form();
  form.length('content', body['content'], 2_000);
  form.count('embeds', body['embeds'], 10);
  objectsOf(body['embeds']).forEach((embed, at) => checkEmbed(form, embed, `embeds.${at}`));
  const total = objectsOf(body['embeds']).reduce((sum, embed) => sum + embedLength(embed), 0);
  if (total > 6_000) form.fail('embeds', 'MAX_EMBED_SIZE_EXCEEDED', 'Embed size exceeds maximum size of 6000');
  const { nonce } = body;
  if (nonce !== undefined && nonce !== null && wordOf(nonce).length > 25)
    form.fail('nonce', 'NONCE_TYPE_TOO_LONG', 'Nonce must be 25 or fewer in length.');
  checkAllowed(form, objectOf(body['allowed_mentions']));
  objectsOf(body['attachments']).forEach((file, at) =>
    form.length(`attachments.${at}.description`, file['description'], 1_024),
  );
  form.check();
}

function checkAllowed(form: Form, allowed: JsonObject): void {
  for (const kind of ['users', 'roles']) {
    form.count(`allowed_mentions.${kind}`, allowed[kind], 100);
    if (textsOf(allowed['parse']).includes(kind) && textsOf(allowed[kind]).length > 0) {
      const words = `parse:["${kind}"] and ${kind}: [ids...] are mutually exclusive.`;
      form.fail('allowed_mentions', 'MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE', words);
    }
  }
}

function checkEmbed(form: Form, embed: JsonObject, path: string): void {
  form.length(`${path}.title`, embed['title'], 256);
  form.length(`${path}.description`, embed['description'], 4_096);
  form.length(`${path}.footer.text`, objectOf(embed['footer'])['text'], 2_048);
  form.length(`${path}.author.name`, objectOf(embed['author'])['name'], 256);
  form.count(`${path}.fields`, embed['fields'], 25);
  objectsOf(embed['fields']).forEach((field, at) => {
    form.need(`${path}.fields.${at}.name`, field['name']);
    form.need(`${path}.fields.${at}.value`, field['value']);
    form.length(`${path}.fields.${at}.name`, field['name'], 256);
    form.length(`${path}.fields.${at}.value`, field['value'], 1_024);
  });
  const addresses = [embed['url'], objectOf(embed['image'])['url'], objectOf(embed['thumbnail'])['url']];
  for (const address of addresses) {
    if (address !== undefined && address !== null && !/^(https?|attachment):\/\//.test(textOf(address)))
      form.fail(`${path}.url`, 'URL_TYPE_INVALID_SCHEME', `Scheme must be one of ('http', 'https').`);
  }
}

function embedLength(embed: JsonObject): number {
  const fields = objectsOf(embed['fields']).flatMap((field) => [field['name'], field['value']]);
  const parts = [
    embed['title'],
    embed['description'],
    objectOf(embed['footer'])['text'],
    objectOf(embed['author'])['name'],
  ];
  return [...parts, ...fields].reduce<number>((sum, part) => sum + textOf(part).length, 0);
}

function checkOnlyComponents(body: JsonObject): void {
  const form = new Form();
  for (const field of ['content', 'embeds', 'poll']) {
    const value = body[field];
    const there = Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null && value !== '';
    if (there) {
      const words = `The '${field}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2`;
      form.fail(field, 'MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2', words);
    }
  }
  form.check();
}

/** Checks the components of a message or modal. */
export function checkComponents(given: unknown, isV2: boolean): void {
  if (given === undefined || given === null) return;
  const form = new Form();
  const all = everyComponent(objectsOf(given));
  if (isV2) {
    if (all.length > 40) form.fail('components', 'BASE_TYPE_MAX_LENGTH', 'Must be 40 or fewer in length.');
    const shown = all.reduce((sum, component) => sum + textOf(component['content']).length, 0);
    if (shown > 4_000)
      form.fail('components', 'COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED', 'Displayable text is over 4000');
  } else {
    form.count('components', given, 5);
    objectsOf(given).forEach((row, at) => {
      const { type } = row;
      if (type !== ComponentType.ActionRow)
        form.fail(`components.${at}.type`, 'UNION_TYPE_CHOICES', 'Value of field "type" must be one of (1,).');
    });
  }
  const ids = new Set<string>();
  all.forEach((component, at) => checkComponent(form, component, `components.${at}`, ids));
  form.check();
}

function checkComponent(form: Form, component: JsonObject, path: string, ids: Set<string>): void {
  const { custom_id: customId } = component;
  form.length(`${path}.custom_id`, customId, 100, 1);
  if (typeof customId === 'string') {
    if (ids.has(customId))
      form.fail(`${path}.custom_id`, 'COMPONENT_CUSTOM_ID_DUPLICATED', 'Component custom id cannot be duplicated');
    ids.add(customId);
  }
  switch (component['type']) {
    case ComponentType.ActionRow:
      if (objectsOf(component['components']).length > 5 || objectsOf(component['components']).length === 0)
        form.fail(`${path}.components`, 'BASE_TYPE_BAD_LENGTH', 'Must be between 1 and 5 in length.');
      return;
    case ComponentType.Button:
      form.length(`${path}.label`, component['label'], 80);
      if (component['style'] === ButtonStyle.Link) form.need(`${path}.url`, component['url']);
      else form.need(`${path}.custom_id`, customId);
      if (!isObject(component['emoji']) && textOf(component['label']) === '')
        form.fail(path, 'BUTTON_COMPONENT_INVALID_EMPTY', 'A button must have a label or an emoji');
      return;
    case ComponentType.StringSelect:
      form.need(`${path}.custom_id`, customId);
      form.length(`${path}.placeholder`, component['placeholder'], 150);
      if (objectsOf(component['options']).length === 0 || objectsOf(component['options']).length > 25)
        form.fail(`${path}.options`, 'BASE_TYPE_BAD_LENGTH', 'Must be between 1 and 25 in length.');
      return;
    case ComponentType.TextInput:
      form.need(`${path}.custom_id`, customId);
      form.length(`${path}.label`, component['label'], 45);
      form.length(`${path}.value`, component['value'], 4_000);
      return;
    default:
  }
}
