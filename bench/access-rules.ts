// What the rules cost over a large installation: each question beside a plain query over the same rows.
import { Access } from '../src/access/access.ts';
import { as, type AgentId, type ChatId, type MirrorId, type WorkspaceId } from '../src/domain/ids.ts';
import { createLog } from '../src/runtime/log.ts';
import { systemClock } from '../src/runtime/time.ts';
import { Store } from '../src/store/store.ts';
import { connect, type TestDatabase } from '../tests/support/postgres.ts';
import { quantiles } from './access-removals.ts';

const RUNS = 40;
const MEMBERS = 500;
const LABELS = 200;

/** Rows as a large team has them: about 3 Labels a Chat, 24 Labels granted to each Label's part of the members, one direct grant a Chat. */
const SEED = (chats: number): readonly string[] => [
  // Millions of rows that refer to what is surely there.
  `set session_replication_role = replica`,
  `set work_mem = '256MB'`,
  `insert into account (id, name, state) values ('00000000-0000-4000-8000-000000000001', 'Main', 'connected')`,
  `insert into workspace (id, platform, name, state, source) values ('00000000-0000-4000-8000-000000000002', 'bench', 'Bench', 'connected', 'environment')`,
  `insert into agent (id, email, role, status)
     select gen_random_uuid(), 'member' || n || '@acme.test', 'member', 'active' from generate_series(1, ${MEMBERS}) n`,
  `insert into identity (workspace_id, user_id, agent_id, how)
     select '00000000-0000-4000-8000-000000000002', 'U' || row_number() over (order by email), id, 'email' from agent`,
  `insert into label (id, name, color) select gen_random_uuid(), 'Label ' || n, '#1f6feb' from generate_series(1, ${LABELS}) n`,
  `insert into chat (id, account_id, kind, name)
     select gen_random_uuid(), '00000000-0000-4000-8000-000000000001', 'direct', 'Chat ' || n from generate_series(1, ${chats}) n`,
  `create temporary table nc as select id, row_number() over () as n from chat`,
  `create temporary table na as select id, row_number() over () as n from agent`,
  `create temporary table nl as select id, row_number() over () as n from label`,
  `insert into chat_label (chat_id, label_id)
     select distinct c.id, l.id from nc c cross join generate_series(1, 3) k
       join nl l on l.n = 1 + (hashint8(c.n * 7 + k) & 2147483647) % ${LABELS}`,
  `insert into label_grant (label_id, agent_id, by, at)
     select distinct l.id, a.id, 'admin@acme.test', now() from nl l cross join generate_series(1, 25) k
       join na a on a.n = 1 + (hashint8(l.n * 131 + k) & 2147483647) % ${MEMBERS}`,
  `insert into chat_grant (chat_id, agent_id, by, at)
     select c.id, a.id, 'admin@acme.test', now() from nc c join na a on a.n = 1 + (hashint8(c.n) & 2147483647) % ${MEMBERS}`,
  `insert into mirror (id, chat_id, workspace_id, state, channel_id, channel_name)
     select gen_random_uuid(), id, '00000000-0000-4000-8000-000000000002', 'open', 'C' || n, 'wa-' || n from nc`,
  `insert into mirror_user (mirror_id, user_id, state)
     select distinct m.id, i.user_id, 'in' from mirror m join (
         select chat_id, agent_id from chat_grant
         union select cl.chat_id, g.agent_id from chat_label cl join label_grant g using (label_id)) s on s.chat_id = m.chat_id
       join identity i on i.agent_id = s.agent_id order by 1, 2`,
  // Some channels are out of step: one person is missing in every 20th, and one too many is in every 40th.
  `delete from mirror_user u using mirror m, nc c where m.id = u.mirror_id and c.id = m.chat_id and c.n % 20 = 0
     and u.user_id = (select min(user_id) from mirror_user where mirror_id = m.id)`,
  `insert into mirror_user (mirror_id, user_id, state)
     select m.id, 'USTRANGER', 'in' from mirror m join nc c on c.id = m.chat_id where c.n % 40 = 0`,
];

type Ask = () => Promise<readonly unknown[]>;

async function timed(ask: Ask, runs: number): Promise<{ p50: number; p95: number; rows: number }> {
  const times: number[] = [];
  let rows = 0;
  for (let run = 0; run < runs; run += 1) {
    const startedAt = performance.now();
    rows += (await ask()).length;
    times.push(performance.now() - startedAt);
  }
  return { ...quantiles(times), rows: Math.round(rows / runs) };
}

/** One line of the table: what is asked, and what is asked plainly. */
async function line(name: string, ask: Ask, plain: Ask | undefined, runs = RUNS): Promise<string> {
  await ask();
  await plain?.();
  const ours = await timed(ask, runs);
  const theirs = plain === undefined ? undefined : await timed(plain, runs);
  const beside =
    theirs === undefined
      ? ''
      : `  plain ${theirs.p50.toFixed(2).padStart(8)}  ratio ${(ours.p50 / theirs.p50).toFixed(1)}`;
  return `${name.padEnd(44)} rows ${String(ours.rows).padStart(7)}  p50 ${ours.p50.toFixed(2).padStart(8)}  p95 ${ours.p95.toFixed(2).padStart(8)}${beside}`;
}

/** Fills the database, then asks. */
export async function* rules(database: TestDatabase, chatCount: number): AsyncGenerator<string> {
  const store = Store.create({ address: database });
  try {
    await store.migrate(database);
    await fill(database, chatCount);
    const { query } = store;
    const some = async <Id extends string>(table: string): Promise<Id[]> =>
      (await query(`select id from ${table} order by md5(id::text) limit 400`, [])).map((row) =>
        as<Id>((row as { id: string }).id),
      );
    const [agents, mirrors] = [await some<AgentId>('agent'), await some<MirrorId>('mirror')];
    const chats = await Promise.all(
      mirrors.map(async (id) => as<ChatId>((await store.read.mirrors.find(id))?.chatId ?? '')),
    );
    const workspaceId = as<WorkspaceId>('00000000-0000-4000-8000-000000000002');
    const now = new Date();
    const { grants, mirrors: places } = store.read;
    const next = <T>(list: readonly T[]): (() => T) => {
      let turn = 0;
      return () => {
        turn += 1;
        return list[turn % list.length] as T;
      };
    };
    const [chat, agent, mirror] = [next(chats), next(agents), next(mirrors)];
    const recorded: Ask = () => query('select user_id from mirror_user where mirror_id = $1', [mirror()]);
    yield await line(
      'may this member see this chat, with reasons',
      () => grants.facts(agent(), chat()),
      () => query('select agent_id from chat_grant where chat_id = $1', [chat()]),
    );
    yield await line('members of a chat', () => grants.wantedUsers(chat(), workspaceId, now), recorded);
    yield await line('members of a chat, with reasons', () => grants.factsOfChat(chat()), recorded);
    yield await line(
      'chats of a member',
      () => grants.pairs({ agentIds: [agent()] }, now),
      () =>
        query(
          'select chat_id from chat_label where label_id in (select label_id from label_grant where agent_id = $1)',
          [agent()],
        ),
    );
    const difference: Ask = async () => {
      const at = next(mirrors.map((id, place) => ({ id, chatId: chats[place] as ChatId })))();
      const [want, have] = [await grants.wantedUsers(at.chatId, workspaceId, now), await places.users(at.id)];
      const wanted = new Set(want.map(({ userId }) => userId));
      return have.filter(({ userId }) => !wanted.has(userId));
    };
    yield await line('difference of one chat', difference, recorded);
    const access = new Access({ store, platforms: new Map(), clock: systemClock, log: createLog({ level: 'silent' }) });
    const emails = (await store.read.agents.all()).map(({ email }) => email);
    const email = next(emails);
    const label = next(Array.from({ length: LABELS }, (_, n) => `Label ${n + 1}`));
    yield await line(
      'preview: a label granted to a member',
      async () => (await access.preview({ kind: 'grant', agents: [email()], labels: [label()] })).gained,
      undefined,
    );
    yield await line(
      'preview: a member deactivated',
      async () => (await access.preview({ kind: 'deactivate', agents: [email()] })).lost,
      undefined,
      10,
    );
    yield await line(
      'difference of everything',
      () => store.transaction((tx) => tx.grants.outOfStep(now)),
      () => query('select count(*), count(distinct user_id) from mirror_user', []),
      3,
    );
    await query('update mirror set stale_at = now(), urgent = (random() < 0.5)', []);
    await query('vacuum analyze mirror', []);
    yield await line(
      `the next 4 of ${chatCount} channels to put right`,
      () => places.stale(new Date(), 4, { workspaceId }),
      () => query('select id from mirror where stale_at is not null limit 4', []),
    );
  } finally {
    await store.close();
    await database.drop();
  }
}

async function fill(database: TestDatabase, chatCount: number): Promise<void> {
  const client = await connect(database);
  try {
    for (const statement of SEED(chatCount)) await client.query(statement);
    await client.query('vacuum analyze');
  } finally {
    await client.end();
  }
}
