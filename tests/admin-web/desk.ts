// A web server on loopback over a database of its own, with a Bridge that only remembers what it was asked.
import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { Access } from '../../src/access/access.ts';
import { createWebServer } from '../../src/admin-web/server/app.ts';
import type { BridgeFacade, Health, WebParts } from '../../src/admin-web/server/app.ts';
import { readConfig } from '../../src/config.ts';
import type { AccountId, AgentId, ChatAddress, MessageId, PersonAddress, RemoteId } from '../../src/domain/ids.ts';
import { plain } from '../../src/domain/text.ts';
import type { LinkStep } from '../../src/domain/link.ts';
import { createLog } from '../../src/runtime/log.ts';
import { Vault } from '../../src/runtime/secrets.ts';
import { fakeClock } from '../../src/runtime/time.ts';
import type { FakeClock } from '../../src/runtime/time.ts';
import type { Account } from '../../src/store/account.ts';
import type { Chat } from '../../src/store/chat.ts';
import { newId } from '../../src/store/db.ts';
import type { Message, NewMessage } from '../../src/store/message.ts';
import { Store } from '../../src/store/store.ts';
import type { Metrics } from '../../src/metrics/metrics.ts';
import type { Tickets } from '../../src/tickets/tickets.ts';
import { facadesOver } from '../support/facades.ts';
import { freshDatabase } from '../support/postgres.ts';

const PROGRAM = { kind: 'program', source: 'program' } as const;

export const ADMIN_TOKEN = 'the-admin-token-of-the-tests';

/** Answers of the Bridge that a test may set, and what it was asked. */
export class BridgeDesk implements BridgeFacade {
  readonly asked: { readonly what: string; readonly about: unknown; readonly by: unknown }[] = [];
  readonly steps = new Map<AccountId, LinkStep>();
  readonly files = new Map<MessageId, { bytes: Buffer; name: string; mimeType: string }>();
  refusal: string | undefined;
  failure: Error | undefined;
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  #ask(what: string, about: unknown, by: unknown): { refused: string } | undefined {
    this.asked.push({ what, about, by });
    if (this.failure !== undefined) throw this.failure;
    return this.refusal === undefined ? undefined : { refused: this.refusal };
  }

  createAccount: BridgeFacade['createAccount'] = async (name, by) => {
    this.#ask('createAccount', { name }, by);
    return this.#store.read.accounts.create({ id: newId<AccountId>(Date.now()), name: name ?? 'A number' });
  };
  link: BridgeFacade['link'] = async (account, options, by) => this.#ask('link', { account, ...options }, by);
  linkStep: BridgeFacade['linkStep'] = (account) => this.steps.get(account) ?? { step: 'waiting' };
  unlink: BridgeFacade['unlink'] = async (account, by) => {
    this.#ask('unlink', { account }, by);
  };
  reply: BridgeFacade['reply'] = async (reply, by) => {
    const refusal = this.#ask('reply', reply, by);
    if (refusal !== undefined) return refusal;
    const chat = await this.#store.read.chats.find(reply.chatId);
    if (chat === undefined) throw new Error('The chat to reply to is not there.');
    const { id } = await seedMessage(this.#store, chat, {
      source: 'web',
      agentId: reply.agentId,
      text: reply.text,
      state: 'queued',
    });
    return { messageId: id };
  };
  retry: BridgeFacade['retry'] = async (delivery, by) => this.#ask('retry', { delivery }, by);
  giveUp: BridgeFacade['giveUp'] = async (delivery, by) => this.#ask('giveUp', { delivery }, by);
  describeChannels: BridgeFacade['describeChannels'] = async () => void this.#ask('describeChannels', {}, undefined);
  openMedia: BridgeFacade['openMedia'] = async (message) => {
    const file = this.files.get(message);
    if (file === undefined) return undefined;
    const { bytes, name, mimeType } = file;
    return { stream: Readable.from([bytes]), name, mimeType, sizeBytes: bytes.length };
  };
}

export interface Desk {
  readonly url: string;
  readonly store: Store;
  readonly vault: Vault;
  readonly clock: FakeClock;
  readonly bridge: BridgeDesk;
  readonly access: Access;
  readonly tickets: Tickets;
  readonly metrics: Metrics;
  /** Lines of the log. */
  readonly lines: string[];
  phase: Health['phase'];
  /** Asks as the admin's token, as an Agent by a session cookie (`agent`), or as nobody. */
  ask(method: string, path: string, options?: AskOptions): Promise<Asked>;
  /** Makes an Agent to ask as; a member sees these Chats. */
  agent(email: string, role: 'admin' | 'member', chats?: readonly Chat[]): Promise<AgentId>;
  /** Takes it back. */
  revoke(email: string, chat: Chat): Promise<void>;
  /** Takes the database away while the server runs. */
  loseDatabase(): Promise<void>;
  close(): Promise<void>;
}

export interface AskOptions {
  readonly as?: AgentId | 'nobody';
  readonly body?: unknown;
  /** Instead of `body`: exactly these bytes. */
  readonly raw?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Asked {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed, or undefined when it isn't JSON. */
  readonly body: unknown;
}

/** Opens a desk; `env` adds settings. Close it when done. */
export async function openDesk(
  env: Readonly<Record<string, string>> = {},
  more: Partial<WebParts> = {},
): Promise<Desk> {
  const database = await freshDatabase();
  const store = Store.create({ address: database });
  await store.migrate(database);
  const lines: string[] = [];
  const clock = fakeClock('2026-03-01T12:00:00Z');
  const bridge = new BridgeDesk(store);
  const log = createLog({ level: 'info', destination: { write: (line) => void lines.push(line) } });
  const access = new Access({ store, platforms: new Map(), clock, log, publicUrl: 'https://inbox.acme.com' });
  const { tickets, metrics } = facadesOver({ store, access, clock, log });
  const vault = new Vault({ current: randomBytes(32) });
  const desk = { phase: 'ready' as Health['phase'] };
  const server = createWebServer({
    config: readConfig({ PORT: '0', ADMIN_API_TOKEN: ADMIN_TOKEN, ...env }),
    store,
    vault,
    clock,
    log,
    bridge,
    access,
    tickets,
    metrics,
    setupProblems: () => [],
    health: () => ({ phase: desk.phase }),
    platforms: () => [],
    ...more,
  });
  const { port } = await server.listen();
  const url = `http://127.0.0.1:${port}`;
  return Object.assign(desk, {
    url,
    store,
    vault,
    clock,
    bridge,
    access,
    tickets,
    metrics,
    lines,
    ask: (method: string, path: string, options: AskOptions = {}) => ask(url, method, path, options),
    agent: async (email: string, role: 'admin' | 'member', chats: readonly Chat[] = []) => {
      const row = await store.read.agents.add({ email, name: null, role, status: 'active' }, new Date());
      if (row === undefined) throw new Error(`${email} was there already.`);
      await signIn(store, row.id);
      const chatIds = chats.map((chat) => chat.id);
      if (chatIds.length > 0) await access.apply({ kind: 'grant', agents: [email], chats: { chatIds } }, PROGRAM);
      return row.id;
    },
    revoke: async (email: string, chat: Chat) => {
      await access.apply({ kind: 'revoke', agents: [email], chats: { chatIds: [chat.id] } }, PROGRAM);
    },
    loseDatabase: () => database.drop(),
    close: async () => {
      await server.close();
      await store.close();
      await database.drop();
    },
  });
}

/** Signs an Agent in with a cookie that holds their id. */
async function signIn(store: Store, agentId: AgentId): Promise<void> {
  const tokenHash = createHash('sha256').update(agentId).digest('hex');
  await store.read.logins.open({ agentId, tokenHash, expiresAt: new Date('2100-01-01') }, new Date());
}

let seeds = 0;

/** A linked number. */
export async function seedAccount(store: Store, name = 'Support'): Promise<Account> {
  return store.read.accounts.create({ id: newId<AccountId>(Date.now()), name });
}

/** A direct Chat with a customer (or colleague: `internal`), or a group. */
export async function seedChat(
  store: Store,
  account: Account,
  options: { name: string; phone?: string; kind?: 'direct' | 'group'; lastMessageAt?: Date; internal?: boolean },
): Promise<Chat> {
  const { name, phone, kind = 'direct', lastMessageAt, internal = false } = options;
  seeds += 1;
  const person = { address: `person-${seeds}` as PersonAddress, name, ...(phone === undefined ? {} : { phone }) };
  return store
    .transaction(async (tx) => {
      const now = new Date();
      const contact = kind === 'direct' ? (await tx.contacts.resolve(person, now)).contact : undefined;
      const ref = { address: `chat-${seeds}` as ChatAddress, kind, ...(kind === 'group' ? { name } : {}) };
      const { chat } = await tx.chats.resolve(account.id, ref, contact?.id ?? null, now);
      if (lastMessageAt !== undefined) await tx.chats.touch(chat.id, lastMessageAt);
      return { ...chat, lastMessageAt: lastMessageAt ?? null };
    })
    .then(async (chat) => {
      if (internal) await store.query('update contact set internal = true where id = $1', [chat.contactId]);
      return chat;
    });
}

/** A Message of a Chat, by default what its customer said, recorded with its Episode. */
export async function seedMessage(
  store: Store,
  chat: Chat,
  options: Partial<Omit<NewMessage, 'id' | 'chatId' | 'accountId'>> = {},
): Promise<Message> {
  seeds += 1;
  const source = options.source ?? 'contact';
  const words = options.text ?? `message ${seeds}`;
  const { state = null, sentAt = new Date('2026-03-01T11:00:00Z') } = options;
  const isTaken = source === 'phone' || state === 'sent' || state === 'delivered' || state === 'read';
  const wanted: NewMessage = {
    id: newId<MessageId>(Date.now() + seeds),
    accountId: chat.accountId,
    chatId: chat.id,
    direction: source === 'contact' ? 'in' : 'out',
    source,
    content: { kind: 'text', text: plain(words) },
    text: words,
    remoteId: `remote-${seeds}` as RemoteId,
    author: source === 'contact' ? (chat.contactId ?? 'someone') : 'us',
    contactId: source === 'contact' ? chat.contactId : null,
    sentAt,
    receivedAt: sentAt,
    ackedAt: isTaken ? sentAt : null,
    ...options,
  };
  return store.transaction(async (tx) => {
    const row = await tx.messages.insert(wanted);
    if (row === undefined) throw new Error('The message was there already.');
    if (row.direction === 'in') await tx.episodes.asked(chat.id, row.sentAt);
    else if (row.ackedAt !== null) await tx.episodes.answered(chat.id, row.ackedAt);
    return row;
  });
}

type Item = Readonly<Record<string, unknown>>;

/** The `id` of what was made or read. */
export const idOf = (asked: Asked): string => (asked.body as { id: string }).id;
/** The `items` of a list. */
export const itemsOf = (asked: Asked): readonly Item[] => (asked.body as { items: Item[] }).items;
/** The ids of a list's items. */
export const idsOf = (asked: Asked): readonly string[] => itemsOf(asked).map((item) => String(item['id']));
export const cursorOf = (asked: Asked): string | null => (asked.body as { nextCursor: string | null }).nextCursor;
/** What a refusal says. */
export const detailOf = (asked: Asked): string => (asked.body as { detail: string }).detail;
/** The paths a refusal names; none when it's about the request as such. */
export const pathsOf = (asked: Asked): readonly string[] =>
  ((asked.body as { errors?: { path: string }[] }).errors ?? []).map((error) => error.path);

/** The status of a refusal that looks as all of them must; else what is wrong with how it looks. */
export function refusalOf(asked: Asked): number | string {
  const { title, status, detail } = (asked.body ?? {}) as Readonly<Record<string, unknown>>;
  if (!asked.headers.get('content-type')?.startsWith('application/problem+json')) return 'it is no problem+json';
  if (typeof title !== 'string' || typeof detail !== 'string' || status !== asked.status) return 'its fields are wrong';
  return /<html|node_modules|\bat .*\.ts/i.test(asked.text) ? 'it shows what is ours' : asked.status;
}

/** All ids of a list, read page by page. */
export async function readAll(desk: Desk, path: string, options: AskOptions = {}): Promise<readonly string[]> {
  const ids: string[] = [];
  const joint = path.includes('?') ? '&' : '?';
  for (let cursor: string | null = null; ;) {
    const page = await desk.ask('GET', cursor === null ? path : `${path}${joint}cursor=${cursor}`, options);
    ids.push(...idsOf(page));
    cursor = cursorOf(page);
    if (cursor === null) return ids;
  }
}

async function ask(url: string, method: string, path: string, options: AskOptions): Promise<Asked> {
  const { as, body, raw, headers = {} } = options;
  const text = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const response = await fetch(url + path, {
    method: method.toUpperCase(),
    redirect: 'manual',
    headers: {
      ...(as === undefined ? { authorization: `Bearer ${ADMIN_TOKEN}` } : {}),
      ...(as === undefined || as === 'nobody' ? {} : { cookie: `session=${as}`, origin: url }),
      ...(text === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(text === undefined ? {} : { body: text }),
  });
  const answer = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    headers: response.headers,
    text: answer,
    body: isJson ? JSON.parse(answer) : undefined,
  };
}
