// How many tries of a Delivery ended, and not well: apart from those that a death of the program cut off.
import { Migration } from '@mikro-orm/migrations';

export class Migration20261128Fruitless extends Migration {
  override up(): void {
    this.addSql(`alter table "delivery" add column "fruitless" int not null default 0`);
  }
}
