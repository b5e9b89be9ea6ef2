// What becomes of a reply, as the line under it tells, in Discord.
import { linesSuite } from './lines-suite.ts';

linesSuite('discord');
