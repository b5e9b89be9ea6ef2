// Access: labels, grants, invitations; identities that come and go; the audit log that is only added to, and its chain.
import { Migration } from '@mikro-orm/migrations';

const statements = [
  `create table "label" ("id" uuid not null, "name" text not null, "color" text not null, "created_at" timestamptz not null default now(), primary key ("id"))`,
  `create unique index "label_name" on "label" (lower("name"))`,
  `create table "chat_label" ("chat_id" uuid not null, "label_id" uuid not null, "at" timestamptz not null default now(), primary key ("chat_id", "label_id"))`,
  `create index "chat_label_label" on "chat_label" ("label_id", "chat_id")`,
  `create table "chat_grant" ("chat_id" uuid not null, "agent_id" uuid not null, "by" text not null, "at" timestamptz not null, "until" timestamptz null, primary key ("chat_id", "agent_id"))`,
  `create index "chat_grant_agent" on "chat_grant" ("agent_id", "chat_id")`,
  `create index "chat_grant_until" on "chat_grant" ("until") where "until" is not null`,
  `create table "label_grant" ("label_id" uuid not null, "agent_id" uuid not null, "by" text not null, "at" timestamptz not null, "until" timestamptz null, primary key ("label_id", "agent_id"))`,
  `create index "label_grant_agent" on "label_grant" ("agent_id", "label_id")`,
  `create index "label_grant_until" on "label_grant" ("until") where "until" is not null`,
  `create table "invitation" ("id" uuid not null, "agent_id" uuid not null, "token_hash" text not null, "by" text not null, "at" timestamptz not null, "expires_at" timestamptz not null, "ended_at" timestamptz null, primary key ("id"))`,
  `create index "invitation_agent" on "invitation" ("agent_id")`,
  `alter table "invitation" add constraint "invitation_token" unique ("token_hash")`,
  `alter table "chat_label" add constraint "chat_label_chat_id_foreign" foreign key ("chat_id") references "chat" ("id") on update cascade on delete cascade`,
  `alter table "chat_label" add constraint "chat_label_label_id_foreign" foreign key ("label_id") references "label" ("id") on update cascade on delete cascade`,
  `alter table "chat_grant" add constraint "chat_grant_chat_id_foreign" foreign key ("chat_id") references "chat" ("id") on update cascade on delete cascade`,
  `alter table "chat_grant" add constraint "chat_grant_agent_id_foreign" foreign key ("agent_id") references "agent" ("id") on update cascade on delete cascade`,
  `alter table "label_grant" add constraint "label_grant_label_id_foreign" foreign key ("label_id") references "label" ("id") on update cascade on delete cascade`,
  `alter table "label_grant" add constraint "label_grant_agent_id_foreign" foreign key ("agent_id") references "agent" ("id") on update cascade on delete cascade`,
  `alter table "invitation" add constraint "invitation_agent_id_foreign" foreign key ("agent_id") references "agent" ("id") on delete cascade`,
  `alter table "identity" add column "active" boolean not null default true`,
  `alter table "identity" add column "checked_at" timestamptz null`,
  `alter table "mirror" add column "urgent" boolean not null default false`,
  `alter table "mirror_user" add column "out_at" timestamptz null`,
  `alter table "audit" add column "chain_seq" bigint null`,
  `alter table "audit" add column "hash" text null`,
  `alter table "audit" add constraint "audit_chain" unique ("chain_seq")`,
  `create index "audit_agent" on "audit" ("agent_id", "id")`,
  `create index "audit_actor" on "audit" ("actor_agent_id", "id")`,
  `create index "audit_unchained" on "audit" ("id") where "chain_seq" is null`,
  `create index "audit_chats" on "audit" using gin (("detail" -> 'chatIds')) where "detail" ? 'chatIds'`,
  // Only the chain may be written onto a row, once; nothing else is ever changed or taken away.
  `create function audit_audit_append_only_fn() returns trigger language plpgsql as $$
    begin
      if tg_op = 'UPDATE' and old.chain_seq is null and new.chain_seq is not null and new.hash is not null
        and (new.id, new.at, new.actor_kind, new.actor_agent_id, new.actor_name, new.action, new.chat_id, new.agent_id, new.detail, new.source)
          is not distinct from
          (old.id, old.at, old.actor_kind, old.actor_agent_id, old.actor_name, old.action, old.chat_id, old.agent_id, old.detail, old.source)
      then return new; end if;
      raise exception 'The audit log is only ever added to.';
    end $$`,
  `create trigger audit_append_only before update or delete on "audit" for each row execute function audit_audit_append_only_fn()`,
  `create trigger audit_no_truncate before truncate on "audit" for each statement execute function audit_audit_append_only_fn()`,
] as const;

export class Migration20261124Access extends Migration {
  override up(): void {
    for (const statement of statements) this.addSql(statement);
  }
}
