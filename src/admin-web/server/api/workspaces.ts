// /workspaces: where agents work, and what is to be mended there.
import { z } from 'zod';
import { as, type ChannelId, type WorkspaceId } from '../../../domain/ids.ts';
import type { Workspace } from '../../../store/workspace.ts';
import { notFound, Problem } from '../errors.ts';
import type { WebParts } from '../parts.ts';
import { asRowId, listOf, pageOfAll, pageQuery, route, text } from '../route.ts';

const workspace = z.strictObject({
  id: z.string(),
  platform: z.string(),
  name: z.string(),
  state: z.enum(['connecting', 'connected', 'reconnecting', 'refused']),
  problems: z.array(z.strictObject({ what: z.string(), fix: z.string() })),
  /** Where problems are told; null: to each admin. */
  adminsChannel: z.string().nullable(),
});

/** What the adapter told, what is missing in the Workspace, and which channels can't hold exactly the people they should. */
async function showWorkspace({ access, setupProblems }: WebParts, row: Workspace): Promise<z.input<typeof workspace>> {
  const { id, platform, name, state, problem } = row;
  const problems = [...(problem === null ? [] : [problem]), ...setupProblems(id), ...(await access.problems(id))];
  return {
    id,
    platform,
    name,
    state,
    problems: problems.map(({ what, fix }) => ({ what, fix })),
    adminsChannel: await access.adminsChannel(id),
  };
}

export const workspaceRoutes = [
  route({
    method: 'get',
    path: '/workspaces',
    summary: 'The workspaces, each with what an admin must mend',
    who: 'admin',
    query: pageQuery,
    response: listOf(workspace),
    handle: async ({ parts, query }) => {
      const page = pageOfAll(
        await parts.store.read.workspaces.all(),
        query,
        (row) => row.id,
        (row) => row,
      );
      return { ...page, items: await Promise.all(page.items.map((row) => showWorkspace(parts, row))) };
    },
  }),
  route({
    method: 'patch',
    path: '/workspaces/:id',
    summary:
      'Choose the channel that problems are told in: private, with us in it and nobody but admins; null for none',
    who: 'admin',
    body: z.strictObject({ adminsChannel: text(100).min(1).nullable() }),
    response: workspace,
    handle: async ({ parts, params, body, actor }) => {
      const id = asRowId<WorkspaceId>(params['id']);
      const row = id === undefined ? undefined : await parts.store.read.workspaces.find(id);
      if (row === undefined) throw notFound('workspace');
      const channel = body.adminsChannel === null ? null : as<ChannelId>(body.adminsChannel);
      const result = await parts.access.setAdminsChannel(row.id, channel, actor);
      if ('refused' in result) throw new Problem(409, result.refused);
      return showWorkspace(parts, row);
    },
  }),
];
