// The way in: everything Discord pushes is told in the order it came, as often as it takes to be stored, without our own doings.
import { Routes } from 'discord.js';
import type { CommandTree } from '../../domain/command.ts';
import type { PlatformEvent } from '../../domain/events.ts';
import { plain } from '../../domain/text.ts';
import type { Log } from '../../runtime/log.ts';
import type { Clock } from '../../runtime/time.ts';
import type { PlatformStart } from '../platform.ts';
import type { Answers } from './answers.ts';
import type { Api } from './api.ts';
import { askedEvent, readAsked } from './asked.ts';
import type { DiscordIdentity } from './connection.ts';
import { postParts } from './ids.ts';
import type { OwnDoings } from './own-doings.ts';
import { channelShape } from './places.ts';
import type { PlaceChange, Places } from './places.ts';
import { changed, laneOf, receive } from './receive.ts';
import type { Packet, ReceiveContext } from './receive.ts';
import type { ReplyForm } from './reply-form.ts';

/** The pauses between two tries of storing an event, in milliseconds: the first, and the longest. */
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 10_000;
/** How many messages of people are remembered in each channel, to tell which were deleted while nobody told us. */
const REMEMBERED = 100;

export interface IntakeOptions {
  readonly guildId: string;
  readonly api: Api;
  readonly clock: Clock;
  readonly log: Log;
  readonly answers: Answers;
  readonly replyForm: ReplyForm;
  readonly places: Places;
  readonly own: OwnDoings;
  readonly me: () => Promise<DiscordIdentity>;
  /** A channel isn't there any more, or bears another name. */
  readonly onPlaceChanged: (change: PlaceChange) => void;
  readonly stopping: AbortSignal;
}

export class Intake {
  readonly #options: IntakeOptions;
  /** What is being told now, each promise held until it's settled. */
  readonly #underWay = new Set<Promise<void>>();
  /** The last telling of each channel. */
  readonly #turns = new Map<string, Promise<void>>();
  readonly #remembered = new Map<string, Set<string>>();
  #onEvent: PlatformStart['onEvent'] | undefined;
  #commands: CommandTree = { name: 'wa', entries: [], shortcuts: [] };

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  start(onEvent: PlatformStart['onEvent'], commands: CommandTree): void {
    this.#onEvent = onEvent;
    this.#commands = commands;
  }

  /** Resolves when nothing is being told any more; to be called when `stopping` is aborted. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  /** Everything Discord pushes. */
  take(packet: Packet): void {
    if (this.#options.stopping.aborted || this.#isElsewhere(packet.d)) return;
    if (packet.t === 'INTERACTION_CREATE') {
      this.#own(this.#takeAsked(packet.d));
      return;
    }
    // At once and in order: what a channel is now must be known before the next event changes it.
    const changes = this.#placeChanges(packet);
    for (const change of changes) this.#options.onPlaceChanged(change);
    const ofPeople = changes.filter((change) => !this.#options.own.includes(change));
    if (ofPeople.length === 0 && !TOLD.has(packet.t)) return;
    this.#own(this.#inTurn(ofPeople[0]?.channel ?? laneOf(packet), () => this.#tell(packet, ofPeople)));
  }

  /** What must be known before messages of these channels or threads can be read. */
  async context(channels: readonly string[]): Promise<ReceiveContext> {
    const { me, guildId, places, api, clock } = this.#options;
    const { botUserId } = await me();
    for (const channel of new Set(channels)) {
      if (channel === '' || places.has(channel)) continue;
      places.learn(channelShape.parse(await api.call('get', Routes.channel(channel))));
    }
    return {
      botUserId,
      guildId,
      standing: (channel) => places.standing(channel),
      names: { user: () => undefined, channel: () => undefined },
      at: clock.now(),
    };
  }

  /** The latest messages that people wrote in a channel or thread, by id, as far as we were told. */
  remembered(channel: string): ReadonlySet<string> {
    return this.#remembered.get(channel) ?? new Set();
  }

  /** Stores an event, as often as it takes; gives up only when we stop. */
  async store(event: PlatformEvent): Promise<void> {
    const { clock, log, stopping } = this.#options;
    this.remember(event);
    for (let pauseMs = FIRST_PAUSE_MS; !stopping.aborted; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        await this.#onEvent?.(event);
        return;
      } catch (error) {
        log.warn({ err: error, kind: event.kind }, 'an event from Discord was not stored and will be told again');
        await clock.sleep(pauseMs, stopping);
      }
    }
  }

  #isElsewhere(payload: unknown): boolean {
    if (typeof payload !== 'object' || payload === null) return false;
    const { guild_id: guild } = payload as { readonly guild_id?: unknown };
    return typeof guild === 'string' && guild !== this.#options.guildId;
  }

  #placeChanges(packet: Packet): readonly PlaceChange[] {
    if (packet.t === 'GUILD_CREATE' && (packet.d as { readonly id?: unknown }).id !== this.#options.guildId) return [];
    try {
      return this.#options.places.take(packet.t, packet.d);
    } catch (error) {
      this.#options.log.warn({ err: error, event: packet.t }, 'a channel event of Discord could not be read');
      return [];
    }
  }

  /** Does something when what came before it in its channel is done, whatever became of that. */
  async #inTurn(lane: string, work: () => Promise<void>): Promise<void> {
    const turn = (this.#turns.get(lane) ?? Promise.resolve()).then(work);
    const settled = turn.catch(() => undefined);
    this.#turns.set(lane, settled);
    try {
      await turn;
    } finally {
      if (this.#turns.get(lane) === settled) this.#turns.delete(lane);
    }
  }

  async #tell(packet: Packet, changes: readonly PlaceChange[]): Promise<void> {
    const { log, own, clock, me } = this.#options;
    const isMessage = (packet.d as { readonly guild_id?: unknown }).guild_id !== undefined;
    // Direct messages to the bot concern no channel of ours.
    const events = isMessage ? receive(packet, await this.#contextOf(packet)) : [];
    if (events === undefined) log.warn({ event: packet.t }, 'an event of Discord could not be read');
    const { botUserId } = await me();
    for (const change of changes) {
      if ('user' in change && change.user === botUserId) continue;
      await this.store(changed(change, packet.origin, clock.now()));
    }
    for (const event of events ?? []) {
      if (event.kind === 'deleted' && own.hasRemoved(event.post)) continue;
      await this.store(event);
    }
  }

  /** A channel that can't be looked up any more is taken for what its messages say. */
  async #contextOf(packet: Packet): Promise<ReceiveContext> {
    try {
      return await this.context([laneOf(packet)]);
    } catch (error) {
      this.#options.log.debug({ err: error }, 'the channel of an event could not be looked up');
      return this.context([]);
    }
  }

  /** Keeps in mind what a person said, or that it's gone. */
  remember(event: PlatformEvent): void {
    if (event.kind !== 'said' && event.kind !== 'deleted') return;
    const { channel, message } = postParts(event.post);
    const known = this.#remembered.get(channel) ?? new Set();
    this.#remembered.set(channel, known);
    if (event.kind === 'deleted') known.delete(message);
    else known.add(message);
    const [oldest] = known;
    if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest);
  }

  async #takeAsked(payload: unknown): Promise<void> {
    const { guildId, places, answers, replyForm, log } = this.#options;
    const context = { guildId, commands: this.#commands, standing: (channel: string) => places.standing(channel) };
    const asked = readAsked(payload, context);
    if (asked === undefined) {
      log.warn({}, 'a request from Discord could not be read');
      return;
    }
    if (await answers.reopen(asked)) return;
    const written = await replyForm.take(asked);
    if (written !== undefined) {
      if (written !== 'nothing said') {
        await this.#inTurn(postParts(written.post).channel, () => this.store(written));
      }
      return;
    }
    const ref = answers.accept(asked);
    this.#own(answers.deferLate(ref, this.#options.stopping));
    try {
      await this.#onEvent?.(askedEvent(asked, ref));
    } catch (error) {
      log.error({ err: error, via: asked.request.via }, 'a request was not answered');
      await answers.answer(ref, { text: plain('That did not work. Please try again in a moment.') });
    }
  }

  /** Holds a promise that nobody waits for. */
  #own(work: Promise<void>): void {
    const held = work
      .catch((error: unknown) => {
        this.#options.log.warn({ err: error }, 'work in the background failed');
      })
      .finally(() => this.#underWay.delete(held));
    this.#underWay.add(held);
  }
}

/** Events that may mean something besides a change of channels. */
const TOLD = new Set([
  'MESSAGE_CREATE',
  'MESSAGE_UPDATE',
  'MESSAGE_DELETE',
  'MESSAGE_DELETE_BULK',
  'MESSAGE_REACTION_ADD',
  'MESSAGE_REACTION_REMOVE',
  'GUILD_MEMBER_ADD',
  'GUILD_MEMBER_UPDATE',
  'GUILD_MEMBER_REMOVE',
]);
