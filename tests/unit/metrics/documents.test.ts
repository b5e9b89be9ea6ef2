// The worked examples of docs/figures.md, played.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AgentId, ChatId } from '../../../src/domain/ids.ts';
import { addDays, momentOf, type LocalDay } from '../../../src/domain/zone.ts';
import { fakeClock } from '../../../src/runtime/time.ts';
import { History } from './history.ts';

const file = path.join(import.meta.dirname, '../../../docs/figures.md');
const examples = [...readFileSync(file, 'utf8').matchAll(/```example\n([^`]*)```/g)].map(([, text = '']) =>
  text.trim().split('\n'),
);

let history: History;
let team: Map<string, AgentId>;
beforeAll(async () => {
  history = await History.open();
  team = new Map();
  for (const name of ['ana', 'ben', 'cleo']) team.set(name, await history.agent(name));
});
afterAll(() => history.close());

/** The period that an example is about, and how its times are read: `HH:MM` is of the day itself, `MM-DD HH:MM` of its year, both in UTC. */
interface Frame {
  readonly from: Date;
  readonly to: Date;
  readonly moment: (time: string) => Date;
}

/** `day <day> in <time zone>`; absent: a Monday in UTC. */
function frameOf(lines: readonly string[]): Frame {
  const line = lines.find((one) => one.startsWith('day ')) ?? 'day 2026-11-23 in UTC';
  const [, day = '', timeZone = ''] = /^day (\S+) in (\S+)$/.exec(line) ?? [];
  const first = day as LocalDay;
  return {
    from: momentOf(timeZone, first),
    to: momentOf(timeZone, addDays(first, 1)),
    moment: (time) => {
      const [clock = '', date = day.slice(5)] = time.split(' ').toReversed();
      return new Date(`${day.slice(0, 4)}-${date}T${clock}:00Z`);
    },
  };
}

/** `hours 09:00-17:00 in <time zone>`: on working days. Absent: none are set. */
function hoursOf(lines: readonly string[]): object {
  const line = lines.find((one) => one.startsWith('hours '));
  if (line === undefined) return {};
  const [, from = '', to = '', timeZone = ''] = /^hours (\S+)-(\S+) in (\S+)$/.exec(line) ?? [];
  const shifts = [[from, to]];
  return { businessHours: { timeZone, days: [shifts, shifts, shifts, shifts, shifts, [], []] } };
}

async function play(lines: readonly string[], { moment }: Frame): Promise<Set<ChatId>> {
  const chats = new Map<string, ChatId>();
  const chatOf = async (name: string): Promise<ChatId> => {
    const chat = chats.get(name) ?? (await history.chat(name));
    chats.set(name, chat);
    return chat;
  };
  for (const line of lines) {
    const [, leaver] = /^(\w+) leaves the team$/.exec(line) ?? [];
    if (leaver !== undefined) {
      await history.store.query(`update agent set status = 'deactivated' where id = $1`, [team.get(leaver)]);
      continue;
    }
    const [, time = '', rest = ''] = /^((?:\d\d-\d\d )?\d\d:\d\d) (.*)$/.exec(line) ?? [];
    const at = moment(time);
    const [, asker] = /^(\w+) asks$/.exec(rest) ?? [];
    const [, asked] = /^a colleague asks in (\w+)$/.exec(rest) ?? [];
    const [, who, what, to = ''] =
      /^(the phone|the program|\w+) (answers|notes on|fails to answer) (\w+)$/.exec(rest) ?? [];
    if (asker !== undefined) await history.said({ chat: await chatOf(asker), at });
    else if (asked !== undefined) await history.said({ chat: await chatOf(asked), at, isInternal: true });
    else if (who !== undefined) {
      await history.replied({
        chat: await chatOf(to),
        agent: team.get(who),
        source: who === 'the phone' ? 'phone' : who === 'the program' ? 'automation' : 'platform',
        at,
        isNote: what === 'notes on',
        ...(what === 'answers' ? { ackedAt: at } : what === 'fails to answer' ? { state: 'failed' as const } : {}),
      });
    } else throw new Error(`a line that says nothing: ${line}`);
  }
  return new Set(chats.values());
}

const at = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && key in value ? (value as Record<string, unknown>)[key] : undefined;

test('there are examples', () => {
  expect(examples.length).toBeGreaterThanOrEqual(6);
});

test.each(examples.map((lines, index) => [index + 1, lines] as const))(
  'example %s comes out as written',
  async (_, lines) => {
    const frame = frameOf(lines);
    await history.store.read.settings.set('metrics', hoursOf(lines), new Date());
    const said = lines.filter((line) => !/^(?:= |day |hours )/.test(line));
    const scope = await play(said, frame);
    const { from, to } = frame;
    const summary = await history.metrics(fakeClock(to.toISOString())).summary({ scope, from, to });
    const expected = lines.filter((line) => line.startsWith('= '));
    const found = expected.map((line) => {
      const [, name = ''] = line.split(' ');
      const value = name.split('.').reduce(at, summary as unknown);
      return `= ${name} ${value instanceof Date ? value.toISOString().slice(11, 16) : String(value)}`;
    });
    expect(found).toEqual(expected);
  },
);
