// Part of `npm run check`: the migrations make exactly the tables that the entities ask for, on a real PostgreSQL.
import setup from './support/global-postgres.ts';

// Preparing the template that tests are cloned from fails on any difference.
const undo = await setup({ provide: () => undefined });
await undo();
