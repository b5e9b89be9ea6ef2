// The workspace behind the fake ChatPlatform: channels and posts in memory, people to drive, and faults to order.
import { BridgeError } from '../../src/domain/errors.ts';
import type { BridgeErrorOptions } from '../../src/domain/errors.ts';
import type { Answer, CommandRef, Request } from '../../src/domain/command.ts';
import { saidKey, type PlatformEvent, type PlatformFile } from '../../src/domain/events.ts';
import { as } from '../../src/domain/ids.ts';
import type { ChannelId, DeliveryKey, FileRef, MirrorId, PostId, UserId } from '../../src/domain/ids.ts';
import type { Post } from '../../src/domain/post.ts';
import { plain } from '../../src/domain/text.ts';
import type { Capabilities } from '../../src/platforms/platform.ts';

export interface FakePerson {
  readonly id: UserId;
  readonly name: string;
  readonly email: string;
  readonly kind: 'person' | 'guest' | 'bot';
  active: boolean;
}

export interface FakePost {
  readonly id: PostId;
  readonly channel: ChannelId;
  readonly thread: PostId | undefined;
  /** Absent: ours. */
  readonly user: UserId | undefined;
  readonly key: DeliveryKey | undefined;
  at: Date;
  editedAt: Date | undefined;
  post: Post;
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  /** The bot's. */
  readonly reactions: Set<string>;
}

export interface FakeChannel {
  readonly id: ChannelId;
  readonly mirror: MirrorId;
  name: string;
  topic: string;
  readonly members: Set<UserId>;
  readonly posts: FakePost[];
}

/** The methods whose next calls can be made to go wrong. */
export type FakeMethod =
  | 'post'
  | 'lookUp'
  | 'edit'
  | 'remove'
  | 'react'
  | 'openChannel'
  | 'setUsers'
  | 'tell'
  | 'openFile';

interface Fault {
  readonly method: FakeMethod;
  readonly channel: ChannelId | undefined;
  /** `lost`: done, without an answer. */
  readonly kind: 'lost' | 'error';
  readonly error: BridgeError;
  left: number;
}

const CAPABILITIES: Capabilities = {
  namedFiles: 'native',
  threads: 'native',
  reactions: 'native',
  privateNotices: 'native',
  findsUsersByEmail: true,
  maxTextLength: 3_500,
  maxFileBytes: 25_000_000,
  channelNameLength: 80,
  eventsSwapWithinMs: 0,
};
const UNANSWERED: BridgeErrorOptions = {
  sentence: 'The workspace could not be reached.',
  retry: 'later',
  certain: false,
};

/** What an adapter hears of the workspace. */
export interface FakeListener {
  /** Resolves true once an event is stored, false when it can't get through. */
  hear(event: PlatformEvent): Promise<boolean>;
  /** Whether the workspace can be reached, or accepts us, may have changed. */
  stand(): void;
}

/** A new workspace, in which adapters can come and go. */
export class FakeWorkspace {
  readonly people = new Map<UserId, FakePerson>();
  readonly channels = new Map<ChannelId, FakeChannel>();
  /** What people were told privately, and answered. */
  readonly told: { readonly user: UserId; readonly post: Post }[] = [];
  readonly answers: { readonly request: Request; readonly answer: Answer }[] = [];
  readonly uploads = new Map<FileRef, Uint8Array>();
  /** Who asked with which reference. */
  readonly requests = new Map<string, Request>();
  /** Every event, and whether it was stored. */
  readonly events: { readonly event: PlatformEvent; acknowledged: boolean }[] = [];
  readonly adapters = new Set<FakeListener>();
  readonly capabilities: Capabilities;
  isReachable = true;
  isAccepted = true;
  readonly #now: () => Date;
  #lastMs = 0;
  #faults: Fault[] = [];
  #count = 0;
  #telling: Promise<void> = Promise.resolve();

  constructor(options: { readonly capabilities?: Partial<Capabilities>; readonly now?: () => Date } = {}) {
    this.capabilities = { ...CAPABILITIES, ...options.capabilities };
    this.#now = options.now ?? (() => new Date());
  }

  /** The present moment; no two are the same, as on real platforms. */
  now(): Date {
    this.#lastMs = Math.max(this.#now().getTime(), this.#lastMs + 1);
    return new Date(this.#lastMs);
  }

  addPerson(name: string, options: Partial<Pick<FakePerson, 'email' | 'kind' | 'active'>> = {}): FakePerson {
    const email = options.email ?? `${name.toLowerCase()}@acme.example`;
    const { kind = 'person', active = true } = options;
    const person = { id: as<UserId>(this.newId('user')), name, email, kind, active };
    this.people.set(person.id, person);
    return person;
  }

  channel(id: ChannelId): FakeChannel {
    const channel = this.channels.get(id);
    if (channel !== undefined) return channel;
    throw new BridgeError('channel_gone', 'no such channel', {
      sentence: 'The channel is gone.',
      retry: 'never',
      certain: true,
    });
  }

  find(id: PostId): FakePost | undefined {
    for (const channel of this.channels.values()) {
      const found = channel.posts.find((post) => post.id === id);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Orders the next calls of a method to fail; with `lost` they're done all the same. */
  fail(
    method: FakeMethod,
    error: BridgeError | 'lost' | 'unanswered',
    options: { readonly times?: number; readonly channel?: ChannelId } = {},
  ): void {
    const isGiven = error instanceof BridgeError;
    this.#faults.push({
      method,
      channel: options.channel,
      kind: error === 'lost' ? 'lost' : 'error',
      error: isGiven ? error : new BridgeError('unreachable', `${method}: no answer`, UNANSWERED),
      left: options.times ?? 1,
    });
  }

  takeFault(method: FakeMethod, channel: ChannelId | undefined): Fault | undefined {
    const fault = this.#faults.find(
      (one) => one.left > 0 && one.method === method && (one.channel === undefined || one.channel === channel),
    );
    if (fault !== undefined) fault.left -= 1;
    return fault;
  }

  /** What a person says; tells it to the adapter, and again until it's stored. */
  async say(
    user: UserId,
    channel: ChannelId,
    text: string,
    options: { readonly thread?: PostId; readonly files?: readonly { name: string; bytes: Uint8Array }[] } = {},
  ): Promise<PostId> {
    const { thread, files = [] } = options;
    const said = this.add({ channel, thread, user, key: undefined, post: personsPost(text), files });
    const shared = files.map(({ name, bytes }): PlatformFile => {
      const ref = as<FileRef>(this.newId('file'));
      this.uploads.set(ref, bytes);
      return { ref, name, mimeType: mimeTypeOf(name), sizeBytes: bytes.length };
    });
    await this.tell({ ...this.saidOf(said), files: shared });
    return said.id;
  }

  async edit(post: PostId, text: string): Promise<void> {
    const said = this.find(post);
    if (said?.user === undefined) throw new Error('not a post of a person');
    said.post = personsPost(text);
    said.editedAt = this.now();
    await this.tell(this.editedOf(said));
  }

  async erase(post: PostId): Promise<void> {
    const said = this.find(post);
    if (said === undefined) throw new Error('no such post');
    drop(this.channel(said.channel).posts, said);
    await this.tell({ kind: 'deleted', key: this.newId('event'), channel: said.channel, at: this.now(), post });
  }

  async react(user: UserId, post: PostId, emoji: string, on: boolean): Promise<void> {
    const channel = this.find(post)?.channel ?? as<ChannelId>('');
    await this.tell({ kind: 'reacted', key: this.newId('event'), channel, at: this.now(), post, user, emoji, on });
  }

  async letIn(by: UserId, channel: ChannelId, user: UserId): Promise<void> {
    this.channel(channel).members.add(user);
    await this.tell({ kind: 'joined', key: this.newId('event'), channel, at: this.now(), user, by });
  }

  async leave(user: UserId, channel: ChannelId): Promise<void> {
    this.channel(channel).members.delete(user);
    await this.tell({ kind: 'left', key: this.newId('event'), channel, at: this.now(), user });
  }

  /** A person asks something; resolves with the request's reference once it was told. */
  async ask(request: Omit<Request, 'ref'>): Promise<CommandRef> {
    const ref = { token: this.newId('request') };
    this.requests.set(ref.token, { ...request, ref });
    await this.tell({ kind: 'asked', key: ref.token, request: { ...request, ref }, at: this.now() });
    return ref;
  }

  /** Tells an event of the platform's own making, such as a renamed channel. */
  async tell(event: PlatformEvent): Promise<void> {
    const entry = { event, acknowledged: false };
    this.events.push(entry);
    const turn = this.#telling.then(async () => {
      for (const adapter of this.adapters) entry.acknowledged = (await adapter.hear(event)) || entry.acknowledged;
    });
    this.#telling = turn;
    if (event.kind !== 'asked') void turn;
    else await Promise.race([turn, new Promise((resolve) => setImmediate(resolve))]);
  }

  /** Resolves when everything was told. */
  async quiet(): Promise<void> {
    let last;
    do {
      last = this.#telling;
      await last;
    } while (last !== this.#telling);
  }

  cut(): void {
    this.isReachable = false;
    for (const adapter of this.adapters) adapter.stand();
  }

  mend(): void {
    this.isReachable = true;
    for (const adapter of this.adapters) adapter.stand();
  }

  accept(isAccepted: boolean): void {
    this.isAccepted = isAccepted;
    for (const adapter of this.adapters) adapter.stand();
  }

  add(parts: Omit<FakePost, 'id' | 'at' | 'editedAt' | 'reactions'>): FakePost {
    const id = as<PostId>(this.newId('post'));
    const post: FakePost = { ...parts, id, at: this.now(), editedAt: undefined, reactions: new Set() };
    this.channel(parts.channel).posts.push(post);
    return post;
  }

  saidOf(said: FakePost): Extract<PlatformEvent, { kind: 'said' }> {
    const { id, channel, thread, user = as<UserId>(''), at, post } = said;
    const place = { key: saidKey(id), channel, post: id, user, at, ...(thread === undefined ? {} : { thread }) };
    return { kind: 'said', ...place, text: post.text, files: [], mentionsBot: post.summary.includes('@Switchboard') };
  }

  editedOf(said: FakePost): Extract<PlatformEvent, { kind: 'edited' }> {
    const { id, channel, thread, user = as<UserId>(''), at, editedAt = at, post } = said;
    const place = { channel, post: id, user, ...(thread === undefined ? {} : { thread }) };
    return { kind: 'edited', key: `edited:${id}:${editedAt.getTime()}`, ...place, at: editedAt, text: post.text };
  }

  newId(kind: string): string {
    this.#count += 1;
    return `${kind}-${String(this.#count).padStart(6, '0')}`;
  }
}

function personsPost(text: string): Post {
  return { marks: [], text: plain(text), lines: [], buttons: [], summary: text };
}

function mimeTypeOf(name: string): string {
  const types: Readonly<Record<string, string>> = {
    jpg: 'image/jpeg',
    png: 'image/png',
    pdf: 'application/pdf',
    ogg: 'audio/ogg',
  };
  return types[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
}

/** Takes an item out of a list. */
export function drop<Item>(list: Item[], item: Item): void {
  const at = list.indexOf(item);
  if (at !== -1) list.splice(at, 1);
}
