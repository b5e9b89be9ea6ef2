// The embedded PostgreSQL: starts its server, takes over one that outlived us, revives one that died, keeps other programs off the folder.
import { closeSync, openSync } from 'node:fs';
import { mkdir, realpath, rename, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import type { DatabaseAddress } from './database-url.ts';
import type { Log } from './log.ts';
import {
  clearStaleLock, findHome, DATABASE_NAME, makeFolder, makeSocketDir, readPostmaster, removeAbandoned, SOCKET_PORT,
} from './postgres-folder.ts'; // prettier-ignore
import type { Place, Postmaster } from './postgres-folder.ts';
import { findPrograms, PostgresError, serverUser } from './postgres-programs.ts';
import { systemClock } from './time.ts';

export { PostgresError } from './postgres-programs.ts';

/** The major version is part of the folder's name: a newer server can't read an older one's folder (dump and restore). */
const FOLDER = 'pg18';
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_S = 60;
const RETRY_MS = 50;
const CONNECT_LIMIT_MS = 5_000;
/** How long the server may need to notice that the process that held the folder is gone. */
const HAND_OVER_MS = 2_000;
/** The advisory lock that a program holds on its folder's server: any number that nobody else uses. */
const FOLDER_LOCK = 730_582_910;
const LONGEST_LOG_BYTES = 1_000_000;
/** "The database system is starting up" or shutting down (PostgreSQL error codes). */
const CANNOT_CONNECT_NOW = '57P03';

/** A running embedded server that this process holds alone. */
export interface EmbeddedPostgres extends DatabaseAddress {
  /** The server's process id; another one after the server died and was started again. */
  readonly pid: number;
  /** Stops the server (fast shutdown: open sessions end, nothing committed is lost) and waits for it. May be called again. */
  stop(): Promise<void>;
}

/**
 * Starts the PostgreSQL server of `dataDir` (made at the first start), or takes over one that was left running when an
 * earlier process died. It is reached by a unix socket only, without a password: the socket's folder is closed to
 * others. When the server dies while we run, it is started again. Throws PostgresError, whose message is for the person
 * who started the program: also when another live process has this folder.
 */
export async function startPostgres(options: {
  readonly dataDir: string;
  readonly log: Log;
}): Promise<EmbeddedPostgres> {
  const { log } = options;
  await mkdir(options.dataDir, { recursive: true });
  const dataDir = await realpath(options.dataDir);
  const user = await serverUser(path.join(dataDir, FOLDER));
  const home = await findHome(dataDir, FOLDER, user, log);
  const programs = await findPrograms(home, user, log);
  const place: Place = { folder: path.join(home, FOLDER), home, user, programs };
  await makeFolder(place);
  const server = new Server(place, await makeSocketDir(place), log);
  await server.start();
  await removeAbandoned(place);
  return server;
}

class Server implements EmbeddedPostgres {
  readonly port = SOCKET_PORT;
  readonly user = DATABASE_NAME;
  readonly dbName = DATABASE_NAME;
  readonly #place: Place;
  readonly #log: Log;
  #socketDir: string;
  #pid = 0;
  #isStopping = false;
  #stopped: Promise<void> | undefined;
  #revival: Promise<void> | undefined;

  constructor(place: Place, socketDir: string, log: Log) {
    this.#place = place;
    this.#socketDir = socketDir;
    this.#log = log;
  }

  get host(): string {
    return this.#socketDir;
  }

  get pid(): number {
    return this.#pid;
  }

  async start(): Promise<void> {
    await this.#hold();
  }

  stop(): Promise<void> {
    this.#isStopping = true;
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    await this.#revival;
    const { folder, user, home, programs } = this.#place;
    const args = ['stop', '-D', folder, '-m', 'fast', '-w', '-t', String(STOP_LIMIT_S), '-s'];
    try {
      await programs.run('pg_ctl', args, { user, cwd: home });
    } catch (error) {
      const postmaster = await readPostmaster(folder);
      if (postmaster !== undefined && isAlive(postmaster.pid)) throw error;
    }
  }

  /**
   * Gets a server to run, ours or one left behind, and makes this process the one that holds it: by a session with an
   * advisory lock, which ends when either of the two dies. Makes the database if there is none yet. Throws PostgresError
   * after a minute without a sign of life.
   */
  async #hold(): Promise<void> {
    let lastError: unknown;
    let endsAtMs = systemClock.monotonicMs() + START_LIMIT_MS;
    while (systemClock.monotonicMs() < endsAtMs && !this.#isStopping) {
      try {
        const session = await this.#connectOrLaunch();
        try {
          await lockFolder(session, this.#place.home);
          await makeDatabase(session);
        } catch (error) {
          await session.end();
          throw error;
        }
        session.once('end', () => this.#onSessionEnd());
        return;
      } catch (error) {
        if (error instanceof PostgresError) throw error;
        lastError = error;
        // Recovery after a crash may take its time; the server says that it is at it.
        if (codeOf(error) === CANNOT_CONNECT_NOW) endsAtMs = systemClock.monotonicMs() + START_LIMIT_MS;
      }
      await systemClock.sleep(RETRY_MS);
    }
    const { folder } = this.#place;
    throw new PostgresError(`The embedded PostgreSQL in ${folder} didn't start; ${folder}.log may say why.`, {
      cause: lastError,
    });
  }

  /** A session on the running server, which is launched if there is none. Throws while it can't be reached: try again. */
  async #connectOrLaunch(): Promise<Client> {
    const { folder } = this.#place;
    const running = await readPostmaster(folder);
    if (running !== undefined) {
      try {
        return await this.#connect(running);
      } catch (error) {
        if (codeOf(error) === CANNOT_CONNECT_NOW) throw error;
        if (isAlive(running.pid) && !(await clearStaleLock(folder, running))) throw error;
        this.#log.warn({ serverPid: running.pid }, 'the embedded database was killed and is started again');
      }
    }
    return this.#connect(await this.#launch());
  }

  async #connect(postmaster: Postmaster): Promise<Client> {
    const session = new Client({
      host: postmaster.socketDir,
      port: SOCKET_PORT,
      user: DATABASE_NAME,
      database: 'postgres',
      ssl: false,
      connectionTimeoutMillis: CONNECT_LIMIT_MS,
      application_name: `${DATABASE_NAME} ${process.pid}@${os.hostname()}`.slice(0, 63),
    });
    // Its `end` follows and is what we act on.
    session.on('error', () => undefined);
    await session.connect();
    this.#socketDir = postmaster.socketDir;
    this.#pid = postmaster.pid;
    return session;
  }

  /** Starts the server program; resolves when it has its socket, throws when it ended before. */
  async #launch(): Promise<Postmaster> {
    const { folder, user, home, programs } = this.#place;
    const settings = Object.entries({
      listen_addresses: '',
      port: SOCKET_PORT,
      unix_socket_directories: this.#socketDir,
      // Errors reach the program as answers; in the server's log they would bring row values along.
      log_min_messages: 'log',
      log_error_verbosity: 'terse',
    }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const logFd = await openServerLog(`${folder}.log`);
    try {
      const child = programs.spawn('postgres', ['-D', folder, ...settings], {
        user,
        cwd: home,
        stdio: ['ignore', logFd, logFd],
        detached: true,
      });
      // An unstartable program has no process id; it also says so here.
      child.on('error', () => undefined);
      // The server may outlive us, and doesn't keep us alive.
      child.unref();
      while (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
        const postmaster = await readPostmaster(folder);
        if (postmaster !== undefined && postmaster.pid === child.pid) return postmaster;
        await systemClock.sleep(RETRY_MS / 5);
      }
    } finally {
      closeSync(logFd);
    }
    throw new Error('the server program ended at its start');
  }

  /** The session that holds the folder ended: the server died, or somebody ended the session. */
  #onSessionEnd(): void {
    if (this.#isStopping) return;
    this.#log.error({ serverPid: this.#pid }, 'the embedded database went away; it is started again');
    this.#revival = this.#revive();
  }

  async #revive(): Promise<void> {
    while (!this.#isStopping) {
      try {
        await this.#hold();
        this.#log.info({ serverPid: this.#pid }, 'the embedded database is back');
        return;
      } catch (error) {
        if (!this.#isStopping)
          this.#log.fatal({ err: error }, 'the embedded database does not come back; trying again');
      }
    }
  }
}

/** Makes the session the holder of the folder, or throws PostgresError with the name of the process that is. */
async function lockFolder(session: Client, home: string): Promise<void> {
  const endsAtMs = systemClock.monotonicMs() + HAND_OVER_MS;
  do {
    const { rows } = await session.query<{ held: boolean }>('select pg_try_advisory_lock($1) as held', [FOLDER_LOCK]);
    if (rows[0]?.held === true) return;
    await systemClock.sleep(RETRY_MS);
  } while (systemClock.monotonicMs() < endsAtMs);
  const { rows } = await session.query<{ name: string; since: Date }>(
    `select application_name as name, backend_start as since from pg_locks join pg_stat_activity using (pid)
     where locktype = 'advisory' and classid = 0 and objid = $1 and granted`,
    [FOLDER_LOCK],
  );
  const [holder] = rows;
  const who =
    holder === undefined
      ? 'another process'
      : `process ${holder.name.split(' ').at(-1)}, since ${holder.since.toISOString()}`;
  throw new PostgresError(
    `Switchboard is already running on this folder, ${home}: ${who}. Stop that one first, or give this one another DATA_DIR.`,
  );
}

async function makeDatabase(session: Client): Promise<void> {
  const { rowCount } = await session.query('select from pg_database where datname = $1', [DATABASE_NAME]);
  if (rowCount === 0) await session.query(`create database ${DATABASE_NAME}`);
}

/** Opens the server's log for more lines; one that has grown long makes room, and the one before it goes. */
async function openServerLog(file: string): Promise<number> {
  const found = await stat(file).catch(() => undefined);
  if (found !== undefined && found.size > LONGEST_LOG_BYTES) await rename(file, `${file}.old`);
  return openSync(file, 'a', 0o600);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
