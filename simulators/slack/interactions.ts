// What people do to the app (commands, buttons, shortcuts, forms): triggers, acknowledgements and response URLs.
import { randomUUID } from 'node:crypto';
import { checkBlocks, checkView } from './blocks.ts';
import type { Carrier } from './carrier.ts';
import { normaliseText } from './escape.ts';
import { isObject, objectOf, textOf } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import { effectsOf } from './mentions.ts';
import { edit, post, remove } from './messages.ts';
import type { Workspace } from './state.ts';
import type { Channel, Ephemeral } from './types.ts';

/** Slack's limits of a response URL. */
const MAX_RESPONSES = 5;
const RESPONSE_LIFE_MS = 30 * 60_000;

interface Trigger {
  readonly user: string;
  readonly expiresAt: number;
  used: boolean;
}

interface ResponseUrl {
  readonly user: string;
  readonly channel: string;
  readonly expiresAt: number;
  /** The message the interaction came from, which `replace_original` and `delete_original` mean. */
  readonly source: { readonly ts: string; readonly ephemeral: boolean } | undefined;
  left: number;
}

/** How an interaction was taken: the answer in the acknowledgement, or what the person is shown instead. */
export interface Outcome {
  readonly acked: boolean;
  readonly answer: Json | undefined;
  /** `operation_timeout` and the like, when not acknowledged. */
  readonly error: string | undefined;
}

/** The interactive side of an app. */
export class Interactions {
  readonly #workspace: Workspace;
  readonly #carrier: Carrier;
  readonly #triggers = new Map<string, Trigger>();
  readonly #responseUrls = new Map<string, ResponseUrl>();

  constructor(workspace: Workspace, carrier: Carrier) {
    this.#workspace = workspace;
    this.#carrier = carrier;
  }

  newTrigger(user: string): string {
    const id = `${this.#workspace.now()}.${randomUUID().slice(0, 8)}`;
    const expiresAt = this.#workspace.now() + this.#workspace.settings.triggerLifeMs;
    this.#triggers.set(id, { user, expiresAt, used: false });
    return id;
  }

  /** Uses a trigger up; a string is the error it is refused with. */
  useTrigger(id: string): { readonly user: string } | string {
    const trigger = this.#triggers.get(id);
    if (trigger === undefined) return 'invalid_trigger_id';
    if (trigger.used) return 'exchanged_trigger_id';
    if (this.#workspace.now() > trigger.expiresAt) return 'expired_trigger_id';
    trigger.used = true;
    return trigger;
  }

  newResponseUrl(user: string, channel: string, source?: ResponseUrl['source']): string {
    const key = randomUUID();
    const expiresAt = this.#workspace.now() + RESPONSE_LIFE_MS;
    this.#responseUrls.set(key, { user, channel, source, expiresAt, left: MAX_RESPONSES });
    return `${this.#workspace.origin}/actions/${this.#workspace.teamId}/${key}`;
  }

  /** Carries an interaction and waits for its acknowledgement. */
  async send(kind: 'slash_commands' | 'interactive', body: JsonObject, answerable: boolean): Promise<Outcome> {
    const receipt = await this.#carrier.carry({ kind, body, answerable, retry: { attempt: 0, reason: '' } });
    if (receipt.kind === 'acked') return { acked: true, answer: receipt.answer, error: undefined };
    const error = receipt.kind === 'timeout' ? 'operation_timeout' : 'dispatch_failed';
    return { acked: false, answer: undefined, error };
  }

  /** Takes a POST to a response URL; the status and body Slack answers. */
  respond(key: string, message: JsonObject): { status: number; body: string } {
    const url = this.#responseUrls.get(key);
    if (url === undefined) return { status: 404, body: 'no_service' };
    if (this.#workspace.now() > url.expiresAt) return { status: 404, body: 'expired_url' };
    if (url.left === 0) return { status: 404, body: 'used_url' };
    const problem = this.show(url, message);
    if (problem !== undefined) return { status: 500, body: problem };
    url.left -= 1;
    return { status: 200, body: 'ok' };
  }

  /** Shows an answer where it belongs: privately unless `in_channel`, in place of the source message when asked. */
  show(to: { user: string; channel: string; source?: ResponseUrl['source'] }, message: JsonObject): string | undefined {
    const workspace = this.#workspace;
    const channel = workspace.channels.get(to.channel);
    if (channel === undefined) return 'channel_not_found';
    const text = normaliseText(textOf(message['text']), true);
    const given = message['blocks'];
    const checked = checkBlocks(Array.isArray(given) ? given : [], {
      where: '/blocks',
      surface: 'message',
      files: workspace.files,
    });
    if (checked.errors.length > 0) return 'invalid_blocks';
    if (message['delete_original'] === true) return this.#takeAway(channel, to.source);
    if (text === '' && checked.blocks.length === 0) return 'no_text';
    if (message['replace_original'] === true && to.source !== undefined) {
      return this.#replace(channel, to.source, text, checked.blocks);
    }
    const blocks = checked.blocks.length > 0 ? { blocks: checked.blocks } : {};
    if (message['response_type'] === 'in_channel') {
      const threadTs = textOf(message['thread_ts']);
      const thread = threadTs === '' ? {} : { threadTs };
      post(workspace, channel, { subtype: 'bot_message', botId: workspace.botId, text, ...blocks, ...thread });
      return undefined;
    }
    workspace.ephemerals.push({
      channel: channel.id,
      user: to.user,
      ts: workspace.newTs(),
      threadTs: undefined,
      text,
      blocks: blocks.blocks,
      ...effectsOf({ text, blocks: blocks.blocks }),
      deleted: false,
    });
    return undefined;
  }

  /** What is wrong with the acknowledgement of a form, as Slack would log it; undefined for a good one. */
  checkFormAnswer(answer: Json | undefined): string | undefined {
    if (!isObject(answer) || answer['response_action'] === undefined) return undefined;
    const action = answer['response_action'];
    if (action === 'clear' || action === 'errors') return undefined;
    if (action !== 'push' && action !== 'update') return 'invalid response_action';
    return checkView(objectOf(answer['view']), this.#workspace.files)[0];
  }

  #takeAway(channel: Channel, source: ResponseUrl['source']): string | undefined {
    const ephemeral = this.#ephemeral(channel, source);
    if (ephemeral !== undefined) {
      ephemeral.deleted = true;
      return undefined;
    }
    const message = source === undefined ? undefined : channel.message(source.ts);
    if (message === undefined) return 'message_not_found';
    remove(this.#workspace, channel, message);
    return undefined;
  }

  #replace(
    channel: Channel,
    source: { ts: string; ephemeral: boolean },
    text: string,
    blocks: JsonObject[],
  ): string | undefined {
    const ephemeral = this.#ephemeral(channel, source);
    if (ephemeral !== undefined) {
      ephemeral.text = text;
      ephemeral.blocks = blocks.length > 0 ? blocks : undefined;
      Object.assign(ephemeral, effectsOf({ text, blocks }));
      return undefined;
    }
    const message = channel.message(source.ts);
    if (message === undefined) return 'message_not_found';
    edit(this.#workspace, channel, message, { text, blocks });
    return undefined;
  }

  #ephemeral(channel: Channel, source: ResponseUrl['source']): Ephemeral | undefined {
    if (source?.ephemeral !== true) return undefined;
    return this.#workspace.ephemerals.find((other) => other.ts === source.ts && other.channel === channel.id);
  }
}
