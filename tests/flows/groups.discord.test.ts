// Groups, and people under two addresses, in Discord.
import { groupsSuite } from './groups-suite.ts';

groupsSuite('discord');
