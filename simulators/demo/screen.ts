// Shows both ends as they change: what the phones show on the left, what the channels show on the right.
import { styleText } from 'node:util';
import type { Message } from '../slack/index.ts';
import type { ReceivedMessage } from '../whatsapp/index.ts';
import { drawn, emojiCalled, smallLines } from './drawn.ts';
import { chats } from './script.ts';
import type { World } from './world.ts';

const POLL_MS = 100;
const RIGHT_FROM = 58;
const LABELS = { whatsapp: 'WhatsApp', slack: 'Slack   ', discord: 'Discord ' } as const;
const COLOURS = { whatsapp: 'green', slack: 'magenta', discord: 'blue' } as const;
/** A terminal narrower than this gets one column with names before the lines. */
const TWO_COLUMNS_FROM = 110;
const TICKS = /^\S+@\S+ · /;

/** One thing that came to be seen; `key` makes it the same thing when looked at again. */
interface Fact {
  readonly key: string;
  readonly at: number;
  readonly side: 'whatsapp' | 'slack' | 'discord';
  readonly place: string;
  readonly who: string;
  readonly words: string;
  readonly isSmall?: boolean;
}

/** Writes a line of the demo itself. */
export function tell(sentence: string): void {
  process.stdout.write(`${sentence}\n`);
}

/** Starts showing; the returned function shows what is left and ends it. */
export function startScreen(world: World): () => void {
  const seen = new Set<string>();
  const look = (): void => {
    const news = [...whatsappFacts(world), ...slackFacts(world), ...discordFacts(world)].filter(
      (fact) => !seen.has(fact.key),
    );
    news.sort((a, b) => a.at - b.at);
    for (const fact of news) {
      if (seen.has(fact.key)) continue;
      seen.add(fact.key);
      tell(line(fact));
    }
  };
  tell(headline());
  const timer = setInterval(look, POLL_MS);
  return () => {
    clearInterval(timer);
    look();
  };
}

const isWide = (): boolean => process.stdout.isTTY && process.stdout.columns >= TWO_COLUMNS_FROM;

function headline(): string {
  if (!isWide()) return '';
  return `\n${styleText('bold', `${'WhatsApp'.padEnd(RIGHT_FROM)}Slack and Discord`)}\n${'─'.repeat(process.stdout.columns - 1)}`;
}

function line(fact: Fact): string {
  const isLeft = fact.side === 'whatsapp';
  const words = fact.words.replaceAll('\n', ' ⏎ ');
  const place = styleText(COLOURS[fact.side], fact.side === 'discord' ? `Discord ${fact.place}` : fact.place);
  const who = fact.isSmall === true || fact.who === fact.place ? '' : styleText('bold', `${fact.who}: `);
  const text = fact.isSmall === true ? styleText('dim', words) : words;
  if (!isWide()) return `${LABELS[fact.side]} │ ${place}  ${who}${text}`;
  return isLeft ? `${place}  ${who}${text}` : `${' '.repeat(RIGHT_FROM)}${place}  ${who}${text}`;
}

function whatsappFacts(world: World): Fact[] {
  const now = Date.now();
  const nameOf = (jid: string): string => world.whatsapp.phones.find((phone) => phone.jid === jid)?.name ?? jid;
  const customersPhones = world.whatsapp.phones.filter((phone) => phone !== world.office);
  return customersPhones.flatMap((phone) =>
    phone.inbox.flatMap((message): Fact[] => {
      const group = world.whatsapp.groups.find(({ jid }) => jid === message.chat);
      const place = group?.subject ?? phone.name;
      const common = { side: 'whatsapp', place, who: nameOf(message.from), at: now } as const;
      const key = `${message.chat === world.office.jid ? phone.jid : message.chat} ${message.id}`;
      return [
        { ...common, key, at: message.at, words: phoneWords(message) },
        ...message.editedFrom.map((_text, index) => ({
          ...common,
          key: `${key} edit ${index}`,
          words: `✎ ${message.text}`,
        })),
        ...(message.isRevoked ? [{ ...common, key: `${key} gone`, words: `🗑 deleted: ${message.text}` }] : []),
        ...[...message.reactions].map(([by, emoji]) => ({
          ...common,
          key: `${key} ${by} ${emoji}`,
          words: `${emoji}  ${nameOf(by)} → ${short(message.text)}`,
          isSmall: true,
        })),
      ];
    }),
  );
}

function phoneWords({ message, text, editedFrom }: ReceivedMessage): string {
  const inner = message.documentWithCaptionMessage?.message ?? message;
  const { imageMessage, stickerMessage, audioMessage, documentMessage, extendedTextMessage } = inner;
  const media = imageMessage ?? stickerMessage ?? audioMessage ?? documentMessage;
  const kind =
    (imageMessage && '📷') ??
    (stickerMessage && '🩷 sticker') ??
    (audioMessage && `🎤 ${audioMessage.seconds ?? 0} s`) ??
    (documentMessage && `📄 ${documentMessage.fileName ?? ''}`);
  const quote = (media ?? extendedTextMessage)?.contextInfo?.stanzaId ? '↩ ' : '';
  return `${quote}${kind ? `[${kind}] ` : ''}${editedFrom[0] ?? text}`;
}

function slackFacts(world: World): Fact[] {
  const { users, files } = world.slack.workspace;
  const now = Date.now();
  const nameById = (id: string): string => users.get(id)?.realName ?? id;
  const facts = world.slack.channels().flatMap((channel) => {
    const place = `#${channel.name}`;
    const all = [...channel.messages, ...channel.removed];
    return all.flatMap((message): Fact[] => {
      if ((message.subtype ?? '').startsWith('channel_')) return [];
      const who = message.username ?? nameById(message.user ?? '');
      const key = `${channel.id} ${message.ts}`;
      const common = { side: 'slack', place, who, at: now } as const;
      const ticks = smallLines(message).find((small) => TICKS.test(small));
      if (ticks !== undefined) return [{ ...common, key: `${key} ${ticks}`, words: `    ${ticks}`, isSmall: true }];
      const attached = message.fileIds.map((id) => `[📎 ${files.get(id)?.name ?? id}] `).join('');
      const mark = message.threadTs === undefined ? '' : '↳ ';
      const first = message.earlier[0] ?? message;
      const posted = { ...common, key, at: Number(message.ts) * 1000, words: `${mark}${attached}${drawn(first)}` };
      return [posted, ...changes(message, common, key, channel.removed.includes(message), nameById)];
    });
  });
  const answers = world.slack.workspace.ephemerals.map((answer) => ({
    key: `private ${answer.ts}`,
    at: Number(answer.ts) * 1000,
    side: 'slack' as const,
    place: `only ${nameById(answer.user)} sees`,
    who: 'Switchboard',
    words: drawn(answer),
  }));
  return [...facts, ...answers, ...directFacts(world)];
}

/** What Discord's channels show. The signs of its formatting are left as they are. */
function discordFacts(world: World): Fact[] {
  const now = Date.now();
  return world.discord.channels().flatMap((channel) =>
    channel.messages.flatMap((message): Fact[] => {
      const lines = message.content.split('\n');
      const small = lines.filter((each) => each.startsWith('-# ')).map((each) => each.slice(3));
      const words = lines.filter((each) => !each.startsWith('-# ')).join('\n');
      const attached = message.files.map(({ name }) => `[📎 ${name}] `).join('');
      const common = { side: 'discord', place: `#${channel.name}`, who: message.author.name, at: now } as const;
      const key = `discord ${message.id}`;
      const ticks = small.find((each) => TICKS.test(each));
      return [
        ...(words === '' && attached === '' ? [] : [{ ...common, key, words: `${attached}${words}` }]),
        ...(ticks === undefined ? [] : [{ ...common, key: `${key} ${ticks}`, words: `    ${ticks}`, isSmall: true }]),
      ];
    }),
  );
}

function changes(
  message: Message,
  common: Omit<Fact, 'key' | 'words'>,
  key: string,
  isRemoved: boolean,
  nameById: (id: string) => string,
): Fact[] {
  return [
    ...message.earlier.map((_version, index) => ({
      ...common,
      key: `${key} edit ${index}`,
      words: `✎ ${drawn(message)}`,
    })),
    ...(isRemoved ? [{ ...common, key: `${key} gone`, words: `🗑 deleted: ${short(drawn(message))}` }] : []),
    ...message.reactions.flatMap(({ name, users }) =>
      users.map((id) => ({
        ...common,
        key: `${key} ${id} ${name}`,
        words: `${emojiCalled(name)}  ${nameById(id)} → ${short(drawn(message))}`,
        isSmall: true,
      })),
    ),
  ];
}

/** What the app tells people directly. */
function directFacts(world: World): Fact[] {
  return [...Object.values(world.people), world.stranger].flatMap((person) =>
    person.directMessages().map((message) => ({
      key: `direct ${person.id} ${message.ts}`,
      at: Number(message.ts) * 1000,
      side: 'slack' as const,
      place: `directly to ${person.name}`,
      who: 'Switchboard',
      words: drawn(message),
    })),
  );
}

function short(text: string): string {
  const [first = ''] = text.split('\n');
  return first.length > 40 ? `${Array.from(first).slice(0, 38).join('')}…` : first;
}

/** How to go on from here by hand. */
export function invitation(world: World): string {
  const { program, token, slack, discord, whatsapp, logFile } = world.addresses;
  const { mia } = world.phones;
  const [first] = chats;
  const heading = (text: string): string => styleText('bold', text);
  const command = (text: string): string => `    ${styleText('cyan', text)}`;
  const post = (url: string, body: object): string =>
    command(`curl -s ${url} -H 'content-type: application/json' -d '${JSON.stringify(body)}'`);
  const ask = (path: string): string => command(`curl -s -H 'authorization: Bearer ${token}' ${program}${path}`);
  return [
    '',
    heading('It stays up for trying. Ctrl-C ends everything.'),
    `  The program's API   ${program}/api/v1   token ${token}`,
    ask('/api/v1/accounts'),
    ask('/api/v1/openapi.json'),
    command(`curl -s ${program}/readyz`),
    `  Slack, to look at   ${slack}`,
    `  Write as an agent, in the thread that begins with the message of that "ts" (without "thread": a note):`,
    post(`${slack}/say`, {
      email: 'ana@acme.test',
      channel: first?.channel,
      text: 'Noch eine Frage?',
      thread: world.slack
        .channels()
        .find(({ name }) => name === first?.channel)
        ?.topLevel.find((message) => message.username)?.ts,
    }),
    `  Discord, to look at   ${discord}`,
    `  Write there, as a reply to the message with that id (without "replyTo": a note):`,
    post(`${discord}/say`, {
      email: 'dora@acme.test',
      channel: first?.channel,
      text: 'Gern geschehen!',
      replyTo: (first && world.guildChannel(first))?.messages.find(({ author }) => author.webhook)?.id,
    }),
    `  WhatsApp, all phones   ${whatsapp}`,
    `  Write as a customer, and look at the customer's phone:`,
    post(`${whatsapp}/phones/${mia.number}/text`, { to: world.office.number, text: 'Ja, bitte!' }),
    post(`${whatsapp}/phones/${mia.number}/inbox`, {}),
    `  The program's log   ${logFile}`,
    '',
  ].join('\n');
}
