// Gaps of the Ledger: what arrived and was let go without having been recorded.
import { Migration } from '@mikro-orm/migrations';

export class Migration20261128Gap extends Migration {
  override up(): void {
    this.addSql(
      `create table "gap" ("account_id" uuid not null, "remote_id" text not null, "address" text not null, "sent_at" timestamptz not null, "found_at" timestamptz not null default now(), primary key ("account_id", "remote_id"))`,
    );
    this.addSql(`create index "gap_sent" on "gap" ("sent_at")`);
  }
}
