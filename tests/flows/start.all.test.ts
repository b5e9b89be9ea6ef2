// The start while the database dies at each statement of a later start, and at many of the first one.
import { startSuite } from './start-suite.ts';

startSuite({ first: 30, later: 1_000 });
