// What the bot writes: customers' messages by webhook under their names, everything else as the bot; found again, changed, removed.
import { buffer } from 'node:stream/consumers';
import { Routes } from 'discord.js';
import type { RawFile, RequestData } from 'discord.js';
import { BridgeError } from '../../domain/errors.ts';
import type { PostId, UserId } from '../../domain/ids.ts';
import type { Post, PostFile } from '../../domain/post.ts';
import type { Attempt, PostTarget } from '../platform.ts';
import type { Api } from './api.ts';
import { discordCode } from './errors.ts';
import { postId, postParts } from './ids.ts';
import type { OwnDoings } from './own-doings.ts';
import { channelShape } from './places.ts';
import type { Places } from './places.ts';
import { fileName, present, replyKeyIn, replyLinkIn } from './present.ts';
import { messageShape } from './receive.ts';
import { cleanName, escape, oneLine } from './text.ts';
import type { Webhooks } from './webhooks.ts';

const MAX_ALT_TEXT = 1_000;
const MAX_REMEMBERED = 5_000;

/** Who wrote a message of ours, the key in its Reply button, and the link to what it answers. */
interface Written {
  readonly by: 'webhook' | 'bot';
  readonly key?: string;
  readonly replyTo?: string;
}

/** Where a message goes: a channel of the server or a thread in it, and what it answers there. */
interface Place {
  readonly channel: string;
  readonly repliedTo?: { readonly channel: string; readonly message: string };
}

export interface PostsOptions {
  readonly api: Api;
  readonly guildId: string;
  readonly places: Places;
  readonly webhooks: Webhooks;
  readonly own: OwnDoings;
  /** The largest file that the server takes now, in bytes. */
  readonly maxFileBytes: () => number;
}

export class Posts {
  readonly #options: PostsOptions;
  /** The latest posts of ours, so that changing one needs no look at it first. */
  readonly #written = new Map<PostId, Written>();

  constructor(options: PostsOptions) {
    this.#options = options;
  }

  /** See `ChatPlatform.post`. */
  async post(to: PostTarget, post: Post, attempt: Attempt): Promise<PostId> {
    const place = await this.#placeOf(to);
    const files = post.file === undefined ? undefined : await readFile(post.file, this.#options.maxFileBytes());
    const id = await (post.author === undefined
      ? this.#postAsBot(place, post, attempt.key, files)
      : this.#postByWebhook(place, post, post.author.name, attempt.key, files));
    const made = postId(place.channel, id);
    const isNative = post.author === undefined && place.repliedTo?.channel === place.channel;
    const written = post.author === undefined ? { by: 'bot' as const } : { by: 'webhook' as const, key: attempt.key };
    this.#remember(made, { ...written, ...(isNative ? {} : this.#linkIn(place)) });
    return made;
  }

  /** The channels and threads where a post to there may stand. */
  async placesOf(to: PostTarget): Promise<readonly string[]> {
    const { channel } = await this.#placeOf(to);
    return channel === to.channel ? [channel] : [channel, to.channel];
  }

  /** See `ChatPlatform.edit`. */
  async edit(id: PostId, post: Post): Promise<void> {
    const { channel, message } = postParts(id);
    const { by, ...kept } = this.#written.get(id) ?? (await this.#look(id));
    // A file stays as it is while the post has one; a post without takes it away.
    const shown = { ...present(post, kept), ...(post.file === undefined ? { attachments: [] } : {}) };
    await this.#awake(channel, () =>
      by === 'bot'
        ? this.#options.api.call('patch', Routes.channelMessage(channel, message), { body: shown })
        : this.#withWebhook(channel, (route, query) =>
            this.#options.api.call('patch', `${route}/messages/${message}`, { body: shown, query, auth: false }),
          ),
    );
  }

  /** See `ChatPlatform.remove`. */
  async remove(id: PostId): Promise<void> {
    const { channel, message } = postParts(id);
    this.#options.own.noteRemoved(id);
    this.#written.delete(id);
    try {
      await this.#awake(channel, () => this.#options.api.call('delete', Routes.channelMessage(channel, message)));
    } catch (error) {
      if (discordCode(error) !== 10_008) throw error;
    }
  }

  /** See `ChatPlatform.react`. */
  async react(id: PostId, emoji: string, on: boolean): Promise<boolean> {
    const { channel, message } = postParts(id);
    const route = Routes.channelMessageOwnReaction(channel, message, encodeURIComponent(emoji));
    try {
      await this.#awake(channel, () => this.#options.api.call(on ? 'put' : 'delete', route));
      return true;
    } catch (error) {
      // Unknown emoji: when taking back one, it isn't there any more.
      if (discordCode(error) === 10_014) return !on;
      throw error;
    }
  }

  /** A direct message; to somebody who takes none, one short line in place. */
  async tell(user: UserId, where: PostTarget | undefined, post: Post, name: () => Promise<string>): Promise<void> {
    const { api } = this.#options;
    try {
      const direct = await api.call<{ id: string }>('post', Routes.userChannels(), { body: { recipient_id: user } });
      await api.call('post', Routes.channelMessages(direct.id), { body: present(post) });
    } catch (error) {
      if (discordCode(error) !== 50_007 || where === undefined) throw error;
      const place = await this.#placeOf(where);
      const words = `${escape(await name())}: ${escape(oneLine(post.summary))}`.slice(0, 1_900);
      const body = { content: `-# ${words}`, flags: 4, allowed_mentions: { parse: [] }, ...referenceIn(place) };
      await api.call('post', Routes.channelMessages(place.channel), { body });
    }
  }

  /** Native, with a key that Discord itself knows again for some minutes. */
  async #postAsBot(place: Place, post: Post, key: string, files: FileParts | undefined): Promise<string> {
    const body = {
      ...present(post, place.repliedTo?.channel === place.channel ? {} : this.#linkIn(place)),
      ...files?.about,
      ...referenceIn(place),
      nonce: key,
      enforce_nonce: true,
    };
    const made = await this.#options.api.call<{ id: string }>('post', Routes.channelMessages(place.channel), {
      body,
      ...files?.data,
    });
    return made.id;
  }

  /** Webhooks can't reply; what is answered stands as a link above. */
  async #postByWebhook(
    place: Place,
    post: Post,
    name: string,
    key: string,
    files: FileParts | undefined,
  ): Promise<string> {
    const { api } = this.#options;
    const body = { ...present(post, { ...this.#linkIn(place), key }), ...files?.about, username: cleanName(name) };
    const made = await this.#withWebhook(place.channel, (route, query) => {
      query.set('wait', 'true');
      return api.call<{ id: string }>('post', route, { body, query, auth: false, ...files?.data });
    });
    return made.id;
  }

  #linkIn({ repliedTo }: Place): { readonly replyTo?: string } {
    if (repliedTo === undefined) return {};
    return {
      replyTo: `https://discord.com/channels/${this.#options.guildId}/${repliedTo.channel}/${repliedTo.message}`,
    };
  }

  async #withWebhook<Answer>(
    channel: string,
    call: (route: `/${string}`, query: URLSearchParams) => Promise<Answer>,
  ): Promise<Answer> {
    const parent = await this.#parentOf(channel);
    return this.#options.webhooks.use(parent ?? channel, ({ id, token }) =>
      call(Routes.webhook(id, token), new URLSearchParams(parent === undefined ? {} : { thread_id: channel })),
    );
  }

  /** The channel of a thread; undefined for what is no thread. */
  async #parentOf(channel: string): Promise<string | undefined> {
    const { places } = this.#options;
    await this.#learn(channel);
    const standing = places.standing(channel).channel;
    return places.parentOfPrivate(channel) ?? (standing === channel ? undefined : standing);
  }

  async #placeOf({ channel, thread, broadcast = false }: PostTarget): Promise<Place> {
    await this.#learn(channel);
    if (thread === undefined) return { channel };
    const above = postParts(thread);
    // What the whole channel should see stands in the channel, also when it answers something in a thread.
    if (broadcast) return { channel, repliedTo: above };
    if (above.channel !== channel) return { channel: above.channel, repliedTo: above };
    if (this.#options.places.hasThread(above.message)) return { channel: above.message };
    return { channel, repliedTo: above };
  }

  async #learn(channel: string): Promise<void> {
    const { api, places } = this.#options;
    if (!places.has(channel)) places.learn(channelShape.parse(await api.call('get', Routes.channel(channel))));
  }

  /** Does something in a channel; a thread that sleeps is woken for it. */
  async #awake<Answer>(channel: string, call: () => Promise<Answer>): Promise<Answer> {
    try {
      return await call();
    } catch (error) {
      if (discordCode(error) !== 50_083) throw error;
      await this.#options.api.call('patch', Routes.channel(channel), { body: { archived: false } });
      return call();
    }
  }

  /** Who wrote a post that we don't remember. */
  async #look(id: PostId): Promise<Written> {
    const { channel, message } = postParts(id);
    const there = messageShape.parse(await this.#options.api.call('get', Routes.channelMessage(channel, message)));
    const key = replyKeyIn(there.components ?? []);
    const replyTo = replyLinkIn(there.content ?? '');
    const written: Written = {
      by: there.webhook_id ? 'webhook' : 'bot',
      ...(key === undefined ? {} : { key }),
      ...(replyTo === undefined ? {} : { replyTo }),
    };
    this.#remember(id, written);
    return written;
  }

  #remember(id: PostId, written: Written): void {
    this.#written.set(id, written);
    const [oldest] = this.#written.keys();
    if (this.#written.size > MAX_REMEMBERED && oldest !== undefined) this.#written.delete(oldest);
  }
}

/** A native reply. What it answers may have been deleted meanwhile: it's posted all the same. */
function referenceIn({ channel, repliedTo }: Place): object {
  if (repliedTo?.channel !== channel) return {};
  return { message_reference: { message_id: repliedTo.message, fail_if_not_exists: false } };
}

interface FileParts {
  readonly about: object;
  readonly data: Pick<RequestData, 'files'>;
}

/** Discord's SDK sends a file in one piece, so it's read whole: it's small by Discord's own limit. */
async function readFile(file: PostFile, limit: number): Promise<FileParts> {
  if ((file.sizeBytes ?? 0) > limit) throw tooLarge(limit);
  const source = await file.open();
  let length = 0;
  source.on('data', (chunk: Uint8Array) => {
    length += chunk.length;
    if (length > limit) source.destroy(tooLarge(limit));
  });
  const bytes = await buffer(source).catch((error: unknown) => {
    throw error instanceof BridgeError ? error : unread(error);
  });
  if (bytes.length === 0) throw empty();
  const name = fileName(file.name);
  const raw: RawFile = { name, data: bytes, contentType: file.mimeType };
  return {
    about: { attachments: [{ id: 0, filename: name, description: file.altText.slice(0, MAX_ALT_TEXT) }] },
    data: { files: [raw] },
  };
}

function tooLarge(limit: number): BridgeError {
  return new BridgeError('too_large', 'file: over the limit', {
    sentence: `The file is larger than the Discord server takes (${Math.floor(limit / 1_024 / 1_024)} MB).`,
    retry: 'never',
    certain: true,
  });
}

function empty(): BridgeError {
  return new BridgeError('bad_media', 'file: no bytes', {
    sentence: 'The file is empty, and Discord takes no empty files.',
    retry: 'never',
    certain: true,
  });
}

function unread(cause: unknown): BridgeError {
  return new BridgeError('bad_media', 'file: could not be read', {
    sentence: 'The file could not be read.',
    retry: 'later',
    certain: true,
    cause,
  });
}
