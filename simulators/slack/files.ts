// Files with their real bytes: uploading, sharing, downloading and deleting them.
import type { JsonObject } from './json.ts';
import { setTimeout as pause } from 'node:timers/promises';
import type { ServerResponse } from 'node:http';
import type { DownloadFault, Faults } from './faults.ts';
import { normaliseText } from './escape.ts';
import { edit, post, remove } from './messages.ts';
import type { Workspace } from './state.ts';
import type { Channel, Message, StoredFile } from './types.ts';

const MIMETYPES: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  mp4: 'video/mp4',
  mp3: 'audio/mpeg',
  ogg: 'audio/ogg',
  m4a: 'audio/mp4',
  wav: 'audio/wav',
  pdf: 'application/pdf',
  txt: 'text/plain',
  csv: 'text/csv',
  html: 'text/html',
  json: 'application/json',
  zip: 'application/zip',
};

/** The MIME type Slack derives from a file's name. */
export function mimetypeOf(name: string): string {
  return MIMETYPES[name.split('.').at(-1)?.toLowerCase() ?? ''] ?? 'application/octet-stream';
}

/** Takes uploaded bytes; the answer is Slack's plain text, or an error status when the length isn't the announced one. */
export function takeUpload(workspace: Workspace, key: string, bytes: Buffer): { status: number; body: string } {
  const file = [...workspace.files.values()].find((other) => other.uploadKey === key);
  if (file === undefined) return { status: 404, body: 'not found' };
  if (file.completed) return { status: 400, body: 'already completed' };
  if (bytes.length !== file.declaredLength) return { status: 400, body: 'length mismatch' };
  file.bytes = bytes;
  return { status: 200, body: `OK - ${bytes.length}` };
}

/** Posts the message of an upload of the app, and tells the app of it. */
export function shareFiles(
  workspace: Workspace,
  channel: Channel,
  share: {
    readonly files: readonly StoredFile[];
    readonly comment: string;
    readonly blocks?: JsonObject[];
    readonly threadTs?: string;
  },
): Message {
  const message = post(workspace, channel, {
    user: workspace.bot.id,
    botId: workspace.botId,
    subtype: 'file_share',
    text: normaliseText(share.comment, true),
    fileIds: share.files.map((file) => file.id),
    ...(share.blocks === undefined ? {} : { blocks: share.blocks }),
    ...(share.threadTs === undefined ? {} : { threadTs: share.threadTs }),
  });
  markShared(workspace, channel, message, share.files);
  return message;
}

/** Notes where files are shown and emits `file_shared` for each. */
export function markShared(
  workspace: Workspace,
  channel: Channel,
  message: Message,
  files: readonly StoredFile[],
): void {
  for (const file of files) {
    file.shares.push({ channel: channel.id, ts: message.ts, threadTs: message.threadTs });
    workspace.emit(
      {
        type: 'file_shared',
        file_id: file.id,
        user_id: file.user,
        file: { id: file.id },
        channel_id: channel.id,
        event_ts: workspace.newTs(),
      },
      channel,
    );
  }
}

/** Deletes a file; messages that were nothing else go with it. */
export function deleteFile(workspace: Workspace, file: StoredFile): void {
  file.deleted = true;
  file.bytes = undefined;
  const seen = file.shares
    .map(({ channel }) => workspace.channels.get(channel))
    .filter((channel) => channel !== undefined);
  workspace.emit(
    {
      type: 'file_deleted',
      file_id: file.id,
      channel_ids: seen.map((channel) => channel.id),
      event_ts: workspace.newTs(),
    },
    seen[0],
  );
  for (const share of file.shares) {
    const channel = workspace.channels.get(share.channel);
    const message = channel?.message(share.ts);
    if (channel === undefined || message === undefined) continue;
    const others = message.fileIds.some((id) => workspace.files.get(id)?.deleted === false);
    if (message.text === '' && !others) remove(workspace, channel, message);
    else edit(workspace, channel, message, {});
  }
}

/** Answers a download: the bytes for a token that may read files, else Slack's redirect to its sign-in page. */
export async function serveFile(
  response: ServerResponse,
  request: {
    readonly file: StoredFile | undefined;
    readonly mayRead: boolean;
    readonly path: string;
    readonly asDownload: boolean;
  },
  faults: Faults,
): Promise<void> {
  if (!request.mayRead) {
    response.writeHead(302, { location: `/?redir=${encodeURIComponent(request.path)}` }).end();
    return;
  }
  const { file } = request;
  if (file?.bytes === undefined) {
    response
      .writeHead(404, { 'content-type': 'text/html; charset=utf-8' })
      .end('<!DOCTYPE html><title>Not found</title>');
    return;
  }
  const headers = {
    'content-type': file.mimetype,
    ...(request.asDownload
      ? { 'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(file.name)}` }
      : {}),
  };
  const fault = faults.takeDownload();
  if (fault === undefined) {
    response.writeHead(200, { ...headers, 'content-length': file.bytes.length }).end(file.bytes);
    return;
  }
  await serveBadly(response, file.bytes, headers, fault);
}

async function serveBadly(
  response: ServerResponse,
  bytes: Buffer,
  headers: Record<string, string>,
  fault: DownloadFault,
): Promise<void> {
  switch (fault.kind) {
    case 'truncated':
      response.writeHead(200, { ...headers, 'content-length': bytes.length });
      response.write(bytes.subarray(0, Math.floor(bytes.length * fault.part)), () => response.destroy());
      return;
    case 'short': {
      const part = bytes.subarray(0, Math.floor(bytes.length * fault.part));
      response.writeHead(200, { ...headers, 'content-length': part.length }).end(part);
      return;
    }
    case 'long': {
      const more = Buffer.concat([bytes, Buffer.alloc(fault.extraBytes, 0x20)]);
      response.writeHead(200, { ...headers, 'content-length': more.length }).end(more);
      return;
    }
    case 'slow':
      response.writeHead(200, { ...headers, 'content-length': bytes.length });
      for (let at = 0; at < bytes.length && !response.destroyed; at += fault.chunkBytes) {
        response.write(bytes.subarray(at, at + fault.chunkBytes));
        await pause(fault.pauseMs);
      }
      response.end();
      return;
    case 'status':
      response.writeHead(fault.status, { 'content-type': 'text/plain' }).end('error');
      return;
    case 'html':
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(SIGN_IN_PAGE);
      return;
    case 'hang':
      return;
  }
}

/** What a file address shows without a valid token. */
export const SIGN_IN_PAGE =
  '<!DOCTYPE html><html lang="en"><head><title>Sign in | Slack</title></head><body><h1>Sign in to your workspace</h1></body></html>';
