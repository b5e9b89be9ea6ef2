// Nothing lost, nothing doubled, at every step of files both ways: the long form of `restart.test.ts`.
import { restartSuite } from './restart-suite.ts';

restartSuite('slack', 'every', 'files both ways');
