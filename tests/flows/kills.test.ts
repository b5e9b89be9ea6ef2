// Kills at random moments: a seeded sample of `kills.all.test.ts`.
import { killsSuite } from './kills-suite.ts';

killsSuite('slack', 5);
