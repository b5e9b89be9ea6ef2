// The Discord simulator as a workspace of flow tests.
import { ChannelType } from 'discord-api-types/v10';
import {
  saying,
  startDiscord,
  type Channel,
  type DiscordSimulator,
  type Message,
  type Person,
} from '../../simulators/discord/index.ts';
import { keepShapes, shapes } from '../support/discord-shape-check.ts';
import { readMarkdown } from './discord-reading.ts';
import type { TownCall, TownChannel, TownFault, TownPerson, TownPost, TownWorkspace } from './workspace.ts';

keepShapes();

const ALWAYS = 1_000_000;
const LOADING = 128;
/** Ordinary messages and replies; the rest are Discord's own notices. */
const SPEECH: readonly number[] = [0, 19];
const OPERATIONS: Readonly<Record<TownCall, string>> = {
  customer: 'execute_webhook',
  bot: 'create_message',
  upload: 'create_message',
  share: 'create_message',
  openChannel: 'create_guild_channel',
  any: '*',
};

export interface DiscordWorkspace extends TownWorkspace {
  readonly platform: 'discord';
  readonly simulator: DiscordSimulator;
  /** Everybody that was added; Discord tells a bot nobody's email. */
  readonly people: readonly TownPerson[];
}

export async function startDiscordWorkspace(): Promise<DiscordWorkspace> {
  const discord = await startDiscord();
  const people: TownPerson[] = [];
  return {
    platform: 'discord',
    simulator: discord,
    people,
    env: { DISCORD_BOT_TOKEN: discord.botToken, DISCORD_GUILD_ID: discord.guildId, DISCORD_API_URL: discord.apiUrl },
    tokenSetting: 'DISCORD_BOT_TOKEN',
    typed: {
      bold: (text) => `**${text}**`,
      italic: (text) => `*${text}*`,
      strike: (text) => `~~${text}~~`,
      code: (text) => `\`${text}\``,
      // The client makes the character of what people type.
      smile: '😄',
    },
    addPerson: (name, email) => {
      const person = townPerson(discord.addPerson({ name, email }));
      people.push(person);
      return person;
    },
    channels: () =>
      discord
        .channels()
        .filter(({ type }) => type === ChannelType.GuildText)
        .map((channel) => townChannel(discord, channel)),
    // Only who manages channels can; a channel that isn't private is everybody's.
    makeChannel: async (name, by, { hasBot }) => {
      const channel = await discord.owner.createChannel(name, { private: !hasBot });
      if (!hasBot) await discord.owner.invite(channel, { id: by.id });
      return townChannel(discord, channel);
    },
    // Only who manages roles can let people in.
    letIn: (channel, _by, other) => discord.owner.invite(channel.id, { id: other.id }),
    takeAway: (_channel, _by, post) => discord.owner.remove(post),
    fail: (call, fault, { times = 1, channel } = {}) =>
      discord.faults.call(OPERATIONS[call], faultOf(fault), {
        times,
        ...(channel === undefined ? {} : { channel: channel.id }),
      }),
    mend: () => {
      discord.faults.clear();
      discord.gateway.refuse(0);
    },
    dropConnection: (refusals) => {
      discord.gateway.refuse(refusals);
      discord.gateway.dropAll();
    },
    freezeConnection: () => discord.gateway.freezeAll(),
    shutOut: () => {
      discord.gateway.refuse(ALWAYS);
      discord.gateway.dropAll();
      return () => discord.gateway.refuse(0);
    },
    goDown: (how) => {
      discord.faults.call('*', faultOf(how), { times: ALWAYS });
      discord.gateway.refuse(ALWAYS);
      discord.gateway.dropAll();
    },
    loseEvents: () => discord.events.lose(),
    hasTold: (text) => discord.events.deliveries.some(({ t, d, state }) => state === 'sent' && saying(text)(t, d)),
    revokeToken: () => discord.revokeToken(),
    restoreToken: () => discord.restoreToken(),
    settled: (timeoutMs) => discord.settled(timeoutMs),
    get unknown() {
      return discord.unknown;
    },
    stop: async () => {
      await discord.stop();
      shapes.add(discord);
    },
  };
}

function faultOf(fault: TownFault): Parameters<DiscordSimulator['faults']['call']>[1] {
  if (fault.kind !== 'rate_limited') return fault;
  const { kind, retryAfter } = fault;
  return typeof retryAfter === 'number'
    ? { kind, retryAfter, scope: 'user' }
    : { kind, header: retryAfter, scope: 'user' };
}

function townPerson(person: Person): TownPerson {
  const { id, name, email } = person;
  return {
    id,
    name,
    email,
    say: (channel, text, { replyTo, files, at } = {}) =>
      person.say(channel.id, text, {
        ...(replyTo === undefined ? {} : { replyTo: replyTo.id }),
        ...(at === undefined ? {} : { at }),
        files: (files ?? []).map(({ mimetype, ...file }) => ({ ...file, contentType: mimetype })),
      }),
    edit: (_channel, post, text) => person.edit(post, text),
    remove: (_channel, post) => person.remove(post),
    react: (_channel, post, emoji) => person.react(post, emoji),
    unreact: (_channel, post, emoji) => person.unreact(post, emoji),
    press: async (post, action) => {
      const button = post.buttons.find((each) => each.action.startsWith(action));
      if (button === undefined) throw new Error(`the post has no button ${action}`);
      await person.click(post.id, button.action);
    },
    toldPrivately: () =>
      [...person.privateAnswers(), ...person.directMessages()]
        .filter((message) => (message.flags & LOADING) === 0)
        .toSorted(byAge)
        .map((message) => read(message).words),
    directMessages: () => person.directMessages().map((message) => read(message).words),
  };
}

function townChannel(discord: DiscordSimulator, channel: Channel): TownChannel {
  const all = (): readonly Message[] =>
    [channel, ...discord.threads(channel)]
      .flatMap((place) => place.messages)
      .filter(({ type }) => SPEECH.includes(type))
      .toSorted(byAge);
  const see = (message: Message): TownPost => townPost(channel, message);
  return {
    id: channel.id,
    name: channel.name,
    topic: (channel.topic ?? '').replace(/\n?Switchboard mirror \S+$/, ''),
    // The first moment counts: whoever isn't let in by name doesn't see it.
    isPrivate: channel.overwrites.get(discord.guildId)?.deny === 1n << 10n,
    get posts() {
      return all().map(see);
    },
    post: (id) => {
      const message = all().find((each) => each.id === id);
      return message === undefined ? undefined : see(message);
    },
    under: (id) => {
      const held = new Set([id]);
      return all()
        .map(see)
        .filter((post) => {
          if (post.thread === undefined || !held.has(post.thread)) return false;
          held.add(post.id);
          return true;
        });
    },
    has: ({ id }) => discord.readers(channel).includes(id),
  };
}

function townPost(channel: Channel, message: Message): TownPost {
  const { words, styles } = read(message);
  const isBot = message.author.bot && !message.author.webhook;
  const isInThread = message.channelId !== channel.id;
  return {
    id: message.id,
    author: isBot ? undefined : message.author.name,
    isPersons: !message.author.bot && !message.author.webhook,
    text: words,
    styles,
    files: message.files.map(({ name, title, bytes, description }) => ({
      name: title === undefined ? name : `${title}${/\.[^.]+$/.exec(name)?.[0] ?? ''}`,
      bytes,
      altText: description,
    })),
    thread: isInThread ? message.channelId : linkedIn(message),
    isInChannel: !isInThread,
    isEdited: message.editedAt !== undefined,
    reactions: message.reactions.filter(({ users }) => users.length > 0).map(({ emoji }) => emoji),
    buttons: buttonsIn(message),
    pings: message.pings,
    links: message.links,
    previews: message.previews,
    raw: JSON.stringify([message.content, message.embeds, message.components]),
  };
}

/** What a message answers: natively, or (webhooks can't) by the link above its words. */
function linkedIn({ reference, content }: Message): string | undefined {
  return reference?.messageId ?? /^-# ↪ \[in reply to this message\]\(<\S+\/(\d+)>\)/.exec(content)?.[1];
}

export function read(message: Message): ReturnType<typeof readMarkdown> {
  const content = message.content.replace(/^-# ↪ \[in reply to this message\]\(<\S+>\)\n?/, '');
  const reading = readMarkdown([content, ...message.embeds.map(({ description }) => description ?? '')].join('\n'));
  return { ...reading, words: reading.words.trim() };
}

/** The Reply button, which stands under every customer's message, is left out. */
export function buttonsIn(message: Message): TownPost['buttons'] {
  return message.components
    .flatMap((row) => (Array.isArray(row['components']) ? (row['components'] as Record<string, unknown>[]) : []))
    .map((button) => ({ action: String(button['custom_id']), label: String(button['label']) }))
    .filter(({ action }) => !action.startsWith('reply:'));
}

const byAge = (one: Message, other: Message): number => (BigInt(one.id) < BigInt(other.id) ? -1 : 1);
