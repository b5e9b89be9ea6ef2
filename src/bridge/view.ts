// Reads what `compose` must know of a Message for one Mirror: names, quote, thread, file.
import type { AccountId, ContactId, MessageId, PostId, WorkspaceId } from '../domain/ids.ts';
import type { Content } from '../domain/content.ts';
import type { PostAuthor, PostFile } from '../domain/post.ts';
import { BridgeError } from '../domain/errors.ts';
import type { Access } from '../access/access.ts';
import { fileName } from '../media/kind.ts';
import type { Messenger } from '../platforms/messenger.ts';
import type { ChatPlatform } from '../platforms/platform.ts';
import type { Message } from '../store/message.ts';
import type { Mirror } from '../store/mirror.ts';
import type { PostRow } from '../store/post.ts';
import type { Store, Tx } from '../store/store.ts';
import { contentWords, type MessageView } from './compose.ts';
import { formatPhone } from './phone.ts';

export interface ViewParts {
  readonly store: Store;
  readonly access: Pick<Access, 'phonesFor'>;
  readonly messenger: Messenger;
  readonly platforms: ReadonlyMap<WorkspaceId, ChatPlatform>;
  /** A link to the file of a Message that expires and asks for sign-in. */
  readonly linkToFile: (messageId: MessageId) => string;
}

export interface Shown {
  readonly view: MessageView;
  /** Whose file it is. */
  readonly accountId: AccountId;
  /** The root of the thread it belongs into: its quote's, where that is in this Mirror. */
  readonly thread: PostId | undefined;
}

const LONGEST_QUOTE = 300;

/** Opens the bytes of a Message's file, from wherever they are. Rejects with a BridgeError. */
export function openFile(parts: ViewParts, message: Message): PostFile['open'] | undefined {
  const { messenger, platforms } = parts;
  const { content, originWorkspaceId } = message;
  const [file] = message.files ?? [];
  if (file !== undefined && originWorkspaceId !== null) {
    return async () => {
      const platform = platforms.get(originWorkspaceId);
      if (platform !== undefined) return platform.openFile(file.ref);
      throw new BridgeError('unreachable', 'the workspace of a file is not connected', {
        sentence: 'The workspace that holds the file is not connected.',
        retry: 'later',
        certain: true,
      });
    };
  }
  if (content.kind !== 'media' || content.file.ref === '') return undefined;
  return () => messenger.openMedia(message.accountId, content.file.ref);
}

/** How people are called: by name, else by number, as far as the channel may see it. */
type Naming = (doer: string) => Promise<string>;

const naming =
  (tx: Tx, ourName: string, mask: (text: string) => string): Naming =>
  async (doer) => {
    if (doer === 'us') return ourName;
    const contact = await tx.contacts.find(doer as ContactId);
    return mask(contact?.name ?? (contact?.phone ? formatPhone(contact.phone) : 'Someone'));
  };

/** Changes in a group name people by the number where nothing else was known of them. */
function masked(content: Content, mask: (text: string) => string): Content {
  if (content.kind !== 'change' || !('people' in content.change)) return content;
  return { ...content, change: { ...content.change, people: content.change.people.map(mask) } };
}

async function authorOf(tx: Tx, message: Message, nameOf: Naming): Promise<PostAuthor> {
  if (message.contactId !== null) return { name: await nameOf(message.contactId), seed: message.contactId };
  if (message.agentId !== null) {
    const agent = await tx.agents.find(message.agentId);
    return { name: agent?.name ?? agent?.email ?? 'An agent', seed: message.agentId };
  }
  return { name: await nameOf('us'), seed: message.accountId };
}

function postFile(parts: ViewParts, message: Message, author: string): PostFile | undefined {
  const open = openFile(parts, message);
  const { content } = message;
  if (open === undefined || content.kind !== 'media') return undefined;
  const { file, media } = content;
  return {
    media,
    name: fileName({
      media,
      mimeType: file.mimeType,
      at: message.sentAt,
      ...(file.name === undefined ? {} : { name: file.name }),
    }),
    mimeType: file.mimeType,
    ...(file.sizeBytes === undefined ? {} : { sizeBytes: file.sizeBytes }),
    ...(file.durationSeconds === undefined ? {} : { durationSeconds: file.durationSeconds }),
    altText: `${author}: ${contentWords(content)}`,
    open,
  };
}

/** What a Mirror should show of a Message, as things stand now. */
export async function viewOf(
  parts: ViewParts,
  message: Message,
  mirror: Mirror,
  rows: readonly PostRow[],
): Promise<Shown> {
  const tx = parts.store.read;
  const account = await tx.accounts.find(message.accountId);
  const ourName = account?.name ?? 'Us';
  const mask = await parts.access.phonesFor('channel');
  const nameOf = naming(tx, ourName, mask);
  const author = await authorOf(tx, message, nameOf);
  const content = masked(message.content, mask);
  const votes = content.kind === 'poll' ? await tx.reactions.votes(message.id) : [];
  const unshown = new Set(rows.flatMap((row) => (row.reactions ?? []).filter((emoji) => emoji.startsWith('!'))));
  const all = unshown.size === 0 ? [] : await tx.reactions.of(message.id);
  const reactions = all.filter((reaction) => unshown.has(`!${reaction.emoji}`));
  const quoted = message.quotedId === null ? undefined : await tx.messages.find(message.quotedId);
  const quotedPosts = quoted === undefined ? [] : await tx.posts.of(quoted.id, mirror.id);
  const anchor = quotedPosts.find((row) => row.role !== 'line' && row.generation === mirror.generation);
  const file = postFile(parts, message, author.name);
  const agent = message.agentId === null ? undefined : await tx.agents.find(message.agentId);
  const quotedWords = quoted?.text ?? message.quotedPreview;
  const isQuoteNeeded = message.quotesRemotely && anchor === undefined && quotedWords !== null && quotedWords !== '';
  const view: MessageView = {
    messageId: message.id,
    author,
    content,
    ...(content.kind === 'change' && message.contactId !== null ? { by: author.name } : {}),
    ...(agent === undefined && message.source !== 'web' ? {} : { replier: agent?.email ?? 'API' }),
    state: message.state === null ? undefined : { state: message.state, reason: message.reason ?? undefined },
    marks: [
      ...(message.note ? [`a note by ${agent?.email ?? author.name}: it stays in the team`] : []),
      ...(message.source === 'phone' ? ['from the phone'] : []),
      ...(message.forwarded ? ['forwarded'] : []),
    ],
    ...(isQuoteNeeded
      ? {
          quote: {
            author: quoted === undefined ? '' : (await authorOf(tx, quoted, nameOf)).name,
            text: quotedWords.length > LONGEST_QUOTE ? `${quotedWords.slice(0, LONGEST_QUOTE)}…` : quotedWords,
          },
        }
      : {}),
    earlier: (message.earlier ?? []).map((version) => contentWords(version.content)),
    isEdited: message.editedAt !== null,
    isDeleted: message.deletedAt !== null,
    votes: await Promise.all(votes.map(async (vote) => ({ name: await nameOf(vote.doer), options: vote.options }))),
    reactions: await Promise.all(reactions.map(async ({ doer, emoji }) => ({ name: await nameOf(doer), emoji }))),
    ...(file === undefined ? {} : { file, fileLink: parts.linkToFile(message.id) }),
  };
  const isInThread = message.quotesRemotely || message.note;
  const thread = isInThread && anchor !== undefined ? (anchor.threadId ?? anchor.remoteId) : undefined;
  return { view, thread, accountId: message.accountId };
}
