// Every kind of thing a customer says, in Slack.
import { kindsSuite } from './kinds-suite.ts';

kindsSuite('slack');
