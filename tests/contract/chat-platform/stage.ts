// What the contract needs of a platform's other side: the people in it, what they see, and the ways in which it can fail.
import type { ChannelId, PostId, UserId } from '../../../src/domain/ids.ts';
import type { ChatPlatform } from '../../../src/platforms/platform.ts';

/** Somebody of the workspace. */
export interface Human {
  readonly user: UserId;
  readonly email: string;
}

/** A post as people see it, whoever wrote it. */
export interface Seen {
  readonly post: PostId;
  readonly thread?: PostId;
  readonly author: string;
  /** Every word it shows, from top to bottom. */
  readonly words: string;
  /** Whom it notifies. */
  readonly pings: readonly string[];
  /** What can be clicked on, and what is fetched to show a preview. */
  readonly links: readonly string[];
  readonly previews: readonly string[];
  readonly buttons: readonly string[];
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  /** The bot's own reactions, Unicode. */
  readonly reactions: readonly string[];
}

/** A workspace with our bot in it, ready to be driven. */
export interface Stage {
  /** A fresh adapter on this workspace, as after a restart; not started. The stage stops those that weren't. */
  platform(): ChatPlatform;
  person(name: string, kind?: 'person' | 'guest' | 'bot' | 'deactivated'): Promise<Human>;
  say(
    human: Human,
    channel: ChannelId,
    text: string,
    options?: { readonly thread?: PostId; readonly files?: readonly { name: string; bytes: Uint8Array }[] },
  ): Promise<PostId>;
  change(human: Human, post: PostId, text: string): Promise<void>;
  erase(human: Human, post: PostId): Promise<void>;
  react(human: Human, post: PostId, emoji: string, on: boolean): Promise<void>;
  letIn(by: Human, channel: ChannelId, other: Human): Promise<void>;
  leave(human: Human, channel: ChannelId): Promise<void>;
  /** `/wa <text>`, typed in a channel. */
  command(human: Human, channel: ChannelId, text: string): Promise<void>;
  press(human: Human, post: PostId, action: string): Promise<void>;
  /** The title of the form that is open for them. */
  openForm(human: Human): string | undefined;
  /** Sends the open form; resolves with the errors it shows, by field. */
  sendForm(human: Human, values: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>>>;
  /** All that only they were told, oldest first, in channels and directly. */
  toldPrivately(human: Human): readonly string[];

  /** What a channel holds, oldest first, replies included. */
  seen(channel: ChannelId): readonly Seen[];
  /** Who is in it, the bot left out. */
  members(channel: ChannelId): readonly UserId[];
  /** Names of all channels the bot made. */
  channelNames(): readonly string[];
  topic(channel: ChannelId): string;
  /** Whether the platform takes what was said as told: it won't tell it again. */
  isAcknowledged(post: PostId): boolean;
  /** Resolves when the platform has nothing left to tell. */
  quiet(): Promise<void>;

  /** The next call of this kind is done, but its answer never arrives. */
  loseAnswer(of: 'post' | 'file' | 'openChannel'): void;
  /** The next call of this kind arrives nowhere: nobody can tell that from outside. */
  loseCall(of: 'post' | 'file'): void;
  /** Posts to this channel are asked to wait, from now on. */
  throttle(channel: ChannelId): void;
  /** The next file that is fetched breaks off. */
  breakDownload(): void;
  /** Nothing gets through to the program, and what happens meanwhile is never told. */
  cut(): void;
  mend(): void;
  refuseToken(): void;
  acceptToken(): void;
  /** Calls the platform didn't know; empty at the end of every test. */
  unknownCalls(): readonly string[];
  close(): Promise<void>;
}

/** A promise that a platform can't keep, and why. */
export interface Gap {
  readonly promise: string;
  readonly why: string;
}

/** Declares a gap; it's printed with the results. `promise` is the test's name. */
export function notSupported(promise: string, why: string): Gap {
  return { promise, why };
}

/** Waits until `read` yields something true, and fails after five seconds naming what it waited for. */
export async function until<Value>(read: () => Value, what: string): Promise<NonNullable<Value>> {
  const deadline = Date.now() + 5_000;
  for (;;) {
    const value = read();
    if (value !== undefined && value !== null && (value as unknown) !== false) return value;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}
