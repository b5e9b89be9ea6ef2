// Slack and Discord at once, one of them in trouble: a part of the cases; all of them are in `both-down.all.test.ts`.
import { bothSuite } from './both-suite.ts';

bothSuite([
  ['discord', 'hangs'],
  ['discord', 'asks to wait'],
]);
