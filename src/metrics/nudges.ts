// Reminders of customers who wait: one line in the Chat's channel and to the assignee, once a step, at hours at which the team works.
import { COUNTING_RULES, isBusinessTime, parseCountingRules } from '../domain/business-hours.ts';
import type { AgentId, ChatId } from '../domain/ids.ts';
import type { Store, Tx } from '../store/store.ts';
import { durationWords } from './present.ts';

/** The setting's key. Stored: `{afterMinutes?: number[], byLabel?: {[labelId]: number[]}}`; without it nobody is reminded. */
export const NUDGES = 'nudges';

export interface NudgeRules {
  /** Minutes of waiting, in order, after each of which there is one reminder. */
  readonly afterMinutes: readonly number[];
  /** Instead of those, for Chats with this Label. */
  readonly byLabel: Readonly<Record<string, readonly number[]>>;
}

export interface Nudge {
  readonly chatId: ChatId;
  /** Whose the Chat's oldest unresolved Ticket is. */
  readonly assigneeId: AgentId | null;
  readonly sentence: string;
}

const AT_ONCE = 200;

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const steps = (value: unknown): number[] =>
  Array.isArray(value)
    ? value.filter((minutes) => typeof minutes === 'number' && minutes > 0).sort((one, other) => one - other)
    : [];

/** What is stored, or no reminders where nothing (or nothing readable) is. */
export function parseNudgeRules(value: unknown): NudgeRules {
  const stored = isRecord(value) ? value : {};
  const byLabel = isRecord(stored['byLabel']) ? stored['byLabel'] : {};
  return {
    afterMinutes: steps(stored['afterMinutes']),
    byLabel: Object.fromEntries(Object.entries(byLabel).map(([label, minutes]) => [label, steps(minutes)])),
  };
}

/** How many steps were reached; of several Labels the one that reminds first decides. */
export function reachedSteps(waitedMs: number, labelIds: readonly string[], rules: NudgeRules): number {
  const own = labelIds.flatMap((label) => (rules.byLabel[label] === undefined ? [] : [rules.byLabel[label]]));
  const [first = rules.afterMinutes] = own.toSorted((one, other) => (one[0] ?? Infinity) - (other[0] ?? Infinity));
  return first.filter((minutes) => minutes * 60_000 <= waitedMs).length;
}

/** Gives the reminders that are due. Steps that were passed at night, or while we were down, are one reminder. */
export async function giveNudges(
  store: Store,
  tell: (tx: Tx, nudge: Nudge, now: Date) => Promise<void>,
  now: Date,
): Promise<void> {
  const rules = parseNudgeRules(await store.read.settings.get(NUDGES));
  const all = [rules.afterMinutes, ...Object.values(rules.byLabel)].flat();
  const { businessHours } = parseCountingRules(await store.read.settings.get(COUNTING_RULES));
  if (all.length === 0 || !isBusinessTime(now, businessHours)) return;
  const askedBefore = new Date(now.getTime() - Math.min(...all) * 60_000);
  let after: string | undefined;
  do {
    const waiting = await store.read.episodes.waiting(askedBefore, after, AT_ONCE);
    after = waiting.length === AT_ONCE ? waiting.at(-1)?.id : undefined;
    for (const { id, chatId, askedAt, nudges, labelIds, assigneeId } of waiting) {
      const waitedMs = now.getTime() - askedAt.getTime();
      const reached = reachedSteps(waitedMs, labelIds, rules);
      if (reached <= nudges) continue;
      const sentence = `The customer has been waiting for an answer for ${durationWords(waitedMs / 1000)}.`;
      await store.transaction(async (tx) => {
        if (await tx.episodes.nudged(id, nudges, reached)) await tell(tx, { chatId, assigneeId, sentence }, now);
      });
    }
  } while (after !== undefined);
}
