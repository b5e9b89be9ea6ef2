// The restart tests with Discord as the place of work. A seeded sample.
import { restartSuite } from './restart-suite.ts';

restartSuite('discord', 2);
