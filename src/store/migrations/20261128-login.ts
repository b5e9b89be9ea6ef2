// Signing in to the admin web: links that open it once, and the browsers that are signed in.
import { Migration } from '@mikro-orm/migrations';

export class Migration20261128Login extends Migration {
  override up(): void {
    this.addSql(
      `create table "login_link" ("id" uuid not null, "agent_id" uuid not null, "token_hash" text not null, "expires_at" timestamptz not null, "used_at" timestamptz null, primary key ("id"))`,
    );
    this.addSql(
      `create table "login" ("id" uuid not null, "agent_id" uuid not null, "token_hash" text not null, "created_at" timestamptz not null, "expires_at" timestamptz not null, primary key ("id"))`,
    );
    for (const table of ['login_link', 'login']) {
      this.addSql(`create index "${table}_agent" on "${table}" ("agent_id")`);
      this.addSql(`create index "${table}_age" on "${table}" ("expires_at")`);
      this.addSql(`alter table "${table}" add constraint "${table}_token" unique ("token_hash")`);
      this.addSql(
        `alter table "${table}" add constraint "${table}_agent_id_foreign" foreign key ("agent_id") references "agent" ("id") on delete cascade`,
      );
    }
  }
}
