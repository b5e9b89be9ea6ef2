// /chats/:id/messages: what was said in a chat, and replying.
import { z } from 'zod';
import type { ContactId, MessageId } from '../../../domain/ids.ts';
import type { Agent } from '../../../store/agent.ts';
import type { Contact } from '../../../store/contact.ts';
import type { ListedChat } from '../../../store/listing.ts';
import type { Message } from '../../../store/message.ts';
import { Problem, badInput } from '../errors.ts';
import { mediaPath } from '../media.ts';
import type { Viewer, WebParts } from '../parts.ts';
import { asRowId, iso, listOf, pageQuery, route, text, time } from '../route.ts';
import { visibleChat } from '../scope.ts';

/** How long a link in a transcript is good: a page that stays open asks for the messages again. */
const LINK_MS = 60 * 60_000;
const LONGEST_TEXT = 65_536;

const message = z.strictObject({
  id: z.string(),
  direction: z.enum(['in', 'out']),
  kind: z.string(),
  text: z.string(),
  author: z.strictObject({
    kind: z.enum(['contact', 'agent', 'phone', 'automation']),
    name: z.string(),
    email: z.string().nullable(),
  }),
  quoted: z.strictObject({ id: z.string().nullable(), text: z.string() }).nullable(),
  media: z
    .strictObject({ type: z.string(), name: z.string().nullable(), size: z.int().nullable(), url: z.string() })
    .nullable(),
  reactions: z.array(z.strictObject({ emoji: z.string(), by: z.string() })),
  sentAt: time,
  postedAt: time.nullable(),
  state: z.enum(['held', 'queued', 'sent', 'delivered', 'read', 'failed', 'uncertain', 'cancelled']).nullable(),
  reason: z.string().nullable(),
  note: z.boolean(),
  editedAt: time.nullable(),
  deletedAt: time.nullable(),
});

type ShownMessage = z.input<typeof message>;

/** Everything that the words of a page of Messages are made from. */
interface Around {
  /** Masks phone numbers, where the viewer may not see them. */
  readonly mask: (text: string) => string;
  readonly ourName: string;
  readonly contacts: ReadonlyMap<ContactId, Contact>;
  readonly agents: ReadonlyMap<string, Agent>;
}

const contactName = (contact: Contact | undefined, { mask }: Around): string =>
  mask(contact?.name ?? contact?.phone ?? 'Someone');
const agentName = (agent: Agent | undefined): string => agent?.name ?? agent?.email ?? 'An agent';

function authorOf(row: Message, around: Around): ShownMessage['author'] {
  const { ourName, contacts, agents } = around;
  switch (row.source) {
    case 'contact':
      return {
        kind: 'contact',
        name: contactName(row.contactId === null ? undefined : contacts.get(row.contactId), around),
        email: null,
      };
    case 'platform':
    case 'web': {
      if (row.agentId === null) return { kind: 'automation', name: ourName, email: null };
      const agent = agents.get(row.agentId);
      return { kind: 'agent', name: agentName(agent), email: agent?.email ?? null };
    }
    case 'phone':
      return { kind: 'phone', name: ourName, email: null };
    case 'automation':
      return { kind: 'automation', name: ourName, email: null };
  }
}

function mediaOf({ vault, clock }: WebParts, { id, content, deletedAt }: Message): ShownMessage['media'] {
  if (content.kind !== 'media' || deletedAt !== null) return null;
  return {
    type: content.media,
    name: content.file.name ?? null,
    size: content.file.sizeBytes ?? null,
    url: mediaPath(vault, id, new Date(clock.now().getTime() + LINK_MS)),
  };
}

async function showMessages(
  parts: WebParts,
  viewer: Viewer,
  chat: ListedChat,
  rows: readonly Message[],
): Promise<ShownMessage[]> {
  const { accounts, agents, contacts, listings } = parts.store.read;
  const reactions = await listings.reactions(rows.map((row) => row.id));
  const doers = [...reactions.values()].flat().flatMap(({ doer }) => asRowId<ContactId>(doer) ?? []);
  const people = new Set([...rows.flatMap((row) => row.contactId ?? []), ...doers]);
  const account = await accounts.find(chat.accountId);
  const around: Around = {
    mask: await parts.access.phonesFor(viewer),
    ourName: account?.name ?? 'Us',
    contacts: await contacts.many([...people]),
    agents: new Map((await agents.all()).map((agent) => [agent.id, agent])),
  };
  const quotes = await listings.texts(rows.flatMap((row) => row.quotedId ?? []));
  return rows.map((row) => ({
    id: row.id,
    direction: row.direction,
    kind: row.kind,
    text: row.text,
    author: authorOf(row, around),
    quoted:
      row.quotedId === null && row.quotedPreview === null
        ? null
        : {
            id: row.quotedId,
            text: (row.quotedId === null ? undefined : quotes.get(row.quotedId)) ?? row.quotedPreview ?? '',
          },
    media: mediaOf(parts, row),
    reactions: (reactions.get(row.id) ?? []).map(({ doer, emoji, agentId }) => ({
      emoji,
      by: agentId !== null ? agentName(around.agents.get(agentId)) : nameOfDoer(doer, around),
    })),
    sentAt: row.sentAt.toISOString(),
    postedAt: iso(row.postedAt),
    state: row.state,
    reason: row.reason,
    note: row.note,
    editedAt: iso(row.editedAt),
    deletedAt: iso(row.deletedAt),
  }));
}

function nameOfDoer(doer: string, around: Around): string {
  const id = asRowId<ContactId>(doer);
  return id === undefined ? around.ourName : contactName(around.contacts.get(id), around);
}

/** The place that a message's id names in its Chat. */
async function placeOf(
  { store }: WebParts,
  chat: ListedChat,
  id: string | undefined,
  path: string,
): Promise<{ sentAt: Date; id: MessageId } | undefined> {
  if (id === undefined) return undefined;
  const messageId = asRowId<MessageId>(id);
  const row = messageId === undefined ? undefined : await store.read.messages.find(messageId);
  if (row === undefined || row.chatId !== chat.id) throw badInput([{ path, message: 'is no message of this chat' }]);
  return row;
}

export const messageRoutes = [
  route({
    method: 'get',
    path: '/chats/:id/messages',
    summary: 'What was said, the newest first; `before` is the id of a message, `cursor` the same',
    who: 'agent',
    query: pageQuery.extend({ before: z.string().max(100).optional() }),
    response: listOf(message),
    handle: async ({ parts, viewer, params, query }) => {
      const chat = await visibleChat(parts, viewer, params['id']);
      const before =
        (await placeOf(parts, chat, query.cursor, 'cursor')) ?? (await placeOf(parts, chat, query.before, 'before'));
      const rows = await parts.store.read.messages.page(chat.id, {
        limit: query.limit + 1,
        ...(before === undefined ? {} : { before }),
      });
      const page = rows.slice(0, query.limit);
      return {
        items: await showMessages(parts, viewer, chat, page),
        nextCursor: rows.length > query.limit ? (page.at(-1)?.id ?? null) : null,
      };
    },
  }),
  route({
    method: 'post',
    path: '/chats/:id/messages',
    summary: 'Reply to the customer',
    who: 'agent',
    body: z.strictObject({
      text: text(LONGEST_TEXT).refine((value) => value.trim() !== '', 'must say something'),
    }),
    response: message,
    status: 201,
    handle: async ({ parts, viewer, params, body, by }) => {
      const chat = await visibleChat(parts, viewer, params['id']);
      const outcome = await parts.bridge.reply({ chatId: chat.id, agentId: viewer.agentId, text: body.text }, by);
      if ('refused' in outcome) throw new Problem(409, outcome.refused);
      const row = await parts.store.read.messages.find(outcome.messageId);
      const [shown] = row === undefined ? [] : await showMessages(parts, viewer, chat, [row]);
      if (shown === undefined) throw new Error('A reply that was just recorded is not there.');
      return shown;
    },
  }),
];
