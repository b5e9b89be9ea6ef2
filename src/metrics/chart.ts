// The chart of a Digest's picture: bars of replies and a line of median first responses, as SVG without words; and its scales. Pure.
import { isWeekend, type Digest } from './digest.ts';

export const COLOURS = {
  ink: '#0f1419',
  soft: '#536170',
  line: '#e3e6ea',
  ground: '#f6f7f9',
  paper: '#ffffff',
  bar: '#0f8f68',
  pale: '#a3e6cf',
  curve: '#7c3aed',
  good: '#087a55',
  goodGround: '#dff6ee',
  bad: '#b42318',
  badGround: '#fde8e6',
} as const;

/** The steps that an axis of times may have, in seconds. */
const TIME_STEPS = [
  5, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400, 172_800, 604_800,
];
export const AXIS_PARTS = 4;

/** The top of an axis of counts in four equal, round parts. */
export function countTop(largest: number): number {
  const part = Math.max(1, largest / AXIS_PARTS);
  const size = 10 ** Math.floor(Math.log10(part));
  const round = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((factor) => factor * size);
  return AXIS_PARTS * (round.find((step) => step >= part && Number.isInteger(step)) ?? Math.ceil(part));
}

/** The same for spans, in seconds. */
export function timeTop(longest: number): number {
  const part = longest / AXIS_PARTS;
  const largest = TIME_STEPS.at(-1) ?? 1;
  return AXIS_PARTS * (TIME_STEPS.find((step) => step >= part) ?? Math.ceil(part / largest) * largest);
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** A curve through the points that never goes beyond them: a cubic whose slopes are flat at every turn (Fritsch and Carlson, 1980). */
function curve(points: readonly Point[]): string {
  const slopes = points.map((point, index) => {
    const before = points[index - 1];
    const after = points[index + 1];
    if (before === undefined || after === undefined) return 0;
    const left = (point.y - before.y) / (point.x - before.x);
    const right = (after.y - point.y) / (after.x - point.x);
    return left * right <= 0 ? 0 : (2 * left * right) / (left + right);
  });
  return points
    .map((point, index) => {
      const before = points[index - 1];
      if (before === undefined) return `M${point.x} ${point.y}`;
      const third = (point.x - before.x) / 3;
      const from = `${before.x + third} ${before.y + third * (slopes[index - 1] ?? 0)}`;
      const to = `${point.x - third} ${point.y - third * (slopes[index] ?? 0)}`;
      return `C${from} ${to} ${point.x} ${point.y}`;
    })
    .join(' ');
}

/** The drawing, `width` by `height`, its ground line at the bottom. Days without first responses interrupt the line. */
export function drawChart(days: Digest['days'], { width, height }: { width: number; height: number }): string {
  const top = countTop(Math.max(0, ...days.map(({ replies }) => replies)));
  const longest = timeTop(Math.max(0, ...days.map(({ medianSeconds }) => medianSeconds ?? 0)));
  const slot = width / Math.max(1, days.length);
  const room = height - 12;
  const grid = Array.from({ length: AXIS_PARTS }, (_, index) => {
    const y = height - 1 - room + (room * index) / AXIS_PARTS;
    return `<line x1="0" x2="${width}" y1="${y}" y2="${y}" stroke="${COLOURS.line}" stroke-width="1.5" stroke-dasharray="6 6"/>`;
  });
  const bars = days.flatMap(({ day, replies }, index) => {
    if (replies === 0) return [];
    const tall = Math.max(4, (room * replies) / top);
    const wide = slot * 0.58;
    const x = slot * index + (slot - wide) / 2;
    const y = height - 1 - tall;
    const round = Math.min(6, tall);
    const shape = `M${x} ${y + tall}V${y + round}Q${x} ${y} ${x + round} ${y}H${x + wide - round}Q${x + wide} ${y} ${x + wide} ${y + round}V${y + tall}Z`;
    return [`<path d="${shape}" fill="${isWeekend(day) ? COLOURS.pale : COLOURS.bar}"/>`];
  });
  const runs: Point[][] = [[]];
  days.forEach(({ medianSeconds }, index) => {
    if (medianSeconds === null) runs.push([]);
    else runs.at(-1)?.push({ x: slot * (index + 0.5), y: height - 1 - (room * medianSeconds) / longest });
  });
  const stroke = `stroke="${COLOURS.curve}" stroke-width="3.5" stroke-linecap="round"`;
  const lines = runs.filter((run) => run.length > 1).map((run) => `<path d="${curve(run)}" fill="none" ${stroke}/>`);
  const dots = runs.flat().map(({ x, y }) => `<circle cx="${x}" cy="${y}" r="5.5" fill="${COLOURS.paper}" ${stroke}/>`);
  const ground = `<line x1="0" x2="${width}" y1="${height - 1}" y2="${height - 1}" stroke="${COLOURS.line}" stroke-width="2"/>`;
  const parts = [...grid, ...bars, ground, ...lines, ...dots].join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${parts}</svg>`;
}
