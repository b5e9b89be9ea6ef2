// Holds the Discord server to the script: every channel shows what was said outside, once, in order, under its name, and nothing that stays inside.
import type { Message } from '../discord/index.ts';
import { bare, DELETED, describe, fileHash, listDifferences, nameOf } from './lists.ts';
import { isAgent, isGuildAgent, type Said } from './model.ts';
import { agents, customers, guildAgents, office, type ChatScript } from './script.ts';
import type { World } from './world.ts';

const TICKS = /^(\S+@\S+) · (✓✓ (?:delivered|read))$/;
/** What the program says of a file that came without words: its kind or name, its length and size. */
const FILE_WORDS = /^(?:📷 Photo|🎤 Voice message|🩷 Sticker|📄 [^·]+) · .*$/;
/** The author of a webhook's post there: an email with a look-alike of its sign. */
const asAuthor = (email: string): string => email.replaceAll('@', '＠');

/** Compares one chat's channel in the Discord server; notes the places of the posts in `places`. */
export function compareGuild(
  world: World,
  chat: ChatScript,
  said: readonly Said[],
  places: ReadonlyMap<string, { guildPost?: string }>,
): string[] {
  const outside = said.filter((one) => !one.staysInside);
  if (outside.length === 0) return [];
  const channel = world.guildChannel(chat);
  if (channel === undefined) return [`There is no channel #${chat.channel} in Discord.`];
  const where = `In Discord's #${chat.channel}`;
  const spoken = channel.messages.filter(({ deleted }) => !deleted);
  const isLine = (message: Message): boolean =>
    message.author.id === world.discord.bot.id && TICKS.test(smallIn(message)[0] ?? '');
  const posts = spoken.filter((message) => !isLine(message));
  for (const [index, { id }] of outside.entries()) {
    const [place, post] = [places.get(id), posts[index]];
    if (place !== undefined && post !== undefined) place.guildPost = post.id;
  }
  const numbers = new Map(outside.map(({ id }, index) => [id, index + 1]));
  const indexes = new Map(posts.map(({ id }, index) => [id, index + 1]));
  return [
    ...listDifferences(
      where,
      outside.map((one) => ({ what: expectedWords(world, one, numbers) })),
      posts.map((message) => ({ what: words(world, message, indexes) })),
    ),
    ...compareLines(where, outside, spoken.filter(isLine), places),
    ...compareReaders(world, where, world.discord.readers(channel)),
    ...spoken
      .filter(({ author, pings }) => (author.webhook || author.bot) && pings.length > 0)
      .map(({ content }) => `${where}: a post pings people: ${content}`),
  ];
}

function expectedWords(world: World, one: Said, numbers: ReadonlyMap<string, number>): string {
  const { by, file } = one;
  // Written here, a reply says natively what it answers; written elsewhere, a link says it where the customer sees a quote.
  const thread = isGuildAgent(by) || one.quote !== undefined ? one.thread : undefined;
  const email = isAgent(by) ? agents[by].email : undefined;
  const author = isGuildAgent(by)
    ? guildAgents[by].name
    : by === 'phone'
      ? office.name
      : email === undefined
        ? customers[by as keyof typeof customers].name
        : asAuthor(email);
  const isEdited = one.earlier.length > 0 && !one.isDeleted;
  const shown = new Set(one.reactions.filter(({ by: who }) => !isAgent(who)).map(({ emoji }) => bare(emoji)));
  return describe([
    author,
    one.isDeleted ? DELETED : letters(one.text),
    by === 'phone' ? 'from the phone' : undefined,
    isEdited ? 'edited' : undefined,
    ...(one.isDeleted ? [] : one.earlier.map((text) => `Before: ${letters(text)}`)),
    email === undefined ? undefined : `line of ${email}`,
    file === undefined ? undefined : `file ${fileHash(world.files[file].bytes)}`,
    thread === undefined ? undefined : `answers message ${numbers.get(thread)}`,
    ...[...shown].sort(),
  ]);
}

function words(world: World, message: Message, indexes: ReadonlyMap<string, number>): string {
  const small = smallIn(message);
  const ticks = TICKS.exec(small.at(-1) ?? '');
  const answered =
    message.reference?.messageId ?? /\/(\d+)>\)$/.exec(small.find((line) => line.startsWith('↪ ')) ?? '')?.[1];
  const reactions = message.reactions.flatMap(({ emoji, users }) =>
    users.map((id) => (id === world.discord.bot.id ? bare(emoji) : `${bare(emoji)} of ${id}`)),
  );
  return describe([
    message.author.name,
    letters(
      message.content
        .split('\n')
        .filter((line) => !line.startsWith('-# '))
        .join('\n')
        .replace(FILE_WORDS, ''),
    ),
    ...['from the phone', 'edited'].filter((mark) => small.includes(mark)),
    ...small
      .filter((line) => line.startsWith('Before: '))
      .map((line) => `Before: ${letters(line.slice('Before: '.length))}`),
    ticks === null ? undefined : `line of ${ticks[1] ?? ''}`,
    ...message.files.map(({ bytes }) => `file ${fileHash(bytes)}`),
    answered === undefined ? undefined : `answers message ${indexes.get(answered) ?? 'unknown'}`,
    ...reactions.sort(),
  ]);
}

/** The small grey lines of a message. */
function smallIn({ content }: Message): string[] {
  return content.split('\n').flatMap((line) => (line.startsWith('-# ') ? [line.slice(3)] : []));
}

/** Text without anybody's marks of formatting: the marks of the two sides differ, the letters may not. */
const letters = (text: string): string => text.replaceAll(/[\\*_~`<>]/g, '').trim();

/** A reply that was written here has one line under it that says whose it is and that it arrived. */
function compareLines(
  where: string,
  said: readonly Said[],
  lines: readonly Message[],
  places: ReadonlyMap<string, { guildPost?: string }>,
): string[] {
  const replies = said.filter(({ by }) => isGuildAgent(by));
  const missing = replies.filter(({ by, id }) => {
    const post = BigInt(places.get(id)?.guildPost ?? 0);
    const email = isGuildAgent(by) ? guildAgents[by].email : '';
    return !lines.some((line) => BigInt(line.id) > post && smallIn(line)[0]?.startsWith(email) === true);
  });
  return [
    ...missing.map(({ by, text }) => `${where}: no line of ${nameOf(by)} stands under “${text}”.`),
    ...(lines.length > replies.length ? [`${where}: a line stands there that belongs to no reply.`] : []),
  ];
}

function compareReaders(world: World, where: string, readers: readonly string[]): string[] {
  const wanted = [world.discord.owner, ...Object.values(world.members)];
  return [
    ...wanted.filter(({ id }) => !readers.includes(id)).map(({ name }) => `${where}: ${name} isn't in the channel.`),
    ...(readers.length > wanted.length ? [`${where}: somebody is in the channel who may not be.`] : []),
  ];
}
