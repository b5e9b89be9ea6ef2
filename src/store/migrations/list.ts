// Every change of the tables, in order. A migration is never edited once it landed; a new one is added.
import { Migration20261124First } from './20261124-first.ts';

export const migrations = [{ name: '20261124-first', class: Migration20261124First }] as const;
