// Composes what a channel shows: a Message, the line under a reply, a Notice → Posts. Pure.
import type { Content, GroupChange, MediaFile, MediaKind } from '../domain/content.ts';
import type { Notice } from '../domain/notice.ts';
import type { Button, Post, PostAuthor, PostFile } from '../domain/post.ts';
import { splitText } from '../domain/split.ts';
import { plain, plainText, type Block, type RichText } from '../domain/text.ts';
import type { Capabilities } from '../platforms/platform.ts';

/** What `compose` must know of a Message; names are as shown to agents. */
export interface MessageView {
  readonly content: Content;
  readonly author: PostAuthor;
  /** Whose reply it is, when it was written elsewhere: an agent's email, or `API` for the admin's token. */
  readonly replier?: string;
  readonly state: ReplyState | undefined;
  readonly messageId: string;
  /** Who made a group's change, when known. */
  readonly by?: string;
  readonly marks: readonly string[];
  readonly quote?: { readonly author: string; readonly text: string };
  readonly earlier: readonly string[];
  readonly isEdited: boolean;
  readonly isDeleted: boolean;
  readonly votes: readonly { readonly name: string; readonly options: readonly string[] }[];
  /** Reactions that the platform has no emoji for. */
  readonly reactions: readonly { readonly name: string; readonly emoji: string }[];
  readonly file?: PostFile;
  /** Where the file can be fetched when the platform can't carry it. */
  readonly fileLink?: string;
}

export interface ReplyState {
  readonly state: 'held' | 'queued' | 'sent' | 'delivered' | 'read' | 'failed' | 'uncertain' | 'cancelled' | 'deleted';
  readonly reason: string | undefined;
}

const LONGEST_EARLIER = 1000;

const count = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`;

/** 75 → "1:15". */
export function duration(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.round(seconds % 60)).padStart(2, '0')}`;
}

/** Bytes as people read them. */
export function fileSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

const mediaWords: Readonly<Record<MediaKind, string>> = {
  image: '📷 Photo',
  video: '🎥 Video',
  gif: '🎞 GIF',
  audio: '🎵 Audio',
  voice: '🎤 Voice message',
  document: '📄 Document',
  sticker: '🩷 Sticker',
};

/** One line that names a file: what it is, its name or length, its size. */
export function fileWords(media: MediaKind, file: Pick<MediaFile, 'name' | 'durationSeconds' | 'sizeBytes'>): string {
  const length = file.durationSeconds === undefined ? [] : [duration(file.durationSeconds)];
  const size = file.sizeBytes === undefined ? [] : [fileSize(file.sizeBytes)];
  const name = media === 'document' && file.name !== undefined ? [`📄 ${file.name}`] : [mediaWords[media]];
  return [...name, ...length, ...size].join(' · ');
}

function people(names: readonly string[]): string {
  return names.length < 4 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
}

/** A group's change as one small line; `by` is who did it, when known. */
export function changeWords(change: GroupChange, by: string | undefined): string {
  const actor = by === undefined ? '' : ` by ${by}`;
  switch (change.what) {
    case 'created':
      return `The group was created${actor}`;
    case 'joined':
      return `${people(change.people)} joined`;
    case 'left':
      return `${people(change.people)} left`;
    case 'removed':
      return `${people(change.people)} was removed${actor}`;
    case 'promoted':
      return `${people(change.people)} is an admin of the group now`;
    case 'demoted':
      return `${people(change.people)} is no longer an admin of the group`;
    case 'renamed':
      return `The group is called “${change.name}” now${by === undefined ? '' : ` (changed by ${by})`}`;
    case 'described':
      return change.description === ''
        ? `The description was removed${actor}`
        : `New description: ${change.description}`;
    case 'other':
      return `Something in the group changed (${change.name})${actor}`;
  }
}

/** The words of any content, formatting kept; what the file itself says isn't words. */
export function contentText(content: Content, votes: MessageView['votes'] = []): RichText {
  switch (content.kind) {
    case 'text':
      return content.text;
    case 'media':
      return content.caption;
    case 'location': {
      const place = [content.name, content.address].filter((part) => part !== undefined).join(', ');
      const url = `https://www.google.com/maps/search/?api=1&query=${content.latitude},${content.longitude}`;
      return [
        {
          kind: 'paragraph',
          inlines: [
            {
              kind: 'text',
              text: `📍 ${content.live ? 'Live location' : 'Location'}${place === '' ? '' : `: ${place}`}\n`,
            },
            { kind: 'link', url },
          ],
        },
      ];
    }
    case 'contacts':
      return plain(content.cards.map((card) => `👤 ${[card.name, ...card.phones].join(' · ')}`).join('\n'));
    case 'poll':
      return pollText(content, votes);
    case 'event': {
      const when = content.startsAt === undefined ? [] : [`🕑 ${content.startsAt.replace('T', ' ').slice(0, 16)} UTC`];
      const where = content.place === undefined ? [] : [`📍 ${content.place}`];
      const title = `📅 ${content.name}${content.cancelled ? ' (cancelled)' : ''}`;
      return plain(
        [title, ...when, ...where, ...(content.description === undefined ? [] : [content.description])].join('\n'),
      );
    }
    case 'album': {
      const parts = [
        ...(content.imageCount > 0 ? [count(content.imageCount, 'photo', 'photos')] : []),
        ...(content.videoCount > 0 ? [count(content.videoCount, 'video', 'videos')] : []),
      ];
      return plain(`🖼 Album${parts.length === 0 ? '' : `: ${parts.join(' and ')}`}`);
    }
    case 'call':
      return plain(`${content.missed ? '📵 Missed' : '📞'} ${content.video ? 'video' : 'voice'} call`);
    case 'change':
      return plain(changeWords(content.change, undefined));
    case 'viewOnce':
      return plain('🔒 A message that can be viewed once: open it on the phone');
    case 'missing':
      return plain('⏳ This message could not be read yet; it was asked for again');
    case 'unsupported':
      return plain(`⚠ A message of a kind that can't be shown here (${content.name}): open it on the phone`);
  }
}

function pollText(poll: Extract<Content, { kind: 'poll' }>, votes: MessageView['votes']): RichText {
  const items: Block = {
    kind: 'list',
    ordered: false,
    items: poll.options.map((option) => {
      const voters = votes.filter((vote) => vote.options.includes(option)).map((vote) => vote.name);
      const tally = voters.length === 0 ? '' : ` — ${voters.length} (${people(voters)})`;
      return { indent: 0, inlines: [{ kind: 'text', text: `${option}${tally}` }] };
    }),
  };
  return [
    { kind: 'paragraph', inlines: [{ kind: 'text', text: `📊 ${poll.question}`, style: { bold: true } }] },
    items,
  ];
}

/** What a Message is in plain words, for search, previews and screen readers. */
export function contentWords(content: Content): string {
  const words = plainText(contentText(content));
  if (content.kind !== 'media') return words;
  const file = fileWords(content.media, content.file);
  return words === '' ? file : `${file}: ${words}`;
}

const stateWords: Readonly<Record<ReplyState['state'], string>> = {
  held: '⏸ not sent yet',
  queued: '🕓 sending',
  sent: '✓ sent',
  delivered: '✓✓ delivered',
  read: '✓✓ read',
  failed: '✗ not sent',
  uncertain: '⚠ not confirmed',
  cancelled: '✗ cancelled',
  deleted: '🗑 deleted',
};

/** The line under a reply: whose it is and how far it got. */
export function lineWords(email: string, { state, reason }: ReplyState): string {
  const why = reason === undefined || !['held', 'failed', 'uncertain'].includes(state) ? '' : `: ${reason}`;
  return `${email} · ${stateWords[state]}${why}`;
}

function lineButtons(messageId: string, state: ReplyState['state']): Button[] {
  switch (state) {
    case 'uncertain':
    case 'failed':
      return [{ action: `resend:${messageId}`, label: 'Resend', tone: 'primary' }];
    case 'held':
      return [
        { action: `send:${messageId}`, label: 'Send', tone: 'primary' },
        { action: `cancel:${messageId}`, label: "Don't send", tone: 'normal' },
      ];
    case 'queued':
    case 'sent':
    case 'delivered':
    case 'read':
    case 'cancelled':
    case 'deleted':
      return [];
  }
}

/** The post that stands under an agent's reply. */
export function composeLine(email: string, messageId: string, state: ReplyState): Post {
  const words = lineWords(email, state);
  return { marks: [], text: [], lines: [words], buttons: lineButtons(messageId, state.state), summary: words };
}

/** A Notice as a post; `more` stands under it. */
export function composeNotice(notice: Notice, more?: string): Post {
  const mark = notice.kind === 'info' ? 'ℹ️' : notice.kind === 'problem' ? '⚠️' : '🚫';
  const words = `${mark} ${notice.sentence}`;
  const lines = [notice.fix, more].filter((line) => line !== undefined);
  return { marks: [], text: plain(words), lines, buttons: [], summary: [words, ...lines].join('\n') };
}

const strip = (text: string): string => (text.length > LONGEST_EARLIER ? `${text.slice(0, LONGEST_EARLIER)}…` : text);

/** Small lines under the text: earlier wordings, reactions the platform lacks, whose reply it is. */
function smallLines(view: MessageView): string[] {
  const earlier = view.isDeleted ? [] : view.earlier.map((text) => `Before: ${strip(text)}`);
  const reactions = view.reactions.map(({ name, emoji }) => `${name} reacted with ${emoji}`);
  const line = view.replier === undefined || view.state === undefined ? [] : [lineWords(view.replier, view.state)];
  return [...earlier, ...reactions, ...line];
}

/**
 * The posts that show a Message, in order; never none. A long text becomes several; a file stands with its words where the platform can post it
 * under the sender's name, else after them.
 */
export function composeMessage(view: MessageView, capabilities: Capabilities): readonly Post[] {
  const { content, author } = view;
  const base = { author, marks: view.marks, lines: [], buttons: [] as readonly Button[] };
  if (content.kind === 'change') {
    const words = changeWords(content.change, view.by);
    return [{ marks: [], text: [], lines: [words], buttons: [], summary: words }];
  }
  if (view.isDeleted) {
    const words = '🗑 This message was deleted';
    return [{ ...base, marks: [], text: plain(words), lines: smallLines(view), summary: `${author.name}: ${words}` }];
  }
  const marks = [...view.marks, ...(view.isEdited ? ['edited'] : [])];
  const quote = view.quote === undefined ? {} : { quote: view.quote };
  const words = contentText(content, view.votes);
  const summary = `${author.name}: ${contentWords(content)}`;
  const texts = splitText(words, capabilities.maxTextLength);
  const parts: Post[] = texts.map((text, index) => ({
    ...base,
    marks: index === 0 ? marks : [],
    ...(index === 0 ? quote : {}),
    text,
    summary: index === 0 ? summary : `${author.name}: ${plainText(text)}`,
  }));
  if (content.kind !== 'media')
    return withLines(parts.length === 0 ? [{ ...base, marks, ...quote, text: plain(' '), summary }] : parts, view);
  return withLines(fileParts(view, content, parts, { ...base, marks, ...quote, summary }, capabilities), view);
}

function fileParts(
  view: MessageView,
  content: Extract<Content, { kind: 'media' }>,
  texts: readonly Post[],
  base: Omit<Post, 'text'>,
  capabilities: Capabilities,
): Post[] {
  const words = fileWords(content.media, content.file);
  const { file } = view;
  const isTooLarge = (content.file.sizeBytes ?? 0) > capabilities.maxFileBytes;
  if (file === undefined || isTooLarge) {
    const link: RichText =
      view.fileLink === undefined
        ? plain(words)
        : [
            {
              kind: 'paragraph',
              inlines: [
                { kind: 'text', text: `${words}\n` },
                { kind: 'link', url: view.fileLink },
              ],
            },
          ];
    return [{ ...base, text: link }, ...texts.map((post) => ({ ...post, marks: [] }))];
  }
  // Without words of its sender, ours say what it is: a joke from a film, or a voice message from a song.
  const named = texts.length === 0 ? [{ ...base, text: plain(words) }] : texts;
  if (capabilities.namedFiles === 'native') {
    return named.map((post, index) => (index === 0 ? { ...post, file } : post));
  }
  return [...named, { marks: [], text: [], file, lines: [], buttons: [], summary: base.summary }];
}

/** The small lines stand under the last part that has words. */
function withLines(parts: readonly Post[], view: MessageView): readonly Post[] {
  const lines = smallLines(view);
  if (lines.length === 0) return parts;
  const last = parts.findLastIndex((part) => part.author !== undefined);
  const isReply = view.replier !== undefined && view.state !== undefined && !view.isDeleted;
  const buttons = isReply ? lineButtons(view.messageId, view.state.state) : [];
  return parts.map((part, index) =>
    index === last ? { ...part, lines: [...part.lines, ...lines], buttons: [...part.buttons, ...buttons] } : part,
  );
}
