// /labels: the names put on chats, and through them on people.
import { z } from 'zod';
import type { LabelCounts, LabelId } from '../../../store/label.ts';
import { badInput, notFound } from '../errors.ts';
import type { WebParts } from '../parts.ts';
import { asRowId, listOf, pageOfAll, pageQuery, route, text } from '../route.ts';

const label = z.strictObject({
  id: z.string(),
  name: z.string(),
  color: z.string(),
  chatCount: z.int(),
  agentCount: z.int(),
});

const name = text(200);
const color = text(20);

const showLabel = ({ id, chatCount, agentCount, ...rest }: LabelCounts): z.input<typeof label> => ({
  id,
  name: rest.name,
  color: rest.color,
  chatCount,
  agentCount,
});

async function find({ access }: WebParts, id: string | undefined): Promise<LabelCounts> {
  const labelId = asRowId<LabelId>(id);
  const row = (await access.labels()).find((one) => one.id === labelId);
  if (row === undefined) throw notFound('label');
  return row;
}

export const labelRoutes = [
  route({
    method: 'get',
    path: '/labels',
    summary: 'The labels, with how many chats and people carry each',
    who: 'admin',
    query: pageQuery,
    response: listOf(label),
    handle: async ({ parts, query }) => pageOfAll(await parts.access.labels(), query, (row) => row.id, showLabel),
  }),
  route({
    method: 'post',
    path: '/labels',
    summary: 'Make a label; without a colour it gets one',
    who: 'admin',
    body: z.strictObject({ name, color: color.optional() }),
    response: label,
    status: 201,
    handle: async ({ parts, body, actor }) => {
      const made = await parts.access.createLabel(body, actor);
      if ('refused' in made) throw badInput([{ path: made.path, message: made.refused }]);
      return showLabel(await find(parts, made.label.id));
    },
  }),
  route({
    method: 'patch',
    path: '/labels/:id',
    summary: 'Rename a label or change its colour',
    who: 'admin',
    body: z.strictObject({ name: name.optional(), color: color.optional() }),
    response: label,
    handle: async ({ parts, params, body, actor }) => {
      const { id } = await find(parts, params['id']);
      const done = await parts.access.updateLabel(id, body, actor);
      if (done === undefined) throw notFound('label');
      if ('refused' in done) throw badInput([{ path: done.path, message: done.refused }]);
      return showLabel(await find(parts, id));
    },
  }),
  route({
    method: 'delete',
    path: '/labels/:id',
    summary: 'Delete a label; what people saw through it they see no more',
    who: 'admin',
    handle: async ({ parts, params, actor }) => {
      const row = await find(parts, params['id']);
      await parts.access.apply({ kind: 'deleteLabel', labels: [row.name] }, actor);
    },
  }),
];
