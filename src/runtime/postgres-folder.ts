// The files around an embedded PostgreSQL: making its folder, the socket's folder, and telling a live lock from a stale one.
import { createHash } from 'node:crypto';
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Log } from './log.ts';
import { canReach, PostgresError } from './postgres-programs.ts';
import type { Programs, ServerUser } from './postgres-programs.ts';
import { systemClock } from './time.ts';

/** The database's superuser and the database itself bear this name. */
export const DATABASE_NAME = 'switchboard';
/** Part of the socket's file name; nothing listens on a network port. */
export const SOCKET_PORT = 5432;

/** A socket's path may have 103 bytes on macOS and 107 on Linux (sun_path in sys/un.h, less the closing zero). */
const LONGEST_SOCKET_PATH = 103;
/** A half-made folder older than this belongs to nobody any more; making one takes about a second. */
const ABANDONED_AFTER_MS = 10 * 60_000;

/** The place of one embedded database. */
export interface Place {
  /** The database's own folder. */
  readonly folder: string;
  /** The folder around it, which the server's user can reach: DATA_DIR, or its stand-in (`findHome`). */
  readonly home: string;
  readonly user: ServerUser | undefined;
  readonly programs: Programs;
}

/**
 * The folder that holds the database's folder `name`: `dataDir`, if the server's user can reach it. When that is another
 * user than ours (we are root) and DATA_DIR is closed to everybody but us, it is opened to that user's group for passing
 * through, not for listing or reading. When a folder above is closed, as /root is, the database lives under /var/lib
 * instead, and a link in DATA_DIR says where, now and at every later start.
 */
export async function findHome(dataDir: string, name: string, user: ServerUser | undefined, log: Log): Promise<string> {
  const folder = path.join(dataDir, name);
  const elsewhere = await readlink(folder).catch(() => undefined);
  if (elsewhere !== undefined) return path.dirname(elsewhere);
  if (user === undefined || canReach(dataDir, user)) return dataDir;

  const { uid, mode } = await stat(dataDir);
  if (uid === 0 && (mode & 0o070) === 0) {
    await chown(dataDir, uid, user.gid);
    await chmod(dataDir, (mode & 0o777) | 0o010);
    if (canReach(dataDir, user)) return dataDir;
  }
  let home: string;
  try {
    home = await mkdtemp('/var/lib/switchboard-');
    await chmod(home, 0o711);
    await symlink(path.join(home, name), folder);
  } catch (error) {
    throw new PostgresError(
      `Started as root, the program runs PostgreSQL as the system user ${user.uid}, who can't reach DATA_DIR (${dataDir}), and no folder under /var/lib can stand in for it. Choose another DATA_DIR, start the program as another user, or set DATABASE_URL.`,
      { cause: error },
    );
  }
  log.warn(
    { dataDir, home },
    'the database is kept outside DATA_DIR, which its system user cannot reach; back up both',
  );
  return home;
}

/**
 * Makes the database's folder if there is none. It is made under another name and renamed when complete, so a kill on
 * the way leaves nothing half-made; when two processes make it at once, the first to finish wins.
 */
export async function makeFolder(place: Place): Promise<void> {
  const { folder, home, user, programs } = place;
  if (await isFile(path.join(folder, 'PG_VERSION'))) return;
  const newFolder = await mkdtemp(`${folder}.new-`);
  try {
    if (user !== undefined) await chown(newFolder, user.uid, user.gid);
    await programs.run(
      'initdb',
      // The built-in collation is the same on every system; one from the system would change under its indexes with an upgrade.
      ['-D', newFolder, '-U', DATABASE_NAME, '-E', 'UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--auth-local=trust', '--auth-host=reject', '--no-instructions'], // prettier-ignore
      { user, cwd: home },
    );
    await rename(newFolder, folder);
    await syncFolder(home);
  } catch (error) {
    await rm(newFolder, { recursive: true, force: true });
    if (!(await isFile(path.join(folder, 'PG_VERSION')))) throw error;
  }
}

/** Removes what earlier processes left half-made. */
export async function removeAbandoned(place: Place): Promise<void> {
  const prefix = `${path.basename(place.folder)}.new-`;
  for (const name of await readdir(place.home)) {
    if (!name.startsWith(prefix)) continue;
    const leftover = path.join(place.home, name);
    const ageMs = systemClock.now().getTime() - (await stat(leftover)).mtimeMs;
    if (ageMs > ABANDONED_AFTER_MS) await rm(leftover, { recursive: true, force: true });
  }
}

/** A rename is on the disk only when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * The folder of the server's socket, closed to others: beside the database, or when that path is too long for a socket
 * one under the system's temporary folder, named after the database's path so that it's found again.
 */
export async function makeSocketDir(place: Place): Promise<string> {
  const { folder, user } = place;
  const name = `switchboard-${shortHash(folder)}`;
  const candidates = [`${folder}.socket`, path.join(os.tmpdir(), name), path.join('/tmp', name)];
  const socketDir =
    candidates.find((dir) => Buffer.byteLength(socketIn(dir)) <= LONGEST_SOCKET_PATH) ?? path.join('/tmp', name);
  const ownerUid = user?.uid ?? process.getuid?.();
  const isNew = await mkdir(socketDir, { mode: 0o700 }).then(
    () => true,
    () => false,
  );
  if (isNew && user !== undefined) await chown(socketDir, user.uid, user.gid);
  const found = await lstat(socketDir);
  // Under a shared temporary folder somebody else could have made it first.
  if (!found.isDirectory() || found.uid !== ownerUid) {
    throw new PostgresError(
      `The folder ${socketDir}, where the database's socket should be, belongs to somebody else: remove it.`,
    );
  }
  await chmod(socketDir, 0o700);
  return socketDir;
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

function socketIn(dir: string): string {
  return path.join(dir, `.s.PGSQL.${SOCKET_PORT}`);
}

/** What a running server wrote about itself. */
export interface Postmaster {
  readonly pid: number;
  readonly socketDir: string;
}

/** Reads the server's own lock file (`postmaster.pid`: pid, folder, start, port, socket folder, a line each); undefined when there is none or it isn't complete. */
export async function readPostmaster(folder: string): Promise<Postmaster | undefined> {
  const text = await readFile(path.join(folder, 'postmaster.pid'), 'utf8').catch(() => '');
  const [pid, , , , socketDir] = text.split('\n');
  return pid && socketDir ? { pid: Number(pid), socketDir } : undefined;
}

/**
 * Removes the lock of a server that is gone. PostgreSQL does this itself unless its old process id is still taken: by
 * the dead server, which nobody has reaped yet (a container without an init), or by an unrelated process after a
 * restart. Only where /proc can prove that no server process is left on this folder, the ones that handled a
 * connection included. False when it can't.
 */
export async function clearStaleLock(folder: string, postmaster: Postmaster): Promise<boolean> {
  if (process.platform !== 'linux' || (await isServed(folder))) return false;
  if ((await readPostmaster(folder))?.pid !== postmaster.pid) return false;
  await rm(path.join(folder, 'postmaster.pid'), { force: true });
  const socket = socketIn(postmaster.socketDir);
  await rm(`${socket}.lock`, { force: true });
  await rm(socket, { force: true });
  return true;
}

/** Whether any live PostgreSQL process has this folder as its working directory, as all of them do; also true when that can't be seen. */
async function isServed(folder: string): Promise<boolean> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    // `123 (postgres) S …`: Z and X are dead ones (proc(5)).
    if (!/^\d+ \(postgres\) [^ZX]/.test(status)) continue;
    const cwd = await readlink(`/proc/${pid}/cwd`).catch((error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' ? '' : folder,
    );
    if (cwd === folder) return true;
  }
  return false;
}

async function isFile(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
}
