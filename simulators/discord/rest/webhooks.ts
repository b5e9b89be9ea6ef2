// Operations on webhooks: made and managed by the bot, executed by whoever has the token.
import { randomBytes } from 'node:crypto';
import {
  ButtonStyle,
  ChannelType,
  ComponentType,
  GatewayDispatchEvents,
  GatewayIntentBits,
  PermissionFlagsBits as Bit,
  RESTJSONErrorCodes as Code,
} from 'discord-api-types/v10';
import { badForm, Form, refusal } from '../errors.ts';
import { textOf, textsOf } from '../json.ts';
import { edit, post, remove } from '../messages.ts';
import { everyComponent } from '../pings.ts';
import { renderWebhook } from '../render.ts';
import { renderMessage } from '../render-message.ts';
import type { Guild } from '../state.ts';
import { startThread } from '../thread-notices.ts';
import type { Author, Channel, Message, Webhook } from '../types.ts';
import { changeAnswer, deleteAnswer, followUp, getAnswer } from './answers.ts';
import { channelOf, guildOf, needs, needsInGuild } from './access.ts';
import { param } from './call.ts';
import type { Call, Operation } from './call.ts';
import { TooOften } from './limits.ts';
import { changeOf, newContent } from './message-form.ts';

const TOKEN = '/webhooks/{webhook}/{token}';
/** Posts of one webhook; source: discord-api-docs issue 367. */
const limit = { count: 5, windowMs: 2_000 };

export const WEBHOOK_OPERATIONS: readonly Operation[] = [
  { name: 'create_webhook', method: 'POST', path: '/channels/{channel}/webhooks', auth: 'bot', handle: create },
  {
    name: 'list_channel_webhooks',
    method: 'GET',
    path: '/channels/{channel}/webhooks',
    auth: 'bot',
    handle: (call) => {
      const channel = channelOf(call);
      needs(call, channel, Bit.ManageWebhooks);
      return [...call.guild.webhooks.values()]
        .filter((webhook) => webhook.channelId === channel.id)
        .map((webhook) => renderWebhook(call.guild, webhook, 'bot'));
    },
  },
  {
    name: 'get_guild_webhooks',
    method: 'GET',
    path: '/guilds/{guild}/webhooks',
    auth: 'bot',
    handle: (call) => {
      needsInGuild(call, Bit.ManageWebhooks);
      return [...guildOf(call).webhooks.values()].map((webhook) => renderWebhook(call.guild, webhook, 'bot'));
    },
  },
  {
    name: 'get_webhook',
    method: 'GET',
    path: '/webhooks/{webhook}',
    auth: 'bot',
    handle: (call) => renderWebhook(call.guild, managed(call), 'bot'),
  },
  { name: 'update_webhook', method: 'PATCH', path: '/webhooks/{webhook}', auth: 'bot', handle: change },
  {
    name: 'delete_webhook',
    method: 'DELETE',
    path: '/webhooks/{webhook}',
    auth: 'bot',
    handle: (call) => drop(call.guild, managed(call)),
  },
  {
    name: 'get_webhook_by_token',
    method: 'GET',
    path: TOKEN,
    auth: 'token',
    handle: (call) => renderWebhook(call.guild, byToken(call), 'token'),
  },
  {
    name: 'delete_webhook_by_token',
    method: 'DELETE',
    path: TOKEN,
    auth: 'token',
    handle: (call) => drop(call.guild, byToken(call)),
  },
  {
    name: 'execute_webhook',
    method: 'POST',
    path: TOKEN,
    auth: 'token',
    handle: (call) => (isApplication(call) ? followUp(call) : execute(call)),
    limit,
  },
  {
    name: 'get_webhook_message',
    method: 'GET',
    path: `${TOKEN}/messages/{message}`,
    auth: 'token',
    handle: (call) => (isApplication(call) ? getAnswer(call) : renderOwn(call, ownMessage(call).message)),
  },
  {
    name: 'update_webhook_message',
    method: 'PATCH',
    path: `${TOKEN}/messages/{message}`,
    auth: 'token',
    handle: (call) => (isApplication(call) ? changeAnswer(call) : changeMessage(call)),
    limit,
  },
  {
    name: 'delete_webhook_message',
    method: 'DELETE',
    path: `${TOKEN}/messages/{message}`,
    auth: 'token',
    handle: (call) => {
      if (isApplication(call)) return deleteAnswer(call);
      const { channel, message } = ownMessage(call);
      remove(call.guild, channel, message);
    },
    limit,
  },
];

/** Whether the path names the app itself, as answers to interactions do. */
function isApplication(call: Call): boolean {
  return param(call, 'webhook') === call.guild.applicationId;
}

/** Names may have 1 to 80 characters and neither "discord" nor "clyde" in them, or the whole call is refused. */
function checkName(field: string, name: unknown): void {
  const form = new Form();
  form.length(field, name, 80, 1);
  for (const word of ['discord', 'clyde']) {
    if (textOf(name).toLowerCase().includes(word)) {
      const words = `Username cannot contain "${word}"`;
      form.fail(field, 'USERNAME_INVALID_CONTAINS', words);
    }
  }
  form.check();
}

function create(call: Call): object {
  const channel = channelOf(call);
  const { guild, body } = call;
  const takes = [ChannelType.GuildText, ChannelType.GuildAnnouncement, ChannelType.GuildForum, ChannelType.GuildVoice];
  if (!takes.includes(channel.type)) throw refusal(Code.CannotExecuteActionOnThisChannelType);
  needs(call, channel, Bit.ManageWebhooks);
  const form = new Form();
  form.need('name', body['name']);
  form.check();
  checkName('name', body['name']);
  const here = [...guild.webhooks.values()].filter((webhook) => webhook.channelId === channel.id).length;
  if (here >= guild.settings.webhooksPerChannel) throw refusal(Code.MaximumNumberOfWebhooksReached);
  if (guild.webhooks.size >= 1_000) throw refusal(Code.MaximumNumberOfWebhooksPerGuildReached);
  const webhook: Webhook = {
    id: guild.newId(),
    channelId: channel.id,
    name: textOf(body['name']),
    token: randomBytes(51).toString('base64url'),
    creatorId: guild.bot.id,
    applicationId: guild.applicationId,
  };
  guild.webhooks.set(webhook.id, webhook);
  tell(guild, channel);
  return renderWebhook(guild, webhook, 'bot');
}

/** A webhook of the path that the bot may manage. */
function managed(call: Call): Webhook {
  const webhook = call.guild.webhooks.get(param(call, 'webhook'));
  const channel = call.guild.channels.get(webhook?.channelId ?? '');
  if (webhook === undefined || channel === undefined) throw refusal(Code.UnknownWebhook);
  needs(call, channel, Bit.ManageWebhooks);
  return webhook;
}

function change(call: Call): object {
  const webhook = managed(call);
  const { guild, body } = call;
  if (body['name'] !== undefined) {
    checkName('name', body['name']);
    webhook.name = textOf(body['name']);
  }
  const target = guild.channels.get(textOf(body['channel_id']));
  if (body['channel_id'] !== undefined && target === undefined) throw refusal(Code.UnknownChannel);
  if (target !== undefined) webhook.channelId = target.id;
  const channel = guild.channels.get(webhook.channelId);
  if (channel !== undefined) tell(guild, channel);
  return renderWebhook(guild, webhook, 'bot');
}

/** Deletes a webhook, whoever does it. */
export function drop(guild: Guild, webhook: Webhook): undefined {
  guild.webhooks.delete(webhook.id);
  const channel = guild.channels.get(webhook.channelId);
  if (channel !== undefined) tell(guild, channel);
}

function tell(guild: Guild, channel: Channel): void {
  const d = { guild_id: guild.id, channel_id: channel.id };
  guild.emit(GatewayDispatchEvents.WebhooksUpdate, d, { channel, intent: GatewayIntentBits.GuildWebhooks });
}

/** The webhook of the path by its token: 10015 when it is gone, 50027 when the token is wrong. */
function byToken(call: Call): Webhook {
  const webhook = call.guild.webhooks.get(param(call, 'webhook'));
  if (webhook === undefined) throw refusal(Code.UnknownWebhook);
  if (webhook.token !== param(call, 'token')) throw refusal(Code.InvalidWebhookToken);
  return webhook;
}

/** Where a call with `thread_id` goes: a thread of the webhook's own channel. */
function placeOf(call: Call, webhook: Webhook): Channel {
  const threadId = call.query.get('thread_id');
  const channel = call.guild.channels.get(threadId ?? webhook.channelId);
  if (channel === undefined || (threadId !== null && channel.thread?.parentId !== webhook.channelId))
    throw refusal(Code.UnknownChannel);
  return channel;
}

/** Posts under any name; no reference, nonce or voice flag is taken, so that repeats are told from their content only. */
function execute(call: Call): object | undefined {
  const webhook = byToken(call);
  const { guild, body } = call;
  let channel = placeOf(call, webhook);
  if (body['username'] !== undefined && body['username'] !== null) checkName('username', body['username']);
  if (call.faults.rateLimits) {
    const refused = call.limits.takeChannelWebhook(channel.id);
    if (refused !== undefined) throw new TooOften(refused);
  }
  const content = newContent(call, body, 'webhook');
  checkOwnComponents(call, webhook);
  if (channel.thread?.locked === true && channel.thread.archived) throw refusal(Code.InvalidActionOnArchivedThread);
  const author = authorOf(webhook, body['username'], body['avatar_url']);
  const threadName = textOf(body['thread_name']);
  if (threadName !== '' && channel.type !== ChannelType.GuildForum)
    throw refusal(Code.WebhooksCanOnlyCreateThreadsInForumChannels);
  let id: string | undefined;
  if (channel.type === ChannelType.GuildForum) {
    if (threadName === '') throw refusal(Code.WebhooksPostedToForumChannelsMustHaveAThreadNameOrThreadId);
    const appliedTags = textsOf(body['applied_tags']);
    const init = { name: threadName, type: ChannelType.PublicThread as const, ownerId: webhook.id, appliedTags };
    channel = startThread(guild, channel, init);
    ({ id } = channel);
  }
  const message = post(guild, channel, {
    ...content,
    author,
    webhookId: webhook.id,
    ...(webhook.applicationId === undefined ? {} : { applicationId: webhook.applicationId }),
    ...(id === undefined ? {} : { id }),
  });
  return call.query.get('wait') === 'true' ? renderOwn(call, message) : undefined;
}

function authorOf(webhook: Webhook, username: unknown, avatarUrl: unknown): Author {
  const name = textOf(username) || webhook.name;
  return { id: webhook.id, name, bot: true, webhook: true, avatarUrl: textOf(avatarUrl) || undefined };
}

/** Buttons that do something are for webhooks of an app; others may only show, and only when they say so. */
function checkOwnComponents(call: Call, webhook: Webhook): void {
  if (webhook.applicationId !== undefined) return;
  const acting = everyComponent(newComponents(call)).some(
    (component) => component['type'] === ComponentType.Button && component['style'] !== ButtonStyle.Link,
  );
  if (acting)
    throw badForm('components', 'WEBHOOK_COMPONENTS_NOT_ALLOWED', 'Webhook cannot send interactive components');
}

function newComponents(call: Call): ReturnType<typeof everyComponent> {
  const { components } = call.body;
  return Array.isArray(components) ? everyComponent(components as never) : [];
}

/** A message of this webhook, in its channel or in the thread named. */
function ownMessage(call: Call): { channel: Channel; message: Message } {
  const webhook = byToken(call);
  const channel = placeOf(call, webhook);
  const message = channel.message(param(call, 'message'));
  if (message?.webhookId !== webhook.id) throw refusal(Code.UnknownMessage);
  return { channel, message };
}

function changeMessage(call: Call): object {
  const { channel, message } = ownMessage(call);
  if (channel.thread?.archived === true) throw refusal(Code.InvalidActionOnArchivedThread);
  edit(call.guild, channel, message, changeOf(call, call.body, message));
  return renderOwn(call, message);
}

function renderOwn(call: Call, message: Message): object {
  return renderMessage(call.guild, message, { mayRead: true });
}
