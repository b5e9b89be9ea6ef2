// The start, while the database dies: at any statement of it, the server is killed. The program must get to work all the same, by itself.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { sample, seed } from '../support/seed.ts';
import { Town } from './town.ts';

const PRELOAD = ['--import', new URL('../support/server-deaths.mjs', import.meta.url).pathname];
const PATIENCE_MS = 60_000;

/** At how many statements the server dies: of the first start, which makes the tables, and of a later one. */
export function startSuite(sizes: { readonly first: number; readonly later: number }): void {
  let town: Town;
  /** Of this test; each has a folder and a database of its own. */
  let folder: string;

  beforeAll(async () => {
    town = await Town.build({ workspaces: ['slack', 'discord'] });
    delete town.settings['DATABASE_URL'];
  });
  afterAll(() => town.close());

  async function useNewFolder(): Promise<void> {
    folder = await mkdtemp(path.join(tmpdir(), 'switchboard-start-'));
    town.settings['DATA_DIR'] = folder;
  }
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Starts and ends the program in good order; gives how many statements that took until it was at work. */
  async function countStatements(): Promise<number> {
    const log = path.join(folder, 'statements');
    await town.run({ STATEMENT_LOG: log }, PRELOAD).line('"msg":"at work"');
    const lines = await readFile(log, 'utf8');
    await town.stop();
    return lines.trim().split('\n').length;
  }

  async function startWhileServerDies(statement: number): Promise<void> {
    const program = town.run({ SERVER_DIES_AT: String(statement) }, PRELOAD);
    let end: number | NodeJS.Signals | undefined;
    void program.ended.then((code) => (end = code));
    const what = `the program to be at work, though its database died at statement ${statement}`;
    await town
      .until(async () => end !== undefined || (await town.isConnected()), what, PATIENCE_MS)
      .catch(async (error: unknown) => {
        const { body } = await town.api('GET', '/readyz');
        throw new Error(`Not ready: ${JSON.stringify(body)}`, { cause: error });
      });
    const lines = program.lines.slice(-25).join('\n');
    expect(end, `it ended by itself when its database died at statement ${statement}:\n${lines}`).toBeUndefined();
    expect(program.lines).toContain('the server was killed');
    expect(await town.stop(), `its exit code, after statement ${statement}:\n${program.lines.join('\n')}`).toBe(0);
  }

  test(
    `the first start gets over the death of the database at ${sizes.first} of its statements (seed ${seed})`,
    async () => {
      await useNewFolder();
      const statements = await countStatements();
      await rm(folder, { recursive: true, force: true });
      expect(statements).toBeGreaterThan(50);
      for (const statement of sample('first start', statements, sizes.first)) {
        await useNewFolder();
        await startWhileServerDies(statement);
        await rm(folder, { recursive: true, force: true });
      }
    },
    PATIENCE_MS + sizes.first * PATIENCE_MS,
  );

  test(
    `a later start gets over the death of the database at ${sizes.later} of its statements (seed ${seed})`,
    async () => {
      await useNewFolder();
      await town.run().line('"msg":"at work"');
      await town.link(town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' }));
      await town.stop();
      const statements = await countStatements();
      expect(statements).toBeGreaterThan(20);
      for (const statement of sample('later start', statements, sizes.later)) await startWhileServerDies(statement);
    },
    PATIENCE_MS + sizes.later * PATIENCE_MS,
  );
}
