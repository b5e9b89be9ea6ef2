// Who sees which chat and because of what, and changing it: for one chat, for many, and as a dry run.
import { z } from 'zod';
import type { ChatId } from '../../../domain/ids.ts';
import { badInput, notFound } from '../errors.ts';
import type { AccessFacade, WebParts } from '../parts.ts';
import { asRowId, iso, listOf, pageOfAll, pageQuery, route, text, time } from '../route.ts';
import { visibleChat } from '../scope.ts';
import { filterOf, filterSchema } from './chats.ts';

type Change = Parameters<AccessFacade['apply']>[0];
type Choice = Extract<Change, { kind: 'label' | 'unlabel' }>['chats'];
type Result = Awaited<ReturnType<AccessFacade['apply']>>;
type Because = Extract<NonNullable<Awaited<ReturnType<AccessFacade['explain']>>>, { allowed: true }>['because'][number];

const MOST_CHATS = 10_000;
const MOST_NAMES = 500;

const emails = z.array(text(320)).min(1).max(MOST_NAMES);
const labelNames = z.array(text(200)).min(1).max(MOST_NAMES);
const chatIds = z.array(z.string()).min(1).max(MOST_CHATS);
const until = z.iso.datetime({ offset: true }).nullable();

const because = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('admin') }),
  z.strictObject({ kind: z.literal('grant'), by: z.string(), at: time, until: time.nullable() }),
  z.strictObject({ kind: z.literal('label'), label: z.string(), until: time.nullable() }),
]);

const refused = z.array(
  z.strictObject({
    agent: z.string().nullable(),
    label: z.string().nullable(),
    chatId: z.string().nullable(),
    reason: z.string(),
  }),
);
const pairs = z.array(z.strictObject({ agent: z.string(), chatId: z.string() }));

const changed = z.strictObject({
  changed: z.int(),
  unchanged: z.int(),
  refused,
  still: z.array(z.strictObject({ agent: z.string(), chatId: z.string(), label: z.string() })),
});

const choiceShape = { chatIds: chatIds.optional(), filter: filterSchema.optional() };
interface Chosen {
  readonly chatIds?: readonly string[] | undefined;
  readonly filter?: z.output<typeof filterSchema> | undefined;
}

/** Chats one by one or by filter, never both; undefined when neither is given. Ids that can't be any are refused by their place. */
function choiceOf(chosen: Chosen, within = ''): Choice | undefined {
  if (chosen.chatIds !== undefined && chosen.filter !== undefined) {
    throw badInput([{ path: `${within}filter`, message: 'must not stand beside chatIds' }]);
  }
  if (chosen.filter !== undefined) {
    const filter = filterOf(chosen.filter);
    return filter === undefined ? { chatIds: [] } : { filter };
  }
  if (chosen.chatIds === undefined) return undefined;
  const ids = chosen.chatIds.map((id) => asRowId<ChatId>(id));
  const wrong = ids.flatMap((id, index) => (id === undefined ? [index] : []));
  if (wrong.length > 0) {
    throw badInput(wrong.map((index) => ({ path: `${within}chatIds.${index}`, message: 'is no chat' })));
  }
  return { chatIds: ids.filter((id) => id !== undefined) };
}

function needChoice(chosen: Chosen, within = ''): Choice {
  const choice = choiceOf(chosen, within);
  if (choice === undefined) throw badInput([{ path: `${within}chatIds`, message: 'is missing; or give a filter' }]);
  return choice;
}

const dateOf = (at: string | null | undefined): Date | null => (at ? new Date(at) : null);

const showBecause = (one: Because): z.input<typeof because> => {
  switch (one.kind) {
    case 'admin':
      return { kind: 'admin' };
    case 'grant':
      return { kind: 'grant', by: one.by, at: one.at.toISOString(), until: iso(one.until) };
    case 'label':
      return { kind: 'label', label: one.label, until: iso(one.until) };
  }
};

const showRefused = (rows: Result['refused']): z.input<typeof refused> =>
  rows.map(({ agent, label, chatId, reason }) => ({
    agent: agent ?? null,
    label: label ?? null,
    chatId: chatId ?? null,
    reason,
  }));

/** A time that is over is a fault of the request, not of one of its parts. */
function showChanged(result: Result): z.input<typeof changed> {
  const badTime = result.refused.find(({ code }) => code === 'bad_time');
  if (badTime !== undefined) throw badInput([{ path: 'until', message: badTime.reason }]);
  const still = result.still.map(({ agent, chatId, label }) => ({ agent, chatId, label }));
  return { changed: result.changed, unchanged: result.unchanged, refused: showRefused(result.refused), still };
}

const about = { agents: emails, ...choiceShape, labels: labelNames.optional() };
const previewed = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('grant'), ...about }),
  z.strictObject({ kind: z.literal('revoke'), ...about }),
  z.strictObject({ kind: z.literal('label'), ...choiceShape, labels: labelNames }),
  z.strictObject({ kind: z.literal('unlabel'), ...choiceShape, labels: labelNames }),
  z.strictObject({ kind: z.literal('role'), agents: emails, role: z.enum(['admin', 'member']) }),
  z.strictObject({ kind: z.literal('deactivate'), agents: emails }),
]);

function changeOf(wanted: z.output<typeof previewed>): Change {
  switch (wanted.kind) {
    case 'grant':
    case 'revoke': {
      const chats = choiceOf(wanted, 'change.');
      if (chats === undefined && wanted.labels === undefined) {
        throw badInput([{ path: 'change.chatIds', message: 'is missing; or give a filter or labels' }]);
      }
      return { kind: wanted.kind, agents: wanted.agents, chats, labels: wanted.labels };
    }
    case 'label':
    case 'unlabel':
      return { kind: wanted.kind, chats: needChoice(wanted, 'change.'), labels: wanted.labels };
    case 'role':
    case 'deactivate':
      return wanted;
  }
}

async function whoSees({ access }: WebParts, chatId: ChatId) {
  const seers = await access.whoSees(chatId);
  if (seers === undefined) throw notFound('chat');
  return seers;
}

export const accessRoutes = [
  route({
    method: 'get',
    path: '/chats/:id/access',
    summary: 'Everyone who sees a chat, and because of what; admins first',
    who: 'admin',
    query: pageQuery,
    response: listOf(
      z.strictObject({
        agentId: z.string(),
        email: z.string(),
        name: z.string().nullable(),
        role: z.enum(['admin', 'member']),
        locked: z.boolean(),
        because: z.array(because),
      }),
    ),
    handle: async ({ parts, viewer, params, query }) => {
      const { id } = await visibleChat(parts, viewer, params['id']);
      return pageOfAll(
        await whoSees(parts, id),
        query,
        (seer) => seer.agentId,
        (seer) => ({ ...seer, because: seer.because.map(showBecause) }),
      );
    },
  }),
  route({
    method: 'post',
    path: '/chats/access',
    summary: 'Give members access to chats, or take it away; admins are refused by name',
    who: 'admin',
    body: z.strictObject({
      ...choiceShape,
      agents: emails,
      action: z.enum(['add', 'remove']),
      until: until.optional(),
    }),
    response: changed,
    handle: async ({ parts, body, actor }) => {
      const { agents, action } = body;
      const chats = needChoice(body);
      if (action === 'remove' && body.until) {
        throw badInput([{ path: 'until', message: 'belongs to what is added' }]);
      }
      const change: Change =
        action === 'add'
          ? { kind: 'grant', agents, chats, until: dateOf(body.until) }
          : { kind: 'revoke', agents, chats };
      return showChanged(await parts.access.apply(change, actor));
    },
  }),
  route({
    method: 'post',
    path: '/chats/labels',
    summary: 'Put labels on chats, or take them off',
    who: 'admin',
    body: z.strictObject({ ...choiceShape, labels: labelNames, action: z.enum(['add', 'remove']) }),
    response: changed,
    handle: async ({ parts, body, actor }) => {
      const kind = body.action === 'add' ? 'label' : 'unlabel';
      return showChanged(await parts.access.apply({ kind, chats: needChoice(body), labels: body.labels }, actor));
    },
  }),
  route({
    method: 'post',
    path: '/access/preview',
    summary: 'Who would gain and who would lose what; changes nothing',
    who: 'admin',
    body: z.strictObject({ change: previewed }),
    response: z.strictObject({ gained: pairs, lost: pairs, refused }),
    handle: async ({ parts, body }) => {
      const preview = await parts.access.preview(changeOf(body.change));
      return { gained: [...preview.gained], lost: [...preview.lost], refused: showRefused(preview.refused) };
    },
  }),
  route({
    method: 'get',
    path: '/access/explain',
    summary: 'Why somebody does or does not see a chat',
    who: 'admin',
    query: z.strictObject({ agent: text(320), chat: z.string() }),
    response: z.discriminatedUnion('allowed', [
      z.strictObject({ allowed: z.literal(true), because: z.array(because) }),
      z.strictObject({ allowed: z.literal(false), why: z.string() }),
    ]),
    handle: async ({ parts, query }) => {
      const chatId = asRowId<ChatId>(query.chat);
      const explained = chatId === undefined ? undefined : await parts.access.explain(query.agent, chatId);
      if (explained === undefined) throw notFound('chat');
      return explained.allowed
        ? { allowed: true as const, because: explained.because.map(showBecause) }
        : { allowed: false as const, why: explained.why };
    },
  }),
];
