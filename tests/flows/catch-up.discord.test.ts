// Away and back, with Discord as the place of work.
import { catchUpSuite } from './catch-up-suite.ts';

catchUpSuite('discord');
