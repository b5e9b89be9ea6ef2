// A history of many messages for `bench/figures.ts`, made by the database itself, and the first responses told from messages alone.
import type { AccountId } from '../src/domain/ids.ts';
import { newId } from '../src/store/db.ts';
import type { Store } from '../src/store/store.ts';

export const DAYS = 100;
const AGENTS = 40;
const CHUNK = 100_000;

/** A column of shares from 0 to below 1, the same at each run. */
const share = (name: string, seed: number): string =>
  `(hashint8extended(number, ${seed}) & 1048575) / 1048576.0 as ${name}`;

/**
 * `count` messages over `chats` Chats within the last 100 days up to `to`, in the order of time: 55 of 100 from customers, the others replies on a
 * platform, on the web and on the phone, automatic messages and notes. A tenth of the Chats has half of the messages. Episodes as messages tell them.
 */
export async function makeHistory(
  store: Store,
  count: number,
  chats: number,
  to: Date,
  told: (done: number) => void,
): Promise<void> {
  await store.read.accounts.create({ id: newId<AccountId>(to.getTime()), name: 'Shop' });
  await store.query(
    `insert into agent (id, email, role, status) select gen_random_uuid(), 'agent-' || n || '@acme.com', 'member', 'active' from generate_series(1, ${AGENTS}) as n`,
    [],
  );
  await store.read.workspaces.fromEnvironment('fake', to);
  await store.query(`create table numbered_agent as select row_number() over () - 1 as n, id from agent`, []);
  await store.query(
    `insert into chat (id, account_id, kind, name) select gen_random_uuid(), (select id from account), 'group', 'Chat ' || n
     from generate_series(1, $1::int) as n`,
    [chats],
  );
  await store.query(`create table numbered_chat as select row_number() over () - 1 as n, id from chat`, []);
  await store.query(`create unique index on numbered_chat (n)`, []);
  await store.query(`analyze`, []);
  // Many rows at once are written faster without them.
  const indexes = await store.query(
    `select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition from pg_index i
     where i.indrelid = 'message'::regclass and not exists (select 1 from pg_constraint c where c.conindid = i.indexrelid)`,
    [],
  );
  for (const { name } of indexes) await store.query(`drop index ${String(name)}`, []);
  for (let done = 0; done < count; done += CHUNK) {
    await store.query(
      `insert into message (id, account_id, chat_id, direction, source, kind, content, text, remote_id, author, agent_id, note,
         origin_workspace_id, origin_post_id, state, sent_at, received_at, posted_at, acked_at)
       select gen_random_uuid(), (select id from account), c.id, d.direction, d.source, 'text',
         '{"kind":"text","text":[{"text":"some words of a message"}]}', 'some words of a message ' || d.number,
         case when d.note then null else 'r' || d.number end, case when d.direction = 'in' then 'them' else 'us' end,
         case when d.source in ('platform', 'web') then a.id end, d.note,
         case when d.source = 'platform' then (select id from workspace) end,
         case when d.source = 'platform' then 'p' || d.number end,
         case when d.direction = 'out' then 'sent' end, d.at, d.at + interval '1 second',
         case when d.direction = 'in' then d.at + (0.2 + 3 * d.lag) * interval '1 second' end,
         case when d.direction = 'out' and not d.note then d.at + interval '1 second' end
       from (
         select number, $2::timestamptz - (1 - number / $1::float8) * interval '${DAYS} days' as at, lag,
           case when side < 0.55 then 'in' else 'out' end as direction,
           case when side < 0.55 then 'contact' when side < 0.90 then 'platform' when side < 0.93 then 'web'
             when side < 0.97 then 'phone' else 'automation' end as source,
           side >= 0.88 and side < 0.90 as note,
           floor($5::int * case when busy < 0.5 then 0.1 else 1 end * chat)::int as chat, floor(${AGENTS} * agent)::int as agent
         from (
           select number, ${['side', 'busy', 'chat', 'agent', 'lag'].map(share).join(', ')}
           from generate_series($3::bigint, $4::bigint) as number
         ) as shares
       ) as d join numbered_chat c on c.n = d.chat join numbered_agent a on a.n = d.agent`,
      [count, to, done, Math.min(done + CHUNK, count) - 1, chats],
    );
    told(Math.min(done + CHUNK, count));
  }
  for (const { definition } of indexes) await store.query(String(definition), []);
  await store.query(
    `insert into episode (chat_id, question_id, asked_at, answer_id, answered_at, agent_id, source, seconds)
     select e.chat_id, e.id, e.at, e.answer_id, a.acked_at, a.agent_id,
       case when a.source = 'platform' then 'fake' else a.source end, extract(epoch from a.acked_at - e.at)
     from (${EPISODES}) as e left join message a on a.id = e.answer_id`,
    [],
  );
  await store.query(`drop table numbered_chat, numbered_agent`, []);
  await store.query(`vacuum analyze`, []);
}

/** What customers and people on our side said, in the order of the messenger's times: the question first where they fall together. */
const SAID = `
  select id, chat_id, sent_at as at, 0 as is_reply, null::uuid as agent_id from message
    where direction = 'in' and source = 'contact' and kind not in ('change', 'call') and filtered is null
  union all
  select id, chat_id, acked_at, 1, agent_id from message
    where direction = 'out' and source in ('platform', 'web', 'phone') and kind not in ('change', 'call') and not note and filtered is null
      and acked_at is not null`;

/** A question after a reply (or before all of them) opens; the next reply answers. */
const EPISODES = `
  select id, chat_id, at, answer_id, answered_at, replier_id from (
    select id, chat_id, at, is_reply,
      lag(is_reply, 1, 1) over by_time as before,
      first_value(case when is_reply = 1 then id end) over replies as answer_id,
      first_value(case when is_reply = 1 then at end) over replies as answered_at,
      first_value(case when is_reply = 1 then agent_id end) over replies as replier_id
    from (
      select *, coalesce(sum(is_reply) over (partition by chat_id order by at, is_reply, id rows between unbounded preceding and 1 preceding), 0) as part
      from (${SAID}) as said
    ) as parted
    window by_time as (partition by chat_id order by at, is_reply, id),
      replies as (partition by chat_id, part order by is_reply desc, at, id)
  ) as numbered
  where is_reply = 0 and before = 1`;

/** First responses of a period ($1 to $2) from messages alone, no Episodes; `since` ($3): messages before that aren't looked at. */
export const WINDOW_QUERY = `
  select count(*)::int as count, avg(seconds)::float8 as average,
    percentile_cont(0.5) within group (order by seconds) as median, percentile_cont(0.9) within group (order by seconds) as p90
  from (
    select extract(epoch from answered_at - at)::float8 as seconds, replier_id
    from (${EPISODES.replace(`(${SAID})`, `(select * from (${SAID}) as all_said where at >= $3)`)}) as episodes
    where answered_at >= $1 and answered_at < $2
  ) as responses
  group by grouping sets ((), (replier_id)) order by grouping(replier_id) desc, 1 desc`;
