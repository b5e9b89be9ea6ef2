// The restart tests with Discord at many steps of each conversation: the long form of `restart.discord.test.ts`.
import { restartSuite } from './restart-suite.ts';

restartSuite('discord', 30);
