// Indexes that hold all that the figures count, so that they are counted without opening the messages.
import { Migration } from '@mikro-orm/migrations';

const statements = [
  `drop index "message_received"`,
  `drop index "message_acked"`,
  `drop index "message_unposted"`,
  `create index "message_customers" on "message" ("sent_at") include ("chat_id", "posted_at", "filtered") where "direction" = 'in' and "source" = 'contact'`,
  `create index "message_replies" on "message" ("acked_at") include ("chat_id", "agent_id", "source", "origin_workspace_id") where "direction" = 'out' and "source" in ('platform', 'web', 'phone') and "kind" not in ('change', 'call') and not "note" and "filtered" is null and "acked_at" is not null`,
  `create index "message_gap" on "message" ("sent_at", "id") where "direction" = 'in' and "source" = 'contact' and "filtered" is null and "posted_at" is null`,
] as const;

export class Migration20261128Figures extends Migration {
  override up(): void {
    for (const statement of statements) this.addSql(statement);
  }
}
