// What becomes of a reply, as the line under it tells, in Slack.
import { linesSuite } from './lines-suite.ts';

linesSuite('slack');
