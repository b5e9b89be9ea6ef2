// A hundred kills at random moments, as in `kills.all.test.ts`, on the roads of Discord.
import { killsSuite } from './kills-suite.ts';

killsSuite('discord', 100);
