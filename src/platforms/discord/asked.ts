// What people ask of us by command, button, form or message menu → Request, and what is needed to answer it. Pure.
import { z } from 'zod';
import type { CommandRef, CommandTree, Request } from '../../domain/command.ts';
import { channelId, dateOf, postId, userId } from './ids.ts';
import type { Standing } from './places.ts';
import { userShape } from './receive.ts';

/** Numbers of Discord's API; source: docs.discord.com, "Interaction Types", "Option Types", "Application Command Types". */
const COMMAND = 2;
const COMPONENT = 3;
const AUTOCOMPLETE = 4;
const FORM = 5;
const SUBCOMMANDS = new Set([1, 2]);
const MESSAGE_MENU = 3;

/** What Discord lets us answer with. */
export interface Asked {
  readonly id: string;
  readonly token: string;
  readonly applicationId: string;
  /** Unique for each asking. */
  readonly key: string;
  readonly at: Date;
  readonly user: { readonly id: string; readonly name: string };
  /** Where it was asked, as Discord calls it. */
  readonly place?: { readonly channel: string; readonly message?: string };
  /** The custom_id of a button or form. */
  readonly customId: string;
  readonly request: Omit<Request, 'ref'>;
}

export interface AskedContext {
  readonly guildId: string;
  readonly commands: CommandTree;
  standing(channel: string): Standing;
}

interface Option {
  readonly name: string;
  readonly type: number;
  readonly value?: string | number | boolean | undefined;
  readonly options?: readonly Option[] | undefined;
  /** Of the option that is being typed. */
  readonly focused?: boolean | undefined;
}
const optionShape: z.ZodType<Option> = z.lazy(() =>
  z.object({
    name: z.string(),
    type: z.number(),
    value: z.union([z.string(), z.number(), z.boolean()]).optional(),
    options: z.array(optionShape).optional(),
    focused: z.boolean().optional(),
  }),
);

interface Field {
  readonly custom_id?: string | undefined;
  readonly value?: string | null | undefined;
  readonly values?: readonly string[] | undefined;
  readonly component?: Field | undefined;
  readonly components?: readonly Field[] | undefined;
}
const fieldShape: z.ZodType<Field> = z.lazy(() =>
  z.object({
    custom_id: z.string().optional(),
    value: z.string().nullish(),
    values: z.array(z.string()).optional(),
    component: fieldShape.optional(),
    components: z.array(fieldShape).optional(),
  }),
);

const interactionShape = z.object({
  id: z.string(),
  application_id: z.string(),
  token: z.string(),
  type: z.number(),
  guild_id: z.string().nullish(),
  channel_id: z.string().nullish(),
  member: z.object({ user: userShape, nick: z.string().nullish() }).nullish(),
  user: userShape.nullish(),
  message: z
    .object({ id: z.string(), message_reference: z.object({ message_id: z.string().nullish() }).nullish() })
    .nullish(),
  data: z
    .object({
      name: z.string().nullish(),
      type: z.number().nullish(),
      target_id: z.string().nullish(),
      custom_id: z.string().nullish(),
      options: z.array(optionShape).nullish(),
      components: z.array(fieldShape).nullish(),
    })
    .nullish(),
});
type Interaction = z.infer<typeof interactionShape>;

/** Reads an interaction; undefined for those of other servers and for what can't be read. */
export function readAsked(payload: unknown, context: AskedContext): Asked | undefined {
  const parsed = interactionShape.safeParse(payload);
  if (!parsed.success) return undefined;
  const interaction = parsed.data;
  const user = interaction.member?.user ?? interaction.user;
  if (!user || (interaction.guild_id && interaction.guild_id !== context.guildId)) return undefined;
  const request = requestOf(interaction, context);
  if (request === undefined) return undefined;
  const channel = interaction.channel_id;
  const message = interaction.message?.id ?? interaction.data?.target_id;
  return {
    id: interaction.id,
    token: interaction.token,
    applicationId: interaction.application_id,
    key: `asked:${interaction.id}`,
    at: dateOf(interaction.id),
    user: { id: user.id, name: interaction.member?.nick || user.global_name || user.username || user.id },
    ...(channel ? { place: { channel, ...(message ? { message } : {}) } } : {}),
    customId: interaction.data?.custom_id ?? '',
    request: { user: userId(user.id), ...placeOf(interaction, context), ...request },
  };
}

type Part = Pick<Request, 'via' | 'action' | 'text' | 'options'> & Partial<Pick<Request, 'post' | 'focused'>>;

function requestOf(interaction: Interaction, context: AskedContext): Part | undefined {
  const { data } = interaction;
  switch (interaction.type) {
    case COMMAND:
    case AUTOCOMPLETE: {
      if (data?.type === MESSAGE_MENU) {
        const shortcut = context.commands.shortcuts.find(({ label }) => label === data.name);
        return { via: 'shortcut', action: shortcut?.action ?? data.name ?? '', text: '', options: {} };
      }
      const via = interaction.type === COMMAND ? 'command' : 'autocomplete';
      return { via, action: data?.name ?? '', ...wordsOf(data?.options ?? []) };
    }
    case COMPONENT:
      return { via: 'button', action: data?.custom_id ?? '', text: '', options: {} };
    case FORM: {
      const { action } = readFormId(data?.custom_id ?? '');
      return { via: 'form', action, text: '', options: valuesOf(data?.components ?? []) };
    }
    default:
      return undefined;
  }
}

/** The words after `/wa`: the subcommand's path, or all of them where there are no subcommands; options by name. */
function wordsOf(given: readonly Option[]): Pick<Part, 'text' | 'options' | 'focused'> {
  const path: string[] = [];
  let options = given;
  for (let [sub] = options; sub !== undefined && SUBCOMMANDS.has(sub.type); [sub] = options) {
    path.push(sub.name);
    options = sub.options ?? [];
  }
  const values: Record<string, string> = {};
  for (const { name, value } of options) if (value !== undefined) values[name] = String(value);
  const focused = options.find((option) => option.focused === true);
  if (path.length > 0) {
    return { text: path.join(' '), options: values, ...(focused === undefined ? {} : { focused: focused.name }) };
  }
  return { text: (values[FREE_TEXT] ?? '').trim(), options: {} };
}

/** The one option of a command without subcommands. */
export const FREE_TEXT = 'text';

function placeOf(
  interaction: Interaction,
  context: AskedContext,
): Partial<Pick<Request, 'channel' | 'post' | 'thread'>> {
  const channel = interaction.guild_id ? interaction.channel_id : undefined;
  if (!channel) return {};
  const standing = context.standing(channel);
  const message = interaction.message?.id ?? interaction.data?.target_id;
  const repliedTo = interaction.message?.message_reference?.message_id;
  const thread = standing.thread ?? (repliedTo ? postId(channel, repliedTo) : undefined);
  return {
    channel: channelId(standing.channel),
    ...(message ? { post: postId(channel, message) } : {}),
    ...(thread === undefined ? {} : { thread }),
  };
}

/** A form's custom_id: its action, behind what we remember it by. */
export function formId(memory: string, action: string): string {
  return `${memory}|${action}`.slice(0, 100);
}

/** The parts of a form's custom_id. */
export function readFormId(customId: string): { readonly memory: string; readonly action: string } {
  const bar = customId.indexOf('|');
  return { memory: customId.slice(0, Math.max(0, bar)), action: customId.slice(bar + 1) };
}

/** Several choices are joined by commas; what was left empty is absent. */
function valuesOf(fields: readonly Field[]): Record<string, string> {
  const values: Record<string, string> = {};
  for (const field of fields) {
    const value = field.value ?? field.values?.join(',');
    if (field.custom_id !== undefined && value !== undefined && value !== '') values[field.custom_id] = value;
    Object.assign(values, valuesOf([...(field.components ?? []), ...(field.component ? [field.component] : [])]));
  }
  return values;
}

/** The event that a Request arrives in. */
export function askedEvent(asked: Asked, ref: CommandRef) {
  return { kind: 'asked' as const, key: asked.key, request: { ...asked.request, ref }, at: asked.at };
}
