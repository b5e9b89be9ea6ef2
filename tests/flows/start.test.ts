// The start while the database dies: a seeded sample.
import { startSuite } from './start-suite.ts';

startSuite({ first: 2, later: 5 });
