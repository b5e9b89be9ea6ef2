// Holds both ends to the script: what the phones show and what the channel shows, against what was said. Nothing more, nothing less.
import type { Channel, Message } from '../slack/index.ts';
import type { Phone, ReceivedMessage } from '../whatsapp/index.ts';
import { unwrap } from '../whatsapp/media-messages.ts';
import { drawn, emojiCalled, smallLines } from './drawn.ts';
import { compareGuild } from './compare-guild.ts';
import { bare, DELETED, describe, fileHash, listDifferences, nameOf, type Shown } from './lists.ts';
import { isAgent, isGuildAgent, type Said } from './model.ts';
import { agents, customers, guildAgents, office, stranger, type ChatScript } from './script.ts';
import type { World } from './world.ts';

/** Where a message of the script ended up: its ts in Slack's channel, its id on the phones, its id in Discord's channel. */
export interface Place {
  readonly ts?: string;
  readonly remoteId?: string;
  readonly guildPost?: string;
}

export interface Comparison {
  /** Sentences, one for each difference; none when both ends are as the script says. */
  readonly differences: readonly string[];
  /** By the script's id; whole only when there are no differences. */
  readonly places: ReadonlyMap<string, Place>;
}

/** Compares one chat. `said` is everything said in it so far, in order. */
export function compare(world: World, chat: ChatScript, said: readonly Said[]): Comparison {
  const places = new Map<string, { ts?: string; remoteId?: string; guildPost?: string }>(
    said.map((one) => [one.id, {}]),
  );
  const outside = said.filter((one) => !one.staysInside);
  const differences = chat.people.flatMap((person) => comparePhone(world, chat, world.phones[person], outside, places));
  differences.push(...comparePhone(world, chat, world.office, outside, places));
  if (said.length > 0) {
    differences.push(...compareChannel(world, chat, said, places), ...compareGuild(world, chat, said, places));
  }
  return { differences, places };
}

function comparePhone(
  world: World,
  chat: ChatScript,
  phone: Phone,
  said: readonly Said[],
  places: Map<string, { remoteId?: string }>,
): string[] {
  const isOffice = phone === world.office;
  const [partner = 'mia'] = chat.people;
  const jid = chat.isGroup || !isOffice ? world.to(chat).jid : world.phones[partner].jid;
  const messages = phone.inbox.filter((message) => message.chat === jid);
  const positions = new Map(said.map((one, index) => [one.id, index + 1]));
  const expected = said.map((one): Shown => {
    const ours = one.reactions.findLast((reaction) => isAgent(reaction.by));
    const theirs = one.reactions.filter((reaction) => !isAgent(reaction.by));
    const reactions = [
      ...theirs.map(({ by, emoji }) => `${bare(emoji)} ${nameOf(by)}`),
      ...(ours === undefined ? [] : [`${bare(ours.emoji)} ${office.name}`]),
    ];
    const file = one.file === undefined ? undefined : world.files[one.file];
    return {
      what: describe([
        one.by in customers ? nameOf(one.by) : office.name,
        one.text,
        ...one.earlier.map((text) => `before: ${text}`),
        file === undefined ? undefined : `${file.kind} ${fileHash(file.bytes)}`,
        one.quote === undefined ? undefined : `quotes message ${positions.get(one.quote)}`,
        one.isDeleted ? 'deleted' : undefined,
        ...reactions.sort(),
      ]),
    };
  });
  const indexes = new Map(messages.map((message, index) => [message.id, index + 1]));
  const actual = messages.map((message): Shown => ({ what: phoneWords(world, phone, message, indexes) }));
  for (const [index, one] of said.entries()) {
    const message = messages[index];
    const place = places.get(one.id);
    if (message !== undefined && place !== undefined) place.remoteId = message.id;
  }
  return listDifferences(`On the phone of ${phone.name}, chat ${chat.name}`, expected, actual);
}

/** The hash of a file on a phone's screen, opened once: its bytes don't change. */
const opened = new WeakMap<ReceivedMessage, string>();

function phoneWords(world: World, phone: Phone, shown: ReceivedMessage, indexes: ReadonlyMap<string, number>): string {
  const who = (jid: string): string => world.whatsapp.phones.find((one) => one.jid === jid)?.name ?? jid;
  const content = unwrap(shown.message);
  const kind =
    (content.imageMessage && 'image') ??
    (content.stickerMessage && 'sticker') ??
    (content.audioMessage && (content.audioMessage.ptt === true ? 'voice' : 'audio')) ??
    (content.videoMessage && 'video') ??
    (content.documentMessage && 'document') ??
    undefined;
  if (kind !== undefined && !opened.has(shown)) opened.set(shown, openedHash(phone, shown));
  const media = [content.imageMessage, content.stickerMessage, content.audioMessage, content.documentMessage];
  const context = [content.extendedTextMessage, ...media].find((part) => part?.contextInfo)?.contextInfo;
  const quoted = context?.stanzaId;
  const reactions = [...shown.reactions].map(([jid, emoji]) => `${bare(emoji)} ${who(jid)}`);
  return describe([
    who(shown.from),
    shown.text,
    ...shown.editedFrom.map((text) => `before: ${text}`),
    kind === undefined ? undefined : `${kind} ${opened.get(shown)}`,
    quoted ? `quotes message ${indexes.get(quoted) ?? 'unknown'}` : undefined,
    shown.isRevoked ? 'deleted' : undefined,
    ...reactions.sort(),
    shown.copies === 1 ? undefined : `${shown.copies} times`,
  ]);
}

function openedHash(phone: Phone, shown: ReceivedMessage): string {
  try {
    return fileHash(phone.downloadMedia(shown));
  } catch (error) {
    return `that can't be opened (${String(error)})`;
  }
}

/** Words that stand for a file which came without a caption; what follows, its length and size, is the program's to word. */
const FILE_WORDS = /^(📷 Photo|🎤 Voice message|🩷 Sticker|📄 [^·]+) · .*$/;
const wordsOfKind = { image: '📷 Photo', voice: '🎤 Voice message', sticker: '🩷 Sticker', document: '📄' } as const;
const TICKS = /^\S+@\S+ · /;

function compareChannel(
  world: World,
  chat: ChatScript,
  said: readonly Said[],
  places: Map<string, { ts?: string }>,
): string[] {
  const channel = world.channel(chat);
  if (channel === undefined) return [`There is no channel #${chat.channel}.`];
  const where = `In #${chat.channel}`;
  const spoken = channel.messages.filter((message) => !(message.subtype ?? '').startsWith('channel_'));
  const isLine = (message: Message): boolean =>
    message.botId !== undefined && drawn(message) === '' && TICKS.test(smallLines(message)[0] ?? '');
  const posts = spoken.filter((message) => !isLine(message));
  const standing = said.filter((one) => !(one.isDeleted && isAgent(one.by)));
  const expected = standing.flatMap((one) => expectedPosts(world, one, said));
  const positions = new Map<string, number>();
  for (const [index, entry] of expected.entries()) {
    if (entry.id === undefined) continue;
    positions.set(entry.id, index + 1);
    const place = places.get(entry.id);
    const post = posts[index];
    if (place !== undefined && post !== undefined) place.ts = post.ts;
  }
  const numbered = expected.map(({ what, thread }) => ({
    what: thread === undefined ? what : `${what} · in the thread of message ${positions.get(thread)}`,
  }));
  const indexes = new Map(posts.map((message, index) => [message.ts, index + 1]));
  const actual = posts.map((message) => ({ what: postWords(world, message, indexes) }));
  return [
    ...listDifferences(where, numbered, actual),
    ...compareLines(where, said, spoken.filter(isLine), places),
    ...compareMembers(world, where, channel),
    ...spoken
      .filter((message) => message.botId !== undefined && message.pings.length > 0)
      .map((message) => `${where}: a post pings people: ${message.text}`),
  ];
}

interface ExpectedPost extends Shown {
  readonly thread: string | undefined;
}

function expectedPosts(world: World, one: Said, all: readonly Said[]): ExpectedPost[] {
  const { thread, by } = one;
  const root = all.find((other) => other.id === thread);
  // What was written in Discord stands in a thread here where it quotes on WhatsApp.
  const isPlaced = root !== undefined && (!isGuildAgent(by) || one.quote !== undefined);
  const place = isPlaced ? thread : undefined;
  const file = one.file === undefined ? undefined : world.files[one.file];
  const isTheirs = by === 'phone' || (by !== 'stranger' && !isAgent(by));
  const showers = new Set(
    one.reactions.map((reaction) =>
      isAgent(reaction.by) ? `${bare(reaction.emoji)} ${nameOf(reaction.by)}` : `${bare(reaction.emoji)} the app`,
    ),
  );
  const reactions = [...showers].sort();
  const broadcast = place === undefined ? undefined : 'also in the channel';
  if (isGuildAgent(by)) {
    const { email } = guildAgents[by];
    return [{ id: one.id, what: describe([email, one.text, `${email} · ✓✓`, ...reactions, broadcast]), thread: place }];
  }
  if (!isTheirs) {
    const name = by === 'stranger' ? stranger.name : agents[by].name;
    const attached = file === undefined ? undefined : `file ${fileHash(file.bytes)}`;
    return [{ id: one.id, what: describe([name, one.text, attached, ...reactions]), thread: place }];
  }
  const author = by === 'phone' ? office.name : customers[by].name;
  const caption = file === undefined || one.text !== '' ? one.text : wordsOfKind[file.kind];
  const named = file?.kind === 'document' && one.text === '' ? `${caption} ${file.name}` : caption;
  const words = one.isDeleted ? [DELETED] : [named, ...one.earlier.map((text) => `Before: ${withoutMarks(text)}`)];
  const marks = [
    ...(by === 'phone' ? ['from the phone'] : []),
    ...(one.earlier.length > 0 && !one.isDeleted ? ['edited'] : []),
  ];
  const post = { id: one.id, what: describe([author, ...words, ...marks, ...reactions, broadcast]), thread: place };
  if (file === undefined) return [post];
  return [post, { what: describe(['the app', `file ${fileHash(file.bytes)}`]), thread: place }];
}

/** Earlier texts are shown in small print, without formatting. */
const withoutMarks = (text: string): string => text.replaceAll(/[*_~`]/g, '');

function postWords(world: World, message: Message, indexes: ReadonlyMap<string, number>): string {
  const { users, files, bot } = world.slack.workspace;
  const nameById = (id: string): string => (id === bot.id ? 'the app' : (users.get(id)?.realName ?? id));
  const lines = smallLines(message);
  const attached = message.fileIds.map((id) => {
    const bytes = files.get(id)?.bytes;
    return bytes === undefined ? 'a file that is gone' : `file ${fileHash(bytes)}`;
  });
  const reactions = message.reactions.flatMap(({ name, users: by }) =>
    by.map((id) => `${bare(emojiCalled(name))} ${nameById(id)}`),
  );
  const { threadTs } = message;
  return describe([
    message.username ?? nameById(message.user ?? ''),
    drawn(message).replace(FILE_WORDS, '$1'),
    ...lines.filter((line) => line.startsWith('Before: ')),
    // Whether it was read yet is the phone's to say.
    ...lines
      .filter((line) => !line.startsWith('Before: '))
      .map((line) => line.replace(/ (?:delivered|read)$/, ''))
      .toReversed(),
    ...attached,
    ...reactions.sort(),
    message.broadcast ? 'also in the channel' : undefined,
    threadTs === undefined ? undefined : `in the thread of message ${indexes.get(threadTs) ?? 'unknown'}`,
  ]);
}

/** Each reply has one line under it that says whose it is and that it arrived; that of a deleted reply may stay. */
function compareLines(
  where: string,
  said: readonly Said[],
  lines: readonly Message[],
  places: ReadonlyMap<string, Place>,
): string[] {
  const unused = new Set(lines);
  const replies = said.filter((one) => isAgent(one.by) && !one.staysInside);
  const differences = replies.flatMap((one) => {
    if (!isAgent(one.by) || one.isDeleted) return [];
    const { email } = agents[one.by];
    const ts = places.get(one.id)?.ts ?? '';
    const root = places.get(one.thread ?? '')?.ts;
    const line = [...unused].find(
      (message) => message.threadTs === root && message.ts > ts && (smallLines(message)[0] ?? '').startsWith(email),
    );
    if (line === undefined) return [`${where}: no line of ${email} stands under “${one.text}”.`];
    unused.delete(line);
    const is = (smallLines(line)[0] ?? '').slice(`${email} · `.length);
    const wanted = one.isRead ? ['✓✓ read'] : ['✓✓ delivered', '✓✓ read'];
    return wanted.includes(is) ? [] : [`${where}: the line under “${one.text}” says “${is}”, not “${wanted[0]}”.`];
  });
  const deletedCount = replies.filter((one) => one.isDeleted).length;
  if (unused.size > deletedCount) differences.push(`${where}: a line stands there that belongs to no reply.`);
  return differences;
}

function compareMembers(world: World, where: string, channel: Channel): string[] {
  const wanted = [world.people.ana, world.people.ben, world.slack.bot];
  const missing = wanted.filter((person) => !channel.members.has(person.id));
  return [
    ...(channel.private ? [] : [`${where}: the channel isn't private.`]),
    ...missing.map((person) => `${where}: ${person.name} isn't in the channel.`),
    ...(channel.members.size + missing.length > wanted.length
      ? [`${where}: somebody is in the channel who may not be.`]
      : []),
  ];
}
