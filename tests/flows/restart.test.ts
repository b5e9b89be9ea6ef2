// Nothing lost, nothing doubled: the program dies before or after a write, a call or a frame, in the middle of a conversation. A seeded sample.
import { restartSuite } from './restart-suite.ts';

restartSuite('slack', 5);
