// Troubles while people work, with Discord as the place of work.
import { troubleSuite } from './trouble-suite.ts';

troubleSuite('discord');
