// The audit log: only ever added to, and chained so that what was done to it all the same is noticed.
import { afterEach, expect, test } from 'vitest';
import { AuditChain, chainSome, verifyAuditChain } from '../../../src/access/audit-chain.ts';
import { connect } from '../../support/postgres.ts';
import { openHouse, waitFor, type House } from './house.ts';

let house: House;
afterEach(() => house.close());

async function write(count: number): Promise<void> {
  house = await openHouse();
  for (let row = 0; row < count; row += 1) {
    const detail = { row, nested: { b: [1, { z: null, a: 'é' }], a: 0.5 } };
    await house.store.read.audit.add({
      actor: { kind: 'program' },
      action: 'test',
      detail,
      source: 'program',
      at: new Date(),
    });
  }
}

/** As somebody would who owns the database. */
async function tamper(statement: string): Promise<void> {
  const client = await connect(house.database);
  try {
    await client.query(`alter table audit disable trigger all; ${statement}; alter table audit enable trigger all`);
  } finally {
    await client.end();
  }
}

test('the loop chains what was written, and the chain holds', async () => {
  await write(3);
  const chain = new AuditChain(house.parts);
  chain.start();
  await waitFor(async () => expect(await house.store.read.audit.unchainedCount()).toBe(0));
  await chain.stop();
  expect(await verifyAuditChain(house.store)).toMatchObject({ checked: 3, waiting: 0, head: { seq: 3 } });
});

test('several at once chain every row once', async () => {
  await write(20);
  const counts = await Promise.all(Array.from({ length: 8 }, () => chainSome(house.store)));
  expect(counts.toSorted((one, other) => other - one)).toEqual([20, 0, 0, 0, 0, 0, 0, 0]);
  const report = await verifyAuditChain(house.store);
  expect([report.checked, report.broken]).toEqual([20, undefined]);
});

test.each([
  ['a changed row', `update audit set action = 'other' where chain_seq = 3`, 3],
  ['a changed detail', `update audit set detail = jsonb_set(detail, '{nested,a}', '0.6') where chain_seq = 2`, 2],
  ['a row that was taken out', 'delete from audit where chain_seq = 2', 2],
  [
    'a row that was put in',
    `update audit set chain_seq = chain_seq + 100 where chain_seq > 3; insert into audit (at, actor_kind, action, source, chain_seq, hash) values (now(), 'program', 'test', 'program', 4, 'abc'); update audit set chain_seq = chain_seq - 99 where chain_seq > 100`,
    4,
  ],
])('%s breaks it, and the place is told', async (_, statement, seq) => {
  await write(5);
  await chainSome(house.store);
  await tamper(statement);
  expect((await verifyAuditChain(house.store)).broken?.seq).toBe(seq);
});

test.each([
  'update audit set action = $$other$$',
  'delete from audit',
  'truncate audit',
  'update audit set hash = null',
])('the program itself can’t do it: %s', async (statement) => {
  await write(1);
  await chainSome(house.store);
  await expect(house.store.query(statement, [])).rejects.toThrow('only ever added to');
});
