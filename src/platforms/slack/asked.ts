// What people ask of us by command, button, form or shortcut → Request, and what is needed to answer it. Pure.
import { z } from 'zod';
import type { CommandRef, Request } from '../../domain/command.ts';
import { channelId, postId, userId } from './ids.ts';

/** What Slack lets us answer with, and where: some of it for seconds only. */
export interface Asked {
  readonly request: Omit<Request, 'ref'>;
  /** Unique for each asking. */
  readonly key: string;
  readonly user: string;
  readonly channel?: string;
  readonly thread?: string;
  /** Opens a form, once, within 3 s. */
  readonly trigger?: string;
  /** Answers privately, 5 times within 30 minutes. */
  readonly responseUrl?: string;
}

/** What an open form remembers of where it was asked for, as its private_metadata. */
const originShape = z.object({
  channel: z.string().optional(),
  post: z.string().optional(),
  thread: z.string().optional(),
  responseUrl: z.string().optional(),
});
export type FormOrigin = z.infer<typeof originShape>;

const personShape = z.object({ id: z.string() });
const placeShape = z.object({ id: z.string() });
const messageShape = z.object({ ts: z.string(), thread_ts: z.string().nullish() });

const commandShape = z.object({
  command: z.string(),
  text: z.string().nullish(),
  user_id: z.string(),
  channel_id: z.string(),
  trigger_id: z.string(),
  response_url: z.string(),
});

const buttonShape = z.object({
  type: z.literal('block_actions'),
  user: personShape,
  channel: placeShape.nullish(),
  message: messageShape.nullish(),
  container: z.object({ thread_ts: z.string().nullish(), is_ephemeral: z.boolean().nullish() }).nullish(),
  actions: z
    .array(z.object({ action_id: z.string(), value: z.string().nullish(), action_ts: z.string().nullish() }))
    .min(1),
  trigger_id: z.string(),
  response_url: z.string().nullish(),
});

const shortcutShape = z.object({
  type: z.enum(['message_action', 'shortcut']),
  callback_id: z.string(),
  user: personShape,
  channel: placeShape.nullish(),
  message: messageShape.nullish(),
  trigger_id: z.string(),
  response_url: z.string().nullish(),
});

const optionShape = z.object({ value: z.string() });
const formShape = z.object({
  type: z.literal('view_submission'),
  user: personShape,
  trigger_id: z.string().nullish(),
  view: z.object({
    id: z.string(),
    hash: z.string().nullish(),
    callback_id: z.string(),
    private_metadata: z.string().nullish(),
    state: z.object({
      values: z.record(
        z.string(),
        z.record(
          z.string(),
          z.object({
            value: z.string().nullish(),
            selected_option: optionShape.nullish(),
            selected_options: z.array(optionShape).nullish(),
          }),
        ),
      ),
    }),
  }),
});

const payloadShape = z.union([commandShape, buttonShape, shortcutShape, formShape]);

/** Reads a command or interaction; undefined for kinds that ask nothing (a form closed) and for what can't be read. */
export function readAsked(body: unknown): Asked | undefined {
  const parsed = payloadShape.safeParse(body);
  if (!parsed.success) return undefined;
  const payload = parsed.data;
  if ('command' in payload) return ofCommand(payload);
  switch (payload.type) {
    case 'block_actions':
      return ofButton(payload);
    case 'message_action':
    case 'shortcut':
      return ofShortcut(payload);
    case 'view_submission':
      return ofForm(payload);
  }
}

function ofCommand(payload: z.infer<typeof commandShape>): Asked {
  const { user_id: user, channel_id: channel } = payload;
  return {
    key: `command:${payload.trigger_id}`,
    user,
    channel,
    trigger: payload.trigger_id,
    responseUrl: payload.response_url,
    request: {
      user: userId(user),
      channel: channelId(channel),
      via: 'command',
      action: payload.command.replace(/^\//, ''),
      text: unescape(payload.text ?? '').trim(),
      options: {},
    },
  };
}

function ofButton(payload: z.infer<typeof buttonShape>): Asked | undefined {
  const [pressed] = payload.actions;
  if (pressed === undefined) return undefined;
  const asked = interaction(payload, payload.container?.thread_ts ?? undefined);
  return {
    ...asked,
    key: `button:${payload.trigger_id}`,
    request: { ...asked.request, via: 'button', action: pressed.value ?? pressed.action_id },
  };
}

function ofShortcut(payload: z.infer<typeof shortcutShape>): Asked {
  const asked = interaction(payload, undefined);
  return {
    ...asked,
    key: `shortcut:${payload.trigger_id}`,
    request: { ...asked.request, via: 'shortcut', action: payload.callback_id },
  };
}

function interaction(
  payload: z.infer<typeof buttonShape> | z.infer<typeof shortcutShape>,
  containerThread: string | undefined,
) {
  const { user, channel, message, trigger_id: trigger, response_url: responseUrl } = payload;
  const thread = message?.thread_ts ?? containerThread;
  const isReply = thread !== undefined && thread !== null && thread !== message?.ts;
  return {
    user: user.id,
    trigger,
    ...(responseUrl ? { responseUrl } : {}),
    ...(channel ? { channel: channel.id } : {}),
    ...(thread ? { thread } : {}),
    request: {
      user: userId(user.id),
      ...(channel ? { channel: channelId(channel.id) } : {}),
      ...(channel && message ? { post: postId(channel.id, message.ts) } : {}),
      ...(channel && isReply ? { thread: postId(channel.id, thread) } : {}),
      text: '',
      options: {},
    },
  };
}

function ofForm(payload: z.infer<typeof formShape>): Asked {
  const { view, user } = payload;
  const origin = readOrigin(view.private_metadata ?? '');
  const { channel, post, thread } = origin;
  return {
    key: `form:${view.id}:${view.hash ?? ''}`,
    user: user.id,
    ...(channel === undefined ? {} : { channel }),
    ...(thread === undefined ? {} : { thread }),
    ...(origin.responseUrl === undefined ? {} : { responseUrl: origin.responseUrl }),
    ...(payload.trigger_id ? { trigger: payload.trigger_id } : {}),
    request: {
      user: userId(user.id),
      ...(channel === undefined ? {} : { channel: channelId(channel) }),
      ...(channel === undefined || post === undefined ? {} : { post: postId(channel, post) }),
      ...(channel === undefined || thread === undefined ? {} : { thread: postId(channel, thread) }),
      via: 'form',
      action: view.callback_id,
      text: '',
      options: valuesOf(view.state.values),
    },
  };
}

/** Slack escapes what was typed after a command. */
function unescape(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

/** Each field is a block of its own that holds one element. Several choices are joined by commas; what was left empty is absent. */
function valuesOf(blocks: z.infer<typeof formShape>['view']['state']['values']): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [field, elements] of Object.entries(blocks)) {
    const [element] = Object.values(elements);
    const value =
      element?.value ??
      element?.selected_option?.value ??
      element?.selected_options?.map((option) => option.value).join(',');
    if (value !== undefined && value !== null && value !== '') values[field] = value;
  }
  return values;
}

function readOrigin(metadata: string): FormOrigin {
  try {
    const parsed = originShape.safeParse(JSON.parse(metadata));
    return parsed.success ? parsed.data : {};
  } catch {
    return {};
  }
}

/** The event that a Request arrives in. */
export function askedEvent(asked: Asked, ref: CommandRef, at: Date) {
  return { kind: 'asked' as const, key: asked.key, request: { ...asked.request, ref }, at };
}
