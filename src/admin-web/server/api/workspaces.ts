// /workspaces: where agents work, and what is to be mended there.
import { z } from 'zod';
import type { Workspace } from '../../../store/workspace.ts';
import type { WebParts } from '../parts.ts';
import { listOf, pageOfAll, pageQuery, route } from '../route.ts';

const workspace = z.strictObject({
  id: z.string(),
  platform: z.string(),
  name: z.string(),
  state: z.enum(['connecting', 'connected', 'reconnecting', 'refused']),
  problems: z.array(z.strictObject({ what: z.string(), fix: z.string() })),
});

/** What the adapter told, what is missing in the Workspace, and which channels can't hold exactly the people they should. */
async function showWorkspace({ access, setupProblems }: WebParts, row: Workspace): Promise<z.input<typeof workspace>> {
  const { id, platform, name, state, problem } = row;
  const problems = [...(problem === null ? [] : [problem]), ...setupProblems(id), ...(await access.problems(id))];
  return { id, platform, name, state, problems: problems.map(({ what, fix }) => ({ what, fix })) };
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
];
