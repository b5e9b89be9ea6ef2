// A hundred kills at random moments of the program, its PostgreSQL, or both, under load.
import { killsSuite } from './kills-suite.ts';

killsSuite('slack', 100);
