// Nothing lost, nothing doubled, at every step of linking a number: the long form of `restart.test.ts`.
import { restartSuite } from './restart-suite.ts';

restartSuite('slack', 'every', 'linking a number');
