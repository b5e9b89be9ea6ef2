// Quick replies: texts that agents send by their name.
import { Migration } from '@mikro-orm/migrations';

export class Migration20261124QuickReply extends Migration {
  override up(): void {
    this.addSql(
      `create table "quick_reply" ("id" uuid not null, "name" text not null, "text" text not null, "updated_at" timestamptz not null, primary key ("id"))`,
    );
    this.addSql(`create unique index "quick_reply_name" on "quick_reply" (lower("name"))`);
  }
}
