// A Discord server as a ChatPlatform: what comes in is told until it's stored, what goes out is posted once.
import type { Readable } from 'node:stream';
import type { Answer, CommandRef, CommandTree } from '../../domain/command.ts';
import type { PlatformEvent, Problem } from '../../domain/events.ts';
import type { ChannelId, FileRef, PostId, UserId } from '../../domain/ids.ts';
import type { Post } from '../../domain/post.ts';
import type { Log } from '../../runtime/log.ts';
import type { Clock } from '../../runtime/time.ts';
import type {
  Attempt,
  Capabilities,
  ChannelReaders,
  ChannelSpec,
  ChatPlatform,
  KnownChannel,
  MembershipReport,
  OpenedChannel,
  Overseer,
  PlatformStart,
  PostTarget,
  SignIn,
} from '../platform.ts';
import { Answers } from './answers.ts';
import { Api } from './api.ts';
import { discordCapabilities, maxFileBytesOf } from './capabilities.ts';
import { Channels } from './channels.ts';
import { register } from './command-tree.ts';
import { Connection } from './connection.ts';
import { describe } from './directory.ts';
import { openFile } from './files.ts';
import { History } from './history.ts';
import { postParts, userId } from './ids.ts';
import { Intake } from './intake.ts';
import { Members } from './members.ts';
import { overseersOf } from './overseers.ts';
import { OwnDoings } from './own-doings.ts';
import { INVITED } from './permissions.ts';
import { Places } from './places.ts';
import { Posts } from './posts.ts';
import { readersOf } from './readers.ts';
import { ReplyForm } from './reply-form.ts';
import { checkSetup } from './setup.ts';
import { createSignIn, type SignInClient } from './sign-in.ts';
import { createTransport, type Transport } from './transport.ts';
import { Webhooks } from './webhooks.ts';

const COMMANDS_RETRY_MS = 30_000;

export interface DiscordOptions {
  readonly botToken: string;
  /** The server that the bot works in. */
  readonly guildId: string;
  /** Base of the REST API, ending in `/api`; Discord's own when absent. */
  readonly apiUrl?: string | undefined;
  /** How many text channels are opened before private threads are. Default 400 of the 500 that a server may have. */
  readonly channelBudget?: number;
  /** How many private threads one channel for them takes. Default 500: well below the 1,000 overwrites that let people see it. */
  readonly threadsInParent?: number;
  /** The app as people sign in with it; without it they can't. */
  readonly signIn?: SignInClient | undefined;
  /** Where they sign in; Discord's own when absent. */
  readonly oauthAuthorizeUrl?: string | undefined;
  readonly oauthTokenUrl?: string | undefined;
  /** How often a refusal is looked at again, in milliseconds. Default: a minute. */
  readonly refusedRetryMs?: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Asked right before anything is sent that others see for good; when false, it isn't sent. Always true when absent. */
  readonly mayAct?: () => boolean;
}

export class DiscordPlatform implements ChatPlatform {
  readonly name = 'discord';
  readonly signIn: SignIn | undefined;
  readonly #guildId: string;
  readonly #api: Api;
  readonly #connection: Connection;
  readonly #channels: Channels;
  readonly #members: Members;
  readonly #posts: Posts;
  readonly #history: History;
  readonly #answers: Answers;
  readonly #intake: Intake;
  readonly #transport: Transport;
  readonly #stopping = new AbortController();
  #commands: CommandTree | undefined;

  constructor(options: DiscordOptions) {
    const { guildId, botToken, apiUrl, clock, channelBudget = 400, threadsInParent = 500 } = options;
    const { refusedRetryMs = 60_000 } = options;
    this.#transport = createTransport(clock, options.mayAct);
    const log = options.log.child({ platform: this.name });
    const stopping = this.#stopping.signal;
    this.#guildId = guildId;
    this.signIn =
      options.signIn &&
      createSignIn({
        client: options.signIn,
        authorizeUrl: options.oauthAuthorizeUrl,
        tokenUrl: options.oauthTokenUrl,
        apiUrl,
        transport: this.#transport,
        log,
      });
    const api = new Api({ botToken, apiUrl, transport: this.#transport, onRefused: () => this.#connection.refuse() });
    this.#api = api;
    const places = new Places();
    const own = new OwnDoings();
    const me = () => this.#connection.me();
    this.#answers = new Answers(api, clock);
    this.#channels = new Channels({ api, guildId, budget: channelBudget, threadsInParent, places, own, me, clock });
    this.#members = new Members({ api, guildId, own, me });
    this.#posts = new Posts({
      maxFileBytes: () => this.capabilities.maxFileBytes,
      api,
      guildId,
      places,
      own,
      webhooks: new Webhooks(api, me),
    });
    this.#intake = new Intake({
      guildId,
      api,
      clock,
      log,
      answers: this.#answers,
      replyForm: new ReplyForm(api, places),
      places,
      own,
      me,
      onPlaceChanged: (change) => {
        if (change.what === 'deleted' || change.what === 'renamed') this.#channels.forget();
      },
      stopping,
    });
    this.#history = new History({
      api,
      guildId,
      clock,
      context: (channels) => this.#intake.context(channels),
      remembered: (channel) => this.#intake.remembered(channel),
      remember: (event) => this.#intake.remember(event),
      stopping,
    });
    this.#connection = new Connection({
      botToken,
      apiUrl,
      transport: this.#transport,
      guildId,
      permissions: INVITED,
      api,
      clock,
      log,
      refusedRetryMs,
      take: (packet) => this.#intake.take(packet),
      onOpened: () => this.#registerCommands(clock, log),
    });
  }

  /** What a file may have depends on how far the server is boosted, which may change. */
  get capabilities(): Capabilities {
    return { ...discordCapabilities, maxFileBytes: maxFileBytesOf(this.#connection.boostTier) };
  }

  async start(options: PlatformStart): Promise<void> {
    this.#commands = options.commands;
    this.#intake.start(options.onEvent, options.commands);
    await this.#connection.start(options.onState);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#connection.stop();
    await this.#intake.settle();
    this.#api.close();
    await this.#transport.close();
  }

  async openChannel(spec: ChannelSpec): Promise<OpenedChannel> {
    return this.#channels.open(spec);
  }

  async updateChannel(
    channel: ChannelId,
    changes: { readonly name?: string; readonly topic?: string },
  ): Promise<string | undefined> {
    return this.#channels.update(channel, changes);
  }

  async closeThread(thread: ChannelId): Promise<void> {
    await this.#channels.closeThread(thread);
  }

  async setUsers(
    channel: ChannelId,
    wanted: ReadonlySet<UserId>,
    kept?: ReadonlySet<UserId>,
  ): Promise<MembershipReport> {
    return this.#members.set(channel, wanted, kept);
  }

  /** Discord finds nobody by email. */
  async findUser(): Promise<UserId | undefined> {
    return undefined;
  }

  async describeUser(user: UserId) {
    return describe(this.#api, this.#guildId, user);
  }

  now(): Date | undefined {
    return this.#transport.time.now();
  }

  missed(known: Iterable<KnownChannel>): AsyncIterable<PlatformEvent> {
    return this.#history.missed(known);
  }

  async post(to: PostTarget, post: Post, attempt: Attempt): Promise<PostId> {
    return this.#posts.post(to, post, attempt);
  }

  async lookUp(to: PostTarget, attempt: Attempt): Promise<PostId | undefined> {
    return this.#history.find(await this.#posts.placesOf(to), attempt);
  }

  async edit(id: PostId, post: Post): Promise<void> {
    await this.#posts.edit(id, post);
  }

  async remove(id: PostId): Promise<void> {
    await this.#posts.remove(id);
  }

  async react(id: PostId, emoji: string, on: boolean): Promise<boolean> {
    return this.#posts.react(id, emoji, on);
  }

  async tell(user: UserId, where: PostTarget | undefined, post: Post): Promise<void> {
    await this.#posts.tell(user, where, post, async () => (await this.describeUser(user)).name);
  }

  async openFile(ref: FileRef): Promise<Readable> {
    return openFile(this.#api, this.#transport, ref);
  }

  async answer(request: CommandRef, answer: Answer): Promise<void> {
    await this.#answers.answer(request, answer);
  }

  async linkTo(id: PostId): Promise<string | undefined> {
    const { channel, message } = postParts(id);
    return `https://discord.com/channels/${this.#guildId}/${channel}/${message}`;
  }

  async readersOf(channel: ChannelId): Promise<ChannelReaders | undefined> {
    const { botUserId } = await this.#connection.me();
    return readersOf({ api: this.#api, guildId: this.#guildId, bot: userId(botUserId) }, channel);
  }

  async overseers(): Promise<readonly Overseer[]> {
    const { botUserId } = await this.#connection.me();
    return overseersOf(this.#api, this.#guildId, userId(botUserId));
  }

  async setup(): Promise<readonly Problem[]> {
    return checkSetup({ api: this.#api, guildId: this.#guildId, isConnected: () => this.#connection.isConnected });
  }

  /** Until Discord knows them, or we stop. */
  async #registerCommands(clock: Clock, log: Log): Promise<void> {
    const stopping = this.#stopping.signal;
    while (this.#commands !== undefined && !stopping.aborted) {
      try {
        const { applicationId } = await this.#connection.me();
        return await register(this.#api, applicationId, this.#guildId, this.#commands);
      } catch (error) {
        log.warn({ err: error }, 'the commands could not be registered with Discord and will be tried again');
        await clock.sleep(COMMANDS_RETRY_MS, stopping);
      }
    }
  }
}
