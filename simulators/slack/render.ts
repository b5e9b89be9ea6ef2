// Writes users, channels, messages and files the way the Web API and the events show them.
import type { JsonObject } from './json.ts';
import type { Workspace } from './state.ts';
import type { Channel, Message, StoredFile, User, View } from './types.ts';

/** A user object; the email only where the token has `users:read.email`. */
export function renderUser(workspace: Workspace, user: User, withEmail: boolean): JsonObject {
  const image = (size: number): string => `${workspace.origin}/avatars/${user.id}_${size}.png`;
  return {
    id: user.id,
    team_id: workspace.teamId,
    name: user.name,
    deleted: user.deleted,
    ...(user.deleted
      ? {}
      : {
          color: '9f69e7',
          real_name: user.realName,
          tz: 'Europe/Berlin',
          tz_label: 'Central European Time',
          tz_offset: 3600,
          is_admin: user.admin,
          is_owner: false,
          is_primary_owner: false,
          is_restricted: user.guest !== undefined,
          is_ultra_restricted: user.guest === 'single',
          is_email_confirmed: !user.isBot,
          who_can_share_contact_card: 'EVERYONE',
        }),
    profile: {
      title: '',
      phone: '',
      real_name: user.realName,
      real_name_normalized: user.realName,
      display_name: user.isBot ? '' : user.realName,
      display_name_normalized: user.isBot ? '' : user.realName,
      status_text: '',
      status_emoji: '',
      status_expiration: 0,
      avatar_hash: user.id.toLowerCase(),
      ...(withEmail && user.email !== undefined ? { email: user.email } : {}),
      ...(user.id === workspace.bot.id
        ? { api_app_id: workspace.appId, bot_id: workspace.botId, always_active: true }
        : {}),
      image_24: image(24),
      image_48: image(48),
      image_72: image(72),
      image_192: image(192),
      image_512: image(512),
      team: workspace.teamId,
    },
    is_bot: user.isBot,
    is_app_user: false,
    updated: user.updatedAt,
  };
}

/** A conversation object as this app sees it. */
export function renderChannel(workspace: Workspace, channel: Channel): JsonObject {
  if (channel.kind === 'im') {
    const other = [...channel.members].find((id) => id !== workspace.bot.id);
    return {
      id: channel.id,
      created: channel.createdAt,
      is_im: true,
      is_archived: false,
      is_org_shared: false,
      context_team_id: workspace.teamId,
      updated: channel.createdAt * 1000,
      user: other,
      is_user_deleted: other !== undefined && workspace.users.get(other)?.deleted === true,
      priority: 0,
    };
  }
  return {
    id: channel.id,
    name: channel.name,
    name_normalized: channel.name,
    is_channel: true,
    is_group: false,
    is_im: false,
    is_mpim: false,
    is_private: channel.private,
    created: channel.createdAt,
    creator: channel.creator,
    is_archived: channel.archived,
    is_general: false,
    unlinked: 0,
    is_shared: false,
    is_org_shared: false,
    is_ext_shared: false,
    is_pending_ext_shared: false,
    pending_shared: [],
    pending_connected_team_ids: [],
    shared_team_ids: [workspace.teamId],
    context_team_id: workspace.teamId,
    parent_conversation: null,
    updated: channel.createdAt * 1000,
    is_member: channel.members.has(workspace.bot.id),
    topic: channel.topic,
    purpose: channel.purpose,
    previous_names: channel.previousNames,
  };
}

/** What a message may carry depending on where it is shown. */
export interface MessageView {
  readonly metadata: boolean;
  /** Reply counts and reactions, which answers have and events don't. */
  readonly counts: boolean;
}

/** A message object, without the channel. */
export function renderMessage(workspace: Workspace, channel: Channel, message: Message, view: MessageView): JsonObject {
  const replies = channel.thread(message.ts);
  const parent = message.threadTs === undefined ? undefined : channel.message(message.threadTs);
  const rendered: JsonObject = {
    type: 'message',
    ...(message.subtype === undefined ? {} : { subtype: message.subtype }),
    ...(message.user === undefined ? {} : { user: message.user }),
    ...(message.clientMsgId === undefined ? {} : { client_msg_id: message.clientMsgId }),
    text: message.text,
    ts: message.ts,
    ...(message.username === undefined ? {} : { username: message.username }),
    ...(message.icons === undefined ? {} : { icons: message.icons }),
    ...message.extra,
    ...authorOf(workspace, message),
    ...(message.blocks === undefined ? {} : { blocks: message.blocks }),
    ...(message.attachments === undefined ? {} : { attachments: message.attachments }),
    ...(message.edited === undefined ? {} : { edited: message.edited }),
    ...(view.metadata && message.metadata !== undefined ? { metadata: message.metadata } : {}),
  };
  if (message.fileIds.length > 0) {
    const files = message.fileIds.map((id) => workspace.files.get(id)).filter((file) => file !== undefined);
    Object.assign(rendered, { files: files.map((file) => renderFile(workspace, file, false)), upload: false });
  }
  if (message.threadTs !== undefined) {
    rendered['thread_ts'] = message.threadTs;
    if (parent?.user !== undefined) rendered['parent_user_id'] = parent.user;
    if (message.broadcast && parent !== undefined) {
      rendered['root'] = renderMessage(workspace, channel, parent, { metadata: false, counts: true });
    }
  }
  if (replies.length > 0) {
    rendered['thread_ts'] = message.ts;
    if (view.counts) Object.assign(rendered, countsOf(replies));
  }
  if (view.counts && message.reactions.length > 0) {
    rendered['reactions'] = message.reactions.map(({ name, users }) => ({
      name,
      users: [...users],
      count: users.length,
    }));
  }
  return rendered;
}

function authorOf(workspace: Workspace, message: Message): JsonObject {
  if (message.botId === undefined) return message.user === undefined ? {} : { team: workspace.teamId };
  const author: JsonObject = { bot_id: message.botId, app_id: workspace.appId };
  if (message.user === undefined) return author;
  author['team'] = workspace.teamId;
  author['bot_profile'] = renderBot(workspace);
  return author;
}

function countsOf(replies: readonly Message[]): JsonObject {
  const users = [...new Set(replies.map((reply) => reply.user ?? reply.botId ?? ''))];
  return {
    reply_count: replies.length,
    reply_users_count: users.length,
    latest_reply: replies.at(-1)?.ts,
    reply_users: users.slice(0, 5),
    is_locked: false,
    subscribed: false,
  };
}

/** The app as a bot object. */
export function renderBot(workspace: Workspace): JsonObject {
  const image = `${workspace.origin}/avatars/${workspace.botId}.png`;
  return {
    id: workspace.botId,
    app_id: workspace.appId,
    user_id: workspace.bot.id,
    name: workspace.bot.realName,
    icons: { image_36: image, image_48: image, image_72: image },
    deleted: false,
    updated: workspace.bot.updatedAt,
    team_id: workspace.teamId,
  };
}

/** A file object; only files.info and files.list show where it was shared. */
export function renderFile(workspace: Workspace, file: StoredFile, withShares: boolean): JsonObject {
  if (file.deleted) return { id: file.id, mode: 'tombstone' };
  if (workspace.settings.checkFileInfo && !withShares) {
    return { id: file.id, mode: 'file_access', file_access: 'check_file_info', created: 0, timestamp: 0 };
  }
  const filetype = file.name.includes('.') ? (file.name.split('.').at(-1)?.toLowerCase() ?? 'binary') : 'binary';
  const place = `${workspace.origin}/files-pri/${workspace.teamId}-${file.id}`;
  const name = encodeURIComponent(file.name.toLowerCase().replaceAll(/[^\p{L}\p{N}._-]+/gu, '_'));
  return {
    id: file.id,
    created: file.createdAt,
    timestamp: file.createdAt,
    name: file.name,
    title: file.title,
    ...(file.altText === undefined ? {} : { alt_txt: file.altText }),
    mimetype: file.mimetype,
    filetype,
    pretty_type: filetype.toUpperCase(),
    user: file.user,
    user_team: workspace.teamId,
    editable: false,
    size: file.bytes?.length ?? file.declaredLength,
    mode: 'hosted',
    is_external: false,
    external_type: '',
    is_public: false,
    public_url_shared: false,
    display_as_bot: false,
    username: '',
    url_private: `${place}/${name}`,
    url_private_download: `${place}/download/${name}`,
    media_display_type: 'unknown',
    permalink: `https://${workspace.domain}.slack.com/files/${file.user}/${file.id}/${name}`,
    permalink_public: `https://slack-files.com/${workspace.teamId}-${file.id}-0000000000`,
    is_starred: false,
    has_rich_preview: false,
    file_access: 'visible',
    ...(withShares ? sharesOf(workspace, file) : {}),
  };
}

function sharesOf(workspace: Workspace, file: StoredFile): JsonObject {
  const shares: { private: JsonObject; public: JsonObject } = { private: {}, public: {} };
  const ids: Record<Channel['kind'], string[]> = { public: [], private: [], im: [] };
  for (const share of file.shares) {
    const channel = workspace.channels.get(share.channel);
    if (channel === undefined) continue;
    const group = channel.kind === 'public' ? shares.public : shares.private;
    const entry: JsonObject = {
      reply_users: [],
      reply_users_count: 0,
      reply_count: channel.thread(share.ts).length,
      ts: share.ts,
      ...(share.threadTs === undefined ? {} : { thread_ts: share.threadTs }),
      channel_name: channel.name,
      team_id: workspace.teamId,
      share_user_id: file.user,
      source: 'UNKNOWN',
    };
    const others = group[channel.id];
    group[channel.id] = [...(Array.isArray(others) ? others : []), entry];
    ids[channel.kind].push(channel.id);
  }
  return {
    comments_count: 0,
    // Slack leaves out the kinds without a share; before the share happened the object is empty.
    shares: Object.fromEntries(Object.entries(shares).filter(([, places]) => Object.keys(places).length > 0)),
    channels: ids.public,
    groups: ids.private,
    ims: ids.im,
  };
}

/** A view object as views.* answer it and interactions carry it. */
export function renderView(workspace: Workspace, view: View): JsonObject {
  const { type, title, blocks, callback_id, private_metadata, submit, close, clear_on_close, notify_on_close, state } =
    view.content;
  return {
    id: view.id,
    team_id: workspace.teamId,
    type,
    blocks: blocks ?? [],
    private_metadata: private_metadata ?? '',
    callback_id: callback_id ?? '',
    state: state ?? { values: {} },
    hash: view.hash,
    title,
    clear_on_close: clear_on_close ?? false,
    notify_on_close: notify_on_close ?? false,
    close: close ?? null,
    submit: submit ?? null,
    previous_view_id: view.previousId ?? null,
    root_view_id: view.rootId,
    app_id: workspace.appId,
    external_id: view.externalId ?? '',
    app_installed_team_id: workspace.teamId,
    bot_id: workspace.botId,
  };
}

/** `channel_type` of message events. */
export function channelType(channel: Channel): 'channel' | 'group' | 'im' {
  switch (channel.kind) {
    case 'public':
      return 'channel';
    case 'private':
      return 'group';
    case 'im':
      return 'im';
  }
}
