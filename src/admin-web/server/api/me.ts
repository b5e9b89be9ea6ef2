// /me: who is asking.
import { z } from 'zod';
import { route } from '../route.ts';

export const meRoutes = [
  route({
    method: 'get',
    path: '/me',
    summary: 'Who I am',
    who: 'agent',
    response: z.strictObject({
      email: z.string().nullable(),
      role: z.enum(['admin', 'member']),
      agentId: z.string().nullable(),
    }),
    handle: async ({ viewer: { email, role, agentId } }) => ({ email, role, agentId }),
  }),
];
