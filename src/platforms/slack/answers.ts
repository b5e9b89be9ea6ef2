// Answers to what people asked: kept open for as long as Slack lets us answer, each in the way that is left.
import { randomUUID } from 'node:crypto';
import type { Answer, CommandRef } from '../../domain/command.ts';
import { BridgeError } from '../../domain/errors.ts';
import { plainText } from '../../domain/text.ts';
import type { Clock } from '../../runtime/time.ts';
import type { Api } from './api.ts';
import type { Asked, FormOrigin } from './asked.ts';
import { slackCode, toBridgeError } from './errors.ts';
import { postParts } from './ids.ts';
import { presentAnswer, presentForm } from './present.ts';
import type { Presented } from './present.ts';
import type { Transport } from './transport.ts';

/** How long a request may be answered, in milliseconds. */
const OPEN_MS = 15 * 60_000;
/** A sent form shows Slack's own error after 3 s without an acknowledgement. */
const FORM_ACK_MS = 2_500;

/** Acknowledges to Slack, once; for a sent form the acknowledgement carries the answer. */
type Acknowledge = (body?: Readonly<Record<string, unknown>>) => Promise<void>;

interface Open {
  readonly asked: Asked;
  readonly openedAtMs: number;
  /** Present while a sent form waits for its answer. */
  acknowledge: Acknowledge | undefined;
}

export interface AnswersOptions {
  readonly api: Api;
  readonly transport: Transport;
  readonly clock: Clock;
}

export class Answers {
  readonly #options: AnswersOptions;
  readonly #open = new Map<string, Open>();

  constructor(options: AnswersOptions) {
    this.#options = options;
  }

  /** Keeps a request open and acknowledges it at once, a form when it's answered or the time for that is up. */
  async accept(asked: Asked, acknowledge: Acknowledge): Promise<CommandRef> {
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    for (const [token, open] of this.#open) if (open.openedAtMs < nowMs - OPEN_MS) this.#open.delete(token);
    const token = randomUUID();
    const isForm = asked.request.via === 'form';
    const open: Open = { asked, openedAtMs: nowMs, acknowledge: isForm ? acknowledge : undefined };
    this.#open.set(token, open);
    if (!isForm) await acknowledge();
    return { token };
  }

  /** Closes a form that wasn't answered in time; its answer then comes as a message. Resolves when that is settled. */
  async closeForm(ref: CommandRef, stopping: AbortSignal): Promise<void> {
    const open = this.#open.get(ref.token);
    if (open?.acknowledge === undefined) return;
    await this.#options.clock.sleep(FORM_ACK_MS, stopping);
    await take(open)?.();
  }

  /** See `ChatPlatform.answer`. */
  async answer(ref: CommandRef, answer: Answer): Promise<void> {
    const open = this.#open.get(ref.token);
    const isTooOld = open === undefined || open.openedAtMs < this.#options.clock.monotonicMs() - OPEN_MS;
    if (isTooOld) throw refused('the request is too old to be answered', 'That took too long. Please ask again.');
    if (answer.form !== undefined) return this.#openForm(open, answer);
    const acknowledge = take(open);
    if (answer.fieldErrors !== undefined && acknowledge !== undefined) {
      return acknowledge({ response_action: 'errors', errors: answer.fieldErrors });
    }
    await acknowledge?.();
    const words =
      answer.fieldErrors === undefined ? plainText(answer.text) : Object.values(answer.fieldErrors).join('\n');
    if (words === '' && (answer.buttons ?? []).length === 0) return;
    await this.#say(open.asked, answer, words);
  }

  async #openForm(open: Open, answer: Answer): Promise<void> {
    const { asked } = open;
    const { form } = answer;
    if (form === undefined) return;
    const view = presentForm(form, originOf(asked));
    const acknowledge = take(open);
    if (acknowledge !== undefined) return acknowledge({ response_action: 'update', view });
    try {
      await this.#options.api.write('views.open', (web) => web.views.open({ trigger_id: asked.trigger ?? '', view }));
    } catch (error) {
      if (!['expired_trigger_id', 'trigger_expired'].includes(slackCode(error) ?? '')) throw error;
      await this.#say(asked, answer, 'That took too long for Slack to open the form. Please try again.');
    }
  }

  /** To the asker alone: by the address that came with the request, else in the channel, else directly. */
  async #say(asked: Asked, answer: Answer, words: string): Promise<void> {
    const { api } = this.#options;
    const isOwnText = answer.form !== undefined || answer.fieldErrors !== undefined;
    const text: Answer['text'] = isOwnText
      ? [{ kind: 'paragraph', inlines: [{ kind: 'text', text: words }] }]
      : answer.text;
    const shown = presentAnswer(text, answer.buttons ?? [], words);
    const thread = asked.thread === undefined ? {} : { thread_ts: asked.thread };
    if (asked.responseUrl !== undefined) return this.#respond(asked.responseUrl, { ...shown, ...thread });
    if (asked.channel !== undefined) {
      const place = { channel: asked.channel, user: asked.user, ...thread };
      await api.write('chat.postEphemeral', (web) => web.chat.postEphemeral({ ...place, ...shown }));
      return;
    }
    await sayDirectly(api, asked.user, shown);
  }

  async #respond(url: string, body: Readonly<Record<string, unknown>>): Promise<void> {
    const answer = await this.#options.transport
      .fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ response_type: 'ephemeral', replace_original: false, ...body }),
        signal: AbortSignal.timeout(10_000),
      })
      .catch((error: unknown) => {
        throw toBridgeError(error, 'response_url');
      });
    if (!answer.ok) throw refused(`response_url: HTTP ${answer.status}`, 'Slack took the answer no more.');
  }
}

/** A direct message to one person. */
export async function sayDirectly(api: Api, user: string, shown: Presented): Promise<void> {
  const direct = await api.write('conversations.open', (web) => web.conversations.open({ users: user }));
  const channel = direct.channel?.id ?? '';
  await api.sendMessage({ channel, unfurl_links: false, unfurl_media: false, parse: 'none', ...shown });
}

function take(open: Open): Acknowledge | undefined {
  const { acknowledge } = open;
  open.acknowledge = undefined;
  return acknowledge;
}

function originOf(asked: Asked): string {
  const { request, channel, thread, responseUrl } = asked;
  const origin: FormOrigin = {
    ...(channel === undefined ? {} : { channel }),
    ...(request.post === undefined ? {} : { post: postParts(request.post).ts }),
    ...(thread === undefined ? {} : { thread }),
    ...(responseUrl === undefined ? {} : { responseUrl }),
  };
  return JSON.stringify(origin);
}

function refused(message: string, sentence: string): BridgeError {
  return new BridgeError('refused', message, { sentence, retry: 'never', certain: true });
}
