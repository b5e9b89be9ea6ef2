// One broken thing holds up nobody else, with Discord as the place of work.
import { isolationSuite } from './isolation-suite.ts';

isolationSuite('discord');
