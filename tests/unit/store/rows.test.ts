// Rows as our code reads them: our plugin beside MikroORM's own, which it takes the place of.
import { MikroKyselyPlugin, MikroORM } from '@mikro-orm/postgresql';
import type { KyselyPlugin } from 'kysely';
import { expect, test } from 'vitest';
import { kyselyOptions, type Tables } from '../../../src/store/db.ts';
import { entities } from '../../../src/store/entities.ts';
import { Rows } from '../../../src/store/rows.ts';

const em = new MikroORM({ dbName: 'nothing is asked', entities: [...entities] }).em.fork();
const plugins: readonly KyselyPlugin[] = [new MikroKyselyPlugin(em, kyselyOptions), new Rows(em)];

/** As the driver gives it. */
const valueOf = (type: string): unknown => {
  switch (type) {
    case 'Date':
      return '2026-03-04 05:06:07.089+00';
    case 'Buffer':
      return Buffer.from('sealed');
    case 'boolean':
      return true;
    case 'any':
      return { kind: 'text', at: '2026-03-04 05:06:07+00' };
    default:
      return '17';
  }
};

test.each([...em.getMetadata()].map((meta) => [meta.tableName, meta] as const))(
  'a row of %s reads the same',
  async (table, { props }) => {
    const full = Object.fromEntries(
      props.flatMap(({ fieldNames, runtimeType }) => fieldNames.map((name) => [name, valueOf(runtimeType)])),
    );
    const empty = Object.fromEntries(Object.keys(full).map((name) => [name, null]));
    const [theirs, ours] = await Promise.all(
      plugins.map(async (plugin) => {
        const db = em.getKysely<Tables>().withPlugin(plugin);
        const { queryId } = db.selectFrom(table as keyof Tables).selectAll().compile();
        return (await plugin.transformResult({ queryId, result: { rows: [full, empty, { counted: '3' }] } })).rows;
      }),
    );
    expect(ours).toEqual(theirs);
    expect(ours?.[0]).not.toEqual(full);
  },
); // prettier-ignore
