// Troubles while people work, with Slack as the place of work.
import { troubleSuite } from './trouble-suite.ts';

troubleSuite('slack');
