// /deliveries: what waits, failed or is unconfirmed, with another try or an end.
import { z } from 'zod';
import type { DeliveryId } from '../../../domain/ids.ts';
import type { By } from '../../../store/audit.ts';
import type { ListedDelivery } from '../../../store/listing.ts';
import { Problem, notFound } from '../errors.ts';
import type { Refusal, WebParts } from '../parts.ts';
import { commaList, listOf, pageOf, pageQuery, readCursor, route, time } from '../route.ts';

const states = ['queued', 'sending', 'sent', 'failed', 'uncertain', 'cancelled'] as const;

const delivery = z.strictObject({
  id: z.string(),
  kind: z.string(),
  to: z.string(),
  state: z.enum(states),
  attempts: z.int(),
  reason: z.string().nullable(),
  createdAt: time,
  chatId: z.string().nullable(),
});

const showDelivery = (row: ListedDelivery): z.input<typeof delivery> => ({
  id: row.id,
  kind: row.task.kind,
  to: row.target,
  state: row.state,
  attempts: row.attempts,
  reason: row.reason,
  createdAt: row.createdAt.toISOString(),
  chatId: row.chatId,
});

/** Numbers of eighteen digits surely fit the column. */
const ID = /^[1-9]\d{0,17}$/;
const deliveryId = z
  .string()
  .regex(ID)
  .transform((id) => id as DeliveryId);

async function find({ store }: WebParts, id: string | undefined): Promise<ListedDelivery> {
  const parsed = deliveryId.safeParse(id);
  const row = parsed.success ? await store.read.listings.delivery(parsed.data) : undefined;
  if (row === undefined) throw notFound('delivery');
  return row;
}

/** The two things to do with a Delivery, as routes. */
const action = (
  name: string,
  summary: string,
  act: (parts: WebParts, id: DeliveryId, by: By) => Promise<Refusal | undefined>,
) =>
  route({
    method: 'post',
    path: `/deliveries/:id/${name}`,
    summary,
    who: 'admin',
    response: delivery,
    handle: async ({ parts, params, by }) => {
      const { id } = await find(parts, params['id']);
      const refusal = await act(parts, id, by);
      if (refusal !== undefined) throw new Problem(409, refusal.refused);
      return showDelivery(await find(parts, id));
    },
  });

export const deliveryRoutes = [
  route({
    method: 'get',
    path: '/deliveries',
    summary: 'Deliveries by state, the newest first',
    who: 'admin',
    query: pageQuery.extend({ state: commaList(states).optional() }),
    response: listOf(delivery),
    handle: async ({ parts, query }) => {
      const before = readCursor(deliveryId, query.cursor);
      const rows = await parts.store.read.deliveries.list({
        states: query.state ?? states,
        limit: query.limit + 1,
        ...(before === undefined ? {} : { before }),
      });
      return pageOf(rows, query.limit, (row) => row.id, showDelivery);
    },
  }),
  action('retry', 'Try once more, under the same key', (parts, id, by) => parts.bridge.retry(id, by)),
  action('give-up', 'Leave it undone', (parts, id, by) => parts.bridge.giveUp(id, by)),
];
