// What agents write, on its way to customers, in Discord.
import { repliesSuite } from './replies-suite.ts';

repliesSuite('discord');
