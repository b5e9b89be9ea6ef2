// The start while the database dies: the long form of `start.test.ts`.
import { startSuite } from './start-suite.ts';

startSuite({ first: 6, later: 20 });
