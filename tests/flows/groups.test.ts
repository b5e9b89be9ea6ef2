// Groups, and people under two addresses, in Slack.
import { groupsSuite } from './groups-suite.ts';

groupsSuite('slack');
