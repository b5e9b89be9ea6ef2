// A workspace as flow tests use it, Slack or Discord alike: its people, what its channels show, and the ways in which it fails.

export type PlatformName = 'slack' | 'discord';

/** A file as a person attaches it. */
export interface Attached {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly mimetype: string;
}

/** A file under a post. */
export interface ShownFile {
  readonly name: string;
  readonly bytes: Buffer;
  /** What is read out of a picture. */
  readonly altText: string | undefined;
}

export type Style = 'bold' | 'italic' | 'strike' | 'code' | 'quote' | 'list';

/** A post as people see it now. */
export interface TownPost {
  readonly id: string;
  /** The name it bears; undefined for what the bot says as itself. */
  readonly author: string | undefined;
  /** A person of the workspace wrote it. */
  readonly isPersons: boolean;
  /** Every word it shows, from top to bottom, without marks and buttons; links read `[label](address)`. */
  readonly text: string;
  readonly styles: ReadonlySet<Style>;
  readonly files: readonly ShownFile[];
  /** What it stands under: a thread's first message, or what it answers. */
  readonly thread: string | undefined;
  /** Stands in the channel itself, not only in a thread: everybody who opens the channel sees it. */
  readonly isInChannel: boolean;
  readonly isEdited: boolean;
  /** The emoji on it that at least one person or the bot gave. */
  readonly reactions: readonly string[];
  readonly buttons: readonly { readonly action: string; readonly label: string }[];
  /** Whom it notifies. */
  readonly pings: readonly string[];
  readonly links: readonly { readonly url: string; readonly text: string }[];
  /** Addresses that are fetched to show a preview. */
  readonly previews: readonly string[];
  /** All that is stored of it, for what must not be in it. */
  readonly raw: string;
}

/** A channel that the program made. */
export interface TownChannel {
  readonly id: string;
  readonly name: string;
  /** As stored, in the platform's own markup. */
  readonly topic: string;
  readonly isPrivate: boolean;
  /** What people and the program said, replies included, in the order it was posted. */
  readonly posts: readonly TownPost[];
  /** The post as it is now; undefined when it's gone. */
  post(id: string): TownPost | undefined;
  /** What stands under a post, directly or under something under it, in order. */
  under(id: string): readonly TownPost[];
  /** Whether this person can read it. */
  has(person: TownPerson): boolean;
}

/** A person of the workspace at their client. */
export interface TownPerson {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  /** Says something; resolves with its id. `replyTo` is answered as the platform's people do: in its thread, or natively. */
  say(
    channel: TownChannel,
    text: string,
    options?: { readonly replyTo?: TownPost; readonly files?: readonly Attached[]; readonly at?: Date },
  ): Promise<string>;
  edit(channel: TownChannel, post: string, text: string): Promise<void>;
  remove(channel: TownChannel, post: string): Promise<void>;
  /** Unicode emoji. */
  react(channel: TownChannel, post: string, emoji: string): Promise<void>;
  unreact(channel: TownChannel, post: string, emoji: string): Promise<void>;
  /** Presses the button whose action begins like this. */
  press(post: TownPost, action: string): Promise<void>;
  /** All that only they were told, in channels and directly, oldest first. */
  toldPrivately(): readonly string[];
  directMessages(): readonly string[];
}

/** What happens to a call instead of, or after, its work. Both simulators know these. */
export type TownFault =
  /** `retryAfter`: seconds, or the header as written; '' for none. */
  | { readonly kind: 'rate_limited'; readonly retryAfter: number | string }
  | { readonly kind: 'status'; readonly status: number; readonly body?: string; readonly contentType?: string }
  | { readonly kind: 'slow'; readonly ms: number }
  | { readonly kind: 'html' | 'hang' | 'cut' | 'answer_lost' | 'answer_hangs' | 'answer_cut' };

/** `customer`: a post under a customer's name. `bot`: what the bot says as itself, as the line under a reply. `upload`: the first call of a file, `share`: the one that shows it. */
export type TownCall = 'customer' | 'bot' | 'upload' | 'share' | 'openChannel' | 'any';

export interface TownWorkspace {
  readonly platform: PlatformName;
  /** The program's settings for it. */
  readonly env: Readonly<Record<string, string>>;
  /** The settings that a problem with the token names. */
  readonly tokenSetting: string;
  /** How people type what is formatted. */
  readonly typed: Readonly<Record<'bold' | 'italic' | 'strike' | 'code', (text: string) => string>> & {
    readonly smile: string;
  };
  /** `isAdmin`: of the Slack workspace, whoever they are to the program; on Discord its owner does what takes one. */
  addPerson(name: string, email: string, options?: { readonly isAdmin?: boolean }): TownPerson;
  channels(): readonly TownChannel[];
  /** A channel that people made, with this person in it; the bot is in it, or isn't and can't see it. */
  makeChannel(name: string, by: TownPerson, options: { readonly hasBot: boolean }): Promise<TownChannel>;
  /** Somebody who may lets a person into a channel by hand. */
  letIn(channel: TownChannel, by: TownPerson, other: TownPerson): Promise<void>;
  /** Somebody who may takes away what the bot posted; in Slack an admin who is in the channel. */
  takeAway(channel: TownChannel, by: TownPerson, post: string): Promise<void>;
  /** The next calls of this kind fail; `left` tells how many are still to come. */
  fail(
    call: TownCall,
    fault: TownFault,
    options?: { times?: number; channel?: TownChannel },
  ): { readonly left: number };
  /** Nothing fails any more. */
  mend(): void;
  /** Cuts the connection that events come by; it may be opened again, after being refused so many times. */
  dropConnection(refusals: number): void;
  /** Leaves that connection open, but nothing comes or goes by it any more. */
  freezeConnection(): void;
  /** Cuts the connection that events come by and refuses new ones, until the returned function is called. Calls go through. */
  shutOut(): () => void;
  /** Every call fails so, and no connection is to be had, until `mend`. */
  goDown(how: TownFault): void;
  /** What happens from now on is never told, until the returned function is called. */
  loseEvents(): () => void;
  /** Whether the saying of this was told. */
  hasTold(text: string): boolean;
  revokeToken(): void;
  restoreToken(): void;
  /** Resolves when the platform has nothing left to tell. */
  settled(timeoutMs: number): Promise<void>;
  /** Calls that the simulator doesn't know. */
  readonly unknown: readonly string[];
  stop(): Promise<void>;
}
