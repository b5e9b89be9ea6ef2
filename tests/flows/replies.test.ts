// What agents write, on its way to customers, in Slack.
import { repliesSuite } from './replies-suite.ts';

repliesSuite('slack');
