// The Discord stand-in as a stage of the contract: its people, what they see, and its faults.
import { ChannelType, GatewayDispatchEvents, OverwriteType } from 'discord.js';
import { startDiscord } from '../../simulators/discord/index.ts';
import type { Channel, Interaction, Message, Person } from '../../simulators/discord/index.ts';
import type { PostId } from '../../src/domain/ids.ts';
import { createDiscord } from '../../src/platforms/discord/index.ts';
import type { DiscordOptions } from '../../src/platforms/discord/index.ts';
import { postId, postParts, userId } from '../../src/platforms/discord/ids.ts';
import { createLog } from '../../src/runtime/log.ts';
import { systemClock } from '../../src/runtime/time.ts';
import { keepShapes, shapes } from '../support/discord-shape-check.ts';
import type { Human, Seen, Stage } from './chat-platform.ts';

keepShapes();

const ALWAYS = 1_000_000;
const VIEW = 1n << 10n;
const LOADING = 128;
/** Ordinary messages and replies; the rest are Discord's own notices. */
const SPEECH: readonly number[] = [0, 19];

type Shape = Readonly<Record<string, unknown>>;

/** A guild of the stand-in whose adapter waits little between tries of a refused token. */
export async function openDiscordStage(options: Partial<DiscordOptions> = {}) {
  const discord = await startDiscord();
  // Tests change a channel more often than people do.
  discord.faults.renameLimit = false;
  let endLoss = (): void => undefined;
  const personOf = (human: Human): Person => discord.person(human.email);
  /** What people do goes on while the adapter answers it; what the stand-in says against it ends the test. */
  const gestures: unknown[] = [];
  const doing = (gesture: Promise<unknown>): void => {
    gesture.catch((error: unknown) => gestures.push(error));
  };
  // Nothing in the contract posts under a name here, so all of it goes through the bot's own calls.
  const OPERATIONS = { post: 'create_message', file: 'create_message', openChannel: 'create_guild_channel' } as const;
  const fault = (operation: string, kind: 'answer_lost' | 'cut'): void => {
    discord.faults.call(operation, { kind });
  };

  const stage: Stage = {
    platform: () =>
      createDiscord({
        botToken: discord.botToken,
        guildId: discord.guildId,
        apiUrl: discord.apiUrl,
        refusedRetryMs: 40,
        clock: systemClock,
        log: createLog({ level: 'silent' }),
        ...options,
      }),
    person: async (name, kind = 'person') => {
      const email = `${name.toLowerCase()}@acme.example`;
      const inGuild = kind === 'person' || kind === 'bot';
      const { id } = discord.addPerson({ name, email, inGuild, bot: kind === 'bot' });
      return { user: userId(id), email };
    },
    say: async (human, channel, text, { thread, files = [] } = {}) => {
      const reply = thread === undefined ? {} : { replyTo: postParts(thread).message };
      return postId(channel, await personOf(human).say(channel, text, { ...reply, files }));
    },
    change: (human, post, text) => personOf(human).edit(postParts(post).message, text),
    erase: (human, post) => personOf(human).remove(postParts(post).message),
    react: (human, post, emoji, on) => {
      const { message } = postParts(post);
      return on ? personOf(human).react(message, emoji) : personOf(human).unreact(message, emoji);
    },
    // Only who manages roles can let people in and take them out.
    letIn: (_by, channel, other) => discord.owner.invite(channel, { id: other.user }),
    leave: (human, channel) => discord.owner.kick(channel, { id: human.user }),
    command: async (human, channel, text) => {
      await discord.until(() => discord.guild.commands.size > 0, 'the command to be registered');
      doing(personOf(human).slashCommand(channel, `/wa text:${text}`));
    },
    press: async (human, post, action) => {
      doing(personOf(human).click(postParts(post).message, action));
    },
    openForm: (human) => personOf(human).modal?.title,
    sendForm: async (human, values) => {
      const person = personOf(human);
      const { modal } = person;
      if (modal === undefined) throw new Error('no form is open');
      const { interaction, error } = await person.submitModal(values);
      if (error !== undefined) throw new Error(`Discord showed ${error}`);
      // Discord closes the form; the message about its errors has a button that opens it again.
      const again = buttonsOf(interaction.original).find(({ custom_id: id }) => String(id).startsWith('openform:'));
      if (again === undefined) return {};
      await person.click(shownIn(interaction), String(again['custom_id']));
      return errorsIn(wordsOf(shownIn(interaction)), modal.components);
    },
    toldPrivately: (human) => {
      const person = personOf(human);
      return [...person.privateAnswers(), ...person.directMessages()]
        .filter((message) => (message.flags & LOADING) === 0)
        .sort((one, other) => (BigInt(one.id) < BigInt(other.id) ? -1 : 1))
        .map(wordsOf);
    },
    seen: (id) => {
      const channel = discord.channel(id);
      const all = [channel, ...discord.threads(channel)].flatMap((place) => place.messages);
      return all.filter(({ type }) => SPEECH.includes(type)).map((message) => seenOf(channel, message));
    },
    members: (id) => {
      const channel = discord.channel(id);
      const { thread } = channel;
      const ids = thread === undefined ? viewersOf(channel) : [...thread.members.keys()];
      return ids.filter((member) => member !== discord.bot.id).map((member) => userId(member));
    },
    channelNames: () =>
      discord
        .channels()
        .filter(({ type }) => type === ChannelType.GuildText)
        .map(({ name }) => name),
    topic: (id) => unescaped((discord.channel(id).topic ?? '').replace(/\n?Switchboard mirror \S+$/, '')),
    isAcknowledged: (post) => {
      const told = discord.events.deliveries.filter(
        ({ t, d }) => t === GatewayDispatchEvents.MessageCreate && 'id' in d && d.id === postParts(post).message,
      );
      return told.length > 0 && told.every((delivery) => delivery.state === 'sent');
    },
    quiet: () => discord.settled(),
    loseAnswer: (of) => fault(OPERATIONS[of], 'answer_lost'),
    loseCall: (of) => fault(OPERATIONS[of], 'cut'),
    throttle: (channel) => {
      discord.faults.call('create_message', { kind: 'rate_limited', retryAfter: 30 }, { times: ALWAYS, channel });
    },
    breakDownload: () => {
      discord.faults.download({ kind: 'truncated', part: 0.5 });
    },
    cut: () => {
      endLoss = discord.events.lose();
      discord.gateway.refuse(ALWAYS);
      discord.gateway.dropAll();
    },
    mend: () => {
      discord.gateway.refuse(0);
      endLoss();
    },
    refuseToken: () => discord.revokeToken(),
    acceptToken: () => discord.restoreToken(),
    unknownCalls: () => [...discord.unknown, ...gestures.map(String)],
    close: async () => {
      await discord.stop();
      shapes.add(discord);
    },
  };

  function seenOf(channel: Channel, message: Message): Seen {
    const place = message.channelId;
    const repliedTo = message.reference?.messageId;
    const inThread = place === channel.id ? undefined : postId(channel.id, place);
    const thread: PostId | undefined = inThread ?? (repliedTo === undefined ? undefined : postId(place, repliedTo));
    return {
      post: postId(place, message.id),
      ...(thread === undefined ? {} : { thread }),
      author: message.author.name,
      words: wordsOf(message),
      pings: message.pings,
      links: message.links.filter((link) => link.text !== link.url).map((link) => link.url),
      previews: message.previews,
      buttons: buttonsOf(message)
        .filter(({ custom_id: id }) => !String(id).startsWith('reply:'))
        .map(({ label }) => String(label)),
      files: message.files.map(({ name, bytes }) => ({ name, bytes })),
      reactions: message.reactions.filter(({ users }) => users.includes(discord.bot.id)).map(({ emoji }) => emoji),
    };
  }
  return { stage, discord };
}

function viewersOf(channel: Channel): readonly string[] {
  const own = [...channel.overwrites.values()].filter(
    ({ type, allow }) => type === OverwriteType.Member && (allow & VIEW) !== 0n,
  );
  return own.map(({ id }) => id);
}

function shownIn(interaction: Interaction): Message {
  if (interaction.original === undefined) throw new Error('nothing was shown');
  return interaction.original;
}

function buttonsOf(message: Message | undefined): readonly Shape[] {
  const components = message?.components ?? [];
  return components.flatMap((row) => (Array.isArray(row['components']) ? (row['components'] as Shape[]) : []));
}

/** "Label: what is wrong", a line each, by the fields' ids. */
function errorsIn(words: string, components: readonly Shape[]): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const { label, component } of components) {
    const line = words.split('\n').find((each) => each.startsWith(`${String(label)}: `));
    if (line === undefined) continue;
    errors[String((component as Shape)['custom_id'])] = line.slice(String(label).length + 2);
  }
  return errors;
}

/** All words of a message as people read them. */
function wordsOf(message: Message): string {
  return unescaped([message.content, ...message.embeds.map((embed) => embed.description ?? '')].join('\n'));
}

/** Without the backslashes that keep signs from meaning something; in code blocks they'd show. */
function unescaped(markdown: string): string {
  return markdown
    .split('```')
    .map((part, index) => (index % 2 === 1 ? part : part.replaceAll(/\\([^0-9A-Za-z\s])/g, '$1')))
    .join('');
}
