// /chats: the conversations somebody sees, where each is shown, and its send mode.
import { z } from 'zod';
import type { AccountId, ChatId, WorkspaceId } from '../../../domain/ids.ts';
import type { ChatListFilter, ChatPlace, ListedChat } from '../../../store/listing.ts';
import { badInput, notFound } from '../errors.ts';
import type { Viewer, WebParts } from '../parts.ts';
import { asRowId, iso, listOf, pageOf, pageQuery, readCursor, route, text, time } from '../route.ts';
import { scopeOf, visibleChat } from '../scope.ts';
import { setChatMode, setInternal } from '../settings.ts';

const modes = ['thread', 'mention', 'off', 'never'] as const;

const chatSchema = z.strictObject({
  id: z.string(),
  accountId: z.string(),
  kind: z.enum(['direct', 'group']),
  name: z.string().nullable(),
  phone: z.string().nullable(),
  labels: z.array(z.string()),
  mode: z.enum(modes),
  /** Is its person a colleague? Null for groups. */
  internal: z.boolean().nullable(),
  mirrors: z.array(
    z.strictObject({
      workspaceId: z.string(),
      channelId: z.string().nullable(),
      channelName: z.string().nullable(),
      state: z.enum(['opening', 'open', 'gone']),
      url: z.string().nullable(),
    }),
  ),
  lastMessageAt: time.nullable(),
  waitingSince: time.nullable(),
});

/** How Chats are chosen, in the list and for changes to many at once. */
const filterShape = {
  search: text(200).optional(),
  label: text(200).optional(),
  account: z.string().optional(),
  kind: z.enum(['direct', 'group']).optional(),
  workspace: z.string().optional(),
};

const chatQuery = pageQuery.extend({ ...filterShape, waiting: z.enum(['true', 'false']).optional() });
export const filterSchema = z.strictObject({ ...filterShape, waiting: z.boolean().optional() });

const place = z.tuple([z.iso.datetime().nullable(), z.uuid()]);

/** Undefined: it names what can't be there, so nothing matches. */
export function filterOf(wanted: z.output<typeof filterSchema>): ChatListFilter | undefined {
  const accountId = asRowId<AccountId>(wanted.account);
  const workspaceId = asRowId<WorkspaceId>(wanted.workspace);
  if (wanted.account !== undefined && accountId === undefined) return undefined;
  if (wanted.workspace !== undefined && workspaceId === undefined) return undefined;
  const { search, label, kind, waiting } = wanted;
  return { search, label, kind, accountId, workspaceId, waiting };
}

async function showChats(
  { store, access }: WebParts,
  viewer: Viewer,
  rows: readonly ListedChat[],
): Promise<z.input<typeof chatSchema>[]> {
  const shown = await access.phonesFor(viewer);
  const mask = (value: string | null): string | null => (value === null ? null : shown(value));
  const ids = rows.map((row) => row.id);
  const [labels, mirrors] = await Promise.all([store.read.labels.ofChats(ids), store.read.listings.mirrors(ids)]);
  return rows.map((row) => ({
    id: row.id,
    accountId: row.accountId,
    kind: row.kind,
    name: mask(row.name ?? row.contactName ?? row.phone),
    phone: mask(row.phone),
    labels: [...(labels.get(row.id) ?? [])],
    mode: row.mode,
    internal: row.internal,
    mirrors: (mirrors.get(row.id) ?? []).map(({ workspaceId, channelId, channelName, state, url }) => ({
      workspaceId,
      channelId,
      channelName,
      state,
      url,
    })),
    lastMessageAt: iso(row.lastMessageAt),
    waitingSince: iso(row.waitingSince),
  }));
}

async function showChat(parts: WebParts, viewer: Viewer, row: ListedChat): Promise<z.input<typeof chatSchema>> {
  const [shown] = await showChats(parts, viewer, [row]);
  if (shown === undefined) throw notFound('chat');
  return shown;
}

export const chatRoutes = [
  route({
    method: 'get',
    path: '/chats',
    summary: 'The chats I see, the newest message first',
    who: 'agent',
    query: chatQuery,
    response: listOf(chatSchema),
    handle: async ({ parts, viewer, query }) => {
      const { limit, cursor, waiting, ...rest } = query;
      const filter = filterOf({ ...rest, waiting: waiting === undefined ? undefined : waiting === 'true' });
      if (filter === undefined) return { items: [], nextCursor: null };
      const start = readCursor(place, cursor);
      const after: ChatPlace | undefined =
        start === undefined ? undefined : { at: start[0] === null ? null : new Date(start[0]), id: start[1] as ChatId };
      const scope = await scopeOf(parts, viewer);
      const rows = await parts.store.read.listings.chats(filter, { scope, limit: limit + 1, after });
      const page = pageOf(
        rows,
        limit,
        (row) => [iso(row.lastMessageAt), row.id],
        (row) => row,
      );
      return { items: await showChats(parts, viewer, page.items), nextCursor: page.nextCursor };
    },
  }),
  route({
    method: 'get',
    path: '/chats/:id',
    summary: 'A chat',
    who: 'agent',
    response: chatSchema,
    handle: async ({ parts, viewer, params }) =>
      showChat(parts, viewer, await visibleChat(parts, viewer, params['id'])),
  }),
  route({
    method: 'patch',
    path: '/chats/:id',
    summary:
      'Choose how replies are sent from the channel, and whether its person is a colleague, who waits for nobody',
    who: 'admin',
    body: z.strictObject({ mode: z.enum(modes).optional(), internal: z.boolean().optional() }),
    response: chatSchema,
    handle: async ({ parts, viewer, params, body, by }) => {
      const { id, contactId } = await visibleChat(parts, viewer, params['id']);
      const { mode, internal } = body;
      if (mode === undefined && internal === undefined) {
        throw badInput([{ path: '', message: 'must change something: mode or internal' }]);
      }
      if (internal !== undefined && contactId === null) {
        throw badInput([{ path: 'internal', message: 'is for the chat of one person' }]);
      }
      if (mode !== undefined && !(await setChatMode(parts, id, mode, by))) throw notFound('chat');
      if (internal !== undefined && contactId !== null) {
        await setInternal(parts, { chatId: id, contactId }, internal, by);
      }
      return showChat(parts, viewer, await visibleChat(parts, viewer, id));
    },
  }),
];
