// Every change of the tables, in order. A migration is never edited once it landed; a new one is added.
import { Migration20261124Access } from './20261124-access.ts';
import { Migration20261124First } from './20261124-first.ts';
import { Migration20261124Idempotency } from './20261124-idempotency.ts';
import { Migration20261124QuickReply } from './20261124-quick-reply.ts';
import { Migration20261124Work } from './20261124-work.ts';
import { Migration20261128Figures } from './20261128-figures.ts';
import { Migration20261128Fruitless } from './20261128-fruitless.ts';
import { Migration20261128Gap } from './20261128-gap.ts';
import { Migration20261128Login } from './20261128-login.ts';
import { Migration20261128NextMirror } from './20261128-next-mirror.ts';
import { Migration20261128Promote } from './20261128-promote.ts';
import { Migration20261128SignIn } from './20261128-sign-in.ts';

export const migrations = [
  { name: '20261124-first', class: Migration20261124First },
  { name: '20261124-access', class: Migration20261124Access },
  { name: '20261124-idempotency', class: Migration20261124Idempotency },
  { name: '20261124-quick-reply', class: Migration20261124QuickReply },
  { name: '20261124-work', class: Migration20261124Work },
  { name: '20261128-sign-in', class: Migration20261128SignIn },
  { name: '20261128-gap', class: Migration20261128Gap },
  { name: '20261128-figures', class: Migration20261128Figures },
  { name: '20261128-next-mirror', class: Migration20261128NextMirror },
  { name: '20261128-fruitless', class: Migration20261128Fruitless },
  { name: '20261128-login', class: Migration20261128Login },
  { name: '20261128-promote', class: Migration20261128Promote },
] as const;
