// Kills at random moments on the roads of Discord: a seeded sample of `kills.discord.all.test.ts`.
import { killsSuite } from './kills-suite.ts';

killsSuite('discord', 4);
