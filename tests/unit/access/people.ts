// A Workspace in memory for the tests of access: people with emails, channels with members, and faults on demand.
import { BridgeError } from '../../../src/domain/errors.ts';
import type { PlatformEvent, Problem } from '../../../src/domain/events.ts';
import { as, type ChannelId, type PostId, type UserId } from '../../../src/domain/ids.ts';
import type { Capabilities, ChatPlatform } from '../../../src/platforms/platform.ts';

export interface Person {
  email: string;
  kind: 'person' | 'guest' | 'bot';
  active: boolean;
}

const capabilities: Capabilities = {
  namedFiles: 'native',
  threads: 'native',
  reactions: 'native',
  privateNotices: 'native',
  findsUsersByEmail: true,
  maxTextLength: 4000,
  maxFileBytes: 1_000_000,
  channelNameLength: 80,
  eventsSwapWithinMs: 0,
};

const notUsed = (): Promise<never> => Promise.reject(new Error('access has no business with this method'));

/** What happens to a call: nothing, or the error it fails with. */
export type Fault = (call: 'setUsers' | 'findUser' | 'describeUser', channel?: ChannelId) => BridgeError | undefined;

export class PeoplePlatform implements ChatPlatform {
  readonly name = 'people';
  readonly capabilities: Capabilities;
  readonly people = new Map<UserId, Person>();
  readonly channels = new Map<ChannelId, Set<UserId>>();
  /** Every call that touched a channel or asked for a person, in order. */
  readonly calls: string[] = [];
  fault: Fault = () => undefined;
  /** Nobody can be taken out, and this is why. */
  forbidsRemoval: Problem | undefined;
  /** Told of what people do, and of our own removals as Slack tells them: without saying that it was us. */
  onEvent: (event: PlatformEvent) => void = () => undefined;
  #eventCount = 0;

  constructor(options: Partial<Capabilities> = {}) {
    this.capabilities = { ...capabilities, ...options };
  }

  add(user: string, email: string, kind: Person['kind'] = 'person'): UserId {
    this.people.set(as<UserId>(user), { email, kind, active: true });
    return as<UserId>(user);
  }

  open(channel: string): ChannelId {
    this.channels.set(as<ChannelId>(channel), new Set());
    return as<ChannelId>(channel);
  }

  members(channel: ChannelId): UserId[] {
    return [...(this.channels.get(channel) ?? [])].sort();
  }

  event(
    kind: 'joined' | 'left',
    channel: ChannelId,
    user: UserId,
    by?: UserId,
  ): Extract<PlatformEvent, { kind: 'joined' | 'left' }> {
    this.#eventCount += 1;
    const told = { kind, key: `event-${this.#eventCount}`, channel, user, at: new Date() };
    return by === undefined ? told : { ...told, by };
  }

  /** A person does it by hand. */
  join(channel: ChannelId, user: UserId, by?: UserId): void {
    this.channels.get(channel)?.add(user);
    this.onEvent(this.event('joined', channel, user, by));
  }

  leave(channel: ChannelId, user: UserId): void {
    this.channels.get(channel)?.delete(user);
    this.onEvent(this.event('left', channel, user));
  }

  change(user: UserId, change: Partial<Person>): Extract<PlatformEvent, { kind: 'userChanged' }> {
    const person = this.#person(user);
    Object.assign(person, change);
    if (!person.active) for (const members of this.channels.values()) members.delete(user);
    this.#eventCount += 1;
    return {
      kind: 'userChanged',
      key: `event-${this.#eventCount}`,
      user,
      email: person.email,
      active: person.active,
      at: new Date(),
    };
  }

  #person(user: UserId): Person {
    const person = this.people.get(user);
    if (person === undefined) throw new Error(`nobody is called ${user}`);
    return person;
  }

  readonly setUsers: ChatPlatform['setUsers'] = async (channel, wanted, kept = new Set()) => {
    this.calls.push(`setUsers ${channel}`);
    const fault = this.fault('setUsers', channel);
    if (fault !== undefined) throw fault;
    const members = this.channels.get(channel);
    if (members === undefined) {
      throw new BridgeError('channel_gone', 'no such channel', {
        sentence: 'The channel is gone.',
        retry: 'never',
        certain: true,
      });
    }
    const problems: (Problem & { user?: UserId })[] = [];
    const removed: UserId[] = [];
    for (const user of [...members].filter((member) => !wanted.has(member) && !kept.has(member))) {
      if (this.forbidsRemoval !== undefined) problems.push({ ...this.forbidsRemoval, user });
      else {
        members.delete(user);
        removed.push(user);
        this.onEvent(this.event('left', channel, user));
      }
    }
    const added: UserId[] = [];
    for (const user of [...wanted].filter((one) => !members.has(one))) {
      const person = this.people.get(user);
      if (person === undefined || !person.active || person.kind !== 'person') {
        problems.push({ what: 'This person can’t be added.', fix: 'Check the person.', user });
      } else {
        members.add(user);
        added.push(user);
      }
    }
    return { added, removed, present: [...members], problems, unfinished: false };
  };

  readonly findUser: ChatPlatform['findUser'] = async (email) => {
    this.calls.push(`findUser ${email}`);
    const fault = this.fault('findUser');
    if (fault !== undefined) throw fault;
    return [...this.people].find(
      ([, one]) => one.email.toLowerCase() === email && one.active && one.kind === 'person',
    )?.[0];
  };

  readonly findOutsider = async (email: string): Promise<'guest' | 'bot' | undefined> => {
    const one = [...this.people.values()].find((person) => person.email.toLowerCase() === email && person.active);
    return one === undefined || one.kind === 'person' ? undefined : one.kind;
  };

  readonly describeUser: ChatPlatform['describeUser'] = async (user) => {
    this.calls.push(`describeUser ${user}`);
    const fault = this.fault('describeUser');
    if (fault !== undefined) throw fault;
    const person = this.people.get(user);
    if (person?.active !== true) return { name: user, kind: person?.kind === 'bot' ? 'bot' : 'guest' };
    return { email: person.email, name: user, kind: person.kind };
  };

  readonly start = notUsed;
  readonly stop = notUsed;
  readonly openChannel = notUsed;
  readonly updateChannel = notUsed;
  readonly readersOf = notUsed;
  async *missed(): AsyncGenerator<PlatformEvent> {}
  readonly post = notUsed;
  readonly lookUp = (): Promise<PostId | undefined> => notUsed();
  readonly edit = notUsed;
  readonly remove = notUsed;
  readonly react = notUsed;
  readonly tell = notUsed;
  readonly openFile = notUsed;
  readonly answer = notUsed;
  readonly setup = notUsed;
}
