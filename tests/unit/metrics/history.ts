// A history of Chats in a real database, written as the bridge writes it, and the same figures calculated slowly from the list of what happened.
import type { Content } from '../../../src/domain/content.ts';
import {
  as,
  type AccountId,
  type AgentId,
  type ChatId,
  type ContactId,
  type MessageId,
} from '../../../src/domain/ids.ts';
import type { RemoteId } from '../../../src/domain/ids.ts';
import { Metrics, type MetricsParts } from '../../../src/metrics/metrics.ts';
import { createLog } from '../../../src/runtime/log.ts';
import type { Clock } from '../../../src/runtime/time.ts';
import { newId } from '../../../src/store/db.ts';
import type { MessageState } from '../../../src/store/message.ts';
import { Store } from '../../../src/store/store.ts';
import type { Workspace } from '../../../src/store/workspace.ts';
import { connect, freshDatabase, type TestDatabase } from '../../support/postgres.ts';

export interface Said {
  readonly chat: ChatId;
  readonly at: Date;
  readonly isInternal?: boolean;
  readonly kind?: 'text' | 'call' | 'change';
  readonly isFiltered?: boolean;
  readonly postedAt?: Date | undefined;
}

export interface Replied {
  readonly chat: ChatId;
  readonly agent?: AgentId | undefined;
  readonly source: 'platform' | 'web' | 'phone' | 'automation';
  readonly at: Date;
  /** Absent: it was never acknowledged. */
  readonly ackedAt?: Date | undefined;
  readonly isNote?: boolean;
  readonly state?: MessageState;
}

const words: Content = { kind: 'text', text: [] };
const call: Content = { kind: 'call', video: false, missed: true };
const change: Content = { kind: 'change', change: { what: 'other', name: 'icon' } };

export class History {
  readonly store: Store;
  readonly database: TestDatabase;
  readonly account: AccountId;
  readonly workspace: Workspace;
  readonly customer: ContactId;
  readonly colleague: ContactId;
  #count = 0;

  private constructor(parts: Omit<History, 'close' | 'metrics' | 'agent' | 'chat' | 'said' | 'replied' | 'acked'>) {
    this.store = parts.store;
    this.database = parts.database;
    this.account = parts.account;
    this.workspace = parts.workspace;
    this.customer = parts.customer;
    this.colleague = parts.colleague;
  }

  static async open(): Promise<History> {
    const database = await freshDatabase();
    const store = Store.create({ address: database });
    const now = new Date('2026-01-01T00:00:00Z');
    const account = newId<AccountId>(now.getTime());
    await store.read.accounts.create({ id: account, name: 'Shop' });
    const workspace = await store.read.workspaces.fromEnvironment('fake', now);
    const { contact: customer } = await store.transaction((tx) => tx.contacts.resolve({ address: as('mia') }, now));
    const { contact: colleague } = await store.transaction((tx) => tx.contacts.resolve({ address: as('joe') }, now));
    const sql = await connect(database);
    await sql.query('update contact set internal = true where id = $1', [colleague.id]);
    await sql.end();
    return new History({ store, database, account, workspace, customer: customer.id, colleague: colleague.id });
  }

  /** The facade over this database; what it posts goes to `posted`. */
  metrics(clock: Clock, posted: MetricsParts['postDigest'] = async () => undefined): Metrics {
    const log = createLog({ level: 'silent' });
    const nudge = async (): Promise<void> => undefined;
    const channelText = async () => (text: string) => text;
    return new Metrics({ store: this.store, clock, log, postDigest: posted, nudge, channelText });
  }

  async close(): Promise<void> {
    await this.store.close();
    await this.database.drop();
  }

  async agent(name: string): Promise<AgentId> {
    const agent = await this.store.read.agents.add(
      { email: `${name}@acme.com`, name: null, role: 'member', status: 'active' },
      new Date('2026-01-01T00:00:00Z'),
    );
    if (agent === undefined) throw new Error(`${name} is there already`);
    return agent.id;
  }

  async chat(name: string): Promise<ChatId> {
    const now = new Date('2026-01-01T00:00:00Z');
    const { chat } = await this.store.transaction((tx) =>
      tx.chats.resolve(this.account, { address: as(`${name} ${this.#next()}`), kind: 'group', name }, null, now),
    );
    return chat.id;
  }

  #next(): number {
    this.#count += 1;
    return this.#count;
  }

  /** As the bridge does it: the row, then the Episode, in one transaction. */
  async said({ chat, at, isInternal, kind = 'text', isFiltered, postedAt }: Said): Promise<MessageId> {
    const id = newId<MessageId>(at.getTime());
    const contactId = isInternal === true ? this.colleague : this.customer;
    const content = kind === 'text' ? words : kind === 'call' ? call : change;
    await this.store.transaction(async (tx) => {
      await tx.messages.insert({
        id,
        accountId: this.account,
        chatId: chat,
        direction: 'in',
        source: kind === 'change' ? 'automation' : 'contact',
        content,
        text: '',
        remoteId: as<RemoteId>(`in ${this.#next()}`),
        author: contactId,
        contactId,
        filtered: isFiltered === true ? 'the chat is set to “never mirror”' : null,
        sentAt: at,
        receivedAt: at,
      });
      if (postedAt !== undefined) await tx.messages.posted(id, postedAt);
      await tx.episodes.asked(chat, at);
    });
    return id;
  }

  async replied({ chat, agent, source, at, ackedAt, isNote, state }: Replied): Promise<MessageId> {
    const id = newId<MessageId>(at.getTime());
    await this.store.transaction(async (tx) => {
      await tx.messages.insert({
        id,
        accountId: this.account,
        chatId: chat,
        direction: 'out',
        source,
        content: words,
        text: '',
        remoteId: isNote === true ? null : as<RemoteId>(`out ${this.#next()}`),
        author: 'us',
        agentId: agent ?? null,
        note: isNote ?? false,
        originWorkspaceId: source === 'platform' ? this.workspace.id : null,
        originPostId: source === 'platform' ? as(`post ${this.#next()}`) : null,
        state: state ?? (ackedAt === undefined ? 'queued' : 'sent'),
        sentAt: at,
        receivedAt: at,
        ackedAt: ackedAt ?? null,
      });
      if (ackedAt !== undefined) await tx.episodes.answered(chat, ackedAt);
    });
    return id;
  }

  /** The acknowledgement comes later than the reply was recorded. */
  async acked(id: MessageId, chat: ChatId, ackedAt: Date): Promise<void> {
    await this.store.transaction(async (tx) => {
      await tx.messages.update(id, { ackedAt, state: 'sent' });
      await tx.episodes.answered(chat, ackedAt);
    });
  }
}

export interface SlowEpisode {
  readonly chat: ChatId;
  readonly askedAt: Date;
  readonly answeredAt: Date | null;
  readonly agent: AgentId | null;
}

/** By the words of the definition: go through a Chat's history in the order of the messenger's times. */
export function slowEpisodes(said: readonly Said[], replied: readonly Replied[], countsPhone = true): SlowEpisode[] {
  const moments = [
    ...said
      .filter(
        ({ isInternal, kind, isFiltered }) => isInternal !== true && (kind ?? 'text') === 'text' && isFiltered !== true,
      )
      .map(({ chat, at }) => ({ chat, at, reply: undefined as Replied | undefined })),
    ...replied
      .filter(({ source, isNote, ackedAt }) => source !== 'automation' && isNote !== true && ackedAt !== undefined)
      .filter(({ source }) => countsPhone || source !== 'phone')
      .map((reply) => ({ chat: reply.chat, at: reply.ackedAt ?? reply.at, reply })),
  ];
  const order = (one: (typeof moments)[number], other: (typeof moments)[number]): number =>
    one.at.getTime() - other.at.getTime() || Number(one.reply !== undefined) - Number(other.reply !== undefined);
  const episodes: SlowEpisode[] = [];
  for (const [chat, ofChat] of Map.groupBy(moments, (moment) => moment.chat)) {
    let askedAt: Date | undefined;
    for (const { at, reply } of ofChat.toSorted(order)) {
      if (reply === undefined) askedAt ??= at;
      else if (askedAt !== undefined) {
        episodes.push({ chat, askedAt, answeredAt: at, agent: reply.agent ?? null });
        askedAt = undefined;
      }
    }
    if (askedAt !== undefined) episodes.push({ chat, askedAt, answeredAt: null, agent: null });
  }
  return episodes;
}

/** The value below which the share `part` lies, between two neighbours in proportion. */
export function slowPercentile(values: readonly number[], part: number): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((one, other) => one - other);
  const place = part * (sorted.length - 1);
  const low = sorted[Math.floor(place)] ?? 0;
  const high = sorted[Math.ceil(place)] ?? 0;
  return low + (high - low) * (place - Math.floor(place));
}
