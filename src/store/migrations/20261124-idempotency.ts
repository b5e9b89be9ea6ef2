// Idempotency keys of the HTTP API.
import { Migration } from '@mikro-orm/migrations';

export class Migration20261124Idempotency extends Migration {
  override up(): void {
    this.addSql(
      `create table "idempotency" ("asker" text not null, "key" text not null, "fingerprint" text not null, "status" int null, "answer" bytea null, "created_at" timestamptz not null, primary key ("asker", "key"))`,
    );
    this.addSql(`create index "idempotency_age" on "idempotency" ("created_at")`);
  }
}
