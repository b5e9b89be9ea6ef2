// Files both ways: uploaded so that a lost answer can be looked up, and opened so that nothing but the whole file comes through.
import { createWriteStream } from 'node:fs';
import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { request } from 'undici';
import { BridgeError } from '../../domain/errors.ts';
import type { FileRef, PostId } from '../../domain/ids.ts';
import type { Post, PostFile } from '../../domain/post.ts';
import type { Clock } from '../../runtime/time.ts';
import type { Attempt, PostTarget } from '../platform.ts';
import type { Api } from './api.ts';
import { slackCode, toBridgeError } from './errors.ts';
import { postId, postParts } from './ids.ts';
import { fileName, hasWords, present } from './present.ts';
import { fileShape } from './receive.ts';
import type { SlackFile } from './receive.ts';
import type { Transport } from './transport.ts';

/** How long the share of a file is waited for after completing its upload, and when looking it up later, in milliseconds. */
const SHARE_WAIT_MS = 30_000;
const LOOK_UP_WAIT_MS = 10_000;
/** The first pause between two looks; each is twice the one before. */
const FIRST_LOOK_MS = 60;
/** A stream that stands still for so long is given up. */
const STILL_MS = 30_000;
const MAX_REDIRECTS = 3;

type Shares = Readonly<Record<string, readonly { readonly ts?: string }[]>>;

type Share = { readonly state: 'shown'; readonly post: PostId } | { readonly state: 'waiting' | 'gone' };

export interface FilesOptions {
  readonly api: Api;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly botToken: string;
}

export class Files {
  readonly #options: FilesOptions;

  constructor(options: FilesOptions) {
    this.#options = options;
  }

  /**
   * Posts a file. Its id is remembered before Slack may show it, because a file's post bears no key of ours. An earlier try that never
   * came to show is taken back first, so that it can't show later.
   */
  async post(to: PostTarget, post: Post, file: PostFile, attempt: Attempt): Promise<PostId> {
    if (attempt.remembered !== undefined) {
      const share = await this.#shareOf(attempt.remembered, to.channel);
      if (share.state === 'shown') return share.post;
      if (share.state === 'waiting') await this.#discard(attempt.remembered);
    }
    const { id, uploadUrl, close, body, length } = await this.#reserve(file);
    try {
      await this.#upload(uploadUrl, body, length);
    } finally {
      await close();
    }
    await attempt.remember(id);
    await this.#complete(id, to, post, file);
    const shown = await this.#awaitShare(id, to.channel, SHARE_WAIT_MS);
    if (shown !== undefined) return shown;
    throw new BridgeError('unreachable', 'files.info: the file was not shared in time', {
      sentence: 'Slack took the file but has not shown it yet.',
      retry: 'later',
      certain: false,
    });
  }

  /** Whether a file of an earlier try came to show; it may still have been on its way. */
  async lookUp(to: PostTarget, id: string): Promise<PostId | undefined> {
    return this.#awaitShare(id, to.channel, LOOK_UP_WAIT_MS);
  }

  /** What Slack tells of files by their id; one that it doesn't tell of is left out. */
  async describe(ids: readonly string[]): Promise<ReadonlyMap<string, SlackFile>> {
    const described = new Map<string, SlackFile>();
    for (const id of ids) {
      try {
        const answer = await this.#options.api.read('files.info', (web) => web.files.info({ file: id }));
        const file = fileShape.safeParse(answer.file);
        if (file.success) described.set(id, file.data);
      } catch (error) {
        // Deleted or closed to us: told as it stands. Anything else may go better when the message is told again.
        if (!(error instanceof BridgeError) || error.retry === 'later') throw error;
      }
    }
    return described;
  }

  /** See `ChatPlatform.openFile`. */
  async open(ref: FileRef): Promise<Readable> {
    const { api } = this.#options;
    const answer = await api
      .read('files.info', (web) => web.files.info({ file: ref }))
      .catch((error: unknown) => {
        throw isGone(error) ? gone(ref) : error;
      });
    const { url_private_download: download, url_private: view, size, mimetype, mode } = answer.file ?? {};
    const url = download ?? view;
    if (url === undefined || size === undefined || mode === 'tombstone') throw gone(ref);
    return this.#download(url, size, mimetype ?? '', ref);
  }

  /** An address to send the bytes to. Slack must be told the exact length, so a file of unknown length goes to the disk first. */
  async #reserve(file: PostFile) {
    const source = await file.open();
    // It may fail while nobody reads it yet, which without a listener ends the process; the upload asks for `errored`.
    source.on('error', () => undefined);
    const spooled = file.sizeBytes === undefined ? await spool(source) : undefined;
    const length = spooled?.length ?? file.sizeBytes ?? 0;
    const close = async (): Promise<void> => {
      source.destroy();
      await spooled?.remove();
    };
    try {
      if (length === 0) throw empty();
      const answer = await this.#options.api.write('files.getUploadURLExternal', (web) =>
        web.files.getUploadURLExternal({
          filename: fileName(file.name),
          length,
          alt_text: file.altText.slice(0, 1000),
        }),
      );
      return {
        id: answer.file_id ?? '',
        uploadUrl: answer.upload_url ?? '',
        body: spooled?.read() ?? source,
        length,
        close,
      };
    } catch (error) {
      await close();
      throw error;
    }
  }

  /** Nothing shows before the upload is completed, so a failure here is certain. */
  async #upload(url: string, body: Readable, length: number): Promise<void> {
    try {
      if (body.errored !== null) throw body.errored;
      const answer = await request(url, {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream', 'content-length': String(length) },
        body,
        bodyTimeout: STILL_MS,
        headersTimeout: STILL_MS * 4,
        dispatcher: this.#options.transport.dispatcher,
      });
      const text = await answer.body.text();
      if (answer.statusCode !== 200)
        throw new Error(`the upload was answered ${answer.statusCode} (${text.length} bytes)`);
    } catch (error) {
      const failure = body.errored;
      if (failure instanceof BridgeError) throw failure;
      throw new BridgeError('unreachable', 'file upload: failed', {
        sentence: 'The file could not be sent to Slack.',
        retry: 'later',
        certain: true,
        cause: failure ?? error,
      });
    }
  }

  async #complete(id: string, to: PostTarget, post: Post, file: PostFile): Promise<void> {
    const words = hasWords(post) ? { blocks: present(post).blocks } : {};
    const place = to.thread === undefined ? {} : { thread_ts: postParts(to.thread).ts };
    await this.#options.api.write('files.completeUploadExternal', (web) =>
      web.files.completeUploadExternal({
        files: [{ id, title: fileName(file.name) }],
        channel_id: to.channel,
        ...place,
        ...words,
      }),
    );
  }

  /** Sharing takes Slack a moment after it said yes. */
  async #awaitShare(id: string, channel: string, waitMs: number): Promise<PostId | undefined> {
    const { clock } = this.#options;
    const untilMs = clock.monotonicMs() + waitMs;
    for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(pauseMs * 2, 2_000)) {
      const share = await this.#shareOf(id, channel);
      if (share.state === 'shown') return share.post;
      if (share.state === 'gone' || clock.monotonicMs() > untilMs) return undefined;
      await clock.sleep(pauseMs);
    }
  }

  async #shareOf(id: string, channel: string): Promise<Share> {
    let answer;
    try {
      answer = await this.#options.api.read('files.info', (web) => web.files.info({ file: id }));
    } catch (error) {
      if (isGone(error)) return { state: 'gone' };
      throw uncertain(error);
    }
    // The SDK's type knows the shares of its sample answers only.
    const shares = (answer.file?.shares ?? {}) as { readonly private?: Shares; readonly public?: Shares };
    const ts = (shares.private?.[channel] ?? shares.public?.[channel])?.[0]?.ts;
    return ts === undefined ? { state: 'waiting' } : { state: 'shown', post: postId(channel, ts) };
  }

  async #discard(id: string): Promise<void> {
    try {
      await this.#options.api.write('files.delete', (web) => web.files.delete({ file: id }));
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  async #download(url: string, size: number, mimeType: string, ref: FileRef): Promise<Readable> {
    const { origin } = new URL(url);
    let at = url;
    for (let redirects = 0; ; redirects += 1) {
      // The token is for Slack's file server alone: whoever it sends us on to doesn't get it.
      const isHome = new URL(at).origin === origin;
      const answer = await request(at, {
        headers: isHome ? { authorization: `Bearer ${this.#options.botToken}` } : {},
        headersTimeout: STILL_MS,
        bodyTimeout: STILL_MS,
        dispatcher: this.#options.transport.dispatcher,
      }).catch((error: unknown) => {
        throw toBridgeError(error, 'file download');
      });
      // Letting go of a body that isn't read to its end is an error to undici, which without a listener ends the process.
      answer.body.on('error', () => undefined);
      const { location, 'content-type': contentType = '' } = answer.headers;
      const isSentOn = answer.statusCode >= 300 && answer.statusCode < 400 && typeof location === 'string';
      // Without files:read Slack answers 200 with its sign-in page.
      const isPage = String(contentType).startsWith('text/html') && !mimeType.startsWith('text/html');
      if (answer.statusCode === 200 && !isPage)
        return Readable.from(exactly(answer.body, size, ref), { objectMode: false });
      answer.body.destroy();
      if (!isSentOn) throw refusalOf(ref, answer.statusCode);
      if (redirects === MAX_REDIRECTS) throw notTheFile(ref, 'it was sent on too often');
      at = new URL(location, at).href;
    }
  }
}

/** Passes the bytes on and fails when they are more or fewer than told. */
async function* exactly(body: AsyncIterable<Uint8Array>, size: number, ref: FileRef): AsyncGenerator<Uint8Array> {
  let count = 0;
  try {
    for await (const chunk of body) {
      count += chunk.length;
      if (count > size) throw notTheFile(ref, 'it is longer than told');
      yield chunk;
    }
  } catch (error) {
    throw toBridgeError(error, 'file download');
  }
  if (count < size) throw notTheFile(ref, 'it is shorter than told');
}

async function spool(source: Readable) {
  const folder = await mkdtemp(join(tmpdir(), 'switchboard-'));
  const path = join(folder, 'file');
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await pipeline(source, createWriteStream(path, { mode: 0o600 }));
    const { size } = await stat(path);
    const handle = await open(path);
    return {
      length: size,
      read: (): Readable => handle.createReadStream(),
      remove: async (): Promise<void> => {
        await handle.close().catch(() => undefined);
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** After the upload was completed, a look that fails leaves open whether the file shows. */
function uncertain(error: unknown): unknown {
  if (!(error instanceof BridgeError) || !error.certain || error.retry === 'never') return error;
  return new BridgeError(error.code, error.message, {
    sentence: error.sentence,
    retry: 'later',
    certain: false,
    waitFor: error.waitFor,
    cause: error.cause,
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
  });
}

function isGone(error: unknown): boolean {
  return ['file_not_found', 'file_deleted'].includes(slackCode(error) ?? '');
}

function refusalOf(ref: FileRef, status: number): BridgeError {
  if (status === 404) return gone(ref);
  if (status === 200) return notTheFile(ref, 'a web page came in its place');
  return new BridgeError('unreachable', `file ${ref}: HTTP ${status}`, {
    sentence: 'The file could not be fetched from Slack.',
    retry: 'later',
    certain: true,
  });
}

function notTheFile(ref: FileRef, why: string): BridgeError {
  return new BridgeError('bad_media', `file ${ref}: ${why}`, {
    sentence: 'Slack did not hand out the file. The app may lack the permission files:read.',
    retry: 'later',
    certain: true,
  });
}

function empty(): BridgeError {
  return new BridgeError('bad_media', 'file upload: no bytes', {
    sentence: 'The file is empty, and Slack takes no empty files.',
    retry: 'never',
    certain: true,
  });
}

function gone(ref: FileRef): BridgeError {
  return new BridgeError('bad_media', `file ${ref}: gone`, {
    sentence: 'The file is not in Slack any more.',
    retry: 'never',
    certain: true,
  });
}
