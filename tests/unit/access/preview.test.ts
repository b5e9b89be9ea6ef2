// A preview is what then happens: for every kind of change, on any state, exactly these people gain and lose exactly these chats.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AccessChange, Actor } from '../../../src/access/change.ts';
import type { ChatId } from '../../../src/domain/ids.ts';
import { openHouse, type House } from './house.ts';

const AGENTS = ['ada@acme.com', 'ben@acme.com', 'cy@acme.com', 'nobody@acme.com'] as const;
const LABELS = ['VIP', 'Orders', 'North', 'Unknown'] as const;
const CHATS = 4;
const by: Actor = { kind: 'token', name: 'set-up', source: 'api' };

let house: House;
let chats: readonly ChatId[];
beforeAll(async () => {
  house = await openHouse();
  await house.agent('boss@acme.com', 'admin');
  for (const email of AGENTS.slice(0, 3)) await house.agent(email);
  chats = await Promise.all(Array.from({ length: CHATS }, (_, index) => house.chat(`Chat ${index}`)));
});
afterAll(() => house.close());

const some = <T>(values: readonly T[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 });
const agents = some(AGENTS);
const labels = some(LABELS.slice(0, 3));
const chosen = some(Array.from({ length: CHATS }, (_, index) => index)).map((places) => ({
  chatIds: places,
}));

/** Chats by their place: the ids are made when the house is. */
const changes = fc.oneof(
  fc.record({ kind: fc.constantFrom('grant', 'revoke'), agents, chats: chosen }),
  fc.record({ kind: fc.constantFrom('grant', 'revoke'), agents, labels }),
  fc.record({ kind: fc.constantFrom('label', 'unlabel'), chats: chosen, labels }),
  fc.record({ kind: fc.constant('labels'), agents, labels }),
  fc.record({ kind: fc.constant('role'), agents, role: fc.constantFrom('admin', 'member') }),
  fc.record({ kind: fc.constantFrom('deactivate', 'activate'), agents }),
  fc.record({ kind: fc.constant('deleteLabel'), labels }),
);

function placed(drawn: object): AccessChange {
  if (!('chats' in drawn)) return drawn as AccessChange;
  const { chatIds } = drawn.chats as { readonly chatIds: readonly number[] };
  const change: object = { ...drawn, chats: { chatIds: chatIds.flatMap((place) => chats[place] ?? []) } };
  return change as AccessChange;
}

/** Who sees which chat, one word each. */
async function seen(): Promise<Set<string>> {
  const team = new Map((await house.access.team()).map(({ id, email }) => [id, email]));
  const pairs = await house.store.read.grants.pairs({}, new Date());
  return new Set(pairs.map(({ agentId, chatId }) => `${team.get(agentId)} ${chatId}`));
}

const words = (pairs: readonly { readonly agent: string; readonly chatId: ChatId }[]): readonly string[] =>
  pairs.map(({ agent, chatId }) => `${agent} ${chatId}`).toSorted();

test('what a preview tells is what the change does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(changes, { minLength: 1, maxLength: 12 }), async (drawn) => {
      for (const name of LABELS.slice(0, 3)) await house.access.createLabel({ name }, by);
      for (const one of drawn.map(placed)) {
        const before = await seen();
        const told = await house.access.preview(one);
        expect(await seen()).toEqual(before);
        await house.access.apply(one, by);
        const after = await seen();
        expect(words(told.gained)).toEqual([...after].filter((pair) => !before.has(pair)).toSorted());
        expect(words(told.lost)).toEqual([...before].filter((pair) => !after.has(pair)).toSorted());
      }
    }),
    { numRuns: 25 },
  );
});
