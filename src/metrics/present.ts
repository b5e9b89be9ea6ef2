// A Digest in words: the post for its channel, and the words that its picture shares with it. Pure.
import type { Post } from '../domain/post.ts';
import { plain, plainText, type Block, type RichText } from '../domain/text.ts';
import { addDays, dayAt, type LocalDay } from '../domain/zone.ts';
import { isEmpty, type Digest } from './digest.ts';
import { changePercent } from './figures.ts';

const AGENTS_SHOWN = 10;

const numberFormat = new Intl.NumberFormat('en-GB');
export const numberWords = (value: number): string => numberFormat.format(value);

/** `12s`, `8m 05s`, `4h 12m`, `3d 4h`; a dash where there is nothing. */
export function durationWords(seconds: number | null): string {
  if (seconds === null) return '–';
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${String(whole % 60).padStart(2, '0')}s`;
  if (whole < 86_400)
    return `${Math.floor(whole / 3600)}h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')}m`;
  return `${Math.floor(whole / 86_400)}d ${Math.floor((whole % 86_400) / 3600)}h`;
}

const dateFormat = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'UTC',
  day: 'numeric',
  month: 'long',
  year: 'numeric',
});
const weekdayFormat = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', weekday: 'long' });
const dayDate = (day: LocalDay): Date => new Date(`${day}T00:00:00Z`);

export const titleWords = ({ kind }: Pick<Digest, 'kind'>): string =>
  kind === 'daily' ? 'Daily support digest' : kind === 'weekly' ? 'Weekly support digest' : 'Support digest so far';

/** `Monday, 23 November 2026`, `16 – 22 November 2026`, `Tuesday, 24 November 2026, until 14:05`. */
export function periodWords({ kind, timeZone, from, to }: Digest): string {
  const first = dayAt(timeZone, new Date(from));
  const date = dateFormat.format(dayDate(first));
  switch (kind) {
    case 'daily':
      return `${weekdayFormat.format(dayDate(first))}, ${date}`;
    case 'weekly':
      // Intl's range goes with thin spaces, which fonts may lack.
      return dateFormat.formatRange(dayDate(first), dayDate(addDays(first, 6))).replaceAll(/\s+/g, ' ');
    case 'now': {
      const time = new Date(to).toLocaleTimeString('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' });
      return `${weekdayFormat.format(dayDate(first))}, ${date}, until ${time}`;
    }
  }
}

/** Short: it stands beside the change in the picture. */
export const comparedWith = ({ kind }: Pick<Digest, 'kind'>): string =>
  kind === 'daily' ? 'vs day before' : kind === 'weekly' ? 'vs last week' : 'vs yesterday';

const LARGEST_PERCENT = 999;

/** `+12%`, `−9%`, `±0%`, `>999%`; undefined where there's nothing to compare with. */
export function changeWords(now: number | null, before: number | null | undefined): string | undefined {
  const change = changePercent(now, before ?? null);
  if (change === null) return undefined;
  if (change > LARGEST_PERCENT) return `>${LARGEST_PERCENT}%`;
  return change === 0 ? '±0%' : change > 0 ? `+${change}%` : `−${-change}%`;
}

const count = (value: number, one: string, many: string): string => `${numberWords(value)} ${value === 1 ? one : many}`;

function compared(words: string, now: number | null, before: number | null | undefined): string {
  const change = changeWords(now, before);
  return change === undefined ? words : `${words} (${change})`;
}

function figureLines({ figures, before, inProgress, phoneReplies }: Digest): string[] {
  const {
    replies,
    unresolved,
    opened,
    closed,
    responses,
    averageSeconds,
    medianSeconds,
    p90Seconds,
    received,
    activeChats,
  } = figures;
  const phone = phoneReplies === 0 ? '' : `, ${numberWords(phoneReplies)} of them from the phone`;
  const response =
    responses === 0
      ? 'First response: nobody was waiting for one'
      : `First response: ${compared(`median ${durationWords(medianSeconds)}`, medianSeconds, before?.medianSeconds)}, average ${durationWords(averageSeconds)}, 9 in 10 within ${durationWords(p90Seconds)}, of ${numberWords(responses)}`;
  return [
    `${compared(count(replies, 'reply', 'replies'), replies, before?.replies)}${phone}`,
    `${compared(`${count(unresolved, 'ticket', 'tickets')} unresolved`, unresolved, before?.unresolved)}, ${numberWords(inProgress)} of them in progress; ${numberWords(opened)} opened, ${numberWords(closed)} closed`,
    response,
    `${compared(count(received, 'message', 'messages'), received, before?.received)} received in ${count(activeChats, 'active chat', 'active chats')}`,
  ];
}

const list = (items: readonly RichText[]): Block => ({
  kind: 'list',
  ordered: false,
  items: items.map((item) => ({
    indent: 0,
    inlines: item.flatMap((block) => (block.kind === 'paragraph' ? block.inlines : [])),
  })),
});

const heading = (text: string): Block => ({
  kind: 'paragraph',
  inlines: [{ kind: 'text', text, style: { bold: true } }],
});

function agentBlocks({ agents }: Digest): Block[] {
  if (agents.length === 0) return [];
  const shown = agents.slice(0, AGENTS_SHOWN);
  const more = agents.length - shown.length;
  const rest = agents.slice(AGENTS_SHOWN).reduce((sum, { replies }) => sum + replies, 0);
  return [
    heading('Team'),
    {
      kind: 'list',
      ordered: true,
      items: shown.map(({ email, name, replies, medianSeconds }, index) => ({
        indent: 0,
        number: index + 1,
        inlines: [
          {
            kind: 'text',
            text: `${name ?? email}: ${count(replies, 'reply', 'replies')}${medianSeconds === null ? '' : `, median ${durationWords(medianSeconds)}`}`,
          },
        ],
      })),
    },
    ...(more === 0 ? [] : plain(`and ${numberWords(more)} more with ${count(rest, 'reply', 'replies')}`)),
  ];
}

/** Who waits: the number and the longest time; each by name only where names are allowed. */
export function waitingWords({ waiting, madeAt }: Digest): string {
  const { oldestSince } = waiting;
  if (waiting.count === 0 || oldestSince === null) return 'Nobody is waiting for an answer';
  const longest = durationWords((Date.parse(madeAt) - Date.parse(oldestSince)) / 1000);
  return `${count(waiting.count, 'chat is', 'chats are')} waiting for an answer, the longest for ${longest}`;
}

function waitingBlocks(digest: Digest): Block[] {
  const named = digest.waiting.longest.filter(({ name }) => name !== null);
  const items = named.map(({ name, since, url }): RichText => {
    const time = durationWords((Date.parse(digest.madeAt) - Date.parse(since)) / 1000);
    // The name is the customer's: a label of a link is only ever our own words.
    const words = { kind: 'text', text: `${name}: ${time}${url === null ? '' : ' · '}` } as const;
    const link = url === null ? [] : [{ kind: 'link', url, label: 'open' } as const];
    return [{ kind: 'paragraph', inlines: [words, ...link] }];
  });
  return [...plain(`⏳ ${waitingWords(digest)}`), ...(items.length === 0 ? [] : [list(items)])];
}

function ledgerWords({ ledger, lag }: Digest): string {
  const { received, mirrored, filtered, gapCount } = ledger;
  const gap = gapCount === 0 ? 'nothing is missing' : `${numberWords(gapCount)} missing: see /wa deliveries`;
  const delay =
    lag.medianMs === null || lag.p99Ms === null
      ? ''
      : ` · shown after ${lagWords(lag.medianMs)}, 99 in 100 within ${lagWords(lag.p99Ms)}`;
  return `Ledger: ${numberWords(received)} received = ${numberWords(mirrored)} mirrored + ${numberWords(filtered)} left out · ${gap}${delay}`;
}

const lagWords = (ms: number): string => (ms < 10_000 ? `${(ms / 1000).toFixed(1)}s` : durationWords(ms / 1000));

/** The picture's words for people who don't see it: all its numbers. */
export const altText = (digest: Digest): string =>
  [`${titleWords(digest)}, ${periodWords(digest)}`, ...figureLines(digest), waitingWords(digest)].join('. ');

/** The post of a Digest; the picture is put in by whoever draws it. An empty period is said in one line. */
export function presentDigest(digest: Digest): Post {
  const title = `${titleWords(digest)} · ${periodWords(digest)}`;
  const late = digest.isLate ? ['Posted late: Switchboard was not running when it was due.'] : [];
  if (isEmpty(digest)) {
    const waiting = digest.waiting.count === 0 ? '' : ` ${waitingWords(digest)}.`;
    const words = `${title}: nothing came in and nothing went out.${waiting}`;
    return { marks: [], text: plain(words), lines: late, buttons: [], summary: words };
  }
  const text: RichText = [
    heading(`📊 ${title}`),
    list(figureLines(digest).map(plain)),
    ...agentBlocks(digest),
    ...waitingBlocks(digest),
  ];
  const first = digest.before === null ? ['The first one: changes are shown from the next on.'] : [];
  const lines = [ledgerWords(digest), ...first, ...late];
  return { marks: [], text, lines, buttons: [], summary: [plainText(text), ...lines].join('\n') };
}
