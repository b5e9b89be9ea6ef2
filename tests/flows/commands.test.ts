// Every command on the simulated Slack.
import { commandsSuite } from './commands/suite.ts';

commandsSuite('slack');
