// Two processes on one database, and a good end, with Discord as the place of work.
import { standbySuite } from './standby-suite.ts';

standbySuite('discord');
