// The start while the database dies: a seeded sample of `start.all.test.ts`.
import { startSuite } from './start-suite.ts';

startSuite({ first: 2, later: 5 });
