// files.*: announcing an upload, completing it into a channel, and looking a file up.
import { randomUUID } from 'node:crypto';
import { shareFiles, mimetypeOf, deleteFile } from '../files.ts';
import { objectsOf, textOf } from '../json.ts';
import type { JsonObject } from '../json.ts';
import { renderFile } from '../render.ts';
import type { StoredFile } from '../types.ts';
import { Refusal, blocksOf, channelOf, requireActive } from './call.ts';
import type { Call, Method } from './call.ts';

export const fileMethods: Readonly<Record<string, Method>> = {
  'files.getUploadURLExternal': { token: 'bot', scopes: ['files:write'], tier: 4, run: getUploadUrl },
  'files.completeUploadExternal': { token: 'bot', scopes: ['files:write'], tier: 4, run: completeUpload },
  'files.info': { token: 'bot', scopes: ['files:read'], tier: 4, run: info },
  'files.delete': { token: 'bot', scopes: ['files:write'], tier: 3, run: deleteOne },
};

function getUploadUrl(call: Call): JsonObject {
  const { workspace, args } = call;
  const name = args.required('filename');
  const length = args.number('length', 0);
  if (length <= 0)
    throw new Refusal('invalid_arguments', { response_metadata: { messages: ['[ERROR] invalid length'] } });
  const file: StoredFile = {
    id: workspace.newId('F'),
    user: workspace.bot.id,
    name,
    title: name,
    altText: args.text('alt_text') === '' ? undefined : args.text('alt_text'),
    mimetype: mimetypeOf(name),
    declaredLength: length,
    bytes: undefined,
    createdAt: workspace.seconds(),
    uploadKey: randomUUID(),
    completed: false,
    deleted: false,
    shares: [],
  };
  workspace.files.set(file.id, file);
  return { upload_url: `${workspace.origin}/upload/v1/${file.uploadKey}`, file_id: file.id };
}

/** Answers before the share: the message and its `file_shared` come later. */
function completeUpload(call: Call): JsonObject {
  const { workspace, args } = call;
  const wanted = objectsOf(args.json('files'));
  if (wanted.length === 0) throw new Refusal('invalid_arguments');
  const files = wanted.map((entry) => ({ file: uploaded(call, textOf(entry['id'])), title: textOf(entry['title']) }));
  const channel = args.has('channel_id') ? channelOf(call, 'channel_id') : undefined;
  if (channel !== undefined) requireActive(call, channel);
  const parent = args.text('thread_ts') === '' ? undefined : channel?.message(args.text('thread_ts'));
  if (args.text('thread_ts') !== '' && parent === undefined) throw new Refusal('thread_not_found');
  // With a comment the blocks are ignored.
  const blocks = args.text('initial_comment') === '' ? blocksOf(call) : [];
  for (const { file, title } of files) {
    file.completed = true;
    if (title !== '') file.title = title;
  }
  const rendered = files.map(({ file }) => renderFile(workspace, file, true));
  if (channel !== undefined) {
    const share = {
      files: files.map(({ file }) => file),
      comment: args.text('initial_comment'),
      ...(blocks.length === 0 ? {} : { blocks }),
      ...(parent === undefined ? {} : { threadTs: parent.threadTs ?? parent.ts }),
    };
    workspace.later(workspace.settings.shareDelayMs, () => {
      shareFiles(workspace, channel, share);
    });
  }
  return { files: rendered };
}

function uploaded(call: Call, id: string): StoredFile {
  const file = call.workspace.files.get(id);
  if (file?.bytes === undefined || file.deleted) throw new Refusal('file_not_found');
  if (file.completed) throw new Refusal('file_already_completed');
  return file;
}

function info(call: Call): JsonObject {
  const { workspace } = call;
  const file = existing(call);
  const readable =
    file.user === workspace.bot.id ||
    file.shares.some(({ channel }) => workspace.channels.get(channel)?.members.has(workspace.bot.id) === true);
  if (!readable) throw new Refusal('file_not_found');
  return { file: renderFile(workspace, file, true), comments: [], response_metadata: { next_cursor: '' } };
}

function deleteOne(call: Call): JsonObject {
  const file = existing(call);
  if (file.user !== call.workspace.bot.id) throw new Refusal('cant_delete_file');
  deleteFile(call.workspace, file);
  return {};
}

function existing(call: Call): StoredFile {
  const file = call.workspace.files.get(call.args.required('file'));
  if (file === undefined) throw new Refusal('file_not_found');
  if (file.deleted) throw new Refusal('file_deleted');
  return file;
}
