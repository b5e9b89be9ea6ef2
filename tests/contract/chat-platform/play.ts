// One stage with a started adapter on it, and what was told: what every promise is proven on.
import type { PlatformEvent, Problem, WorkspaceState } from '../../../src/domain/events.ts';
import { as } from '../../../src/domain/ids.ts';
import type { ChannelId, DeliveryKey, MirrorId, PostId } from '../../../src/domain/ids.ts';
import type { Post } from '../../../src/domain/post.ts';
import { plain } from '../../../src/domain/text.ts';
import type { Attempt, ChatPlatform, OpenedChannel } from '../../../src/platforms/platform.ts';
import { until } from './stage.ts';
import type { Human, Stage } from './stage.ts';

export interface Told {
  readonly state: WorkspaceState;
  readonly problem?: Problem;
  readonly back: boolean;
}

export interface Play {
  readonly stage: Stage;
  readonly platform: ChatPlatform;
  /** What was told and stored, in order. */
  readonly events: readonly PlatformEvent[];
  readonly states: readonly Told[];
  /** What `onEvent` does with an event before it counts as stored; a promise may change it. */
  store: (event: PlatformEvent) => Promise<void>;
  /** Starts another adapter on the same workspace in place of the first, as after a restart. */
  restart(): Promise<ChatPlatform>;
  /** Stops the adapter; the end of the play then needs not. */
  stop(): Promise<void>;
  /** A channel with these people in it. */
  channel(name: string, ...people: readonly Human[]): Promise<OpenedChannel>;
  post(channel: ChannelId, post: Partial<Post>, thread?: PostId): Promise<PostId>;
  /** Waits for an event that fits. */
  told<Kind extends PlatformEvent['kind']>(
    kind: Kind,
    fits?: (event: Extract<PlatformEvent, { kind: Kind }>) => boolean,
  ): Promise<Extract<PlatformEvent, { kind: Kind }>>;
  close(): Promise<void>;
}

/** An attempt that remembers as the delivery loop would. */
export interface Try extends Attempt {
  readonly remembered?: string;
}

let count = 0;

/** The first try of a new delivery. */
export function firstTry(): Try & { notes: string[] } {
  count += 1;
  const notes: string[] = [];
  return {
    key: as<DeliveryKey>(`key${count}`),
    firstTriedAt: new Date(),
    notes,
    remember: async (note) => {
      notes.push(note);
    },
  };
}

/** A later try of the same delivery, with what the first remembered. */
export function nextTry(first: Try & { notes: string[] }): Try & { notes: string[] } {
  const remembered = first.notes.at(-1);
  return { ...first, ...(remembered === undefined ? {} : { remembered }) };
}

/** A post with these parts and nothing else. */
export function postOf(parts: Partial<Post> & { readonly words?: string }): Post {
  const { words = 'hello', ...rest } = parts;
  return { marks: [], text: plain(words), lines: [], buttons: [], summary: words, ...rest };
}

export async function openPlay(stage: Stage): Promise<Play> {
  const events: PlatformEvent[] = [];
  const states: Told[] = [];
  let platform = stage.platform();
  let isStopped = false;
  const startOptions = {
    commands: { name: 'wa', entries: [], shortcuts: [] },
    onEvent: async (event: PlatformEvent): Promise<void> => {
      await play.store(event);
      events.push(event);
    },
    onState: (state: WorkspaceState, detail: { readonly problem?: Problem; readonly back: boolean }): void => {
      states.push({ state, ...detail });
    },
  };
  const play: Play = {
    stage,
    get platform() {
      return platform;
    },
    events,
    states,
    store: async () => undefined,
    restart: async () => {
      await play.stop();
      platform = stage.platform();
      isStopped = false;
      await platform.start(startOptions);
      return platform;
    },
    stop: async () => {
      if (isStopped) return;
      isStopped = true;
      await platform.stop();
    },
    channel: async (name, ...people) => {
      count += 1;
      const opened = await platform.openChannel({ mirror: as<MirrorId>(`mirror${count}`), name, topic: '' });
      if (people.length > 0) await platform.setUsers(opened.channel, new Set(people.map((human) => human.user)));
      return opened;
    },
    post: (channel, post, thread) =>
      platform.post({ channel, ...(thread === undefined ? {} : { thread }) }, postOf(post), firstTry()),
    told: async (kind, fits = () => true) => {
      type Wanted = Extract<PlatformEvent, { kind: typeof kind }>;
      const isWanted = (event: PlatformEvent): event is Wanted => event.kind === kind && fits(event as Wanted);
      return until(() => events.find(isWanted), `an event "${kind}"`);
    },
    close: async () => {
      await play.stop();
      await stage.close();
    },
  };
  await platform.start(startOptions);
  return play;
}
