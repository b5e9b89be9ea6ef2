// Nothing lost, nothing doubled, at sixty points of each conversation: the long form of `restart.test.ts`.
import { restartSuite } from './restart-suite.ts';

restartSuite('slack', 60);
