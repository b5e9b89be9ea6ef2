// `npm run digest:preview`: draws the pictures of made-up Digests into .demo/digest, to be looked at.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { addDays, momentOf, weekdayOf, type LocalDay } from '../domain/zone.ts';
import type { Digest, DigestAgent, DigestFigures } from './digest.ts';
import { renderPicture } from './picture.ts';
import { altText } from './present.ts';

const timeZone = 'Europe/Berlin';
const last: LocalDay = '2026-11-22';

const figures: DigestFigures = {
  replies: 1284,
  received: 2310,
  activeChats: 311,
  unresolved: 38,
  opened: 61,
  closed: 64,
  responses: 702,
  averageSeconds: 1312,
  medianSeconds: 485,
  p90Seconds: 2904,
};
const before: DigestFigures = { ...figures, replies: 1146, unresolved: 42, medianSeconds: 458, received: 2150 };

const nothing: DigestFigures = {
  replies: 0,
  received: 0,
  activeChats: 0,
  unresolved: 0,
  opened: 0,
  closed: 0,
  responses: 0,
  averageSeconds: null,
  medianSeconds: null,
  p90Seconds: null,
};

const agent = (name: string | null, email: string, replies: number, medianSeconds: number | null): DigestAgent => ({
  name,
  email,
  replies,
  medianSeconds,
});

const team = [
  agent('Priya Nair', 'priya@acme.com', 412, 244),
  agent('Lucas Meyer', 'lucas@acme.com', 366, 371),
  agent('Sofia Rossi', 'sofia@acme.com', 301, 302),
  agent('Kenji Sato', 'kenji@acme.com', 115, 548),
  agent(null, 'maria@acme.com', 90, null),
];

const dayList = Array.from({ length: 14 }, (_, index) => addDays(last, index - 13));
const usual: Digest['days'] = dayList.map((day, index) => {
  const isWeekend = weekdayOf(day) >= 5;
  return {
    day,
    replies: (isWeekend ? 88 : 198) + ((index * 37) % 41),
    medianSeconds: (isWeekend ? 960 : 340) + ((index * 113) % 240),
  };
});

const week: Digest = {
  kind: 'weekly',
  timeZone,
  from: momentOf(timeZone, addDays(last, -6)).toISOString(),
  to: momentOf(timeZone, addDays(last, 1)).toISOString(),
  madeAt: momentOf(timeZone, addDays(last, 1), 540).toISOString(),
  isLate: false,
  numbers: 3,
  figures,
  before,
  inProgress: 12,
  phoneReplies: 21,
  agents: team,
  waiting: { count: 3, oldestSince: momentOf(timeZone, addDays(last, 1), 125).toISOString(), longest: [] },
  lag: { medianMs: 420, p99Ms: 3100 },
  ledger: { received: 2310, mirrored: 2298, filtered: 12, gapCount: 0 },
  days: usual,
};

const daily: Digest = { ...week, kind: 'daily', from: momentOf(timeZone, last).toISOString() };

const cases: Readonly<Record<string, Digest>> = {
  week,
  day: { ...daily, figures: { ...figures, replies: 98, medianSeconds: 485 }, before: { ...before, replies: 98 } },
  'empty-day': {
    ...daily,
    figures: nothing,
    before: nothing,
    inProgress: 0,
    phoneReplies: 0,
    agents: [],
    waiting: { count: 0, oldestSince: null, longest: [] },
    days: dayList.map((day) => ({ day, replies: 0, medianSeconds: null })),
  },
  'first-day': {
    ...daily,
    numbers: 1,
    figures: { ...figures, replies: 7, unresolved: 2, medianSeconds: 41 },
    before: null,
    inProgress: 1,
    phoneReplies: 0,
    agents: [agent('Ana Costa', 'ana@acme.com', 7, 41)],
    days: dayList.map((day) => ({ day, replies: day === last ? 7 : 0, medianSeconds: day === last ? 41 : null })),
  },
  'one-agent': {
    ...week,
    numbers: 1,
    agents: team.slice(0, 1),
    days: usual.map((day, index) => (index % 5 === 2 ? { ...day, replies: 0, medianSeconds: null } : day)),
  },
  'fifty-agents': {
    ...week,
    agents: Array.from({ length: 50 }, (_, index) =>
      agent(`Agent Number ${index + 1}`, `agent-${index + 1}@acme.com`, 500 - 9 * index, 120 + index * 61),
    ),
    figures: { ...figures, replies: 13_975, unresolved: 1204, medianSeconds: 93_600 },
  },
  'long-names': {
    ...week,
    agents: [
      agent('Maria-Fernanda Albuquerque de Oliveira Santos', 'mf@acme.com', 412, 244),
      agent(null, 'a.very.long.address.of.a.person@subsidiary.example.com', 300, 86_400 * 3),
      agent('W'.repeat(80), 'w@acme.com', 1, 5),
    ],
    figures: { ...figures, replies: 1_284_000, medianSeconds: 86_399 },
  },
  'other-scripts': {
    ...week,
    agents: [
      agent('Łukasz Wójcik', 'lukasz@acme.com', 412, 244),
      agent('Владимир Иванов', 'vladimir@acme.com', 320, 244),
      agent('Ωμέγα Παπαδοπούλου', 'omega@acme.com', 250, 300),
      agent('Nguyễn Thị Hương', 'huong@acme.com', 200, 310),
      agent('佐藤 健二', 'kenji@acme.com', 120, 500),
      agent('محمد علي', 'mohamed@acme.com', 80, 700),
      agent('Ana 🦊', 'ana@acme.com', 40, 900),
    ],
  },
};

const folder = path.join(import.meta.dirname, '../../.demo/digest');
await mkdir(folder, { recursive: true });
for (const [name, digest] of Object.entries(cases)) {
  await writeFile(path.join(folder, `${name}.png`), await renderPicture(digest));
  process.stdout.write(`${path.join('.demo/digest', `${name}.png`)}\n  ${altText(digest)}\n`);
}
