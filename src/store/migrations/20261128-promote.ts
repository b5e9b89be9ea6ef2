// Which Mirrors are private threads, and which thread a Mirror was before it got a channel of its own.
import { Migration } from '@mikro-orm/migrations';

export class Migration20261128Promote extends Migration {
  override up(): void {
    this.addSql(
      `alter table "mirror" add column "is_thread" boolean not null default false, add column "former_channel_id" text null`,
    );
    this.addSql(`alter table "mirror" add constraint "mirror_former" unique ("workspace_id", "former_channel_id")`);
  }
}
