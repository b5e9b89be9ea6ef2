// Every command on the simulated Discord.
import { commandsSuite } from './commands/suite.ts';

commandsSuite('discord');
