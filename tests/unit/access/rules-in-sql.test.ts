// The rule is written twice: as the policy, for one Agent and one Chat with reasons, and in SQL, for all at once. They must never differ.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { judge } from '../../../src/access/policy.ts';
import type { ChatId } from '../../../src/domain/ids.ts';
import type { Agent } from '../../../src/store/agent.ts';
import type { LabelId } from '../../../src/store/label.ts';
import { openHouse, type House } from './house.ts';

let house: House;
let agents: Agent[];
let chats: ChatId[];
let labels: LabelId[];
beforeAll(async () => {
  house = await openHouse();
  const named = (name: string) => house.agent(`${name}@acme.com`);
  agents = [await named('a'), await named('b'), await named('c')];
  chats = [await house.chat('One'), await house.chat('Two')];
  labels = [];
  for (const name of ['VIP', 'Sales'])
    labels.push((await house.store.read.labels.create({ name, color: '#000000' }, new Date())).id);
});
afterAll(() => house.close());

const at = new Date('2026-03-01T12:00:00Z');
const ends = fc.constantFrom(null, new Date(at.getTime() - 1), at, new Date(at.getTime() + 1));
const index = fc.nat(2);
const worlds = fc.record({
  people: fc.array(
    fc.record({
      role: fc.constantFrom('admin' as const, 'member' as const),
      status: fc.constantFrom('active' as const, 'active' as const, 'invited' as const, 'deactivated' as const),
    }),
    { minLength: 3, maxLength: 3 },
  ),
  chatGrants: fc.array(fc.tuple(index, index, ends), { maxLength: 4 }),
  labelGrants: fc.array(fc.tuple(index, index, ends), { maxLength: 4 }),
  labelled: fc.array(fc.tuple(index, index), { maxLength: 4 }),
});

class TakeBack extends Error {}

test('SQL and policy say the same of every agent and chat', async () => {
  await fc.assert(
    fc.asyncProperty(worlds, async ({ people, chatGrants, labelGrants, labelled }) => {
      let said: [string[], string[]] = [[], []];
      const work = house.store.transaction(async (tx) => {
        const terms = { by: 'x', at };
        for (const [place, { role, status }] of people.entries()) {
          const agent = agents[place];
          if (agent === undefined) continue;
          await tx.agents.setRole(agent.id, role);
          await tx.agents.setStatus(agent.id, status, at);
        }
        const pick = <T>(list: readonly T[], place: number): T => list[place % list.length] as T;
        for (const [who, what, until] of chatGrants) {
          await tx.grants.grantChats([pick(agents, who).id], [pick(chats, what)], { ...terms, until });
        }
        for (const [who, what, until] of labelGrants) {
          await tx.grants.grantLabels([pick(agents, who).id], [pick(labels, what)], { ...terms, until });
        }
        for (const [what, chat] of labelled) await tx.labels.put(pick(labels, what), [pick(chats, chat)], at);
        const bySql = (await tx.grants.pairs({}, at)).map(({ agentId, chatId }) => `${agentId} ${chatId}`);
        const byPolicy: string[] = [];
        for (const { id } of agents) {
          for (const chatId of chats) {
            const verdict = judge(await tx.agents.find(id), await tx.grants.facts(id, chatId), at);
            if (verdict.allowed) byPolicy.push(`${id} ${chatId}`);
          }
        }
        said = [bySql.sort(), byPolicy.sort()];
        throw new TakeBack();
      });
      await expect(work).rejects.toThrow(TakeBack);
      expect(said[0]).toEqual(said[1]);
    }),
    { numRuns: 60 },
  );
});
