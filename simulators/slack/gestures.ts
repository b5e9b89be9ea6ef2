// What a person does to the app with keyboard and mouse: commands, buttons, shortcuts, forms and the home tab.
import { filledValues, findAction } from './forms.ts';
import type { Filled } from './forms.ts';
import type { Interactions, Outcome } from './interactions.ts';
import { isObject, objectOf, objectsOf, textOf } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import { renderMessage, renderView } from './render.ts';
import { canSee } from './state.ts';
import type { Workspace } from './state.ts';
import type { Channel, Ephemeral, Message, User, View } from './types.ts';
import { homeOf, isStackFull, openModals, replaceContent, showModal } from './views.ts';

/** What came of a command: how it was acknowledged, and every private answer, late ones too. */
export interface CommandResult extends Outcome {
  /** The private answers so far; read again for later ones. */
  readonly answers: readonly Ephemeral[];
}

/** What came of submitting a form. */
export interface SubmitResult extends Outcome {
  /** Messages by block_id, when the app found fault with the values. */
  readonly errors: Readonly<Record<string, string>> | undefined;
}

/** The interactive half of a Person. */
export class Gestures {
  readonly user: User;
  protected readonly workspace: Workspace;
  readonly #interactions: Interactions;

  constructor(workspace: Workspace, interactions: Interactions, user: User) {
    this.workspace = workspace;
    this.#interactions = interactions;
    this.user = user;
  }

  /** Types a slash command at the top level of a channel (Slack has none inside threads). */
  async slashCommand(channelRef: Channel | string, command: string, text = ''): Promise<CommandResult> {
    const channel = this.channel(channelRef);
    const before = this.workspace.ephemerals.length;
    const outcome = await this.#interactions.send(
      'slash_commands',
      {
        token: this.workspace.verificationToken,
        team_id: this.workspace.teamId,
        team_domain: this.workspace.domain,
        channel_id: channel.id,
        channel_name: shownName(channel),
        user_id: this.user.id,
        user_name: this.user.name,
        command,
        text: text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
        api_app_id: this.workspace.appId,
        is_enterprise_install: 'false',
        response_url: this.#interactions.newResponseUrl(this.user.id, channel.id),
        trigger_id: this.#interactions.newTrigger(this.user.id),
      },
      true,
    );
    this.#showAnswer(channel, outcome.answer);
    const { ephemerals } = this.workspace;
    const isOurs = (other: Ephemeral): boolean => other.user === this.user.id && other.channel === channel.id;
    return {
      ...outcome,
      get answers() {
        return ephemerals.slice(before).filter((other) => isOurs(other) && !other.deleted);
      },
    };
  }

  /**
   * Clicks a button (or chooses in a menu) of a message, a private answer, a modal or the home tab. `value` is an option's value for
   * menus, a user or channel id for those; a button has its own.
   */
  async click(target: Message | Ephemeral | View, actionId: string, value?: string): Promise<Outcome> {
    const blocks = 'content' in target ? objectsOf(target.content['blocks']) : (target.blocks ?? []);
    const found = findAction(blocks, actionId, value);
    if (found === undefined) throw new Error(`no element ${actionId} here`);
    const common = { type: 'block_actions', ...this.#who(), trigger_id: this.#interactions.newTrigger(this.user.id) };
    const action = { ...found, action_ts: this.workspace.newTs() };
    const place = 'content' in target ? this.#viewPlace(target) : this.#messagePlace(target);
    return this.#interactions.send('interactive', { ...common, ...place, actions: [action] }, false);
  }

  /** Chooses a message shortcut from a message's menu. */
  async messageShortcut(callbackId: string, channelRef: Channel | string, ts: string): Promise<Outcome> {
    const { channel, message } = this.message(channelRef, ts);
    return this.#interactions.send(
      'interactive',
      {
        type: 'message_action',
        callback_id: callbackId,
        ...this.#who(),
        action_ts: this.workspace.newTs(),
        trigger_id: this.#interactions.newTrigger(this.user.id),
        response_url: this.#interactions.newResponseUrl(this.user.id, channel.id, { ts, ephemeral: false }),
        message_ts: ts,
        channel: { id: channel.id, name: shownName(channel) },
        message: renderMessage(this.workspace, channel, message, { metadata: false, counts: true }),
      },
      false,
    );
  }

  /** Chooses a global shortcut. */
  async globalShortcut(callbackId: string): Promise<Outcome> {
    const trigger = this.#interactions.newTrigger(this.user.id);
    const body = { type: 'shortcut', callback_id: callbackId, ...this.#who(), action_ts: this.workspace.newTs() };
    return this.#interactions.send('interactive', { ...body, trigger_id: trigger }, false);
  }

  /** The modal on top, if one is open. */
  get modal(): View | undefined {
    return openModals(this.workspace, this.user.id).at(-1);
  }

  /** The app's home tab as set for this person. */
  get home(): View | undefined {
    return homeOf(this.workspace, this.user.id);
  }

  /** Opens the app's home tab (or its messages). */
  async openHome(tab: 'home' | 'messages' = 'home'): Promise<void> {
    this.workspace.emit({
      type: 'app_home_opened',
      user: this.user.id,
      channel: this.workspace.directChannel(this.user.id).id,
      tab,
      ...(this.home === undefined ? {} : { view: renderView(this.workspace, this.home) }),
      event_ts: this.workspace.newTs(),
    });
  }

  /** Submits a modal; `values` by action_id. Fields left out keep their initial values. */
  async submitView(view: View, values: Filled = {}): Promise<SubmitResult> {
    if (!view.open) throw new Error('the modal is closed');
    const filled = { ...view.content, state: { values: filledValues(objectsOf(view.content['blocks']), values) } };
    const outcome = await this.#interactions.send(
      'interactive',
      {
        type: 'view_submission',
        ...this.#who(),
        trigger_id: this.#interactions.newTrigger(this.user.id),
        view: renderView(this.workspace, { ...view, content: filled }),
        response_urls: [],
      },
      true,
    );
    if (!outcome.acked) return { ...outcome, errors: undefined };
    const problem = this.#interactions.checkFormAnswer(outcome.answer);
    if (problem !== undefined) return { acked: false, answer: outcome.answer, error: problem, errors: undefined };
    return { ...outcome, errors: this.#applyAnswer(view, outcome.answer) };
  }

  /** Closes a modal; the app hears of it only where it asked to. */
  async closeView(view: View): Promise<void> {
    view.open = false;
    if (view.content['notify_on_close'] !== true) return;
    const body = { type: 'view_closed', ...this.#who(), view: renderView(this.workspace, view), is_cleared: false };
    await this.#interactions.send('interactive', body, false);
  }

  /** What a menu with options from the app offers for a typed text. */
  async suggestions(view: View, actionId: string, typed: string): Promise<JsonObject[]> {
    const found = findAction(objectsOf(view.content['blocks']), actionId, '');
    if (found === undefined) throw new Error(`no element ${actionId} here`);
    const body = {
      type: 'block_suggestion',
      ...this.#who(),
      container: { type: 'view', view_id: view.id },
      action_id: actionId,
      block_id: found['block_id'],
      value: typed,
      view: renderView(this.workspace, view),
    };
    const outcome = await this.#interactions.send('interactive', body, true);
    const answer = objectOf(outcome.answer);
    return objectsOf(
      answer['options'] ?? objectsOf(answer['option_groups']).flatMap((group) => objectsOf(group['options'])),
    );
  }

  /** A channel by id or name, as far as this person can see it. */
  protected channel(ref: Channel | string): Channel {
    const name = typeof ref === 'string' ? ref.replace(/^#/, '') : '';
    const channel =
      typeof ref === 'string'
        ? (this.workspace.channels.get(ref) ??
          [...this.workspace.channels.values()].find((other) => other.name === name))
        : ref;
    if (channel === undefined || !canSee(channel, this.user.id)) throw new Error('channel_not_found');
    return channel;
  }

  /** A message this person can see. */
  protected message(ref: Channel | string, ts: string): { channel: Channel; message: Message } {
    const channel = this.channel(ref);
    const message = channel.message(ts);
    if (message === undefined) throw new Error('message_not_found');
    return { channel, message };
  }

  #who(): JsonObject {
    return {
      token: this.workspace.verificationToken,
      api_app_id: this.workspace.appId,
      team: { id: this.workspace.teamId, domain: this.workspace.domain },
      enterprise: null,
      is_enterprise_install: false,
      user: {
        id: this.user.id,
        username: this.user.name,
        name: this.user.name,
        team_id: this.workspace.teamId,
      },
    };
  }

  #messagePlace(target: Message | Ephemeral): JsonObject {
    const isEphemeral = 'deleted' in target;
    const channel = this.channel(target.channel);
    const source = { ts: target.ts, ephemeral: isEphemeral };
    return {
      container: {
        type: 'message',
        message_ts: target.ts,
        channel_id: channel.id,
        is_ephemeral: isEphemeral,
        ...(target.threadTs === undefined ? {} : { thread_ts: target.threadTs }),
      },
      channel: { id: channel.id, name: shownName(channel) },
      ...(isEphemeral
        ? {}
        : { message: renderMessage(this.workspace, channel, target, { metadata: true, counts: false }) }),
      state: { values: filledValues(target.blocks ?? [], {}) },
      response_url: this.#interactions.newResponseUrl(this.user.id, channel.id, source),
    };
  }

  #viewPlace(view: View): JsonObject {
    const filled = { ...view.content, state: { values: filledValues(objectsOf(view.content['blocks']), {}) } };
    return {
      container: { type: 'view', view_id: view.id },
      view: renderView(this.workspace, { ...view, content: filled }),
    };
  }

  #showAnswer(channel: Channel, answer: Json | undefined): void {
    const message = typeof answer === 'string' ? { text: answer } : objectOf(answer);
    if (textOf(message['text']) === '' && !Array.isArray(message['blocks'])) return;
    this.#interactions.show({ user: this.user.id, channel: channel.id }, message);
  }

  #applyAnswer(view: View, answer: Json | undefined): Record<string, string> | undefined {
    const { response_action: action, errors, view: next } = objectOf(answer);
    switch (action) {
      case 'errors':
        return Object.fromEntries(Object.entries(objectOf(errors)).map(([block, text]) => [block, textOf(text)]));
      case 'update':
        if (isObject(next)) replaceContent(this.workspace, view, next);
        return undefined;
      case 'push':
        if (isObject(next) && !isStackFull(this.workspace, this.user.id)) {
          showModal(this.workspace, this.user.id, next, true);
        }
        return undefined;
      case 'clear':
        for (const open of openModals(this.workspace, this.user.id)) open.open = false;
        return undefined;
      default:
        view.open = false;
        return undefined;
    }
  }
}

/** The channel name interactions carry: never that of a private channel. */
function shownName(channel: Channel): string {
  if (channel.kind === 'im') return 'directmessage';
  return channel.private ? 'privategroup' : channel.name;
}
