// /accounts: the organisation's numbers, and linking them by QR or by code.
import { z } from 'zod';
import type { AccountId } from '../../../domain/ids.ts';
import type { Account } from '../../../store/account.ts';
import { Problem, badInput, notFound } from '../errors.ts';
import type { LinkStep, WebParts } from '../parts.ts';
import { asRowId, iso, listOf, nameText, pageOfAll, pageQuery, route, time } from '../route.ts';
import { changeAccount } from '../settings.ts';

const account = z.strictObject({
  id: z.string(),
  name: z.string(),
  phone: z.string().nullable(),
  state: z.enum(['unlinked', 'linking', 'connecting', 'connected', 'reconnecting', 'logged_out', 'limited']),
  stateText: z.string().nullable(),
  signature: z.boolean(),
  connectedAt: time.nullable(),
  lastSeenAt: time.nullable(),
});

const linkStep = z.discriminatedUnion('step', [
  z.strictObject({ step: z.literal('waiting') }),
  z.strictObject({ step: z.literal('qr'), qr: z.string(), expiresAt: time }),
  z.strictObject({ step: z.literal('code'), code: z.string() }),
  z.strictObject({ step: z.literal('linked'), phone: z.string() }),
  z.strictObject({ step: z.literal('failed'), reason: z.string() }),
]);

const linkRequest = z.discriminatedUnion('method', [
  z.strictObject({ method: z.literal('qr') }),
  z.strictObject({
    method: z.literal('code'),
    /** E.164; people write it with spaces and signs. Never checked against numbering plans: they change. */
    phone: z
      .string()
      .max(40)
      .transform((phone) => `+${phone.replaceAll(/[\s().-]/g, '').replace(/^\+/, '')}`)
      .pipe(z.string().regex(/^\+[1-9]\d{6,14}$/, 'must be a phone number with its country code')),
  }),
]);

function showAccount(row: Account): z.input<typeof account> {
  const { id, name, phone, state, stateText, signature } = row;
  return {
    id,
    name,
    phone,
    state,
    stateText,
    signature,
    connectedAt: iso(row.connectedAt),
    lastSeenAt: iso(row.lastSeenAt),
  };
}

const showStep = (step: LinkStep): z.input<typeof linkStep> =>
  step.step === 'qr' ? { ...step, expiresAt: step.expiresAt.toISOString() } : step;

async function find({ store }: WebParts, id: string | undefined): Promise<Account> {
  const rowId = asRowId<AccountId>(id);
  const row = rowId === undefined ? undefined : await store.read.accounts.find(rowId);
  if (row === undefined) throw notFound('account');
  return row;
}

export const accountRoutes = [
  route({
    method: 'get',
    path: '/accounts',
    summary: 'The numbers',
    who: 'admin',
    query: pageQuery,
    response: listOf(account),
    handle: async ({ parts, query }) =>
      pageOfAll(await parts.store.read.accounts.all(), query, (row) => row.id, showAccount),
  }),
  route({
    method: 'post',
    path: '/accounts',
    summary: 'Add a number, to be linked next',
    who: 'admin',
    body: z.strictObject({ name: nameText.optional() }),
    response: account,
    status: 201,
    handle: async ({ parts, body, by }) => {
      const { id } = await parts.bridge.createAccount(body.name, by);
      return showAccount(await find(parts, id));
    },
  }),
  route({
    method: 'get',
    path: '/accounts/:id',
    summary: 'A number',
    who: 'admin',
    response: account,
    handle: async ({ parts, params }) => showAccount(await find(parts, params['id'])),
  }),
  route({
    method: 'patch',
    path: '/accounts/:id',
    summary: 'Rename a number, or have it sign what agents write',
    who: 'admin',
    body: z.strictObject({ name: nameText.optional(), signature: z.boolean().optional() }),
    response: account,
    handle: async ({ parts, params, body, by }) => {
      const { id } = await find(parts, params['id']);
      if (body.name === undefined && body.signature === undefined) {
        throw badInput([{ path: '', message: 'must change something: name or signature' }]);
      }
      if (!(await changeAccount(parts, id, body, by))) throw notFound('account');
      return showAccount(await find(parts, id));
    },
  }),
  route({
    method: 'delete',
    path: '/accounts/:id',
    summary: 'Unlink a number and take it off the list; its chats stay',
    who: 'admin',
    handle: async ({ parts, params, by }) => {
      const { id } = await find(parts, params['id']);
      await parts.bridge.unlink(id, by);
    },
  }),
  route({
    method: 'post',
    path: '/accounts/:id/link',
    summary: 'Start linking a number; the answer is the present step',
    who: 'admin',
    body: linkRequest,
    response: linkStep,
    status: 202,
    handle: async ({ parts, params, body, by }) => {
      const { id } = await find(parts, params['id']);
      const refusal = await parts.bridge.link(id, body, by);
      if (refusal !== undefined) throw new Problem(409, refusal.refused);
      return showStep(parts.bridge.linkStep(id));
    },
  }),
  route({
    method: 'get',
    path: '/accounts/:id/link',
    summary: 'The present step of linking; a QR and a code are credentials',
    who: 'admin',
    response: linkStep,
    handle: async ({ parts, params }) => {
      const { id } = await find(parts, params['id']);
      return showStep(parts.bridge.linkStep(id));
    },
  }),
];
