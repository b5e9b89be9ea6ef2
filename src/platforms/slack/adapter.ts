// A Slack workspace as a ChatPlatform: what comes in is told before it's acknowledged, what goes out is posted once.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { ReceiverEvent } from '@slack/bolt';
import { BridgeError } from '../../domain/errors.ts';
import type { Answer, CommandRef } from '../../domain/command.ts';
import type { PlatformEvent, Problem } from '../../domain/events.ts';
import type { ChannelId, FileRef, PostId, UserId } from '../../domain/ids.ts';
import type { Post, PostAuthor } from '../../domain/post.ts';
import type { Log } from '../../runtime/log.ts';
import type { Clock } from '../../runtime/time.ts';
import type {
  Attempt,
  ChannelReaders,
  ChannelSpec,
  ChatPlatform,
  KnownChannel,
  MembershipReport,
  OpenedChannel,
  PlatformStart,
  PostTarget,
} from '../platform.ts';
import { Answers, sayDirectly } from './answers.ts';
import { Api } from './api.ts';
import { slackCapabilities } from './capabilities.ts';
import { Channels } from './channels.ts';
import { Connection } from './connection.ts';
import type { SlackIdentity } from './connection.ts';
import { Directory } from './directory.ts';
import { nameOf } from './emoji.ts';
import { slackCode } from './errors.ts';
import { Files } from './files.ts';
import { DELIVERY_EVENT, History } from './history.ts';
import { createRoutes } from './http.ts';
import { postId, postParts } from './ids.ts';
import { Intake } from './intake.ts';
import { Members } from './members.ts';
import { present } from './present.ts';
import { checkSetup } from './setup.ts';
import { cleanName } from './text.ts';
import { createTransport } from './transport.ts';

export interface SlackOptions {
  /** `xoxb-…` */
  readonly botToken: string;
  /** `xapp-…`: events by Socket Mode. */
  readonly appToken?: string | undefined;
  /** Without an app token: events by HTTP, at `routes`. */
  readonly signingSecret?: string | undefined;
  /** Base of the Web API, ending in `/api/`; Slack's own when absent. */
  readonly apiUrl?: string | undefined;
  /** Where people and Slack reach this program. */
  readonly publicUrl?: string | undefined;
  /** A picture for an author, at an address that Slack can fetch; without one the bot's own picture shows. */
  readonly iconUrl?: (author: PostAuthor) => string | undefined;
  /** How often a refused token is tried again, in milliseconds. Default: a minute. */
  readonly refusedRetryMs?: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Asked right before anything is sent that others see for good; when false, it isn't sent. Always true when absent. */
  readonly mayAct?: () => boolean;
}

export class SlackPlatform implements ChatPlatform {
  readonly name = 'slack';
  readonly capabilities = slackCapabilities;
  readonly routes?: (request: IncomingMessage, response: ServerResponse) => void;
  readonly #options: SlackOptions;
  readonly #log: Log;
  readonly #transport;
  readonly #api: Api;
  readonly #connection: Connection;
  readonly #directory: Directory;
  readonly #channels: Channels;
  readonly #files: Files;
  readonly #history: History;
  readonly #answers: Answers;
  readonly #stopping = new AbortController();
  readonly #intake: Intake;
  readonly #members: Members;
  #workspaceUrl: string | undefined;

  constructor(options: SlackOptions) {
    this.#options = options;
    const { clock, apiUrl, botToken, appToken, signingSecret } = options;
    const log = options.log.child({ platform: this.name });
    this.#log = log;
    const transport = createTransport(clock, options.mayAct);
    this.#transport = transport;
    const take = (event: ReceiverEvent): Promise<void> => this.#intake.take(event);
    this.#api = new Api({
      botToken,
      apiUrl,
      transport,
      log,
      clock,
      onRefused: (error) => this.#connection.refuse(error),
    });
    this.#connection = new Connection({
      appToken,
      apiUrl,
      transport,
      clock,
      log,
      take,
      refusedRetryMs: options.refusedRetryMs ?? 60_000,
      identify: () => this.#identify(),
    });
    this.#directory = new Directory(this.#api, clock, () => this.#connection.identity?.teamId);
    this.#channels = new Channels(
      this.#api,
      log,
      () => this.#connection.identity?.botUserId ?? '',
      () => this.#workspaceUrl,
    );
    this.#files = new Files({ api: this.#api, transport, clock, botToken });
    this.#history = new History(this.#api, clock, this.#stopping.signal);
    this.#answers = new Answers({ api: this.#api, transport, clock });
    this.#members = new Members(this.#api, clock);
    this.#intake = new Intake({
      clock,
      log,
      answers: this.#answers,
      directory: this.#directory,
      channels: this.#channels,
      members: this.#members,
      files: this.#files,
      me: () => this.#me(),
      checkToken: async () => {
        await this.#identify();
      },
      stopping: this.#stopping.signal,
    });
    if (appToken === undefined && signingSecret !== undefined) {
      this.routes = createRoutes({ signingSecret, clock, log, take });
    }
  }

  async start(options: PlatformStart): Promise<void> {
    this.#intake.start(options.onEvent);
    await this.#connection.start(options.onState);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#connection.stop();
    await this.#intake.settle();
    await this.#transport.close();
  }

  async openChannel(spec: ChannelSpec): Promise<OpenedChannel> {
    await this.#me();
    return this.#channels.open(spec);
  }

  async updateChannel(
    channel: ChannelId,
    changes: { readonly name?: string; readonly topic?: string },
  ): Promise<string | undefined> {
    await this.#me();
    return this.#channels.update(channel, changes);
  }

  async setUsers(
    channel: ChannelId,
    wanted: ReadonlySet<UserId>,
    kept?: ReadonlySet<UserId>,
  ): Promise<MembershipReport> {
    const { botUserId } = await this.#me();
    return this.#members.set(botUserId, channel, wanted, kept);
  }

  async readersOf(channel: ChannelId): Promise<ChannelReaders | undefined> {
    const { botUserId } = await this.#me();
    return this.#members.readersOf(botUserId, channel);
  }

  async findUser(email: string): Promise<UserId | undefined> {
    return this.#directory.find(email);
  }

  async findOutsider(email: string): Promise<'guest' | 'bot' | undefined> {
    return this.#directory.findOutsider(email);
  }

  async describeUser(user: UserId) {
    const person = await this.#directory.describe(user);
    if (person === undefined) return { name: user, kind: 'guest' as const };
    const { name, email, isElsewhere } = person;
    const kind = isElsewhere && person.kind === 'person' ? 'guest' : person.kind;
    return email === undefined ? { name, kind } : { name, kind, email };
  }

  now(): Date | undefined {
    return this.#transport.time.now();
  }

  async *missed(known: Iterable<KnownChannel>): AsyncGenerator<PlatformEvent> {
    for (const each of known) {
      const { channel } = each;
      try {
        yield* this.#history.missed(each, (messages) => this.#intake.contextOf(messages));
      } catch (error) {
        // One lost channel must not keep the others from being read.
        if (!(error instanceof BridgeError) || error.code !== 'channel_gone') throw error;
        const at = this.#options.clock.now();
        yield { kind: 'channelChanged', key: `lost:${channel}:${at.getTime()}`, channel, change: 'botRemoved', at };
      }
    }
  }

  async post(to: PostTarget, post: Post, attempt: Attempt): Promise<PostId> {
    if (post.file !== undefined) return this.#files.post(to, post, post.file, attempt);
    const message = {
      channel: to.channel,
      ...present(post),
      ...this.#authorOf(post),
      ...LITERAL,
      metadata: { event_type: DELIVERY_EVENT, event_payload: { key: attempt.key } },
    };
    const { thread, broadcast = false } = to;
    const reply = thread === undefined ? {} : { thread_ts: postParts(thread).ts, reply_broadcast: broadcast };
    return postId(to.channel, await this.#api.sendMessage({ ...message, ...reply }));
  }

  async lookUp(to: PostTarget, attempt: Attempt): Promise<PostId | undefined> {
    if (attempt.remembered !== undefined) return this.#files.lookUp(to, attempt.remembered);
    // A file's id is remembered before Slack may show it. The history isn't asked: in public channels we may not read it.
    if (attempt.hasFile === true) return undefined;
    return this.#history.find(to, attempt);
  }

  async edit(id: PostId, post: Post): Promise<void> {
    const place = postParts(id);
    await this.#api.write('chat.update', (web) =>
      web.chat.update({ ...place, ...present(post), parse: 'none', link_names: false }),
    );
  }

  async remove(id: PostId): Promise<void> {
    try {
      await this.#api.write('chat.delete', (web) => web.chat.delete(postParts(id)));
    } catch (error) {
      if (slackCode(error) !== 'message_not_found') throw error;
    }
  }

  async react(id: PostId, emoji: string, on: boolean): Promise<boolean> {
    const name = /^:(.+):$/.exec(emoji)?.[1] ?? nameOf(emoji);
    if (name === undefined) return false;
    const { channel, ts: timestamp } = postParts(id);
    const reaction = { channel, timestamp, name };
    try {
      await (on
        ? this.#api.write('reactions.add', (web) => web.reactions.add(reaction))
        : this.#api.write('reactions.remove', (web) => web.reactions.remove(reaction)));
      return true;
    } catch (error) {
      const code = slackCode(error) ?? '';
      if (code === 'invalid_name') return false;
      if (code === 'already_reacted' || code === 'no_reaction') return true;
      throw error;
    }
  }

  async tell(user: UserId, where: PostTarget | undefined, post: Post): Promise<void> {
    const shown = present(post);
    if (where === undefined) return sayDirectly(this.#api, user, shown);
    const thread = where.thread === undefined ? {} : { thread_ts: postParts(where.thread).ts };
    const place = { channel: where.channel, user, ...thread };
    try {
      await this.#api.write('chat.postEphemeral', (web) =>
        web.chat.postEphemeral({ ...place, ...shown, parse: 'none' }),
      );
    } catch (error) {
      // The person isn't in that channel, or the channel isn't there any more.
      const isElsewhere = ['user_not_in_channel', 'channel_not_found', 'not_in_channel', 'is_archived'];
      if (!isElsewhere.includes(slackCode(error) ?? '')) throw error;
      await sayDirectly(this.#api, user, shown);
    }
  }

  async openFile(ref: FileRef): Promise<Readable> {
    return this.#files.open(ref);
  }

  async answer(request: CommandRef, answer: Answer): Promise<void> {
    return this.#answers.answer(request, answer);
  }

  async linkTo(id: PostId): Promise<string | undefined> {
    const { channel, ts } = postParts(id);
    try {
      const answer = await this.#api.read('chat.getPermalink', (web) =>
        web.chat.getPermalink({ channel, message_ts: ts }),
      );
      return answer.permalink;
    } catch (error) {
      if (slackCode(error) === 'message_not_found') return undefined;
      throw error;
    }
  }

  async setup(): Promise<readonly Problem[]> {
    const { botToken, appToken, signingSecret, apiUrl, publicUrl } = this.#options;
    return checkSetup({
      botToken,
      appToken,
      signingSecret,
      apiUrl,
      publicUrl,
      transport: this.#transport,
      log: this.#log,
      isConnected: () => this.#connection.isConnected,
    });
  }

  async #identify(): Promise<SlackIdentity> {
    const answer = await this.#api.read('auth.test', (web) => web.auth.test());
    this.#workspaceUrl = answer.url;
    const { team_id: teamId = '', team: teamName = '', user_id: botUserId = '', bot_id: botId = '' } = answer;
    return { teamId, teamName, botUserId, botId };
  }

  /** Who we are; asked for when the connection doesn't know yet. */
  async #me(): Promise<SlackIdentity> {
    return this.#connection.identity ?? this.#identify();
  }

  #authorOf(post: Post): { readonly username?: string; readonly icon_url?: string } {
    if (post.author === undefined) return {};
    const icon = this.#options.iconUrl?.(post.author);
    return { username: cleanName(post.author.name), ...(icon === undefined ? {} : { icon_url: icon }) };
  }
}

/** Slack must look for nothing in the words. */
const LITERAL = { parse: 'none', link_names: false, unfurl_links: false, unfurl_media: false } as const;
