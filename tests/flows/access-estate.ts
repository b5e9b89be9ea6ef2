// An estate for tests of access: the Slack and the Discord stand-in on the wire, the real adapters, Access and Bridge over a real database, all in
// this process, so that many short lives of it fit in a minute. Only WhatsApp is the contract's fake.
import { randomBytes } from 'node:crypto';
import { startDiscord, type DiscordSimulator } from '../../simulators/discord/index.ts';
import { startSlack, type SlackSimulator } from '../../simulators/slack/index.ts';
import { Access } from '../../src/access/access.ts';
import { Bridge, type BridgeParts } from '../../src/bridge/bridge.ts';
import { Hearing } from '../../src/bridge/hearing.ts';
import { Listening } from '../../src/bridge/listening.ts';
import { Commands } from '../../src/commands/commands.ts';
import { commandTree } from '../../src/commands/tree.ts';
import type { Request } from '../../src/domain/command.ts';
import type { PlatformEvent } from '../../src/domain/events.ts';
import { as, type AccountId, type ChatAddress, type ChatId, type WorkspaceId } from '../../src/domain/ids.ts';
import { createDiscord } from '../../src/platforms/discord/index.ts';
import type { ChatPlatform } from '../../src/platforms/platform.ts';
import type { Outgoing } from '../../src/platforms/messenger.ts';
import { createSlack } from '../../src/platforms/slack/index.ts';
import { createLog } from '../../src/runtime/log.ts';
import { systemClock, type Clock } from '../../src/runtime/time.ts';
import { newId } from '../../src/store/db.ts';
import { Store } from '../../src/store/store.ts';
import { plainText } from '../../src/domain/text.ts';
import { facadesOver } from '../support/facades.ts';
import { FakeMessenger } from '../support/fake-messenger.ts';
import { FakeNetwork } from '../support/fake-network.ts';
import { MemorySessions } from '../support/memory-sessions.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';

export const PLACES = ['slack', 'discord'] as const;
export type Place = (typeof PLACES)[number];

const log = createLog({ level: process.env['ESTATE_LOG'] === undefined ? 'silent' : 'debug' });
const LINK = 'fake-link';
const POLL_MS = 15;

/** The machine's clock, which a test may let jump ahead: hours pass in no time, and what sleeps sleeps on. */
class JumpingClock implements Clock {
  #aheadMs = 0;
  now = (): Date => new Date(Date.now() + this.#aheadMs);
  monotonicMs = (): number => systemClock.monotonicMs() + this.#aheadMs;
  sleep = systemClock.sleep;
  jump(ms: number): void {
    this.#aheadMs += ms;
  }
  /** For adapters, whose heartbeats must not think that an hour went by without one. */
  get calm(): Clock {
    return { now: this.now, monotonicMs: systemClock.monotonicMs, sleep: this.sleep };
  }
}

/** Tells of each message at the moment it's handed over to be sent. */
class ToldMessenger extends FakeMessenger {
  onSend: (text: string) => void = () => undefined;
  override async send(...args: Parameters<FakeMessenger['send']>): ReturnType<FakeMessenger['send']> {
    const content: Outgoing = args[3];
    this.onSend(plainText(content.text));
    return super.send(...args);
  }
}

/** What works between a start and a stop. */
interface Term {
  readonly access: Access;
  readonly bridge: Bridge;
  readonly messenger: ToldMessenger;
  stop(): Promise<void>;
}

export class Estate {
  readonly slack: SlackSimulator;
  readonly discord: DiscordSimulator;
  readonly database: TestDatabase;
  readonly store: Store;
  readonly clock: JumpingClock;
  readonly network = new FakeNetwork();
  readonly workspaces: Readonly<Record<Place, WorkspaceId>>;
  /** Told of every reply at the moment it's sent to a customer. */
  onSend: (text: string) => void = () => undefined;
  readonly #sessions = new MemorySessions();
  readonly #accountId: AccountId;
  readonly #phone: string;
  #term: Term | undefined;

  private constructor(
    base: Pick<Estate, 'slack' | 'discord' | 'database' | 'store' | 'clock' | 'workspaces'> & { accountId: AccountId },
  ) {
    this.slack = base.slack;
    this.discord = base.discord;
    this.database = base.database;
    this.store = base.store;
    this.clock = base.clock;
    this.workspaces = base.workspaces;
    this.#accountId = base.accountId;
    this.#phone = this.network.join('Acme', true);
  }

  /** Both stand-ins, a database and a number that is linked already; nothing of ours runs yet. */
  static async build(given?: TestDatabase): Promise<Estate> {
    const clock = new JumpingClock();
    const now = () => clock.now().getTime();
    const settings = { ackTimeoutMs: 3_000, redeliveryDelaysMs: [50, 500, 3_000, 5_000] };
    const [slack, discord, database] = await Promise.all([
      startSlack({ now, settings }),
      startDiscord({ now }),
      given ?? freshDatabase(),
    ]);
    const store = Store.create({ address: database });
    await store.migrate(database);
    const accountId = newId<AccountId>(now());
    await store.read.accounts.create({ id: accountId, name: 'Main' });
    const inEnvironment = async (name: Place) => (await store.read.workspaces.fromEnvironment(name, clock.now())).id;
    const workspaces = { slack: await inEnvironment('slack'), discord: await inEnvironment('discord') };
    const estate = new Estate({ slack, discord, database, store, clock, workspaces, accountId });
    await estate.#link();
    return estate;
  }

  async #link(): Promise<void> {
    const number = this.network.numbers.get(this.#phone);
    if (number === undefined) throw new Error('our number is unknown');
    number.link = 'linked';
    const value = Buffer.from(`${this.#phone} linked`);
    await this.#sessions.set(this.#accountId, [{ type: LINK, id: LINK, value }], []);
  }

  get #now(): Term {
    if (this.#term === undefined) throw new Error('nothing runs');
    return this.#term;
  }

  get access(): Access {
    return this.#now.access;
  }

  /** Starts what the program starts, as main.ts wires it. */
  async start(): Promise<void> {
    const { store, clock, slack, discord, workspaces } = this;
    const shared = { clock: clock.calm, log };
    const platforms = new Map<WorkspaceId, ChatPlatform>([
      [
        workspaces.slack,
        createSlack({ botToken: slack.botToken, appToken: slack.appToken, apiUrl: slack.apiUrl, ...shared }),
      ],
      [
        workspaces.discord,
        createDiscord({ botToken: discord.botToken, guildId: discord.guildId, apiUrl: discord.apiUrl, ...shared }),
      ],
    ]);
    const access = new Access({ store, platforms, clock, log, publicUrl: 'https://wa.acme.test' });
    const messenger = new ToldMessenger(this.network, this.#sessions);
    messenger.onSend = (text) => this.onSend(text);
    const { fence } = await fenceOf(store);
    const lease = { valid: () => true, fence };
    const { tickets, metrics } = facadesOver({ store, access, clock, log });
    const digestPost: BridgeParts['digestPost'] = (id) => metrics.post(id);
    const parts = { store, messenger, platforms, access, tickets, digestPost, lease, clock, log, linkToFile: String };
    const bridge = new Bridge(parts);
    const commands = new Commands({
      store,
      bridge,
      access,
      tickets,
      metrics,
      clock,
      answer: async (workspaceId, ref, answer) => platforms.get(workspaceId)?.answer(ref, answer),
    });
    const record = async (workspaceId: WorkspaceId, event: PlatformEvent) => {
      switch (event.kind) {
        case 'said':
        case 'edited':
        case 'deleted':
        case 'reacted':
          return bridge.heard(workspaceId, event);
        case 'asked':
          return 'ignored' as const;
        default:
          await access.handle(workspaceId, event);
          return 'recorded' as const;
      }
    };
    const hearing = new Hearing({ store, clock, log, record });
    const ears = [...platforms].map(([workspaceId, platform]) => {
      const asked = (request: Request) => commands.handle(workspaceId, request);
      return new Listening({ workspaceId, platform, store, hearing, commands: commandTree, asked, clock, log });
    });
    await bridge.start();
    access.start();
    hearing.start();
    await Promise.all(ears.map((ear) => ear.start()));
    const stop = async (): Promise<void> => {
      await Promise.all(ears.map((ear) => ear.stop()));
      await hearing.stop();
      await access.stop();
      await bridge.stop();
    };
    this.#term = { access, bridge, messenger, stop };
  }

  /** Ends all that was started; the stand-ins go on. */
  async stop(): Promise<void> {
    const term = this.#term;
    this.#term = undefined;
    await term?.stop();
  }

  /** Our number loses its connection: replies wait. */
  async numberAway(): Promise<void> {
    await this.#now.messenger.close(this.#accountId);
  }

  async numberBack(): Promise<void> {
    await this.#now.messenger.open(this.#accountId);
  }

  /** A customer writes; resolves once both places show it, with the Chat and its channels. */
  async customer(name: string, text = `Hello from ${name}`): Promise<Inbox> {
    const known = [...this.network.names].find(([, one]) => one === name)?.[0];
    const phone = known ?? this.network.join(name);
    const chat = this.network.direct(phone, this.#phone);
    const message = {
      id: randomBytes(8).toString('hex'),
      author: phone,
      text,
      editedFrom: [],
      isRevoked: false,
      copies: 1,
      mentions: [],
      forwarded: false,
      reactions: new Map<string, string>(),
    };
    this.network.happen(chat, { kind: 'said', by: phone, at: this.clock.now(), message });
    const slackPost = await until(
      () =>
        this.slack
          .channels()
          .flatMap((channel) => channel.messages.map((one) => ({ channel: channel.id, id: one.ts, text: one.text })))
          .find((one) => one.text.includes(text)),
      `${name} in Slack`,
    );
    const discordPost = await until(
      () =>
        this.discord
          .channels()
          .flatMap((channel) => channel.messages.map((one) => ({ channel: channel.id, id: one.id, text: one.content })))
          .find((one) => one.text.includes(text)),
      `${name} in Discord`,
    );
    const rows = await this.store.query('select chat_id from mirror where channel_id = $1', [slackPost.channel]);
    const chatId = as<ChatId>(String((rows[0] as { chat_id: string } | undefined)?.chat_id));
    return { chatId, address: as<ChatAddress>(chat.id), slack: slackPost, discord: discordPost };
  }

  /** The texts that customers got, each as often as it came. */
  received(): string[] {
    return [...this.network.chats.values()].flatMap(({ messages }) =>
      messages
        .filter(({ author }) => author === this.#phone)
        .flatMap(({ text, copies }) => Array.from({ length: copies }, () => text)),
    );
  }

  /** Resolves once everything that people did so far was heard and recorded. */
  async heard(): Promise<void> {
    await Promise.all([this.slack.settled(30_000), this.discord.settled(30_000)]);
    await until(async () => {
      const [row] = await this.store.query('select count(*)::int as count from heard where done_at is null', []);
      return (row as { count: number }).count === 0;
    }, 'everything to be heard');
  }

  /** Resolves once nothing is under way: all heard, no lane waits, no channel is stale. */
  async quiet(): Promise<void> {
    await this.heard();
    await until(async () => {
      const rows = await this.store.query(
        `select 1 from lane where waiting > 0 union all
         select 1 from mirror where state = 'open' and stale_at is not null`,
        [],
      );
      return rows.length === 0;
    }, 'everything to be worked off');
  }

  async close(): Promise<void> {
    await this.stop();
    await Promise.all([this.slack.stop(), this.discord.stop()]);
    await this.store.close();
    await this.database.drop();
    const unknown = [...this.slack.unknown, ...this.discord.unknown];
    if (unknown.length > 0) throw new Error(`The stand-ins don't know: ${unknown.join(', ')}`);
  }
}

/** A channel and the customer's post in it, under which people reply. */
export interface Shown {
  readonly channel: string;
  readonly id: string;
}

/** One Chat and where it's shown. */
export interface Inbox extends Readonly<Record<Place, Shown>> {
  readonly chatId: ChatId;
  readonly address: ChatAddress;
}

/** A term's number, as the lease gives it: each higher than the last. */
async function fenceOf(store: Store): Promise<{ fence: bigint }> {
  const [row] = await store.query(
    `insert into setting (key, value) values ('test-fence', '1')
     on conflict (key) do update set value = to_jsonb((setting.value #>> '{}')::int + 1) returning value #>> '{}' as fence`,
    [],
  );
  return { fence: BigInt((row as { fence: string }).fence) };
}

/** Waits until `read` gives something; fails after `timeoutMs`, naming `what`. */
export async function until<Value>(
  read: () => Value | Promise<Value>,
  what: string,
  timeoutMs = 40_000,
): Promise<NonNullable<Value>> {
  const endsAt = performance.now() + timeoutMs;
  for (;;) {
    const value = await read();
    if (value !== undefined && value !== null && value !== false) return value;
    if (performance.now() > endsAt) throw new Error(`Waited in vain for ${what}.`);
    await systemClock.sleep(POLL_MS);
  }
}
