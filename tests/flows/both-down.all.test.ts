// Slack and Discord at once, each of them in every trouble while the other goes on.
import { bothSuite } from './both-suite.ts';

bothSuite([
  ['discord', 'hangs'],
  ['discord', 'asks to wait'],
  ['discord', 'refuses every connection'],
  ['slack', 'hangs'],
  ['slack', 'asks to wait'],
  ['slack', 'refuses every connection'],
]);
