// A workspace in memory as a stage of the contract: its people, what they see, and its faults.
import type { Request } from '../../src/domain/command.ts';
import { BridgeError } from '../../src/domain/errors.ts';
import type { PostId } from '../../src/domain/ids.ts';
import type { Post } from '../../src/domain/post.ts';
import { plainText } from '../../src/domain/text.ts';
import type { ChatPlatform } from '../../src/platforms/platform.ts';
import { FakePlatform, FakeWorkspace } from '../support/fake-platform.ts';
import type { FakePost } from '../support/fake-workspace.ts';
import { notSupported } from './chat-platform.ts';
import type { Human, Seen, Stage } from './chat-platform.ts';

/** A stage on a workspace in memory; `make` gives its adapter. */
export async function openFakeStage(
  workspace = new FakeWorkspace(),
  make: (of: FakeWorkspace) => ChatPlatform = (of) => new FakePlatform(of),
): Promise<Stage> {
  const wordsOf = ({ marks, quote, text, lines }: Post): string =>
    [...marks, quote?.author, quote?.text, plainText(text), ...lines].join('\n');
  const seenOf = ({ id, thread, user, post, files, reactions }: FakePost): Seen => ({
    post: id,
    ...(thread === undefined ? {} : { thread }),
    author: post.author?.name ?? (user === undefined ? 'Switchboard' : (workspace.people.get(user)?.name ?? '')),
    words: wordsOf(post),
    pings: [],
    links: [],
    previews: [],
    buttons: post.buttons.map((button) => button.label),
    files,
    reactions: [...reactions],
  });
  const ask = async (human: Human, request: Omit<Request, 'ref' | 'user' | 'text' | 'options'> & { text?: string }) => {
    await workspace.ask({ text: '', options: {}, ...request, user: human.user });
  };
  const postNamed = (id: PostId): FakePost => {
    const post = workspace.find(id);
    if (post === undefined) throw new Error(`no post ${id}`);
    return post;
  };

  return {
    platform: () => make(workspace),
    person: async (name, kind = 'person') => {
      const isActive = kind !== 'deactivated';
      const person = workspace.addPerson(name, { kind: kind === 'deactivated' ? 'person' : kind, active: isActive });
      return { user: person.id, email: person.email };
    },
    say: (human, channel, text, options) => workspace.say(human.user, channel, text, options),
    change: (_human, post, text) => workspace.edit(post, text),
    erase: (_human, post) => workspace.erase(post),
    react: (human, post, emoji, on) => workspace.react(human.user, post, emoji, on),
    letIn: (by, channel, other) => workspace.letIn(by.user, channel, other.user),
    leave: (human, channel) => workspace.leave(human.user, channel),
    command: (human, channel, text) => ask(human, { via: 'command', action: 'wa', channel, text }),
    press: async (human, post, action) => {
      await ask(human, { via: 'button', action, channel: postNamed(post).channel, post });
    },
    openForm: () => undefined,
    sendForm: async () => ({}),
    toldPrivately: (human) => [
      ...workspace.told.filter((one) => one.user === human.user).map((one) => wordsOf(one.post)),
      ...workspace.answers.filter((one) => one.request.user === human.user).map((one) => plainText(one.answer.text)),
    ],
    seen: (channel) => workspace.channel(channel).posts.map(seenOf),
    members: (channel) => [...workspace.channel(channel).members],
    channelNames: () => [...workspace.channels.values()].map((channel) => channel.name),
    topic: (channel) => workspace.channel(channel).topic,
    isAcknowledged: (post) =>
      workspace.events.some(({ event, acknowledged }) => event.kind === 'said' && event.post === post && acknowledged),
    quiet: () => workspace.quiet(),
    loseAnswer: (of) => workspace.fail(of === 'openChannel' ? 'openChannel' : 'post', 'lost'),
    loseCall: () => workspace.fail('post', 'unanswered'),
    throttle: (channel) => {
      const options = { sentence: 'Wait.', retry: 'later', certain: true, retryAfterMs: 30_000 } as const;
      workspace.fail('post', new BridgeError('throttled', 'post: throttled', options), { times: 1_000, channel });
    },
    breakDownload: () => {
      const options = { sentence: 'The file broke off.', retry: 'later', certain: true } as const;
      workspace.fail('openFile', new BridgeError('bad_media', 'openFile: broke off', options));
    },
    cut: () => workspace.cut(),
    mend: () => workspace.mend(),
    refuseToken: () => workspace.accept(false),
    acceptToken: () => workspace.accept(true),
    unknownCalls: () => [],
    close: async () => undefined,
  };
}

/** What nothing in memory draws. */
export const drawsNothing = [
  notSupported(
    'opens a form, shows what is wrong with it, and tells what was sent',
    'answers are kept as they are, for tests to look at; nothing is drawn',
  ),
];
