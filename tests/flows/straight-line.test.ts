// The straight line in Slack.
import { straightLineSuite } from './straight-line-suite.ts';

straightLineSuite('slack');
