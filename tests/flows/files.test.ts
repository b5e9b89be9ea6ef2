// Files from customers, in Slack.
import { filesSuite } from './files-suite.ts';

filesSuite('slack');
