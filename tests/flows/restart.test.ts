// Nothing lost, nothing doubled: the program dies in the middle of a conversation, comes back, dies again. A seeded sample of its steps.
import { restartSuite } from './restart-suite.ts';

restartSuite('slack', 3);
