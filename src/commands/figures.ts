// /wa waiting and metrics: who waits for an answer, and the figures of a period with the rows behind them; the same numbers as everywhere.
import type { Answer } from '../domain/command.ts';
import type { ChatId } from '../domain/ids.ts';
import type { Inline } from '../domain/text.ts';
import { addDays, dayAt } from '../domain/zone.ts';
import { durationWords, parsePeriod, type Period, type Summary } from '../metrics/metrics.ts';
import type { FigureFilter, RowPlace } from '../store/figure.ts';
import { isRefused, type Ask, type Handler, type Parts, type Refused } from './ask.ts';
import { channelWords } from './chats.ts';
import { chatName, findAgent, findChat, findLabels } from './find.ts';
import { zoneOf } from './times.ts';
import { counted, listed, namesOf, quoted, say, timeOf, words } from './words.ts';

const PAGE = 10;
const LONGEST_TEXT = 80;
const SHOWN_PEOPLE = 8;

interface Place {
  readonly chatId: ChatId;
  readonly chatName: string | null;
}

/** The channel of each Chat in this Workspace, as words behind its name. */
async function channelsOf(
  { store }: Parts,
  ask: Ask,
  rows: readonly Place[],
): Promise<(row: Place) => readonly Inline[]> {
  const mirrors = await store.read.listings.mirrors([...new Set(rows.map(({ chatId }) => chatId))]);
  return ({ chatId }) =>
    channelWords((mirrors.get(chatId) ?? []).find(({ workspaceId }) => workspaceId === ask.workspaceId));
}

const named = (ask: Ask, row: Place): string => ask.phones(row.chatName ?? 'a chat without a name');

/** A page of rows under a title, with a button to the next. */
async function page<Row extends Place & { readonly id: string; readonly at: Date }>(
  parts: Parts,
  ask: Ask,
  rows: readonly Row[],
  look: { readonly title: string; readonly line: (row: Row) => string; readonly next: (after: RowPlace) => Handler },
): Promise<Answer> {
  const shown = rows.slice(0, PAGE);
  const channel = await channelsOf(parts, ask, shown);
  const items = shown.map((row) => [words(look.line(row)), ...channel(row)]);
  const last = shown.at(-1);
  const buttons =
    rows.length > shown.length && last !== undefined
      ? [parts.offers.button(ask, { label: 'More' }, look.next({ at: last.at, id: last.id }))]
      : [];
  return listed(look.title, items, { buttons });
}

type Wanted = Omit<FigureFilter, 'from' | 'to'>;

/** What the options leave of the Chats that the asker sees, and how that's called. */
async function wantedOf(parts: Parts, ask: Ask): Promise<{ filter: Wanted; about: string } | Refused> {
  const { agent, label, chat } = ask.options;
  const scope = await parts.access.scopeOf(ask.agent.id);
  const person = agent === undefined ? undefined : agent === 'me' ? ask.agent : await findAgent(parts, ask, agent);
  if (isRefused(person)) return person;
  const labels = label === undefined ? [] : await findLabels(parts, `"${label.replaceAll('"', '')}"`);
  if (isRefused(labels)) return labels;
  const one = chat === undefined ? undefined : await findChat(parts, ask, chat);
  if (isRefused(one)) return one;
  const [labelled] = labels;
  const filter = {
    scope,
    ...(person === undefined ? {} : { agentId: person.id }),
    ...(labelled === undefined ? {} : { labelId: labelled.id }),
    ...(one === undefined ? {} : { chatId: one.id }),
  };
  const names = [
    ...(person === undefined ? [] : [person.email]),
    ...(labelled === undefined ? [] : [`chats labelled ${quoted(labelled.name)}`]),
    ...(one === undefined ? [] : [quoted(chatName(ask, one))]),
  ];
  return { filter, about: names.length > 0 ? names.join(', ') : scope === 'all' ? 'all chats' : 'the chats you see' };
}

export async function waiting(parts: Parts, ask: Ask): Promise<Answer> {
  const wanted = await wantedOf(parts, ask);
  return isRefused(wanted) ? say(wanted.refused) : waitingPage(parts, ask, wanted.filter, undefined);
}

async function waitingPage(parts: Parts, ask: Ask, given: Wanted, after: RowPlace | undefined): Promise<Answer> {
  const { metrics, store, access, clock } = parts;
  // Between two pages the asker may have lost some.
  const filter = { ...given, scope: await access.scopeOf(ask.agent.id) };
  const rows = await metrics.unanswered(filter, { limit: PAGE + 1, after });
  if (rows.length === 0) return say(after === undefined ? 'Nobody waits for an answer.' : 'That were all of them.');
  const { count } = await store.read.figures.unanswered(filter);
  const zone = await zoneOf(parts, ask);
  const nowMs = clock.now().getTime();
  return page(parts, ask, rows, {
    title: `${counted(count, 'chat waits', 'chats wait')} for an answer, the longest first`,
    line: (row) =>
      `${named(ask, row)} — for ${durationWords((nowMs - row.at.getTime()) / 1000)}, since ${timeOf(row.at, zone)}`,
    next: (place) => (again, asked) => waitingPage(again, asked, filter, place),
  });
}

export async function showMetrics(parts: Parts, ask: Ask): Promise<Answer> {
  const zone = await zoneOf(parts, ask);
  const written = ask.options['period'] ?? 'today';
  const period = parsePeriod(written, zone, parts.clock.now());
  if (period === undefined) {
    return say(`${quoted(written)} is no period. Write today, 7d, 30d, or two days like 2026-11-01..2026-11-24.`);
  }
  const wanted = await wantedOf(parts, ask);
  if (isRefused(wanted)) return say(wanted.refused);
  const filter = { ...wanted.filter, ...period };
  const summary = await parts.metrics.summary(filter);
  const title = `${daysWords(period, zone)}: ${wanted.about}`;
  return listed(title, linesOf(summary, parts.clock.now()), {
    last: 'Nobody else sees this answer. /wa waiting lists who waits.',
    buttons: buttonsOf(parts, ask, filter, summary, title),
  });
}

/** `2026-11-24 (Europe/Berlin)`, `2026-11-18..2026-11-24 (Europe/Berlin)`. */
function daysWords({ from, to }: Period, zone: string): string {
  const [first, last] = [dayAt(zone, from), addDays(dayAt(zone, to), -1)];
  return `${first === last ? first : `${first}..${last}`} (${zone})`;
}

const people = (rows: readonly string[]): string =>
  rows.length <= SHOWN_PEOPLE
    ? rows.join(', ')
    : `${rows.slice(0, SHOWN_PEOPLE).join(', ')} and ${rows.length - SHOWN_PEOPLE} more`;

function linesOf(summary: Summary, now: Date): string[] {
  const { replies, tickets, firstResponse, unanswered, received, activeChats, bridgeLag, ledger } = summary;
  const sources = Object.entries(replies.bySource).filter(([, count]) => count > 0);
  const oldest = unanswered.oldestSince;
  const wait = oldest === null ? '' : `, the longest for ${durationWords((now.getTime() - oldest.getTime()) / 1000)}`;
  const { business } = firstResponse;
  return [
    [
      `Replies: ${replies.total}`,
      people(replies.byAgent.map(({ email, count }) => `${email} ${count}`)),
      namesOf(
        sources.map(([source, count]) => `${source} ${count}`),
        SHOWN_PEOPLE,
      ),
    ]
      .slice(0, replies.total === 0 ? 1 : 3)
      .filter((part) => part !== '')
      .join(' — '),
    `Tickets: ${tickets.unresolved} unresolved (${tickets.open} open, ${tickets.inProgress} in progress), ${tickets.opened} opened, ${tickets.closed} closed`,
    firstResponse.count === 0
      ? 'First response: none'
      : `First response: average ${durationWords(firstResponse.averageSeconds)}, median ${durationWords(firstResponse.medianSeconds)}, 9 in 10 within ${durationWords(firstResponse.p90Seconds)}, of ${firstResponse.count}`,
    ...(business === null
      ? []
      : [
          `In business hours: average ${durationWords(business.averageSeconds)}, median ${durationWords(business.medianSeconds)}, 9 in 10 within ${durationWords(business.p90Seconds)}`,
        ]),
    `Waiting now: ${unanswered.count}${wait}`,
    `Received: ${counted(received, 'message')} in ${counted(activeChats, 'active chat')}`,
    ...(bridgeLag.medianMs === null || bridgeLag.p99Ms === null
      ? []
      : [`Shown here after: ${lagWords(bridgeLag.medianMs)} (median), 99 in 100 within ${lagWords(bridgeLag.p99Ms)}`]),
    `Ledger: ${ledger.received} received = ${ledger.mirrored} mirrored + ${ledger.filtered} filtered${ledger.gapCount === 0 ? '' : ` + ${ledger.gapCount} missing`}`,
  ];
}

const lagWords = (ms: number): string => (ms < 10_000 ? `${(ms / 1000).toFixed(1)}s` : durationWords(ms / 1000));

/** Each figure opens onto its rows. */
function buttonsOf(parts: Parts, ask: Ask, filter: FigureFilter, summary: Summary, title: string) {
  const { replies, firstResponse, unanswered } = summary;
  const offer = (label: string, run: Handler) => parts.offers.button(ask, { label }, run);
  const rows = (run: typeof replyPage): Handler => {
    return (again, asked) => run(again, asked, { filter, title }, undefined);
  };
  return [
    ...(replies.total > 0 ? [offer('Replies', rows(replyPage))] : []),
    ...(firstResponse.count > 0 ? [offer('First responses', rows(responsePage))] : []),
    ...(unanswered.count > 0 ? [offer('Waiting', (again, asked) => waitingPage(again, asked, filter, undefined))] : []),
  ];
}

interface Behind {
  readonly filter: FigureFilter;
  readonly title: string;
}

async function replyPage(parts: Parts, ask: Ask, behind: Behind, after: RowPlace | undefined): Promise<Answer> {
  const filter = { ...behind.filter, scope: await parts.access.scopeOf(ask.agent.id) };
  const rows = await parts.metrics.replies(filter, { limit: PAGE + 1, after });
  if (rows.length === 0) return say('There are no more.');
  const zone = await zoneOf(parts, ask);
  return page(parts, ask, rows, {
    title: `Replies, the newest first: ${behind.title}`,
    line: (row) =>
      `${timeOf(row.at, zone)}, ${row.email ?? row.source} to ${named(ask, row)}: ${quoted(shortened(ask.phones(row.text)))}`,
    next: (place) => (again, asked) => replyPage(again, asked, behind, place),
  });
}

async function responsePage(parts: Parts, ask: Ask, behind: Behind, after: RowPlace | undefined): Promise<Answer> {
  const filter = { ...behind.filter, scope: await parts.access.scopeOf(ask.agent.id) };
  const rows = await parts.metrics.firstResponses(filter, { limit: PAGE + 1, after });
  if (rows.length === 0) return say('There are no more.');
  const zone = await zoneOf(parts, ask);
  return page(parts, ask, rows, {
    title: `First responses, the newest first: ${behind.title}`,
    line: (row) =>
      `${timeOf(row.at, zone)}, ${row.email ?? row.source} to ${named(ask, row)} after ${durationWords(row.seconds)}`,
    next: (place) => (again, asked) => responsePage(again, asked, behind, place),
  });
}

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/gu, ' ');
  return line.length > LONGEST_TEXT ? `${line.slice(0, LONGEST_TEXT)}…` : line;
}
