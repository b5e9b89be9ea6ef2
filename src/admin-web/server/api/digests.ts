// /workspaces/:id/digest: when and where a Workspace gets its figures, and getting them at once.
import { z } from 'zod';
import type { ChannelId, WorkspaceId } from '../../../domain/ids.ts';
import { isTimeZone, parseTimeOfDay } from '../../../domain/zone.ts';
import type { DigestSchedule } from '../../../store/digest.ts';
import { notFound, Problem } from '../errors.ts';
import type { WebParts } from '../parts.ts';
import { asRowId, nameText, route, text, time } from '../route.ts';

const digest = z.strictObject({
  workspaceId: z.string(),
  channelId: z.string(),
  at: z.string(),
  timeZone: z.string(),
  weekly: z.boolean(),
  namesChats: z.boolean(),
});

const twoDigits = (value: number): string => String(value).padStart(2, '0');
const timeOfDay = (minutes: number): string => `${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}`;

const minutes = text(10)
  .refine((value) => parseTimeOfDay(value) !== undefined, 'is no time of day (HH:MM)')
  .transform((value) => parseTimeOfDay(value) ?? 0);
const timeZone = text(100).refine(isTimeZone, 'is no time zone');
const channelId = nameText.transform((id) => id as ChannelId);

const showSchedule = (row: DigestSchedule): z.input<typeof digest> => ({
  workspaceId: row.workspaceId,
  channelId: row.channelId,
  at: timeOfDay(row.minutes),
  timeZone: row.timeZone,
  weekly: row.weekly,
  namesChats: row.namesChats,
});

async function workspaceOf({ store }: WebParts, id: string | undefined): Promise<WorkspaceId> {
  const rowId = asRowId<WorkspaceId>(id);
  const row = rowId === undefined ? undefined : await store.read.workspaces.find(rowId);
  if (row === undefined) throw notFound('workspace');
  return row.id;
}

const noSchedule = () => new Problem(404, 'This workspace gets no digest.');

export const digestRoutes = [
  route({
    method: 'get',
    path: '/workspaces/:id/digest',
    summary: 'When and where a workspace gets its digest; 404 when it gets none',
    who: 'admin',
    response: digest,
    handle: async ({ parts, params }) => {
      const schedule = await parts.metrics.schedule(await workspaceOf(parts, params['id']));
      if (schedule === undefined) throw noSchedule();
      return showSchedule(schedule);
    },
  }),
  route({
    method: 'put',
    path: '/workspaces/:id/digest',
    summary: 'Post the figures of the day before each day at a local time; `weekly`: on Mondays those of the week, too',
    who: 'admin',
    body: z.strictObject({
      channelId,
      at: minutes,
      timeZone,
      weekly: z.boolean().optional(),
      namesChats: z.boolean().optional(),
    }),
    response: digest,
    handle: async ({ parts, params, body, by }) => {
      const id = await workspaceOf(parts, params['id']);
      const { at, ...rest } = body;
      const result = await parts.metrics.setSchedule(id, { ...rest, minutes: at }, by);
      if ('refused' in result) throw new Problem(409, result.refused);
      return showSchedule(result.schedule);
    },
  }),
  route({
    method: 'delete',
    path: '/workspaces/:id/digest',
    summary: 'Post no more digests there',
    who: 'admin',
    handle: async ({ parts, params, by }) => {
      if (!(await parts.metrics.dropSchedule(await workspaceOf(parts, params['id']), by))) throw noSchedule();
    },
  }),
  route({
    method: 'post',
    path: '/workspaces/:id/digest/now',
    summary: 'Post today’s figures so far at once; where none is scheduled, name a channel and a time zone',
    who: 'admin',
    body: z
      .strictObject({ channelId: channelId.optional(), timeZone: timeZone.optional() })
      .refine((body) => (body.channelId === undefined) === (body.timeZone === undefined), {
        message: 'channelId and timeZone belong together',
      }),
    response: z.strictObject({ id: z.string(), workspaceId: z.string(), channelId: z.string(), madeAt: time }),
    status: 201,
    handle: async ({ parts, params, body, by }) => {
      const id = await workspaceOf(parts, params['id']);
      const { channelId: channel, timeZone: zone } = body;
      const place = channel === undefined || zone === undefined ? undefined : { channelId: channel, timeZone: zone };
      const result = await parts.metrics.postNow(id, by, place);
      if ('refused' in result) throw new Problem(409, result.refused);
      const { digest: made } = result;
      return { id: made.id, workspaceId: id, channelId: made.channelId, madeAt: made.madeAt.toISOString() };
    },
  }),
];
