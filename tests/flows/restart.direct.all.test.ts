// Nothing lost, nothing doubled, at every step of a direct chat: the long form of `restart.test.ts`.
import { restartSuite } from './restart-suite.ts';

restartSuite('slack', 'every', 'a direct chat');
