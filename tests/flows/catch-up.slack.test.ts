// Away and back, with Slack as the place of work; what only Slack does is in `catch-up.test.ts`.
import { catchUpSuite } from './catch-up-suite.ts';

catchUpSuite('slack');
