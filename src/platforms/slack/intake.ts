// The way in: everything Slack pushes is told before it's acknowledged, in the order it came, without our own doings.
import type { ReceiverEvent } from '@slack/bolt';
import type { PlatformEvent } from '../../domain/events.ts';
import { plain } from '../../domain/text.ts';
import type { Log } from '../../runtime/log.ts';
import type { Clock } from '../../runtime/time.ts';
import type { PlatformStart } from '../platform.ts';
import type { Answers } from './answers.ts';
import { askedEvent, readAsked } from './asked.ts';
import type { Channels } from './channels.ts';
import type { SlackIdentity } from './connection.ts';
import type { Directory } from './directory.ts';
import type { Files } from './files.ts';
import type { Members } from './members.ts';
import { bareFiles, receive } from './receive.ts';
import type { ReceiveContext } from './receive.ts';

/** How long a message waits for the names of the people mentioned in it, in milliseconds. */
const LOOK_UP_WAIT_MS = 800;

export interface IntakeOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly answers: Answers;
  readonly directory: Directory;
  readonly channels: Channels;
  readonly members: Members;
  readonly files: Files;
  readonly me: () => Promise<SlackIdentity>;
  /** Asks Slack whether our token is still good; a refusal is told by whoever calls. */
  readonly checkToken: () => Promise<void>;
  readonly stopping: AbortSignal;
}

export class Intake {
  readonly #options: IntakeOptions;
  /** What is being told now, each promise held until it's settled. */
  readonly #underWay = new Set<Promise<void>>();
  /** The last telling of each channel. */
  readonly #turns = new Map<string, Promise<void>>();
  #onEvent: PlatformStart['onEvent'] | undefined;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  start(onEvent: PlatformStart['onEvent']): void {
    this.#onEvent = onEvent;
  }

  /** Resolves when nothing is being told any more; to be called when `stopping` is aborted. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  /** Everything Slack pushes, by socket or by HTTP. Rejects when it must not be acknowledged. */
  async take({ body, ack }: ReceiverEvent): Promise<void> {
    if (this.#options.stopping.aborted) throw new Error('we are stopping');
    const type: unknown = body['type'];
    switch (type) {
      case 'event_callback':
        await this.#hold(this.#takeEvent(body));
        await ack();
        return;
      case 'app_rate_limited':
        this.#options.log.error({}, 'Slack withholds events for a minute: there are more than 30,000 in an hour');
        await ack();
        return;
      default:
        await this.#takeAsked(body, ack);
    }
  }

  /** Reads and tells an event when the ones before it in its channel are told, whatever became of them. */
  async #takeEvent(body: ReceiverEvent['body']): Promise<void> {
    const lane = laneOf(body);
    const turn = (this.#turns.get(lane) ?? Promise.resolve()).then(() => this.#tell(body));
    const settled = turn.catch(() => undefined);
    this.#turns.set(lane, settled);
    try {
      await turn;
    } finally {
      if (this.#turns.get(lane) === settled) this.#turns.delete(lane);
    }
  }

  async #tell(body: ReceiverEvent['body']): Promise<void> {
    const onEvent = this.#onEvent;
    if (onEvent === undefined) throw new Error('not started');
    const events = receive(body, await this.contextOf(body));
    if (events === undefined)
      this.#options.log.warn({ eventId: body['event_id'] }, 'an event of Slack could not be read');
    for (const event of events ?? []) {
      this.#remember(event);
      if (!this.#isOwnDoing(event)) await onEvent(event);
    }
    this.#noticeToken(body);
  }

  /** What must be asked for before messages can be read: whom they mention, and files of which they tell the id only. */
  async contextOf(messages: unknown): Promise<ReceiveContext> {
    const { me, directory, files, clock } = this.#options;
    const { botUserId, botId } = await me();
    const raw = JSON.stringify(messages);
    const mentioned = new Set([...raw.matchAll(/(?:<@|"user_id":")([UW][A-Z0-9]+)/g)].map((match) => match[1] ?? ''));
    const enough = new AbortController();
    const [names, described] = await Promise.all([
      directory.names(mentioned, clock.sleep(LOOK_UP_WAIT_MS, enough.signal)),
      files.describe(raw.includes('check_file_info') ? bareFiles(messages) : []),
    ]);
    enough.abort();
    return { botUserId, botId, names: { user: (id) => names.get(id), channel: () => undefined }, files: described };
  }

  /** What an event means for what we remember. */
  #remember(event: PlatformEvent): void {
    if (event.kind === 'userChanged') this.#options.directory.forget(event.user);
    if (event.kind === 'joined') this.#options.members.arrived(event.channel, event.user);
    if (event.kind === 'channelChanged' && event.change !== 'renamed' && event.change !== 'unarchived') {
      this.#options.channels.forget(event.channel);
    }
  }

  /** Slack tells us of the names we give and of the people we take out, without saying that it was us. */
  #isOwnDoing(event: PlatformEvent): boolean {
    const { channels, members } = this.#options;
    switch (event.kind) {
      case 'channelChanged':
        return event.change === 'renamed' && channels.isOwnName(event.channel, event.name ?? '');
      case 'left':
        return members.isOwnRemoval(event.channel, event.user);
      default:
        return false;
    }
  }

  #noticeToken(body: ReceiverEvent['body']): void {
    const type: unknown = body['event']?.type;
    // The next call would find out what became of the token; asking at once tells people at once.
    if (type === 'tokens_revoked' || type === 'app_uninstalled') this.#own(this.#options.checkToken());
  }

  async #takeAsked(body: unknown, ack: ReceiverEvent['ack']): Promise<void> {
    const asked = readAsked(body);
    if (asked === undefined) return ack();
    const ref = await this.#options.answers.accept(asked, (answer) => ack(answer));
    this.#own(this.#options.answers.closeForm(ref, this.#options.stopping));
    this.#own(this.#tellAsked(askedEvent(asked, ref, this.#options.clock.now())));
  }

  async #tellAsked(event: Extract<PlatformEvent, { kind: 'asked' }>): Promise<void> {
    try {
      await this.#onEvent?.(event);
    } catch (error) {
      this.#options.log.error({ err: error, via: event.request.via }, 'a request was not answered');
      await this.#options.answers.answer(event.request.ref, {
        text: plain('That did not work. Please try again in a moment.'),
      });
    }
  }

  /** Holds a promise that nobody waits for. */
  #own(work: Promise<void>): void {
    this.#hold(work).catch((error: unknown) => {
      this.#options.log.warn({ err: error }, 'work in the background failed');
    });
  }

  #hold(work: Promise<void>): Promise<void> {
    const held = work.finally(() => this.#underWay.delete(held));
    this.#underWay.add(held);
    return held;
  }
}

/** The channel an event is about. */
function laneOf(body: ReceiverEvent['body']): string {
  const { channel, item }: { channel?: string | { id?: string }; item?: { channel?: string } } = body['event'] ?? {};
  return (typeof channel === 'string' ? channel : channel?.id) ?? item?.channel ?? '';
}
