// A ChatPlatform without a wire, for tests of everything behind the port.
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import type { Answer, CommandRef } from '../../src/domain/command.ts';
import { BridgeError } from '../../src/domain/errors.ts';
import type { PlatformEvent, Problem } from '../../src/domain/events.ts';
import { as } from '../../src/domain/ids.ts';
import type { ChannelId, FileRef, PostId, UserId } from '../../src/domain/ids.ts';
import type { Post } from '../../src/domain/post.ts';
import { plain } from '../../src/domain/text.ts';
import type {
  Attempt,
  Capabilities,
  ChannelReaders,
  ChannelSpec,
  ChatPlatform,
  KnownChannel,
  MembershipReport,
  OpenedChannel,
  PlatformStart,
  PostTarget,
} from '../../src/platforms/platform.ts';
import { drop } from './fake-workspace.ts';
import type { FakeListener, FakeMethod, FakeWorkspace } from './fake-workspace.ts';

export { FakeWorkspace } from './fake-workspace.ts';

/** An adapter on a FakeWorkspace. */
export class FakePlatform implements ChatPlatform, FakeListener {
  readonly name: string = 'fake';
  readonly capabilities: Capabilities;
  readonly #workspace: FakeWorkspace;
  #start: PlatformStart | undefined;
  #told = '';
  #turn: Promise<boolean> = Promise.resolve(true);

  constructor(workspace: FakeWorkspace) {
    this.#workspace = workspace;
    this.capabilities = workspace.capabilities;
  }

  async start(options: PlatformStart): Promise<void> {
    this.#start = options;
    this.#workspace.adapters.add(this);
    this.stand();
  }

  async stop(): Promise<void> {
    this.#workspace.adapters.delete(this);
    this.#start = undefined;
    await this.#turn;
  }

  /** Tells how the connection stands, if that changed. */
  stand(): void {
    const { isAccepted, isReachable } = this.#workspace;
    const down = this.#told === '' ? 'connecting' : 'reconnecting';
    const state = !isAccepted ? 'refused' : isReachable ? 'connected' : down;
    if (state === this.#told) return;
    this.#told = state;
    const problem: Problem = { what: 'The token is not accepted.', fix: 'Set another token.' };
    this.#start?.onState(state, {
      identity: { remoteId: 'fake', name: 'Fake' },
      ...(state === 'refused' ? { problem } : {}),
      back: state === 'connected',
    });
  }

  /** Passes an event on, again until it's stored; resolves false when it can't get through. */
  async hear(event: PlatformEvent): Promise<boolean> {
    this.#turn = this.#pass(event);
    return this.#turn;
  }

  async openChannel(spec: ChannelSpec): Promise<OpenedChannel> {
    return this.#do('openChannel', undefined, async () => {
      const { channels } = this.#workspace;
      const known = [...channels.values()].find((channel) => channel.mirror === spec.mirror);
      const channel = known ?? {
        id: as<ChannelId>(this.#workspace.newId('channel')),
        mirror: spec.mirror,
        name: this.#freeName(spec.name),
        topic: '',
        members: new Set<UserId>(),
        posts: [],
      };
      channel.topic = spec.topic;
      channels.set(channel.id, channel);
      return { channel: channel.id, name: channel.name };
    });
  }

  async updateChannel(
    id: ChannelId,
    changes: { readonly name?: string; readonly topic?: string },
  ): Promise<string | undefined> {
    const channel = this.#workspace.channel(id);
    if (changes.name !== undefined && changes.name !== channel.name) channel.name = this.#freeName(changes.name);
    if (changes.topic !== undefined) channel.topic = changes.topic;
    return changes.name === undefined ? undefined : channel.name;
  }

  async setUsers(
    id: ChannelId,
    wanted: ReadonlySet<UserId>,
    kept: ReadonlySet<UserId> = new Set(),
  ): Promise<MembershipReport> {
    return this.#do('setUsers', id, async () => {
      const { members } = this.#workspace.channel(id);
      const isAllowed = (user: UserId): boolean => this.#workspace.people.get(user)?.active === true;
      const removed = [...members].filter((user) => !wanted.has(user) && !kept.has(user));
      const missing = [...wanted].filter((user) => !members.has(user));
      const added = missing.filter((user) => isAllowed(user));
      for (const user of removed) members.delete(user);
      for (const user of added) members.add(user);
      const problems = missing
        .filter((user) => !isAllowed(user))
        .map((user) => ({ user, what: 'This person left.', fix: 'Deactivate the agent.' }));
      return { added, removed, present: [...members], problems, unfinished: false };
    });
  }

  async readersOf(id: ChannelId): Promise<ChannelReaders | undefined> {
    const channel = this.#workspace.channels.get(id);
    return channel === undefined ? undefined : { name: channel.name, isPrivate: true, users: [...channel.members] };
  }

  async findUser(email: string): Promise<UserId | undefined> {
    const wanted = email.toLowerCase();
    const people = [...this.#workspace.people.values()];
    return people.find((one) => one.email === wanted && one.kind === 'person' && one.active)?.id;
  }

  async findOutsider(email: string): Promise<'guest' | 'bot' | undefined> {
    const one = [...this.#workspace.people.values()].find((person) => person.email === email.toLowerCase());
    return one === undefined || one.kind === 'person' ? undefined : one.kind;
  }

  async describeUser(user: UserId) {
    const person = this.#workspace.people.get(user);
    if (person === undefined) return { name: user, kind: 'guest' as const };
    const kind = person.active || person.kind !== 'person' ? person.kind : ('guest' as const);
    return { email: person.email, name: person.name, kind };
  }

  async *missed(known: Iterable<KnownChannel>): AsyncGenerator<PlatformEvent> {
    for (const { channel, since } of known) {
      for (const post of this.#workspace.channel(channel).posts) {
        if (post.user === undefined) continue;
        if (post.at >= since) yield this.#workspace.saidOf(post);
        if (post.editedAt !== undefined && post.editedAt >= since) yield this.#workspace.editedOf(post);
      }
    }
  }

  async post(to: PostTarget, post: Post, attempt: Attempt): Promise<PostId> {
    const files: { name: string; bytes: Uint8Array }[] = [];
    if (post.file !== undefined) files.push({ name: post.file.name, bytes: await buffer(await post.file.open()) });
    return this.#do('post', to.channel, async () => {
      const parts = { channel: to.channel, thread: to.thread, user: undefined, key: attempt.key, post, files };
      return this.#workspace.add(parts).id;
    });
  }

  async lookUp(to: PostTarget, attempt: Attempt): Promise<PostId | undefined> {
    return this.#do('lookUp', to.channel, async () => {
      return this.#workspace.channel(to.channel).posts.find((post) => post.key === attempt.key)?.id;
    });
  }

  async edit(id: PostId, post: Post): Promise<void> {
    await this.#do('edit', this.#workspace.find(id)?.channel, async () => {
      const found = this.#workspace.find(id);
      if (found === undefined) {
        throw new BridgeError('post_gone', 'no such post', {
          sentence: 'The post is gone.',
          retry: 'never',
          certain: true,
        });
      }
      found.post = post;
    });
  }

  async remove(id: PostId): Promise<void> {
    const found = this.#workspace.find(id);
    await this.#do('remove', found?.channel, async () => {
      if (found !== undefined) drop(this.#workspace.channel(found.channel).posts, found);
    });
  }

  async react(id: PostId, emoji: string, on: boolean): Promise<boolean> {
    const found = this.#workspace.find(id);
    return this.#do('react', found?.channel, async () => {
      if (!/\p{Emoji}/u.test(emoji)) return false;
      if (on) found?.reactions.add(emoji);
      else found?.reactions.delete(emoji);
      return true;
    });
  }

  async tell(user: UserId, where: PostTarget | undefined, post: Post): Promise<void> {
    await this.#do('tell', where?.channel, async () => {
      this.#workspace.told.push({ user, post });
    });
  }

  async openFile(ref: FileRef): Promise<Readable> {
    const bytes = this.#workspace.uploads.get(ref) ?? new Uint8Array();
    const fault = this.#workspace.takeFault('openFile', undefined);
    return Readable.from(pieces(bytes, fault?.error), { objectMode: false });
  }

  async answer(ref: CommandRef, answer: Answer): Promise<void> {
    const request = this.#workspace.requests.get(ref.token);
    if (request !== undefined) this.#workspace.answers.push({ request, answer });
  }

  async setup(): Promise<readonly Problem[]> {
    return this.#workspace.isAccepted ? [] : [{ what: 'The token is not accepted.', fix: 'Set another token.' }];
  }

  async #pass(event: PlatformEvent): Promise<boolean> {
    for (;;) {
      if (this.#start === undefined || !this.#workspace.isReachable) return false;
      try {
        await this.#start.onEvent(event);
        return true;
      } catch {
        if (event.kind === 'asked') {
          await this.answer(event.request.ref, { text: plain('That did not work. Please try again.') });
          return true;
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  /** Does something as a platform would: refused, unreachable, or done with a lost answer. */
  async #do<Result>(method: FakeMethod, channel: ChannelId | undefined, work: () => Promise<Result>): Promise<Result> {
    if (!this.#workspace.isAccepted) {
      const options = {
        sentence: 'The token is not accepted.',
        retry: 'later',
        certain: true,
        waitFor: 'workspace',
      } as const;
      throw new BridgeError('unauthorised', `${method}: refused`, options);
    }
    const fault = this.#workspace.takeFault(method, channel);
    if (fault?.kind === 'error') throw fault.error;
    const result = await work();
    if (fault !== undefined) throw fault.error;
    return result;
  }

  #freeName(name: string): string {
    const taken = new Set([...this.#workspace.channels.values()].map((channel) => channel.name));
    for (let count = 1; ; count += 1) {
      const free = count === 1 ? name : `${name}-${count}`;
      if (!taken.has(free)) return free;
    }
  }
}

async function* pieces(bytes: Uint8Array, error: BridgeError | undefined): AsyncGenerator<Uint8Array> {
  yield bytes.subarray(0, Math.ceil(bytes.length / 2));
  if (error !== undefined) throw error;
  yield bytes.subarray(Math.ceil(bytes.length / 2));
}
