// Vitest's global set-up: one PostgreSQL for the whole run and, in it, a template that every test's database is cloned from.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { formatDatabaseUrl, parseDatabaseUrl } from '../../src/runtime/database-url.ts';
import type { DatabaseAddress } from '../../src/runtime/database-url.ts';
import { createLog } from '../../src/runtime/log.ts';
import { startPostgres } from '../../src/runtime/postgres.ts';
import { prepareTemplate } from './prepare-template.ts';
import { createDatabase, dropDatabase } from './postgres.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The template's database, as an address that `parseDatabaseUrl` reads. */
    templateDatabase: string;
  }
}

/**
 * Starts an embedded server in a temporary folder, or uses the one that DATABASE_URL_TEST (or DATABASE_URL) names, whose
 * user must be allowed to create databases. The returned function undoes it.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { DATABASE_URL_TEST, DATABASE_URL } = process.env;
  const given = DATABASE_URL_TEST ?? DATABASE_URL;
  const server =
    given === undefined ? await startTemporary() : { address: parseDatabaseUrl(given), stop: async () => undefined };
  const template = { ...server.address, dbName: `switchboard_template_${process.pid}` };
  await dropDatabase(server.address, template.dbName);
  await createDatabase(server.address, template.dbName);
  await prepareTemplate(template);
  project.provide('templateDatabase', formatDatabaseUrl(template));
  return async () => {
    await dropDatabase(server.address, template.dbName);
    await server.stop();
  };
}

/** Ends the servers of runs that were killed before they could. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(os.tmpdir())) {
    const [, pid] = /^switchboard-tests-(\d+)-/.exec(name) ?? [];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const dataDir = path.join(os.tmpdir(), name);
    const serverPid = Number.parseInt(
      await readFile(path.join(dataDir, 'pg18/postmaster.pid'), 'utf8').catch(() => ''),
      10,
    );
    if (isAlive(serverPid)) process.kill(serverPid, 'SIGQUIT');
    await rm(dataDir, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function startTemporary(): Promise<{ address: DatabaseAddress; stop(): Promise<void> }> {
  await removeLeftovers();
  const dataDir = await mkdtemp(path.join(os.tmpdir(), `switchboard-tests-${process.pid}-`));
  const removeFolder = (): Promise<void> => rm(dataDir, { recursive: true, force: true });
  try {
    const server = await startPostgres({ dataDir, log: createLog({ level: 'warn' }) });
    const { host, port, user, dbName } = server;
    return { address: { host, port, user, dbName }, stop: () => server.stop().then(removeFolder) };
  } catch (error) {
    await removeFolder();
    throw error;
  }
}
