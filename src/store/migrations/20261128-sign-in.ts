// Links by which people of a Workspace prove who they are.
import { Migration } from '@mikro-orm/migrations';

export class Migration20261128SignIn extends Migration {
  override up(): void {
    this.addSql(
      `create table "sign_in_link" ("id" uuid not null, "workspace_id" uuid not null, "user_id" text not null, "token_hash" text not null, "expires_at" timestamptz not null, "used_at" timestamptz null, primary key ("id"))`,
    );
    this.addSql(`create index "sign_in_link_user" on "sign_in_link" ("workspace_id", "user_id")`);
    this.addSql(`create index "sign_in_link_age" on "sign_in_link" ("expires_at")`);
    this.addSql(`alter table "sign_in_link" add constraint "sign_in_link_token" unique ("token_hash")`);
    this.addSql(
      `alter table "sign_in_link" add constraint "sign_in_link_workspace_id_foreign" foreign key ("workspace_id") references "workspace" ("id") on delete cascade`,
    );
  }
}
