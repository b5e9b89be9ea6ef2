// The work on Chats: Episodes, Tickets with their steps and cards, Digests and when they are wanted.
import { Migration } from '@mikro-orm/migrations';

const statements = [
  `create table "episode" ("id" bigserial primary key, "chat_id" uuid not null, "question_id" uuid not null, "asked_at" timestamptz not null, "answer_id" uuid null, "answered_at" timestamptz null, "agent_id" uuid null, "source" text null, "seconds" double precision null, "business_seconds" double precision null, "nudges" int not null default 0)`,
  `alter table "episode" add constraint "episode_question" unique ("question_id")`,
  `create unique index "episode_open" on "episode" ("chat_id") where "answered_at" is null`,
  `create index "episode_answered" on "episode" ("answered_at") include ("agent_id", "seconds", "business_seconds", "chat_id")`,
  `create index "episode_agent" on "episode" ("agent_id", "answered_at") include ("seconds")`,
  `create index "episode_chat" on "episode" ("chat_id", "asked_at")`,
  `create table "ticket" ("id" uuid not null, "number" int not null, "chat_id" uuid not null, "message_id" uuid null, "subject" text not null, "status" text not null, "assignee_id" uuid null, "priority" text not null default 'normal', "due_at" timestamptz null, "opened_at" timestamptz not null, "closed_at" timestamptz null, primary key ("id"))`,
  `alter table "ticket" add constraint "ticket_number" unique ("number")`,
  `create index "ticket_message" on "ticket" ("message_id")`,
  `create index "ticket_assignee" on "ticket" ("assignee_id")`,
  `create index "ticket_chat" on "ticket" ("chat_id", "number")`,
  `create index "ticket_unresolved" on "ticket" ("number") where "status" <> 'closed'`,
  `create table "ticket_step" ("id" bigserial primary key, "ticket_id" uuid not null, "at" timestamptz not null, "before" text null, "after" text not null, "assignee_id" uuid null)`,
  `create index "ticket_step_at" on "ticket_step" ("at")`,
  `create index "ticket_step_ticket" on "ticket_step" ("ticket_id", "at", "id")`,
  `create table "ticket_post" ("ticket_id" uuid not null, "mirror_id" uuid not null, "remote_id" text not null, "generation" int not null, "shown" text null, primary key ("ticket_id", "mirror_id"))`,
  `create index "ticket_post_place" on "ticket_post" ("mirror_id", "remote_id")`,
  `create table "digest_schedule" ("workspace_id" uuid not null, "channel_id" text not null, "minutes" int not null, "time_zone" text not null, "weekly" boolean not null default false, "names_chats" boolean not null default false, "since" timestamptz not null, primary key ("workspace_id"))`,
  `create table "digest" ("id" uuid not null, "workspace_id" uuid not null, "kind" text not null, "period" text not null, "channel_id" text not null, "content" jsonb not null, "made_at" timestamptz not null, primary key ("id"))`,
  `alter table "digest" add constraint "digest_once" unique ("workspace_id", "kind", "period")`,
  `alter table "episode" add constraint "episode_chat_id_foreign" foreign key ("chat_id") references "chat" ("id") on delete cascade`,
  `alter table "episode" add constraint "episode_agent_id_foreign" foreign key ("agent_id") references "agent" ("id") on delete set null`,
  `alter table "ticket" add constraint "ticket_chat_id_foreign" foreign key ("chat_id") references "chat" ("id")`,
  `alter table "ticket" add constraint "ticket_assignee_id_foreign" foreign key ("assignee_id") references "agent" ("id") on delete set null`,
  `alter table "ticket_step" add constraint "ticket_step_ticket_id_foreign" foreign key ("ticket_id") references "ticket" ("id") on delete cascade`,
  `alter table "ticket_post" add constraint "ticket_post_ticket_id_foreign" foreign key ("ticket_id") references "ticket" ("id") on update cascade on delete cascade`,
  `alter table "ticket_post" add constraint "ticket_post_mirror_id_foreign" foreign key ("mirror_id") references "mirror" ("id") on update cascade on delete cascade`,
  `alter table "digest_schedule" add constraint "digest_schedule_workspace_id_foreign" foreign key ("workspace_id") references "workspace" ("id") on update cascade on delete cascade`,
  `alter table "digest" add constraint "digest_workspace_id_foreign" foreign key ("workspace_id") references "workspace" ("id")`,
] as const;

export class Migration20261124Work extends Migration {
  override up(): void {
    for (const statement of statements) this.addSql(statement);
  }
}
