// The membership loop finds the next channels to put right without sorting all that wait.
import { Migration } from '@mikro-orm/migrations';

export class Migration20261128NextMirror extends Migration {
  override up(): void {
    this.addSql(
      `create index "mirror_next" on "mirror" ("workspace_id", "urgent" desc, "stale_at", "id") where "stale_at" is not null`,
    );
    this.addSql(`drop index "mirror_stale"`);
  }
}
