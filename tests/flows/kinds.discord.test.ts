// Every kind of thing a customer says, in Discord.
import { kindsSuite } from './kinds-suite.ts';

kindsSuite('discord');
