// Draws a Digest's picture: a card in light colours with the figures, two weeks as a chart, and the team; laid out by satori, drawn by resvg.
import { Resvg } from '@resvg/resvg-js';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import satori from 'satori';
import type { LocalDay } from '../domain/zone.ts';
import { AXIS_PARTS, COLOURS, countTop, drawChart, timeTop } from './chart.ts';
import type { Digest, DigestAgent } from './digest.ts';
import { changeWords, comparedWith, durationWords, numberWords, periodWords, titleWords } from './present.ts';

const WIDTH = 1200;
/** In pixels: sharp on screens with dense pixels. */
const PICTURE_WIDTH = 1800;
const EDGE = 44;
const AGENTS_SHOWN = 10;

interface Node {
  readonly type: string;
  readonly props: Readonly<Record<string, unknown>>;
}
type Style = Readonly<Record<string, string | number>>;

/** satori wants every box to say how it lays out, and measures boxes without their padding unless told. */
const box = (style: Style, ...children: readonly (Node | string)[]): Node => ({
  type: 'div',
  props: { style: { display: 'flex', boxSizing: 'border-box', ...style }, children: [...children] },
});

const column = (style: Style, ...children: readonly Node[]): Node =>
  box({ flexDirection: 'column', ...style }, ...children);

const words = (text: string, style: Style): Node => box({ whiteSpace: 'nowrap', ...style }, text);

const image = (svg: string, width: number, height: number): Node => ({
  type: 'img',
  props: { src: `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`, width, height },
});

/** The font has these scripts; what it lacks would be drawn as empty frames. */
const DRAWABLE = /^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{Nd}\p{P}\p{Zs}\p{M}+=|~^$€£]+$/u;

/** A person as the picture can show them: by name, else by email. */
export function drawableName({ name, email }: Pick<DigestAgent, 'name' | 'email'>): string {
  if (name !== null && DRAWABLE.test(name) && name.trim() !== '') return name;
  return DRAWABLE.test(email) ? email : email.replaceAll(/[^\p{ASCII}]/gu, '?');
}

const card = (style: Style, ...children: readonly Node[]): Node =>
  column(
    { backgroundColor: COLOURS.paper, border: `2px solid ${COLOURS.line}`, borderRadius: 20, padding: 28, ...style },
    ...children,
  );

/** An arrow that goes up or down with the change. */
function arrow(change: number, colour: string): Node {
  const path = change > 0 ? 'M2 13 8 7l4 4 6-7M12 4h6v6' : 'M2 5 8 11l4-4 6 7M12 14h6V8';
  return image(
    `<svg xmlns="http://www.w3.org/2000/svg" width="20" height="18" viewBox="0 0 20 18"><path d="${path}" fill="none" stroke="${colour}" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"/></svg>`,
    20,
    18,
  );
}

interface Figure {
  readonly label: string;
  readonly value: string;
  readonly now: number | null;
  readonly before: number | null | undefined;
  readonly isMoreBetter: boolean;
}

function figureCard(digest: Digest, { label, value, now, before, isMoreBetter }: Figure): Node {
  const change = changeWords(now, before);
  const difference = (now ?? 0) - (before ?? 0);
  const isFlat = change === '±0%' || difference === 0;
  const isGood = difference > 0 === isMoreBetter;
  const colour = isFlat ? COLOURS.soft : isGood ? COLOURS.good : COLOURS.bad;
  const ground = isFlat ? COLOURS.ground : isGood ? COLOURS.goodGround : COLOURS.badGround;
  const soft = { color: COLOURS.soft, fontSize: 22 };
  const note =
    digest.before === null
      ? 'nothing to compare with yet'
      : change === undefined
        ? `none ${digest.kind === 'weekly' ? 'the week' : 'the day'} before`
        : '';
  return card(
    { width: 354, padding: '24px 28px' },
    words(label, { color: COLOURS.soft, fontSize: 25, fontWeight: 500 }),
    words(value, { fontSize: 60, fontWeight: 700, letterSpacing: -2.5, lineHeight: 1.2 }),
    box(
      { alignItems: 'center', height: 38, marginTop: 6 },
      ...(change === undefined
        ? [words(note, soft)]
        : [
            box(
              {
                alignItems: 'center',
                backgroundColor: ground,
                borderRadius: 19,
                height: 38,
                padding: '0 14px',
                marginRight: 12,
              },
              ...(isFlat ? [] : [arrow(difference, colour)]),
              words(change, { color: colour, fontSize: 23, fontWeight: 600, marginLeft: isFlat ? 0 : 8 }),
            ),
            words(comparedWith(digest), soft),
          ]),
    ),
  );
}

const dayFormat = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', day: 'numeric', month: 'short' });
const dayWords = (day: LocalDay): string => dayFormat.format(new Date(`${day}T00:00:00Z`));

/** An axis in equal parts, from the top down to 0, each word beside its line. */
function axis(top: number, write: (value: number) => string, align: 'flex-start' | 'flex-end', height: number): Node {
  const part = (height - 12) / AXIS_PARTS;
  return column(
    { width: 62, height: height + 24, position: 'relative' },
    ...Array.from({ length: AXIS_PARTS + 1 }, (_, index) =>
      box(
        {
          position: 'absolute',
          top: 11 + index * part - 14,
          left: 0,
          width: 62,
          height: 28,
          justifyContent: align,
          alignItems: 'center',
        },
        words(write((top * (AXIS_PARTS - index)) / AXIS_PARTS), { color: COLOURS.soft, fontSize: 20 }),
      ),
    ),
  );
}

function axisTime(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)}s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)}m`;
  return seconds < 86_400 ? `${Math.round(seconds / 360) / 10}h` : `${Math.round(seconds / 8640) / 10}d`;
}

function chartCard({ days }: Digest): Node {
  const height = 262;
  const width = WIDTH - 2 * EDGE - 2 * 30 - 2 * 62 - 2 * 14;
  const slot = width / Math.max(1, days.length);
  const legend = (colour: string, isLine: boolean, label: string): Node =>
    box(
      { alignItems: 'center', marginLeft: 28 },
      box({
        width: isLine ? 24 : 17,
        height: isLine ? 5 : 17,
        borderRadius: isLine ? 3 : 5,
        backgroundColor: colour,
        marginRight: 10,
      }),
      words(label, { color: COLOURS.soft, fontSize: 23, fontWeight: 500 }),
    );
  const responses = days.flatMap(({ medianSeconds }) => (medianSeconds === null ? [] : [medianSeconds]));
  const labels = days.map(({ day }, index) =>
    box(
      { position: 'absolute', left: slot * index + slot / 2 - 60, width: 120, justifyContent: 'center' },
      // Every second day, so that the last one has its word.
      words((days.length - 1 - index) % 2 === 0 ? dayWords(day) : '', { color: COLOURS.soft, fontSize: 20 }),
    ),
  );
  return card(
    { marginTop: 22, paddingBottom: 22 },
    box(
      { justifyContent: 'space-between', alignItems: 'center', marginBottom: 14 },
      words(`Last ${days.length} days`, { fontSize: 28, fontWeight: 600 }),
      box({}, legend(COLOURS.bar, false, 'Replies'), legend(COLOURS.curve, true, 'Median first response')),
    ),
    box(
      {},
      axis(countTop(Math.max(0, ...days.map(({ replies }) => replies))), numberWords, 'flex-end', height),
      column(
        { margin: '0 14px' },
        image(drawChart(days, { width, height }), width, height),
        box({ position: 'relative', width, height: 30, marginTop: 10 }, ...labels),
      ),
      // Without a single first response there is nothing to measure.
      ...(responses.length === 0 ? [] : [axis(timeTop(Math.max(...responses)), axisTime, 'flex-start', height)]),
    ),
  );
}

const MEDALS = ['#f5b301', '#a5b0bd', '#cd7f46'] as const;

function agentRow({ agent, index, most }: { agent: DigestAgent; index: number; most: number }): Node {
  const share = most === 0 ? 0 : agent.replies / most;
  return box(
    { alignItems: 'center', height: 52 },
    box(
      {
        width: 34,
        height: 34,
        borderRadius: 17,
        backgroundColor: MEDALS[index] ?? '#e9ecef',
        alignItems: 'center',
        justifyContent: 'center',
        marginRight: 16,
      },
      words(String(index + 1), {
        fontSize: 19,
        fontWeight: 600,
        color: index < MEDALS.length ? COLOURS.ink : COLOURS.soft,
      }),
    ),
    {
      type: 'div',
      props: {
        style: {
          width: 290,
          marginRight: 14,
          fontSize: 25,
          fontWeight: 500,
          whiteSpace: 'nowrap',
          overflow: 'hidden',
          textOverflow: 'ellipsis',
          display: 'block',
        },
        children: drawableName(agent),
      },
    },
    box(
      { width: 410, height: 16, borderRadius: 8, backgroundColor: '#e9ecef' },
      box({
        width: Math.max(16, Math.round(410 * share)),
        height: 16,
        borderRadius: 8,
        backgroundColor: index === 0 ? COLOURS.bar : COLOURS.pale,
      }),
    ),
    box(
      { flexGrow: 1, justifyContent: 'flex-end' },
      words(numberWords(agent.replies), { fontSize: 25, fontWeight: 600 }),
    ),
    box(
      { width: 170, justifyContent: 'flex-end' },
      words(durationWords(agent.medianSeconds), { color: COLOURS.soft, fontSize: 25 }),
    ),
  );
}

function teamCard({ agents }: Digest): Node {
  const shown = agents.slice(0, AGENTS_SHOWN);
  const rest = agents.slice(AGENTS_SHOWN);
  const most = agents[0]?.replies ?? 0;
  const small = { color: COLOURS.soft, fontSize: 22 };
  const restReplies = rest.reduce((sum, { replies }) => sum + replies, 0);
  return card(
    { marginTop: 22 },
    box(
      { justifyContent: 'space-between', alignItems: 'center', marginBottom: 8 },
      words('Team', { fontSize: 28, fontWeight: 600 }),
      box({}, words('Replies', small), box({ width: 170, justifyContent: 'flex-end' }, words('Median', small))),
    ),
    ...(shown.length === 0 ? [words('No replies by anybody of the team', { ...small, height: 40 })] : []),
    ...shown.map((agent, index) => agentRow({ agent, index, most })),
    ...(rest.length === 0
      ? []
      : [
          words(`and ${numberWords(rest.length)} more with ${numberWords(restReplies)} replies`, {
            ...small,
            marginTop: 10,
          }),
        ]),
  );
}

function header(digest: Digest): Node {
  const sign = `<svg xmlns="http://www.w3.org/2000/svg" width="68" height="68" viewBox="0 0 68 68"><rect width="68" height="68" rx="17" fill="${COLOURS.bar}"/><path d="M22 27h24M39 20l7 7-7 7M46 41H22M29 34l-7 7 7 7" fill="none" stroke="#fff" stroke-width="3.6" stroke-linecap="round" stroke-linejoin="round"/></svg>`;
  const numbers = digest.numbers === 1 ? 'WhatsApp · 1 number' : `WhatsApp · ${numberWords(digest.numbers)} numbers`;
  return box(
    { alignItems: 'center', marginBottom: 26 },
    image(sign, 68, 68),
    column(
      { marginLeft: 20, flexGrow: 1 },
      words(titleWords(digest), { fontSize: 38, fontWeight: 700, letterSpacing: -1, lineHeight: 1.15 }),
      words(periodWords(digest), { color: COLOURS.soft, fontSize: 25, lineHeight: 1.3 }),
    ),
    words(numbers, { color: COLOURS.soft, fontSize: 24, fontWeight: 500 }),
  );
}

const layout = (digest: Digest): Node => {
  const { figures, before } = digest;
  const items: Figure[] = [
    {
      label: 'Replies',
      value: numberWords(figures.replies),
      now: figures.replies,
      before: before?.replies,
      isMoreBetter: true,
    },
    {
      label: 'Unresolved tickets',
      value: numberWords(figures.unresolved),
      now: figures.unresolved,
      before: before?.unresolved,
      isMoreBetter: false,
    },
    {
      label: 'Median first response',
      value: durationWords(figures.medianSeconds),
      now: figures.medianSeconds,
      before: before?.medianSeconds,
      isMoreBetter: false,
    },
  ];
  return column(
    { width: WIDTH, padding: EDGE, backgroundColor: COLOURS.ground, color: COLOURS.ink, fontFamily: 'Inter' },
    header(digest),
    box({ justifyContent: 'space-between' }, ...items.map((item) => figureCard(digest, item))),
    ...(digest.days.length === 0 ? [] : [chartCard(digest)]),
    teamCard(digest),
  );
};

const FONTS = [
  ['400Regular', 400],
  ['500Medium', 500],
  ['600SemiBold', 600],
  ['700Bold', 700],
] as const;

type Fonts = NonNullable<Parameters<typeof satori>[1]['fonts']>;

let fonts: Promise<Fonts> | undefined;

const readFonts = (): Promise<Fonts> =>
  Promise.all(
    FONTS.map(async ([file, weight]) => {
      const url = import.meta.resolve(`@expo-google-fonts/inter/${file}/Inter_${file}.ttf`);
      return { name: 'Inter', weight, style: 'normal' as const, data: await readFile(fileURLToPath(url)) };
    }),
  );

/** The picture as PNG. It takes the processor for some tenths of a second: not for the thread that carries messages. */
export async function renderPicture(digest: Digest): Promise<Buffer> {
  // The same list each time: satori remembers what it has parsed of it.
  fonts ??= readFonts();
  // satori's type is React's; what it reads of it is what `Node` has.
  const svg = await satori(layout(digest) as Parameters<typeof satori>[0], { width: WIDTH, fonts: await fonts });
  const drawing = new Resvg(svg, { fitTo: { mode: 'width', value: PICTURE_WIDTH }, font: { loadSystemFonts: false } });
  return drawing.render().asPng();
}
