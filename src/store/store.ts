// The store: opens the database, brings its tables up to date, and gives each unit of work one query object a noun.
import { MikroORM, UnderscoreNamingStrategy } from '@mikro-orm/postgresql';
import { Migrator } from '@mikro-orm/migrations';
import { CompiledQuery, sql, type DatabaseConnection } from 'kysely';
import pg from 'pg';
import type { ChatId } from '../domain/ids.ts';
import type { SessionStore } from '../domain/session.ts';
import type { DatabaseAddress } from '../runtime/database-url.ts';
import type { Query } from '../runtime/lease.ts';
import type { Vault } from '../runtime/secrets.ts';
import { accountQueries } from './account.ts';
import { agentQueries } from './agent.ts';
import { auditQueries } from './audit.ts';
import { chatQueries } from './chat.ts';
import { contactQueries } from './contact.ts';
import type { Db, Tables } from './db.ts';
import { deliveryQueries } from './delivery.ts';
import { digestQueries } from './digest.ts';
import { entities } from './entities.ts';
import { episodeQueries } from './episode.ts';
import { figureQueries } from './figure.ts';
import { grantQueries } from './grant.ts';
import { idempotencyQueries } from './idempotency.ts';
import { inboxQueries } from './inbox.ts';
import { invitationQueries } from './invitation.ts';
import { labelQueries } from './label.ts';
import { listingQueries } from './listing.ts';
import { loginQueries } from './login.ts';
import { messageQueries } from './message.ts';
import { migrations } from './migrations/list.ts';
import { mirrorQueries } from './mirror.ts';
import { postQueries } from './post.ts';
import { quickReplyQueries } from './quick-reply.ts';
import { reactionQueries } from './reaction.ts';
import { reseal } from './reseal.ts';
import { Rows } from './rows.ts';
import { createSessionStore } from './session.ts';
import { settingQueries } from './setting.ts';
import { signInLinkQueries } from './sign-in-link.ts';
import { ticketQueries } from './ticket.ts';
import { assertTurn, OnlyInTurn, type Turn } from './turn.ts';
import { workspaceQueries } from './workspace.ts';

/** `held`: the Chats that the transaction has locked; undefined outside of one. */
function queries(db: Db, enqueued: () => void, held?: Set<ChatId>) {
  return {
    accounts: accountQueries(db),
    agents: agentQueries(db),
    audit: auditQueries(db),
    chats: chatQueries(db, held),
    contacts: contactQueries(db),
    deliveries: deliveryQueries(db, enqueued),
    digests: digestQueries(db),
    episodes: episodeQueries(db, held),
    figures: figureQueries(db),
    grants: grantQueries(db),
    idempotency: idempotencyQueries(db),
    inbox: inboxQueries(db),
    invitations: invitationQueries(db),
    labels: labelQueries(db),
    listings: listingQueries(db),
    logins: loginQueries(db),
    messages: messageQueries(db),
    mirrors: mirrorQueries(db),
    posts: postQueries(db),
    quickReplies: quickReplyQueries(db),
    reactions: reactionQueries(db),
    settings: settingQueries(db),
    signInLinks: signInLinkQueries(db),
    tickets: ticketQueries(db, held),
    workspaces: workspaceQueries(db),
  };
}

/** One query object a noun; inside `transaction` all of them see and make one unit of work. */
export type Tx = ReturnType<typeof queries>;

export interface StoreOptions {
  readonly address: DatabaseAddress;
  /** Connections kept at most; 10 when absent. */
  readonly poolSize?: number;
}

/** Postgres's codes for "run it again": serialisation failure, deadlock, and a row that someone else made at the same moment. */
const REPEATABLE = new Set(['40001', '40P01', '23505']);
const REPEATS = 5;

/** A code of PostgreSQL's own; an error without one says that the connection broke or could not be made. */
const SQLSTATE = /^(?=.*\d)[0-9A-Z]{5}$/;
/** What passes: broken connections, collisions, a want of resources, an operator's intervention, trouble of the machine, and being read-only. */
const PASSING = /^(08|40|53|57|58)|^25006$/;

/** Whether the database said that what it was asked is wrong or forbidden, so that asking again is in vain; false while it's away or short of something. */
export function isRefused(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && SQLSTATE.test(code) && !PASSING.test(code);
}

/** Any number that no other program on the database uses for `pg_advisory_lock`. */
const MIGRATION_LOCK = 727_001;

function connectionOptions({ host, port, user, password, dbName }: DatabaseAddress) {
  return { host, port, user, ...(password === undefined ? {} : { password }), dbName };
}

/** Relations are named for their id (`chatId`): the column is `chat_id`, not `chat_id_id`. */
class Naming extends UnderscoreNamingStrategy {
  override joinKeyColumnName(entityName: string, referencedColumnName?: string, composite?: boolean): string {
    return entityName.endsWith('Id')
      ? this.propertyToColumnName(entityName)
      : super.joinKeyColumnName(entityName, referencedColumnName, composite);
  }
}

/** A process that hangs must not hold for ever what it had locked: less than the lease lasts, so that whoever takes over can work. */
const LONGEST_PAUSE_MS = 10_000;

/** Told as a statement: as a connection's parameter, not every pooler lets it pass. */
async function endWhatHangs(connection: unknown): Promise<void> {
  // MikroORM passes Kysely's connection through as unknown.
  const { executeQuery } = connection as DatabaseConnection;
  const statement = `set idle_in_transaction_session_timeout = ${LONGEST_PAUSE_MS}`;
  await executeQuery.call(connection, CompiledQuery.raw(statement));
}

function createOrm({ address, poolSize = 10 }: StoreOptions) {
  return new MikroORM({
    ...connectionOptions(address),
    entities: [...entities],
    extensions: [Migrator],
    namingStrategy: Naming,
    pool: { min: 0, max: poolSize },
    onCreateConnection: endWhatHangs,
    migrations: { migrationsList: [...migrations], tableName: 'migration', snapshot: false, silent: true },
    driverOptions: {
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
      application_name: 'switchboard',
      ...(address.ssl === undefined ? {} : { ssl: address.ssl }),
    },
  });
}

type Orm = ReturnType<typeof createOrm>;

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** The one door to the database. Opened once a process. */
export class Store {
  readonly #orm: Orm;
  readonly #kysely: Db;
  readonly #reading: Tx;
  readonly #enqueued = new Set<() => void>();
  #turn: Turn | undefined;

  private constructor(orm: Orm) {
    this.#orm = orm;
    // One for all: what it learns of the tables in one statement serves the next, and a new one for each would learn it anew.
    const em = orm.em.fork();
    this.#kysely = em.getKysely<Tables>().withPlugin(new Rows(em));
    const inTurn = this.#kysely.withPlugin(new OnlyInTurn(() => this.#turn));
    this.#reading = queries(inTurn, () => this.#notify());
  }

  /** Makes the store without asking the database anything: that happens with the first query. */
  static create(options: StoreOptions): Store {
    return new Store(createOrm(options));
  }

  /** Brings the tables up to date. Safe when several processes start at once: one does it, the others wait. */
  async migrate(address: DatabaseAddress): Promise<void> {
    const { dbName: database, ...rest } = connectionOptions(address);
    const guard = new pg.Client({ ...rest, database, ...(address.ssl === undefined ? {} : { ssl: address.ssl }) });
    // When it breaks, what it is asked fails; without this the program would end.
    guard.on('error', () => undefined);
    await guard.connect();
    try {
      await guard.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
      await this.#orm.migrator.up();
    } finally {
      await guard.end();
    }
  }

  /** What the entities say and the tables don't: SQL that would be needed, empty when they agree. */
  async drift(): Promise<string> {
    return this.#orm.schema.getUpdateSchemaSQL({ wrap: false });
  }

  async createSql(): Promise<string> {
    return this.#orm.schema.getCreateSchemaSQL({ wrap: false });
  }

  /** From now on nothing is written any more when it's another process's turn: that is rejected with a BridgeError. */
  writeOnlyInTurn(turn: Turn): void {
    this.#turn = turn;
  }

  #db(): Db {
    return this.#kysely;
  }

  #unit<T>(work: (db: Db) => Promise<T>): Promise<T> {
    return this.#db()
      .transaction()
      .execute(async (db) => {
        const result = await work(db);
        await assertTurn(this.#turn, db);
        return result;
      });
  }

  #notify = (): void => {
    for (const listener of this.#enqueued) listener();
  };

  /** Single statements, each its own transaction. */
  get read(): Tx {
    return this.#reading;
  }

  /**
   * One unit of work: all of it or nothing. It may be run again from the start when the database says that it collided with another, so it must
   * do nothing but ask and change the store.
   */
  async transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    for (let run = 1; ; run += 1) {
      try {
        let enqueued = false;
        const result = await this.#unit((db) =>
          work(
            queries(
              db,
              () => {
                enqueued = true;
              },
              new Set(),
            ),
          ),
        );
        if (enqueued) this.#notify();
        return result;
      } catch (error) {
        const code = codeOf(error);
        if (run === REPEATS || code === undefined || !REPEATABLE.has(code)) throw error;
      }
    }
  }

  /** Ends a change of keys: see `reseal.ts`. */
  async reseal(vault: Vault): Promise<number> {
    return reseal((work) => this.#unit(work), vault);
  }

  /** `listener` is called after each commit that put a Delivery into a lane. Gives back how to stop that. */
  onEnqueued(listener: () => void): () => void {
    this.#enqueued.add(listener);
    return () => this.#enqueued.delete(listener);
  }

  sessions(vault: Vault): SessionStore {
    return createSessionStore({ read: (work) => work(this.#db()), write: (work) => this.#unit(work) }, vault);
  }

  /** For the lease, which brings its own statements. */
  readonly query: Query = async (text, parameters) => {
    const { rows } = await this.#db().executeQuery<Record<string, unknown>>(CompiledQuery.raw(text, [...parameters]));
    return rows;
  };

  /** Rejects when the database doesn't answer. */
  async ping(): Promise<void> {
    await sql`select 1`.execute(this.#db());
  }

  async close(): Promise<void> {
    await this.#orm.close(true);
  }
}
