// Answers to what people asked: kept open for as long as Discord lets us answer, each in the way that is left.
import { randomBytes, randomUUID } from 'node:crypto';
import { Routes } from 'discord.js';
import type { RequestData } from 'discord.js';
import type { Answer, CommandRef, Form } from '../../domain/command.ts';
import { BridgeError } from '../../domain/errors.ts';
import type { Button } from '../../domain/post.ts';
import { splitText } from '../../domain/split.ts';
import { plain, plainText } from '../../domain/text.ts';
import type { RichText } from '../../domain/text.ts';
import type { Clock } from '../../runtime/time.ts';
import type { Api } from './api.ts';
import { formId, readFormId } from './asked.ts';
import type { Asked } from './asked.ts';
import { discordCapabilities } from './capabilities.ts';
import { EPHEMERAL, presentForm, presentWords } from './present.ts';
import type { Presented } from './present.ts';
import { toMarkdown } from './text.ts';

/** How long a request may be answered, in milliseconds; source: docs.discord.com, "Receiving and Responding". */
const OPEN_MS = 15 * 60_000;
/** Discord shows an error of its own after 3 s without a first answer. A form can only be that first answer. */
const DEFER_MS = 2_000;

/** Numbers of Discord's API; source: docs.discord.com, "Interaction Callback Type". */
const MESSAGE = 4;
const DEFERRED_MESSAGE = 5;
const DEFERRED_UPDATE = 6;
const CHOICES = 8;
const MODAL = 9;

type Deferral = typeof DEFERRED_MESSAGE | typeof DEFERRED_UPDATE;

/** Before what a form is remembered by, on the button that opens it (again). */
const OPEN_FORM = 'openform:';
const MAX_CHOICES = 25;
const MAX_CHOICE = 100;

interface Open {
  readonly asked: Asked;
  readonly openedAtMs: number;
  /** `fresh`: nothing was answered. `waiting`: Discord shows that we think. */
  stage: 'fresh' | 'waiting' | 'answered';
  /** While Discord is told to wait: what comes after it must not overtake it. */
  deferral?: Promise<void>;
}

interface Remembered {
  readonly form: Form;
  readonly openedAtMs: number;
}

export class Answers {
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #open = new Map<string, Open>();
  readonly #forms = new Map<string, Remembered>();

  constructor(api: Api, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
  }

  /** Keeps a request open. */
  accept(asked: Asked): CommandRef {
    const nowMs = this.#clock.monotonicMs();
    for (const [token, open] of this.#open) if (open.openedAtMs < nowMs - OPEN_MS) this.#open.delete(token);
    for (const [memory, { openedAtMs }] of this.#forms) if (openedAtMs < nowMs - OPEN_MS) this.#forms.delete(memory);
    const token = randomUUID();
    this.#open.set(token, { asked, openedAtMs: nowMs, stage: 'fresh' });
    return { token };
  }

  /** Tells Discord that the answer takes longer, when the time for the first one is nearly up. */
  async deferLate(ref: CommandRef, stopping: AbortSignal): Promise<void> {
    const open = this.#open.get(ref.token);
    if (open === undefined) return;
    await this.#clock.sleep(DEFER_MS, stopping);
    if (open.stage !== 'fresh' || open.asked.request.via === 'autocomplete') return;
    // What was pressed stays as it is; a command shows that we think.
    const { via } = open.asked.request;
    const isCommand = via === 'command' || via === 'shortcut';
    open.stage = isCommand ? 'waiting' : 'answered';
    open.deferral = this.#defer(open.asked, isCommand ? DEFERRED_MESSAGE : this.#silence(open.asked));
    await open.deferral;
  }

  /** See `ChatPlatform.answer`. */
  async answer(ref: CommandRef, answer: Answer): Promise<void> {
    const open = this.#open.get(ref.token);
    const isTooOld = open === undefined || open.openedAtMs < this.#clock.monotonicMs() - OPEN_MS;
    if (isTooOld) {
      throw new BridgeError('refused', 'the request is too old to be answered', {
        sentence: 'That took too long. Please ask again.',
        retry: 'never',
        certain: true,
      });
    }
    const { asked } = open;
    if (asked.request.via === 'autocomplete') return this.#offer(open, answer);
    if (answer.form !== undefined) return this.#openForm(open, answer.form);
    if (answer.fieldErrors !== undefined) return this.#showErrors(open, answer.fieldErrors);
    const buttons = answer.buttons ?? [];
    if (plainText(answer.text).trim() === '' && buttons.length === 0) {
      const isSilent = open.stage === 'fresh' && asked.place?.message !== undefined;
      if (!isSilent) return open.stage === 'answered' ? undefined : this.#say(open, plain('✓'), []);
      open.stage = 'answered';
      return this.#defer(asked, DEFERRED_UPDATE);
    }
    await this.#say(open, answer.text, buttons);
  }

  /** The button under a message about a form: opens it with what was filled in. True: it was such a button. */
  async reopen(asked: Asked): Promise<boolean> {
    if (!asked.customId.startsWith(OPEN_FORM)) return false;
    const memory = asked.customId.slice(OPEN_FORM.length);
    const remembered = this.#forms.get(memory);
    if (remembered === undefined) {
      const { token } = this.accept(asked);
      await this.answer({ token }, { text: plain('That form is too old. Please ask again.') });
    } else await this.#showForm(asked, memory, remembered.form);
    return true;
  }

  async #openForm(open: Open, form: Form): Promise<void> {
    const memory = randomBytes(6).toString('hex');
    this.#forms.set(memory, { form, openedAtMs: this.#clock.monotonicMs() });
    // A form can't answer a form, nor come after another answer: then a button opens it.
    if (open.stage === 'fresh' && open.asked.request.via !== 'form') {
      open.stage = 'answered';
      return this.#showForm(open.asked, memory, form);
    }
    await this.#say(open, plain(form.title), [{ action: `${OPEN_FORM}${memory}`, label: 'Open', tone: 'primary' }]);
  }

  async #showForm(asked: Asked, memory: string, form: Form): Promise<void> {
    await this.#first(asked, MODAL, presentForm(form, formId(memory, form.action)));
  }

  /** Discord closes a form whatever is wrong with it; a button opens it again as it was filled in. */
  async #showErrors(open: Open, errors: Readonly<Record<string, string>>): Promise<void> {
    const { memory } = readFormId(open.asked.customId);
    const form = this.#forms.get(memory)?.form;
    const labels = new Map((form?.fields ?? []).map((field) => [field.id, field.label]));
    const words = Object.entries(errors).map(([field, error]) => `${labels.get(field) ?? field}: ${error}`);
    if (form === undefined) return this.#say(open, plain(words.join('\n')), []);
    const { options } = open.asked.request;
    const fields = form.fields.map(({ initial: _initial, ...field }) => {
      const given = options[field.id];
      return given === undefined ? field : { ...field, initial: given };
    });
    this.#forms.set(memory, { form: { ...form, fields }, openedAtMs: this.#clock.monotonicMs() });
    const again: Button = { action: `${OPEN_FORM}${memory}`, label: 'Change it', tone: 'primary' };
    await this.#say(open, plain(words.join('\n')), [again]);
  }

  /** To the asker alone, in as many messages as it takes. */
  async #say(open: Open, text: RichText, buttons: readonly Button[]): Promise<void> {
    const parts = splitText(text, discordCapabilities.maxTextLength);
    const shown = (parts.length === 0 ? [text] : parts).map((part, index, all) =>
      presentWords(toMarkdown(part), index === all.length - 1 ? buttons : []),
    );
    for (const part of shown) await this.#sayOne(open, part);
  }

  async #sayOne(open: Open, shown: Presented): Promise<void> {
    const { asked, stage } = open;
    const { applicationId, token } = asked;
    const body = { ...shown, flags: shown.flags | EPHEMERAL };
    open.stage = 'answered';
    await open.deferral;
    switch (stage) {
      case 'fresh':
        return this.#first(asked, MESSAGE, body);
      case 'waiting':
        return this.#send('patch', Routes.webhookMessage(applicationId, token, '@original'), { body: shown });
      case 'answered':
        return this.#send('post', Routes.webhook(applicationId, token), { body });
    }
  }

  /** What people may choose from while they type: a line each. */
  async #offer(open: Open, answer: Answer): Promise<void> {
    open.stage = 'answered';
    const choices = (answer.choices ?? [])
      .slice(0, MAX_CHOICES)
      .map(({ label, value }) => ({ name: label.slice(0, MAX_CHOICE), value: value.slice(0, MAX_CHOICE) }));
    await this.#first(open.asked, CHOICES, { choices });
  }

  /** What shows nothing: a change of the message that was pressed, else (a form of a command) a thought. */
  #silence(asked: Asked): Deferral {
    return asked.place?.message === undefined ? DEFERRED_MESSAGE : DEFERRED_UPDATE;
  }

  /** A message that is to come is seen by the asker alone; a change of what was pressed shows nothing to say that of. */
  async #defer(asked: Asked, type: Deferral): Promise<void> {
    await this.#first(asked, type, type === DEFERRED_MESSAGE ? { flags: EPHEMERAL } : undefined);
  }

  async #first(asked: Asked, type: number, data?: object): Promise<void> {
    const body = data === undefined ? { type } : { type, data };
    await this.#send('post', Routes.interactionCallback(asked.id, asked.token), { body });
  }

  async #send(method: 'post' | 'patch', route: `/${string}`, data: RequestData): Promise<void> {
    await this.#api.call(method, route, { ...data, auth: false });
  }
}
