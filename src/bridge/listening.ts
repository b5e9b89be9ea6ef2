// Listens to one Workspace: keeps its state recorded, stores what is told, and reads what was missed after each gap.
import type { CommandTree, Request } from '../domain/command.ts';
import type { PlatformEvent, Problem } from '../domain/events.ts';
import type { WorkspaceId } from '../domain/ids.ts';
import type { ChatPlatform, KnownChannel, PlatformStart } from '../platforms/platform.ts';
import type { Log } from '../runtime/log.ts';
import { Loop, type Clock } from '../runtime/time.ts';
import type { Store } from '../store/store.ts';
import { recordWorkspaceState } from './connection.ts';
import type { Hearing } from './hearing.ts';

export interface ListeningParts {
  readonly workspaceId: WorkspaceId;
  readonly platform: ChatPlatform;
  readonly store: Store;
  readonly hearing: Hearing;
  readonly commands: CommandTree;
  /** Answers a command, button, form or shortcut. */
  readonly asked: (request: Request) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

/** How often it is noted that everything up to now was heard. */
const NOTE_MS = 30_000;
/** How far before the last moment, by the platform's time, we surely heard everything a reading starts: events come late. */
const OVERLAP_MS = 10 * 60_000;
/** Threads on posts older than this are not read again after a gap. */
const THREADS_KEPT_MS = 7 * 24 * 60 * 60_000;

export class Listening {
  readonly #parts: ListeningParts;
  readonly #loop: Loop;
  readonly #recording: Loop;
  /** States of the connection that aren't recorded yet, in the order they came. */
  readonly #unrecorded: Parameters<PlatformStart['onState']>[] = [];
  #isConnected = false;
  #hasGap = false;
  #problems: readonly Problem[] = [];

  constructor(parts: ListeningParts) {
    this.#parts = parts;
    const { clock, log, platform } = parts;
    this.#loop = new Loop({
      name: `listening to ${platform.name}`,
      clock,
      log,
      everyMs: NOTE_MS,
      run: () => this.#round(),
    });
    this.#recording = new Loop({
      name: `states of ${platform.name}`,
      clock,
      log,
      everyMs: NOTE_MS,
      run: () => this.#recordStates(),
    });
  }

  /** What `setup()` last found. */
  get problems(): readonly Problem[] {
    return this.#problems;
  }

  async start(): Promise<void> {
    const { platform, workspaceId, commands, asked, hearing } = this.#parts;
    hearing.holdBack(workspaceId);
    this.#recording.start();
    await platform.start({
      commands,
      onEvent: async (event) => {
        if (event.kind === 'asked') await asked(event.request);
        else await this.#hear(event);
      },
      onState: (state, detail) => {
        this.#isConnected = state === 'connected';
        if (detail.back) {
          this.#hasGap = true;
          hearing.holdBack(workspaceId);
        }
        this.#unrecorded.push([state, detail]);
        this.#recording.wake();
        this.#loop.wake();
      },
    });
    this.#loop.start();
  }

  async stop(): Promise<void> {
    await this.#parts.platform.stop();
    await this.#loop.stop();
    await this.#recording.stop();
    await this.#recordStates();
  }

  /** One after the other, each until it's done: the newest state is to be the one that stays. */
  async #recordStates(): Promise<void> {
    for (let [first] = this.#unrecorded; first !== undefined; [first] = this.#unrecorded) {
      await recordWorkspaceState(this.#parts, this.#parts.workspaceId, ...first);
      this.#unrecorded.shift();
    }
  }

  /** What can't be stored isn't acknowledged and is told again, but not for ever: it's read from the history as well, once that works. */
  async #hear(event: PlatformEvent): Promise<void> {
    const { hearing, workspaceId, platform } = this.#parts;
    try {
      await hearing.hear(workspaceId, event, platform.capabilities.eventsSwapWithinMs);
    } catch (error) {
      this.#hasGap = true;
      hearing.holdBack(workspaceId);
      this.#loop.wake();
      throw error;
    }
  }

  async #round(): Promise<void> {
    const { store, workspaceId, clock, platform } = this.#parts;
    if (!this.#isConnected) return;
    const startedAt = platform.now?.() ?? clock.now();
    if (this.#hasGap) {
      this.#hasGap = false;
      try {
        this.#problems = await platform.setup();
        await this.#catchUp();
        if (!this.#hasGap) this.#parts.hearing.goOn(workspaceId);
      } catch (error) {
        this.#hasGap = true;
        throw error;
      }
    }
    // While the connection stands, everything up to now is being told.
    if (this.#isConnected) await store.read.workspaces.setHeardUntil(workspaceId, startedAt);
  }

  async #catchUp(): Promise<void> {
    const { store, platform, workspaceId, hearing, clock } = this.#parts;
    const workspace = await store.read.workspaces.find(workspaceId);
    if (workspace === undefined || workspace.heardUntil === null) return;
    const since = new Date(workspace.heardUntil.getTime() - OVERLAP_MS);
    const known = await store.read.mirrors.known(workspaceId, new Date(clock.now().getTime() - THREADS_KEPT_MS));
    const channels = known.map(({ channelId, ...posts }) => ({ channel: channelId, since, ...posts }));
    for await (const event of platform.missed(this.#urgentFirst(channels))) await hearing.hear(workspaceId, event);
  }

  /** The channels to read, first those in which somebody said something meanwhile. Whoever asks for the next has read the one before. */
  *#urgentFirst(channels: readonly KnownChannel[]): Generator<KnownChannel> {
    const { workspaceId, hearing } = this.#parts;
    const unread = new Map(channels.map((known) => [known.channel, known]));
    for (;;) {
      const [first] = unread.values();
      const waiting = hearing.waitingIn(workspaceId, unread.keys());
      const next = (waiting && unread.get(waiting)) ?? first;
      if (next === undefined) return;
      unread.delete(next.channel);
      yield next;
      if (!this.#hasGap) hearing.goOn(workspaceId, next.channel);
    }
  }
}
