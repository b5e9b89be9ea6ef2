// The sentences of commands. Pure.
import type { Answer } from '../domain/command.ts';
import type { Button } from '../domain/post.ts';
import { plain, type Inline, type RichText } from '../domain/text.ts';
import type { Seer } from '../access/access.ts';
import type { ChangeResult, Preview } from './ask.ts';

/** An answer of lines; those that are empty fall out. */
export function say(...lines: readonly (string | undefined)[]): Answer {
  return { text: plain(lines.filter((line) => line !== undefined && line !== '').join('\n')) };
}

const bold = (text: string): Inline => ({ kind: 'text', text, style: { bold: true } });
export const words = (text: string): Inline => ({ kind: 'text', text });

/** A title in bold, a list under it, and a last line. */
export function listed(
  title: string,
  items: readonly (string | readonly Inline[])[],
  more: { readonly last?: string | undefined; readonly buttons?: readonly Button[] } = {},
): Answer {
  const text: RichText = [
    { kind: 'paragraph', inlines: [bold(title)] },
    ...(items.length === 0
      ? []
      : [
          {
            kind: 'list' as const,
            ordered: false,
            items: items.map((item) => ({ indent: 0, inlines: typeof item === 'string' ? [words(item)] : item })),
          },
        ]),
    ...plain(more.last ?? ''),
  ];
  return { text, ...(more.buttons === undefined || more.buttons.length === 0 ? {} : { buttons: more.buttons }) };
}

/** “a”, “a and b”, “a, b and c”; many are counted. */
export function namesOf(names: readonly string[], most = 5): string {
  const shown = names.length > most ? [...names.slice(0, most - 1), `${names.length - most + 1} more`] : names;
  const last = shown.at(-1) ?? 'nobody';
  return shown.length < 2 ? last : `${shown.slice(0, -1).join(', ')} and ${last}`;
}

export const quoted = (name: string): string => `“${name}”`;

export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** A moment as people read it; in the program's own time zone when none is given. */
export function timeOf(at: Date, timeZone?: string): string {
  const zone = timeZone === undefined ? {} : { timeZone };
  return at.toLocaleString('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
    ...zone,
  });
}

const untilOf = (until: Date | null, zone?: string): string => (until === null ? '' : ` until ${timeOf(until, zone)}`);

/** Because of what somebody sees a Chat: `admin`, `granted by ben@x on 1 Nov 2026 until …`, `label VIP`. */
export function becauseOf(because: Seer['because'], zone?: string): string {
  return because
    .map((one) => {
      switch (one.kind) {
        case 'admin':
          return 'admin';
        case 'grant':
          return `granted by ${one.by} on ${timeOf(one.at, zone)}${untilOf(one.until, zone)}`;
        case 'label':
          return `label ${one.label}${untilOf(one.until, zone)}`;
      }
    })
    .join(' · ');
}

/** How a change went: what was done, what was so already, what wasn't done and why, and who still sees a Chat. */
export function outcomeOf(
  result: ChangeResult,
  said: { readonly done: string; readonly same: string },
  chatName: (chatId: string) => string,
): string[] {
  const { changed, unchanged, refused, still } = result;
  const head = changed > 0 ? [said.done] : unchanged > 0 ? [said.same] : [];
  const reasons = [...new Set(refused.map(({ reason }) => reason))];
  const through = Map.groupBy(still, ({ agent, label }) => `${agent} ${label}`);
  const lasting = [...through.values()].flatMap((pairs) => {
    const [first] = pairs;
    if (first === undefined) return [];
    const chats = namesOf(pairs.map(({ chatId }) => quoted(chatName(chatId))));
    return [`${first.agent} still sees ${chats} through the label ${first.label}.`];
  });
  const lines = [...head, ...reasons, ...lasting];
  return lines.length > 0 ? lines : ['There was nothing to do.'];
}

/** What a change would do, before it's done. */
export function previewOf({ gained, lost, refused }: Preview, chatName: (chatId: string) => string): string[] {
  const side = (pairs: Preview['gained'], verb: string): string[] =>
    [...Map.groupBy(pairs, ({ agent }) => agent)].map(([agent, chats]) =>
      chats.length > 5
        ? `${agent} ${verb} ${counted(chats.length, 'chat')}.`
        : `${agent} ${verb} ${namesOf(chats.map(({ chatId }) => quoted(chatName(chatId))))}.`,
    );
  const lines = [...side(lost, 'no longer sees'), ...side(gained, 'will see')];
  const shown = lines.length > 12 ? [...lines.slice(0, 11), `… and ${lines.length - 11} people more.`] : lines;
  const reasons = [...new Set(refused.map(({ reason }) => reason))];
  return [...(shown.length > 0 ? shown : ['Nobody sees more or less through this.']), ...reasons];
}

/** What somebody is told who may not ask for this. */
export const strangerWords = 'Nobody invited you to Switchboard yet; ask an admin of your team to invite you.';
export const proveWords = 'If you were invited, /wa link proves it.';
export const invitedWords =
  'Your invitation to Switchboard isn’t claimed yet; open its link, or ask an admin to link you.';
export const deactivatedWords = 'Your access to Switchboard was ended; ask an admin if you need it again.';
export const adminOnlyWords = 'Only admins may do this; ask one of them.';
export const faultWords = 'Something went wrong on our side, so perhaps nothing was done. Please look, and ask again.';
export const tooOldWords = 'That was too long ago, or was done already. Please ask again.';
export const noChatHereWords =
  'This channel shows no WhatsApp chat. Ask in a chat’s channel, or name the chat; /wa chats lists those you see.';
