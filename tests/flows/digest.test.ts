// Digests and reminders, with Slack as the place of work.
import { digestSuite } from './digest-suite.ts';

digestSuite('slack');
