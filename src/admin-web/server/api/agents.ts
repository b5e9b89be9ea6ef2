// /agents: the team: who is in it, inviting people, their role and labels, taking them out.
import { z } from 'zod';
import type { AgentId, ChatId } from '../../../domain/ids.ts';
import { Problem, badInput, notFound } from '../errors.ts';
import type { AccessFacade, WebParts } from '../parts.ts';
import { asRowId, listOf, pageOfAll, pageQuery, route, text } from '../route.ts';

type TeamMember = Awaited<ReturnType<AccessFacade['team']>>[number];
type Change = Parameters<AccessFacade['apply']>[0];
type Refused = Awaited<ReturnType<AccessFacade['apply']>>['refused'][number];

const roles = z.enum(['admin', 'member']);
const labelNames = z.array(text(200)).max(500);

const agent = z.strictObject({
  id: z.string(),
  email: z.string(),
  name: z.string().nullable(),
  role: roles,
  status: z.enum(['invited', 'active', 'deactivated']),
  labels: z.array(z.string()),
  identities: z.array(
    z.strictObject({ workspaceId: z.string(), userId: z.string(), how: z.enum(['email', 'claim', 'admin']) }),
  ),
});

const showAgent = ({ id, email, name, role, status, labels, identities }: TeamMember): z.input<typeof agent> => ({
  id,
  email,
  name,
  role,
  status,
  labels: [...labels],
  identities: identities.map(({ workspaceId, userId, how }) => ({ workspaceId, userId, how })),
});

async function find({ access }: WebParts, id: string | undefined): Promise<TeamMember> {
  const agentId = asRowId<AgentId>(id);
  const row = (await access.team()).find((one) => one.id === agentId);
  if (row === undefined) throw notFound('agent');
  return row;
}

/** Which field of the change a refusal is about. */
const fieldOf = ({ code }: Refused): string => (code === 'unknown_label' || code === 'admin' ? 'labels' : '');

/** The role first: it decides whether Labels can be granted. */
function changesOf(
  email: string,
  body: { role?: 'admin' | 'member' | undefined; active?: boolean | undefined; labels?: readonly string[] | undefined },
): Change[] {
  const agents = [email];
  return [
    ...(body.active === true ? [{ kind: 'activate', agents } as const] : []),
    ...(body.role === undefined ? [] : [{ kind: 'role', agents, role: body.role } as const]),
    ...(body.labels === undefined ? [] : [{ kind: 'labels', agents, labels: body.labels } as const]),
    ...(body.active === false ? [{ kind: 'deactivate', agents } as const] : []),
  ];
}

export const agentRoutes = [
  route({
    method: 'get',
    path: '/agents',
    summary: 'The team',
    who: 'admin',
    query: pageQuery,
    response: listOf(agent),
    handle: async ({ parts, query }) => pageOfAll(await parts.access.team(), query, (row) => row.id, showAgent),
  }),
  route({
    method: 'patch',
    path: '/agents/:id',
    summary: 'Change role or labels, take out or bring back; all of it or nothing',
    who: 'admin',
    body: z.strictObject({ role: roles.optional(), active: z.boolean().optional(), labels: labelNames.optional() }),
    response: agent,
    handle: async ({ parts, params, body, actor }) => {
      const { id, email } = await find(parts, params['id']);
      const changes = changesOf(email, body);
      if (changes.length === 0)
        throw badInput([{ path: '', message: 'must change something: role, active or labels' }]);
      const { refused } = await parts.access.applyAll(changes, actor);
      const conflict = refused.find(({ code }) => code === 'last_admin' || code === 'deactivated');
      if (conflict !== undefined) throw new Problem(409, conflict.reason);
      if (refused.length > 0) throw badInput(refused.map((one) => ({ path: fieldOf(one), message: one.reason })));
      return showAgent(await find(parts, id));
    },
  }),
  route({
    method: 'post',
    path: '/agents/invitations',
    summary: 'Invite people by their emails; each is answered by itself',
    who: 'admin',
    body: z.strictObject({
      emails: text(100_000),
      role: roles,
      labels: labelNames.optional(),
      chatIds: z.array(z.string()).max(10_000).optional(),
    }),
    response: z.strictObject({
      invited: z.array(
        z.strictObject({
          email: z.string(),
          agentId: z.string(),
          link: z.string().nullable(),
          mailed: z.boolean(),
          workspaceIds: z.array(z.string()),
        }),
      ),
      refused: z.array(z.strictObject({ email: z.string(), reason: z.string() })),
    }),
    status: 201,
    handle: async ({ parts, body, actor }) => {
      const chatIds = body.chatIds?.map((id) => asRowId<ChatId>(id));
      if (chatIds?.includes(undefined)) throw badInput([{ path: 'chatIds', message: 'There is no such chat.' }]);
      const result = await parts.access.invite({ ...body, chatIds: chatIds?.filter((id) => id !== undefined) }, actor);
      if ('faults' in result) throw badInput(result.faults);
      return {
        invited: result.invited.map(({ email, agentId, link, mailed, found }) => ({
          email,
          agentId,
          link: link ?? null,
          mailed,
          workspaceIds: [...found],
        })),
        refused: result.refused.map(({ email, reason }) => ({ email, reason })),
      };
    },
  }),
  route({
    method: 'post',
    path: '/agents/:id/invitation',
    summary: 'A new link for somebody who was invited and has not come; the earlier one ends',
    who: 'admin',
    response: z.strictObject({ link: z.string().nullable(), mailed: z.boolean() }),
    status: 201,
    handle: async ({ parts, params, actor }) => {
      const { id } = await find(parts, params['id']);
      const renewed = await parts.access.renewInvitation(id, actor);
      if ('refused' in renewed) throw new Problem(409, renewed.refused);
      return { link: renewed.link ?? null, mailed: renewed.mailed };
    },
  }),
];
