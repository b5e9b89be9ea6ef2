// A Slack workspace as a ChatPlatform: what comes in is told before it's acknowledged, what goes out is posted once.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { ReceiverEvent } from '@slack/bolt';
import { plain } from '../../domain/text.ts';
import type { Answer, CommandRef } from '../../domain/command.ts';
import type { PlatformEvent, Problem } from '../../domain/events.ts';
import type { ChannelId, FileRef, PostId, UserId } from '../../domain/ids.ts';
import type { Post, PostAuthor } from '../../domain/post.ts';
import type { Log } from '../../runtime/log.ts';
import type { Clock } from '../../runtime/time.ts';
import type {
  Attempt,
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
import { askedEvent, readAsked } from './asked.ts';
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
import { setUsers } from './members.ts';
import { present } from './present.ts';
import { receive } from './receive.ts';
import type { ReceiveContext } from './receive.ts';
import { checkSetup } from './setup.ts';
import { cleanName } from './text.ts';
import { createTransport } from './transport.ts';

/** How long a message waits for the names of the people mentioned in it, in milliseconds. */
const NAMES_WAIT_MS = 800;

export interface SlackOptions {
  /** `xoxb-…` */
  readonly botToken: string;
  /** `xapp-…`: events by Socket Mode. */
  readonly appToken?: string;
  /** Without an app token: events by HTTP, at `routes`. */
  readonly signingSecret?: string;
  /** Base of the Web API, ending in `/api/`; Slack's own when absent. */
  readonly apiUrl?: string;
  /** Where people and Slack reach this program. */
  readonly publicUrl?: string;
  /** A picture for an author, at an address that Slack can fetch; without one the bot's own picture shows. */
  readonly iconUrl?: (author: PostAuthor) => string | undefined;
  /** How often a refused token is tried again, in milliseconds. Default: a minute. */
  readonly refusedRetryMs?: number;
  readonly clock: Clock;
  readonly log: Log;
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
  /** What is being told now, each promise held until it's settled. */
  readonly #underWay = new Set<Promise<void>>();
  /** The last telling of each channel: events of one channel are stored in the order they came. */
  readonly #turns = new Map<string, Promise<void>>();
  #workspaceUrl: string | undefined;
  #onEvent: PlatformStart['onEvent'] | undefined;

  constructor(options: SlackOptions) {
    this.#options = options;
    const { clock, apiUrl, botToken, appToken, signingSecret } = options;
    const log = options.log.child({ platform: this.name });
    this.#log = log;
    const transport = createTransport(clock);
    this.#transport = transport;
    const take = (event: ReceiverEvent): Promise<void> => this.#take(event);
    this.#api = new Api({ botToken, apiUrl, transport, log, onRefused: (error) => this.#connection.refuse(error) });
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
    if (appToken === undefined && signingSecret !== undefined) {
      this.routes = createRoutes({ signingSecret, clock, log, take });
    }
  }

  async start(options: PlatformStart): Promise<void> {
    this.#onEvent = options.onEvent;
    await this.#connection.start(options.onState);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#connection.stop();
    await Promise.allSettled(this.#underWay);
    await this.#transport.close();
  }

  async openChannel(spec: ChannelSpec): Promise<OpenedChannel> {
    await this.#me();
    return this.#channels.open(spec);
  }

  async updateChannel(channel: ChannelId, changes: { readonly name?: string; readonly topic?: string }): Promise<void> {
    if (changes.name !== undefined) await this.#channels.rename(channel, changes.name);
    if (changes.topic !== undefined) await this.#channels.setTopic(channel, changes.topic);
  }

  async setUsers(channel: ChannelId, wanted: ReadonlySet<UserId>): Promise<MembershipReport> {
    const { botUserId } = await this.#me();
    return setUsers(this.#api, botUserId, channel, wanted);
  }

  async findUser(email: string): Promise<UserId | undefined> {
    return this.#directory.find(email);
  }

  async describeUser(user: UserId) {
    const person = await this.#directory.describe(user);
    if (person === undefined) return { name: user, kind: 'person' as const };
    const { name, kind, email } = person;
    return email === undefined ? { name, kind } : { name, kind, email };
  }

  async *missed(known: readonly KnownChannel[]): AsyncGenerator<PlatformEvent> {
    for (const channel of known) {
      yield* this.#history.missed(channel, (messages) => this.#context(JSON.stringify(messages)));
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

  async tell(user: UserId, where: PostTarget, post: Post): Promise<void> {
    const shown = present(post);
    const thread = where.thread === undefined ? {} : { thread_ts: postParts(where.thread).ts };
    try {
      await this.#api.write('chat.postEphemeral', (web) =>
        web.chat.postEphemeral({ channel: where.channel, user, ...thread, ...shown, parse: 'none' }),
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
      const answer = await this.#api.read('chat.getPermalink', (web) => web.chat.getPermalink({ channel, message_ts: ts }));
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

  /** Everything Slack pushes, by socket or by HTTP. Rejects when it must not be acknowledged. */
  async #take({ body, ack }: ReceiverEvent): Promise<void> {
    if (this.#stopping.signal.aborted) throw new Error('we are stopping');
    const type: unknown = body['type'];
    switch (type) {
      case 'event_callback':
        await this.#hold(this.#takeEvent(body));
        await ack();
        return;
      case 'app_rate_limited':
        this.#log.error({}, 'Slack withholds events for a minute: there are more than 30,000 in an hour');
        await ack();
        return;
      default:
        await this.#takeAsked(body, ack);
    }
  }

  async #takeEvent(body: ReceiverEvent['body']): Promise<void> {
    const events = receive(body, await this.#context(JSON.stringify(body['event'])));
    if (events === undefined) this.#log.warn({ eventId: body['event_id'] }, 'an event of Slack could not be read');
    for (const event of events ?? []) {
      this.#notice(event);
      if (!this.#isEcho(event)) await this.#inTurn(event);
    }
    this.#noticeToken(body);
  }

  /** Whom a message mentions is asked for before it's read. */
  async #context(raw: string): Promise<ReceiveContext> {
    const { botUserId, botId } = await this.#me();
    const mentioned = new Set([...raw.matchAll(/(?:<@|"user_id":")([UW][A-Z0-9]+)/g)].map((match) => match[1] ?? ''));
    const names = await this.#directory.names(mentioned, NAMES_WAIT_MS);
    return { botUserId, botId, names: { user: (id) => names.get(id), channel: () => undefined } };
  }

  /** What an event means for what we remember. */
  #notice(event: PlatformEvent): void {
    if (event.kind === 'userChanged') this.#directory.forget(event.user);
    if (event.kind === 'channelChanged' && event.change !== 'renamed' && event.change !== 'unarchived') {
      this.#channels.forget(event.channel);
    }
  }

  #isEcho(event: PlatformEvent): boolean {
    return (
      event.kind === 'channelChanged' && event.change === 'renamed' && this.#channels.isOwnName(event.channel, event.name ?? '')
    );
  }

  #noticeToken(body: ReceiverEvent['body']): void {
    const event: unknown = body['event']?.type;
    // The next call finds out what became of the token; asking at once tells people at once.
    if (event === 'tokens_revoked' || event === 'app_uninstalled') this.#own(this.#identify().then(() => undefined));
  }

  /** Tells an event when the ones before it in its channel are told, whatever became of them. */
  async #inTurn(event: PlatformEvent): Promise<void> {
    const onEvent = this.#onEvent;
    if (onEvent === undefined) throw new Error('not started');
    const lane = 'channel' in event ? event.channel : '';
    const turn = (this.#turns.get(lane) ?? Promise.resolve()).then(() => onEvent(event));
    const settled = turn.catch(() => undefined);
    this.#turns.set(lane, settled);
    try {
      await turn;
    } finally {
      if (this.#turns.get(lane) === settled) this.#turns.delete(lane);
    }
  }

  async #takeAsked(body: unknown, ack: ReceiverEvent['ack']): Promise<void> {
    const asked = readAsked(body);
    if (asked === undefined) return ack();
    const ref = await this.#answers.accept(asked, (answer) => ack(answer));
    this.#own(this.#answers.closeForm(ref, this.#stopping.signal));
    this.#own(this.#tellAsked(askedEvent(asked, ref, this.#options.clock.now())));
  }

  async #tellAsked(event: Extract<PlatformEvent, { kind: 'asked' }>): Promise<void> {
    try {
      await this.#onEvent?.(event);
    } catch (error) {
      this.#log.error({ err: error, via: event.request.via }, 'a request was not answered');
      await this.answer(event.request.ref, { text: plain('That did not work. Please try again in a moment.') });
    }
  }

  /** Holds a promise that nobody waits for. */
  #own(work: Promise<void>): void {
    this.#hold(work).catch((error: unknown) => {
      this.#log.warn({ err: error }, 'work in the background failed');
    });
  }

  #hold(work: Promise<void>): Promise<void> {
    const held = work.finally(() => this.#underWay.delete(held));
    this.#underWay.add(held);
    return held;
  }
}

/** Slack must look for nothing in the words. */
const LITERAL = { parse: 'none', link_names: false, unfurl_links: false, unfurl_media: false } as const;
