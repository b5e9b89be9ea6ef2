// /settings: what an admin chose for the whole organisation; each change is audited, and counts from the next thing that happens.
import { z } from 'zod';
import { MASK_PHONES } from '../../../access/access.ts';
import { parseResendEmoji, RESEND_EMOJI } from '../../../bridge/bridge.ts';
import { COUNTING_RULES, parseBusinessHours, parseCountingRules } from '../../../domain/business-hours.ts';
import type { LabelId } from '../../../store/label.ts';
import type { Tx } from '../../../store/store.ts';
import { NUDGES, parseNudgeRules } from '../../../metrics/metrics.ts';
import { parseTicketRules, TICKET_RULES } from '../../../tickets/tickets.ts';
import { badInput } from '../errors.ts';
import type { WebParts } from '../parts.ts';
import { nameText, route, text } from '../route.ts';

const MINUTES_A_MONTH = 31 * 24 * 60;
const HOURS_A_YEAR = 366 * 24;

const emoji = text(20).min(1);
const minutes = z.array(z.int().min(1).max(MINUTES_A_MONTH)).max(10);
const time = text(5);
const businessHours = z
  .strictObject({ timeZone: text(100), days: z.array(z.array(z.tuple([time, time])).max(10)).length(7) })
  .refine((value) => parseBusinessHours(value) !== undefined, {
    message: 'is no week of shifts such as ["09:00", "17:00"], in order, in a time zone',
  });

const tickets = z.strictObject({
  /** Names of Labels whose chats get a ticket by themselves. */
  opensFor: z.array(nameText).max(200),
  graceHours: z.number().min(0).max(HOURS_A_YEAR),
  emoji: z.strictObject({ open: emoji, take: emoji, close: emoji }),
});
const metrics = z.strictObject({ countsPhone: z.boolean(), businessHours: businessHours.nullable() });
/** Minutes after which a waiting customer is told of, in rising order; by the name of a Label where that has its own. */
const nudges = z.strictObject({ afterMinutes: minutes, byLabel: z.record(nameText, minutes) });

const settings = z.strictObject({
  tickets,
  metrics,
  nudges,
  maskPhones: z.boolean(),
  /** Sends a reply again that failed or wasn't confirmed, when put on it. */
  resendEmoji: emoji,
});

const HOUR_MS = 60 * 60_000;
const twoDigits = (value: number): string => String(value).padStart(2, '0');
const timeOf = (value: number): string => `${twoDigits(Math.floor(value / 60))}:${twoDigits(value % 60)}`;

/** Labels are stored by id, so that they may be renamed, and named here. */
async function labelNames(store: Pick<Tx, 'labels'>): Promise<ReadonlyMap<string, string>> {
  return new Map((await store.labels.all()).map(({ id, name }) => [id, name]));
}

async function show({ store }: Pick<WebParts, 'store'>): Promise<z.input<typeof settings>> {
  const read = store.read.settings;
  const names = await labelNames(store.read);
  const rules = parseTicketRules(await read.get(TICKET_RULES));
  const counting = parseCountingRules(await read.get(COUNTING_RULES));
  const reminders = parseNudgeRules(await read.get(NUDGES));
  const hours = counting.businessHours;
  return {
    tickets: {
      opensFor: rules.opensFor.flatMap((id) => names.get(id) ?? []),
      graceHours: rules.graceMs / HOUR_MS,
      emoji: { ...rules.emoji },
    },
    metrics: {
      countsPhone: counting.countsPhone,
      businessHours:
        hours === null
          ? null
          : {
              timeZone: hours.timeZone,
              days: hours.days.map((day) => day.map(({ from, to }) => [timeOf(from), timeOf(to)] as [string, string])),
            },
    },
    nudges: {
      afterMinutes: [...reminders.afterMinutes],
      byLabel: Object.fromEntries(
        Object.entries(reminders.byLabel).flatMap(([id, steps]) => {
          const name = names.get(id);
          return name === undefined ? [] : [[name, [...steps]]];
        }),
      ),
    },
    maskPhones: (await read.get(MASK_PHONES)) === true,
    resendEmoji: parseResendEmoji(await read.get(RESEND_EMOJI)),
  };
}

export const settingsRoutes = [
  route({
    method: 'get',
    path: '/settings',
    summary: 'What counts for everybody: tickets, how figures are counted, reminders, masked phone numbers',
    who: 'admin',
    response: settings,
    handle: async ({ parts }) => show(parts),
  }),
  route({
    method: 'patch',
    path: '/settings',
    summary: 'Change some of them; what is left out stays',
    who: 'admin',
    body: settings.partial(),
    response: settings,
    handle: async ({ parts, body, by }) => {
      const { store, clock } = parts;
      await store.transaction(async (tx) => {
        const ids = new Map([...(await labelNames(tx))].map(([id, name]) => [name.toLowerCase(), id as LabelId]));
        const labelId = (path: string, name: string): LabelId => {
          const id = ids.get(name.toLowerCase());
          if (id === undefined) throw badInput([{ path, message: `There is no label “${name}”.` }]);
          return id;
        };
        const put = async (key: string, value: unknown): Promise<void> => {
          await tx.settings.set(key, value, clock.now());
          await tx.audit.add({ ...by, action: 'settings.changed', detail: { setting: key, value }, at: clock.now() });
        };
        if (body.tickets !== undefined) {
          const opensFor = body.tickets.opensFor.map((name, index) => labelId(`tickets.opensFor.${index}`, name));
          await put(TICKET_RULES, { ...body.tickets, opensFor });
        }
        if (body.metrics !== undefined) await put(COUNTING_RULES, body.metrics);
        if (body.nudges !== undefined) {
          const entries = Object.entries(body.nudges.byLabel);
          const byLabel = entries.map(([name, steps]) => [labelId(`nudges.byLabel.${name}`, name), steps] as const);
          await put(NUDGES, { afterMinutes: body.nudges.afterMinutes, byLabel: Object.fromEntries(byLabel) });
        }
        if (body.resendEmoji !== undefined) {
          const ofTickets = Object.values(parseTicketRules(await tx.settings.get(TICKET_RULES)).emoji);
          if (ofTickets.includes(body.resendEmoji))
            throw badInput([{ path: 'resendEmoji', message: 'is one of the emoji of tickets already' }]);
          await put(RESEND_EMOJI, body.resendEmoji);
        }
        if (body.maskPhones !== undefined) {
          await tx.settings.lock(MASK_PHONES);
          const isMasked = (await tx.settings.get(MASK_PHONES)) === true;
          await put(MASK_PHONES, body.maskPhones);
          if (isMasked !== body.maskPhones) await parts.bridge.describeChannels(tx);
        }
      });
      return show(parts);
    },
  }),
];
