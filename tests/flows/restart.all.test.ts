// Nothing lost, nothing doubled, at every point there is: the long form of `restart.test.ts`.
import { restartSuite } from './restart-suite.ts';

restartSuite(Infinity);
