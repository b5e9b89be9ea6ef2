// The Slack stand-in as a stage of the contract: its people, what they see, and its faults.
import { startSlack } from '../../simulators/slack/index.ts';
import type { Message, Person } from '../../simulators/slack/index.ts';
import type { PostId } from '../../src/domain/ids.ts';
import { createSlack } from '../../src/platforms/slack/index.ts';
import type { SlackOptions } from '../../src/platforms/slack/index.ts';
import { nameOf, unicodeOf } from '../../src/platforms/slack/emoji.ts';
import { postId, postParts, userId } from '../../src/platforms/slack/ids.ts';
import { createLog } from '../../src/runtime/log.ts';
import { systemClock } from '../../src/runtime/time.ts';
import type { Human, Seen, Stage } from './chat-platform.ts';

const ALWAYS = 1_000_000;

/** A workspace of the stand-in that waits little: for acknowledgements, before redeliveries, and between tries of a refused token. */
export async function openSlackStage(options: Partial<SlackOptions> = {}) {
  const slack = await startSlack({ settings: { ackTimeoutMs: 400, redeliveryDelaysMs: [0, 20, 20] } });
  let endLoss = (): void => undefined;
  const personOf = (human: Human): Person => slack.person(human.email);
  const messageOf = (post: PostId): Message => {
    const { channel, ts } = postParts(post);
    const message = slack.channel(channel).message(ts);
    if (message === undefined) throw new Error(`no post ${post}`);
    return message;
  };
  const fault = (method: string, kind: 'answer_lost' | 'cut'): void => {
    slack.faults.call(method, { kind });
  };
  const METHODS = {
    post: 'chat.postMessage',
    file: 'files.completeUploadExternal',
    openChannel: 'conversations.create',
  } as const;

  const stage: Stage = {
    platform: () =>
      createSlack({
        botToken: slack.botToken,
        appToken: slack.appToken,
        apiUrl: slack.apiUrl,
        refusedRetryMs: 40,
        clock: systemClock,
        log: createLog({ level: 'silent' }),
        ...options,
      }),
    person: async (name, kind = 'person') => {
      const email = `${name.toLowerCase()}@acme.example`;
      const { id } = slack.addPerson({
        name,
        email,
        ...(kind === 'guest' ? { guest: 'multi' } : {}),
        ...(kind === 'bot' ? { isBot: true } : {}),
        ...(kind === 'deactivated' ? { deleted: true } : {}),
      });
      return { user: userId(id), email };
    },
    say: async (human, channel, text, { thread, files = [] } = {}) => {
      const place = thread === undefined ? {} : { thread: postParts(thread).ts };
      return postId(channel, await personOf(human).say(channel, text, { ...place, files }));
    },
    change: async (human, post, text) => {
      const { channel, ts } = postParts(post);
      await personOf(human).edit(channel, ts, text);
    },
    erase: async (human, post) => {
      const { channel, ts } = postParts(post);
      await personOf(human).remove(channel, ts);
    },
    react: async (human, post, emoji, on) => {
      const { channel, ts } = postParts(post);
      const name = nameOf(emoji) ?? emoji;
      await (on ? personOf(human).react(channel, ts, name) : personOf(human).unreact(channel, ts, name));
    },
    letIn: (by, channel, other) => personOf(by).invite(channel, { id: other.user }),
    leave: (human, channel) => personOf(human).leave(channel),
    command: async (human, channel, text) => {
      const result = await personOf(human).slashCommand(channel, '/wa', text);
      if (!result.acked) throw new Error(`Slack showed ${result.error}`);
    },
    press: async (human, post, action) => {
      const result = await personOf(human).click(messageOf(post), action);
      if (!result.acked) throw new Error(`Slack showed ${result.error}`);
    },
    openForm: (human) => {
      const title = personOf(human).modal?.content['title'];
      return title === undefined ? undefined : wordsOf(title);
    },
    sendForm: async (human, values) => {
      const person = personOf(human);
      if (person.modal === undefined) throw new Error('no form is open');
      const result = await person.submitView(person.modal, values);
      if (!result.acked) throw new Error(`Slack showed ${result.error}`);
      return result.errors ?? {};
    },
    toldPrivately: (human) => {
      const person = personOf(human);
      const told = [...person.privateAnswers(), ...person.directMessages()];
      return told
        .sort((one, other) => (one.ts < other.ts ? -1 : 1))
        .map((message) => wordsOf(message.blocks ?? message.text));
    },
    seen: (channel) => slack.channel(channel).messages.filter(isSpeech).map(seenOf),
    members: (channel) =>
      [...slack.channel(channel).members].filter((id) => id !== slack.bot.id).map((id) => userId(id)),
    channelNames: () => slack.channels().map((channel) => channel.name),
    topic: (channel) => unescaped(slack.channel(channel).topic.value),
    isAcknowledged: (post) => {
      const { channel, ts } = postParts(post);
      const deliveries = slack.events.deliveries.filter(
        ({ event }) => event['channel'] === channel && event['ts'] === ts,
      );
      return deliveries.length > 0 && deliveries.every((delivery) => delivery.state === 'acked');
    },
    quiet: () => slack.settled(),
    loseAnswer: (of) => fault(METHODS[of], 'answer_lost'),
    loseCall: (of) => fault(METHODS[of], 'cut'),
    throttle: (channel) => {
      slack.faults.call(METHODS.post, { kind: 'rate_limited', retryAfter: '30' }, { times: ALWAYS, channel });
    },
    breakDownload: () => {
      slack.faults.download({ kind: 'truncated', part: 0.5 });
    },
    cut: () => {
      endLoss = slack.events.lose();
      slack.sockets.refuse(ALWAYS);
      slack.sockets.dropAll();
    },
    mend: () => {
      slack.sockets.refuse(0);
      endLoss();
    },
    refuseToken: () => slack.revokeToken('invalid_auth'),
    acceptToken: () => slack.restoreToken(),
    unknownCalls: () => slack.unknown,
    close: () => slack.stop(),
  };

  function seenOf(message: Message): Seen {
    const { channel, ts, threadTs, fileIds } = message;
    const files = fileIds.map((id) => slack.workspace.files.get(id)).filter((file) => file !== undefined);
    const buttons = (message.blocks ?? []).flatMap((block) => (block['type'] === 'actions' ? [block['elements']] : []));
    return {
      post: postId(channel, ts),
      ...(threadTs === undefined ? {} : { thread: postId(channel, threadTs) }),
      author: message.username ?? slack.workspace.users.get(message.user ?? '')?.realName ?? '',
      words: wordsOf(message.blocks ?? unescaped(message.text)),
      pings: message.pings,
      links: message.links.filter((link) => link.text !== link.url).map((link) => link.url),
      previews: message.unfurls,
      buttons: buttons.flat().map((button) => wordsOf(textOf(button))),
      files: files.map(({ name, bytes = Buffer.alloc(0) }) => ({ name, bytes })),
      reactions: message.reactions
        .filter((reaction) => reaction.users.includes(slack.bot.id))
        .map((reaction) => unicodeOf(reaction.name) ?? reaction.name),
    };
  }
  return { stage, slack };
}

/** Neither Slack's own notices nor what is left of deleted messages. */
function isSpeech({ subtype }: Message): boolean {
  return [undefined, 'bot_message', 'file_share', 'thread_broadcast'].includes(subtype);
}

function textOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'text' in value ? value.text : value;
}

/** All words of blocks, from top to bottom; of a link its address. */
function wordsOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(wordsOf).join(' ');
  if (typeof value !== 'object' || value === null) return '';
  const { text, elements, url } = value as Record<string, unknown>;
  return [text, elements, text === undefined ? url : undefined].map(wordsOf).join('');
}

function unescaped(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
