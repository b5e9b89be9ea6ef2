// The worked examples of docs/figures.md, played.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AgentId, ChatId } from '../../../src/domain/ids.ts';
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
  team = new Map([
    ['ana', await history.agent('ana')],
    ['ben', await history.agent('ben')],
  ]);
});
afterAll(() => history.close());

const day = '2026-11-23';
const moment = (time: string): Date => new Date(`${day}T${time}:00Z`);

async function play(lines: readonly string[]): Promise<Set<ChatId>> {
  const chats = new Map<string, ChatId>();
  const chatOf = async (name: string): Promise<ChatId> => {
    const chat = chats.get(name) ?? (await history.chat(name));
    chats.set(name, chat);
    return chat;
  };
  for (const line of lines) {
    const [, time = '', rest = ''] = /^(\d\d:\d\d) (.*)$/.exec(line) ?? [];
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
  expect(examples.length).toBeGreaterThanOrEqual(3);
});

test.each(examples.map((lines, index) => [index + 1, lines] as const))(
  'example %s comes out as written',
  async (_, lines) => {
    const scope = await play(lines.filter((line) => !line.startsWith('= ')));
    const period = { from: moment('00:00'), to: new Date(moment('00:00').getTime() + 86_400_000) };
    const summary = await history.metrics(fakeClock('2026-11-24T00:00:00Z')).summary({ scope, ...period });
    const found = lines
      .filter((line) => line.startsWith('= '))
      .map((line) => {
        const [, name = ''] = line.split(' ');
        const value = name.split('.').reduce(at, summary as unknown);
        return `= ${name} ${value instanceof Date ? value.toISOString().slice(11, 16) : String(value)}`;
      });
    expect(found).toEqual(lines.filter((line) => line.startsWith('= ')));
  },
);
