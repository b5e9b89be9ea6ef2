// The Slack simulator as a workspace of flow tests.
import { emojiNamed, emojiOf } from '../../simulators/slack/emoji.ts';
import {
  startSlack,
  type Channel,
  type Message,
  type Person,
  type SlackSimulator,
} from '../../simulators/slack/index.ts';
import { saying } from '../../simulators/slack/index.ts';
import type { Style, TownCall, TownChannel, TownFault, TownPerson, TownPost, TownWorkspace } from './workspace.ts';

const ALWAYS = 1_000_000;
/** Slack waits 3 s for an acknowledgement and tells again at once, after a minute and after five. */
const FASTER = { ackTimeoutMs: 3_000, redeliveryDelaysMs: [50, 500, 3_000, 5_000] };
const METHODS: Readonly<Record<TownCall, string>> = {
  customer: 'chat.postMessage',
  bot: 'chat.postMessage',
  upload: 'files.getUploadURLExternal',
  share: 'files.completeUploadExternal',
  openChannel: 'conversations.create',
  any: '*',
};

export interface SlackWorkspace extends TownWorkspace {
  readonly platform: 'slack';
  readonly simulator: SlackSimulator;
}

export async function startSlackWorkspace(): Promise<SlackWorkspace> {
  const slack = await startSlack({ settings: FASTER });
  const people = new Map<string, Person>();
  const personOf = ({ id }: TownPerson): Person => {
    const person = people.get(id);
    if (person === undefined) throw new Error(`nobody has the id ${id}`);
    return person;
  };
  const faultOf = (fault: TownFault) => {
    if (fault.kind !== 'rate_limited') return fault;
    const { kind, retryAfter } = fault;
    return retryAfter === '' ? { kind } : { kind, retryAfter: String(retryAfter) };
  };
  return {
    platform: 'slack',
    simulator: slack,
    env: { SLACK_BOT_TOKEN: slack.botToken, SLACK_APP_TOKEN: slack.appToken, SLACK_API_URL: slack.apiUrl },
    tokenSetting: 'SLACK_BOT_TOKEN',
    typed: {
      bold: (text) => `*${text}*`,
      italic: (text) => `_${text}_`,
      strike: (text) => `~${text}~`,
      code: (text) => `\`${text}\``,
      smile: ':smile:',
    },
    addPerson: (name, email, { isAdmin = false } = {}) => {
      const person = slack.addPerson({ name, email, admin: isAdmin });
      people.set(person.id, person);
      return townPerson(slack, person);
    },
    channels: () => slack.channels().map((channel) => townChannel(slack, channel)),
    makeChannel: async (name, by, { hasBot }) => {
      const channel = await personOf(by).create(name);
      if (hasBot) await personOf(by).invite(channel, slack.workspace.bot);
      return townChannel(slack, channel);
    },
    letIn: (channel, by, other) => personOf(by).invite(channel.id, { id: other.id }),
    takeAway: (channel, by, post) => personOf(by).remove(channel.id, post),
    fail: (call, fault, { times = 1, channel } = {}) =>
      slack.faults.call(METHODS[call], faultOf(fault), {
        times,
        ...(channel === undefined ? {} : { channel: channel.id }),
      }),
    mend: () => {
      slack.faults.clear();
      slack.sockets.refuse(0);
    },
    dropConnection: (refusals) => {
      slack.sockets.refuse(refusals);
      slack.sockets.dropAll();
    },
    freezeConnection: () => slack.sockets.freezeAll(),
    shutOut: () => {
      slack.sockets.refuse(ALWAYS);
      slack.sockets.dropAll();
      return () => slack.sockets.refuse(0);
    },
    goDown: (how) => {
      slack.faults.call('*', faultOf(how), { times: ALWAYS });
      slack.sockets.refuse(ALWAYS);
      slack.sockets.dropAll();
    },
    loseEvents: () => slack.events.lose(),
    hasTold: (text) => slack.events.deliveries.some(({ event }) => saying(text)(event)),
    revokeToken: () => slack.revokeToken(),
    restoreToken: () => slack.restoreToken(),
    settled: (timeoutMs) => slack.settled(timeoutMs),
    get unknown() {
      return slack.unknown;
    },
    stop: () => slack.stop(),
  };
}

function townPerson(slack: SlackSimulator, person: Person): TownPerson {
  const { id, name, email } = person;
  const emoji = (unicode: string): string => {
    const found = emojiOf(unicode);
    if (found === undefined) throw new Error(`Slack has no ${unicode}`);
    return found.name;
  };
  return {
    id,
    name,
    email,
    say: (channel, text, { replyTo, files, at } = {}) =>
      person.say(channel.id, text, {
        ...(replyTo === undefined ? {} : { thread: replyTo.thread ?? replyTo.id }),
        ...(files === undefined ? {} : { files }),
        ...(at === undefined ? {} : { at }),
      }),
    edit: (channel, post, text) => person.edit(channel.id, post, text),
    remove: (channel, post) => person.remove(channel.id, post),
    react: (channel, post, unicode) => person.react(channel.id, post, emoji(unicode)),
    unreact: (channel, post, unicode) => person.unreact(channel.id, post, emoji(unicode)),
    press: async (post, action) => {
      const button = post.buttons.find((each) => each.action.startsWith(action));
      if (button === undefined) throw new Error(`the post has no button ${action}`);
      const channel = slack.channels().find((each) => each.message(post.id) !== undefined);
      const message = channel?.message(post.id);
      if (message === undefined) throw new Error('the post is gone');
      await person.click(message, button.action);
    },
    toldPrivately: () =>
      [...person.privateAnswers(), ...person.directMessages()]
        .toSorted((one, other) => (one.ts < other.ts ? -1 : 1))
        .map(read),
    directMessages: () => person.directMessages().map(read),
  };
}

function townChannel(slack: SlackSimulator, channel: Channel): TownChannel {
  const see = (message: Message): TownPost => townPost(slack, message);
  return {
    id: channel.id,
    name: channel.name,
    topic: channel.topic.value,
    isPrivate: channel.private,
    get posts() {
      return channel.messages.filter(isSpeech).map(see);
    },
    post: (id) => {
      const message = channel.message(id);
      return message === undefined ? undefined : see(message);
    },
    under: (id) =>
      channel
        .thread(id)
        .filter((message) => message.ts !== id && isSpeech(message))
        .map(see),
    has: ({ id }) => channel.members.has(id),
  };
}

/** Not what Slack itself says of the channel. */
function isSpeech({ subtype }: Message): boolean {
  return !(subtype ?? '').startsWith('channel_') && !(subtype ?? '').startsWith('group_');
}

function townPost(slack: SlackSimulator, message: Message): TownPost {
  const { ts, threadTs, username, user, botId, text, blocks } = message;
  const person = botId === undefined ? slack.workspace.users.get(user ?? '') : undefined;
  const files = message.fileIds.map((id) => slack.workspace.files.get(id)).filter((file) => file?.completed === true);
  return {
    id: ts,
    author: username ?? person?.realName,
    isPersons: person !== undefined,
    text: read(message),
    styles: stylesIn(JSON.stringify(blocks ?? [])),
    files: files.flatMap((file) =>
      file?.bytes === undefined ? [] : [{ name: file.name, bytes: file.bytes, altText: file.altText }],
    ),
    thread: threadTs,
    isInChannel: threadTs === undefined || message.broadcast,
    isEdited: message.edited !== undefined,
    reactions: message.reactions
      .filter(({ users }) => users.length > 0)
      .map(({ name }) => character(emojiNamed(name)?.unicode ?? '')),
    buttons: buttonsIn(blocks ?? []),
    pings: message.pings,
    links: message.links,
    previews: message.unfurls,
    raw: JSON.stringify([text, blocks, message.attachments]),
  };
}

/** The words of a message: its blocks one after the other. */
export function read({ blocks, text }: Pick<Message, 'blocks' | 'text'>): string {
  return (blocks === undefined ? text : wordsIn(blocks)).trim();
}

function wordsIn(value: unknown): string {
  if (Array.isArray(value)) return value.map(wordsIn).join('');
  if (typeof value !== 'object' || value === null) return '';
  const { type, text, elements, url, name, unicode } = value as Record<string, unknown>;
  if (type === 'actions') return '';
  if (type === 'emoji') return typeof unicode === 'string' ? character(unicode) : `:${String(name)}:`;
  if (type === 'link') return `[${String(text ?? url)}](${String(url)})`;
  if (typeof text === 'string') return text;
  const inner = wordsIn(text) + wordsIn(elements);
  return String(type).startsWith('rich_text_') || type === 'context' ? `${inner}\n` : inner;
}

function character(unicode: string): string {
  return String.fromCodePoint(...unicode.split('-').map((code) => Number.parseInt(code, 16)));
}

export function buttonsIn(blocks: readonly Record<string, unknown>[]): TownPost['buttons'] {
  return blocks
    .flatMap((block) => (block['type'] === 'actions' ? (block['elements'] as Record<string, unknown>[]) : []))
    .map((element) => ({ action: String(element['action_id']), label: wordsIn(element['text']) }));
}

function stylesIn(json: string): ReadonlySet<Style> {
  const marks: readonly [Style, string][] = [
    ['bold', '"bold":true'],
    ['italic', '"italic":true'],
    ['strike', '"strike":true'],
    ['code', '"code":true'],
    ['quote', 'rich_text_quote'],
    ['list', 'rich_text_list'],
  ];
  return new Set(marks.filter(([, mark]) => json.includes(mark)).map(([style]) => style));
}
