// A clock that is far from Slack's.
import { clockSuite } from './clock-suite.ts';

clockSuite('slack');
