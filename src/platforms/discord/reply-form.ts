// The Reply button under a customer's message: opens a form, and what is sent with it stands in the channel as the person's reply.
import { Routes } from 'discord.js';
import type { RESTPostAPIInteractionCallbackWithResponseResult } from 'discord.js';
import { saidKey, type PlatformEvent } from '../../domain/events.ts';
import type { Form } from '../../domain/command.ts';
import type { Api } from './api.ts';
import { formId, readFormId } from './asked.ts';
import type { Asked } from './asked.ts';
import { dateOf, postId, userId } from './ids.ts';
import { fromMarkdown } from './markdown.ts';
import type { Places } from './places.ts';
import { presentForm, REPLY } from './present.ts';
import { FORM_MARK } from './receive.ts';
import { escape, oneLine } from './text.ts';

const MESSAGE = 4;
const MODAL = 9;
const SUPPRESS_EMBEDS = 4;
/** Room for the line above what was written. */
const MAX_WORDS = 1_800;

const WORDS = 'words';
const FORM: Form = {
  action: 'reply',
  title: 'Reply to the customer',
  submit: 'Send',
  fields: [{ id: WORDS, label: 'Your reply', kind: 'paragraph', required: true }],
};

type Said = Extract<PlatformEvent, { readonly kind: 'said' }>;

export class ReplyForm {
  readonly #api: Api;
  readonly #places: Places;

  constructor(api: Api, places: Places) {
    this.#api = api;
    this.#places = places;
  }

  /** Takes what has to do with the form; undefined: it hasn't. A sent form is shown in the channel first, then to be told. */
  async take(asked: Asked): Promise<Said | 'nothing said' | undefined> {
    const { via } = asked.request;
    const message = asked.place?.message;
    if (via === 'button' && asked.customId.startsWith(REPLY) && message !== undefined) {
      await this.#answer(asked, MODAL, presentForm(FORM, formId(`${REPLY}${message}`, FORM.action)));
      return 'nothing said';
    }
    const { memory } = readFormId(asked.customId);
    if (via !== 'form' || !memory.startsWith(REPLY)) return undefined;
    return this.#show(asked, memory.slice(REPLY.length));
  }

  async #show(asked: Asked, repliedTo: string): Promise<Said | 'nothing said'> {
    const words = (asked.request.options[WORDS] ?? '').trim().slice(0, MAX_WORDS);
    const channel = asked.place?.channel;
    if (words === '' || channel === undefined) return 'nothing said';
    const content = `${FORM_MARK}${escape(oneLine(asked.user.name))}\n${words}`;
    const body = { content, flags: SUPPRESS_EMBEDS, allowed_mentions: { parse: [] } };
    const answer = await this.#answer(asked, MESSAGE, body);
    const shown = answer.resource?.message;
    if (shown === undefined) return 'nothing said';
    const standing = this.#places.standing(channel);
    return {
      kind: 'said',
      key: saidKey(postId(channel, shown.id)),
      channel: standing.channel,
      post: postId(channel, shown.id),
      thread: standing.thread ?? postId(channel, repliedTo),
      user: userId(asked.user.id),
      at: dateOf(shown.id),
      text: fromMarkdown(words, { user: () => undefined, channel: () => undefined }),
      files: [],
      mentionsBot: false,
    };
  }

  async #answer(asked: Asked, type: number, data: object): Promise<RESTPostAPIInteractionCallbackWithResponseResult> {
    return this.#api.call('post', Routes.interactionCallback(asked.id, asked.token), {
      body: { type, data },
      query: new URLSearchParams({ with_response: 'true' }),
      auth: false,
    });
  }
}
