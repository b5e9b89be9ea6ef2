// Nothing lost, nothing doubled, at every step of second thoughts: the long form of `restart.test.ts`.
import { restartSuite } from './restart-suite.ts';

restartSuite('slack', 'every', 'second thoughts');
