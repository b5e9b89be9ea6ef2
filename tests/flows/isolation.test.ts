// One broken thing holds up nobody else, with Slack as the place of work.
import { isolationSuite } from './isolation-suite.ts';

isolationSuite('slack');
